//! Requests to an NBD server that one thread has under way. There is no thread for the replies: whoever
//! waits for one on the connection, here or in a request of its own, takes what comes for others along.

use std::collections::{HashMap, VecDeque};
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::channel::{Call, Channel};
use super::dial::Agreed;
use super::extents::KnownExtents;
use super::failure::Failure;
use super::inbox::{Done, Inbox};
use super::protocol::*;
use super::requests::{RANGE_MAX, block_error};
use super::sink::{Contents, Sink, Target};
use crate::queue::{Completion, Request, RequestQueue};
use crate::{Errno, SysResult};

/// What is to be known of a request when its reply has come.
struct Begun {
    token: u64,
    action: &'static str,
    changes: bool,
    /// The data that a write sends stays here.
    data: Vec<u8>,
    /// Its data is zeros of ours, because the server has no other way to write them.
    is_zeros: bool,
    /// The range, if zeros can be sent as data should the server refuse.
    zeros: Option<(u64, u64)>,
    read: usize,
}

impl Begun {
    fn new(token: u64, action: &'static str, changes: bool) -> Begun {
        Begun { token, action, changes, data: Vec::new(), is_zeros: false, zeros: None, read: 0 }
    }
}

/// What messages call a write.
const WRITE: &str = "write";

/// What messages call a write of zeros.
const ZERO: &str = "zero a range of";

/// See the module's text.
pub struct NbdQueue {
    name: String,
    channel: Arc<Channel>,
    agreed: Agreed,
    known: Arc<KnownExtents>,
    inbox: Arc<Inbox>,
    begun: HashMap<u64, Begun>,
    /// Those that need nothing of the server, or are refused.
    ended: VecDeque<Completion>,
    next: u64,
    /// Readable when the socket, the inbox's event or the timer is.
    epoll: Epoll,
    /// Readable when the server has not replied in time; there is none where it may take any time.
    timer: Option<TimerFd>,
}

fn new_timer() -> SysResult<TimerFd> {
    let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
    Ok(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?)
}

impl NbdQueue {
    pub fn new(
        name: String,
        channel: Arc<Channel>,
        agreed: Agreed,
        known: Arc<KnownExtents>,
    ) -> SysResult<NbdQueue> {
        let inbox = Arc::new(Inbox::new()?);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let readable = || EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(inbox.as_fd(), readable())?;
        epoll.add(channel.socket().as_fd(), readable())?;
        let timer = match channel.reply_limit() {
            Some(_) => Some(new_timer()?),
            None => None,
        };
        if let Some(timer) = &timer {
            epoll.add(timer.as_fd(), readable())?;
        }
        Ok(NbdQueue {
            name,
            channel,
            agreed,
            known,
            inbox,
            begun: HashMap::new(),
            ended: VecDeque::new(),
            next: 0,
            epoll,
            timer,
        })
    }

    /// Makes the descriptor readable when the server is late, for those who wait for nothing else.
    fn set_timer(&self) {
        let Some(timer) = &self.timer else { return };
        let set = match self.channel.reply_limit().filter(|_| !self.begun.is_empty()) {
            Some(limit) => {
                // A timer of no time would be off. It is late by a little, so that the limit has passed then.
                let left =
                    limit.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                timer.set(Expiration::OneShot(left.into()), TimerSetTimeFlags::empty())
            }
            None => timer.unset(),
        };
        if let Err(errno) = set {
            log::warn!("a late reply of '{}' may not be noticed: {errno}", self.name);
        }
    }

    /// Sends a request, whose reply is expected to bring `contents`.
    fn begin(&mut self, begun: Begun, call: Call, contents: Contents<'static>) {
        let block = u64::from(self.agreed.block);
        if !self.agreed.has_whole_blocks(call.offset, call.length) {
            let text = format!("the server takes only whole blocks of {block} bytes");
            return self.refuse(begun, contents, Failure::new(Errno::EINVAL, text));
        }
        let number = self.next;
        self.next += 1;
        let sink = Sink::new(contents, self.agreed.structured);
        let data = IoSlice::new(&begun.data);
        let data = if begun.data.is_empty() { &[][..] } else { std::slice::from_ref(&data) };
        self.channel.begin(call, data, sink, number, &self.inbox);
        let is_first = self.begun.is_empty();
        self.begun.insert(number, begun);
        if is_first {
            self.set_timer();
        }
    }

    fn refuse(&mut self, begun: Begun, contents: Contents<'static>, failure: Failure) {
        let completion = self.completion(begun, contents, Err(failure));
        self.ended(completion);
    }

    fn ended(&mut self, completion: Completion) {
        self.ended.push_back(completion);
        self.inbox.ring();
    }

    fn completion(
        &self,
        begun: Begun,
        contents: Contents<'static>,
        result: std::result::Result<(), Failure>,
    ) -> Completion {
        let buffer = match contents {
            Contents::Data { target: Target::Owned(buffer, _), .. } => buffer,
            _ if begun.is_zeros => Vec::new(),
            _ => begun.data,
        };
        let result = result
            .map(|()| begun.read)
            .map_err(|failure| block_error(begun.action, &self.name, failure));
        Completion { token: begun.token, result, buffer }
    }

