//! Images with wrong refcounts: our check finds the errors that `qemu-img check` finds, and opening
//! an image for writing repairs them if its header has the dirty bit.

mod qcow2_support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use qcow2_support::guest::*;
use qcow2_support::*;
use virsparse_block::qcow2::Qcow2Node;
use virsparse_block::{Format, Node, OpenOptions, open};

const DIRTY: usize = 79;

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// `qemu-img check` finds nothing at all, no leaks either.
fn sound(image: &Path, what: &str) {
    let output = Command::new("qemu-img")
        .args(["check", "-f", "qcow2", text(image)])
        .output()
        .expect("qemu-img");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{what}: {said}{errors}");
}

fn write_a_little(node: &dyn Node) {
    let length = node.length().expect("length");
    for at in (0..length - 3000).step_by(50_000) {
        node.write_at(&[9; 3000], at).expect("write");
    }
    node.flush().expect("flush");
}

#[test]
fn an_image_that_a_killed_writer_left_dirty_is_repaired() {
    let folder = folder();
    let image = folder.path().join("image.qcow2");
    for options in ["cluster_size=512", "cluster_size=65536", "cluster_size=4096,refcount_bits=64"]
    {
        let options = format!("{options},lazy_refcounts=on");
        run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, text(&image), "1M"]);
        let mut child = Command::new("qemu-io")
            .args(["-f", "qcow2", "-c", "write -P 1 0 300k", "-c", "discard 64k 64k"])
            .args(["-c", "write -P 2 500k 100k", "-c", "flush", "-c", "sleep 600000"])
            .arg(&image)
            .stdout(Stdio::null())
            .spawn()
            .expect("qemu-io");
        let deadline = Instant::now() + Duration::from_secs(60);
        let written = |offset: usize, byte: u8| {
            // Its writer has locked it: only its bytes can be looked at.
            let disk = Arc::new(Disk::new(std::fs::read(&image).expect("the image")));
            let mut found = [0];
            let read = open_node(disk, None, None, false)
                .and_then(|node| node.read_at(&mut found, offset as u64));
            read.is_ok() && found == [byte]
        };
        while !written(599 << 10, 2) {
            assert!(Instant::now() < deadline, "{options}: nothing is written");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().expect("kill");
        child.wait().expect("wait");
        let before = std::fs::read(&image).expect("the image");
        assert_eq!(before[DIRTY] & 1, 1, "{options}: it is dirty");
        assert!(qemu_check(&image).is_err(), "{options}: it is wrong before");
        let expected = qemu_read(&image);
        let options_of = |writable| OpenOptions { writable, ..OpenOptions::new(Format::Qcow2) };
        drop(open(&image, options_of(false)).expect("open for reading"));
        assert_eq!(std::fs::read(&image).expect("the image"), before, "reading changes nothing");
        drop(open(&image, options_of(true)).expect("open for writing"));
        sound(&image, &options);
        assert_eq!(std::fs::read(&image).expect("the image")[DIRTY] & 1, 0, "{options}");
        assert!(qemu_read(&image) == expected, "{options}: it reads as before");
        write_a_little(&*open(&image, options_of(true)).expect("open again"));
        sound(&image, &options);
    }
}

/// Images in which many kinds of tables refer to clusters.
fn images() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for (cluster, options) in [
        (512, ""),
        (512, ",refcount_bits=64"),
        (4096, ",refcount_bits=8"),
        (16384, ",extended_l2=on"),
        (65536, ""),
    ] {
        for kind in [Kind::Plain, Kind::Snapshot, Kind::Compressed] {
            let size = 400 << 10;
            let filled = if kind == Kind::Compressed { 20 << 10 } else { 200 << 10 };
            scenarios.push(Scenario { cluster, options, kind, size, filled, changes: 0 });
        }
    }
    scenarios
}

fn make_with_bitmap(scenario: &Scenario, folder: &Path) -> std::path::PathBuf {
    let image = make(scenario, folder);
    run("qemu-img", &["bitmap", "--add", "-g", "65536", text(&image), "b0"]);
    qemu_io(&image, &["write -P 77 150k 30k".to_string(), "discard 0 64k".to_string()]);
    image
}

/// Where the refcount blocks of an image are.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let (table, cluster) = (number(bytes, 48, 8) as usize, 1usize << number(bytes, 20, 4));
    let clusters = number(bytes, 56, 4) as usize;
    (table..table + clusters * cluster)
        .step_by(8)
        .map(|at| number(bytes, at, 8) as usize)
        .filter(|block| *block != 0)
        .collect()
}

