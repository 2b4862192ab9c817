//! The download end of a stream: reads a volume ahead of the caller, on a thread of its own once
//! there is more than one chunk of it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use super::events::Wakeup;
use super::pipe::{Chunk, Contents, Piece, Pipe, Taken};
use super::stats::Stats;
use crate::block::Node;
use crate::copy::{ExtentCursor, runs};
use crate::error::*;
use crate::panic::contain_panic;
use crate::sys;

/// A stretch of zeros that must be read to be found is reported at the latest after this many
/// bytes, so that a caller sees progress.
const MOST_SCANNED: u64 = 64 * 1024 * 1024;

/// What a download reads from.
pub struct DownloadRange {
    pub node: Arc<dyn Node>,
    /// The range, inside the node.
    pub offset: u64,
    pub end: u64,
    /// Holes are told, and zeros in the data are made holes. Otherwise all is data.
    pub sparse: bool,
}

/// The reading side. Used by one thread at a time: the worker's, or the caller's.
struct Reader {
    node: Arc<dyn Node>,
    cursor: ExtentCursor,
    /// Where the transfer ends.
    end: u64,
    sparse: bool,
    /// A hole that may go on.
    hole: Option<(u64, u64)>,
    stats: Arc<Stats>,
}

impl Reader {
    /// Fills a chunk. False when the end has been reached.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<bool> {
        let mut scanned = 0;
        while chunk.room_len() > 0 && scanned < MOST_SCANNED {
            let room = chunk.room_len() as u64;
            let Some(extent) = self.cursor.next(&*self.node, room).map_err(report)? else {
                // What lies behind the end of a file looks like a hole of it.
                if self.node.length().map_err(report)? < self.end {
                    return Err(self.shortened());
                }
                self.end_hole(chunk);
                return Ok(false);
            };
            if extent.kind.is_zero() {
                self.add_hole(extent.offset, extent.length);
            } else {
                scanned += extent.length;
                self.read(chunk, extent.offset, extent.length as usize)?;
            }
        }
        if chunk.is_empty() {
            self.end_hole(chunk);
        }
        Ok(true)
    }

    fn read(&mut self, chunk: &mut Chunk, offset: u64, length: usize) -> Result<()> {
        let got = self.node.read_at(&mut chunk.room()[..length], offset).map_err(report)?;
        self.take(chunk, offset, got);
        if got < length { Err(self.shortened()) } else { Ok(()) }
    }

    /// Adds the first `got` bytes of the room.
    fn take(&mut self, chunk: &mut Chunk, offset: u64, got: usize) {
        if !self.sparse {
            self.end_hole(chunk);
            chunk.push_data(offset, got);
            return;
        }
        let mut used = 0;
        let found: Vec<_> = runs(&chunk.room()[..got], offset).collect();
        for run in found {
            let at = offset + run.start as u64;
            if run.zero {
                self.stats.found_zeros(run.length as u64);
                self.add_hole(at, run.length as u64);
            } else {
                self.end_hole(chunk);
                chunk.push_part(at, run.start, run.length);
                used = run.start + run.length;
            }
        }
        chunk.occupy(used);
    }

    /// The error that the volume has not got as many bytes any more as the transfer is to have.
    fn shortened(&self) -> Error {
        let text = format!(
            "'{}' has become shorter than the {} bytes that it had when the download began",
            self.node.name(),
            self.end
        );
        Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STREAMS, text)
    }

    fn add_hole(&mut self, offset: u64, length: u64) {
        match &mut self.hole {
            Some((_, before)) => *before += length,
            None => self.hole = Some((offset, length)),
        }
    }

    fn end_hole(&mut self, chunk: &mut Chunk) {
        if let Some((offset, length)) = self.hole.take() {
            chunk.push_hole(offset, length);
        }
    }
}

fn report(error: crate::block::BlockError) -> Error {
    error.report(VIR_FROM_STREAMS)
}

/// Where the next chunk comes from.
enum Origin {
    /// Read by the caller's thread. Shared only while a worker is being started.
    Caller(Arc<Mutex<Option<Reader>>>),
    /// Read by the worker.
    Worker,
    /// There is none.
    Nowhere,
}

/// The caller's side.
struct Consumer {
    /// The chunk that is being emptied.
    current: Option<Chunk>,
    origin: Origin,
    /// No more thread is asked for: the system has refused one.
    alone: bool,
}

/// What a receiving call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// This many bytes; 0 at the end.
    Bytes(usize),
    /// Nothing: the stream is at a hole, and the caller wants to be told.
    Hole,
    /// Nothing now.
    WouldBlock,
}

