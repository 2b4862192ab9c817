//! The clients of an export: they are accepted, each gets a thread, and all of it ends together.

use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::connection;
use super::handshake::{Offer, negotiate};
use super::listen::Listener;
use crate::block::Node;
use crate::block::nbd::socket::{Receiver, Socket};
use crate::panic::contain_panic;
use crate::sys;

/// Clients at a time. One more is disconnected at once.
const CLIENTS_MAX: usize = 128;

/// How long nobody is accepted when the process has run out of descriptors.
const SHORTAGE: u16 = 100;

struct Client {
    id: u64,
    socket: Weak<Socket>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stopping: bool,
    clients: Vec<Client>,
    next_id: u64,
    /// The thread of the client that has left last, to be joined by the next that leaves.
    left: Option<JoinHandle<()>>,
    acceptor: Option<JoinHandle<()>>,
}

/// See the module's text.
pub struct Server {
    name: String,
    read_only: bool,
    node: Arc<dyn Node>,
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
    ) -> nix::Result<Arc<Server>> {
        let server = Arc::new(Server {
            name,
            read_only,
            node,
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
        if state.clients.len() >= CLIENTS_MAX {
            log::warn!("export '{}': refused a client, there are {CLIENTS_MAX}", self.name);
            return Err(Errno::EMFILE);
        }
        let id = state.next_id;
        state.next_id += 1;
        let weak = Arc::downgrade(&socket);
        let server = self.clone();
        // It cannot leave before it has been entered: to leave takes the lock.
        let thread = sys::spawn("nbd-client", move || {
            // Should it panic, the client loses its connection, and nothing else happens.
            let ended = contain_panic(|| {
                server.serve(socket);
                Ok(())
            });
            match ended {
                Ok(()) => log::info!("export '{}': client {id} has left", server.name),
                Err(error) => log::error!("export '{}': client {id}: {error}", server.name),
            }
            server.leave(id);
        });
        let thread = Some(thread.ok_or(Errno::EAGAIN)?);
        state.clients.push(Client { id, socket: weak, thread });
        log::info!("export '{}': client {id} has connected", self.name);
        Ok(())
    }

    fn serve(&self, socket: Arc<Socket>) {
        let offer = Offer { name: &self.name, read_only: self.read_only, node: &*self.node };
        let mut receiver = Receiver::new(socket.clone());
        if let Ok(Some(terms)) = negotiate(&offer, &socket, &mut receiver) {
            connection::serve(self.node.clone(), terms, socket, receiver);
        }
    }

    /// The last that a client's thread does.
    fn leave(&self, id: u64) {
        let mut state = self.lock();
        let index = state.clients.iter().position(|client| client.id == id);
        let own = index.and_then(|index| state.clients.swap_remove(index).thread);
        let before = own.and_then(|own| state.left.replace(own));
        drop(state);
        self.changed.notify_all();
        if let Some(thread) = before {
            let _ = thread.join();
        }
    }

    /// The life of the accepting thread.
    fn accept(self: Arc<Server>, listeners: Vec<Listener>) {
        let mut shortage = false;
        while !self.lock().stopping {
            let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
            let mut timeout = PollTimeout::NONE;
            if shortage {
                timeout = PollTimeout::from(SHORTAGE);
            } else {
                fds.extend(listeners.iter().map(|l| PollFd::new(l.as_fd(), PollFlags::POLLIN)));
            }
            // Whatever it says, the loop looks at everything.
            let _ = poll(&mut fds, timeout);
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

    /// See [`super::Export::stop`].
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
        let late: Vec<Client> = std::mem::take(&mut state.clients);
        for client in &late {
            if let Some(socket) = client.socket.upgrade() {
                socket.disconnect();
            }
        }
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
