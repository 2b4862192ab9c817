//! Requests of many threads over one connection. There is no thread of its own for the replies:
//! one of the waiting threads reads, and hands the turn to whom a reply is for, who takes it
//! straight to where it belongs.

use std::collections::HashMap;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use virsparse_base::errno::{Errno, SysResult};

use super::failure::Failure;
use super::inbox::{Done, Inbox};
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

/// A request of a queue, whose reply is taken by whichever thread has the turn.
struct Queued {
    sink: Sink<'static>,
    /// The queue's number of it.
    number: u64,
    inbox: Arc<Inbox>,
}

impl Queued {
    fn end(self, result: Result<(), Failure>) {
        let Queued { sink, number, inbox } = self;
        inbox.put(Done { number, contents: sink.contents, result });
    }
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

/// Requests of queues.
impl Channel {
    /// The socket, to wait for replies with others.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Sends a request with its data. What becomes of it is put into the inbox.
    pub fn begin(
        &self,
        call: Call,
        data: &[IoSlice<'_>],
        sink: Sink<'static>,
        number: u64,
        inbox: &Arc<Inbox>,
    ) {
        let queued = Queued { sink, number, inbox: inbox.clone() };
        let cookie = {
            let mut state = lock(&self.state);
            if let Some(failure) = state.broken.clone() {
                drop(state);
                return queued.end(Err(failure));
            }
            let cookie = state.next_cookie;
            state.next_cookie += 1;
            state.queued.insert(cookie, queued);
            cookie
        };
        let Call { command, flags, offset, length } = call;
        let head = Request { flags, command, cookie, offset, length }.encode();
        if let Err(failure) = self.send_and_receive(&head, data) {
            self.fail(failure);
        }
    }

    /// Sends a message. While the server does not take it, it may be waiting for us to take its replies.
    fn send_and_receive(&self, head: &[u8], data: &[IoSlice<'_>]) -> Result<(), Failure> {
        let _turn = lock(&self.sender);
        let mut parts = [IoSlice::new(head), data.first().copied().unwrap_or(IoSlice::new(&[]))];
        let mut parts = &mut parts[..];
        let mut stuck_since = None;
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            match self.socket.send_some(parts) {
                Ok(sent) => {
                    stuck_since = None;
                    IoSlice::advance_slices(&mut parts, sent);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    let since = *stuck_since.get_or_insert_with(Instant::now);
                    if self.timeout.is_some_and(|most| since.elapsed() > most) {
                        return Err(Failure::connection(Errno::ETIMEDOUT));
                    }
                    self.make_room()?;
                }
                Err(Errno::EPIPE) => return Err(Failure::connection(Errno::ECONNRESET)),
                Err(errno) => return Err(Failure::connection(errno)),
            }
        }
        Ok(())
    }

    /// Waits until the server takes something, or has sent a reply, and takes that.
    fn make_room(&self) -> Result<(), Failure> {
        // While another thread has the turn, the replies are taken by that.
        let others_read = lock(&self.state).reading;
        let room = self.socket.wait_for_room(!others_read, LOOK_AGAIN);
        let (writable, readable) = room.map_err(Failure::connection)?;
        if writable || !readable {
            return Ok(());
        }
        let stashed = {
            let mut state = lock(&self.state);
            if std::mem::replace(&mut state.reading, true) {
                return Ok(());
            }
            state.stashed.take()
        };
        let mut replies = 0;
        self.receive(stashed, None, || {
            replies += 1;
            replies > 1
        })
        .map(drop)
    }

    /// Receives replies, whomever they are for, until one is in the inbox or the time is over. False if it
    /// is over, or the connection is.
    pub fn receive_for(&self, inbox: &Inbox, deadline: Option<Instant>) -> bool {
        inbox.set_waiting(true);
        while inbox.is_empty() {
            let turn = {
                let mut state = lock(&self.state);
                match (&state.broken, state.reading) {
                    // What never comes is just being put into the inbox.
                    (Some(_), _) => None,
                    (None, false) => {
                        state.reading = true;
                        Some(state.stashed.take())
                    }
                    (None, true) => {
                        state.seekers.push(thread::current());
                        None
                    }
                }
            };
            let in_time = match turn {
                Some(stashed) => match self.receive(stashed, deadline, || !inbox.is_empty()) {
                    Ok(in_time) => in_time,
                    Err(failure) => {
                        self.fail(failure);
                        true
                    }
                },
                None => self.wait_for_turn(deadline),
            };
            if !in_time {
                break;
            }
        }
        inbox.set_waiting(false);
        !inbox.is_empty()
    }

    /// Waits for the turn, or a reply that another thread has received. False if the time is over.
    fn wait_for_turn(&self, deadline: Option<Instant>) -> bool {
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        // Whoever puts a reply in, and whoever gives the turn up, wakes this thread.
        match left {
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
        let this = thread::current().id();
        lock(&self.state).seekers.retain(|seeker| seeker.id() != this);
        left.is_none_or(|left| !left.is_zero())
    }

    /// Takes replies to requests of queues, until there are enough, or until one is for a thread that waits,
    /// which gets the turn. False if the time is over before that.
    fn receive(
        &self,
        mut head: Option<ReplyHead>,
        deadline: Option<Instant>,
        mut enough: impl FnMut() -> bool,
    ) -> Result<bool, Failure> {
        let mut receiver = lock(&self.receiver);
        let mut in_time = true;
        while !enough() {
            if let (None, Some(deadline)) = (&head, deadline)
                && !receiver.has(SIMPLE_HEAD)
            {
                match self.socket.wait_readable(deadline) {
                    Ok(()) => {}
                    Err(Errno::ETIMEDOUT) => {
                        in_time = false;
                        break;
                    }
                    Err(errno) => return Err(Failure::connection(errno)),
                }
            }
            let next = match head.take() {
                Some(head) => head,
                None => next_head(&mut receiver)?,
            };
            if !self.accept_queued(&next, &mut receiver)? {
                drop(receiver);
                return self.hand_over(next).map(|()| true);
            }
        }
        let buffered = !receiver.is_empty();
        drop(receiver);
        if let Some(head) = head {
            return self.hand_over(head).map(|()| in_time);
        }
        self.give_up_turn(buffered);
        Ok(in_time)
    }

    /// Takes the rest of a reply whose head has been read, if it is to a request of a queue.
    fn accept_queued(&self, head: &ReplyHead, receiver: &mut Receiver) -> Result<bool, Failure> {
        let cookie = cookie_of(head);
        let Some(mut queued) = lock(&self.state).queued.remove(&cookie) else { return Ok(false) };
        match queued.sink.accept(head, receiver) {
            Ok(Progress::Done(result)) => queued.end(result),
            Ok(Progress::More) => {
                let mut state = lock(&self.state);
                match state.broken.clone() {
                    None => drop(state.queued.insert(cookie, queued)),
                    Some(failure) => {
                        drop(state);
                        queued.end(Err(failure));
                    }
                }
            }
            Err(failure) => {
                queued.end(Err(failure.clone()));
                return Err(failure);
            }
        }
        Ok(true)
    }
}

/// While another thread receives, a sender that waits for room looks again after this time: that thread may
/// have had its reply.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

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
