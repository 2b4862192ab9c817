//! How processes use a domain that another one runs.
//!
//! Whoever runs a domain listens on two sockets beside those of its disks ([`Server`]), one of them for those
//! who only read. Whoever finds that a domain runs elsewhere uses it through [`RemoteMachine`]. They speak
//! varlink: `io.libvirsparse.Domain.varlink` describes the interface, `docs/holder.md` how it is used and
//! how versions get along.
//!
//! Both sides take the other for hostile: messages are bounded, numbers and texts are checked, and a
//! peer that sends nonsense or stops reading loses its connection.

mod client;
mod convert;
mod dispatch;
pub mod message;
mod methods;
mod peer;
mod remote;
mod server;
#[cfg(test)]
mod tests;
pub mod wire;

pub use client::Link;
pub use methods::Right;
pub use remote::RemoteMachine;
pub use server::Server;

/// What the sockets are called.
pub const SOCKET: &str = "control.sock";
pub const READ_ONLY_SOCKET: &str = "control-ro.sock";

/// The file beside them whose lock tells which process a domain runs in.
pub const OWNER: &str = "owner";
