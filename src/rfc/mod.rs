//! The designs that libvirt's interfaces for disks and streams grew from, as they were posted. A file
//! is a design, a header and a version node; it puts the design's names on what the rest of the
//! library does. docs/rfc-interfaces.md tells what became of each.
//!
//! These functions are found by who asks for their node, and by nobody else: they are not `no_mangle`,
//! so that they can have the names of released ones, and their own names stay inside.

pub mod rfc_2011_03;
pub mod rfc_2011_04;
pub mod rfc_2011_v3;
pub mod rfc_2014_08;
pub mod rfc_2016_04;
pub mod rfc_2016_05;

use std::ffi::{c_char, c_ulonglong};

use super::call::{Call, Failure};
use virsparse_core::domain::Domain;
use virsparse_core::error::*;

/// Gives functions of this file their names in the node of a design.
macro_rules! in_node {
    ($node:literal: $($function:ident),+ $(,)?) => {
        $(core::arch::global_asm!(
            concat!(".globl {0}\n.symver {0}, ", stringify!($function), "@", $node),
            sym $function
        );)+
    };
}
use in_node;

/// The disk that a caller of a design names. There its device's alias is a name of it, too.
///
/// # Safety
/// `name` is NULL or a NUL-terminated string.
unsafe fn disk(
    call: &Call,
    domain: &Domain,
    name: *const c_char,
    parameter: &str,
) -> Result<String> {
    // SAFETY: the caller's promise.
    let name = unsafe { call.string(name, VIR_FROM_DOMAIN, parameter)? };
    domain.disk_of_alias(name)
}

/// A number of bytes, where 0 is one as well.
struct Bytes(c_ulonglong);

impl Failure for Bytes {
    const FAILURE: Self = Bytes(c_ulonglong::MAX);
}
