//! One client's connection after the negotiation. The thread that reads requests also does them:
//! with one request at a time, or with requests that take a few microseconds, nothing is faster.
//! Where requests take longer and come several at a time, workers do them side by side.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use virsparse_base::errno::{Errno, SysResult};

use super::buffers::{Budget, Buffer, Buffers};
use super::execute::{Disk, Task, buffer_length, execute, fail};
use super::outbox::{Outbox, STEP};
use super::request::{Terms, check};
use crate::Node;
use crate::nbd::protocol::*;
use crate::nbd::socket::{Receiver, Socket};
use virsparse_base::sys;

/// Threads that work for one connection beside the one that reads: a client with sixteen requests
/// under way gets all of them done at once.
const WORKERS: usize = 15;

/// A worker that has had nothing to do for this time exits.
const WORKER_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests that take this long on the average are worth handing to a worker, which takes around
/// 10 us.
const SLOW: Duration = Duration::from_micros(40);

/// How long the thread polls for the next request before it sleeps, and for how many requests it does not
/// poll after one did not come in time: a client with pauses costs at most a thirtieth of a processor.
const BUSY_POLL: Duration = Duration::from_micros(50);
const BUSY_POLL_SKIP: u32 = 32;

/// Replies that are sent at the latest when there are so many: the client can begin to use them
/// while we do what it has asked for next.
const BATCH: usize = 8;

/// Serves a client until it leaves, breaks the protocol, or is disconnected.
pub fn serve(
    node: Arc<dyn Node>,
    terms: Terms,
    budget: Arc<Budget>,
    socket: Arc<Socket>,
    mut receiver: Receiver,
) {
    let buffers = Buffers::new(budget, socket.clone());
    let connection = Arc::new(Connection {
        disk: Disk::new(node, terms),
        outbox: Outbox::new(socket.clone(), buffers.clone()),
        buffers,
        socket,
        pace: Pace::default(),
        queue: Mutex::default(),
        work: Condvar::new(),
        pending: AtomicUsize::new(0),
    });
    // The client is gone or has broken the protocol: either way there is nobody to tell.
    let _ = connection.read_requests(&mut receiver);
    connection.finish();
}

/// How long requests take.
#[derive(Default)]
struct Pace {
    /// The average of the last few, in nanoseconds.
    average: AtomicU64,
}

impl Pace {
    fn note(&self, took: Duration, length: u32) {
        // Moving the data takes its time on any thread; half a nanosecond for a byte.
        let nanos = took.as_nanos().min(1_000_000) as u64;
        let nanos = nanos.saturating_sub(u64::from(length) / 2);
        let average = self.average.load(Ordering::Relaxed);
        self.average.store(average - average / 8 + nanos / 8, Ordering::Relaxed);
    }

    fn is_slow(&self) -> bool {
        self.average.load(Ordering::Relaxed) > SLOW.as_nanos() as u64
    }
}

/// Polls for the next request of a client that sends one right after each reply: to sleep until it comes
/// takes longer, because waking a thread costs more than polling.
#[derive(Default)]
struct BusyPoll {
    /// For this many requests the thread does not poll: one did not come in time.
    skip: u32,
}

impl BusyPoll {
    fn wait(&mut self, receiver: &mut Receiver) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let start = Instant::now();
        while !receiver.poll() {
            if start.elapsed() > BUSY_POLL {
                self.skip = BUSY_POLL_SKIP;
                return;
            }
            std::hint::spin_loop();
        }
    }
}

/// The requests that wait for a worker.
#[derive(Default)]
struct WorkQueue {
    /// Workers that still look for requests. Those that do not are among `workers` until they have ended.
    alive: usize,
    jobs: VecDeque<(Task, Buffer)>,
    idle: usize,
    workers: Vec<JoinHandle<()>>,
    closed: bool,
}

struct Connection {
    disk: Disk,
    socket: Arc<Socket>,
    buffers: Arc<Buffers>,
    outbox: Outbox,
    pace: Pace,
    queue: Mutex<WorkQueue>,
    work: Condvar,
    /// Jobs that workers have or will get.
    pending: AtomicUsize,
}

impl Connection {
    fn read_requests(self: &Arc<Connection>, receiver: &mut Receiver) -> SysResult<()> {
        let mut busy_poll = BusyPoll::default();
        // What a client has asked for that takes no answers any more is not done; there may be
        // thousands of requests.
        while !self.socket.is_disconnected() {
            // Whether the client has more than one request under way.
            let mut busy = receiver.has(Request::SIZE);
            if !busy {
                self.outbox.flush();
                busy_poll.wait(receiver);
            }
            if !receiver.fill(Request::SIZE)? {
                return Ok(());
            }
            let request = Request::decode(receiver.take(Request::SIZE)).ok_or(Errno::EPROTO)?;
            if request.command == command::DISC {
                return Ok(());
            }
            if !busy {
                busy = self.pace.is_slow() && receiver.poll();
            }
            self.handle(&request, receiver, busy)?;
        }
        Ok(())
    }

