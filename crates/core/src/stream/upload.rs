//! The upload end of a stream: takes bytes and holes from the caller, and writes them into a
//! volume on a thread of its own, so that the caller can fetch the next bytes meanwhile.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use virsparse_base::errno::Errno;

use super::events::Wakeup;
use super::pipe::{Chunk, Contents, Pipe, Taken};
use super::stats::Stats;
use crate::block::{self, Node, Space};
use crate::copy::runs;
use crate::error::*;
use crate::panic::contain_panic;
use crate::sys;

/// Callers that fill chunks themselves get at least this much room, if they ask for as much.
const ROOM: usize = 64 * 1024;

/// A device may have to write the zeros of a hole. It makes them in steps of this size, between
/// which an abort is noticed.
const STEP: u64 = 64 * 1024 * 1024;

/// What an upload writes into.
pub struct Target {
    pub node: Arc<dyn Node>,
    /// Where the first byte goes.
    pub offset: u64,
    /// No byte may go there or beyond; `None` if the node may grow.
    pub end: Option<u64>,
    /// Holes may be sent.
    pub sparse: bool,
    /// A hole that reaches beyond `end` is taken as far as it lies before it; else it is refused.
    pub clamps: bool,
    /// A hole cuts off what lies behind it: the file becomes as long as what is sent.
    pub cuts: bool,
    /// What is written is on stable storage when the upload has been finished.
    pub sync: bool,
}

/// What becomes of zeros in data, so that a sparse volume stays sparse.
enum Zeros {
    /// They are there already, unless somebody else has written since.
    Leave,
    /// A hole is made.
    Punch,
    /// They are written, and keep their space.
    Write,
}

/// The writing side. Used by one thread at a time: the worker's, or the caller's when there is no
/// worker.
struct Writer {
    node: Arc<dyn Node>,
    zeros: Zeros,
    cuts: bool,
    stats: Arc<Stats>,
    pipe: Arc<Pipe>,
    wakeup: Arc<Wakeup>,
}

impl Writer {
    /// Whether zeros in data are worth looking for.
    fn finds_zeros(&self) -> bool {
        !matches!(self.zeros, Zeros::Write)
    }

    /// Writes one chunk, and passes a failure on to the sending side.
    fn take(&self, chunk: Chunk) -> bool {
        let written = contain_panic(|| self.write(&chunk));
        let good = written.is_ok();
        match written {
            Ok(()) => self.pipe.put_free(chunk),
            Err(error) => self.pipe.fail(error),
        }
        good
    }

    fn write(&self, chunk: &Chunk) -> Result<()> {
        let empty = self.is_empty(chunk).map_err(report)?;
        for piece in chunk.pieces() {
            let (offset, length) = (piece.offset, piece.length);
            match piece.contents {
                Contents::Data(at) => {
                    self.write_data(chunk.data(at, length), offset, empty).map_err(report)?;
                    self.stats.add_data(length);
                }
                Contents::Zeros => {
                    self.make_zeros(offset, length, empty).map_err(report)?;
                    self.stats.add_data(length);
                }
                Contents::Hole => self.make_hole(offset, length, empty)?,
            }
        }
        Ok(())
    }

    /// Data that was sent in small pieces may hold zeros that none of the pieces showed.
    fn write_data(&self, data: &[u8], offset: u64, empty: bool) -> block::Result<()> {
        if !self.finds_zeros() {
            return self.node.write_at(data, offset);
        }
        for run in runs(data, offset) {
            let at = offset + run.start as u64;
            if run.zero {
                self.make_zeros(at, run.length as u64, empty)?;
            } else {
                self.node.write_at(&data[run.start..run.start + run.length], at)?;
            }
        }
        Ok(())
    }

    /// Makes a range read as zeros, which takes nothing where the chunk's range is empty.
    fn make_zeros(&self, offset: u64, length: u64, empty: bool) -> block::Result<()> {
        if empty { Ok(()) } else { self.node.write_zeroes(offset, length, true) }
    }

