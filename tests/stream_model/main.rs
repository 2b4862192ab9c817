//! Random sequences of stream calls against a model: a volume is a vector of bytes, a stream is one of
//! four states with a position in that vector.
//!
//! After every transfer the volume is compared with the model byte by byte, and so is the space that it
//! takes: what may be allocated is known block by block. Where the library has a choice (how much a
//! call moves, how much of an aborted upload was written), the model follows what it does and checks
//! that it is one of the choices.
//!
//! `PROPTEST_CASES` sets how many sequences are run.

mod calls;
mod case;
mod model;
mod script;
mod volume;

use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_uint, c_ulonglong, c_void};
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use virsparse::handle;
use virsparse::host::*;
use virsparse::sparse::*;
use virsparse::storage::pool::*;
use virsparse::storage::pool_lookup::*;
use virsparse::storage::volume::*;
use virsparse::stream::*;
use virsparse::virterror::*;
use virsparse_core::error::virErrorNumber::{self, *};
use virsparse_core::storage::Volume;

use calls::*;
use case::*;
use model::*;
use script::*;
use volume::*;

const BLOCK: usize = 4096;
const SPARSE: c_uint = 1;
const STOP_AT_HOLE: c_uint = 1;
const NONBLOCK: c_uint = 1;

fn run(place: &Place, case: &Case) {
    let disk = Disk::new(place, case);
    let stream = virStreamNew(disk.conn, case.flags);
    let mut run = Run { disk, stream, model: Model::new(case) };
    same(&run.disk.read(), &run.model.bytes);
    for step in &case.steps {
        run.step(step);
    }
    run.free(0);
    assert_eq!(virStreamFree(run.stream), 0);
}

#[test]
fn streams_match_the_model() {
    let place = Place::new();
    let config = ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400),
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    };
    // The same sequences every time, unless others are asked for.
    let seed: u8 =
        std::env::var("STREAM_MODEL_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&case(), |case| {
        run(&place, &case);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    virStoragePoolFree(place.disk.1);
    virConnectClose(place.disk.0);
    virStoragePoolFree(place.memory.1);
    virConnectClose(place.memory.0);
}
