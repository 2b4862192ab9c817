//! Copying a range from one node to another: data is moved by several threads, holes are left or
//! made, zeros in data become holes where the target is to be sparse.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Scope;
use std::time::{Duration, Instant};

use virsparse_base::errno::Errno;

use super::cursor::ExtentCursor;
use super::zero::{is_zero, runs};
use crate::{BlockError, Extent, Layers, Node, Profile, Result, Space, buffer};
use virsparse_base::sys;

/// Data that stays where it is comes in pieces of at most this size. They cost next to nothing, and a job
/// is asked between them whether it is to go on. It is a multiple of every unit of compression.
const STAYING: u64 = 64 << 20;

/// Threads of a copy, at most.
const MOST_THREADS: usize = 16;

/// Threads that a copy begins with. More are started while pieces are slow: a server that is near, or whose
/// data is in the page cache, is not made faster by them, only more expensive.
const FIRST_THREADS: usize = 2;

/// A piece of data takes less than this where requests do not wait for a network or a medium: 0.3 ms from
/// a server on the same machine.
const SLOW: Duration = Duration::from_micros(800);

/// So many slow pieces in a row mean that all are. On a busy machine single ones say nothing.
const SLOW_PIECES: u32 = 3;

/// A piece begins and ends at multiples of what its nodes want, up to this.
const MOST_ALIGNMENT: u64 = 64 << 10;

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
    /// What is written is compressed by the target.
    pub compress: bool,
}

impl CopyOptions {
    /// A sparse copy of so many bytes over anything.
    pub fn new(length: u64) -> CopyOptions {
        CopyOptions { length, sparse: true, zeroed: false, compress: false }
    }
}

/// Copies the start of `source` over the start of `target`, which must be long enough. Errors that
/// the target's medium holds back until a close are told, too. What was copied is on stable storage
/// once the target has been flushed.
///
/// Fails with what the source or the target fails with, and with `EOPNOTSUPP` if the target is to compress
/// and cannot. After an error some of the data may have been copied.
///
/// ```
/// use std::fs::File;
/// use std::os::unix::fs::MetadataExt;
/// use virsparse_block::copy::{CopyOptions, copy};
/// use virsparse_block::{FileNode, MemoryNode, Node};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let source = MemoryNode::new("source", 64 << 20);
/// source.write_at(&[7; 65536], 32 << 20)?;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("copy.raw");
/// let file = File::options().read(true).write(true).create_new(true).open(&path)?;
/// let target = FileNode::new(file, "copy.raw")?;
/// target.resize(source.length()?)?;
/// copy(&source, &target, CopyOptions::new(source.length()?))?;
/// target.flush()?;
///
/// let copied = std::fs::metadata(&path)?;
/// assert_eq!(copied.len(), 64 << 20);
/// assert!(copied.blocks() * 512 < 1 << 20, "the copy is sparse");
/// let mut bytes = [0; 65536];
/// target.read_at(&mut bytes, 32 << 20)?;
/// assert_eq!(bytes, [7; 65536]);
/// # Ok(())
/// # }
/// ```
pub fn copy(source: &dyn Node, target: &dyn Node, options: CopyOptions) -> Result<()> {
    let unit = match options.compress {
        true => Some(target.compression_unit().ok_or_else(|| BlockError {
            what: format!("Unable to compress what is written to {}", target.name()),
            errno: Errno::EOPNOTSUPP,
        })?),
        false => None,
    };
    let copier = Copier {
        source,
        target,
        above: None,
        compress: unit,
        unmap: options.sparse,
        detect_zeros: options.sparse,
        zeroed: options.zeroed || target.space()? == Space::Fresh,
    };
    let end = options.length.min(source.length()?);
    let work = |piece, buffer: &mut [u8]| copier.copy_piece(piece, buffer);
    let shape = Shape::new(source.profile().with(target.profile()), unit, end);
    walk(source, 0..end, shape, &Unsupervised, |_| true, work)?;
    target.settle()
}

