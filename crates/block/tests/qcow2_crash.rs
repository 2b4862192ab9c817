//! A crash at any point leaves an image with all flushed data; at worst, clusters are leaked.
//!
//! A workload's operations on the file are recorded. For each of them the image is rebuilt as a
//! crash right after it would have left it: with all operations before it, and with those that were
//! not flushed yet only in part, down to single sectors of a write.

mod qcow2_support;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use qcow2_support::guest::*;
use qcow2_support::*;
use virsparse_block::Node;
use virsparse_block::qcow2::Qcow2Node;

/// A change, from before its first operation on the file on.
struct Step {
    start: usize,
    change: Change,
}

/// What must be there when the log has reached this point.
struct Flushed {
    at: usize,
    /// Changes that were complete then.
    steps: usize,
    model: Vec<u8>,
}

struct Recording {
    /// The disks before the recording: the image, and its data file if it has one.
    disks: Vec<Vec<u8>>,
    backing: Option<Vec<u8>>,
    log: Vec<(usize, Op)>,
    steps: Vec<Step>,
    flushed: Vec<Flushed>,
}

fn record(random: &mut Random, scenario: &Scenario, image: &Path) -> Recording {
    let read = |path: PathBuf| std::fs::read(path).expect("an image");
    let mut disks = vec![read(image.to_path_buf())];
    if scenario.kind == Kind::DataFile {
        disks.push(read(image.with_extension("data")));
    }
    let backing = (scenario.kind == Kind::Backing).then(|| lower(scenario.size * 2));
    let log = Log::default();
    let mut nodes = disks.iter().enumerate().map(|(number, bytes)| {
        Arc::new(Disk::logged(bytes.clone(), number, log.clone())) as Arc<dyn Node>
    });
    let file = nodes.next().expect("the image");
    let below = backing.clone().map(|bytes| Arc::new(Disk::new(bytes)) as Arc<dyn Node>);
    let node = open_node(file, nodes.next(), below, true).expect("open");
    let mut model = qemu_read(image);
    let mut steps = Vec::new();
    let position = || log.lock().expect("the log").len();
    let mut flushed = vec![Flushed { at: 0, steps: 0, model: model.clone() }];
    for _ in 0..scenario.changes {
        let start = position();
        let (change, done) = change(random, scenario, &node, &mut model);
        done.expect("a change");
        match change {
            Some(change) => steps.push(Step { start, change }),
            None => {
                flushed.push(Flushed { at: position(), steps: steps.len(), model: model.clone() })
            }
        }
    }
    drop(node);
    let log = log.lock().expect("the log").clone();
    Recording { disks, backing, log, steps, flushed }
}

/// The files that a crash left, and the data that must be in them.
struct Crash<'a> {
    disks: Vec<Vec<u8>>,
    flushed: &'a Flushed,
    /// What may also be in it.
    pending: &'a [Step],
}

impl Crash<'_> {
    fn check_bytes(&self, bytes: &[u8]) -> Result<(), String> {
        check_bytes(&self.flushed.model, self.pending.iter().map(|step| &step.change), bytes)
    }
}

fn node_of(disks: &[Vec<u8>], backing: &Option<Vec<u8>>, writable: bool) -> (Arc<Disk>, impl Node) {
    let node = |bytes: &Vec<u8>| Arc::new(Disk::new(bytes.clone()));
    let file = node(&disks[0]);
    let data = disks.get(1).map(|bytes| node(bytes) as Arc<dyn Node>);
    let backing = backing.as_ref().map(|bytes| node(bytes) as Arc<dyn Node>);
    let image = open_node(file.clone(), data, backing, writable).expect("open after the crash");
    (file, image)
}

struct Checker<'a> {
    scenario: &'a Scenario,
    recording: &'a Recording,
    image: &'a Path,
    /// The images that QEMU was asked about.
    seen: HashSet<u64>,
}

