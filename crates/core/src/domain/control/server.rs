//! The sockets through which other processes use a domain that this one runs.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use virsparse_base::contain_panic;
use virsparse_base::errno::Errno;
use virsparse_base::sys::unix_socket::UnixSocket;

use super::dispatch::{Caller, answer, failed};
use super::message::{Call, Quiet, Reader, Reply, send};
use super::methods::Right;
use super::peer::{may_connect, peer};
use super::{READ_ONLY_SOCKET, SOCKET};
use crate::domain::machine::Machine;
use crate::domain::machine::condition::not_running;
use crate::error::*;
use crate::sys;

/// Connections at a time. For one more, one loses its place that is doing nothing.
const CONNECTIONS_MAX: usize = 128;

/// How long a peer that does not take a reply keeps its connection.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long replies to calls that are under way are waited for when the domain has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// How long nobody is accepted when the process has run out of descriptors, in milliseconds.
const SHORTAGE: u16 = 100;

struct Client {
    id: u64,
    stream: Arc<UnixStream>,
    /// The thread that serves it.
    thread: Option<JoinHandle<()>>,
    /// Since when it has had no call under way; `None` while it has.
    idle: Option<Instant>,
}

#[derive(Default)]
struct State {
    closing: bool,
    clients: Vec<Client>,
    next_id: u64,
    /// Threads that are about to end.
    left: Vec<JoinHandle<()>>,
}

struct Shared {
    name: String,
    machine: Weak<dyn Machine>,
    state: Mutex<State>,
    changed: Condvar,
    wake: EventFd,
}

