//! What all layers of libvirsparse stand on: the system calls that no safe crate wraps, errors of the
//! system by their numbers, panics that stay inside, memory that runs out, and texts of others cut for messages. It knows
//! nothing of disks.

#![deny(unsafe_code)]

pub mod errno;
pub mod memory;
mod panic;
pub mod sys;
pub mod text;

pub use panic::{Panicked, contain_panic};
