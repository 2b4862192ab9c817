//! The clients of an export: they are accepted, each gets a thread, and all of it ends together.

use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use virsparse_base::errno::{Errno, SysResult};

use super::buffers::Budget;
use super::connection;
use super::handshake::{Offer, negotiate};
use super::listen::Listener;
use crate::Node;
use crate::nbd::socket::{Receiver, Socket};
use virsparse_base::contain_panic;
use virsparse_base::sys;

/// Clients at a time. One more is disconnected at once.
const CLIENTS_MAX: usize = 128;

/// Clients at a time that have not chosen the export yet. A client needs a few milliseconds for that, so
/// more than these are not accepted before others are done.
const NEGOTIATING_MAX: usize = 32;

/// How long such a client keeps its place while others wait for one.
const GRACE: Duration = Duration::from_millis(500);

/// How long nobody is accepted when the process has run out of descriptors.
const SHORTAGE: u16 = 100;

struct Client {
    id: u64,
    socket: Weak<Socket>,
    thread: Option<JoinHandle<()>>,
    /// Since when it has been negotiating; `None` when that is done.
    negotiating: Option<Instant>,
}

/// Whether there is room for another client.
enum Room {
    Free,
    /// When one that negotiates loses its place.
    Later(Instant),
    /// All places are taken by clients that use the export.
    None,
}

#[derive(Default)]
struct State {
    stopping: bool,
    clients: Vec<Client>,
    /// Clients whose places others have got, and whose threads are about to end.
    given_up: Vec<Client>,
    next_id: u64,
    /// The thread of the client that has left last, to be joined by the next that leaves.
    left: Option<JoinHandle<()>>,
    acceptor: Option<JoinHandle<()>>,
    /// The acceptor waits for a place.
    full: bool,
}

impl State {
    fn room(&self) -> Room {
        let negotiating = || self.clients.iter().filter_map(|client| client.negotiating);
        if self.clients.len() < CLIENTS_MAX && negotiating().count() < NEGOTIATING_MAX {
            return Room::Free;
        }
        negotiating().min().map_or(Room::None, |since| Room::Later(since + GRACE))
    }

    /// Disconnects the client that has been negotiating for the longest time, and does not count it.
    fn give_up_oldest(&mut self) {
        let negotiating = self.clients.iter().enumerate();
        let negotiating = negotiating.filter_map(|(i, client)| Some((client.negotiating?, i)));
        let Some((_, index)) = negotiating.min() else { return };
        let client = self.clients.swap_remove(index);
        if let Some(socket) = client.socket.upgrade() {
            socket.disconnect();
        }
        self.given_up.push(client);
    }
}

/// See the module's text.
pub struct Server {
    name: String,
    read_only: bool,
    node: Arc<dyn Node>,
    budget: Arc<Budget>,
    state: Mutex<State>,
    /// A client has left.
    changed: Condvar,
    /// Ends the acceptor's wait.
    wake: EventFd,
}

impl Server {
    /// Starts to accept clients. Without listeners they come by [`Server::attach`] only.
    pub fn start(
        name: String,
        read_only: bool,
        node: Arc<dyn Node>,
        listeners: Vec<Listener>,
    ) -> SysResult<Arc<Server>> {
        let server = Arc::new(Server {
            name,
            read_only,
            node,
            budget: Budget::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
            wake: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
        });
        if !listeners.is_empty() {
            let acceptor = server.clone();
            let thread = sys::spawn("nbd-accept", move || acceptor.accept(listeners));
            server.lock().acceptor = Some(thread.ok_or(Errno::EAGAIN)?);
        }
        Ok(server)
    }

    pub fn clients(&self) -> usize {
        self.lock().clients.len()
    }

    /// Serves a connected client.
    pub fn attach(self: &Arc<Server>, client: OwnedFd) -> Result<(), Errno> {
        let socket = Arc::new(Socket::new(client));
        let mut state = self.lock();
        if state.stopping {
            return Err(Errno::ESHUTDOWN);
        }
        match state.room() {
            Room::Free => {}
            Room::Later(when) if when <= Instant::now() => {
                log::info!("export '{}': a client does not negotiate, and is cut off", self.name);
                state.give_up_oldest();
            }
            Room::Later(_) | Room::None => {
                let count = state.clients.len();
                log::warn!("export '{}': refused a client, there are {count}", self.name);
                return Err(Errno::EMFILE);
            }
        }
        let id = state.next_id;
        state.next_id += 1;
        let weak = Arc::downgrade(&socket);
        let server = self.clone();
        // It cannot leave before it has been entered: to leave takes the lock.
        let thread = sys::spawn("nbd-client", move || {
            // Should it panic, the client loses its connection, and nothing else happens.
            let ended = contain_panic(|| server.serve(id, socket));
            match ended {
                Ok(()) => log::info!("export '{}': client {id} has left", server.name),
                Err(error) => log::error!("export '{}': client {id}: {error}", server.name),
            }
            server.leave(id);
        });
        let thread = Some(thread.ok_or(Errno::EAGAIN)?);
        let negotiating = Some(Instant::now());
        state.clients.push(Client { id, socket: weak, thread, negotiating });
        log::info!("export '{}': client {id} has connected", self.name);
        Ok(())
    }