    /// Whether all places for zeros in a chunk are known to be a hole. One look at its whole range
    /// costs next to nothing; one at each hole cost half as much again as writing the data between.
    fn is_empty(&self, chunk: &Chunk) -> block::Result<bool> {
        let (Zeros::Leave, Some(range)) = (&self.zeros, chunk.range()) else { return Ok(false) };
        if range.end > self.node.length()? {
            return Ok(false);
        }
        let extent = self.node.extent_at(range.start, range.end)?;
        Ok(extent.kind.is_zero() && extent.end() >= range.end)
    }

    fn make_hole(&self, mut offset: u64, mut length: u64, empty: bool) -> Result<()> {
        if self.cuts {
            self.cut(offset, length).map_err(report)?;
            self.stats.add_hole(length);
            return Ok(());
        }
        if empty || self.node.write_zeroes_fast(offset, length, true).map_err(report)? {
            self.stats.add_hole(length);
            return Ok(());
        }
        let step = if self.node.knows_holes() { length } else { STEP };
        while length > 0 {
            let part = length.min(step);
            self.node.write_zeroes(offset, part, true).map_err(report)?;
            self.stats.add_hole(part);
            offset += part;
            length -= part;
            if length > 0 {
                self.pipe.check()?;
            }
        }
        Ok(())
    }

    /// Makes the hole the end of the file.
    fn cut(&self, offset: u64, length: u64) -> block::Result<()> {
        let end = offset.saturating_add(length);
        let before = self.node.length()?;
        // Refused, it leaves everything as it is.
        self.node.resize(end)?;
        let old_end = before.min(end);
        if offset < old_end {
            self.node.write_zeroes(offset, old_end - offset, true)?;
        }
        Ok(())
    }
}

fn report(error: block::BlockError) -> Error {
    error.report(VIR_FROM_STREAMS)
}

/// The caller's side.
struct Producer {
    /// The chunk that is being filled.
    current: Option<Chunk>,
    /// Where the next byte goes.
    position: u64,
    end: Option<u64>,
    /// A hole that waits for a chunk. It ends at `position`.
    hole: Option<(u64, u64)>,
    /// Bytes of data that are known to come next.
    expected: u64,
    /// Everything has been written; nothing more is taken.
    over: bool,
}

impl Producer {
    /// Bytes that may still be sent.
    fn room(&self) -> u64 {
        self.end.unwrap_or(i64::MAX as u64).saturating_sub(self.position)
    }
}

/// See the module's text.
pub struct Upload {
    pipe: Arc<Pipe>,
    producer: Mutex<Producer>,
    sink: Arc<Writer>,
    worker: Mutex<Option<JoinHandle<()>>>,
    sparse: bool,
    clamps: bool,
    waits: bool,
    sync: bool,
}

impl Upload {
    /// An upload into `target`. Unless `waits`, sending never waits for the disk.
    pub fn new(
        target: Target,
        waits: bool,
        stats: Arc<Stats>,
        wakeup: Arc<Wakeup>,
    ) -> Result<Upload> {
        let zeros = match target.node.space().map_err(report)? {
            Space::Fresh => Zeros::Leave,
            Space::Sparse => Zeros::Punch,
            Space::Full => Zeros::Write,
        };
        if target.sync {
            target.node.write_behind();
        }
        let pipe = Pipe::new();
        Ok(Upload {
            producer: Mutex::new(Producer {
                current: None,
                position: target.offset,
                end: target.end,
                hole: None,
                expected: 0,
                over: false,
            }),
            sink: Arc::new(Writer {
                node: target.node,
                zeros,
                cuts: target.cuts,
                stats,
                pipe: pipe.clone(),
                wakeup,
            }),
            pipe,
            worker: Mutex::new(None),
            sparse: target.sparse,
            clamps: target.clamps,
            waits,
            sync: target.sync,
        })
    }

