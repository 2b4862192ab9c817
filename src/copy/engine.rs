//! Copying a range from one node to another: data is moved by several threads, holes are left or
//! made, zeros in data become holes where the target is to be sparse.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;

use super::cursor::ExtentCursor;
use super::zero::runs;
use crate::block::{BlockError, Extent, Node, Result, Space};
use crate::sys;

/// Data is moved in pieces of this size: large enough that the cost of a call does not show, small
/// enough to stay in the cache between the read and the write.
const PIECE: usize = 256 * 1024;

/// Two keep reading and writing going at the same time; the page cache is bound by memory, not by
/// the number of processors.
const THREADS: usize = 2;

/// How to copy.
#[derive(Clone, Copy, Debug)]
pub struct CopyOptions {
    /// Bytes to copy, from the start of both nodes.
    pub length: u64,
    /// Zeros in the source's data become holes, and so do its holes. Otherwise the target keeps
    /// the space that it has.
    pub sparse: bool,
    /// The target is known to read as zeros: it has just been made.
    pub zeroed: bool,
}

/// Copies the start of `source` over the start of `target`, which must be long enough. Errors that
/// the target's medium holds back until a close are told, too.
pub fn copy(source: &dyn Node, target: &dyn Node, options: CopyOptions) -> Result<()> {
    let job = Job {
        source,
        target,
        sparse: options.sparse,
        fresh: options.zeroed || target.space()? == Space::Fresh,
        cursor: Mutex::new(ExtentCursor::new(0, options.length.min(source.length()?))),
        stop: AtomicBool::new(false),
    };
    let mut result = Ok(());
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..THREADS)
            .filter_map(|_| sys::spawn_scoped(scope, "virsparse-copy", || job.run()))
            .collect();
        result = job.run();
        for helper in helpers {
            match helper.join() {
                Ok(done) => result = std::mem::replace(&mut result, Ok(())).and(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    result.and_then(|()| target.settle())
}

/// Makes `target` share all of `source`'s blocks, where both are files of one filesystem that can.
pub fn reflink(source: &dyn Node, target: &dyn Node) -> Result<()> {
    let errno = match (source.file(), target.file()) {
        (Some(source), Some(target)) => match sys::reflink(target, source) {
            Ok(()) => return Ok(()),
            // What the kernel says of two filesystems, or of one that cannot.
            Err(Errno::EXDEV | Errno::EINVAL | Errno::ENOTTY) => Errno::EOPNOTSUPP,
            Err(errno) => errno,
        },
        _ => Errno::EOPNOTSUPP,
    };
    Err(BlockError { what: format!("failed to clone files from '{}'", source.name()), errno })
}

struct Job<'a> {
    source: &'a dyn Node,
    target: &'a dyn Node,
    sparse: bool,
    /// The target holds nothing: what is not written there reads as zeros.
    fresh: bool,
    cursor: Mutex<ExtentCursor>,
    /// A thread has failed; the others need not go on.
    stop: AtomicBool,
}

impl Job<'_> {
    fn run(&self) -> Result<()> {
        let mut buffer = vec![0; PIECE];
        let mut step = || -> Result<bool> {
            let piece = {
                let mut cursor = self.cursor.lock().unwrap_or_else(|p| p.into_inner());
                cursor.next(self.source, PIECE as u64)?
            };
            match piece {
                Some(piece) => self.copy_piece(piece, &mut buffer).map(|()| true),
                None => Ok(false),
            }
        };
        while !self.stop.load(Ordering::Relaxed) {
            match step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn copy_piece(&self, piece: Extent, buffer: &mut [u8]) -> Result<()> {
        if piece.kind.is_zero() {
            return self.make_zero(piece.offset, piece.length);
        }
        let buffer = &mut buffer[..piece.length as usize];
        let got = self.source.read_at(buffer, piece.offset)?;
        // A source that has become shorter reads as zeros from there on.
        buffer[got..].fill(0);
        if !self.sparse {
            return self.target.write_at(buffer, piece.offset);
        }
        for run in runs(buffer, piece.offset) {
            let offset = piece.offset + run.start as u64;
            if run.zero {
                self.make_zero(offset, run.length as u64)?;
            } else {
                self.target.write_at(&buffer[run.start..run.start + run.length], offset)?;
            }
        }
        Ok(())
    }

    fn make_zero(&self, offset: u64, length: u64) -> Result<()> {
        if self.fresh {
            return Ok(());
        }
        self.target.write_zeroes(offset, length, self.sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::MemoryNode;
    use proptest::prelude::*;

    fn contents(node: &dyn Node) -> Vec<u8> {
        let mut bytes = vec![0; node.length().unwrap() as usize];
        let all = bytes.len();
        assert_eq!(node.read_at(&mut bytes, 0).unwrap(), all);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_copy_equals_the_source(
            length in 0u64..3_000_000,
            writes in proptest::collection::vec((0u64..3_000_000, 1usize..400_000, any::<u8>()), 0..8),
            old in any::<bool>(),
            sparse in any::<bool>(),
        ) {
            let source = MemoryNode::new("source", length);
            for (offset, len, byte) in writes {
                let len = len.min(length.saturating_sub(offset) as usize);
                source.write_at(&vec![byte; len], offset.min(length)).unwrap();
            }
            let target = MemoryNode::new("target", length);
            if old {
                target.write_at(&vec![0xee; length as usize], 0).unwrap();
            }
            copy(&source, &target, CopyOptions { length, sparse, zeroed: !old }).unwrap();
            prop_assert_eq!(contents(&source), contents(&target));
        }
    }
}
