//! A node as an NBD export: how a guest, or any other program, reaches a disk.
//!
//! Each client has a thread of its own, so that none waits for another, and some more while it has
//! several slow requests under way. What a client makes us keep is bounded by [`buffers::LIMIT`].
//! While no client asks for anything, no thread wakes up.

mod buffers;
mod connection;
mod execute;
mod handshake;
mod listen;
mod outbox;
mod request;
mod server;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use self::listen::{Listener, UnixSocket};
use self::server::Server;
use super::gate::Gate;
use super::{BlockError, Node, Result};
use crate::error::errno_of;

/// How a node is exported.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// What clients call it. Those that name nothing get it as well.
    pub name: String,
    /// Nothing that clients do changes the node.
    pub read_only: bool,
    /// A unix socket to make, for this user only. It goes when the export stops.
    pub socket: Option<PathBuf>,
    /// An address to listen on. NBD knows no passwords: whoever can connect to it gets the disk.
    pub tcp: Option<SocketAddr>,
}

/// A node that is exported until this is stopped or dropped.
pub struct Export {
    server: Arc<Server>,
    gate: Arc<Gate>,
    tcp: Option<SocketAddr>,
}

impl Export {
    /// Exports a node.
    pub fn new(node: Arc<dyn Node>, options: &ExportOptions) -> Result<Export> {
        Export::behind(Arc::new(Gate::new(node)), options)
    }

    /// Exports what is behind a gate, which others may close.
    pub fn behind(gate: Arc<Gate>, options: &ExportOptions) -> Result<Export> {
        let node = gate.node();
        let fail = |place: &dyn std::fmt::Display, errno| BlockError {
            what: format!("Unable to export {} on {place}", node.name()),
            errno,
        };
        handshake::check_name(&options.name).map_err(|errno| fail(&options.name, errno))?;
        let mut listeners = Vec::new();
        if let Some(path) = &options.socket {
            let socket = UnixSocket::listen(path).map_err(|errno| fail(&path.display(), errno))?;
            listeners.push(Listener::Unix(socket));
        }
        let mut tcp = None;
        if let Some(address) = options.tcp {
            let (listener, bound) =
                Listener::tcp(address).map_err(|e| fail(&address, errno_of(&e)))?;
            tcp = Some(bound);
            listeners.push(listener);
        }
        let (name, read_only) = (options.name.clone(), options.read_only);
        let server = Server::start(name, read_only, gate.clone(), listeners);
        let server = server.map_err(|errno| fail(&"a thread", errno))?;
        Ok(Export { server, gate, tcp })
    }

    /// The TCP address that clients connect to, with the port that the system has chosen.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Serves a client whose socket is connected already. Refused when the export has stopped or
    /// has too many clients.
    pub fn attach(&self, client: impl Into<OwnedFd>) -> std::result::Result<(), Errno> {
        self.server.attach(client.into())
    }

    /// The clients that are connected.
    pub fn clients(&self) -> usize {
        self.server.clients()
    }

    /// The node that is exported.
    pub fn node(&self) -> Arc<dyn Node> {
        self.gate.node()
    }

    /// Exports another node from now on, and returns the one before. Requests that are being done
    /// are waited for, and the next go to the new node: none is lost, and none goes to both. What
    /// clients were told of the length stays, so the new node should have the same.
    pub fn swap(&self, node: Arc<dyn Node>) -> Arc<dyn Node> {
        self.gate.swap(node)
    }

    /// Makes requests wait until [`Export::resume`], and returns when none uses the node any more.
    /// What is paused twice is to be resumed twice.
    pub fn pause(&self) {
        self.gate.close();
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.gate.open();
    }

    /// Disconnects all clients, takes no more, and returns when no thread of the export is left.
    /// What clients have asked for is done and answered first, as far as they take the answers
    /// within `drain`; where that is zero, they are cut off. Requests that wait for the end of a
    /// pause fail.
    pub fn stop(&self, drain: Duration) {
        self.server.stop(drain);
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}
