//! Throws bytes at an NBD export.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/nbd.rs"]
mod body;

fuzz_target!(|data: &[u8]| body::serve(data));
