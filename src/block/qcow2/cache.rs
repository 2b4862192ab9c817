//! Pieces of an image's metadata in memory.
//!
//! Tables are not kept whole: a piece of 4 KiB of an L2 table maps 32 MiB with common clusters, so a
//! bounded number of pieces serves a large image, and an empty image costs nothing.

use std::collections::HashMap;

use super::Problem;
use crate::block::Node;

/// Bytes of a piece, unless clusters are smaller.
const PIECE: u64 = 4096;
/// Pieces in memory: 8 MiB, which map 64 GiB with common clusters.
const MOST: usize = 2048;

struct Piece {
    bytes: Box<[u8]>,
    /// When it was last used.
    used: u64,
}

/// See the module's text.
pub struct Cache {
    pieces: HashMap<u64, Piece>,
    piece_size: u64,
    clock: u64,
}

impl Cache {
    /// An empty cache for an image with clusters of that size.
    pub fn new(cluster_size: u64) -> Cache {
        Cache { pieces: HashMap::new(), piece_size: PIECE.min(cluster_size), clock: 0 }
    }

    /// The number of eight bytes at `offset`, which must be a multiple of eight. What lies beyond
    /// the end of the file reads as zero.
    pub fn be64(&mut self, file: &dyn Node, offset: u64) -> Result<u64, Problem> {
        let at = offset % self.piece_size;
        let piece = self.piece(file, offset - at)?;
        let bytes = piece.get(at as usize..at as usize + 8).and_then(|b| b.try_into().ok());
        Ok(bytes.map_or(0, u64::from_be_bytes))
    }

    fn piece(&mut self, file: &dyn Node, start: u64) -> Result<&[u8], Problem> {
        self.clock += 1;
        if !self.pieces.contains_key(&start) {
            if self.pieces.len() >= MOST {
                self.evict();
            }
            let mut bytes = vec![0; self.piece_size as usize].into_boxed_slice();
            file.read_at(&mut bytes, start)?;
            self.pieces.insert(start, Piece { bytes, used: 0 });
        }
        match self.pieces.get_mut(&start) {
            Some(piece) => {
                piece.used = self.clock;
                Ok(&piece.bytes)
            }
            None => Ok(&[]),
        }
    }

    /// Makes room: the half that has not been used for longest goes, so that it costs little per
    /// piece.
    fn evict(&mut self) {
        let mut ages: Vec<u64> = self.pieces.values().map(|piece| piece.used).collect();
        let middle = ages.len() / 2;
        let (_, median, _) = ages.select_nth_unstable(middle);
        let median = *median;
        self.pieces.retain(|_, piece| piece.used > median);
    }
}
