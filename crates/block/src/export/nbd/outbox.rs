//! The replies of one connection on their way out. Whoever sends takes along what others have put
//! there meanwhile, so replies share system calls, and nobody waits for a slow client but the one
//! thread that sends.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard};

use super::buffers::{Buffer, Buffers};
use crate::nbd::socket::Socket;

/// Replies sent in one system call.
const BATCH: usize = 32;

/// Large replies, and large requests, move in steps of this size, so that it is seen whether they move.
pub const STEP: usize = 1 << 20;

#[derive(Default)]
struct State {
    replies: VecDeque<Buffer>,
    /// A thread is sending, and will take what is added.
    sending: bool,
    /// The client is gone.
    broken: bool,
}

/// See the module's text.
pub struct Outbox {
    socket: Arc<Socket>,
    buffers: Arc<Buffers>,
    state: Mutex<State>,
}

impl Outbox {
    pub fn new(socket: Arc<Socket>, buffers: Arc<Buffers>) -> Outbox {
        Outbox { socket, buffers, state: Mutex::default() }
    }

    /// Adds a reply, and returns how many wait. It is sent by the next [`Outbox::flush`].
    pub fn put(&self, reply: Buffer) -> usize {
        let mut state = self.lock();
        if state.broken {
            return 0;
        }
        state.replies.push_back(reply);
        state.replies.len()
    }

    /// Sends what is there, unless another thread is at it.
    pub fn flush(&self) {
        let mut state = self.lock();
        if state.sending {
            return;
        }
        let mut batch = Vec::new();
        state.sending = true;
        while !state.replies.is_empty() {
            let count = state.replies.len().min(BATCH);
            batch.extend(state.replies.drain(..count));
            drop(state);
            let mut parts = [IoSlice::new(&[]); BATCH];
            for (part, reply) in parts.iter_mut().zip(&batch) {
                *part = IoSlice::new(reply);
            }
            let sending = &self.buffers.sending;
            let parts = &mut parts[..batch.len()];
            let sent = sending.during(|| self.socket.send_in_steps(parts, STEP, || sending.step()));
            if sent.is_err() {
                // Also for the thread that reads, and for one that waits for memory: there is nobody to
                // answer.
                self.socket.disconnect();
            }
            batch.clear();
            state = self.lock();
            if sent.is_err() {
                state.broken = true;
                batch.extend(state.replies.drain(..));
            }
        }
        state.sending = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
