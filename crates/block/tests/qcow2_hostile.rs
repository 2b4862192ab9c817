//! Hostile images: each is refused or used with a clear error, on a small stack, in bounded memory
//! and time, and a refused image is not changed.

mod qcow2_support;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use qcow2_support::guard::{STACK, guarded, measured};
use qcow2_support::*;
use virsparse_block::{Format, OpenOptions, Result, open};

const MIB: u64 = 1 << 20;
/// Any image of common size, for reading and writing: the pieces of its tables, a cluster or two, and
/// what the allocator keeps.
const MEMORY: u64 = 32 * MIB;
/// Counters for the clusters of a dirty image.
const WINDOW: u64 = 64 * MIB;
const COPIED: u64 = 1 << 63;

/// Opens the image, and reads it; writes into it as well if that is asked for.
fn try_out(path: &Path, writable: bool) -> Result<()> {
    let node = open(path, OpenOptions { writable, ..OpenOptions::new(Format::Qcow2) })?;
    let length = node.length()?;
    let ends = [0, length.saturating_sub(MIB)];
    let mut done = Ok(());
    let mut note = |result: Result<()>| done = std::mem::replace(&mut done, Ok(())).and(result);
    for start in ends {
        let mut bytes = vec![0; MIB as usize];
        note(node.read_at(&mut bytes, start).map(drop));
        let end = length.min(start + MIB);
        note(node.extent_at(start.min(end), end).map(drop));
    }
    note(node.extent_at(0, length).map(drop));
    if writable {
        for start in ends {
            let some = length.min(70_000) as usize;
            note(node.write_at(&vec![5; some], start));
            note(node.discard(start, some as u64));
            note(node.write_zeroes(start, some as u64, false));
        }
        note(node.flush());
        note(node.resize(length.saturating_add(100 * MIB)));
        note(node.resize(length.saturating_sub(100 * MIB)));
        note(node.flush());
    }
    done
}

/// Opening the image fails with an error that has its name and this text, and does not change it.
fn refused(path: &Path, writable: bool, says: &str, what: &str) {
    let before = std::fs::read(path).expect("the image");
    let error = guarded(MEMORY, what, || try_out(path, writable)).expect_err(what);
    assert!(error.what.contains(text(path)), "{what}: {}", error.what);
    assert!(error.what.contains(says), "{what}: {}", error.what);
    assert!(std::fs::read(path).expect("the image") == before, "{what}: it has changed");
}

fn put(bytes: &mut [u8], at: usize, value: u64, length: usize) {
    bytes[at..at + length].copy_from_slice(&value.to_be_bytes()[8 - length..]);
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A small image with all that an image can have.
fn rich(folder: &Path, options: &str) -> PathBuf {
    let image = folder.join("image.qcow2");
    let options = format!("cluster_size=4096{options}");
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, text(&image), "8M"]);
    qemu_io(&image, &["write -P 1 0 100k".into(), "write -P 2 4M 100k".into()]);
    run("qemu-img", &["snapshot", "-c", "one", text(&image)]);
    if !options.contains("compat") {
        run("qemu-img", &["bitmap", "--add", text(&image), "b0"]);
    }
    qemu_io(&image, &["write -P 3 50k 100k".into(), "discard 4M 8k".into()]);
    image
}

