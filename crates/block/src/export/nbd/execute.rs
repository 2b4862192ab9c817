//! Does what a request asks for, and makes the reply. Replies are complete before the first byte
//! is sent, so an error never comes too late.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use virsparse_base::errno::Errno;

use super::buffers::Buffer;
use super::request::{Operation, Terms};
use crate::nbd::protocol::*;
use crate::{BlockError, Extent, ExtentKind, Node};
use virsparse_base::contain_panic;
use virsparse_base::errno::errno_text;

/// The id of the only metadata context.
pub const CONTEXT_ID: u32 = 1;

/// The most extents that one reply tells of, and the most that are asked for to make it.
const EXTENTS_MAX: usize = 32 * 1024;

/// Shorter reads are sent as data even where there is a hole: to ask for extents costs more than
/// the zeros. It also bounds the chunks of a reply, each of which saves more than it takes.
const HOLE_MIN: u64 = 64 * 1024;

/// How far ahead a read looks for the end of data.
const LOOK_AHEAD: u64 = 1 << 30;

/// What one CACHE request reads ahead at most, and in pieces of which size.
const CACHE_MAX: u64 = PAYLOAD_MAX as u64;
const CACHE_PIECE: usize = 256 * 1024;

/// The disk as one client sees it.
pub struct Disk {
    node: Arc<dyn Node>,
    pub terms: Terms,
    known: KnownData,
}

impl Disk {
    pub fn new(node: Arc<dyn Node>, terms: Terms) -> Disk {
        Disk { node, terms, known: KnownData::default() }
    }
}

/// Where data has been found last. To ask a filesystem where data ends may cost time for all of the
/// data (tmpfs looks at every page), so each read asking again took minutes for a gigabyte. What
/// is kept may be out of date or, from two threads, inconsistent: then a hole is sent as zeros.
#[derive(Default)]
struct KnownData {
    start: AtomicU64,
    end: AtomicU64,
}

impl KnownData {
    fn note(&self, extent: &Extent) {
        self.start.store(extent.offset, Relaxed);
        self.end.store(extent.end(), Relaxed);
    }

    /// The end of the data that `offset` is known to be in.
    fn end_after(&self, offset: u64) -> Option<u64> {
        let end = self.end.load(Relaxed);
        (self.start.load(Relaxed)..end).contains(&offset).then_some(end)
    }
}

/// How long a buffer must be for an operation's data and its reply.
pub fn buffer_length(operation: Operation, length: u32, terms: &Terms) -> usize {
    let length = length as usize;
    match operation {
        Operation::Read { .. } if terms.structured => DATA_HEAD + HOLE_CHUNK + length,
        Operation::Read { .. } => SIMPLE_HEAD + length,
        Operation::Cache => CACHE_PIECE.min(length),
        Operation::Status { one: true } => CHUNK_HEAD + 4 + 8,
        // An extent is mostly not smaller than a sector; if it is, the reply tells of less.
        Operation::Status { one: false } => CHUNK_HEAD + 4 + 8 * EXTENTS_MAX.min(length / 512 + 1),
        _ => SIMPLE_HEAD,
    }
}

/// A request that has passed the checks.
#[derive(Clone, Copy)]
pub struct Task {
    pub operation: Operation,
    pub cookie: u64,
    pub offset: u64,
    pub length: u32,
}

/// Does a task, and puts the reply into `buffer`, which has [`buffer_length`]. `data` is what a
/// write writes; without it, that is in the buffer.
pub fn execute(task: &Task, disk: &Disk, data: Option<&[u8]>, mut buffer: Buffer) -> Buffer {
    let done = contain_panic(|| run(task, disk, &*disk.node, data, &mut buffer));
    match done.unwrap_or(Err(Errno::EIO)) {
        Ok(Some(length)) => buffer.set_length(length),
        Ok(None) => buffer.set(&simple_head(0, task.cookie)),
        Err(errno) => fail(&mut buffer, &disk.terms, task.cookie, errno),
    }
    buffer
}

