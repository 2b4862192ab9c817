//! What libvirt's storage, stream and domain functions do, as safe Rust: objects, their XML, their
//! state on disk, their events and errors. The C boundary above only converts.
//!
//! The modules are layers that import downwards: driver, domain, storage, stream, session, state,
//! event, xml, error (`tests/layers.rs` has them all). Images, block jobs, copies and NBD are the crate
//! below, `virsparse-block`.
#![deny(unsafe_code)]

pub mod domain;
pub mod driver;
pub mod enums;
pub mod error;
pub mod event;
mod folders;
pub mod host;
pub mod logging;
pub mod panic;
pub mod session;
pub mod state;
pub mod storage;
pub mod stream;
pub mod typed_params;
pub mod units;
pub mod xml;

use virsparse_base::sys;
use virsparse_block as block;
use virsparse_block::{copy, job};
