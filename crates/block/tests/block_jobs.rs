//! Block jobs while a guest writes: no data is lost, and QEMU reads the same from the images.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use virsparse_block::copy::DirtyUnits;
use virsparse_block::job::{
    self, Command as JobCommand, Control, Copy, End, Job, LiveChain, Mirror, MirrorGuard, Outcome,
    PivotStep, relative_name,
};
use virsparse_block::qcow2::{CreateOptions, create};
use virsparse_block::{BlockError, Chain, FileNode, Format, Gate, Layers, Node, OpenOptions};

const SIZE: u64 = 24 << 20;
const THREADS: u64 = 3;

fn qemu_img(arguments: &[&str]) -> String {
    let output = Command::new("qemu-img").args(arguments).output().expect("qemu-img");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

fn show(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *state >> 33
}

/// A step that changes nothing.
fn done() -> Result<(), BlockError> {
    Ok(())
}

fn options(format: Format, writable: bool) -> OpenOptions {
    OpenOptions { writable, ..OpenOptions::new(format) }
}

/// A disk with a chain of three images, whose base is raw or qcow2, and its expected data.
struct Disk {
    folder: tempfile::TempDir,
    live: Arc<LiveChain>,
    model: Vec<u8>,
}

impl Disk {
    fn new(seed: u64, base: Format, cluster: u64) -> Disk {
        Disk::with(seed, base, &format!("cluster_size={cluster}"))
    }

    fn with(seed: u64, base: Format, image_options: &str) -> Disk {
        let folder = tempfile::tempdir().expect("folder");
        let path = |name: &str| folder.path().join(name);
        // The images have different lengths: the end of each hides what is below.
        let sizes = [SIZE - (3 << 20) + 512, SIZE - (5 << 20) - 1024, SIZE];
        let mut below: Option<(&str, Format)> = None;
        for (number, name) in ["base", "mid", "top"].into_iter().enumerate() {
            let format = if number == 0 { base } else { Format::Qcow2 };
            let size = sizes[number].to_string();
            let image = path(name);
            let mut arguments = vec!["create", "-q", "-f", format.name()];
            if format == Format::Qcow2 {
                arguments.extend(["-o", image_options]);
            }
            if let Some((name, format)) = below {
                arguments.extend(["-b", name, "-F", format.name()]);
            }
            arguments.extend([show(&image), &size]);
            qemu_img(&arguments);
            scribble(&image, format, sizes[number], seed + number as u64);
            below = Some((name, format));
        }
        let raw = path("model");
        qemu_img(&["convert", "-f", "qcow2", "-O", "raw", show(&path("top")), show(&raw)]);
        let model = std::fs::read(&raw).expect("model");
        std::fs::remove_file(raw).expect("remove");
        let chain = Chain::open(path("top"), options(Format::Qcow2, true)).expect("open");
        Disk { live: Arc::new(LiveChain::new(chain)), model, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets a guest write while `job` runs; it ends when that has, and has written something.
    fn with_guest<R>(&mut self, seed: u64, job: impl FnOnce(&Guest) -> R) -> R {
        let gate = self.live.gate.clone();
        let region = SIZE / THREADS;
        let guest = Guest { stop: AtomicBool::new(false), requests: AtomicU64::new(0), gate };
        std::thread::scope(|scope| {
            for (number, model) in self.model.chunks_mut(region as usize).enumerate() {
                let (guest, start) = (&guest, number as u64 * region);
                scope.spawn(move || guest.write(seed + number as u64, start, model));
            }
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&guest)));
            guest.stop.store(true, Ordering::Release);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The disk has the expected data, also when QEMU reads the image at `path`.
    fn verify(self, path: &Path, format: Format, images: &[&str], what: &str) {
        let mut bytes = vec![0; SIZE as usize];
        assert_eq!(self.live.gate.node().read_at(&mut bytes, 0).expect("read"), bytes.len());
        compare(&bytes, &self.model, "first");
        self.live.gate.node().flush().expect("flush");
        let names: Vec<PathBuf> = self
            .live
            .images()
            .images
            .iter()
            .map(|image| image.location.path().expect("a file").to_path_buf())
            .collect();
        let expected: Vec<PathBuf> = images.iter().map(|name| self.path(name)).collect();
        assert_eq!(names, expected, "{what}");
        let Disk { folder, live, model } = self;
        drop(live);
        for name in &names {
            if *name == path && format == Format::Raw || show(name).ends_with("base") {
                continue;
            }
            qemu_img(&["check", "-q", "-f", "qcow2", show(name)]);
        }
        let raw = folder.path().join("converted");
        qemu_img(&["convert", "-f", format.name(), "-O", "raw", show(path), show(&raw)]);
        compare(&std::fs::read(&raw).expect("converted"), &model, what);
    }
}

fn compare(bytes: &[u8], model: &[u8], what: &str) {
    assert_eq!(bytes.len(), model.len(), "{what}");
    if let Some(at) = bytes.iter().zip(model).position(|(a, b)| a != b) {
        panic!("{what}: byte {at} is {} and should be {}", bytes[at], model[at]);
    }
}

fn scribble(image: &Path, format: Format, size: u64, seed: u64) {
    let mut state = seed;
    let mut command = Command::new("qemu-io");
    command.args(["-f", format.name()]);
    for _ in 0..60 {
        let offset = random(&mut state) % (size / 512) * 512;
        let length = ((random(&mut state) % 600 + 1) * 512).min(size - offset);
        let text = match random(&mut state) % 5 {
            0 => format!("write -z -u {offset} {length}"),
            1 => format!("discard {offset} {length}"),
            _ => format!("write -P {} {offset} {length}", random(&mut state) % 255 + 1),
        };
        command.args(["-c", &text]);
    }
    assert!(command.arg(image).output().expect("qemu-io").status.success());
}

struct Guest {
    stop: AtomicBool,
    requests: AtomicU64,
    gate: Arc<Gate>,
}

impl Guest {
    /// Changes a region until it is told to stop, and keeps the model up to date.
    fn write(&self, seed: u64, start: u64, model: &mut [u8]) {
        let mut state = seed * 77 + 5;
        let length = model.len() as u64;
        while !self.stop.load(Ordering::Acquire) {
            let at = random(&mut state) % (length / 512) * 512;
            let size = ((random(&mut state) % 64 + 1) * 512).min(length - at);
            let part = &mut model[at as usize..(at + size) as usize];
            let node = self.gate.enter().expect("gate");
            match random(&mut state) % 8 {
                0 => {
                    part.fill(0);
                    node.write_zeroes(start + at, size, true).expect("zero");
                }
                1 => {
                    let mut bytes = vec![0; size as usize];
                    node.read_at(&mut bytes, start + at).expect("read");
                    compare(&bytes, part, "while the job runs");
                }
                2 if random(&mut state).is_multiple_of(4) => node.flush().expect("flush"),
                _ => {
                    part.fill(random(&mut state) as u8);
                    node.write_at(part, start + at).expect("write");
                }
            }
            drop(node);
            self.requests.fetch_add(1, Ordering::AcqRel);
            // A guest that never rests would never let a copy be complete.
            std::thread::sleep(Duration::from_micros(random(&mut state) % 1000));
        }
    }

    /// Waits until the guest has done some more.
    fn do_more(&self) {
        let before = self.requests.load(Ordering::Acquire);
        while self.requests.load(Ordering::Acquire) < before + 50 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Starts a copy to `target`; what is above `base` of it, if given.
fn start_copy(
    live: &Arc<LiveChain>,
    target: Chain,
    above: Option<Layers>,
    zeroed: bool,
    synchronous: bool,
    keep: usize,
) -> Job {
    let source = live.images().top();
    let length = source.length().expect("length");
    let control = Arc::new(Control::new(length, 0, 0));
    let dirty = DirtyUnits::new(length, 65536);
    let mirror = Arc::new(Mirror::new(source, target.top(), dirty, synchronous, control.waker()));
    let chain = live.clone();
    let mut target = Some(target);
    let pivot: PivotStep = Box::new(move |finish| {
        let closed = chain.gate.closed();
        finish()?;
        let mut new = target.take().expect("once");
        closed.swap(new.top());
        let mut images = chain.images();
        if keep > 0 {
            new.images.extend(images.images.drain(keep..));
        }
        *images = new;
        Ok(true)
    });
    let copy = Copy {
        guard: MirrorGuard::new(&live.gate, mirror.clone()),
        above,
        zeroed,
        ready: Box::new(|| {}),
        pivot: Some(pivot),
    };
    Job::start(control, Some(&mirror), move |control| copy.run(control), |_| {}).expect("start")
}

fn wait_until_ready(job: &Job) {
    for _ in 0..3000 {
        assert!(job.outcome().is_none(), "{:?}", job.outcome());
        if job.is_ready() {
            return;
        }
        assert_ne!(job.progress().done, job.progress().end);
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not ready: {:?}", job.progress());
}

fn pivot(job: &Job) {
    job.control().command(JobCommand::Pivot);
    assert_eq!(job.wait(), Outcome::Completed);
}

fn new_image(path: &Path, format: Format, length: u64, backing: Option<(&str, &str)>) -> Chain {
    let file = std::fs::File::create_new(path).expect("create");
    let node = FileNode::new(file.try_clone().expect("file"), show(path)).expect("node");
    match format {
        Format::Raw => node.resize(length).expect("resize"),
        Format::Qcow2 => {
            let backing = backing.map(|(name, format)| (name.to_string(), format.to_string()));
            create(&node, &CreateOptions { backing, ..CreateOptions::new(length) })
                .expect("create");
        }
    }
    Chain::open(path, OpenOptions { without_backing: true, ..options(format, true) }).expect("open")
}

#[test]
fn a_copy_replaces_the_disk_after_a_pivot() {
    for (seed, (format, synchronous)) in
        [(Format::Raw, false), (Format::Qcow2, false), (Format::Raw, true), (Format::Qcow2, true)]
            .into_iter()
            .enumerate()
    {
        let mut disk = Disk::new(seed as u64 * 10, Format::Raw, 65536);
        let target = disk.path("copy");
        let what = format!("{format:?}, synchronous: {synchronous}");
        let live = disk.live.clone();
        let chain = new_image(&target, format, SIZE, None);
        disk.with_guest(seed as u64, |guest| {
            let job = start_copy(&live, chain, None, true, synchronous, 0);
            wait_until_ready(&job);
            guest.do_more();
            pivot(&job);
            guest.do_more();
        });
        drop(live);
        disk.verify(&target, format, &["copy"], &what);
    }
}

#[test]
fn a_shallow_copy_keeps_the_backing_chain() {
    for synchronous in [false, true] {
        let mut disk = Disk::new(7, Format::Qcow2, 4096);
        let target = disk.path("copy");
        let live = disk.live.clone();
        let chain = new_image(&target, Format::Qcow2, SIZE, Some(("mid", "qcow2")));
        let (above, below) = {
            let images = live.images();
            (images.above(0, 1).expect("above"), images.images[1].node.clone())
        };
        chain.images[0].overlay().expect("qcow2").set_backing(Some(below));
        disk.with_guest(3, |guest| {
            let job = start_copy(&live, chain, Some(above), false, synchronous, 1);
            wait_until_ready(&job);
            guest.do_more();
            pivot(&job);
            guest.do_more();
        });
        drop(live);
        disk.verify(&target, Format::Qcow2, &["copy", "mid", "base"], "shallow");
    }
}

#[test]
fn an_aborted_copy_leaves_the_disk_unchanged() {
    for ready in [false, true] {
        let mut disk = Disk::new(20, Format::Raw, 65536);
        let target = disk.path("copy");
        let live = disk.live.clone();
        let chain = new_image(&target, Format::Raw, SIZE, None);
        disk.with_guest(4, |guest| {
            let job = start_copy(&live, chain, None, true, false, 0);
            if ready {
                wait_until_ready(&job);
            } else {
                job.control().set_speed(1 << 20);
            }
            guest.do_more();
            job.control().command(JobCommand::Cancel);
            assert_eq!(job.wait(), Outcome::Cancelled);
            guest.do_more();
        });
        drop(live);
        let top = disk.path("top");
        disk.verify(&top, Format::Qcow2, &["top", "mid", "base"], "cancelled");
    }
}

#[test]
fn a_pull_copies_the_backing_chain_into_the_active_layer() {
    let below = (Some(2), Some("base"));
    for ((base, name), options) in [
        ((None, None), "cluster_size=64k"),
        (below, "cluster_size=64k"),
        (below, "cluster_size=2M"),
        ((None, None), "cluster_size=512"),
        // What is zeroed says nothing of it.
        (below, "compat=0.10,cluster_size=4k"),
    ] {
        let mut disk = Disk::with(30, Format::Qcow2, options);
        let live = disk.live.clone();
        disk.with_guest(5, |guest| {
            let images = live.images();
            let above = images.above(0, base.unwrap_or(usize::MAX)).expect("above");
            let top = images.images[0].overlay().cloned().expect("qcow2");
            drop(images);
            let (chain, control) = (live.clone(), Arc::new(Control::new(SIZE, 0, 0)));
            let work = move |control: &Control| {
                let end = job::pull(&*top, 0..SIZE, above, control)?;
                if end == End::Completed {
                    chain.relink(0, base, name, done)?;
                }
                Ok(end)
            };
            let job = Job::<BlockError>::start(control, None, work, |_| {}).expect("start");
            assert_eq!(job.wait(), Outcome::Completed);
            guest.do_more();
        });
        drop(live);
        let top = disk.path("top");
        let images: &[&str] = if base.is_some() { &["top", "base"] } else { &["top"] };
        disk.verify(&top, Format::Qcow2, images, "pull");
    }
}

#[test]
fn a_commit_merges_the_middle_image_into_the_base() {
    for base in [Format::Raw, Format::Qcow2] {
        let mut disk = Disk::new(40, base, 65536);
        let live = disk.live.clone();
        disk.with_guest(6, |guest| {
            live.reopen(2, true).expect("reopen");
            let images = live.images();
            assert_eq!(relative_name(&images, 0, 2).as_deref(), Some("base"));
            drop(images);
            let (chain, control) = (live.clone(), Arc::new(Control::new(SIZE, 0, 0)));
            let work = move |control: &Control| {
                let end = job::commit(&chain, 1, 2, control)?;
                chain.relink(0, Some(2), Some("base"), done)?;
                chain.reopen(1, false)?;
                Ok(end)
            };
            let job = Job::<BlockError>::start(control, None, work, |_| {}).expect("start");
            assert_eq!(job.wait(), Outcome::Completed);
            guest.do_more();
        });
        drop(live);
        let top = disk.path("top");
        disk.verify(&top, Format::Qcow2, &["top", "base"], "commit");
    }
}

#[test]
fn an_active_commit_makes_the_base_the_active_layer() {
    for (base, synchronous) in
        [(Format::Raw, false), (Format::Qcow2, false), (Format::Raw, true), (Format::Qcow2, true)]
    {
        let mut disk = Disk::new(50, base, 65536);
        let live = disk.live.clone();
        disk.with_guest(7, |guest| {
            let above = live.images().above(0, 2).expect("above");
            live.reopen(2, true).expect("reopen");
            let (source, target) = {
                let images = live.images();
                (images.top(), images.images[2].node.clone())
            };
            target.resize(SIZE).expect("resize");
            let control = Arc::new(Control::new(SIZE, 0, 0));
            let dirty = DirtyUnits::new(SIZE, 4096);
            let mirror = Mirror::new(source, target, dirty, synchronous, control.waker());
            let mirror = Arc::new(mirror);
            let chain = live.clone();
            let copy = Copy {
                guard: MirrorGuard::new(&live.gate, mirror.clone()),
                above: Some(above),
                zeroed: false,
                ready: Box::new(|| {}),
                pivot: Some(Box::new(move |finish| {
                    let closed = chain.gate.closed();
                    finish()?;
                    closed.swap(chain.cut(2).0);
                    Ok(true)
                })),
            };
            let work = move |control: &Control| copy.run(control);
            let job = Job::start(control, Some(&mirror), work, |_| {}).expect("start");
            wait_until_ready(&job);
            guest.do_more();
            pivot(&job);
            guest.do_more();
        });
        drop(live);
        let path = disk.path("base");
        disk.verify(&path, base, &["base"], "active commit");
    }
}

#[test]
fn a_snapshot_under_a_writing_guest_loses_no_data() {
    let mut disk = Disk::new(60, Format::Raw, 65536);
    let live = disk.live.clone();
    let overlay = disk.path("overlay");
    let mut chain = new_image(&overlay, Format::Qcow2, SIZE, Some(("top", "qcow2")));
    disk.with_guest(8, |guest| {
        guest.do_more();
        live.push(chain.images.remove(0), "top".to_string()).expect("push");
        guest.do_more();
    });
    drop(live);
    disk.verify(&overlay, Format::Qcow2, &["overlay", "top", "mid", "base"], "snapshot");
}

#[test]
fn a_speed_limit_holds_and_can_be_changed() {
    let disk = Disk::new(70, Format::Raw, 65536);
    let node = disk.live.gate.node();
    node.write_at(&vec![1; SIZE as usize], 0).expect("write");
    let target = disk.path("copy");
    let speed = 4 << 20;
    let length = SIZE;
    let chain = new_image(&target, Format::Raw, length, None);
    let job = start_copy(&disk.live, chain, None, true, false, 0);
    job.control().set_speed(speed);
    std::thread::sleep(Duration::from_millis(100));
    let before = job.progress().done;
    std::thread::sleep(Duration::from_secs(1));
    let moved = job.progress().done - before;
    assert!(moved.abs_diff(speed) < speed / 20 + 100 * 1024, "{moved} instead of {speed}");
    job.control().set_speed(1);
    std::thread::sleep(Duration::from_millis(50));
    job.control().set_speed(0);
    wait_until_ready(&job);
    job.control().command(JobCommand::Cancel);
    assert_eq!(job.wait(), Outcome::Cancelled);
}

#[test]
fn a_guest_without_jobs_loses_no_data() {
    let mut disk = Disk::new(30, Format::Qcow2, 65536);
    disk.with_guest(5, |guest| {
        for _ in 0..10 {
            guest.do_more();
        }
    });
    let top = disk.path("top");
    disk.verify(&top, Format::Qcow2, &["top", "mid", "base"], "pull");
}

#[test]
fn zeroes_behind_a_pull_hide_the_base_also_in_version_2() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("base"), vec![7; 4 << 20]).expect("base");
    for (name, size, below) in [("mid", "2M", ("base", "raw")), ("top", "4M", ("mid", "qcow2"))] {
        let image = path(name);
        let options = ["-o", "compat=0.10", "-b", below.0, "-F", below.1, show(&image), size];
        qemu_img(&[&["create", "-q", "-f", "qcow2"][..], &options].concat());
    }
    let chain = Chain::open(path("top"), options(Format::Qcow2, true)).expect("open");
    let live = LiveChain::new(chain);
    let (top, above) = {
        let chain = live.images();
        (chain.images[0].overlay().cloned().expect("qcow2"), chain.above(0, 2).expect("above"))
    };
    job::pull(&*top, 0..4 << 20, above, &Control::new(4 << 20, 0, 0)).expect("pull");
    // There was nothing below: version 2 would leave nothing to say so.
    top.write_at(&[9; 65536], 3 << 20).expect("write");
    top.write_zeroes(3 << 20, 65536, true).expect("zero");
    live.relink(0, Some(2), Some("base"), done).expect("relink");
    let mut bytes = vec![1; 4 << 20];
    top.read_at(&mut bytes, 0).expect("read");
    assert!(bytes[..2 << 20].iter().all(|byte| *byte == 7), "what was above the end");
    assert!(bytes[2 << 20..].iter().all(|byte| *byte == 0), "what the end hid");
}