/// See the module's text.
pub struct Download {
    pipe: Arc<Pipe>,
    consumer: Mutex<Consumer>,
    worker: Mutex<Option<JoinHandle<()>>>,
    sparse: bool,
    waits: bool,
    stats: Arc<Stats>,
    wakeup: Arc<Wakeup>,
}

impl Download {
    /// A download from `source`. Unless `waits`, receiving never waits for the disk.
    pub fn new(
        source: DownloadRange,
        waits: bool,
        stats: Arc<Stats>,
        wakeup: Arc<Wakeup>,
    ) -> Download {
        let reader = Reader {
            node: source.node,
            cursor: ExtentCursor::new(source.offset, source.end),
            end: source.end,
            sparse: source.sparse,
            hole: None,
            stats: stats.clone(),
        };
        let download = Download {
            pipe: Pipe::new(),
            consumer: Mutex::new(Consumer {
                current: None,
                origin: Origin::Caller(Arc::new(Mutex::new(Some(reader)))),
                alone: false,
            }),
            worker: Mutex::new(None),
            sparse: source.sparse,
            waits,
            stats,
            wakeup,
        };
        if !waits {
            download.start_worker(&mut download.consumer());
        }
        download
    }

    /// Receives bytes. At a hole: zeros, or the news of it if `stop_at_hole`.
    pub fn receive(&self, buffer: &mut [u8], stop_at_hole: bool) -> Result<Received> {
        let stop_at_hole = stop_at_hole && self.sparse;
        let mut consumer = self.consumer();
        let mut done = 0;
        while done < buffer.len() {
            let piece = match self.piece(&mut consumer, self.waits && done == 0) {
                Ok(Next::Piece(piece)) => piece,
                Ok(Next::WouldBlock) if done == 0 => return Ok(Received::WouldBlock),
                Ok(Next::WouldBlock | Next::End) => break,
                Err(error) if done == 0 => return Err(error),
                // What is there comes first; the next call fails again.
                Err(_) => break,
            };
            if piece.contents == Contents::Hole && stop_at_hole {
                if done == 0 {
                    return Ok(Received::Hole);
                }
                break;
            }
            let length = piece.length.min((buffer.len() - done) as u64);
            let part = &mut buffer[done..done + length as usize];
            if let Some(chunk) = &mut consumer.current {
                match piece.contents {
                    Contents::Data(at) => part.copy_from_slice(chunk.data(at, length)),
                    _ => part.fill(0),
                }
                chunk.advance(length);
            }
            self.count(piece.contents, length);
            done += length as usize;
        }
        Ok(Received::Bytes(done))
    }

    /// Takes the hole at which the stream is; 0 if it is not at one.
    pub fn receive_hole(&self) -> Result<u64> {
        let mut consumer = self.consumer();
        let length = self.hole_at(&mut consumer)?;
        self.leave_hole(&mut consumer, length);
        Ok(length)
    }

    /// How long the hole is at which the stream is; 0 if it is not at one.
    pub fn hole(&self) -> Result<u64> {
        self.hole_at(&mut self.consumer())
    }

