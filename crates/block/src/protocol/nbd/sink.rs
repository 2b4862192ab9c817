//! Where the replies to a request go. Whatever the server sends, no more is taken than was asked
//! for, and every reply ends.

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
    Data { offset: u64, buffer: &'a mut [u8] },
    /// Extents of the context with this id: length and state.
    Extents { context: u32, extents: Vec<(u32, StateFlags)> },
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
            Contents::Data { buffer, .. } if !self.structured => {
                receiver.receive_into(buffer).map_err(Failure::connection)?;
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
            (chunk::OFFSET_DATA, Contents::Data { offset, buffer })
                if (9..=8 + buffer.len()).contains(&(length as usize)) =>
            {
                let at = take(receiver, 8)?.u64().unwrap_or(0);
                let target = within(*offset, buffer, at, length - 8)?;
                self.received += target.len();
                receiver.receive_into(target).map_err(Failure::connection)?;
                self.check_received()
            }
            (chunk::OFFSET_HOLE, Contents::Data { offset, buffer }) if length == 12 => {
                let mut fields = take(receiver, 12)?;
                let (at, size) = (fields.u64().unwrap_or(0), fields.u32().unwrap_or(0));
                let target = within(*offset, buffer, at, size)?;
                self.received += target.len();
                target.fill(0);
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
            Contents::Data { buffer, .. } if self.received <= buffer.len() => Ok(()),
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
            Contents::Data { buffer, .. } => self.received == buffer.len(),
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

/// The part of the buffer for a chunk, which must lie in what was asked for and not be empty.
fn within(start: u64, buffer: &mut [u8], at: u64, length: u32) -> Checked<&mut [u8]> {
    let from = at.checked_sub(start).ok_or_else(malformed)?;
    let end = from.checked_add(length.into()).ok_or_else(malformed)?;
    if length == 0 || end > buffer.len() as u64 {
        return Err(malformed());
    }
    Ok(&mut buffer[from as usize..end as usize])
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
