//! The requests of a node to an NBD server, as the server takes them: only whole blocks, if it says so.

use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::channel::{Call, Channel};
use super::dial::Agreed;
use super::extents::KnownExtents;
use super::failure::Failure;
use super::protocol::*;
use super::queue::NbdQueue;
use super::sink::{Contents, Sink, Target};
use crate::queue::RequestQueue;
use crate::{
    BlockError, Extent, ExtentKind, Node, Profile, Result, Space, read_by_pieces, total_length,
    write_by_pieces,
};

/// The most that is zeroed or discarded by one request.
pub const RANGE_MAX: u64 = 1 << 30;

/// What is asked of the server in one request for extents.
const STATUS_MAX: u64 = 2 << 30;

/// Zeros are sent in pieces of this size where the server cannot make them itself.
static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

/// An export, on a connection that has been agreed upon.
pub struct Requests {
    pub name: String,
    pub channel: Arc<Channel>,
    pub agreed: Agreed,
    pub known: Arc<KnownExtents>,
}

impl Requests {
    /// Whether the server takes no writes.
    pub fn is_read_only(&self) -> bool {
        self.has(TransmissionFlags::READ_ONLY)
    }

    fn has(&self, flag: TransmissionFlags) -> bool {
        self.agreed.flags.contains(flag)
    }

    fn error(&self, action: &str, failure: Failure) -> BlockError {
        block_error(action, &self.name, failure)
    }

    /// Does a request whose reply brings `contents`, and returns those.
    fn ask<'a>(
        &self,
        call: Call,
        data: &[IoSlice<'_>],
        contents: Contents<'a>,
    ) -> std::result::Result<Contents<'a>, Failure> {
        // A server that takes only whole blocks would refuse it with less of an explanation.
        let block = u64::from(self.agreed.block);
        if !self.agreed.has_whole_blocks(call.offset, call.length) {
            let text = format!("the server takes only whole blocks of {block} bytes");
            return Err(Failure::new(Errno::EINVAL, text));
        }
        let mut sink = Sink::new(contents, self.agreed.structured);
        self.channel.call(call, data, &mut sink)??;
        Ok(sink.contents)
    }

    /// Does a request that changes the export.
    fn change(
        &self,
        action: &str,
        command: u16,
        flags: CommandFlags,
        offset: u64,
        length: u64,
        data: &[IoSlice<'_>],
    ) -> Result<()> {
        let call = Call { command, flags, offset, length: length as u32 };
        let done = self.ask(call, data, Contents::Nothing);
        self.known.forget();
        done.map(|_| ()).map_err(|failure| self.error(action, failure))
    }

    /// Fails where something beyond the end, or on a read-only export, is to be changed.
    fn check_change(&self, action: &str, offset: u64, length: u64) -> Result<()> {
        if self.is_read_only() {
            return Err(self.error(action, Failure::system(Errno::EROFS)));
        }
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > self.agreed.length) {
            return Err(self.error(action, Failure::system(Errno::ENOSPC)));
        }
        Ok(())
    }

    /// Zeroes or discards a range, in as few requests as the server takes.
    fn change_range(
        &self,
        action: &str,
        command: u16,
        flags: CommandFlags,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        let end = offset + length;
        let mut most = RANGE_MAX;
        let mut at = offset;
        while at < end {
            let piece = (end - at).min(most);
            let done = self.change(action, command, flags, at, piece, &[]);
            match done {
                // Servers may find too much at once what would be a large read or write.
                Err(BlockError { errno: Errno::EINVAL | Errno::EOVERFLOW, .. })
                    if piece > u64::from(self.agreed.payload) =>
                {
                    most = self.agreed.payload.into();
                }
                other => {
                    other?;
                    at += piece;
                }
            }
        }
        Ok(())
    }

    fn write_zero_bytes(&self, offset: u64, length: u64) -> Result<()> {
        let mut at = offset;
        while at < offset + length {
            let piece = (offset + length - at).min(ZEROS.len() as u64);
            self.write_at(&ZEROS[..piece as usize], at)?;
            at += piece;
        }
        Ok(())
    }

    /// Asks the server for the extents from `offset` on, and keeps the answer.
    fn ask_extents(&self, context: u32, offset: u64) -> Result<Vec<(u64, ExtentKind)>> {
        let generation = self.known.generation();
        let block = u64::from(self.agreed.block);
        let start = offset / block * block;
        let call = Call {
            command: command::BLOCK_STATUS,
            flags: CommandFlags::empty(),
            offset: start,
            length: (self.agreed.length - start).min(STATUS_MAX) as u32,
        };
        let contents = Contents::Extents { context, extents: Vec::new() };
        let told = self.ask(call, &[], contents);
        let told = told.map_err(|failure| self.error("find the data of", failure))?;
        let mut joined: Vec<(u64, ExtentKind)> = Vec::new();
        if let Contents::Extents { extents, .. } = told {
            let mut at = start;
            for (length, state) in extents {
                at = (at + u64::from(length)).min(self.agreed.length);
                match joined.last_mut() {
                    Some((end, kind)) if *kind == kind_of(state) => *end = at,
                    _ => joined.push((at, kind_of(state))),
                }
            }
        }
        joined.retain(|(end, _)| *end > offset);
        self.known.put(generation, offset, joined.clone());
        Ok(joined)
    }
}