    /// Takes bytes; how many, or `None` if none can be taken without waiting. More than the
    /// upload's range is refused, and what is within the range is then in the volume.
    pub fn send(&self, data: &[u8]) -> Result<Option<usize>> {
        let mut producer = self.producer();
        let within = producer.room().min(data.len() as u64) as usize;
        let mut done = 0;
        while done < within {
            let position = producer.position;
            let Some(chunk) = self.chunk(&mut producer, 1)? else { break };
            let length = chunk.room_len().min(within - done);
            let part = &data[done..done + length];
            if self.sink.finds_zeros() {
                chunk.push_copy(position, part);
            } else {
                chunk.room()[..length].copy_from_slice(part);
                chunk.push_data(position, length);
            }
            producer.position += length as u64;
            self.tell(&mut producer, length as u64);
            done += length;
            self.submit_if_full(&mut producer);
        }
        if done == within && within < data.len() {
            return Err(self.beyond_range(&mut producer));
        }
        Ok((done > 0 || data.is_empty()).then_some(done))
    }

    /// Takes a hole. Never waits, unless to refuse one that reaches beyond the range.
    pub fn send_hole(&self, length: u64) -> Result<()> {
        if !self.sparse {
            return Err(Error::invalid_operation(
                VIR_FROM_STREAMS,
                "Skipping is not supported with this stream",
            ));
        }
        let mut producer = self.producer();
        self.check(&producer)?;
        let within = length.min(producer.room());
        let offset = producer.position;
        producer.position += within;
        self.sink.stats.sent_hole(within);
        match (&mut producer.current, within) {
            (_, 0) => {}
            (Some(chunk), _) => chunk.push_hole(offset, within),
            (None, _) => {
                let (start, waiting) = producer.hole.unwrap_or((offset, 0));
                producer.hole = Some((start, waiting + within));
            }
        }
        if within < length && !self.clamps {
            return Err(self.beyond_range(&mut producer));
        }
        Ok(())
    }

    /// So much data is known to come next.
    pub fn expect(&self, data: u64) {
        let mut producer = self.producer();
        let data = data.min(producer.room());
        self.sink.stats.told_data(data.saturating_sub(producer.expected));
        producer.expected = producer.expected.max(data);
    }

    /// So much data has come.
    fn tell(&self, producer: &mut Producer, data: u64) {
        let known = producer.expected.min(data);
        producer.expected -= known;
        self.sink.stats.told_data(data - known);
    }

    /// A chunk for the caller to fill itself; it has `wanted` bytes of room, or a good part of it.
    pub fn lend(&self, wanted: usize) -> Result<Chunk> {
        let mut producer = self.producer();
        self.chunk(&mut producer, wanted.min(ROOM))?;
        if let Some(earlier) = producer.current.take_if(|c| self.sink.cuts && !c.is_empty()) {
            // A hole in it must not cut off what a callback sends by itself meanwhile.
            self.submit(earlier);
            self.chunk(&mut producer, wanted.min(ROOM))?;
        }
        let chunk = producer.current.take().ok_or_else(|| {
            Error::internal(VIR_FROM_STREAMS, "no buffer in a stream that may wait for one")
        })?;
        self.pipe.lent();
        Ok(chunk)
    }

    /// Takes a lent chunk back, with `length` bytes at the start of what was its room.
    pub fn give_back(&self, mut chunk: Chunk, length: usize) -> Result<()> {
        let mut producer = self.producer();
        self.pipe.returned();
        self.check(&producer)?;
        let within = producer.room().min(length as u64) as usize;
        // A callback that sent by itself has filled another chunk meanwhile, or left a hole.
        if let Some(other) = producer.current.take() {
            self.submit(other);
        }
        if let Some((offset, length)) = producer.hole.take() {
            chunk.push_hole(offset, length);
        }
        if self.sink.finds_zeros() {
            chunk.push_room(producer.position, within);
        } else if within > 0 {
            chunk.push_data(producer.position, within);
        }
        producer.position += within as u64;
        self.tell(&mut producer, within as u64);
        producer.current = Some(chunk);
        if within < length {
            return Err(self.beyond_range(&mut producer));
        }
        self.submit_if_full(&mut producer);
        Ok(())
    }

    /// Whether something can be sent without waiting.
    pub fn is_writable(&self) -> bool {
        // Somebody who is sending at this moment may be waiting for room.
        let Ok(producer) = self.producer.try_lock() else { return false };
        producer.current.is_some() || self.pipe.has_free()
    }

