//! Opens anything as a qcow2 image, and reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/qcow2.rs"]
#[allow(dead_code, reason = "the other target has the rest")]
mod body;

fuzz_target!(|data: &[u8]| body::open_read(data));