/// An invalid number in the header: its offset, its length, its value, and the text of the error.
type Lie = (usize, usize, u64, &'static str);

/// Nobody can read the image then.
const FOR_ALL: &[Lie] = &[
    (0, 4, 0x5146_49fa, "not in qcow2 format"),
    (4, 4, 0, "uses qcow2 version 0"),
    (4, 4, 1, "uses qcow2 version 1"),
    (4, 4, 4, "uses qcow2 version 4"),
    (16, 4, 1024, "backing file's name is out of range"),
    (16, 4, u32::MAX as u64, "backing file's name is out of range"),
    (20, 4, 0, "cluster size is out of range"),
    (20, 4, 8, "cluster size is out of range"),
    (20, 4, 22, "cluster size is out of range"),
    (20, 4, u32::MAX as u64, "cluster size is out of range"),
    (24, 8, u64::MAX, "too large"),
    (24, 8, 1 << 63, "too large"),
    (24, 8, i64::MAX as u64, "L1 table is too small"),
    (24, 8, 1 << 40, "L1 table is too small"),
    (32, 4, 1, "uses encryption"),
    (32, 4, 2, "uses encryption"),
    (32, 4, 3, "uses encryption"),
    (36, 4, 0, "L1 table is too small"),
    (36, 4, 1, "L1 table is too small"),
    (36, 4, (32 << 20) / 8 + 1, "L1 table is out of range"),
    (36, 4, u32::MAX as u64, "L1 table is out of range"),
    (40, 8, 1, "L1 table is out of range"),
    (40, 8, 1 << 50, "L1 table lies outside"),
    (40, 8, 1 << 63, "L1 table lies outside"),
    (40, 8, u64::MAX << 12, "L1 table lies outside"),
    (48, 8, 3, "refcount table is out of range"),
    (48, 8, u64::MAX << 12, "refcount table is out of range"),
    (56, 4, 0, "refcount table is out of range"),
    (56, 4, (8 << 20) / 4096 + 1, "refcount table is out of range"),
    (56, 4, u32::MAX as u64, "refcount table is out of range"),
    (60, 4, 65537, "snapshot table is out of range"),
    (60, 4, u32::MAX as u64, "snapshot table is out of range"),
    (64, 8, 77, "snapshot table is out of range"),
    (64, 8, u64::MAX << 12, "snapshot table is out of range"),
    (72, 8, 1 << 5, "uses incompatible features 0x20"),
    (72, 8, 1 << 63, "uses incompatible features 0x8000000000000000"),
    (72, 8, u64::MAX, "uses incompatible features"),
    (72, 8, 4, "does not name its data file"),
    (72, 8, 8, "uses compression type 0"),
    (72, 8, 16, "subclusters are smaller"),
    (96, 4, 7, "refcount width is out of range"),
    (96, 4, u32::MAX as u64, "refcount width is out of range"),
    (100, 4, 0, "header's length is out of range"),
    (100, 4, 103, "header's length is out of range"),
    (100, 4, 4097, "header's length is out of range"),
    (104, 1, 1, "uses compression type 1"),
    (104, 1, 2, "uses compression type 2"),
    // The first extension's length.
    (116, 4, u32::MAX as u64, "a header extension is out of range"),
    (116, 4, 4096, "a header extension is out of range"),
];

/// Nobody can write it.
const FOR_WRITERS: &[Lie] = &[
    (40, 8, 0, "tables overlap"),
    (48, 8, 0, "tables overlap"),
    (48, 8, 1 << 40, "refcount table lies outside"),
    (48, 8, 1 << 62, "refcount table lies outside"),
    (64, 8, 0, "snapshot table"),
    (64, 8, 1 << 50, "snapshot table is cut off"),
    (72, 8, 2, "marked as such"),
];

#[test]
fn invalid_headers_are_refused() {
    let folder = folder();
    let image = rich(folder.path(), "");
    let mut good = std::fs::read(&image).expect("the image");
    // A name, so that there is something to be wrong with it.
    let length = good.windows(8).position(|part| part == [0; 8]).map(|_| 4080).expect("room");
    put(&mut good, 8, length, 8);
    put(&mut good, 16, 5, 4);
    good[4080..4085].copy_from_slice(b"below");
    std::fs::write(folder.path().join("below"), [9; 100_000]).expect("the image below");
    std::fs::write(&image, &good).expect("the image");
    guarded(MEMORY, "good", || try_out(&image, true)).expect("it is good");
    let cases = FOR_ALL.iter().flat_map(|lie| [(lie, false), (lie, true)]);
    for (&(at, bytes, value, says), writable) in cases.chain(FOR_WRITERS.iter().map(|l| (l, true)))
    {
        let mut bad = good.clone();
        put(&mut bad, at, value, bytes);
        std::fs::write(&image, &bad).expect("the image");
        let what = format!("{value:#x} at {at}");
        refused(&image, writable, says, &what);
        if !writable {
            let output = Command::new("qemu-io")
                .args(["-r", "-f", "qcow2", "-c", "read 0 512", text(&image)])
                .output()
                .expect("qemu-io");
            // QEMU sees zeros in a table that is not there, and reads other bytes than the header's.
            let theirs = [(40, 1 << 50)].contains(&(at, value));
            assert!(!output.status.success() || theirs, "{what}: QEMU reads it");
        }
    }
}

#[test]
fn an_image_truncated_anywhere_fails_safely() {
    for options in ["", ",compat=0.10"] {
        let folder = folder();
        let image = rich(folder.path(), options);
        let good = std::fs::read(&image).expect("the image");
        let headers = (0..200).map(|length| length * 3);
        let lengths: Vec<_> = headers.chain((600..good.len()).step_by(1111)).collect();
        guarded(MEMORY, "all cuts", || {
            for length in lengths {
                for writable in [false, true] {
                    std::fs::write(&image, &good[..length]).expect("the image");
                    if let Err(error) = try_out(&image, writable) {
                        assert!(error.what.contains("image.qcow2"), "{}", error.what);
                    } else {
                        assert!(length > 4096, "{length} bytes are an image");
                    }
                }
            }
        });
    }
}

#[test]
fn encrypted_images_are_refused_unchanged() {
    let folder = folder();
    for (kind, method) in [("aes", 1), ("luks", 2)] {
        let image = folder.path().join(format!("{kind}.qcow2"));
        let mut options = format!("encrypt.format={kind},encrypt.key-secret=s");
        if kind == "luks" {
            options.push_str(",encrypt.iter-time=50");
        }
        let secret = ["--object", "secret,id=s,data=secret"];
        let create = ["create", "-q", "-f", "qcow2", "-o", &options, text(&image), "1M"];
        // QEMU measures how fast it is, and gives up where it is disturbed at that.
        let made = (0..20).any(|_| {
            let all = [&create[..1], &secret, &create[1..]].concat();
            Command::new("qemu-img").args(all).output().expect("qemu-img").status.success()
        });
        assert!(made, "{kind}: QEMU cannot make it");
        let mut bytes = std::fs::read(&image).expect("the image");
        assert_eq!(number(&bytes, 32, 4), method);
        for dirty in [0, 1] {
            bytes[79] |= dirty;
            std::fs::write(&image, &bytes).expect("the image");
            refused(&image, false, "uses encryption", kind);
            refused(&image, true, "uses encryption", kind);
        }
        // Below another, nothing is done to that one either.
        let top = folder.path().join("top.qcow2");
        let name = format!("{kind}.qcow2");
        let over = ["create", "-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b", &name];
        run("qemu-img", &[&over[..], &[text(&top), "1M"]].concat());
        refused(&top, true, "uses encryption", kind);
    }
}

/// A file that is large without taking space: an image of which the header and some tables are there.
struct Sparse {
    path: PathBuf,
    file: File,
}

impl Sparse {
    /// With clusters of that size, an L1 table of `l1` entries at cluster 1, and a refcount table of
    /// `refcounts` clusters behind that.
    fn new(folder: &Path, bits: u32, l1: u64, refcounts: u64, length: u64) -> Sparse {
        let path = folder.join("sparse.qcow2");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.expect("a file");
        file.set_len(length).expect("its length");
        let cluster = 1 << bits;
        let mut header = vec![0; 112];
        let size = l1 * (cluster / 8) * cluster;
        let table = (1 + (l1 * 8).div_ceil(cluster)) * cluster;
        for (at, bytes, value) in [
            (0, 4, 0x5146_49fb),
            (4, 4, 3),
            (20, 4, u64::from(bits)),
            (24, 8, size.min(i64::MAX as u64)),
            (36, 4, l1),
            (40, 8, cluster),
            (48, 8, table),
            (56, 4, refcounts),
            (96, 4, 4),
            (100, 4, 104),
        ] {
            put(&mut header, at, value, bytes);
        }
        file.write_all_at(&header, 0).expect("the header");
        Sparse { path, file }
    }

    fn numbers(&self, at: u64, numbers: impl Iterator<Item = u64>) {
        let bytes: Vec<u8> = numbers.flat_map(u64::to_be_bytes).collect();
        self.file.write_all_at(&bytes, at).expect("numbers");
    }

    fn number(&self, at: u64, bytes: usize, value: u64) {
        self.file.write_all_at(&value.to_be_bytes()[8 - bytes..], at).expect("a number");
    }

    /// Reads and writes it. The result is an error that names it, or none.
    fn try_out(&self, memory: u64, what: &str) {
        self.guarded(memory, what, || try_out(&self.path, false));
        self.guarded(memory, what, || try_out(&self.path, true));
    }

    /// Opens it for writing, and writes a little.
    fn write(&self, memory: u64, what: &str) {
        let options = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
        self.guarded(memory, what, || {
            let node = open(&self.path, options)?;
            node.write_at(&[5; 5000], 100)?;
            node.flush()
        });
    }

    fn guarded(&self, memory: u64, what: &str, body: impl FnOnce() -> Result<()> + Send) {
        if let Err(error) = guarded(memory, what, body) {
            assert!(error.what.contains(text(&self.path)), "{what}: {}", error.what);
            if std::env::var_os("VIRSPARSE_SHOW").is_some() {
                println!("{}", error.what);
            }
        }
    }
}

#[test]
fn memory_is_bounded_by_the_tables_in_the_file() {
    let folder = folder();
    // The guard itself notices memory that is used.
    let much = || std::hint::black_box(vec![1u8; 2 * MEMORY as usize]).len();
    assert!(measured(STACK, much).2 > MEMORY);
    // The largest size there is, with nothing in it.
    Sparse::new(folder.path(), 21, 1 << 17, 1, 1 << 40).try_out(MEMORY, "the largest disk");
    // As many tables as an L1 table of the largest size can have, each of its own; a quarter of them,
    // unless there is time.
    let long = std::env::var_os("VIRSPARSE_LONG").is_some();
    let most = if long { 4 << 20 } else { 1 << 20 };
    let large = Sparse::new(folder.path(), 9, most, 1, 8 << 30);
    large.numbers(512, (0..most).map(|table| (100_000 + table) << 9 | COPIED));
    large.write(most * 30 + MEMORY, "many L2 tables");
    // All of them are one.
    let same = Sparse::new(folder.path(), 9, most, 1, 8 << 30);
    same.numbers(512, (0..most).map(|_| 100_000 << 9));
    same.write(MEMORY, "one L2 table many times");
    same.number(72, 8, 1);
    same.write(WINDOW + most * 50 + MEMORY, "one L2 table many times, dirty");
    // To be counted first, each for itself, takes time: some of them.
    let some = if long { most } else { most / 8 };
    let dirty = Sparse::new(folder.path(), 9, some, 1, 8 << 30);
    dirty.numbers(512, (0..some).map(|table| (100_000 + table) << 9 | COPIED));
    dirty.number(72, 8, 1);
    dirty.write(WINDOW + some * 50 + MEMORY, "many L2 tables, dirty");
    // The largest refcount table, whose blocks are all one, or each of its own.
    let counted = Sparse::new(folder.path(), 9, 1, (8 << 20) / 512, 8 << 30);
    counted.numbers(1024, (0..1 << 20).map(|_| 100_000 << 9));
    counted.write(MEMORY, "one refcount block 1 Mi times");
    counted.numbers(1024, (0..1 << 20).map(|block| (100_000 + block) << 9));
    counted.write(100 * MIB, "1 Mi refcount blocks");
    // As many snapshots as there can be, with an L1 table of the largest size, or one that is shared.
    let old = Sparse::new(folder.path(), 9, 1, 1, 8 << 30);
    old.number(60, 4, 65536);
    old.number(64, 8, 1 << 30);
    let entry = |offset: u64, entries: u64| [offset, entries << 32, 0, 0, 0];
    old.numbers(1 << 30, (0..65536).flat_map(|_| entry(2 << 30, most)));
    old.numbers(2 << 30, (0..most).map(|table| (10_000_000 + table) << 9));
    old.try_out(MEMORY, "65536 times one snapshot");
    let each = most / 65536;
    let own = |number: u64| entry((2 << 30) + number * 512, each);
    old.numbers(1 << 30, (0..65536).flat_map(own));
    (0..65536).for_each(|number| {
        let first = 10_000_000 + number * each;
        old.numbers((2 << 30) + number * 512, (first..first + each).map(|table| table << 9));
    });
    old.write(most * 30 + MEMORY, "65536 snapshots with many tables");
    // As many bitmaps, in a directory as long as the file.
    let bitmaps = Sparse::new(folder.path(), 9, 1, 1, 8 << 30);
    bitmaps.number(88, 8, 1);
    bitmaps.number(104, 4, 0x2385_2875);
    bitmaps.numbers(108, [24 << 32 | 65535, 1 << 32, 1 << 32].into_iter());
    bitmaps.try_out(MEMORY, "65535 bitmaps");
    bitmaps.number(72, 8, 1);
    bitmaps.try_out(WINDOW + MEMORY, "65535 bitmaps, dirty");
    // A dirty image as long as a file can be.
    let bytes = if long { 64 << 40 } else { 2 << 40 };
    let long = Sparse::new(folder.path(), 16, 1, 1, bytes);
    long.number(72, 8, 1);
    long.write(WINDOW + MEMORY, "a large dirty image");
}

#[test]
fn decompressing_uses_at_most_one_cluster_of_memory() {
    let folder = folder();
    let raw = folder.path().join("raw");
    std::fs::write(&raw, vec![7; 4 << 20]).expect("the data");
    for kind in ["zlib", "zstd"] {
        let image = folder.path().join("image.qcow2");
        let options = format!("cluster_size=2M,compression_type={kind}");
        let convert = ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", &options];
        run("qemu-img", &[&convert[..], &[text(&raw), text(&image)]].concat());
        let mut bytes = std::fs::read(&image).expect("the image");
        let l2 = number(&bytes, number(&bytes, 40, 8) as usize, 8) & !COPIED;
        let data = (number(&bytes, l2 as usize, 8) & ((1 << 49) - 1)) as usize;
        // Data that decompresses to far more than the cluster, and asks for a window of 2 GiB.
        let mut endless = Vec::new();
        if kind == "zstd" {
            endless.extend(0xfd2f_b528u32.to_le_bytes());
            endless.extend([0, (31 - 10) << 3]);
            // Blocks of 128 KiB of one byte each, none of which is the last.
            (0..100).for_each(|_| endless.extend([0x02, 0x00, 0x10, 0x55]));
        } else {
            endless.extend([0xff; 400]);
        }
        bytes[data..data + endless.len()].copy_from_slice(&endless);
        std::fs::write(&image, &bytes).expect("the image");
        refused(&image, false, "cannot be uncompressed", kind);
    }
}
