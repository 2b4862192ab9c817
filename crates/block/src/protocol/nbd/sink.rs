//! Where the replies to a request go. Whatever the server sends, no more is taken than was asked
//! for, and every reply ends.

use std::io::IoSliceMut;
use std::ops::Range;

use super::failure::Failure;
use super::protocol::*;
use super::socket::Receiver;

/// The longest chunk that is an error: numbers, and a text.
const ERROR_MAX: u32 = 14 + STRING_MAX as u32;

/// The most errors in one reply.
const ERRORS_MAX: u32 = 64;

/// What a reply is expected to bring.
pub enum Contents<'a> {
    /// Only how it went.
    Nothing,
    /// The bytes from an offset on.
    Data { offset: u64, target: Target<'a> },
    /// Extents of the context with this id: length and state.
    Extents { context: u32, extents: Vec<(u32, StateFlags)> },
}

/// Where the bytes of a read go.
pub enum Target<'a> {
    One(&'a mut [u8]),
    Several(&'a mut (dyn Buffers + 'a)),
    /// The first bytes of a buffer of its own.
    Owned(Vec<u8>, usize),
}

/// Several buffers, one after the other.
pub trait Buffers: Send {
    /// How many there are.
    fn count(&self) -> usize;
    /// One of them.
    fn buffer(&mut self, index: usize) -> &mut [u8];
    /// How many bytes they have together.
    fn total(&self) -> usize;
}

impl Buffers for &mut [IoSliceMut<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn buffer(&mut self, index: usize) -> &mut [u8] {
        &mut self[index]
    }

    fn total(&self) -> usize {
        self.iter().map(|buffer| buffer.len()).sum()
    }
}

impl Target<'_> {
    fn len(&self) -> usize {
        match self {
            Target::One(buffer) => buffer.len(),
            Target::Several(buffers) => buffers.total(),
            Target::Owned(_, length) => *length,
        }
    }

    /// Fills a range of it, which lies in it, part by part.
    fn fill(
        &mut self,
        range: Range<usize>,
        mut fill: impl FnMut(&mut [u8]) -> Checked<()>,
    ) -> Checked<()> {
        let buffers = match self {
            Target::One(buffer) => return fill(&mut buffer[range]),
            Target::Owned(buffer, _) => return fill(&mut buffer[range]),
            Target::Several(buffers) => buffers,
        };
        let mut start = 0;
        for index in 0..buffers.count() {
            let buffer = buffers.buffer(index);
            let end = start + buffer.len();
            let part = range.start.max(start)..range.end.min(end);
            if part.start < part.end {
                fill(&mut buffer[part.start - start..part.end - start])?;
            }
            start = end;
        }
        Ok(())
    }
}

/// What one request expects, and has got so far.
pub struct Sink<'a> {
    pub contents: Contents<'a>,
    structured: bool,
    received: usize,
    error: Option<Failure>,
    errors: u32,
}

/// Whether a reply is complete.
pub enum Progress {
    More,
    Done(Result<(), Failure>),
}

type Checked<T> = Result<T, Failure>;

fn malformed() -> Failure {
    Failure::protocol("a reply is malformed")
}

