//! `libvirt-domain-checkpoint.h`: domains have no checkpoints here, and say so.

use std::ffi::{c_int, c_uint};

use crate::call::entry;
use crate::domain::object::virDomainPtr;
use crate::handle::Cell;
use crate::strings;
use virsparse_core::domain::Domain;
use virsparse_core::error::*;

/// A checkpoint of a domain: a moment since which changes are noted. There are none here.
pub type virDomainCheckpointPtr = *mut Cell;

/// Which checkpoints are listed. Since 5.6.0.
#[repr(C)]
pub enum virDomainCheckpointListFlags {
    /// Of a domain's, those without a parent. Since 5.6.0.
    VIR_DOMAIN_CHECKPOINT_LIST_ROOTS = 1 << 0,
    /// Parents before their children. Since 5.6.0.
    VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL = 1 << 1,
    /// Those that are no parent. Since 5.6.0.
    VIR_DOMAIN_CHECKPOINT_LIST_LEAVES = 1 << 2,
    /// Those that are a parent. Since 5.6.0.
    VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES = 1 << 3,
}

/// Of a checkpoint's children, those below them, too: the bit that is
/// VIR_DOMAIN_CHECKPOINT_LIST_ROOTS where a domain's are listed. Since 5.6.0.
pub const VIR_DOMAIN_CHECKPOINT_LIST_DESCENDANTS: c_uint = 1 << 0;

bitflags::bitflags! {
    struct ListFlags: u32 {
        const ROOTS = virDomainCheckpointListFlags::VIR_DOMAIN_CHECKPOINT_LIST_ROOTS as u32;
        const TOPOLOGICAL =
            virDomainCheckpointListFlags::VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL as u32;
        const LEAVES = virDomainCheckpointListFlags::VIR_DOMAIN_CHECKPOINT_LIST_LEAVES as u32;
        const NO_LEAVES = virDomainCheckpointListFlags::VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES as u32;
    }
}

/// Lists a domain's checkpoints, of which there are none.
///
/// @domain: the domain
/// @checkpoints: where to store a list that is empty, but for a NULL: the caller releases it with
/// free; NULL to count only
/// @flags: virDomainCheckpointListFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
/// domain is gone.
///
/// Since 5.6.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainListAllCheckpoints(
    domain: virDomainPtr,
    checkpoints: *mut *mut virDomainCheckpointPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainListAllCheckpoints", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.flags::<ListFlags>(flags, VIR_FROM_DOMAIN_CHECKPOINT)?;
        domain.is_active()?;
        if !checkpoints.is_null() {
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { checkpoints.write(strings::to_array(&[])?) };
        }
        Ok(0)
    })
}
