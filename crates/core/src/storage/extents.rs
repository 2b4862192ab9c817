//! Where a volume's data and holes are, for a guest or in its file.

use std::ops::Range;
use std::sync::Arc;

use super::volume::{Volume, report};
use crate::block::{Node, range_within};
use crate::copy::ExtentCursor;
use crate::enums::flags;
use crate::enums::sparse::virSparseVolExtentsFlags;
use crate::error::*;

/// A range of a volume that is all data or all hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeExtent {
    pub offset: u64,
    pub length: u64,
    pub hole: bool,
}

flags! {
    /// Whose extents are told.
    #[derive(Clone, Copy)]
    pub struct ExtentsFlags: u32 = virSparseVolExtentsFlags {
        const FILE = VIR_SPARSE_VOL_EXTENTS_FILE;
    }
}

impl Volume {
    /// The extents of a range (to the end if `length` is 0) of what a guest sees, or of the volume's
    /// file: in order, without gaps, neighbours of different kinds.
    pub fn extents(
        &self,
        offset: u64,
        length: u64,
        flags: ExtentsFlags,
    ) -> Result<Vec<VolumeExtent>> {
        let node = match flags.contains(ExtentsFlags::FILE) {
            true => self.open(false)?,
            false => self.seen_by_guests()?,
        };
        let size = node.length().map_err(report)?;
        let range = self.range_inside(offset, length, size)?;
        let mut cursor = ExtentCursor::new(range.start, range.end);
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

    /// What a guest sees of the volume.
    fn seen_by_guests(&self) -> Result<Arc<dyn Node>> {
        let format = self.facts()?.image.format;
        match format.image() {
            // Whoever writes a raw volume at this moment does not make what is told untrue as a whole.
            Some(format) if !format.has_header() => self.open(false),
            Some(format) => self.open_image(format, false),
            None => {
                let text = format!(
                    "volume '{}' of format '{}' cannot be read; only the extents of its file can be told",
                    self.name(),
                    format.word()
                );
                Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text))
            }
        }
    }

    /// The range that a caller names of a volume of `size` bytes.
    pub(super) fn range_inside(&self, offset: u64, length: u64, size: u64) -> Result<Range<u64>> {
        range_within(offset, length, size).ok_or_else(|| {
            let text = format!(
                "offset {offset} and length {length} in {FUNCTION} reach beyond the end of volume \
                 '{}' of {size} bytes",
                self.name()
            );
            Error::argument(VIR_FROM_STORAGE, "length", text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::connection::Connection;
    use crate::storage::{CreateFlags, CreateVolumeFlags};
    use proptest::prelude::*;
    use std::os::unix::fs::FileExt;

    const PAGE: u64 = 64 * 1024;

    fn place() -> (tempfile::TempDir, Arc<Volume>, std::fs::File) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("p").display().to_string();
        let pool = Connection::embed(&place.path().join("root"))
            .create_pool(
                &format!(
                    "<pool type='dir'><name>p</name><target><path>{path}</path></target></pool>"
                ),
                CreateFlags::WITH_BUILD,
            )
            .unwrap();
        let size = 32 * PAGE;
        let xml = format!(
            "<volume><name>v</name><capacity>{size}</capacity><allocation>0</allocation></volume>"
        );
        let volume = pool.create_volume(&xml, CreateVolumeFlags::empty()).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(format!("{path}/v")).unwrap();
        (place, volume, file)
    }

    fn told(volume: &Volume, offset: u64, length: u64) -> Vec<(u64, u64, bool)> {
        let all = volume.extents(offset, length, ExtentsFlags::empty()).unwrap();
        all.iter().map(|e| (e.offset, e.length, e.hole)).collect()
    }

    #[test]
    fn an_empty_range_has_no_extents_and_one_beyond_the_end_is_refused() {
        let (_place, volume, _file) = place();
        assert_eq!(told(&volume, 32 * PAGE, 0), []);
        assert_eq!(told(&volume, 0, 0), [(0, 32 * PAGE, true)]);
        for (offset, length) in
            [(32 * PAGE + 1, 0), (0, 32 * PAGE + 1), (32 * PAGE, 1), (1, u64::MAX), (u64::MAX, 0)]
        {
            let error = volume.extents(offset, length, ExtentsFlags::empty()).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE));
            assert!(error.message.contains("beyond the end of volume 'v' of 2097152 bytes"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn extents_cover_the_range_in_order_and_tell_the_truth(
            pages in proptest::collection::vec(any::<bool>(), 32),
            from in 0..32 * PAGE,
            length in 1..32 * PAGE,
        ) {
            let (_place, volume, file) = place();
            for (page, _) in pages.iter().enumerate().filter(|(_, data)| **data) {
                file.write_all_at(&[1; PAGE as usize], page as u64 * PAGE).unwrap();
            }
            let length = length.min(32 * PAGE - from);
            let mut at = from;
            let mut last = None;
            for (offset, length, hole) in told(&volume, from, length) {
                prop_assert_eq!(offset, at);
                prop_assert!(length > 0);
                prop_assert_ne!(last, Some(hole));
                last = Some(hole);
                at += length;
                // No hole has data in it. (A filesystem need not know holes.)
                if hole {
                    for page in offset / PAGE..at.div_ceil(PAGE) {
                        prop_assert!(!pages[page as usize]);
                    }
                }
            }
            prop_assert_eq!(at, from + length);
        }
    }
}