impl Checker<'_> {
    fn check(&mut self, crash: &Crash<'_>, random: &mut Random) -> Result<(), String> {
        let mut hasher = DefaultHasher::new();
        crash.disks.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            // What was flushed since then may be more.
            return self.check_ours(crash).map(|_| ());
        }
        std::fs::write(self.image, &crash.disks[0]).expect("the image");
        if let Some(data) = crash.disks.get(1) {
            std::fs::write(self.image.with_extension("data"), data).expect("the data file");
        }
        qemu_check(self.image)?;
        let bytes = self.check_ours(crash)?;
        if self.seen.len().is_multiple_of(16) {
            if qemu_read(self.image) != bytes {
                return Err("QEMU reads something else".into());
            }
            self.check_snapshot()?;
            self.go_on(crash, random, bytes)?;
        }
        Ok(())
    }

    /// What we read, if that is right.
    fn check_ours(&self, crash: &Crash<'_>) -> Result<Vec<u8>, String> {
        let report = Qcow2Node::check("image", &Disk::new(crash.disks[0].clone())).expect("check");
        if report.corruptions > 0 {
            return Err(format!("{report:?}"));
        }
        let (_, node) = node_of(&crash.disks, &self.recording.backing, false);
        let mut bytes = vec![0xaa; node.length().expect("length") as usize];
        node.read_at(&mut bytes, 0).expect("read");
        crash.check_bytes(&bytes)?;
        Ok(bytes)
    }

    /// What the snapshot holds has not changed.
    fn check_snapshot(&self) -> Result<(), String> {
        if self.scenario.kind == Kind::Snapshot {
            let raw = self.image.with_extension("snapshot");
            let arguments = ["convert", "-l", "snapshot.name=before", "-f", "qcow2", "-O", "raw"];
            run("qemu-img", &[&arguments[..], &[text(self.image), text(&raw)]].concat());
            // QEMU shows as much of it as the image has now.
            let bytes = std::fs::read(raw).expect("the snapshot");
            if bytes.iter().zip(&self.recording.flushed[0].model).any(|(a, b)| a != b) {
                return Err("the snapshot has changed".into());
            }
        }
        Ok(())
    }

    /// The image can be used further.
    fn go_on(
        &self,
        crash: &Crash<'_>,
        random: &mut Random,
        mut model: Vec<u8>,
    ) -> Result<(), String> {
        if model.is_empty() {
            return Ok(());
        }
        let (file, node) = node_of(&crash.disks, &self.recording.backing, true);
        for _ in 0..6 {
            change(random, self.scenario, &node, &mut model).1.expect("a change");
        }
        node.flush().expect("flush");
        let mut bytes = vec![0; model.len()];
        node.read_at(&mut bytes, 0).expect("read");
        drop(node);
        std::fs::write(self.image, file.bytes()).expect("the image");
        qemu_check(self.image).map_err(|e| format!("used further: {e}"))?;
        if bytes == model { Ok(()) } else { Err("used further, it reads something else".into()) }
    }
}

/// Every crash of one recording; how many different images they left.
fn crash(random: &mut Random, scenario: &Scenario, folder: &Path, what: &str) -> usize {
    let image = make(scenario, folder);
    let recording = record(random, scenario, &image);
    // The durable state of the files, and the operations since then.
    let mut durable = recording.disks.clone();
    let mut pending: Vec<usize> = Vec::new();
    let seen = HashSet::new();
    let mut checker = Checker { scenario, recording: &recording, image: &image, seen };
    for at in 0..=recording.log.len() {
        let flushed = recording.flushed.iter().rfind(|flushed| flushed.at <= at).expect("one");
        let steps = &recording.steps[flushed.steps..];
        let begun = steps.partition_point(|step| step.start < at);
        // Several random ways to lose some of the unflushed operations; QEMU checks three of them.
        let lossy = if pending.len() > 1 { 6 } else { pending.len() as u64 };
        for round in 0..=lossy {
            let mut disks = durable.clone();
            for &number in &pending {
                let (disk, op) = &recording.log[number];
                // The first time all of it is there.
                let kept = [4, random.below(5)][usize::from(round > 0)];
                match kept {
                    0 | 1 => {}
                    2 => op.apply(&mut disks[*disk], || random.below(2) == 0),
                    _ => op.apply(&mut disks[*disk], || true),
                }
            }
            let crash = Crash { disks, flushed, pending: &steps[..begun] };
            let found = match round {
                0..4 => checker.check(&crash, random),
                _ => checker.check_ours(&crash).map(|_| ()),
            };
            if let Err(problem) = found {
                let last = &recording.log[at.saturating_sub(12)..at];
                let last: Vec<String> = last.iter().map(|op| short(&op.1)).collect();
                panic!("{what}: crash {at}, round {round}: {problem}\nafter {last:#?}");
            }
        }
        let Some((disk, op)) = recording.log.get(at) else { break };
        if let Op::Flush = op {
            pending.retain(|&number| {
                let (of, op) = &recording.log[number];
                if of == disk {
                    op.apply(&mut durable[*of], || true);
                }
                of != disk
            });
        } else {
            pending.push(at);
        }
    }
    checker.seen.len()
}

