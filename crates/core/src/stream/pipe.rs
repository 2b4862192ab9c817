//! The bounded queue between the two ends of a stream: one end fills chunks, the other empties
//! them, and the chunks go round. The disk's end runs on a thread of its own, so that disk and
//! caller work at the same time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::copy::{GRAIN, Run, runs};
use crate::error::*;
use crate::sys;

/// Data moves in chunks of this size: large enough that handing one over costs little beside
/// filling it, small enough to stay in the cache that both ends share.
pub const CHUNK: usize = 256 * 1024;

/// Chunks in one stream: 2 MiB keep both ends busy, and bound the memory.
const DEPTH: usize = 8;

/// A chunk of many small pieces ends at this number of them.
const PIECES: usize = 1024;

/// What a piece of a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Data, from this place in its chunk's buffer on.
    Data(usize),
    /// Data that is all zero, which takes no buffer.
    Zeros,
    /// A hole.
    Hole,
}

/// A stretch of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it belongs in the volume.
    pub offset: u64,
    pub length: u64,
    pub contents: Contents,
}

impl Piece {
    /// Lengthens the piece if what begins at `offset` goes on where it ends, and in the same way.
    fn joins(&mut self, offset: u64, length: u64, contents: Contents) -> bool {
        let goes_on = match (self.contents, contents) {
            (Contents::Data(at), Contents::Data(next)) => at + self.length as usize == next,
            (before, next) => before == next,
        };
        let joins = goes_on && self.offset + self.length == offset;
        if joins {
            self.length += length;
        }
        joins
    }
}

/// Memory for a chunk.
pub fn chunk_buffer() -> Result<Vec<u8>> {
    let failed = |errno| Error::system(VIR_FROM_STREAMS, errno, "a buffer of a stream");
    sys::zeroed(CHUNK).map_err(failed)
}

/// A buffer, and what is in it.
pub struct Chunk {
    buffer: Box<[u8]>,
    used: usize,
    pieces: VecDeque<Piece>,
}

impl Chunk {
    fn new() -> Result<Chunk> {
        let buffer = chunk_buffer()?.into_boxed_slice();
        Ok(Chunk { buffer, used: 0, pieces: VecDeque::with_capacity(16) })
    }

    /// The part of the buffer that takes more data: empty when the chunk is full.
    pub fn room(&mut self) -> &mut [u8] {
        let used = CHUNK - self.room_len();
        &mut self.buffer[used..]
    }

    /// Bytes that the chunk still takes.
    pub fn room_len(&self) -> usize {
        if self.pieces.len() >= PIECES { 0 } else { CHUNK - self.used }
    }

    /// Adds what has been put at the start of [`Chunk::room`].
    pub fn push_data(&mut self, offset: u64, length: usize) {
        self.push_part(offset, 0, length);
        self.occupy(length);
    }

    /// Adds a part of what has been put into the room, `start` bytes from its beginning. The room
    /// stays as it is until [`Chunk::occupy`].
    pub fn push_part(&mut self, offset: u64, start: usize, length: usize) {
        self.push(offset, length as u64, Contents::Data(self.used + start));
    }

    /// The first `length` bytes of the room are taken.
    pub fn occupy(&mut self, length: usize) {
        self.used += length;
    }

    /// Adds the first `length` bytes of the room, where zeros take no buffer. They are found here,
    /// while the data is still in the cache of the thread that has put it there.
    pub fn push_room(&mut self, offset: u64, length: usize) {
        let Chunk { buffer, used, pieces } = self;
        let mut occupied = 0;
        for Run { start, length, zero } in runs(&buffer[*used..*used + length], offset) {
            let contents = if zero { Contents::Zeros } else { Contents::Data(*used + start) };
            push(pieces, offset + start as u64, length as u64, contents);
            if !zero {
                occupied = start + length;
            }
        }
        *used += occupied;
    }

    /// Adds a copy of data that fits the room, where zeros take no buffer.
    pub fn push_copy(&mut self, offset: u64, data: &[u8]) {
        for Run { start, length, zero } in runs(data, offset) {
            let offset = offset + start as u64;
            if zero {
                self.push(offset, length as u64, Contents::Zeros);
            } else {
                self.room()[..length].copy_from_slice(&data[start..start + length]);
                self.push_data(offset, length);
            }
        }
    }

    /// Adds a hole. It never fails for want of room: holes in a row are one.
    pub fn push_hole(&mut self, offset: u64, length: u64) {
        self.push(offset, length, Contents::Hole);
    }

    fn push(&mut self, offset: u64, length: u64, contents: Contents) {
        push(&mut self.pieces, offset, length, contents);
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.pieces.iter().copied()
    }

    /// The range in which zeros of this chunk may be. Zeros in data begin with a whole grain: what
    /// shares one with earlier data is left out.
    pub fn range(&self) -> Option<Range<u64>> {
        let (first, last) = (self.pieces.front()?, self.pieces.back()?);
        let start = match first.contents {
            Contents::Data(_) => first.offset.next_multiple_of(GRAIN as u64),
            Contents::Zeros | Contents::Hole => first.offset,
        };
        let end = last.offset + last.length;
        Some(start.min(end)..end)
    }

