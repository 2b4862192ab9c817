//! Changes a qcow2 image, a valid one or a damaged one, at random.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/qcow2.rs"]
#[allow(dead_code, reason = "the other target has the rest")]
mod body;

fuzz_target!(|data: &[u8]| body::ops(data));
