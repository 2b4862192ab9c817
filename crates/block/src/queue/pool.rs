//! A queue whose requests are done on a few threads.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::{Completion, Request, RequestQueue, execute};
use crate::{Node, SysResult};
use virsparse_base::sys;

/// See the module's text. Threads are started when there is something for them to do.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    most_threads: usize,
    under_way: usize,
}

struct Shared {
    node: Arc<dyn Node>,
    state: Mutex<State>,
    /// There is a request, or the queue has been dropped.
    work: Condvar,
    completed: Condvar,
    /// Readable while there are completions.
    event: EventFd,
}

#[derive(Default)]
struct State {
    requests: VecDeque<(u64, Request)>,
    done: VecDeque<Completion>,
    /// Threads that wait for a request.
    idle: usize,
    stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some((token, request)) = state.requests.pop_front() {
                drop(state);
                self.put(execute(&*self.node, token, request));
                state = self.lock();
            } else if state.stopping {
                return;
            } else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                state.idle -= 1;
            }
        }
    }

    fn put(&self, completion: Completion) {
        let mut state = self.lock();
        state.done.push_back(completion);
        if state.done.len() == 1 {
            // It cannot overflow: it is 0 or 1.
            let _ = self.event.write(1);
            self.completed.notify_one();
        }
    }
}

impl Pool {
    pub fn new(node: Arc<dyn Node>, most_threads: usize) -> SysResult<Pool> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let (work, completed) = (Condvar::new(), Condvar::new());
        let shared = Shared { node, state: Mutex::default(), work, completed, event };
        Ok(Pool { shared: Arc::new(shared), threads: Vec::new(), most_threads, under_way: 0 })
    }
}

impl RequestQueue for Pool {
    fn submit(&mut self, token: u64, request: Request) {
        self.under_way += 1;
        let mut state = self.shared.lock();
        state.requests.push_back((token, request));
        let lacks_thread = state.requests.len() > state.idle;
        drop(state);
        if lacks_thread && self.threads.len() < self.most_threads {
            let shared = self.shared.clone();
            self.threads.extend(sys::spawn("virsparse-io", move || shared.work()));
        }
        self.shared.work.notify_one();
        if self.threads.is_empty() {
            // The system has no thread for us.
            let next = self.shared.lock().requests.pop_front();
            if let Some((token, request)) = next {
                self.shared.put(execute(&*self.shared.node, token, request));
            }
        }
    }

    fn complete(&mut self, timeout: Option<Duration>) -> Option<Completion> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.shared.lock();
        while state.done.is_empty() && self.under_way > 0 {
            let completed = &self.shared.completed;
            state = match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => break,
                Some(left) => {
                    let waited = completed.wait_timeout(state, left);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
                None => completed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner()),
            };
        }
        let completion = state.done.pop_front()?;
        if state.done.is_empty() {
            let _ = self.shared.event.read();
        }
        self.under_way -= 1;
        Some(completion)
    }

    fn under_way(&self) -> usize {
        self.under_way
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.shared.event.as_fd()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