    fn handle(
        self: &Arc<Connection>,
        request: &Request,
        receiver: &mut Receiver,
        busy: bool,
    ) -> SysResult<()> {
        let is_write = request.command == command::WRITE;
        if is_write && request.length > PAYLOAD_MAX {
            // To skip the data of such a request would be to serve an attack.
            return Err(Errno::EMSGSIZE);
        }
        let operation = match check(request, &self.disk.terms) {
            Ok(operation) => operation,
            Err(errno) => {
                if is_write {
                    self.skip(receiver, request.length)?;
                }
                return self.refuse(request.cookie, errno);
            }
        };
        let Request { cookie, offset, length, .. } = *request;
        let task = Task { operation, cookie, offset, length };
        let busy = busy || !receiver.is_empty() || self.pending.load(Ordering::Relaxed) > 0;
        let hand_over = operation.is_durable() || busy && self.pace.is_slow();
        let size = length as usize;
        if is_write && Receiver::fits(size) && !hand_over {
            self.wait_for(receiver, size)?;
            let data = receiver.take(size);
            let buffer = self.buffer(SIMPLE_HEAD)?;
            self.work_off(&task, Some(data), buffer);
            return Ok(());
        }
        let needed = match is_write {
            true => size,
            false => buffer_length(operation, length, &self.disk.terms),
        };
        let mut buffer = match self.buffer(needed) {
            Err(Errno::ENOMEM) => {
                if is_write {
                    self.skip(receiver, length)?;
                }
                return self.refuse(cookie, Errno::ENOMEM);
            }
            other => other?,
        };
        if is_write {
            self.outbox.flush();
            self.receive(receiver, &mut buffer)?;
        }
        match hand_over {
            true => self.hand_over(task, buffer),
            false => self.work_off(&task, None, buffer),
        }
        Ok(())
    }

    /// Receives the data of a large request.
    fn receive(&self, receiver: &mut Receiver, buffer: &mut [u8]) -> SysResult<()> {
        let receiving = &self.buffers.receiving;
        receiving.during(|| {
            buffer.chunks_mut(STEP).try_for_each(|part| {
                receiver.receive_into(part)?;
                receiving.step();
                Ok(())
            })
        })
    }

    /// Waits for data of the client. It may wait for replies before it sends that.
    fn wait_for(&self, receiver: &mut Receiver, size: usize) -> SysResult<()> {
        if !receiver.has(size) {
            self.outbox.flush();
            receiver.linger(size);
        }
        match receiver.fill(size)? {
            true => Ok(()),
            false => Err(Errno::ECONNRESET),
        }
    }

    fn skip(&self, receiver: &mut Receiver, length: u32) -> SysResult<()> {
        self.outbox.flush();
        receiver.skip(length.into())
    }

    /// Memory for a request; where there is none, replies go out first, which frees some.
    fn buffer(&self, length: usize) -> SysResult<Buffer> {
        self.buffers.take(length, || self.outbox.flush())
    }

    fn refuse(&self, cookie: u64, errno: Errno) -> SysResult<()> {
        let mut buffer = self.buffer(SIMPLE_HEAD)?;
        fail(&mut buffer, &self.disk.terms, cookie, errno);
        self.outbox.put(buffer);
        Ok(())
    }

    /// Does a task on the reading thread. The reply is sent before that waits for anything.
    fn work_off(&self, task: &Task, data: Option<&[u8]>, buffer: Buffer) {
        let reply = self.timed(task, data, buffer);
        if self.outbox.put(reply) >= BATCH {
            self.outbox.flush();
        }
    }

    fn timed(&self, task: &Task, data: Option<&[u8]>, buffer: Buffer) -> Buffer {
        let start = Instant::now();
        let reply = execute(task, &self.disk, data, buffer);
        if !task.operation.is_durable() {
            self.pace.note(start.elapsed(), task.length);
        }
        reply
    }

    /// Has a task done by a worker, if there is one to be had.
    fn hand_over(self: &Arc<Connection>, task: Task, buffer: Buffer) {
        let mut queue = self.queue();
        queue.workers.retain(|worker| !worker.is_finished());
        if queue.idle <= queue.jobs.len() && queue.alive < WORKERS {
            let connection = self.clone();
            let worker = sys::spawn("nbd-worker", move || connection.work());
            queue.alive += usize::from(worker.is_some());
            queue.workers.extend(worker);
        }
        if queue.alive == 0 {
            drop(queue);
            return self.work_off(&task, None, buffer);
        }
        self.pending.fetch_add(1, Ordering::Relaxed);
        queue.jobs.push_back((task, buffer));
        drop(queue);
        self.work.notify_one();
    }

    /// The life of a worker.
    fn work(&self) {
        let mut queue = self.queue();
        loop {
            if let Some((task, buffer)) = queue.jobs.pop_front() {
                drop(queue);
                // Nobody waits for the rest when the client has left, or the export stops.
                if !self.socket.is_disconnected() {
                    let reply = self.timed(&task, None, buffer);
                    self.outbox.put(reply);
                    self.outbox.flush();
                }
                self.pending.fetch_sub(1, Ordering::Relaxed);
                queue = self.queue();
                continue;
            }
            if queue.closed {
                queue.alive -= 1;
                return;
            }
            queue.idle += 1;
            let waited = self.work.wait_timeout(queue, WORKER_IDLE_TIMEOUT);
            let (guard, timeout) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
            queue = guard;
            queue.idle -= 1;
            if timeout.timed_out() && queue.jobs.is_empty() {
                queue.alive -= 1;
                return;
            }
        }
    }

    /// Lets the workers do what they have, and sends the last replies.
    fn finish(&self) {
        let workers = {
            let mut queue = self.queue();
            queue.closed = true;
            std::mem::take(&mut queue.workers)
        };
        self.work.notify_all();
        for worker in workers {
            // A worker contains panics, so there is nothing to hear from it.
            let _ = worker.join();
        }
        self.outbox.flush();
    }

    fn queue(&self) -> MutexGuard<'_, WorkQueue> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