    /// Takes the first part of the hole at which the stream is.
    pub fn skip(&self, length: u64) -> Result<()> {
        let mut consumer = self.consumer();
        let there = self.hole_at(&mut consumer)?;
        if length == 0 || length > there {
            let text = format!("cannot skip {length} bytes: the stream is at a hole of {there}");
            return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, text));
        }
        self.leave_hole(&mut consumer, length);
        Ok(())
    }

    fn hole_at(&self, consumer: &mut Consumer) -> Result<u64> {
        if !self.sparse {
            return Err(Error::invalid_operation(
                VIR_FROM_STREAMS,
                "Holes are not supported with this stream",
            ));
        }
        match self.piece(consumer, self.waits)? {
            Next::Piece(Piece { length, contents: Contents::Hole, .. }) => Ok(length),
            _ => Ok(0),
        }
    }

    fn leave_hole(&self, consumer: &mut Consumer, length: u64) {
        if let Some(chunk) = &mut consumer.current {
            chunk.advance(length);
        }
        self.count(Contents::Hole, length);
    }

    /// The next chunk, for a caller that empties it by itself and then gives it back. `None` at
    /// the end.
    pub fn lend(&self) -> Result<Option<Chunk>> {
        let mut consumer = self.consumer();
        match self.piece(&mut consumer, true)? {
            Next::Piece(_) => Ok(consumer.current.take()),
            _ => Ok(None),
        }
    }

    /// Takes an emptied chunk back.
    pub fn give_back(&self, chunk: Chunk) {
        self.pipe.put_free(chunk);
    }

    /// Counts what the caller has taken out of a lent chunk.
    pub fn count(&self, contents: Contents, length: u64) {
        match contents {
            Contents::Hole => self.stats.add_hole(length),
            _ => self.stats.add_data(length),
        }
    }

    /// Fails when the transfer has been finished or given up.
    pub fn check_going(&self) -> Result<()> {
        self.pipe.check_going()
    }

    /// Whether holes are told.
    pub fn is_sparse(&self) -> bool {
        self.sparse
    }

    /// Whether something can be received without waiting.
    pub fn is_readable(&self) -> bool {
        // Somebody who is receiving at this moment may be waiting for data.
        let Ok(consumer) = self.consumer.try_lock() else { return false };
        consumer.current.as_ref().is_some_and(|chunk| !chunk.is_empty())
            || !matches!(consumer.origin, Origin::Worker)
            || self.pipe.has_filled()
    }

    /// Stops reading. `why`: the error of whoever is receiving at this moment.
    pub fn stop(&self, why: Error) {
        self.pipe.stop(why);
        // Also if somebody else waits for it already.
        let mut worker = unpoisoned(&self.worker);
        if let Some(worker) = worker.take() {
            // It contains its own panics.
            let _ = worker.join();
        }
    }

    /// The piece at which the stream is, in the current chunk.
    fn piece(&self, consumer: &mut Consumer, wait: bool) -> Result<Next> {
        loop {
            if let Some(piece) = consumer.current.as_ref().and_then(Chunk::first) {
                return Ok(Next::Piece(piece));
            }
            if let Some(empty) = consumer.current.take() {
                self.pipe.put_free(empty);
            }
            consumer.current = match self.fetch(consumer, wait)? {
                Taken::Chunk(chunk) => Some(chunk),
                Taken::End => return Ok(Next::End),
                Taken::WouldBlock => return Ok(Next::WouldBlock),
            };
        }
    }

    fn fetch(&self, consumer: &mut Consumer, wait: bool) -> Result<Taken> {
        match &consumer.origin {
            Origin::Nowhere => Ok(Taken::End),
            Origin::Worker => {
                let taken = self.pipe.take_filled(wait)?;
                if let Taken::End = taken {
                    consumer.origin = Origin::Nowhere;
                }
                Ok(taken)
            }
            Origin::Caller(_) if !wait && self.waits => Ok(Taken::WouldBlock),
            Origin::Caller(reader) => {
                let Taken::Chunk(mut chunk) = self.pipe.take_free(true)? else {
                    return Ok(Taken::End);
                };
                let more = contain_panic(|| match &mut *unpoisoned(reader) {
                    Some(reader) => reader.fill(&mut chunk),
                    None => Ok(false),
                });
                match more {
                    Ok(false) => consumer.origin = Origin::Nowhere,
                    Ok(true) if consumer.alone => {}
                    Ok(true) => self.start_worker(consumer),
                    Err(error) => {
                        // What was read before the failure is good, and goes first.
                        self.pipe.fail(error);
                        consumer.origin = Origin::Worker;
                    }
                }
                Ok(Taken::Chunk(chunk))
            }
        }
    }

    /// Lets a thread of its own read on.
    fn start_worker(&self, consumer: &mut Consumer) {
        let Origin::Caller(reader) = &consumer.origin else { return };
        let (pipe, reader, wakeup) = (self.pipe.clone(), reader.clone(), self.wakeup.clone());
        let worker = sys::spawn("virsparse-read", move || {
            // Not kept locked: the reader is this thread's from here on.
            let reader = unpoisoned(&reader).take();
            if let Some(reader) = reader {
                read_chunks(&pipe, reader, &wakeup);
            }
        });
        match worker {
            Some(worker) => {
                consumer.origin = Origin::Worker;
                *unpoisoned(&self.worker) = Some(worker);
            }
            None => consumer.alone = true,
        }
    }

    fn consumer(&self) -> MutexGuard<'_, Consumer> {
        self.consumer.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

enum Next {
    Piece(Piece),
    End,
    WouldBlock,
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The worker: reads chunks until the end, or until nobody wants more.
fn read_chunks(pipe: &Pipe, mut reader: Reader, wakeup: &Wakeup) {
    let result = contain_panic(|| {
        while let Taken::Chunk(mut chunk) = pipe.take_free(true)? {
            let more = reader.fill(&mut chunk);
            // What was read before a failure is good.
            pipe.put_filled(chunk);
            wakeup.notify();
            if !more? {
                break;
            }
        }
        Ok(())
    });
    match result {
        Ok(()) => pipe.close(),
        Err(error) => pipe.fail(error),
    }
    wakeup.notify();
}
