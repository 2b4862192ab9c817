//! Pieces of an image's metadata in memory, and the order in which changes to them reach the file.
//!
//! Tables are not kept whole: a piece of 4 KiB of an L2 table maps 32 MiB with common clusters, so a
//! bounded number of pieces serves a large image, and an empty image costs nothing.
//!
//! A change is written in one of two steps, with a barrier between them, so that a crash at any
//! moment leaves an image in which nothing refers to what is not there yet: see [`Step`].

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::Problem;
use crate::Node;

/// Bytes of a piece, unless clusters are smaller.
const PIECE: u64 = 4096;
/// Pieces in memory: 8 MiB, which map 64 GiB with common clusters.
const MOST: usize = 2048;

/// When a change is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// With the data, before anything can refer to it: refcounts of new clusters, and tables that
    /// no other table refers to yet.
    First,
    /// When all that is durable: what refers to it.
    Second,
}

struct Piece {
    bytes: Box<[u8]>,
    /// When it was last used.
    used: u64,
    /// It has changed since it was written.
    dirty: Option<Step>,
}

/// Places in a file, mixed in one step: the tables are asked for each cluster. Who makes an image could
/// choose places that are all mixed to the same; but there are only [`MOST`] of them.
#[derive(Clone, Copy, Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn write_u64(&mut self, place: u64) {
        let mixed = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// See the module's text.
pub struct Cache {
    pieces: HashMap<u64, Piece, BuildHasherDefault<Mixed>>,
    piece_size: u64,
    clock: u64,
    dirty: usize,
    /// An external data file, which has the data that tables in the image refer to.
    data: Option<Arc<dyn Node>>,
    /// L2 tables that no L1 table in the file refers to yet.
    unreferenced: HashSet<u64>,
    /// What reached the file is not known, since a barrier has failed.
    failed: bool,
}

impl Cache {
    /// An empty cache for an image with clusters of that size, and with that external data file.
    pub fn new(cluster_size: u64, data: Option<Arc<dyn Node>>) -> Cache {
        Cache {
            pieces: HashMap::default(),
            piece_size: PIECE.min(cluster_size),
            clock: 0,
            dirty: 0,
            data,
            unreferenced: HashSet::new(),
            failed: false,
        }
    }

    /// The bytes at `offset`, which lie in one piece if `offset` is a multiple of `N`. What is
    /// beyond the end of the file reads as zero.
    pub fn bytes<const N: usize>(
        &mut self,
        file: &dyn Node,
        offset: u64,
    ) -> Result<[u8; N], Problem> {
        let at = (offset % self.piece_size) as usize;
        let piece = self.piece(file, offset)?;
        Ok(piece.bytes.get(at..at + N).and_then(|b| b.try_into().ok()).unwrap_or([0; N]))
    }

    /// The number of eight bytes at `offset`.
    pub fn be64(&mut self, file: &dyn Node, offset: u64) -> Result<u64, Problem> {
        self.bytes(file, offset).map(u64::from_be_bytes)
    }

    /// Changes the bytes at `offset`, which lie in one piece.
    pub fn set(
        &mut self,
        file: &dyn Node,
        offset: u64,
        bytes: &[u8],
        step: Step,
    ) -> Result<(), Problem> {
        let at = (offset % self.piece_size) as usize;
        let piece = self.piece(file, offset)?;
        if let Some(place) = piece.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        let was_clean = piece.dirty.is_none();
        // What is not referred to yet stays so until the next commit.
        piece.dirty = Some(piece.dirty.map_or(step, |before| before.min(step)));
        self.dirty += usize::from(was_clean);
        Ok(())
    }

    /// A range of the file is a new table: it reads as zeros, in the file and here.
    pub fn forget(&mut self, offset: u64, length: u64) {
        let range = offset..offset + length;
        let dirty = &mut self.dirty;
        self.pieces.retain(|start, piece| {
            let keep = !range.contains(start);
            *dirty -= usize::from(!keep && piece.dirty.is_some());
            keep
        });
    }

    /// Whether so much has changed that it should be written before more does.
    pub fn is_full(&self) -> bool {
        self.dirty >= MOST / 2
    }

