//! Where a volume's data and holes are.

use super::volume::{Volume, report};
use crate::copy::ExtentCursor;
use crate::error::*;

/// A range of a volume that is all data or all hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeExtent {
    pub offset: u64,
    pub length: u64,
    pub hole: bool,
}

impl Volume {
    /// The extents of a range (to the end if `length` is 0): in order, without gaps, neighbours of
    /// different kinds.
    pub fn extents(&self, function: &str, offset: u64, length: u64) -> Result<Vec<VolumeExtent>> {
        let node = self.open(false)?;
        let size = node.length().map_err(report)?;
        let end = offset.checked_add(length).filter(|end| *end <= size).ok_or_else(|| {
            let text = format!(
                "offset {offset} and length {length} in {function} reach beyond the end of volume \
                 '{}' of {size} bytes",
                self.name()
            );
            Error::argument(VIR_FROM_STORAGE, function, "length", text)
        })?;
        let end = if length == 0 { size } else { end };
        let mut cursor = ExtentCursor::new(offset, end);
        let mut all: Vec<VolumeExtent> = Vec::new();
        while let Some(extent) = cursor.next(&*node, u64::MAX).map_err(report)? {
            let hole = extent.kind.is_zero();
            match all.last_mut() {
                Some(last) if last.hole == hole => last.length += extent.length,
                _ => all.push(VolumeExtent { offset: extent.offset, length: extent.length, hole }),
            }
        }
        Ok(all)
    }
}
