use super::*;
use crate::filter::Filtered;
use crate::{BlockError, Errno, MemoryNode};
use proptest::prelude::*;
use std::sync::Arc;
use std::thread;

const BLOCK: u64 = 4096;

/// A filter that refuses what is not whole blocks, as a strict server does.
struct Strict;

impl Strict {
    fn check(below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        let whole = |at: u64| at.is_multiple_of(BLOCK) || Ok(at) == below.length();
        match whole(offset) && whole(offset + length) && offset + length <= below.length()? {
            true => Ok(()),
            false => Err(BlockError {
                what: format!("{length} bytes at {offset} are not whole blocks"),
                errno: Errno::EINVAL,
            }),
        }
    }
}

impl Filter for Strict {
    crate::pass_on!(
        name,
        length,
        extent_at,
        space_at,
        space,
        profile,
        knows_holes,
        allocate,
        file,
        resize,
        flush,
        write_behind,
        settle,
    );
    crate::hide!(
        compression_unit,
        write_compressed,
        read_vectored_at,
        write_vectored_at,
        write_zeroes_fast,
    );

    fn read_at(&self, below: &dyn Node, buffer: &mut [u8], offset: u64) -> Result<usize> {
        Strict::check(below, offset, buffer.len() as u64)?;
        below.read_at(buffer, offset)
    }

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        Strict::check(below, offset, data.len() as u64)?;
        // What another thread does meanwhile is lost if nobody keeps it off.
        thread::yield_now();
        below.write_at(data, offset)
    }

    fn write_zeroes(&self, below: &dyn Node, offset: u64, length: u64, unmap: bool) -> Result<()> {
        Strict::check(below, offset, length)?;
        below.write_zeroes(offset, length, unmap)
    }

    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        Strict::check(below, offset, length)?;
        below.write_zeroes(offset, length, true)
    }
}

fn padded(size: u64) -> (Arc<MemoryNode>, Arc<dyn Node>) {
    let memory = Arc::new(MemoryNode::new("memory", size));
    let strict = Arc::new(Filtered::new(Arc::new(Strict), memory.clone()));
    (memory, Arc::new(Filtered::new(Arc::new(WholeBlocks::new(BLOCK)), strict)))
}

fn contents(node: &dyn Node) -> Vec<u8> {
    let mut bytes = vec![0; node.length().unwrap() as usize];
    let all = bytes.len();
    assert_eq!(node.read_at(&mut bytes, 0), Ok(all));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn requests_of_any_shape_do_what_they_do_to_memory(
        size in prop_oneof![Just(5 << 20), Just((2 << 20) + 1000u64), 1..20_000u64],
        requests in proptest::collection::vec((0..6u8, any::<u64>(), any::<u64>(), any::<u8>()), 1..20),
    ) {
        let (memory, node) = padded(size);
        let mut model = vec![0; size as usize];
        for (kind, offset, length, byte) in requests {
            let offset = offset % (size + 1);
            let length = match length % 4 {
                0 => length % (size - offset + 1),
                _ => (length % 10_000).min(size - offset),
            };
            let range = offset as usize..(offset + length) as usize;
            let data = vec![byte; length as usize];
            match kind {
                0 => node.write_at(&data, offset).unwrap(),
                1 => {
                    let (a, b) = data.split_at(data.len() / 3);
                    node.write_vectored_at(&[IoSlice::new(a), IoSlice::new(b)], offset).unwrap();
                }
                2 => node.write_zeroes(offset, length, byte % 2 == 0).unwrap(),
                3 => {
                    // What is discarded may read as anything; the rest must stay.
                    node.discard(offset, length).unwrap();
                    memory.read_at(&mut model[range.clone()], offset).unwrap();
                }
                4 => {
                    let mut got = vec![0; length as usize];
                    prop_assert_eq!(node.read_at(&mut got, offset), Ok(length as usize));
                    prop_assert!(got == model[range.clone()]);
                }
                _ => {
                    let (mut a, mut b) = (vec![0; length as usize / 3], vec![0; 1000]);
                    let got = node.read_vectored_at(
                        &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)], offset,
                    ).unwrap();
                    let there = &model[offset as usize..][..got];
                    a.extend(b);
                    prop_assert!(a[..got] == *there);
                    prop_assert_eq!(got as u64, (a.len() as u64).min(size - offset));
                }
            }
            match kind {
                0 | 1 => model[range].fill(byte),
                2 => model[range].fill(0),
                _ => {}
            }
            prop_assert!(contents(&*memory) == model);
        }
    }
}

#[test]
fn what_reaches_beyond_the_end_is_refused_and_changes_nothing() {
    let (memory, node) = padded(10_000);
    node.write_at(&[7; 10_000], 0).unwrap();
    assert!(node.write_at(&[1; 10], 9_995).is_err());
    assert!(node.write_at(&[1; 10], u64::MAX - 5).is_err());
    assert!(node.write_zeroes(9_995, 10, true).is_err());
    assert_eq!(node.write_zeroes_fast(5, 10, true), Ok(false));
    assert_eq!(node.read_at(&mut [0; 10], 10_000), Ok(0));
    assert_eq!(contents(&*memory), [7; 10_000]);
}

/// Threads that write the bytes of one block next to each other must not undo each other's writes.
#[test]
fn neighbours_in_a_block_are_kept_while_others_are_written() {
    let (memory, node) = padded(4 * BLOCK);
    thread::scope(|scope| {
        for part in 0..4u8 {
            let node = &node;
            scope.spawn(move || {
                for round in 0..200u64 {
                    let at = round * 64 + u64::from(part) * 16;
                    node.write_at(&[part + 1; 16], at).unwrap();
                }
            });
        }
    });
    let bytes = contents(&*memory);
    for (at, byte) in bytes[..200 * 64].iter().enumerate() {
        assert_eq!(*byte, (at / 16 % 4) as u8 + 1, "at {at}");
    }
}
