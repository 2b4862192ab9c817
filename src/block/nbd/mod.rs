//! The NBD protocol: its messages, a socket to send them through, and a node whose bytes are on an
//! NBD server. The server's side is [`super::export`].

mod channel;
mod client;
mod dial;
mod extents;
mod failure;
pub mod protocol;
mod sink;
pub mod socket;
mod uri;

pub use client::{NbdNode, NbdOptions};
