//! Persistent bitmaps record changed ranges, which is only correct if every program that writes
//! updates them. Reading an image keeps its bitmaps. The first write drops them, frees their
//! clusters, and logs that.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use virsparse_block::qcow2::Qcow2Node;
use virsparse_block::{Format, Node, OpenOptions, Result, open};

mod qcow2_support;
use qcow2_support::{Disk, folder, open_node, qemu_io, qemu_read, run, text};

/// What was logged, by the threads of all tests.
struct Logged(Mutex<Vec<String>>);

static LOGGED: Logged = Logged(Mutex::new(Vec::new()));

impl log::Log for Logged {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{}: {}", record.level(), record.args());
        self.0.lock().expect("the lines").push(line);
    }

    fn flush(&self) {}
}

fn begin_logging() {
    if log::set_logger(&LOGGED).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

/// Whether a line was logged with all of these parts.
fn has_logged(parts: &[&str]) -> bool {
    let lines = LOGGED.0.lock().expect("the lines");
    lines.iter().any(|line| parts.iter().all(|part| line.contains(part)))
}

/// The output of a program on both streams, and whether it succeeded.
fn said(program: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(program).args(arguments).output().expect(program);
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

fn info(image: &Path) -> String {
    said("qemu-img", &["info", "-f", "qcow2", text(image)]).0
}

/// An image of 8 MiB over a raw one, with three bitmaps, of which one has noted a write.
fn make(folder: &Path, options: &str) -> PathBuf {
    let (image, below) = (folder.join("image.qcow2"), folder.join("below.raw"));
    std::fs::write(&below, vec![1; 8 << 20]).expect("below");
    let arguments = ["create", "-q", "-f", "qcow2", "-o", options, "-F", "raw", "-b", "below.raw"];
    run("qemu-img", &[&arguments[..], &[text(&image), "8M"]].concat());
    run("qemu-img", &["bitmap", "--add", "-g", "512", text(&image), "kept"]);
    run("qemu-img", &["bitmap", "--add", "--disable", text(&image), "still"]);
    run("qemu-img", &["bitmap", "--add", text(&image), "third"]);
    qemu_io(&image, &["write -P 3 1M 128k".into(), "write -P 3 7M 1k".into()]);
    image
}

fn open_image(image: &Path, writable: bool) -> std::sync::Arc<dyn Node> {
    open(image, OpenOptions { writable, ..OpenOptions::new(Format::Qcow2) }).expect("open")
}

#[test]
fn bitmaps_survive_reading() {
    let folder = folder();
    let image = make(folder.path(), "cluster_size=64k");
    let before = std::fs::read(&image).expect("image");
    for writable in [false, true] {
        let node = open_image(&image, writable);
        let mut bytes = vec![0; 4096];
        node.read_at(&mut bytes, 1 << 20).expect("read");
        assert_eq!(bytes, [3; 4096]);
        node.flush().expect("flush");
        drop(node);
        assert!(std::fs::read(&image).expect("image") == before, "writable: {writable}");
    }
    let there = info(&image);
    assert!(there.contains("name: kept") && there.contains("name: still"), "{there}");
}

type Change = fn(&Qcow2Node) -> Result<()>;

const CHANGES: [(&str, Change); 7] = [
    ("write", |node| node.write_at(&[4; 100_000], 5 << 20)),
    ("write in place", |node| node.write_at(&[4; 512], 1 << 20)),
    ("zero", |node| node.write_zeroes(2 << 20, 300_000, true)),
    ("discard", |node| node.discard(1 << 20, 65536)),
    ("grow", |node| node.resize(9 << 20)),
    ("shrink", |node| node.resize(4 << 20)),
    ("rebase", |node| node.record_backing(Some(("./below.raw", "raw")))),
];

#[test]
fn the_first_write_drops_bitmaps_frees_their_clusters_and_logs_it() {
    begin_logging();
    for options in ["cluster_size=64k", "cluster_size=512", "cluster_size=4k,refcount_bits=1"] {
        for (what, change) in CHANGES {
            let folder = folder();
            let image = make(folder.path(), options);
            let mut expected = qemu_read(&image);
            let before = std::fs::read(&image).expect("image");
            let file = std::sync::Arc::new(Disk::new(before));
            let below = Disk::new(vec![1; 8 << 20]);
            let node = open_node(file.clone(), None, Some(std::sync::Arc::new(below)), true)
                .expect("open");
            change(&node).expect(what);
            node.flush().expect("flush");
            let mut bytes = vec![0; node.length().expect("length") as usize];
            node.read_at(&mut bytes, 0).expect("read");
            drop(node);
            std::fs::write(&image, file.bytes()).expect("image");
            // QEMU finds no trace of them: no leak, no warning, and the name of what is below.
            let (report, code) = said("qemu-img", &["check", "-f", "qcow2", text(&image)]);
            assert_eq!(code, Some(0), "{what}, {options}: {report}");
            let gone = info(&image);
            assert!(!gone.contains("name: kept") && !gone.contains("WARNING"), "{what}: {gone}");
            assert!(gone.contains("below.raw"), "{what}: {gone}");
            assert!(qemu_read(&image) == bytes, "{what}, {options}: QEMU reads something else");
            expected.resize(bytes.len(), 0);
            if what == "rebase" {
                assert!(bytes == expected, "{what}");
            }
            // A new one by the old name starts afresh.
            run("qemu-img", &["bitmap", "--add", text(&image), "kept"]);
            assert!(info(&image).contains("name: kept"));
        }
    }
    assert!(has_logged(&["WARN", "drops its persistent bitmaps: 'kept', 'still', 'third'"]));
    assert!(has_logged(&["INFO", "first change drops its 3 bitmaps"]));
}

/// Where the header extension of bitmaps begins.
fn extension(bytes: &[u8]) -> usize {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
    let mut at = number(100) as usize;
    while number(at) != 0x2385_2875 {
        at += 8 + (number(at + 4) as usize).next_multiple_of(8);
    }
    at
}

#[test]
fn a_header_extension_after_the_bitmaps_is_kept() {
    let folder = folder();
    let image = make(folder.path(), "cluster_size=64k");
    let mut bytes = std::fs::read(&image).expect("image");
    // An unknown extension between the bitmaps' one and the backing file name, which must be kept.
    let (at, name) = (extension(&bytes) + 32, b"below.raw");
    let mut unknown = b"\x12\x34\x56\x78\x00\x00\x00\x05hello\x00\x00\x00".to_vec();
    unknown.extend([0; 8]);
    let name_at = at + unknown.len();
    bytes[at..name_at].copy_from_slice(&unknown);
    bytes[name_at..name_at + name.len()].copy_from_slice(name);
    bytes[8..16].copy_from_slice(&(name_at as u64).to_be_bytes());
    std::fs::write(&image, &bytes).expect("image");
    run("qemu-img", &["check", "-q", "-f", "qcow2", text(&image)]);
    assert!(info(&image).contains("name: third"));

    let node = open_image(&image, true);
    node.write_at(&[4; 512], 0).expect("write");
    drop(node);
    run("qemu-img", &["check", "-q", "-f", "qcow2", text(&image)]);
    let left = std::fs::read(&image).expect("image");
    assert_eq!(left[at..name_at + name.len()], bytes[at..name_at + name.len()]);
    assert!(!info(&image).contains("name: third"));
}

/// Bitmaps that contradict the rest of the image are not freed, because their clusters may be used
/// for other data.
#[test]
fn invalid_bitmaps_are_dropped_and_their_clusters_are_not_freed() {
    begin_logging();
    let folder = folder();
    let image = make(folder.path(), "cluster_size=4k");
    let good = std::fs::read(&image).expect("image");
    let number = |at: usize| u64::from_be_bytes(good[at..at + 8].try_into().expect("eight"));
    let directory = number(extension(&good) + 24) as usize;
    let (table, l1) = (number(directory), number(40));
    let second = directory + (24 + 4_usize).next_multiple_of(8);
    assert_eq!(&good[directory + 24..directory + 28], b"kept");
    let beyond = good.len() as u64 * 2;
    let lies = [
        ("a table is the L1 table", directory, l1),
        ("a table is the header", directory, 0),
        ("a table is behind the end", directory, beyond),
        ("a table is no cluster", directory, table + 512),
        ("two have one table", second, table),
        ("a table has two billion entries", directory + 8, 0x7fff_ffff << 32),
        ("a bitmap's data is the refcount table", table as usize, number(48)),
        ("a bitmap's data is an L2 table", table as usize, number(l1 as usize) & !(1 << 63)),
        ("a bitmap's data is its own table", table as usize, table),
        ("a bitmap's data is the directory", table as usize, directory as u64),
        ("a bitmap's data is free", table as usize, (good.len() as u64).next_multiple_of(4096)),
    ];
    for (what, at, value) in lies {
        let mut bytes = good.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_be_bytes());
        let file = std::sync::Arc::new(Disk::new(bytes));
        let below = std::sync::Arc::new(Disk::new(vec![1; 8 << 20]));
        let node = open_node(file.clone(), None, Some(below), true).expect(what);
        for round in 0..20 {
            node.write_at(&[4; 4096], round * 65536).expect(what);
            node.flush().expect(what);
        }
        drop(node);
        std::fs::write(&image, file.bytes()).expect("image");
        let (report, code) = said("qemu-img", &["check", "-f", "qcow2", text(&image)]);
        assert_eq!(code, Some(3), "{what}: {report}");
        assert!(
            report.contains("leaked clusters") && !report.contains("ERROR"),
            "{what}: {report}"
        );
        let read = qemu_read(&image);
        assert!(
            read[1 << 20..(1 << 20) + 131_072].chunks(65536).all(|part| part[4096..] == [3; 61440])
        );
        assert!(read[..4096] == [4; 4096], "{what}");
    }
    assert!(has_logged(&["WARN", "is not freed: image 'image' is corrupt: bitmaps overlap"]));
}
