//! What the header of a volume's image says, with libvirt's words for formats. Where the names in it may lead
//! is decided in `chain`.

use super::volume_format::VolumeFormat;
use crate::block::{ImageFeatures, ImageSummary, Node, RecordedBacking, Result};

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeHeader {
    pub format: VolumeFormat,
    /// Bytes that a guest sees; `None` where the header does not say, or there is none.
    pub capacity: Option<u64>,
    pub backing: Option<RecordedBacking>,
    /// The version of the format, unless it is the first one.
    pub compat: Option<&'static str>,
    /// Bytes of a cluster.
    pub cluster_size: Option<u64>,
    pub features: Option<ImageFeatures>,
}

impl VolumeHeader {
    /// Of a volume without a header.
    pub const fn none(format: VolumeFormat) -> VolumeHeader {
        VolumeHeader {
            format,
            capacity: None,
            backing: None,
            compat: None,
            cluster_size: None,
            features: None,
        }
    }

    /// Reads the header of a volume. A failure to read it says nothing of the format.
    pub fn read(node: &dyn Node) -> Result<VolumeHeader> {
        let summary = ImageSummary::read(node)?;
        Ok(summary.map_or(VolumeHeader::none(VolumeFormat::Raw), VolumeHeader::from))
    }
}

impl From<ImageSummary> for VolumeHeader {
    fn from(summary: ImageSummary) -> VolumeHeader {
        let ImageSummary { format, size, backing, compat, cluster_size, features } = summary;
        let format = VolumeFormat::of_image(format);
        VolumeHeader { format, capacity: size, backing, compat, cluster_size, features }
    }
}
