//! Runs the fuzz targets on their corpus and on a fixed number of mutations of it. VIRSPARSE_LONG=1
//! runs a hundred times as many. `make fuzz` runs them for longer, guided by coverage.

#[path = "../../../fuzz/bodies/nbd.rs"]
mod nbd;
#[path = "../../../fuzz/bodies/qcow2.rs"]
mod qcow2;
mod qcow2_support;

use std::path::Path;
use std::time::Duration;

use qcow2_support::Random;

/// The inputs of a target whose names end like that.
fn corpus(target: &str, end: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("corpus").map(|f| f.expect("file").path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("file")).collect()
}

/// No input makes the body work for long. Its processor time counts, because the machine may be busy.
fn soon(bytes: &[u8], body: impl FnOnce(&[u8])) {
    let start = worked();
    body(bytes);
    let took = worked().saturating_sub(start);
    assert!(took < Duration::from_secs(20), "{took:?} for {bytes:x?}");
}

/// The processor time of this thread.
fn worked() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    nix::time::clock_gettime(clock).expect("a clock that every Linux has").into()
}

fn rounds(short: u64) -> u64 {
    if std::env::var_os("VIRSPARSE_LONG").is_some() { short * 100 } else { short }
}

/// Numbers that formats stumble over.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x200,
    0x1000,
    0xffff,
    u32::MAX as u64,
    i32::MAX as u64,
    1 << 56,
    i64::MAX as u64,
    1 << 63,
    1 << 62 | 0x400,
    u64::MAX,
];

/// Changes a few places: bits, bytes, whole numbers, another image's piece; mostly in the tables,
/// which are in front.
fn mutate(random: &mut Random, bytes: &mut [u8], others: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let length = match random.below(3) {
            0 => bytes.len().min(112),
            1 => bytes.len().min(4096),
            _ => bytes.len(),
        };
        let at = random.below(length as u64) as usize;
        match random.below(5) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 | 3 => {
                let at = at / 8 * 8;
                let number = match random.below(3) {
                    0 => NUMBERS[random.below(NUMBERS.len() as u64) as usize],
                    1 => 1 << 63 | random.below(64) << 9,
                    _ => random.next() << 33 | random.next() << 2,
                };
                let end = (at + 8).min(bytes.len());
                bytes[at..end].copy_from_slice(&number.to_be_bytes()[..end - at]);
            }
            _ => {
                let other = &others[random.below(others.len() as u64) as usize];
                let end = (at + 16).min(bytes.len()).min(other.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&other[at..end]);
                }
            }
        }
    }
}

#[test]
fn mutated_requests_to_an_export_fail_safely() {
    let corpus = corpus("nbd_server", "");
    corpus.iter().for_each(|bytes| soon(bytes, nbd::serve));
    let mut random = Random(31);
    for round in 0..rounds(2000) {
        let mut bytes = corpus[round as usize % corpus.len()].clone();
        mutate(&mut random, &mut bytes, &corpus);
        soon(&bytes, nbd::serve);
    }
}

#[test]
fn mutated_qcow2_images_are_read_safely() {
    corpus("qcow2_open_read", "").iter().for_each(|bytes| soon(bytes, qcow2::open_read));
    // What begins as a sound image gets further.
    let corpus = corpus("qcow2_open_read", ".qcow2");
    let mut random = Random(17);
    for round in 0..rounds(8000) {
        let mut bytes = corpus[round as usize % corpus.len()].clone();
        mutate(&mut random, &mut bytes, &corpus);
        if random.below(10) == 0 {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
        }
        soon(&bytes, qcow2::open_read);
    }
}

#[test]
fn mutated_qcow2_operations_fail_safely() {
    corpus("qcow2_ops", "").iter().for_each(|bytes| soon(bytes, qcow2::ops));
    let mut random = Random(23);
    for round in 0..rounds(3000) {
        // Half of them with a valid image.
        let changes = if round % 2 == 0 { 0 } else { random.below(15) as u8 + 1 };
        let mut bytes = vec![round as u8, changes];
        bytes.extend((0..random.below(150) + 10).map(|_| random.next() as u8));
        soon(&bytes, qcow2::ops);
    }
}
