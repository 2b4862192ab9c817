//! libvirsparse: the disk-moving half of libvirt as an in-process library.
//!
//! The C interface is `capi`; everything below it is safe Rust, in layers that import downwards:
//! driver, storage, stream, copy, block. `docs/architecture.md` is the map.
#![deny(unsafe_code)]

/// The exported symbols' versions: one directive each, made from symbols.map by build.rs.
#[allow(unsafe_code)]
mod symver {
    core::arch::global_asm!(include_str!(concat!(env!("OUT_DIR"), "/symver.s")));
}

pub mod capi;
pub mod domain;
pub mod driver;
pub mod error;
pub mod event;
mod folders;
pub mod job;
mod logging;
mod panic;
mod state;
pub mod storage;
pub mod stream;
pub mod typed_params;
mod units;
pub mod xml;

use virsparse_base::sys;
pub use virsparse_block as block;
pub use virsparse_block::copy;