/// What can be relied on. A hole that is not said to be zero may hold anything.
fn kind_of(state: StateFlags) -> ExtentKind {
    match (state.contains(StateFlags::ZERO), state.contains(StateFlags::HOLE)) {
        (false, _) => ExtentKind::Data,
        (true, false) => ExtentKind::Zero,
        (true, true) => ExtentKind::Hole,
    }
}

pub fn block_error(action: &str, name: &str, Failure { errno, text }: Failure) -> BlockError {
    let reason = if text.is_empty() { String::new() } else { format!(" ({text})") };
    BlockError { what: format!("Unable to {action} {name}{reason}"), errno }
}

impl Node for Requests {
    crate::plain!(compression_unit, write_compressed, space_at, file, write_behind, settle);

    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        Ok(self.agreed.length)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let length = self.agreed.length.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut at = offset;
        for buffer in buffer[..length].chunks_mut(self.agreed.payload as usize) {
            let size = buffer.len() as u32;
            let (command, flags) = (command::READ, CommandFlags::empty());
            let call = Call { command, flags, offset: at, length: size };
            self.ask(call, &[], Contents::Data { offset: at, target: Target::One(buffer) })
                .map_err(|failure| self.error("read", failure))?;
            at += u64::from(size);
        }
        Ok(length)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.check_change("write", offset, data.len() as u64)?;
        let mut at = offset;
        for data in data.chunks(self.agreed.payload as usize) {
            let size = data.len() as u64;
            let data = [IoSlice::new(data)];
            self.change("write", command::WRITE, CommandFlags::empty(), at, size, &data)?;
            at += size;
        }
        Ok(())
    }

    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let length = total_length(buffers.iter().map(|buffer| &**buffer));
        let end = offset.checked_add(length).filter(|end| *end <= self.agreed.length);
        if end.is_none() || length == 0 || length > self.agreed.payload.into() {
            return read_by_pieces(buffers, offset, |buffer, at| self.read_at(buffer, at));
        }
        let (command, flags) = (command::READ, CommandFlags::empty());
        let call = Call { command, flags, offset, length: length as u32 };
        let mut buffers = buffers;
        self.ask(call, &[], Contents::Data { offset, target: Target::Several(&mut buffers) })
            .map_err(|failure| self.error("read", failure))?;
        Ok(length as usize)
    }

    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let length = total_length(data.iter().map(|data| &**data));
        if length > self.agreed.payload.into() {
            return write_by_pieces(data, offset, |data, at| self.write_at(data, at));
        }
        self.check_change("write", offset, length)?;
        if length == 0 {
            return Ok(());
        }
        self.change("write", command::WRITE, CommandFlags::empty(), offset, length, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        let action = "zero a range of";
        self.check_change(action, offset, length)?;
        if !self.has(TransmissionFlags::SEND_WRITE_ZEROES) {
            return self.write_zero_bytes(offset, length);
        }
        let flags = if may_unmap { CommandFlags::empty() } else { CommandFlags::NO_HOLE };
        match self.change_range(action, command::WRITE_ZEROES, flags, offset, length) {
            Err(BlockError { errno: Errno::EOPNOTSUPP, .. }) => {
                self.write_zero_bytes(offset, length)
            }
            other => other,
        }
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        let action = "zero a range of";
        self.check_change(action, offset, length)?;
        let needed = TransmissionFlags::SEND_WRITE_ZEROES | TransmissionFlags::SEND_FAST_ZERO;
        // Of several requests the second may be refused when the first has been done.
        if !self.has(needed) || length == 0 || length > u64::from(u32::MAX) {
            return Ok(length == 0);
        }
        let mut flags = CommandFlags::FAST_ZERO;
        flags.set(CommandFlags::NO_HOLE, !may_unmap);
        match self.change(action, command::WRITE_ZEROES, flags, offset, length, &[]) {
            Ok(()) => Ok(true),
            Err(BlockError { errno: Errno::EOPNOTSUPP, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        let length = length.min(self.agreed.length.saturating_sub(offset));
        if !self.has(TransmissionFlags::SEND_TRIM) || length == 0 {
            return Ok(());
        }
        let action = "discard a range of";
        self.check_change(action, offset, length)?;
        self.change_range(action, command::TRIM, CommandFlags::empty(), offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        let limit = limit.min(self.agreed.length).max(offset);
        let context = match self.agreed.allocation {
            Some(context) if offset < limit => context,
            _ => return Ok(Extent::new(offset, limit - offset, ExtentKind::Data)),
        };
        if let Some(extent) = self.known.find(offset, limit) {
            return Ok(extent);
        }
        let extents = self.ask_extents(context, offset)?;
        let (end, kind) = extents.first().copied().unwrap_or((limit, ExtentKind::Data));
        Ok(Extent::new(offset, end.min(limit) - offset, kind))
    }

    fn space(&self) -> Result<Space> {
        let length = self.agreed.length;
        let Some(context) = self.agreed.allocation.filter(|_| length > 0) else {
            return Ok(Space::Full);
        };
        let told = self.ask_extents(context, 0)?;
        Ok(match told.as_slice() {
            [(end, ExtentKind::Hole)] if *end == length => Space::Fresh,
            extents if extents.iter().any(|(_, kind)| *kind == ExtentKind::Hole) => Space::Sparse,
            [.., (end, _)] if *end == length => Space::Full,
            _ => Space::Sparse,
        })
    }

    fn queue(&self) -> Option<Box<dyn RequestQueue>> {
        let (channel, known) = (self.channel.clone(), self.known.clone());
        let queue = NbdQueue::new(self.name.clone(), channel, self.agreed, known);
        Some(Box::new(queue.ok()?))
    }

    fn profile(&self) -> Profile {
        let alignment = u64::from(self.agreed.block);
        let piece = Profile::NETWORK.piece.min(self.agreed.payload.into());
        Profile { piece, alignment, ..Profile::NETWORK }
    }

    fn knows_holes(&self) -> bool {
        self.agreed.allocation.is_some()
    }

    /// There is no such request: the server gives space as it likes.
    fn allocate(&self, _offset: u64, _length: u64) -> Result<()> {
        Ok(())
    }

    fn resize(&self, _length: u64) -> Result<()> {
        let text = "the length of an NBD export is the server's";
        Err(self.error("resize", Failure::new(Errno::EOPNOTSUPP, text)))
    }

    fn flush(&self) -> Result<()> {
        if !self.has(TransmissionFlags::SEND_FLUSH) {
            return Ok(());
        }
        let (command, flags) = (command::FLUSH, CommandFlags::empty());
        let call = Call { command, flags, offset: 0, length: 0 };
        let done = self.ask(call, &[], Contents::Nothing);
        done.map(|_| ()).map_err(|failure| self.error("flush", failure))
    }
}