    /// Fails where something beyond the end, or on a read-only export, is to be changed, or too much at once.
    fn check_change(
        &self,
        offset: u64,
        length: u64,
        most: u64,
    ) -> std::result::Result<(), Failure> {
        if self.agreed.flags.contains(TransmissionFlags::READ_ONLY) {
            return Err(Failure::system(Errno::EROFS));
        }
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > self.agreed.length) {
            return Err(Failure::system(Errno::ENOSPC));
        }
        if length > most {
            let text = format!("one request has at most {most} bytes");
            return Err(Failure::new(Errno::EMSGSIZE, text));
        }
        Ok(())
    }

    fn read(&mut self, token: u64, offset: u64, buffer: Vec<u8>) {
        let read = self.agreed.length.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let begun = Begun { read, ..Begun::new(token, "read", false) };
        let contents = Contents::Data { offset, target: Target::Owned(buffer, read) };
        let most = self.agreed.payload as usize;
        if read > most {
            let text = format!("one request has at most {most} bytes");
            return self.refuse(begun, contents, Failure::new(Errno::EMSGSIZE, text));
        }
        if read == 0 {
            let completion = self.completion(begun, contents, Ok(()));
            return self.ended(completion);
        }
        let (command, flags) = (command::READ, CommandFlags::empty());
        self.begin(begun, Call { command, flags, offset, length: read as u32 }, contents);
    }

    /// Begins a change of a range.
    fn change(
        &mut self,
        token: u64,
        action: &'static str,
        command: u16,
        flags: CommandFlags,
        range: (u64, u64),
        data: Vec<u8>,
    ) {
        let zeros = (command == command::WRITE_ZEROES).then_some(range);
        let is_data = command == command::WRITE;
        let is_zeros = is_data && action != WRITE;
        let begun = Begun { data, is_zeros, zeros, ..Begun::new(token, action, true) };
        let most = if is_data { self.agreed.payload.into() } else { RANGE_MAX };
        let (offset, length) = range;
        if let Err(failure) = self.check_change(offset, length, most) {
            return self.refuse(begun, Contents::Nothing, failure);
        }
        if length == 0 {
            let completion = self.completion(begun, Contents::Nothing, Ok(()));
            return self.ended(completion);
        }
        let call = Call { command, flags, offset, length: length as u32 };
        self.begin(begun, call, Contents::Nothing);
    }

    /// Writes zeros as data.
    fn write_zero_bytes(&mut self, token: u64, offset: u64, length: u64) {
        // What is too long for a write is refused, and needs no memory.
        let data = match length <= u64::from(self.agreed.payload) {
            true => crate::buffer(length as usize),
            false => Ok(Vec::new()),
        };
        match data {
            Ok(data) => {
                let flags = CommandFlags::empty();
                self.change(token, ZERO, command::WRITE, flags, (offset, length), data);
            }
            Err(error) => {
                self.ended(Completion { token, result: Err(error), buffer: Vec::new() });
            }
        }
    }

    /// A completion that is there, if one is.
    fn take(&mut self) -> Option<Completion> {
        loop {
            if let Some(ended) = self.ended.pop_front() {
                return Some(ended);
            }
            let Done { number, contents, result } = self.inbox.take()?;
            let Some(begun) = self.begun.remove(&number) else { continue };
            if begun.changes {
                self.known.forget();
            }
            let refused = matches!(&result, Err(Failure { errno: Errno::EOPNOTSUPP, .. }));
            if let Some((offset, length)) = begun.zeros.filter(|_| refused) {
                self.write_zero_bytes(begun.token, offset, length);
                continue;
            }
            return Some(self.completion(begun, contents, result));
        }
    }
}

impl RequestQueue for NbdQueue {
    fn submit(&mut self, token: u64, request: Request) {
        let has = |flag| self.agreed.flags.contains(flag);
        let flags = CommandFlags::empty();
        match request {
            Request::Read { offset, buffer } => self.read(token, offset, buffer),
            Request::Write { offset, data } => {
                let range = (offset, data.len() as u64);
                self.change(token, WRITE, command::WRITE, flags, range, data);
            }
            Request::WriteZeroes { offset, length, may_unmap } => {
                if !has(TransmissionFlags::SEND_WRITE_ZEROES) {
                    return self.write_zero_bytes(token, offset, length);
                }
                let flags = if may_unmap { flags } else { CommandFlags::NO_HOLE };
                let range = (offset, length);
                self.change(token, ZERO, command::WRITE_ZEROES, flags, range, Vec::new());
            }
            Request::Discard { offset, length } => {
                // What is beyond the end, or cannot be discarded, stays as it is.
                let possible = has(TransmissionFlags::SEND_TRIM);
                let rest = self.agreed.length.saturating_sub(offset);
                let length = if possible { length.min(rest) } else { 0 };
                let range = (offset.min(self.agreed.length), length);
                self.change(token, "discard a range of", command::TRIM, flags, range, Vec::new());
            }
            Request::Flush => {
                let begun = Begun::new(token, "flush", false);
                if !has(TransmissionFlags::SEND_FLUSH) {
                    let completion = self.completion(begun, Contents::Nothing, Ok(()));
                    return self.ended(completion);
                }
                let call = Call { command: command::FLUSH, flags, offset: 0, length: 0 };
                self.begin(begun, call, Contents::Nothing);
            }
        }
    }

    fn complete(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(completion) = self.take() {
                self.set_timer();
                if !self.ended.is_empty() || !self.inbox.is_empty() {
                    self.inbox.ring();
                }
                return Some(completion);
            }
            // What is put in from now on rings again.
            self.inbox.clear();
            if self.inbox.is_empty()
                && (self.begun.is_empty() || !self.channel.receive_for(&self.inbox, deadline))
                && self.inbox.is_empty()
            {
                self.set_timer();
                return None;
            }
        }
    }

    fn under_way(&self) -> usize {
        self.begun.len() + self.ended.len()
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}
