//! qcow2 as one of the formats.

use std::ops::Range;
use std::sync::Arc;

use super::{ImageFormat, ImageHeader, ImageInfo, ImageParts, NewImage, OpenImage, Overlay};
use crate::qcow2::{CreateOptions, Header, Qcow2Node, create};
use crate::{Layers, Node, Result};

/// The format.
pub struct Qcow2;

impl ImageFormat for Qcow2 {
    fn name(&self) -> &'static str {
        "qcow2"
    }

    fn has_header(&self) -> bool {
        true
    }

    fn read(&self, name: &str, file: &dyn Node) -> Result<Box<dyn ImageHeader>> {
        let header = Qcow2Node::read_header(name, file)?;
        Ok(Box::new(Qcow2Header { info: header.info(), header }))
    }

    fn create(&self, file: &dyn Node, image: &NewImage) -> Result<()> {
        let (backing, in_place) = (image.backing.clone(), image.in_place);
        create(file, &CreateOptions { backing, in_place, ..CreateOptions::new(image.size) })
    }
}

struct Qcow2Header {
    info: ImageInfo,
    header: Header,
}

impl ImageHeader for Qcow2Header {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn open(self: Box<Self>, parts: ImageParts) -> Result<OpenImage> {
        let ImageParts { name, file, data, backing, writable } = parts;
        let node = Qcow2Node::new(name, self.header, file, data, backing, writable)?;
        Ok(OpenImage::Overlay(Arc::new(node)))
    }
}

impl Overlay for Qcow2Node {
    fn info(&self) -> &ImageInfo {
        Qcow2Node::info(self)
    }

    fn used_end(&self) -> Result<Option<u64>> {
        Qcow2Node::used_end(self)
    }

    fn set_backing(&self, backing: Option<Arc<dyn Node>>) {
        Qcow2Node::set_backing(self, backing);
    }

    fn record_backing(&self, backing: Option<(&str, &str)>) -> Result<()> {
        Qcow2Node::record_backing(self, backing)
    }

    fn populate(&self, offset: u64, length: u64, above: Layers) -> Result<()> {
        Qcow2Node::populate(self, offset, length, above)
    }

    fn next_unallocated_range(&self, offset: u64, end: u64, most: u64) -> Result<Range<u64>> {
        Qcow2Node::next_unallocated_range(self, offset, end, most)
    }

    fn next_backing_range(&self, offset: u64, end: u64) -> Result<Range<u64>> {
        Qcow2Node::next_backing_range(self, offset, end)
    }

    fn copy_up(&self, range: &Range<u64>) -> Result<()> {
        Qcow2Node::copy_up(self, range)
    }
}
