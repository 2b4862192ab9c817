//! Requests of many threads over one connection. There is no thread of its own for the replies:
//! one of the waiting threads reads, and hands the turn to whom a reply is for, who takes it
//! straight to where it belongs.

use std::collections::HashMap;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use virsparse_base::errno::{Errno, SysResult};

mod heard;
mod queued;

use self::heard::Heard;
use self::queued::Queued;
use super::failure::Failure;
use super::protocol::{CHUNK_HEAD, CommandFlags, ReplyHead, Request, SIMPLE_HEAD, command};
use super::sink::{Progress, Sink};
use super::socket::{Receiver, Socket};

/// What is to be done, without its data.
#[derive(Clone, Copy)]
pub struct Call {
    pub command: u16,
    pub flags: CommandFlags,
    pub offset: u64,
    pub length: u32,
}

/// A request whose reply has not come.
struct Waiting {
    thread: Thread,
    /// All of the request has been sent, and its thread waits for the reply.
    sent: bool,
    /// The head of a reply to it that another thread has read, with which goes the turn.
    head: Option<ReplyHead>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
    queued: HashMap<u64, Queued>,
    /// The head of a reply to one of a queue's, which is the next to be dealt with.
    stashed: Option<ReplyHead>,
    /// Threads that wait for the turn to receive for their queues.
    seekers: Vec<Thread>,
    next_cookie: u64,
    /// A thread has the turn to read.
    reading: bool,
    /// When the turn was given up last, something had been received that nobody had taken.
    buffered: bool,
    /// A part of a reply to one of a queue's is being taken, which is not among `queued` meanwhile.
    taking: bool,
    /// Why nothing works any more.
    broken: Option<Failure>,
}

impl State {
    /// Whether there are requests of queues that nobody may be waiting for.
    fn has_queued(&self) -> bool {
        self.taking || !self.queued.is_empty()
    }

    /// Before the first of the requests under way the server had nothing to reply to.
    fn begin(&self, heard: &Heard) {
        if self.waiting.is_empty() && !self.has_queued() {
            heard.now();
        }
    }

    /// Whether one request is all that is under way.
    fn has_only_one(&self) -> bool {
        self.waiting.len() + self.queued.len() + usize::from(self.taking) == 1
    }

    /// Offers the turn to any thread that waits; those that are still sending must not get it, for
    /// the server may be waiting for somebody to read.
    fn offer_turn(&mut self) {
        if let Some(next) = self.waiting.values().find(|waiting| waiting.sent) {
            next.thread.unpark();
        } else if !self.seekers.is_empty() {
            // All: the first may have had its reply, or no time left.
            self.seekers.drain(..).for_each(|thread| thread.unpark());
        } else if self.buffered {
            self.queued.values().for_each(|queued| queued.inbox.ring());
        }
    }
}

