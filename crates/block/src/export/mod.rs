//! Exports: how guests, and other programs, reach a node.
//!
//! Each protocol has a folder here with a type that implements [`Export`].

pub mod nbd;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How clients connect to an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A unix socket, by its path.
    Unix(PathBuf),
    /// With the port that the system has chosen.
    Tcp(SocketAddr),
}

/// A place where an export takes clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What a client connects to.
    pub address: Address,
    /// What clients of the protocol call it.
    pub uri: String,
}

/// A node that clients can reach, until this is stopped or dropped.
pub trait Export: Send + Sync {
    /// What clients speak to it: "nbd".
    fn protocol(&self) -> &'static str;

    /// Where it takes clients, in the order in which they were asked for.
    fn endpoints(&self) -> Vec<Endpoint>;

    /// How many clients are connected.
    fn connections(&self) -> usize;

    /// Disconnects all clients, takes no more, and returns when no thread of the export is left.
    /// What clients have asked for is done and answered first, as far as they take the answers
    /// within `drain`; where that is zero, they are cut off. A request that the node makes wait is
    /// waited for: whoever has closed a gate ends it first.
    fn stop(&self, drain: Duration);
}