/// Has a say in when and whether the pieces of a range are worked on.
pub trait Supervisor: Sync {
    /// Runs `work`, which deals with `piece`, when it may. `moved` is how many bytes of data that moves:
    /// none where the piece is zeros, or data that stays where it is. False ends everything early.
    fn piece(
        &self,
        piece: &Extent,
        moved: u64,
        work: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool>;

    /// The most data that a piece shall have; asked before each.
    fn most(&self) -> u64 {
        u64::MAX
    }
}

struct Unsupervised;

impl Supervisor for Unsupervised {
    fn piece(
        &self,
        _piece: &Extent,
        _moved: u64,
        work: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool> {
        work().map(|()| true)
    }
}

/// How a range is cut into pieces, and by how many threads.
struct Shape {
    /// The most bytes of a piece of data.
    piece: usize,
    /// Pieces are whole units.
    unit: u64,
    /// Threads that it begins with, and at most.
    first: usize,
    threads: usize,
}

impl Shape {
    /// For so many bytes of nodes with this profile, which are compressed in units, or are not.
    fn new(profile: Profile, compress: Option<u64>, length: u64) -> Shape {
        let unit = compress.unwrap_or(1).max(profile.alignment.min(MOST_ALIGNMENT));
        let threads = match compress {
            // Compressing is bound by the processors.
            Some(_) => std::thread::available_parallelism().map_or(0, usize::from),
            None => 0,
        };
        let piece = (profile.piece as usize).next_multiple_of(unit as usize);
        // There is no use in threads without a piece.
        let pieces = length.div_ceil(piece as u64).try_into().unwrap_or(usize::MAX);
        let threads = threads.max(profile.depth).min(pieces).clamp(1, MOST_THREADS);
        let first = if compress.is_some() { threads } else { threads.min(FIRST_THREADS) };
        Shape { piece, unit, first, threads }
    }
}

/// Works on a range of `node`, extent by extent, with several threads. `moves` tells whether the data of
/// an extent is moved at all: such data comes in pieces that fit the buffer that `work` gets, other data
/// in larger ones, and zeros come whole. `profile` is that of the nodes which the work is done on. False if
/// the supervisor has ended it early.
pub fn in_pieces(
    node: &dyn Node,
    profile: Profile,
    range: Range<u64>,
    supervisor: &dyn Supervisor,
    moves: impl Fn(&Extent) -> bool + Sync,
    work: impl Fn(Extent, &mut [u8]) -> Result<()> + Sync,
) -> Result<bool> {
    let shape = Shape::new(profile, None, range.end.saturating_sub(range.start));
    walk(node, range, shape, supervisor, moves, work)
}

fn walk(
    node: &dyn Node,
    range: Range<u64>,
    shape: Shape,
    supervisor: &dyn Supervisor,
    moves: impl Fn(&Extent) -> bool + Sync,
    work: impl Fn(Extent, &mut [u8]) -> Result<()> + Sync,
) -> Result<bool> {
    let first = shape.first;
    let walk = Walk {
        node,
        supervisor,
        moves: &moves,
        work: &work,
        shape,
        cursor: Mutex::new(ExtentCursor::new(range.start, range.end)),
        stop: AtomicBool::new(false),
        threads: AtomicUsize::new(1),
        outcome: Mutex::default(),
    };
    std::thread::scope(|scope| {
        (1..first).for_each(|_| walk.start_helper(scope));
        walk.run_and_note(scope);
    });
    let outcome = walk.outcome.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(panic) = outcome.panic {
        std::panic::resume_unwind(panic);
    }
    outcome.error.map_or(Ok(!walk.stop.into_inner()), Err)
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

/// Makes a range of `target` share the blocks of the same range of `source`, at one instant. False if it
/// must be copied instead, whatever the reason: one that matters to a copy is met again by that.
pub fn reflink_range(source: &dyn Node, target: &dyn Node, range: &Range<u64>) -> bool {
    let (Some(source), Some(target)) = (source.file(), target.file()) else { return false };
    let shared = sys::reflink_range(target, source, range.start, range.end - range.start);
    shared.inspect_err(|errno| log::debug!("blocks are copied, not shared: {errno}")).is_ok()
}

struct Walk<'a, M, W> {
    node: &'a dyn Node,
    supervisor: &'a dyn Supervisor,
    moves: &'a M,
    work: &'a W,
    shape: Shape,
    cursor: Mutex<ExtentCursor>,
    /// A thread has failed, or been told to end; the others need not go on.
    stop: AtomicBool,
    /// How many threads have been started.
    threads: AtomicUsize,
    outcome: Mutex<Outcome>,
}

/// What has stopped the threads of a walk.
#[derive(Default)]
struct Outcome {
    error: Option<BlockError>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<M, W> Walk<'_, M, W>
where
    M: Fn(&Extent) -> bool + Sync,
    W: Fn(Extent, &mut [u8]) -> Result<()> + Sync,
{
    /// Starts a thread that takes pieces, too, unless there are enough.
    fn start_helper<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let more = |threads: usize| (threads < self.shape.threads).then_some(threads + 1);
        if self.threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            // Without it the others have more to do.
            sys::spawn_scoped(scope, "virsparse-copy", || self.run_and_note(scope));
        }
    }

