//! Images with tables that overlap each other, data that overlaps tables, or tables that are
//! counted as free: we refuse the operations that QEMU refuses, and trying them does no further
//! harm.

mod qcow2_support;

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use qcow2_support::*;
use virsparse_block::{Format, OpenOptions, open};

const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;

fn number(bytes: &[u8], at: u64, length: usize) -> u64 {
    bytes[at as usize..at as usize + length].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn put(bytes: &mut [u8], at: u64, value: u64) {
    bytes[at as usize..at as usize + 8].copy_from_slice(&value.to_be_bytes());
}

/// An image with two L2 tables and room for more, a snapshot, and bitmaps if it can have those.
struct Base {
    what: String,
    bytes: Vec<u8>,
    cluster: u64,
    coverage: u64,
    /// What is where in the file.
    parts: Vec<(&'static str, u64)>,
}

impl Base {
    fn make(cluster: u64, options: &str, bitmaps: bool, folder: &Path) -> Base {
        let image = folder.join("base.qcow2");
        let entry = if options.contains("extended") { 16 } else { 8 };
        let coverage = cluster / entry * cluster;
        let options = format!("cluster_size={cluster}{options}");
        let size = (4 * coverage).to_string();
        run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, text(&image), &size]);
        let write = |byte: u8| {
            let length = 3 * cluster;
            [0, coverage].map(|offset| format!("write -P {byte} {offset} {length}"))
        };
        qemu_io(&image, &write(1));
        run("qemu-img", &["snapshot", "-c", "one", text(&image)]);
        qemu_io(&image, &write(2));
        if bitmaps {
            run("qemu-img", &["bitmap", "--add", text(&image), "b0"]);
        }
        let bytes = std::fs::read(&image).expect("the image");
        let at = |at| number(&bytes, at, 8);
        let offset = |at| number(&bytes, at, 8) & !COPIED;
        let (l1, table, snapshots) = (at(40), at(48), at(64));
        let old_l1 = at(snapshots);
        let mut parts = vec![
            ("header", 0),
            ("refcount table", table),
            ("refcount block", at(table)),
            ("L1 table", l1),
            ("L2 table 0", offset(l1)),
            ("L2 table 1", offset(l1 + 8)),
            ("snapshot table", snapshots),
            ("snapshot's L1 table", old_l1),
            ("snapshot's L2 table", offset(old_l1)),
            ("data", offset(offset(l1 + 8))),
            ("snapshot's data", offset(offset(old_l1))),
            ("nothing", bytes.len().next_multiple_of(cluster as usize) as u64 + 5 * cluster),
            ("no cluster", l1 + cluster / 2),
        ];
        if bitmaps {
            parts.push(("bitmap directory", at(extension(&bytes, 0x2385_2875) + 16)));
        }
        Base { what: options, bytes, cluster, coverage, parts }
    }

    /// All ways of damaging the image: a description of the damage, and the damaged image.
    fn damaged(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        let at = |name| self.parts.iter().find(|part| part.0 == name).expect("a part").1;
        let (l1, table, l2) = (at("L1 table"), at("refcount table"), at("L2 table 0"));
        let mut add = |what: String, place: u64, value: u64| {
            let mut bytes = self.bytes.clone();
            put(&mut bytes, place, value);
            all.push((what, bytes));
        };
        for &(target, to) in &self.parts {
            add(format!("a cluster is {target}"), l2, to | COPIED);
            add(format!("a shared cluster is {target}"), l2, to);
            add(format!("a zero cluster is {target}"), l2, to | COPIED | 1);
            add(format!("a compressed cluster is {target}"), l2, to | COMPRESSED);
            add(format!("an L2 table is {target}"), l1, to | COPIED);
            add(format!("a shared L2 table is {target}"), l1, to);
            add(format!("a new L2 table is {target}"), l1 + 16, to | COPIED);
            add(format!("a refcount block is {target}"), table, to);
            add(format!("another refcount block is {target}"), table + 8, to);
            add(format!("the L1 table is {target}"), 40, to);
            add(format!("the refcount table is {target}"), 48, to);
            add(format!("the snapshot table is {target}"), 64, to);
            add(format!("the snapshot's L1 table is {target}"), at("snapshot table"), to);
        }
        for &(target, to) in &self.parts {
            if to % self.cluster == 0 && to < self.bytes.len() as u64 {
                let mut bytes = self.bytes.clone();
                let at = at("refcount block") + to / self.cluster * 2;
                bytes[at as usize..at as usize + 2].fill(0);
                all.push((format!("{target} is free"), bytes));
            }
        }
        all
    }
}

