//! Guests that write while jobs move their disk: fio, which verifies its writes, and qemu-io, whose
//! writes are repeated in a file that the disk must equal in the end.
//!
//! WORKLOAD_ROUNDS sets how often each kind of job runs.

mod job_support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use job_support::*;
use virsparse_core::domain::{BandwidthFlags, DestroyFlags, UriFlags, XmlFlags};

const SIZE: u64 = 16 << 20;
/// Where qemu-io writes; fio has what is before.
const REPLAYED: u64 = 8 << 20;

/// Puts two images over the last one, as snapshots do, and gives all of them the names that they had
/// in the first round.
fn make_chain(folder: &Path, top: &str, format: &str, seed: u64) {
    let path = |name: &str| folder.join(name);
    let next = path("next");
    run("qemu-img", &["convert", "-f", format, "-O", "raw", show(&path(top)), show(&next)]);
    for name in ["base", "mid", "top", "copy"] {
        let _ = std::fs::remove_file(path(name));
    }
    std::fs::rename(&next, path("base")).expect("rename");
    let clusters = ["cluster_size=65536", "cluster_size=4096", "cluster_size=2M"];
    let clusters = clusters[seed as usize % 3];
    let (mid, top, model) = (path("mid"), path("top"), path("model"));
    let create = ["create", "-q", "-f", "qcow2", "-o", clusters];
    run("qemu-img", &[&create[..], &["-b", "base", "-F", "raw", show(&mid)]].concat());
    write(show(&mid), "qcow2", show(&model), seed * 2);
    run("qemu-img", &[&create[..], &["-b", "mid", "-F", "qcow2", show(&top)]].concat());
    write(show(&top), "qcow2", show(&model), seed * 2 + 1);
}

/// Writes with qemu-io, and replays it.
fn write(image: &str, format: &str, model: &str, seed: u64) {
    let mut state = seed;
    let mut commands = Vec::new();
    for _ in 0..40 {
        let offset = REPLAYED + random(&mut state) % ((SIZE - REPLAYED) / 512) * 512;
        let length = ((random(&mut state) % 400 + 1) * 512).min(SIZE - offset);
        commands.push("-c".to_string());
        commands.push(match random(&mut state) % 5 {
            0 => format!("write -z -u {offset} {length}"),
            1 => format!("aio_write -P {} {offset} {length}", random(&mut state) % 255 + 1),
            _ => format!("write -P {} {offset} {length}", random(&mut state) % 255 + 1),
        });
        if random(&mut state).is_multiple_of(4) {
            // Requests that are under way at the same time must not be for the same place.
            commands.extend(["-c".to_string(), "aio_flush".to_string()]);
        } else if commands.last().is_some_and(|last| last.starts_with("aio_write")) {
            commands.extend(["-c".to_string(), "aio_flush".to_string()]);
        }
    }
    for (image, format) in [(image, format), (model, "raw")] {
        let output = Command::new("qemu-io")
            .args(["-f", format])
            .args(&commands)
            .arg(image)
            .output()
            .expect("qemu-io");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains("failed"), "{image}: {said}");
    }
}

#[derive(Default)]
struct Guests {
    stop: AtomicBool,
    fio: AtomicU64,
    qemu_io: AtomicU64,
}

