//! Requests of queues on a channel: nobody waits for each of them, so whichever thread has the turn to
//! receive takes their replies.

use std::io::IoSlice;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use virsparse_base::errno::Errno;

use super::super::failure::Failure;
use super::super::inbox::{Done, Inbox};
use super::super::protocol::{ReplyHead, Request, SIMPLE_HEAD};
use super::super::sink::{Progress, Sink};
use super::super::socket::{Receiver, Socket};
use super::{Call, Channel, broken_by, cookie_of, lock, next_head, with_parts};

/// A request of a queue, whose reply is taken by whichever thread has the turn.
pub(super) struct Queued {
    sink: Sink<'static>,
    /// The queue's number of it.
    number: u64,
    pub(super) inbox: Arc<Inbox>,
}

impl Queued {
    pub(super) fn end(self, result: Result<(), Failure>) {
        let Queued { sink, number, inbox } = self;
        inbox.put(Done { number, contents: sink.contents, result });
    }
}

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
            state.begin(&self.heard);
            state.queued.insert(cookie, queued);
            cookie
        };
        let Call { command, flags, offset, length } = call;
        let head = Request { flags, command, cookie, offset, length }.encode();
        let sent = {
            let _turn = lock(&self.sender);
            self.send_and_receive(&head, data)
        };
        match sent {
            Ok(()) => self.sent(),
            Err(failure) => drop(self.fail(failure)),
        }
    }

    /// Sends a request with its data. While the server does not take it, it may be waiting for us to take
    /// its replies. The turn to send is the caller's.
    pub(super) fn send_and_receive(
        &self,
        head: &[u8],
        data: &[IoSlice<'_>],
    ) -> Result<(), Failure> {
        with_parts(head, data, |parts| self.send_parts(parts))
    }

    fn send_parts(&self, mut parts: &mut [IoSlice<'_>]) -> Result<(), Failure> {
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
                Err(errno) => return Err(broken_by(errno)),
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
        // Without waiting: another thread may have taken what was there, and the server may send nothing
        // before it has all of our request.
        self.receive(stashed, Some(Instant::now()), || {
            replies += 1;
            replies > 1
        })
        .map(drop)
    }

    /// Receives replies, whomever they are for, until one is in the inbox or the time is over. False if it
    /// is over, or the connection is.
    pub fn receive_for(&self, inbox: &Inbox, deadline: Option<Instant>) -> bool {
        inbox.set_waiting(true);
        let mut sought = false;
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
                        sought = true;
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
        if sought {
            // It may have been offered the turn, which others need.
            let mut state = lock(&self.state);
            if !state.reading && state.buffered {
                state.offer_turn();
            }
        }
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
                // What is taken here is awaited, and the server has no more time for it than for others,
                // however short each look for it is.
                let limit = self.reply_limit();
                let until = limit.map_or(deadline, |limit| limit.min(deadline));
                match self.socket.wait_readable(until) {
                    Ok(()) => {}
                    Err(Errno::ETIMEDOUT) if limit.is_none_or(|limit| limit > deadline) => {
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
    pub(super) fn accept_queued(
        &self,
        head: &ReplyHead,
        receiver: &mut Receiver,
    ) -> Result<bool, Failure> {
        let cookie = cookie_of(head);
        let mut queued = {
            let mut state = lock(&self.state);
            let Some(queued) = state.queued.remove(&cookie) else { return Ok(false) };
            state.taking = true;
            queued
        };
        let accepted = queued.sink.accept(head, receiver);
        self.heard.now();
        let mut state = lock(&self.state);
        state.taking = false;
        match accepted {
            Ok(Progress::Done(result)) => {
                drop(state);
                queued.end(result);
            }
            Ok(Progress::More) => match state.broken.clone() {
                None => drop(state.queued.insert(cookie, queued)),
                Some(failure) => {
                    drop(state);
                    queued.end(Err(failure));
                }
            },
            Err(failure) => {
                drop(state);
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