impl<'a> Sink<'a> {
    /// `structured`: replies with data are to be structured.
    pub fn new(contents: Contents<'a>, structured: bool) -> Sink<'a> {
        Sink { contents, structured, received: 0, error: None, errors: 0 }
    }

    /// Takes the rest of a reply or a chunk with this head.
    pub fn accept(&mut self, head: &ReplyHead, receiver: &mut Receiver) -> Checked<Progress> {
        match *head {
            ReplyHead::Simple { error, .. } => self.accept_simple(error, receiver),
            ReplyHead::Chunk { .. } if !self.structured => Err(malformed()),
            ReplyHead::Chunk { flags, kind, length, .. } => {
                self.accept_chunk(kind, length, receiver)?;
                match flags & chunk::DONE {
                    0 if kind == chunk::NONE => Err(malformed()),
                    0 => Ok(Progress::More),
                    _ => self.done(),
                }
            }
        }
    }

    fn accept_simple(&mut self, error: u32, receiver: &mut Receiver) -> Checked<Progress> {
        // Chunks have come before it.
        if self.received > 0 || self.errors > 0 {
            return Err(malformed());
        }
        if error != 0 {
            return Ok(Progress::Done(Err(Failure::system(errno_of_reply(error)))));
        }
        match &mut self.contents {
            Contents::Nothing => {}
            Contents::Data { target, .. } if !self.structured => {
                let all = 0..target.len();
                target.fill(all, |part| receive(receiver, part))?;
            }
            _ => return Err(malformed()),
        }
        Ok(Progress::Done(Ok(())))
    }

    fn accept_chunk(&mut self, kind: u16, length: u32, receiver: &mut Receiver) -> Checked<()> {
        if kind & chunk::ERROR_BIT != 0 {
            return self.accept_error(length, receiver);
        }
        match (kind, &mut self.contents) {
            (chunk::NONE, _) if length == 0 => Ok(()),
            (chunk::OFFSET_DATA, Contents::Data { offset, target })
                if (9..=8 + target.len()).contains(&(length as usize)) =>
            {
                let at = take(receiver, 8)?.u64().unwrap_or(0);
                let range = within(*offset, target.len(), at, length - 8)?;
                self.received += range.len();
                target.fill(range, |part| receive(receiver, part))?;
                self.check_received()
            }
            (chunk::OFFSET_HOLE, Contents::Data { offset, target }) if length == 12 => {
                let mut fields = take(receiver, 12)?;
                let (at, size) = (fields.u64().unwrap_or(0), fields.u32().unwrap_or(0));
                let range = within(*offset, target.len(), at, size)?;
                self.received += range.len();
                target.fill(range, |part| {
                    part.fill(0);
                    Ok(())
                })?;
                self.check_received()
            }
            (chunk::BLOCK_STATUS, Contents::Extents { context, extents }) => {
                accept_extents(*context, extents, length, receiver)
            }
            _ => Err(malformed()),
        }
    }

    /// Chunks must not overlap, so more than was asked for is too much.
    fn check_received(&self) -> Checked<()> {
        match &self.contents {
            Contents::Data { target, .. } if self.received <= target.len() => Ok(()),
            _ => Err(malformed()),
        }
    }

    fn accept_error(&mut self, length: u32, receiver: &mut Receiver) -> Checked<()> {
        self.errors += 1;
        if !(6..=ERROR_MAX).contains(&length) || self.errors > ERRORS_MAX {
            return Err(malformed());
        }
        let mut fields = take(receiver, length as usize)?;
        let (error, size) = (fields.u32().unwrap_or(0), fields.u16().unwrap_or(0));
        let text = fields.bytes(size.into()).ok_or_else(malformed)?;
        let text = Failure::readable(text);
        self.error.get_or_insert(Failure { errno: errno_of_reply(error), text });
        Ok(())
    }

    fn done(&mut self) -> Checked<Progress> {
        if let Some(error) = self.error.take() {
            return Ok(Progress::Done(Err(error)));
        }
        let complete = match &self.contents {
            Contents::Nothing => true,
            Contents::Data { target, .. } => self.received == target.len(),
            Contents::Extents { extents, .. } => !extents.is_empty(),
        };
        if complete { Ok(Progress::Done(Ok(()))) } else { Err(malformed()) }
    }
}

fn take(receiver: &mut Receiver, count: usize) -> Checked<Fields<'_>> {
    match receiver.fill(count).map_err(Failure::connection)? {
        true => Ok(Fields(receiver.take(count))),
        false => Err(Failure::connection(virsparse_base::errno::Errno::ECONNRESET)),
    }
}

fn receive(receiver: &mut Receiver, target: &mut [u8]) -> Checked<()> {
    receiver.receive_into(target).map_err(Failure::connection)
}

/// The part of a read for a chunk, which must lie in what was asked for and not be empty.
fn within(start: u64, asked: usize, at: u64, length: u32) -> Checked<Range<usize>> {
    let from = at.checked_sub(start).ok_or_else(malformed)?;
    let end = from.checked_add(length.into()).ok_or_else(malformed)?;
    if length == 0 || end > asked as u64 {
        return Err(malformed());
    }
    Ok(from as usize..end as usize)
}

/// Takes the descriptors of a status chunk, a piece at a time.
fn accept_extents(
    context: u32,
    extents: &mut Vec<(u32, StateFlags)>,
    length: u32,
    receiver: &mut Receiver,
) -> Checked<()> {
    let count = length.saturating_sub(4) as usize / 8;
    let sensible = length as usize == 4 + 8 * count && (1..=DESCRIPTORS_MAX).contains(&count);
    if !sensible || !extents.is_empty() || take(receiver, 4)?.u32() != Some(context) {
        return Err(malformed());
    }
    let mut left = count;
    while left > 0 {
        let piece = left.min(4096);
        let mut fields = take(receiver, 8 * piece)?;
        for _ in 0..piece {
            let length = fields.u32().filter(|length| *length > 0).ok_or_else(malformed)?;
            let state = fields.u32().ok_or_else(malformed)?;
            extents.push((length, StateFlags::from_bits_retain(state)));
        }
        left -= piece;
    }
    Ok(())
}