/// See the module's text.
pub struct Channel {
    socket: Arc<Socket>,
    sender: Mutex<()>,
    receiver: Mutex<Receiver>,
    state: Mutex<State>,
    /// How long the server may take nothing while something is sent.
    timeout: Option<Duration>,
    /// When it has last sent something, or had nothing to send.
    heard: Heard,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Channel {
    /// A channel over a negotiated connection. While a reply is awaited, no byte may take longer
    /// than `timeout` to come.
    pub fn new(receiver: Receiver, timeout: Option<Duration>) -> SysResult<Channel> {
        let socket = receiver.socket();
        socket.set_receive_timeout(timeout)?;
        socket.set_send_timeout(timeout)?;
        Ok(Channel {
            socket,
            sender: Mutex::default(),
            receiver: Mutex::new(receiver),
            state: Mutex::default(),
            timeout,
            heard: Heard::new(timeout),
        })
    }

    /// Sends a request with its data, and puts what the reply brings into `sink`. The inner error
    /// is the server's answer; after the outer one the connection is broken.
    pub fn call(
        &self,
        call: Call,
        data: &[IoSlice<'_>],
        sink: &mut Sink,
    ) -> Result<Result<(), Failure>, Failure> {
        let cookie = self.enter()?;
        let Call { command, flags, offset, length } = call;
        let head = Request { flags, command, cookie, offset, length }.encode();
        let sent = {
            let _turn = lock(&self.sender);
            // What queues have sent has no thread that waits for the replies, which the server may have
            // to get rid of before it takes more. Nobody sends anything else meanwhile.
            let queued = lock(&self.state).has_queued();
            match queued {
                true => self.send_and_receive(&head, data),
                false => send(&self.socket, &head, data).map_err(broken_by),
            }
        };
        match sent {
            Ok(()) => self.sent(),
            Err(failure) => drop(self.fail(failure)),
        }
        self.wait(cookie, sink).map_err(|failure| {
            let first = self.fail(failure);
            lock(&self.state).waiting.remove(&cookie);
            first
        })
    }

    /// A request has been sent, which may have taken long. It is no excuse for replies to earlier ones.
    fn sent(&self) {
        if self.heard.has_limit() && lock(&self.state).has_only_one() {
            self.heard.now();
        }
    }

    /// When it is too late for a reply, unless something comes before.
    pub fn reply_limit(&self) -> Option<Instant> {
        self.heard.limit()
    }

    fn enter(&self) -> Result<u64, Failure> {
        let mut state = lock(&self.state);
        if let Some(failure) = &state.broken {
            return Err(failure.clone());
        }
        let cookie = state.next_cookie;
        state.next_cookie += 1;
        let waiting = Waiting { thread: thread::current(), sent: false, head: None };
        state.begin(&self.heard);
        state.waiting.insert(cookie, waiting);
        Ok(cookie)
    }

    /// Waits for the reply, and for the turn to read it.
    fn wait(&self, cookie: u64, sink: &mut Sink) -> Result<Result<(), Failure>, Failure> {
        loop {
            let head = {
                let mut state = lock(&self.state);
                if let Some(failure) = &state.broken {
                    return Err(failure.clone());
                }
                let mine = state.waiting.get_mut(&cookie);
                let Some(mine) = mine else {
                    return Err(Failure::protocol("a reply has come twice"));
                };
                mine.sent = true;
                match mine.head.take() {
                    Some(head) => Some(head),
                    None if !state.reading => {
                        state.reading = true;
                        state.stashed.take()
                    }
                    None => {
                        drop(state);
                        thread::park();
                        continue;
                    }
                }
            };
            if let Some(result) = self.read(cookie, head, sink)? {
                return Ok(result);
            }
        }
    }

    /// Reads replies while they are for this request. `None` when the turn has gone to another.
    fn read(
        &self,
        cookie: u64,
        mut head: Option<ReplyHead>,
        sink: &mut Sink,
    ) -> Result<Option<Result<(), Failure>>, Failure> {
        let mut receiver = lock(&self.receiver);
        loop {
            let next = match head.take() {
                Some(head) => head,
                None => next_head(&mut receiver)?,
            };
            if cookie_of(&next) != cookie {
                if self.accept_queued(&next, &mut receiver)? {
                    continue;
                }
                drop(receiver);
                self.hand_over(next)?;
                return Ok(None);
            }
            let accepted = sink.accept(&next, &mut receiver)?;
            self.heard.now();
            if let Progress::Done(result) = accepted {
                // Whose turn is next may be known already.
                let known = receiver.has(CHUNK_HEAD).then(|| next_head(&mut receiver));
                let buffered = !receiver.is_empty();
                drop(receiver);
                lock(&self.state).waiting.remove(&cookie);
                // This request has succeeded, whatever comes next.
                let passed = match known.transpose() {
                    Ok(Some(head)) => self.hand_over(head),
                    Ok(None) => {
                        self.give_up_turn(buffered);
                        Ok(())
                    }
                    Err(failure) => Err(failure),
                };
                let _ = passed.map_err(|failure| self.fail(failure));
                return Ok(Some(result));
            }
        }
    }

    /// Gives the turn to the thread that a reply is for, or to any if it is one of a queue's.
    fn hand_over(&self, head: ReplyHead) -> Result<(), Failure> {
        let mut state = lock(&self.state);
        if let Some(waiting) = state.waiting.get_mut(&cookie_of(&head)) {
            waiting.head = Some(head);
            waiting.thread.unpark();
            return Ok(());
        }
        if !state.queued.contains_key(&cookie_of(&head)) {
            return Err(Failure::protocol("a reply is to no request"));
        }
        state.stashed = Some(head);
        drop(state);
        self.give_up_turn(true);
        Ok(())
    }

    /// Gives the turn to any thread that waits. `buffered`: something has been received already, which
    /// the socket does not tell of.
    fn give_up_turn(&self, buffered: bool) {
        let mut state = lock(&self.state);
        state.reading = false;
        state.buffered = buffered;
        state.offer_turn();
    }

    /// Ends the connection: all requests fail, now and from now on. Returns the reason, which is
    /// that of the first time.
    pub fn fail(&self, failure: Failure) -> Failure {
        let mut state = lock(&self.state);
        let reason = state.broken.get_or_insert(failure).clone();
        for waiting in state.waiting.values() {
            waiting.thread.unpark();
        }
        state.seekers.drain(..).for_each(|thread| thread.unpark());
        let queued = std::mem::take(&mut state.queued);
        drop(state);
        queued.into_values().for_each(|queued| queued.end(Err(reason.clone())));
        self.socket.disconnect();
        reason
    }

    /// Says goodbye, if that is possible without waiting.
    pub fn close(&self) {
        let goodbye = Request {
            flags: CommandFlags::empty(),
            command: command::DISC,
            cookie: 0,
            offset: 0,
            length: 0,
        };
        // Not into the middle of a request that a queue is just sending.
        if let Ok(_turn) = self.sender.try_lock() {
            self.socket.try_send(&goodbye.encode());
        }
        self.socket.disconnect();
    }
}

/// The most buffers of a request that need no memory for their list.
const FEW_BUFFERS: usize = 16;

/// Sends a request with its data, in one system call where the kernel takes it at once.
fn send(socket: &Socket, head: &[u8], data: &[IoSlice<'_>]) -> SysResult<()> {
    // The kernel takes a limited number at once.
    let send = |parts: &mut [IoSlice<'_>]| {
        parts.chunks_mut(libc::UIO_MAXIOV as usize).try_for_each(|parts| socket.send_all(parts))
    };
    with_parts(head, data, send)
}

/// Calls `send` with a list of a request and its data.
fn with_parts<T>(
    head: &[u8],
    data: &[IoSlice<'_>],
    send: impl FnOnce(&mut [IoSlice<'_>]) -> T,
) -> T {
    if data.len() < FEW_BUFFERS {
        let mut parts = [IoSlice::new(&[]); FEW_BUFFERS];
        parts[0] = IoSlice::new(head);
        parts[1..=data.len()].copy_from_slice(data);
        return send(&mut parts[..=data.len()]);
    }
    let mut parts = Vec::with_capacity(data.len() + 1);
    parts.push(IoSlice::new(head));
    parts.extend_from_slice(data);
    send(&mut parts)
}

/// Why the connection is broken when sending has failed.
fn broken_by(errno: Errno) -> Failure {
    match errno {
        Errno::EPIPE => Failure::connection(Errno::ECONNRESET),
        errno => Failure::connection(errno),
    }
}

fn cookie_of(head: &ReplyHead) -> u64 {
    match head {
        ReplyHead::Simple { cookie, .. } | ReplyHead::Chunk { cookie, .. } => *cookie,
    }
}

fn next_head(receiver: &mut Receiver) -> Result<ReplyHead, Failure> {
    if !receiver.fill(SIMPLE_HEAD).map_err(Failure::connection)? {
        return Err(Failure::connection(Errno::ECONNRESET));
    }
    let malformed = || Failure::protocol("a reply is malformed");
    let size = ReplyHead::size(receiver.peek()).ok_or_else(malformed)?;
    receiver.fill(size).map_err(Failure::connection)?;
    ReplyHead::decode(receiver.take(size)).ok_or_else(malformed)
}