    fn serve(&self, id: u64, socket: Arc<Socket>) {
        let offer = Offer { name: &self.name, read_only: self.read_only, node: &*self.node };
        let mut receiver = Receiver::new(socket.clone());
        if let Ok(Some(terms)) = negotiate(&offer, &socket, &mut receiver) {
            self.note_negotiated(id);
            let (node, budget) = (self.node.clone(), self.budget.clone());
            connection::serve(node, terms, budget, socket, receiver);
        }
    }

    fn note_negotiated(&self, id: u64) {
        let mut state = self.lock();
        if let Some(client) = state.clients.iter_mut().find(|client| client.id == id) {
            client.negotiating = None;
        }
        self.tell_acceptor(&mut state);
    }

    /// There may be room for another client.
    fn tell_acceptor(&self, state: &mut State) {
        if std::mem::take(&mut state.full) {
            let _ = self.wake.write(1);
        }
    }

    /// The last that a client's thread does.
    fn leave(&self, id: u64) {
        let mut state = self.lock();
        let take = |clients: &mut Vec<Client>| {
            let index = clients.iter().position(|client| client.id == id)?;
            clients.swap_remove(index).thread
        };
        let own = take(&mut state.clients).or_else(|| take(&mut state.given_up));
        let before = own.and_then(|own| state.left.replace(own));
        self.tell_acceptor(&mut state);
        drop(state);
        self.changed.notify_all();
        if let Some(thread) = before {
            let _ = thread.join();
        }
    }

    /// The life of the accepting thread.
    fn accept(self: Arc<Server>, listeners: Vec<Listener>) {
        let mut shortage = false;
        while let Some(wait) = self.wait_for_room() {
            let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
            let mut timeout = PollTimeout::NONE;
            if shortage {
                timeout = PollTimeout::from(SHORTAGE);
            } else if let Some(wait) = wait {
                // Rounded up, so that it is over afterwards.
                let wait = wait + Duration::from_millis(1);
                timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
            } else {
                fds.extend(listeners.iter().map(|l| PollFd::new(l.as_fd(), PollFlags::POLLIN)));
            }
            // Whatever it says, the loop looks at everything.
            let _ = poll(&mut fds, timeout);
            let _ = self.wake.read();
            if wait.is_some() {
                continue;
            }
            shortage = false;
            for listener in &listeners {
                match listener.accept() {
                    // A client too many sees the end of its connection.
                    Ok(client) => drop(self.attach(client)),
                    Err(e) => {
                        let passing = [ErrorKind::WouldBlock, ErrorKind::ConnectionAborted];
                        shortage |= !passing.contains(&e.kind());
                    }
                }
            }
        }
    }

    /// How long to wait before the next client is accepted, if clients that negotiate have all places.
    /// `None` at the end.
    fn wait_for_room(&self) -> Option<Option<Duration>> {
        let mut state = self.lock();
        state.full = false;
        if state.stopping {
            return None;
        }
        let Room::Later(when) = state.room() else { return Some(None) };
        let left = when.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Whether anybody waits for the place is seen when it is free.
            return Some(None);
        }
        state.full = true;
        Some(Some(left))
    }

    /// See [`Export::stop`](crate::export::Export::stop).
    pub fn stop(&self, drain: Duration) {
        let deadline = Instant::now() + drain;
        let acceptor = {
            let mut state = self.lock();
            state.stopping = true;
            state.acceptor.take()
        };
        let _ = self.wake.write(1);
        join(acceptor);
        let mut state = self.lock();
        for client in &state.clients {
            if let Some(socket) = client.socket.upgrade() {
                socket.stop_receiving();
            }
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.clients.is_empty() || left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        let mut late: Vec<Client> = std::mem::take(&mut state.clients);
        for client in &late {
            if let Some(socket) = client.socket.upgrade() {
                socket.disconnect();
            }
        }
        self.budget.wake();
        late.append(&mut state.given_up);
        let left = state.left.take();
        drop(state);
        join(left);
        for client in late {
            join(client.thread);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Threads of the export contain their panics, so there is nothing to hear from them.
fn join(thread: Option<JoinHandle<()>>) {
    if let Some(thread) = thread {
        let _ = thread.join();
    }
}