    /// The first piece that has not been taken.
    pub fn first(&self) -> Option<Piece> {
        self.pieces.front().copied()
    }

    /// Takes `length` bytes off the first piece.
    pub fn advance(&mut self, length: u64) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.offset += length;
            piece.length -= length;
            if let Contents::Data(at) = &mut piece.contents {
                *at += length as usize;
            }
            if piece.length == 0 {
                self.pieces.pop_front();
            }
        }
    }

    /// The data of a piece of this chunk.
    pub fn data(&self, at: usize, length: u64) -> &[u8] {
        &self.buffer[at..at + length as usize]
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Forgets what is in it.
    pub fn clear(&mut self) {
        self.used = 0;
        self.pieces.clear();
    }
}

/// Adds a piece, which becomes part of the one before it where they are alike.
fn push(pieces: &mut VecDeque<Piece>, offset: u64, length: u64, contents: Contents) {
    let last = pieces.back_mut();
    if !last.is_some_and(|last| last.joins(offset, length, contents)) {
        pieces.push_back(Piece { offset, length, contents });
    }
}

/// What a waiting end gets.
pub enum Taken {
    Chunk(Chunk),
    /// The other end is done, and everything has been taken.
    End,
    /// Nothing now, and the caller did not want to wait.
    WouldBlock,
}

#[derive(Default)]
struct State {
    free: Vec<Chunk>,
    filled: VecDeque<Chunk>,
    /// Chunks that exist, wherever they are, except on loan.
    made: usize,
    /// No more filled chunks will come.
    closed: bool,
    /// Both ends stop as soon as they can, and this is why.
    stopped: Option<Error>,
    /// Why the disk's end has stopped.
    error: Option<Error>,
}

/// See the module's text.
pub struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

impl Pipe {
    /// An empty pipe.
    pub fn new() -> Arc<Pipe> {
        Arc::new(Pipe { state: Mutex::default(), changed: Condvar::new() })
    }

    /// An empty chunk to fill.
    pub fn take_free(&self, wait: bool) -> Result<Taken> {
        let mut state = self.lock();
        loop {
            state.check()?;
            if let Some(chunk) = state.free.pop() {
                return Ok(Taken::Chunk(chunk));
            }
            if state.made < DEPTH {
                match Chunk::new() {
                    Ok(chunk) => {
                        state.made += 1;
                        return Ok(Taken::Chunk(chunk));
                    }
                    // The transfer goes on with what it has.
                    Err(error) if state.made == 0 => return Err(error),
                    Err(_) => {}
                }
            }
            if !wait {
                return Ok(Taken::WouldBlock);
            }
            state = self.wait(state);
        }
    }

    /// Hands a filled chunk to the other end.
    pub fn put_filled(&self, chunk: Chunk) {
        self.change(|state| state.filled.push_back(chunk));
    }

    /// The next filled chunk. An error comes after what was filled before it.
    pub fn take_filled(&self, wait: bool) -> Result<Taken> {
        let mut state = self.lock();
        loop {
            if let Some(why) = &state.stopped {
                return Err(why.clone());
            }
            if let Some(chunk) = state.filled.pop_front() {
                return Ok(Taken::Chunk(chunk));
            }
            state.check()?;
            if state.closed {
                return Ok(Taken::End);
            }
            if !wait {
                return Ok(Taken::WouldBlock);
            }
            state = self.wait(state);
        }
    }

    /// Gives an emptied chunk back.
    pub fn put_free(&self, mut chunk: Chunk) {
        chunk.clear();
        self.change(|state| state.free.push(chunk));
    }

    /// A chunk that was taken stays away for as long as a callback likes, and does not count until
    /// it is back: whatever callbacks do, the chunks of the others go round.
    pub fn lent(&self) {
        self.change(|state| state.made -= 1);
    }

    /// A chunk is back from its loan.
    pub fn returned(&self) {
        self.lock().made += 1;
    }

    /// The filling end is done.
    pub fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Both ends stop as soon as they can. `why`: the error of whoever is still at work on one of them.
    pub fn stop(&self, why: Error) {
        self.change(|state| {
            state.stopped.get_or_insert(why);
        });
    }

    /// The disk's end has failed.
    pub fn fail(&self, error: Error) {
        self.change(|state| {
            state.error.get_or_insert(error);
        });
    }

    /// Fails as the next call of an end would.
    pub fn check(&self) -> Result<()> {
        self.lock().check()
    }

    /// Fails if both ends have been told to stop.
    pub fn check_going(&self) -> Result<()> {
        self.lock().stopped.clone().map_or(Ok(()), Err)
    }

    /// Whether [`Pipe::take_free`] would not wait.
    pub fn has_free(&self) -> bool {
        let state = self.lock();
        !state.free.is_empty() || state.made < DEPTH || state.is_over()
    }

    /// Whether [`Pipe::take_filled`] would not wait.
    pub fn has_filled(&self) -> bool {
        let state = self.lock();
        !state.filled.is_empty() || state.closed || state.is_over()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.stopped.is_some() || self.error.is_some()
    }

    fn check(&self) -> Result<()> {
        self.error.as_ref().or(self.stopped.as_ref()).map_or(Ok(()), |error| Err(error.clone()))
    }
}