impl Guests {
    /// Writes a region and verifies it, over and over.
    fn fio(&self, uri: &str, folder: &Path) {
        while !self.stop.load(Ordering::Acquire) {
            let number = self.fio.load(Ordering::Acquire);
            let output = Command::new("fio")
                .args(["--name=guest", "--ioengine=nbd", "--thread", "--iodepth=8"])
                .args(["--rw=randwrite", "--bsrange=4k-128k", "--size=8m", "--verify=crc32c"])
                .args([
                    "--verify_fatal=1",
                    "--verify_state_save=0",
                    "--do_verify=1",
                    "--fsync=200",
                    "--allrandrepeat=1",
                ])
                .arg(format!("--uri={uri}"))
                .arg(format!("--randseed={number}"))
                .current_dir(folder)
                .stdin(Stdio::null())
                .output()
                .expect("fio");
            assert!(output.status.success(), "fio: {output:?}");
            self.fio.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn qemu_io(&self, uri: &str, folder: &Path, seed: u64) {
        let model = folder.join("model");
        let mut state = seed;
        while !self.stop.load(Ordering::Acquire) {
            write(uri, "raw", show(&model), random(&mut state));
            self.qemu_io.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Waits until each has got something done.
    fn do_more(&self) {
        let counts = || [&self.fio, &self.qemu_io].map(|count| count.load(Ordering::Acquire));
        let before = counts();
        while counts().iter().zip(before).any(|(now, before)| *now < before + 1) {
            assert!(!self.stop.load(Ordering::Acquire), "a guest has failed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Ends the guests, also when what runs beside them fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn round(folder: &Path, work: Work, seed: u64) {
    let images = folder.join("images");
    let connect = connect(&folder.join("root"));
    let domain = start(&connect, &images.join("top"), "qcow2");
    let uri = domain.disk_uri("vda", UriFlags::empty()).expect("address");
    let guests = Guests::default();
    std::thread::scope(|scope| {
        let stop = Stop(&guests.stop);
        let (guests, uri, images) = (&guests, &uri, &images);
        scope.spawn(move || {
            let _stop = Stop(&guests.stop);
            guests.fio(uri, folder);
        });
        scope.spawn(move || {
            let _stop = Stop(&guests.stop);
            guests.qemu_io(uri, images, seed);
        });
        // Now and then it is slow, so that guests do a lot meanwhile.
        let speed = if seed.is_multiple_of(2) { 16 << 20 } else { 0 };
        work.start(&domain, images, speed);
        if speed > 0 {
            guests.do_more();
            if domain.block_job_info("vda").expect("info").is_some() {
                // It may end at any time.
                let _ = domain.set_block_job_speed("vda", 0, BandwidthFlags::BYTES);
            }
        }
        wait(&domain);
        if work.pivots() {
            if seed.is_multiple_of(3) {
                guests.do_more();
            }
            pivot(&domain);
        }
        assert_eq!(domain.block_job_info("vda").expect("info"), None);
        guests.do_more();
        drop(stop);
    });
    let (image, format) = image_of(&domain.xml(XmlFlags::INACTIVE).expect("XML"));
    let (result, result_format) = work.result();
    assert_eq!((image.as_path(), format.as_str()), (&*images.join(result), result_format));
    let (served, model) = (images.join("served"), images.join("model"));
    run("nbdcopy", &[&uri, show(&served)]);
    domain.destroy(DestroyFlags::empty()).expect("destroy");
    domain.undefine(virsparse_core::domain::UndefineFlags::empty()).expect("undefine");
    if format == "qcow2" {
        run("qemu-img", &["check", "-q", "-f", "qcow2", show(&image)]);
    }
    let compare = ["compare", "-q", "-f", &format, "-F", "raw", show(&image), show(&served)];
    run("qemu-img", &compare);
    let read = |path: &Path| std::fs::read(path).expect("bytes")[REPLAYED as usize..].to_vec();
    assert!(read(&served) == read(&model), "{work:?}, seed {seed}: the replay differs");
    std::fs::remove_file(served).expect("remove");
    make_chain(&images, result, result_format, seed + 1);
}

#[test]
fn guests_that_write_during_jobs_lose_no_data() {
    let folder = tempfile::tempdir().expect("folder");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).expect("create");
    let empty = |name: &str| {
        let file = std::fs::File::create(images.join(name)).expect("create");
        file.set_len(SIZE).expect("size");
    };
    empty("model");
    empty("first");
    make_chain(&images, "first", "raw", 1);
    let works = [Work::RawCopy, Work::Pull, Work::Commit, Work::ActiveCommit, Work::ShallowCopy];
    let mut seed = 1;
    for number in 0..setting("WORKLOAD_ROUNDS", 2) {
        for work in works {
            round(folder.path(), work, seed);
            seed += 1;
        }
        println!("{} rounds", number + 1);
    }
}