    fn run_and_note<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let done = catch_unwind(AssertUnwindSafe(|| self.run(scope)));
        let mut outcome = self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => drop(outcome.error.get_or_insert(error)),
            Err(panic) => {
                self.stop.store(true, Ordering::Relaxed);
                outcome.panic.get_or_insert(panic);
            }
        }
    }

    fn run<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Result<()> {
        let (most, unit) = (self.shape.piece as u64, self.shape.unit);
        let mut buffer = buffer(self.shape.piece)?;
        let mut slow = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let piece = {
                let mut cursor = self.cursor.lock().unwrap_or_else(|p| p.into_inner());
                let most = |extent: &Extent| match (self.moves)(extent) {
                    true => (self.supervisor.most().min(most) / unit * unit).max(unit),
                    false => STAYING / unit * unit,
                };
                cursor.next_limited(self.node, most, unit)
            };
            let goes_on = match piece {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    let moves = !piece.kind.is_zero() && (self.moves)(&piece);
                    let moved = if moves { piece.length } else { 0 };
                    self.supervisor.piece(&piece, moved, &mut || {
                        let begun = Instant::now();
                        (self.work)(piece, &mut buffer)?;
                        if moves {
                            slow = if begun.elapsed() > SLOW { slow + 1 } else { 0 };
                            if slow == SLOW_PIECES {
                                slow = 0;
                                self.start_helper(scope);
                            }
                        }
                        Ok(())
                    })
                }
                Err(error) => Err(error),
            };
            if !matches!(goes_on, Ok(true)) {
                self.stop.store(true, Ordering::Relaxed);
                return goes_on.map(drop);
            }
        }
        Ok(())
    }
}

/// Copies ranges of one node to the same place of another.
pub struct Copier<'a> {
    /// What is read.
    pub source: &'a dyn Node,
    /// What is written.
    pub target: &'a dyn Node,
    /// Only what these images of the source's chain say; the target has the rest already.
    pub above: Option<Layers>,
    /// The target compresses what it gets in units of this size, which pieces are of.
    pub compress: Option<u64>,
    /// Zeros give space of the target back.
    pub unmap: bool,
    /// Zeros are looked for in data.
    pub detect_zeros: bool,
    /// The target reads as zeros where it has not been written.
    pub zeroed: bool,
}