/// What serves other processes, until it is closed or dropped.
pub struct Server {
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    /// Listens in the folder of a domain.
    pub fn start(folder: &Path, name: &str, machine: Weak<dyn Machine>) -> Result<Server> {
        let failed = |what: String| move |errno: Errno| Error::system(VIR_FROM_DOMAIN, errno, what);
        let listen = |socket: &str| {
            let path = folder.join(socket);
            UnixSocket::listen(&path)
                .map_err(failed(format!("cannot listen at '{}'", path.display())))
        };
        let listeners = [(listen(SOCKET)?, Right::Write), (listen(READ_ONLY_SOCKET)?, Right::Read)];
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|e| failed("cannot serve a domain".to_string())(e.into()))?;
        let shared = Arc::new(Shared {
            name: name.to_string(),
            machine,
            state: Mutex::default(),
            changed: Condvar::new(),
            wake,
        });
        let accepting = shared.clone();
        let thread = sys::spawn("control-accept", move || accepting.accept(&listeners));
        let thread = thread.ok_or_else(|| {
            failed("cannot start a thread that serves a domain".to_string())(Errno::EAGAIN)
        })?;
        Ok(Server { shared, acceptor: Mutex::new(Some(thread)) })
    }

    /// Takes no more calls, and returns when those that are under way are answered, but for one that
    /// this is called by.
    pub fn close(&self) {
        self.shared.close();
        let acceptor = self.acceptor.lock().unwrap_or_else(|p| p.into_inner()).take();
        if let Some(acceptor) = acceptor {
            join(acceptor);
        }
        self.shared.wait_until_left();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

fn join(thread: JoinHandle<()>) {
    // What panics in it is contained there.
    let _ = thread.join();
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn accept(self: &Arc<Self>, listeners: &[(UnixSocket, Right)]) {
        loop {
            let mut waited: Vec<PollFd> = listeners
                .iter()
                .map(|(listener, _)| PollFd::new(listener.as_fd(), PollFlags::POLLIN))
                .collect();
            waited.push(PollFd::new(self.wake.as_fd(), PollFlags::POLLIN));
            let _ = poll(&mut waited, PollTimeout::NONE);
            if self.lock().closing {
                return;
            }
            for (listener, right) in listeners {
                match listener.accept() {
                    Ok(stream) => self.attach(stream, *right),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                    Err(e) => {
                        log::warn!("domain '{}': nobody can connect to it: {e}", self.name);
                        // Until there are descriptors again, or this is to end.
                        let wake = &mut [PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
                        let _ = poll(wake, PollTimeout::from(SHORTAGE));
                    }
                }
            }
        }
    }

    fn attach(self: &Arc<Self>, stream: UnixStream, right: Right) {
        let who = match peer(&stream) {
            Ok(who) if may_connect(who.user) => who,
            Ok(who) => {
                log::warn!("domain '{}': user {} may not connect", self.name, who.user);
                return;
            }
            Err(error) => {
                log::warn!("domain '{}': it is not known who connects: {error}", self.name);
                return;
            }
        };
        let timeout = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_write_timeout(Some(SEND_TIMEOUT)));
        if let Err(error) = timeout {
            log::warn!("domain '{}': a connection cannot be used: {error}", self.name);
            return;
        }
        let mut state = self.lock();
        if state.closing || !state.make_room() {
            log::warn!("domain '{}': process {} is refused", self.name, who.process);
            return;
        }
        let (id, stream) = (state.next_id, Arc::new(stream));
        state.next_id += 1;
        let (shared, served) = (self.clone(), stream.clone());
        // It cannot leave before it has been entered: to leave takes the lock.
        let thread = sys::spawn("control-client", move || {
            let ended = contain_panic(|| shared.serve(id, &served, right));
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let process = who.process;
                    log::info!("domain '{}': process {process} is cut off: {error}", shared.name);
                }
                Err(error) => log::error!("domain '{}': {error}", shared.name),
            }
            shared.leave(id);
        });
        match thread {
            Some(thread) => {
                let (thread, idle) = (Some(thread), Some(Instant::now()));
                state.clients.push(Client { id, stream, thread, idle });
                log::debug!("domain '{}': process {} has connected", self.name, who.process);
            }
            None => log::warn!("domain '{}': no thread for another connection", self.name),
        }
    }

    fn serve(&self, id: u64, stream: &UnixStream, right: Right) -> io::Result<()> {
        let mut reader = Reader::new(stream);
        while let Some(call) = reader.next::<Call>()? {
            if !self.begin(id) {
                // The domain has ended meanwhile. One that has lost its place is not told.
                return send(Quiet(stream), &failed(not_running()));
            }
            // What it answers is true: nobody takes the domain away meanwhile.
            let Some(machine) = self.machine.upgrade() else { return Ok(()) };
            let mut sent = Ok(());
            let mut reply = |reply: Reply| {
                if !call.oneway && sent.is_ok() {
                    sent = send(Quiet(stream), &reply);
                }
                sent.is_ok()
            };
            // A panic is a failure of this call, and of no other.
            let mut caller = Caller { right, reply: &mut reply };
            let done = contain_panic(|| answer(&machine, &call, &mut caller));
            if let Err(panic) = done {
                (caller.reply)(failed(panic.into()));
            }
            drop(machine);
            self.end(id);
            sent?;
        }
        Ok(())
    }

    /// Notes that a call is under way. False if it is not to be answered any more.
    fn begin(&self, id: u64) -> bool {
        let mut state = self.lock();
        let closing = state.closing;
        match state.clients.iter_mut().find(|client| client.id == id) {
            Some(client) if !closing => {
                client.idle = None;
                true
            }
            _ => false,
        }
    }

    fn end(&self, id: u64) {
        let mut state = self.lock();
        if let Some(client) = state.clients.iter_mut().find(|client| client.id == id) {
            client.idle = Some(Instant::now());
        }
    }

    /// The last that a connection's thread does.
    fn leave(&self, id: u64) {
        let left = {
            let mut state = self.lock();
            let index = state.clients.iter().position(|client| client.id == id);
            let own = index.and_then(|index| state.clients.swap_remove(index).thread);
            let this = thread::current().id();
            let left = state.left.drain(..).chain(own);
            // Whoever leaves next, or closes, waits for this thread.
            let (own, others): (Vec<_>, Vec<_>) = left.partition(|left| left.thread().id() == this);
            state.left = own;
            self.changed.notify_all();
            others
        };
        left.into_iter().for_each(join);
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        let _ = self.wake.write(1);
        for client in &state.clients {
            // What has been asked for is answered; one that is gone already need not be told.
            let _ = client.stream.shutdown(Shutdown::Read);
        }
    }

    /// Waits for the threads of all connections but this one.
    fn wait_until_left(&self) {
        let this = thread::current().id();
        let deadline = Instant::now() + DRAIN;
        let mut state = self.lock();
        while state.clients.iter().any(|client| !client.is_served_by(this)) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                for client in state.clients.iter().filter(|client| !client.is_served_by(this)) {
                    let _ = client.stream.shutdown(Shutdown::Both);
                }
            }
            let wait = if left.is_zero() { DRAIN } else { left };
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        let left = std::mem::take(&mut state.left);
        drop(state);
        left.into_iter().filter(|thread| thread.thread().id() != this).for_each(join);
    }
}

impl State {
    /// Makes room for another client. False if there is none.
    fn make_room(&mut self) -> bool {
        if self.clients.len() < CONNECTIONS_MAX {
            return true;
        }
        let idle = self.clients.iter().filter(|client| client.idle.is_some());
        let Some(longest) = idle.min_by_key(|client| client.idle).map(|client| client.id) else {
            return false;
        };
        // It has not begun anything, and cannot any more.
        if let Some(index) = self.clients.iter().position(|client| client.id == longest) {
            let client = self.clients.swap_remove(index);
            let _ = client.stream.shutdown(Shutdown::Both);
            self.left.extend(client.thread);
        }
        true
    }
}

impl Client {
    fn is_served_by(&self, thread: ThreadId) -> bool {
        self.thread.as_ref().is_some_and(|own| own.thread().id() == thread)
    }
}