/// Makes the reply to a request that failed.
pub fn fail(buffer: &mut Buffer, terms: &Terms, cookie: u64, errno: Errno) {
    let error = error_number(errno);
    if !terms.structured {
        return buffer.set(&simple_head(error, cookie));
    }
    let text = errno_text(errno.raw());
    let length = 6 + text.len();
    let mut reply = Vec::with_capacity(CHUNK_HEAD + length);
    reply.extend(chunk_head(chunk::DONE, chunk::ERROR, cookie, length as u32));
    reply.extend(error.to_be_bytes());
    reply.extend((text.len() as u16).to_be_bytes());
    reply.extend(text.as_bytes());
    buffer.set(&reply);
}

type Done<T> = Result<T, Errno>;

fn errno(error: BlockError) -> Errno {
    error.errno
}

/// Returns the length of the reply in the buffer; `None` if there is nothing to tell but success.
fn run(
    task: &Task,
    disk: &Disk,
    node: &dyn Node,
    data: Option<&[u8]>,
    buffer: &mut Buffer,
) -> Done<Option<usize>> {
    let (offset, length) = (task.offset, u64::from(task.length));
    match task.operation {
        Operation::Read { whole } if disk.terms.structured => {
            let holes = !whole && length >= HOLE_MIN && node.knows_holes();
            return read_chunks(task, disk, node, buffer, holes).map(Some);
        }
        Operation::Read { .. } => {
            let (head, data) = buffer.split_at_mut(SIMPLE_HEAD);
            head.copy_from_slice(&simple_head(0, task.cookie));
            read_all(node, data, offset)?;
            return Ok(Some(SIMPLE_HEAD + data.len()));
        }
        Operation::Status { one } => return status(task, node, buffer, one).map(Some),
        Operation::Write { .. } => node.write_at(data.unwrap_or(buffer), offset),
        Operation::Flush => node.flush(),
        Operation::Trim { .. } => node.discard(offset, length),
        Operation::Cache => {
            let end = offset + length.min(CACHE_MAX);
            let mut at = offset;
            while at < end {
                let piece = (end - at).min(buffer.len() as u64);
                read_all(node, &mut buffer[..piece as usize], at)?;
                at += piece;
            }
            Ok(())
        }
        Operation::Zero { may_unmap, fast: false, .. } => {
            node.write_zeroes(offset, length, may_unmap)
        }
        Operation::Zero { may_unmap, fast: true, .. } => {
            let zeroed = node.write_zeroes_fast(offset, length, may_unmap).map_err(errno)?;
            if zeroed { Ok(()) } else { return Err(Errno::EOPNOTSUPP) }
        }
    }
    .map_err(|error| match error.errno {
        // The protocol keeps ENOTSUP for zeroes that are not fast.
        Errno::EOPNOTSUPP => Errno::EINVAL,
        errno => errno,
    })?;
    if task.operation.is_durable() && task.operation != Operation::Flush {
        node.flush().map_err(errno)?;
    }
    Ok(None)
}

/// Reads what the client knows to be there. A node that has become shorter cannot give it.
fn read_all(node: &dyn Node, target: &mut [u8], offset: u64) -> Done<()> {
    let wanted = target.len();
    let read = node.read_at(target, offset).map_err(errno)?;
    if read == wanted { Ok(()) } else { Err(Errno::EIO) }
}

/// A structured reply to a read: chunks for data, and for holes if `holes`.
fn read_chunks(
    task: &Task,
    disk: &Disk,
    node: &dyn Node,
    reply: &mut [u8],
    holes: bool,
) -> Done<usize> {
    let end = task.offset + u64::from(task.length);
    let mut used = 0;
    let mut last_head = 0;
    let mut at = task.offset;
    while at < end {
        let (piece_end, hole) = if holes { piece_at(disk, node, at, end)? } else { (end, false) };
        let size = (piece_end - at) as usize;
        last_head = used;
        let (kind, payload, chunk_length) = match hole {
            true => (chunk::OFFSET_HOLE, 12, HOLE_CHUNK),
            false => (chunk::OFFSET_DATA, 8 + size, DATA_HEAD + size),
        };
        let (head, body) = reply[used..used + chunk_length].split_at_mut(DATA_HEAD);
        head[..CHUNK_HEAD].copy_from_slice(&chunk_head(0, kind, task.cookie, payload as u32));
        head[CHUNK_HEAD..].copy_from_slice(&at.to_be_bytes());
        match hole {
            true => body.copy_from_slice(&(size as u32).to_be_bytes()),
            false => read_all(node, body, at)?,
        }
        used += chunk_length;
        at = piece_end;
    }
    if used == 0 {
        reply[..CHUNK_HEAD].copy_from_slice(&chunk_head(0, chunk::NONE, task.cookie, 0));
        used = CHUNK_HEAD;
    }
    // The flags follow the magic number.
    reply[last_head + 4..last_head + 6].copy_from_slice(&chunk::DONE.to_be_bytes());
    Ok(used)
}