impl Copier<'_> {
    /// Copies an extent of the source; data must fit the buffer.
    pub fn copy_piece(&self, piece: Extent, buffer: &mut [u8]) -> Result<()> {
        if self.above.is_some_and(|above| !above.affect(&piece)) {
            return Ok(());
        }
        if piece.kind.is_zero() {
            return self.make_zero(piece.offset, piece.length);
        }
        let buffer = &mut buffer[..piece.length as usize];
        let got = self.source.read_at(buffer, piece.offset)?;
        if got < buffer.len() {
            let what = format!("'{}' has become shorter while it was copied", self.source.name());
            return Err(BlockError { what, errno: Errno::EIO });
        }
        if let Some(unit) = self.compress {
            return self.write_compressed(buffer, piece.offset, unit as usize);
        }
        if !self.detect_zeros {
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

    /// Copies a range in pieces that fit the buffer.
    pub fn copy_range(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<()> {
        let mut cursor = ExtentCursor::new(range.start, range.end.min(self.source.length()?));
        while let Some(piece) = cursor.next(self.source, buffer.len() as u64)? {
            self.copy_piece(piece, buffer)?;
        }
        Ok(())
    }

    fn write_compressed(&self, data: &[u8], offset: u64, unit: usize) -> Result<()> {
        let mut at = offset;
        for part in data.chunks(unit) {
            let length = part.len() as u64;
            if is_zero(part) {
                self.make_zero(at, length)?;
            } else {
                self.target.write_compressed(part, at)?;
            }
            at += length;
        }
        Ok(())
    }

    fn make_zero(&self, offset: u64, length: u64) -> Result<()> {
        if self.zeroed {
            return Ok(());
        }
        self.target.write_zeroes(offset, length, self.unmap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;
    use proptest::prelude::*;

    #[test]
    fn what_shares_a_unit_with_what_stays_is_copied() {
        use crate::qcow2::{CreateOptions, Qcow2Node, create};
        use std::sync::Arc;

        const SIZE: u64 = 256 << 10;
        const UNIT: u64 = 16 << 10;
        let base = MemoryNode::new("base", SIZE);
        base.write_at(&[1; 128 << 10], 0).unwrap();
        let file: Arc<dyn Node> = Arc::new(MemoryNode::new("image", 0));
        let backing = Some(("base".to_string(), "raw".to_string()));
        let options = CreateOptions { cluster_size: 4096, backing, ..CreateOptions::new(SIZE) };
        create(&*file, &options).unwrap();
        let header = Qcow2Node::read_header("image", &*file).unwrap();
        let below: Arc<dyn Node> = Arc::new(MemoryNode::new("below", SIZE));
        below.write_at(&[1; 128 << 10], 0).unwrap();
        let image = Qcow2Node::new("image", header, file, None, Some(below), true).unwrap();
        // One cluster at each place in a unit, over data and over a hole.
        for unit in 0..SIZE / UNIT {
            image.write_at(&[2; 4096], unit * UNIT + unit % 4 * 4096).unwrap();
        }
        image.write_zeroes(UNIT + 8192, 4096, true).unwrap();
        let above = Layers { depth: 1, length: SIZE };
        let copier = Copier {
            source: &image,
            target: &base,
            above: Some(above),
            compress: None,
            unmap: true,
            detect_zeros: false,
            zeroed: false,
        };
        let profile = Profile { alignment: UNIT, ..Profile::CACHED };
        let moves = |extent: &Extent| above.affect(extent);
        let work = |piece, buffer: &mut [u8]| copier.copy_piece(piece, buffer);
        assert_eq!(in_pieces(&image, profile, 0..SIZE, &Unsupervised, moves, work), Ok(true));
        assert!(contents(&base) == contents(&image));
    }

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
            let options = CopyOptions { sparse, zeroed: !old, ..CopyOptions::new(length) };
            copy(&source, &target, options).unwrap();
            prop_assert_eq!(contents(&source), contents(&target));
        }
    }
}