/// Where the content of a header extension is.
fn extension(bytes: &[u8], kind: u64) -> u64 {
    let mut at = number(bytes, 100, 4);
    while number(bytes, at, 4) != kind {
        at += 8 + number(bytes, at + 4, 4).next_multiple_of(8);
    }
    at + 8
}

/// What is done with a damaged image.
#[derive(Clone, Copy, Debug)]
enum Work {
    Write(u64, u64),
    Discard(u64, u64),
    Zero(u64, u64),
}

impl Work {
    fn by_qemu(self, image: &Path) -> bool {
        let command = match self {
            Work::Write(offset, length) => format!("write -P 9 {offset} {length}"),
            Work::Discard(offset, length) => format!("discard {offset} {length}"),
            Work::Zero(offset, length) => format!("write -z -u {offset} {length}"),
        };
        let output = Command::new("qemu-io")
            .args(["-f", "qcow2", "-c", &command, "-c", "flush", text(image)])
            .output()
            .expect("qemu-io");
        let said = String::from_utf8_lossy(&output.stderr).to_string();
        output.status.success() && !said.contains("corrupt")
    }

    fn by_us(self, image: &Path) -> Result<(), String> {
        let options = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
        let node = open(image, options).map_err(|e| e.what)?;
        let done = match self {
            Work::Write(offset, length) => node.write_at(&vec![9; length as usize], offset),
            Work::Discard(offset, length) => node.discard(offset, length),
            Work::Zero(offset, length) => node.write_zeroes(offset, length, true),
        };
        done.and_then(|()| node.flush()).and_then(|()| node.flush()).map_err(|e| e.what)
    }
}

/// The corruptions that `qemu-img check` finds; many if it cannot make sense of the image at all.
fn corruptions(image: &Path) -> u64 {
    let output = Command::new("qemu-img")
        .args(["check", "--output=json", "-f", "qcow2", text(image)])
        .output()
        .expect("qemu-img");
    let json = String::from_utf8_lossy(&output.stdout).to_string();
    match output.status.code() {
        Some(0 | 3) => 0,
        Some(2) => {
            let count = json.split("\"corruptions\": ").nth(1).and_then(|rest| {
                rest.split([',', '\n', '}']).next().and_then(|n| n.trim().parse().ok())
            });
            count.unwrap_or(u64::MAX)
        }
        _ => u64::MAX,
    }
}

/// What QEMU reads, if it can, where the second L2 table is in charge: nothing is done there.
fn content(image: &Path, coverage: u64) -> Option<Vec<u8>> {
    let raw: PathBuf = image.with_extension("raw");
    let output = Command::new("qemu-img")
        .args(["convert", "-f", "qcow2", "-O", "raw", text(image), text(&raw)])
        .output()
        .expect("qemu-img");
    output.status.success().then(|| {
        let mut bytes = vec![0; coverage as usize];
        let raw = std::fs::File::open(&raw).expect("the converted image");
        raw.read_exact_at(&mut bytes, coverage).expect("the converted image");
        bytes
    })
}

/// A damaged image, and its state before it is used.
struct Case<'a> {
    what: String,
    bytes: &'a [u8],
    corruptions: u64,
    coverage: u64,
    content: Option<Vec<u8>>,
}