/// Where the piece at `offset` ends, and whether it is a hole. Holes that are small, and not all
/// that is left, are part of the data around them.
fn piece_at(disk: &Disk, node: &dyn Node, offset: u64, end: u64) -> Done<(u64, bool)> {
    let worth_it = HOLE_MIN.min(end - offset);
    let limit = disk.terms.length.min(end.saturating_add(LOOK_AHEAD));
    let mut at = offset;
    while at < end {
        if let Some(known) = disk.known.end_after(at) {
            at = known;
            continue;
        }
        let extent = extent_at(node, at, limit)?;
        if !extent.kind.is_zero() {
            disk.known.note(&extent);
        } else if extent.end().min(end) - at >= worth_it {
            return Ok(if at == offset { (extent.end().min(end), true) } else { (at, false) });
        }
        at = extent.end();
    }
    Ok((end, false))
}

/// What the node says, held to what it promises: within the range, and not empty. What is beyond
/// the end of a node that has become shorter is no hole.
fn extent_at(node: &dyn Node, offset: u64, limit: u64) -> Done<Extent> {
    let limit = limit.min(node.length().map_err(errno)?);
    if offset >= limit {
        return Err(Errno::EIO);
    }
    let extent = node.extent_at(offset, limit).map_err(errno)?;
    let inside = extent.offset == offset && extent.length > 0 && extent.end() <= limit;
    if inside { Ok(extent) } else { Err(Errno::EIO) }
}

/// The reply to a status request.
fn status(task: &Task, node: &dyn Node, reply: &mut [u8], one: bool) -> Done<usize> {
    let end = task.offset + u64::from(task.length);
    let mut at = task.offset;
    let mut used = CHUNK_HEAD + 4;
    let mut open: Option<(u32, StateFlags)> = None;
    // Extents that are alike are told as one; what is asked of the node is bounded all the same.
    for _ in 0..EXTENTS_MAX {
        if at >= end {
            break;
        }
        let extent = extent_at(node, at, end)?;
        let state = match extent.kind {
            ExtentKind::Data => StateFlags::empty(),
            ExtentKind::Zero => StateFlags::ZERO,
            ExtentKind::Hole => StateFlags::ZERO | StateFlags::HOLE,
        };
        let length = extent.length as u32;
        at = extent.end();
        open = match open {
            Some((before, same)) if same == state => Some((before + length, state)),
            Some(_) if one => break,
            Some(descriptor) => {
                push_descriptor(reply, &mut used, descriptor);
                if used + 8 > reply.len() {
                    open = None;
                    break;
                }
                Some((length, state))
            }
            None => Some((length, state)),
        };
    }
    if let Some(descriptor) = open {
        push_descriptor(reply, &mut used, descriptor);
    }
    let payload = (used - CHUNK_HEAD) as u32;
    let head = chunk_head(chunk::DONE, chunk::BLOCK_STATUS, task.cookie, payload);
    reply[..CHUNK_HEAD].copy_from_slice(&head);
    reply[CHUNK_HEAD..CHUNK_HEAD + 4].copy_from_slice(&CONTEXT_ID.to_be_bytes());
    Ok(used)
}

fn push_descriptor(reply: &mut [u8], used: &mut usize, (length, state): (u32, StateFlags)) {
    reply[*used..*used + 4].copy_from_slice(&length.to_be_bytes());
    reply[*used + 4..*used + 8].copy_from_slice(&state.bits().to_be_bytes());
    *used += 8;
}
