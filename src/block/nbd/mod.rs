//! The NBD protocol: its messages, a socket to send them through, and a node whose bytes are on an
//! NBD server. The server's side is [`super::export`].

pub mod protocol;
pub mod socket;
