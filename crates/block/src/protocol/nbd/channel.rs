//! Requests of many threads over one connection. There is no thread of its own for the replies:
//! one of the waiting threads reads, and hands the turn to whom a reply is for, who takes it
//! straight to where it belongs.

use std::collections::HashMap;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::Duration;

use virsparse_base::errno::{Errno, SysResult};

mod queued;

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
    /// Why nothing works any more.
    broken: Option<Failure>,
}

/// See the module's text.
pub struct Channel {
    socket: Arc<Socket>,
    sender: Mutex<()>,
    receiver: Mutex<Receiver>,
    state: Mutex<State>,
    /// How long the server may take nothing while something is sent.
    timeout: Option<Duration>,
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
            send(&self.socket, &head, data)
        };
        if let Err(errno) = sent {
            let failure = match errno {
                Errno::EPIPE => Failure::connection(Errno::ECONNRESET),
                errno => Failure::connection(errno),
            };
            self.fail(failure);
        }
        self.wait(cookie, sink).map_err(|failure| {
            let first = self.fail(failure);
            lock(&self.state).waiting.remove(&cookie);
            first
        })
    }

    fn enter(&self) -> Result<u64, Failure> {
        let mut state = lock(&self.state);
        if let Some(failure) = &state.broken {
            return Err(failure.clone());
        }
        let cookie = state.next_cookie;
        state.next_cookie += 1;
        let waiting = Waiting { thread: thread::current(), sent: false, head: None };
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
            if let Progress::Done(result) = sink.accept(&next, &mut receiver)? {
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

    /// Gives the turn to any thread that waits; those that are still sending must not get it, for
    /// the server may be waiting for somebody to read. `buffered`: something has been received already,
    /// which the socket does not tell of.
    fn give_up_turn(&self, buffered: bool) {
        let mut state = lock(&self.state);
        state.reading = false;
        if let Some(next) = state.waiting.values().find(|waiting| waiting.sent) {
            next.thread.unpark();
        } else if !state.seekers.is_empty() {
            // All: the first may have had its reply, or no time left.
            state.seekers.drain(..).for_each(|thread| thread.unpark());
        } else if buffered {
            state.queued.values().for_each(|queued| queued.inbox.ring());
        }
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
        self.socket.try_send(&goodbye.encode());
        self.socket.disconnect();
    }
}

/// The most buffers of a request that need no memory for their list.
const FEW_BUFFERS: usize = 16;

/// Sends a request with its data, in one system call where the kernel takes it at once.
fn send(socket: &Socket, head: &[u8], data: &[IoSlice<'_>]) -> SysResult<()> {
    if data.len() < FEW_BUFFERS {
        let mut parts = [IoSlice::new(&[]); FEW_BUFFERS];
        parts[0] = IoSlice::new(head);
        parts[1..=data.len()].copy_from_slice(data);
        return socket.send_all(&mut parts[..=data.len()]);
    }
    let mut parts = Vec::with_capacity(data.len() + 1);
    parts.push(IoSlice::new(head));
    parts.extend_from_slice(data);
    // The kernel takes a limited number at once.
    parts.chunks_mut(libc::UIO_MAXIOV as usize).try_for_each(|parts| socket.send_all(parts))
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
