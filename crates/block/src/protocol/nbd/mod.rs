//! The NBD protocol: its messages, a socket to send them through, and a node whose bytes are on an
//! NBD server. The server's side is [`crate::export`].

mod channel;
mod client;
mod dial;
mod extents;
mod failure;
mod inbox;
pub(crate) mod names;
pub mod protocol;
mod queue;
mod requests;
mod sink;
pub(crate) mod socket;
mod uri;

pub use client::{NbdNode, NbdOptions};
pub(crate) use uri::uri_part;
pub use uri::{Address, Transport};

/// Takes the URI of an export apart; an error says what is wrong with it.
pub fn parse_uri(uri: &str) -> Result<Address, &'static str> {
    uri::parse(uri)
}
