//! libvirsparse: the disk-moving half of libvirt as an in-process library.
//!
//! This crate is the C boundary and nothing else, one file per libvirt header. Each function resolves
//! its handles, checks its arguments, calls safe code of `virsparse-core` and converts the result;
//! nothing is decided here. `docs/architecture.md` is the map.
//!
//! What C programs must know about a function stands in its doc comment, from which the headers
//! and the manual pages are made.
#![allow(non_snake_case, non_camel_case_types, non_upper_case_globals, clippy::missing_safety_doc)]
// Those comments are C manuals: `<disk>` in them is XML, and `vda[3]` is the name of an image.
#![allow(rustdoc::invalid_html_tags, rustdoc::broken_intra_doc_links)]

/// Without memory the process ends without a message; see `virsparse_base::memory`.
#[global_allocator]
static ALLOCATOR: virsparse_base::memory::QuietAllocator = virsparse_base::memory::QuietAllocator;

/// The exported symbols' versions: one directive each, made from symbols.map by build.rs.
mod symver {
    core::arch::global_asm!(include_str!(concat!(env!("OUT_DIR"), "/symver.s")));
}

pub mod absent;
pub mod auth;
pub mod call;
pub mod callback;
pub mod handle;
pub mod host_loop;
pub mod lists;
pub mod opaque;
pub mod real_libvirt;
pub mod strings;
pub mod typed_array;

pub mod domain;
pub mod event;
pub mod holder;
pub mod host;
pub mod host_node;
pub mod rfc;
pub mod sparse;
pub mod storage;
pub mod stream;
pub mod typed_params;
pub mod unsupported;
pub mod virterror;