impl Case<'_> {
    /// Does the same with QEMU and with our code. Returns whether each refused, and the errors of
    /// the comparison.
    fn compare(&self, work: Work, image: &Path) -> (bool, bool, Vec<String>) {
        let what = format!("{}: {work:x?}", self.what);
        std::fs::write(image, self.bytes).expect("the image");
        let ours = work.by_us(image);
        let after = std::fs::read(image).expect("the image");
        let corruptions_now = if after == self.bytes { 0 } else { corruptions(image) };
        let changed = (after != self.bytes).then(|| content(image, self.coverage)).flatten();
        std::fs::write(image, self.bytes).expect("the image");
        let qemu = work.by_qemu(image);
        let mut wrong = Vec::new();
        let mut hold = |good: bool, found: String| {
            if !good {
                wrong.push(format!("{what}: {found}"));
            }
        };
        hold(qemu || ours.is_err(), "QEMU refuses it".into());
        if let Err(message) = &ours {
            hold(message.contains("image.qcow2"), message.clone());
        }
        if corruptions_now > self.corruptions {
            let (before, by_qemu) = (self.corruptions, corruptions(image));
            let more = format!("{before} corruptions became {corruptions_now}, by QEMU {by_qemu}");
            hold(corruptions_now <= by_qemu, more);
        }
        if let (Some(before), true) = (&self.content, after != self.bytes) {
            // A cluster with two references changes under both, and one that is counted as free may
            // be reused.
            let good = changed.as_ref() == Some(before)
                || what.contains("data is free")
                || content(image, self.coverage).as_ref() != Some(before);
            hold(good, "other bytes have changed, and not by QEMU".into());
        }
        (!qemu, ours.is_err(), wrong)
    }
}

/// Damages images in all ways, and works with each: how often QEMU refused, how often we, of how many.
fn work_with(
    bases: &[Base],
    works: impl Fn(&Base) -> Vec<Work> + Sync,
    wanted: impl Fn(&str) -> bool,
) -> [usize; 3] {
    let mut damaged = Vec::new();
    for base in bases {
        damaged.extend(base.damaged().into_iter().filter(|d| wanted(&d.0)).map(|d| (base, d)));
    }
    let next = AtomicUsize::new(0);
    let counts = [(); 3].map(|()| AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = folder();
                let image = folder.path().join("image.qcow2");
                while let Some((base, (what, bytes))) =
                    damaged.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    std::fs::write(&image, bytes).expect("the image");
                    let case = Case {
                        what: format!("{}: {what}", base.what),
                        bytes,
                        corruptions: corruptions(&image),
                        coverage: base.coverage,
                        content: content(&image, base.coverage),
                    };
                    for work in works(base) {
                        let (qemu, ours, found) = case.compare(work, &image);
                        wrong.lock().expect("the list").extend(found);
                        counts[0].fetch_add(qemu.into(), Ordering::Relaxed);
                        counts[1].fetch_add(ours.into(), Ordering::Relaxed);
                        counts[2].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("the list");
    assert!(wrong.is_empty(), "{wrong:#?}");
    counts.map(AtomicUsize::into_inner)
}

#[test]
fn overlapping_tables_that_qemu_refuses_are_refused() {
    let folder = folder();
    let bases = [(512, ""), (4096, ",compat=0.10"), (16384, ",extended_l2=on")]
        .map(|(cluster, options)| Base::make(cluster, options, false, folder.path()));
    let works = |base: &Base| {
        vec![
            Work::Write(0, base.cluster),
            Work::Write(2 * base.coverage, 3 * base.cluster),
            Work::Discard(0, base.cluster),
            Work::Zero(0, base.cluster),
        ]
    };
    let [theirs, ours, all] = work_with(&bases, works, |_| true);
    println!("of {all} cases QEMU refuses {theirs}, we {ours}");
    assert!(all > 1500 && theirs > all / 4 && ours > theirs);
}

#[test]
fn bitmaps_are_never_overwritten() {
    let folder = folder();
    let bases = [Base::make(512, "", true, folder.path())];
    // QEMU writes the bitmaps themselves whatever is done; this needs new clusters here too.
    let works = |base: &Base| vec![Work::Write(2 * base.coverage, 3 * base.cluster)];
    let [theirs, ours, all] = work_with(&bases, works, |what| what.contains("bitmap directory"));
    println!("of {all} cases QEMU refuses {theirs}, we {ours}");
    assert!(theirs >= 5);
}
