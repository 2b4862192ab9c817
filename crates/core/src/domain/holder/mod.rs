//! A domain in a process of its own: the program that holds it, and the conversation in which it is started.
//!
//! The starter sends an [`message::Order`] over a pair of sockets, the process opens the disks and answers.
//! If the domain is to end with the starter's connection, both keep the sockets; otherwise they close them,
//! and the process is found like any other that runs a domain. `driver::hold` is what the process does.

mod conversation;
pub mod message;
mod program;
mod starter;

pub use crate::domain::control::message::{Reader, send};
pub use program::{Program, find};
pub use starter::{Held, start};

use std::sync::atomic::{AtomicBool, Ordering};

static IS_HOLDER: AtomicBool = AtomicBool::new(false);

/// Notes that this process is there for a domain, and has no other purpose.
pub fn set_holder() {
    IS_HOLDER.store(true, Ordering::Relaxed);
}

/// Whether this process is there for a domain.
pub fn is_holder() -> bool {
    IS_HOLDER.load(Ordering::Relaxed)
}