/// Damages refcounts in one of many ways.
fn damage(random: &mut Random, bytes: &mut [u8]) {
    let cluster = 1usize << number(bytes, 20, 4);
    let blocks = blocks(bytes);
    let block = blocks[random.below(blocks.len() as u64) as usize];
    // Where the refcounts are that say something; a part of them.
    let used = (bytes.len() / 512).min(cluster);
    match random.below(4) {
        0 => bytes[block..block + cluster].fill(0),
        1 => {
            for _ in 0..10 {
                let at = block + random.below(used as u64) as usize;
                bytes[at] = bytes[at].wrapping_add(1);
            }
        }
        2 => {
            for _ in 0..10 {
                bytes[block + random.below(used as u64) as usize] = 0;
            }
        }
        _ => {
            // The block itself is lost.
            let table = number(bytes, 48, 8) as usize;
            let clusters = number(bytes, 56, 4) as usize;
            bytes[table..table + clusters * cluster].fill(0);
        }
    }
}

#[test]
fn wrong_refcounts_are_repaired_as_qemu_does() {
    let mut random = Random(99);
    for scenario in images() {
        let folder = folder();
        let image = make_with_bitmap(&scenario, folder.path());
        let expected = qemu_read(&image);
        let good = std::fs::read(&image).expect("the image");
        let report = Qcow2Node::check("image", &Disk::new(good.clone())).expect("check");
        assert_eq!((report.corruptions, report.leaks), (0, 0));
        for round in 0..8 {
            let what = format!("{}{} round {round}", scenario.cluster, scenario.options);
            let mut bytes = good.clone();
            damage(&mut random, &mut bytes);
            let report = Qcow2Node::check("image", &Disk::new(bytes.clone())).expect("check");
            std::fs::write(&image, &bytes).expect("the image");
            let output = Command::new("qemu-img")
                .args(["check", "--output=json", "-f", "qcow2", text(&image)])
                .output()
                .expect("qemu-img");
            let json = String::from_utf8_lossy(&output.stdout).to_string();
            let found = |name: &str| {
                let rest = json.split(&format!("\"{name}\": ")).nth(1).unwrap_or("0");
                rest.split([',', '\n', '}']).next().and_then(|n| n.trim().parse().ok())
            };
            let qemu = (found("corruptions"), found("leaks"));
            assert_eq!((Some(report.corruptions), Some(report.leaks)), qemu, "{what}: {json}");
            repair(&bytes, &image, &expected, &what);
        }
    }
}

/// Opens the image as one that says that it is dirty; crashes at each moment of the repair.
fn repair(bytes: &[u8], image: &Path, expected: &[u8], what: &str) {
    let mut bytes = bytes.to_vec();
    bytes[DIRTY] |= 1;
    let log = Log::default();
    let disk = Arc::new(Disk::logged(bytes.clone(), 0, log.clone()));
    drop(open_node(disk.clone(), None, None, true).expect("repair"));
    std::fs::write(image, disk.bytes()).expect("the image");
    sound(image, what);
    assert!(qemu_read(image) == expected, "{what}: it reads as before");
    let log = log.lock().expect("the log");
    for crash in 0..log.len() {
        let mut left = bytes.clone();
        log[..crash].iter().for_each(|(_, op)| op.apply(&mut left, || true));
        let dirty = left[DIRTY] & 1 == 1;
        let disk = Arc::new(Disk::new(left));
        let report = Qcow2Node::check("image", &*disk);
        assert!(dirty || report.is_ok_and(|report| report.corruptions == 0), "{what}: {crash}");
        let node = open_node(disk.clone(), None, None, true).expect("repair again");
        let mut read = vec![0; expected.len()];
        node.read_at(&mut read, 0).expect("read");
        assert!(read == expected, "{what}: crash {crash}");
        drop(node);
        let report = Qcow2Node::check("image", &*disk).expect("check");
        assert_eq!((report.corruptions, report.leaks), (0, 0), "{what}: crash {crash}");
    }
}

#[test]
fn an_image_marked_as_corrupt_can_only_be_read() {
    let folder = folder();
    let scenario = images().remove(0);
    let mut bytes = std::fs::read(make(&scenario, folder.path())).expect("the image");
    bytes[DIRTY] |= 2;
    let disk = Arc::new(Disk::new(bytes.clone()));
    assert!(open_node(disk.clone(), None, None, false).is_ok());
    assert!(open_node(disk.clone(), None, None, true).is_err());
    assert!(disk.bytes() == bytes);
}
