//! qcow2 as one of the formats.

use std::ops::Range;
use std::sync::Arc;

use super::{
    Compression, ImageFeatures, ImageFormat, ImageHeader, ImageInfo, ImageParts, NewImage,
    OpenImage, Overlay, Preallocation, unsupported,
};
use crate::qcow2::{CreateOptions, Header, MOST_NAME, Qcow2Node, create};
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

    fn can_have_backing(&self) -> bool {
        true
    }

    fn preallocations(&self) -> &'static [Preallocation] {
        &[Preallocation::Off, Preallocation::Metadata, Preallocation::Falloc, Preallocation::Full]
    }

    fn can_compress(&self) -> bool {
        true
    }

    fn check(&self, image: &NewImage) -> Result<()> {
        create_options(image).map(drop)
    }

    fn create(&self, file: &dyn Node, image: &NewImage) -> Result<()> {
        create(file, &create_options(image)?)
    }
}

/// What `image` asks for, if there are such images. The texts of errors are those of libvirt, and of the
/// program that makes its images.
fn create_options(image: &NewImage) -> Result<CreateOptions> {
    let NewImage { size, backing, in_place, options } = image;
    let ImageFeatures { lazy_refcounts, extended_l2 } = options.features;
    // What libvirt makes since 10; 9.0 made 0.10, which has no way to say that a cluster is zero.
    let compat = options.compat.as_deref().unwrap_or("1.1");
    let version = match compat {
        "0.10" => 2,
        "1.1" => 3,
        other => return Err(unsupported(format!("qcow2 does not have compat level {other}"))),
    };
    let not_in_version_2 = [
        (lazy_refcounts, "lazy_refcounts"),
        (extended_l2, "'extended_l2'"),
        (options.compression == Some(Compression::Zstd), "zstd compression"),
    ];
    for (asked, what) in not_in_version_2 {
        if asked && version < 3 {
            return Err(unsupported(format!("{what} not supported with compat level {compat}")));
        }
    }
    let default = CreateOptions::new(*size);
    let cluster_size = options.cluster_size.unwrap_or(default.cluster_size);
    if !cluster_size.is_power_of_two() || !(512..=2 << 20).contains(&cluster_size) {
        let text = "Cluster size must be a power of two between 512 and 2048k";
        return Err(unsupported(text.into()));
    }
    if extended_l2 && cluster_size < 16384 {
        let text = "Extended L2 entries are only supported with cluster sizes of at least 16384 \
                    bytes";
        return Err(unsupported(text.into()));
    }
    if backing.as_ref().is_some_and(|(name, _)| name.len() > MOST_NAME) {
        return Err(unsupported(format!("a backing path of more than {MOST_NAME} bytes")));
    }
    Ok(CreateOptions {
        version,
        cluster_size,
        lazy_refcounts,
        extended_l2,
        compression: options.compression.unwrap_or(Compression::Deflate),
        preallocation: options.preallocation,
        backing: backing.clone(),
        in_place: *in_place,
        ..default
    })
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