    /// Brings all that was taken into the volume, and to stable storage.
    pub fn finish(&self) -> Result<()> {
        let mut producer = self.producer();
        self.drain(&mut producer)?;
        if self.sync {
            self.sink.node.flush().map_err(report)?;
        }
        self.sink.node.settle().map_err(report)
    }

    /// Stops. What has not been written yet is dropped; nothing is written after this returns. `why`: the
    /// error of whoever is sending at this moment.
    pub fn stop(&self, why: Error) {
        self.pipe.stop(why);
        self.join();
    }

    fn submit_if_full(&self, producer: &mut Producer) {
        if let Some(chunk) = producer.current.take_if(|chunk| chunk.room_len() == 0) {
            self.submit(chunk);
        }
    }

    /// The chunk that is being filled, with room for `wanted` bytes; `None` if there is none, and
    /// this upload does not wait.
    fn chunk<'a>(
        &self,
        producer: &'a mut Producer,
        wanted: usize,
    ) -> Result<Option<&'a mut Chunk>> {
        self.check(producer)?;
        if let Some(full) = producer.current.take_if(|chunk| chunk.room_len() < wanted) {
            self.submit(full);
        }
        if producer.current.is_none() {
            let Taken::Chunk(mut chunk) = self.pipe.take_free(self.waits)? else {
                return Ok(None);
            };
            if let Some((offset, length)) = producer.hole.take() {
                chunk.push_hole(offset, length);
            }
            producer.current = Some(chunk);
        }
        Ok(producer.current.as_mut())
    }

    /// Fails if nothing more is taken: an error of the worker is told at the first call after it.
    fn check(&self, producer: &Producer) -> Result<()> {
        self.pipe.check()?;
        if producer.over { Err(super::closed()) } else { Ok(()) }
    }

    /// Hands a chunk to the worker, which is started with the first one.
    fn submit(&self, chunk: Chunk) {
        self.pass_on(chunk, true);
    }

    /// Has a chunk written, by the worker if there is one or may be one. What is written here is
    /// written with the worker's place locked, so that an abort waits for it.
    fn pass_on(&self, chunk: Chunk, may_start: bool) {
        let mut worker = self.worker();
        if self.pipe.check().is_err() {
            return;
        }
        if worker.is_none() && may_start {
            let sink = self.sink.clone();
            *worker = sys::spawn("virsparse-write", move || write_chunks(&sink));
        }
        if worker.is_some() {
            self.pipe.put_filled(chunk);
        } else {
            self.sink.take(chunk);
        }
    }

    /// Waits until all that was taken is written, and ends the worker.
    fn drain(&self, producer: &mut Producer) -> Result<()> {
        if producer.current.is_none() && producer.hole.is_some() {
            // The hole needs a chunk, which the worker will give back.
            if let Taken::Chunk(mut chunk) = self.pipe.take_free(true)? {
                if let Some((offset, length)) = producer.hole.take() {
                    chunk.push_hole(offset, length);
                }
                producer.current = Some(chunk);
            }
        }
        if let Some(chunk) = producer.current.take().filter(|chunk| !chunk.is_empty()) {
            // A transfer as small as that needs no thread.
            self.pass_on(chunk, false);
        }
        producer.over = true;
        self.pipe.close();
        self.join();
        self.pipe.check()
    }

    /// The error for more data than the range takes.
    fn beyond_range(&self, producer: &mut Producer) -> Error {
        match self.drain(producer) {
            Ok(()) => Error::system(VIR_FROM_STREAMS, Errno::ENOSPC, "cannot write to stream"),
            Err(error) => error,
        }
    }

    /// Waits for the worker, also if somebody else does so already.
    fn join(&self) {
        let mut worker = self.worker();
        if let Some(worker) = worker.take() {
            // It contains its own panics.
            let _ = worker.join();
        }
    }

    fn worker(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.worker.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn producer(&self) -> MutexGuard<'_, Producer> {
        self.producer.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The worker: writes chunks until there are no more.
fn write_chunks(sink: &Writer) {
    while let Ok(Taken::Chunk(chunk)) = sink.pipe.take_filled(true) {
        let good = sink.take(chunk);
        sink.wakeup.notify();
        if !good {
            break;
        }
    }
}