fn short(op: &Op) -> String {
    match op {
        Op::Write { offset, data } => format!("write {offset} {}", data.len()),
        other => format!("{other:?}"),
    }
}

fn scenarios() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    let mut add = |cluster, options, kind, size, filled, changes| {
        scenarios.push(Scenario { cluster, options, kind, size, filled, changes });
    };
    for options in ["", ",refcount_bits=1", ",refcount_bits=64", ",compat=0.10"] {
        // Small clusters: an L2 table maps 32 KiB, and with wide refcounts a block counts as much.
        add(512, options, Kind::Plain, 200 << 10, 0, 16);
        add(4096, options, Kind::Backing, 300 << 10, 60 << 10, 16);
        add(65536, options, Kind::Plain, 1 << 20, 100 << 10, 16);
    }
    // The refcount table has to grow when the file reaches 2 MiB.
    add(512, ",refcount_bits=64", Kind::Plain, 3 << 20, 1_900_000, 16);
    for (cluster, options) in [(512, ",refcount_bits=16"), (4096, ",refcount_bits=64"), (65536, "")]
    {
        add(cluster, options, Kind::Snapshot, 400 << 10, 150 << 10, 16);
        add(cluster, options, Kind::Compressed, 400 << 10, 0, 12);
        add(cluster, options, Kind::DataFile, 400 << 10, 50 << 10, 16);
        add(cluster, options, Kind::Backing, 200 << 10, 50 << 10, 16);
    }
    // What the first change drops is free, and used again by the next ones.
    for (cluster, options) in [(512, ",refcount_bits=1"), (512, ""), (4096, ""), (65536, "")] {
        add(cluster, options, Kind::Bitmaps, 400 << 10, 150 << 10, 16);
    }
    for kind in [Kind::Plain, Kind::Backing, Kind::Snapshot, Kind::DataFile] {
        add(16384, ",extended_l2=on", kind, 500 << 10, 150 << 10, 8);
    }
    scenarios
}

#[test]
fn a_crash_at_any_point_keeps_all_flushed_data() {
    let scenarios = scenarios();
    // VIRSPARSE_LONG=1: everything several times, with other numbers.
    let rounds = if std::env::var_os("VIRSPARSE_LONG").is_some() { 20 } else { 1 };
    let next = AtomicUsize::new(0);
    let points = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= scenarios.len() * rounds {
                        break;
                    }
                    let scenario = &scenarios[number % scenarios.len()];
                    let folder = folder();
                    let (cluster, options) = (scenario.cluster, scenario.options);
                    let what = format!("{number}: cluster_size={cluster}{options}");
                    let mut random = Random(number as u64 * 7919 + 3);
                    let found = crash(&mut random, scenario, folder.path(), &what);
                    points.fetch_add(found, Ordering::Relaxed);
                    println!("{what}: {found} images");
                }
            });
        }
    });
    let points = points.into_inner();
    println!("{points} different images that a crash left");
    assert!(points >= 2000, "{points} different images are too few");
}
