//! A node as an NBD export: how a guest, or any other program, reaches a disk.
//!
//! Each client has a thread of its own, so that none waits for another, and some more while it has
//! several slow requests under way. What a client makes us keep is bounded.
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

use virsparse_base::errno::{Errno, errno_of};

pub use self::handshake::BLOCK_SIZES;
use self::listen::{Listener, UnixSocket};
use self::server::Server;
use super::{BlockError, Node, Result};

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
    tcp: Option<SocketAddr>,
}

impl Export {
    /// Exports a node.
    pub fn new(node: Arc<dyn Node>, options: &ExportOptions) -> Result<Export> {
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
        let server = Server::start(name, read_only, node.clone(), listeners);
        let server = server.map_err(|errno| fail(&"a thread", errno))?;
        Ok(Export { server, tcp })
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

    /// Disconnects all clients, takes no more, and returns when no thread of the export is left.
    /// What clients have asked for is done and answered first, as far as they take the answers
    /// within `drain`; where that is zero, they are cut off. A request that the node makes wait is
    /// waited for: whoever has closed a gate ends it first.
    pub fn stop(&self, drain: Duration) {
        self.server.stop(drain);
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}
