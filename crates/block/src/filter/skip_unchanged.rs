//! An image that is being filled over another: only what differs from that takes space in it.

use super::Filter;
use crate::copy::{ExtentCursor, GRAIN};
use crate::{Node, Result, buffer};

/// A new image with a backing image. What is written as it reads already is left out.
pub struct SkipUnchanged;

impl Filter for SkipUnchanged {
    crate::pass_on!(
        name,
        length,
        read_at,
        compression_unit,
        discard,
        extent_at,
        space_at,
        space,
        knows_holes,
        allocate,
        resize,
        flush,
        write_behind,
        settle,
        read_vectored_at,
        profile
    );
    crate::hide!(write_zeroes_fast, file, write_vectored_at);

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        let mut there = buffer(data.len())?;
        let got = below.read_at(&mut there, offset)?;
        there.truncate(got);
        let same = |from: usize, to: usize| there.get(from..to) == Some(&data[from..to]);
        let mut at = 0;
        while at < data.len() {
            let grain = |from: usize| (from + GRAIN).min(data.len());
            let differs = !same(at, grain(at));
            let mut end = grain(at);
            while end < data.len() && differs != same(end, grain(end)) {
                end = grain(end);
            }
            if differs {
                below.write_at(&data[at..end], offset + at as u64)?;
            }
            at = end;
        }
        Ok(())
    }

    /// A unit with any difference is written as a whole: it has its space alone.
    fn write_compressed(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        let mut there = buffer(data.len())?;
        let got = below.read_at(&mut there, offset)?;
        if got == data.len() && there == data {
            return Ok(());
        }
        below.write_compressed(data, offset)
    }

    fn write_zeroes(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<()> {
        let mut cursor = ExtentCursor::new(offset, offset + length);
        while let Some(extent) = cursor.next(below, u64::MAX)? {
            if !extent.kind.is_zero() {
                below.write_zeroes(extent.offset, extent.length, may_unmap)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::filter::Filtered;
    use crate::qcow2::{CreateOptions, Qcow2Node, create};
    use crate::{ExtentKind, MemoryNode};
    use proptest::prelude::*;

    const SIZE: u64 = 1 << 20;

    /// A new image over `below`, with clusters of 4 KiB.
    fn over(below: &Arc<dyn Node>) -> Arc<dyn Node> {
        let file: Arc<dyn Node> = Arc::new(MemoryNode::new("image", 0));
        let backing = Some(("below".to_string(), "raw".to_string()));
        let options = CreateOptions { cluster_size: 4096, backing, ..CreateOptions::new(SIZE) };
        create(&*file, &options).unwrap();
        let header = Qcow2Node::read_header("image", &*file).unwrap();
        let below = Some(below.clone());
        Arc::new(Qcow2Node::new("image", header, file, None, below, true).unwrap())
    }

    fn contents(node: &dyn Node) -> Vec<u8> {
        let mut bytes = vec![0; SIZE as usize];
        node.read_at(&mut bytes, 0).unwrap();
        bytes
    }

    #[test]
    fn what_is_below_already_takes_no_space() {
        let below: Arc<dyn Node> = Arc::new(MemoryNode::new("below", SIZE));
        below.write_at(&[7; 100_000], 0).unwrap();
        let image = over(&below);
        let difference = Filtered::new(Arc::new(SkipUnchanged), image.clone());
        let mut data = vec![7; 100_000];
        data[50_000] = 8;
        difference.write_at(&data, 0).unwrap();
        difference.write_zeroes(500_000, 100_000, true).unwrap();
        assert_eq!(contents(&*image)[..100_000], data);
        // One cluster of it.
        let changed = image.extent_at(50_000 / 4096 * 4096, SIZE).unwrap();
        assert_eq!((changed.depth, changed.length), (0, 4096));
        let mut cursor = ExtentCursor::new(0, SIZE);
        let mut own = 0;
        while let Some(extent) = cursor.next(&*image, u64::MAX).unwrap() {
            own += if extent.depth == 0 && extent.kind == ExtentKind::Data {
                extent.length
            } else {
                0
            };
        }
        assert_eq!(own, 4096);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_written_is_there(
            below in proptest::collection::vec((0u64..SIZE, 1usize..99_999, 0u8..3), 0..5),
            writes in proptest::collection::vec((0u64..SIZE, 1usize..99_999, 0u8..3), 0..8),
        ) {
            let fill = |node: &dyn Node, writes: &[(u64, usize, u8)], flat: &mut [u8]| {
                for &(offset, length, byte) in writes {
                    let length = length.min((SIZE - offset) as usize);
                    flat[offset as usize..][..length].fill(byte);
                    if byte == 0 {
                        node.write_zeroes(offset, length as u64, true).unwrap();
                    } else {
                        node.write_at(&vec![byte; length], offset).unwrap();
                    }
                }
            };
            let mut flat = vec![0; SIZE as usize];
            let lower: Arc<dyn Node> = Arc::new(MemoryNode::new("below", SIZE));
            fill(&*lower, &below, &mut flat);
            let image = over(&lower);
            fill(&Filtered::new(Arc::new(SkipUnchanged), image.clone()), &writes, &mut flat);
            prop_assert_eq!(contents(&*image), flat);
        }
    }
}
