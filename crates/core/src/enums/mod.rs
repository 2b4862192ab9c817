//! libvirt's enumerations, by the names and with the values that C programs know, and those of ours. The
//! headers are made from here, and what the code does with a number it takes from here, so that each number
//! exists once: [`flags!`] makes a set of flags of an enumeration's members.
//!
//! `cargo run -p xtask` holds the values against libvirt's own headers.
#![allow(non_camel_case_types)]

pub mod common;
pub mod domain;
pub mod domain_event;
pub mod domain_snapshot;
pub mod domain_stats;
pub mod event;
pub mod sparse;
pub mod storage_pool;
pub mod storage_vol;
pub mod stream;

/// Defines sets of flags whose bits are members of an enumeration:
///
/// ```text
/// flags! {
///     /// How a volume is cloned.
///     pub struct CloneFlags: u32 = virStorageVolCreateFlags {
///         const REFLINK = VIR_STORAGE_VOL_CREATE_REFLINK;
///     }
/// }
/// ```
macro_rules! flags {
    ($(
        $(#[$($attribute:tt)*])*
        $visible:vis struct $name:ident: $bits:ty = $enumeration:ident {
            $($(#[$($about:tt)*])* const $flag:ident = $member:ident;)*
        }
    )*) => {$(
        bitflags::bitflags! {
            $(#[$($attribute)*])*
            $visible struct $name: $bits {
                $($(#[$($about)*])* const $flag = $enumeration::$member as $bits;)*
            }
        }
    )*};
}

pub(crate) use flags;
