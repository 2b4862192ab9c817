//! What all layers of libvirsparse stand on: the system calls that no safe crate wraps, errors of the
//! system by their numbers, panics that stay inside, and texts of others cut for messages. It knows
//! nothing of disks.

#![deny(unsafe_code)]

pub mod errno;
mod panic;
pub mod sys;
pub mod text;

pub use panic::{Panicked, contain_panic};