    /// An L2 table is new: nothing in the file refers to it before the next commit.
    pub fn note_unreferenced(&mut self, table: u64) {
        self.unreferenced.insert(table);
    }

    /// When entries of an L2 table are to be written.
    pub fn step_of(&self, table: u64) -> Step {
        if self.unreferenced.contains(&table) { Step::First } else { Step::Second }
    }

    /// Writes all changes, in order, and makes them and all data before them durable.
    pub fn commit(&mut self, file: &dyn Node) -> Result<(), Problem> {
        self.usable()?;
        self.write(file, Step::First)?;
        if let Some(data) = &self.data {
            let flushed = data.flush();
            self.failed = flushed.is_err();
            flushed?;
        }
        self.barrier(file)?;
        // From here on the file may refer to them, also if not all of it gets there.
        self.unreferenced.clear();
        if self.write(file, Step::Second)? {
            self.barrier(file)?;
        }
        Ok(())
    }

    /// Makes durable what has been written to the file.
    pub fn barrier(&mut self, file: &dyn Node) -> Result<(), Problem> {
        self.usable()?;
        let flushed = file.flush();
        self.failed = flushed.is_err();
        Ok(flushed?)
    }

    /// Writes a part of the header, alone: everything before it is durable first, then it is.
    pub fn write_header(&mut self, file: &dyn Node, at: u64, bytes: &[u8]) -> Result<(), Problem> {
        self.barrier(file)?;
        let mut before = vec![0; bytes.len()];
        let got = file.read_at(&mut before, at)?;
        before.truncate(got);
        let written = file.write_at(bytes, at);
        // It may have been written all the same.
        self.failed = written.is_err();
        let written = written.map_err(Problem::from).and_then(|()| self.barrier(file));
        if written.is_err() {
            // What is used from now on is what it said before, and who opens the image next must find
            // that. Either of both may be on the medium, and is sound.
            if let Err(error) = file.write_at(&before, at) {
                log::warn!("{}: the header may say what has failed: {}", file.name(), error.what);
            }
        }
        written
    }

    /// After a barrier has failed, the next one may well succeed without what was lost: the kernel
    /// tells once. So nothing is called durable any more.
    pub fn usable(&self) -> Result<(), Problem> {
        if self.failed { Err(Problem::Lost) } else { Ok(()) }
    }

    /// Writes the changes of one step; whether there were any.
    fn write(&mut self, file: &dyn Node, step: Step) -> Result<bool, Problem> {
        let mut changed: Vec<u64> = self
            .pieces
            .iter()
            .filter(|(_, piece)| piece.dirty == Some(step))
            .map(|(start, _)| *start)
            .collect();
        changed.sort_unstable();
        for start in &changed {
            if let Some(piece) = self.pieces.get_mut(start) {
                file.write_at(&piece.bytes, *start)?;
                piece.dirty = None;
                self.dirty -= 1;
            }
        }
        Ok(!changed.is_empty())
    }

    fn piece(&mut self, file: &dyn Node, offset: u64) -> Result<&mut Piece, Problem> {
        let start = offset - offset % self.piece_size;
        self.clock += 1;
        if !self.pieces.contains_key(&start) {
            if self.pieces.len() >= MOST {
                self.evict();
            }
            let mut bytes = vec![0; self.piece_size as usize].into_boxed_slice();
            if file.read_at(&mut bytes, start)? == 0 {
                return Err(Problem::corrupt("a table lies outside of the image"));
            }
            self.pieces.insert(start, Piece { bytes, used: 0, dirty: None });
        }
        let clock = self.clock;
        let piece =
            self.pieces.get_mut(&start).ok_or_else(|| Problem::corrupt("a table is missing"))?;
        piece.used = clock;
        Ok(piece)
    }

    /// Makes room: the half that has not been used for longest goes, so that it costs little per
    /// piece. What has changed stays; there is never more of it than half.
    fn evict(&mut self) {
        let mut ages: Vec<u64> = self.pieces.values().map(|piece| piece.used).collect();
        let middle = ages.len() / 2;
        let (_, median, _) = ages.select_nth_unstable(middle);
        let median = *median;
        self.pieces.retain(|_, piece| piece.used > median || piece.dirty.is_some());
    }
}
