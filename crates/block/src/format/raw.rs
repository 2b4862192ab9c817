//! Images that are the bytes of the disk, as they are.

use super::{
    ImageFormat, ImageHeader, ImageInfo, ImageOptions, ImageParts, NewImage, OpenImage,
    Preallocation, unsupported,
};
use crate::{Node, Result, WholeSectors};

/// The format.
pub struct Raw;

impl ImageFormat for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn has_header(&self) -> bool {
        false
    }

    fn can_have_backing(&self) -> bool {
        false
    }

    fn preallocations(&self) -> &'static [Preallocation] {
        &[Preallocation::Off, Preallocation::Falloc]
    }

    fn can_compress(&self) -> bool {
        false
    }

    fn check(&self, image: &NewImage) -> Result<()> {
        let preallocation = image.options.preallocation;
        if image.options == (ImageOptions { preallocation, ..ImageOptions::default() }) {
            return Ok(());
        }
        Err(unsupported("a raw image has no version, clusters or features".into()))
    }

    fn read(&self, _name: &str, file: &dyn Node) -> Result<Box<dyn ImageHeader>> {
        Ok(Box::new(RawHeader(ImageInfo { size: file.length()?, ..ImageInfo::default() })))
    }

    fn create(&self, file: &dyn Node, image: &NewImage) -> Result<()> {
        file.resize(image.size)?;
        match image.options.preallocation {
            Preallocation::Falloc => file.allocate(0, image.size),
            _ => Ok(()),
        }
    }
}

/// There is no header; what is known is the length.
struct RawHeader(ImageInfo);

impl ImageHeader for RawHeader {
    fn info(&self) -> &ImageInfo {
        &self.0
    }

    fn open(self: Box<Self>, parts: ImageParts) -> Result<OpenImage> {
        WholeSectors::of(parts.file).map(OpenImage::Flat)
    }
}
