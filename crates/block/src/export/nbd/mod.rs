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
use virsparse_base::sys::unix_socket::UnixSocket;

pub use self::handshake::BLOCK_SIZES;
use self::listen::Listener;
use self::server::Server;
use super::{Address, Endpoint, Export};
use crate::{BlockError, Node, Result, nbd};

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
pub struct NbdExport {
    server: Arc<Server>,
    endpoints: Vec<Endpoint>,
}

impl NbdExport {
    /// Exports a node: at a socket, at an address, at both, or only to the clients that
    /// [`NbdExport::attach`] gets. Fails if the name is none that NBD allows (`EINVAL`), or if somebody
    /// listens there already (`EADDRINUSE`), among others.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use virsparse_block::export::Export;
    /// use virsparse_block::export::nbd::{ExportOptions, NbdExport};
    /// use virsparse_block::nbd::NbdNode;
    /// use virsparse_block::{MemoryNode, Node};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let disk = Arc::new(MemoryNode::new("disk", 1 << 20));
    /// let socket = Some(folder.path().join("socket"));
    /// let options = ExportOptions { name: "vda".to_string(), socket, ..ExportOptions::default() };
    /// let export = NbdExport::new(disk.clone(), &options)?;
    ///
    /// let client = NbdNode::connect(&export.endpoints()[0].uri)?;
    /// assert_eq!(client.length()?, 1 << 20);
    /// client.write_at(&[7; 512], 4096)?;
    /// let mut bytes = [0; 512];
    /// client.read_at(&mut bytes, 4096)?;
    /// assert_eq!(bytes, [7; 512]);
    /// drop(client);
    /// export.stop(Duration::from_secs(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(node: Arc<dyn Node>, options: &ExportOptions) -> Result<NbdExport> {
        let fail = |place: &dyn std::fmt::Display, errno| BlockError {
            what: format!("Unable to export {} on {place}", node.name()),
            errno,
        };
        handshake::check_name(&options.name).map_err(|errno| fail(&options.name, errno))?;
        let (mut listeners, mut endpoints) = (Vec::new(), Vec::new());
        if let Some(path) = &options.socket {
            let socket = UnixSocket::listen(path).map_err(|errno| fail(&path.display(), errno))?;
            listeners.push(Listener::Unix(socket));
            let transport = nbd::Transport::Unix(path.clone());
            let uri = nbd::Address { transport, export: options.name.clone() }.uri();
            endpoints.push(Endpoint { address: Address::Unix(path.clone()), uri });
        }
        if let Some(address) = options.tcp {
            let (listener, bound) =
                Listener::tcp(address).map_err(|e| fail(&address, errno_of(&e)))?;
            listeners.push(listener);
            let uri = format!("nbd://{bound}/{}", nbd::uri_part(options.name.as_bytes()));
            endpoints.push(Endpoint { address: Address::Tcp(bound), uri });
        }
        let (name, read_only) = (options.name.clone(), options.read_only);
        let server = Server::start(name, read_only, node.clone(), listeners);
        let server = server.map_err(|errno| fail(&"a thread", errno))?;
        Ok(NbdExport { server, endpoints })
    }

    /// Serves a client whose socket is connected already. Refused when the export has stopped or
    /// has too many clients.
    pub fn attach(&self, client: impl Into<OwnedFd>) -> std::result::Result<(), Errno> {
        self.server.attach(client.into())
    }
}

impl Export for NbdExport {
    fn protocol(&self) -> &'static str {
        "nbd"
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        self.endpoints.clone()
    }

    fn connections(&self) -> usize {
        self.server.clients()
    }

    fn stop(&self, drain: Duration) {
        self.server.stop(drain);
    }
}

impl Drop for NbdExport {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}
