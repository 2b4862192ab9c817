//! Random writes to an image: our reads, QEMU's reads and a plain model agree, and `qemu-img check`
//! finds no error.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use virsparse_block::{Format, Node, OpenOptions, open};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn open_image(path: &Path) -> Arc<dyn Node> {
    let options = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
    open(path, options).unwrap_or_else(|e| panic!("{}: {}", e.what, e.errno))
}

/// One change at random, made to the image and to the model.
fn change(random: &mut Random, node: &dyn Node, model: &mut [u8], base: u64, grain: u64) {
    let size = model.len() as u64;
    let grain = [grain, 512, 4096][random.below(3) as usize];
    let offset = (random.below(size.div_ceil(grain)) * grain).min(size - 1);
    let length = ((random.below(6) + 1) * grain).min(size - offset);
    let range = offset as usize..(offset + length) as usize;
    match random.below(8) {
        0 => {
            node.write_zeroes(base + offset, length, random.below(2) == 0).expect("zero");
            model[range].fill(0);
        }
        1 => {
            node.discard(base + offset, length).expect("discard");
            // Whatever it reads as now, it is not the old data or it is: ask.
            let mut bytes = vec![0; length as usize];
            node.read_at(&mut bytes, base + offset).expect("read");
            for (old, new) in model[range].iter_mut().zip(bytes) {
                assert!(new == *old || new == 0, "discarded bytes are {new}, were {old}");
                *old = new;
            }
        }
        2 => node.flush().expect("flush"),
        _ => {
            let byte = random.below(255) as u8 + 1;
            node.write_at(&vec![byte; length as usize], base + offset).expect("write");
            model[range].fill(byte);
        }
    }
}

fn check(image: &Path, node: &dyn Node, model: &[u8], what: &str) {
    node.flush().expect("flush");
    node.flush().expect("flush");
    let mut bytes = vec![0; model.len()];
    assert_eq!(node.read_at(&mut bytes, 0).expect("read"), model.len(), "{what}");
    same(&bytes, model, &format!("{what}: as we read it"));
    run("qemu-img", &["check", "-q", "-f", "qcow2", "-U", text(image)]);
    let raw = image.with_extension("raw");
    run("qemu-img", &["convert", "-U", "-f", "qcow2", "-O", "raw", text(image), text(&raw)]);
    same(&std::fs::read(&raw).expect("raw"), model, &format!("{what}: as QEMU reads it"));
}

fn same(bytes: &[u8], model: &[u8], what: &str) {
    assert_eq!(bytes.len(), model.len(), "{what}");
    if let Some(at) = bytes.iter().zip(model).position(|(a, b)| a != b) {
        panic!("{what}: byte {at} is {} and should be {}", bytes[at], model[at]);
    }
}

const OPTIONS: [&str; 8] = [
    "",
    ",compat=0.10",
    ",lazy_refcounts=on",
    ",refcount_bits=1",
    ",refcount_bits=8",
    ",refcount_bits=64",
    ",extended_l2=on",
    ",preallocation=metadata",
];

#[test]
fn random_writes_match_a_model_and_qemu() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random(11);
    for cluster in [512, 4096, 16384, 65536, 1 << 20] {
        for options in OPTIONS {
            if options.contains("extended") && cluster < 16384 {
                continue;
            }
            for kind in ["plain", "backing", "snapshot", "compressed", "data"] {
                let impossible = match kind {
                    "snapshot" => options.contains("=1"),
                    "backing" => options.contains("prealloc"),
                    "compressed" => options.contains("prealloc"),
                    "data" => options.contains("0.10") || options.contains("lazy"),
                    _ => false,
                };
                if impossible || (cluster == 1 << 20 && kind != "plain") {
                    continue;
                }
                let what = format!("{cluster}{options} {kind}");
                one(&mut random, folder.path(), cluster, options, kind, &what);
            }
        }
    }
}

fn one(random: &mut Random, folder: &Path, cluster: u64, options: &str, kind: &str, what: &str) {
    let image = folder.join("image.qcow2");
    let lower = folder.join("lower.raw");
    let size = (cluster * 30).max(200 << 10) / 512 * 512 + 512 * random.below(3);
    let mut model = vec![0u8; size as usize];
    let mut options = format!("cluster_size={cluster}{options}");
    let _ = std::fs::remove_file(&image);
    if kind == "data" {
        let data = folder.join("image.data");
        options = format!("{options},data_file={}", text(&data));
    }
    match kind {
        "backing" | "compressed" => {
            let below = size - size / 4;
            for (at, byte) in model[..below as usize].iter_mut().enumerate() {
                *byte = (at / 1000 % 251) as u8;
            }
            std::fs::write(&lower, &model[..below as usize]).expect("lower");
            if kind == "backing" {
                let size = size.to_string();
                let arguments =
                    ["create", "-q", "-f", "qcow2", "-o", &options, "-F", "raw", "-b", "lower.raw"];
                run("qemu-img", &[&arguments[..], &[text(&image), &size]].concat());
            } else {
                std::fs::write(&lower, &model).expect("lower");
                let arguments = ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", &options];
                run("qemu-img", &[&arguments[..], &[text(&lower), text(&image)]].concat());
            }
        }
        _ => {
            let size = size.to_string();
            run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, text(&image), &size]);
        }
    }
    if kind == "snapshot" {
        let node = open_image(&image);
        (0..10).for_each(|_| change(random, &*node, &mut model, 0, cluster));
        drop(node);
        run("qemu-img", &["snapshot", "-c", "before", text(&image)]);
    }
    let before = model.clone();
    let node = open_image(&image);
    for _ in 0..25 {
        change(random, &*node, &mut model, 0, cluster);
    }
    check(&image, &*node, &model, what);
    drop(node);
    // Opened again, it is the same; and QEMU and we can take turns.
    let node = open_image(&image);
    for _ in 0..10 {
        change(random, &*node, &mut model, 0, cluster);
    }
    check(&image, &*node, &model, what);
    drop(node);
    if kind == "snapshot" {
        run("qemu-img", &["snapshot", "-a", "before", text(&image)]);
        let node = open_image(&image);
        check(&image, &*node, &before, &format!("{what}: the snapshot"));
    }
}

#[test]
fn images_grow_and_shrink() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image.qcow2");
    for cluster in ["512", "65536"] {
        run(
            "qemu-img",
            &[
                "create",
                "-q",
                "-f",
                "qcow2",
                "-o",
                &format!("cluster_size={cluster}"),
                text(&image),
                "1M",
            ],
        );
        let node = open_image(&image);
        let mut model = vec![0; 1 << 20];
        let mut random = Random(5);
        for size in [1 << 20, 3 << 20, 700_416, 40 << 20, 512, 0, 9 << 20] {
            node.resize(size).expect("resize");
            model.resize(size as usize, 0);
            if size > 0 {
                (0..20).for_each(|_| change(&mut random, &*node, &mut model, 0, 65536));
            }
            check(&image, &*node, &model, &format!("{size}"));
        }
        std::fs::remove_file(&image).expect("remove");
    }
}

#[test]
fn threads_that_write_to_the_same_clusters_lose_no_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image.qcow2");
    for (round, options) in
        ["cluster_size=65536", "cluster_size=65536,extended_l2=on", "cluster_size=512"]
            .iter()
            .enumerate()
    {
        let _ = std::fs::remove_file(&image);
        run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", options, text(&image), "8M"]);
        let node = open_image(&image);
        let model = Mutex::new(vec![0u8; 8 << 20]);
        // Each thread has every fourth stripe of 4 KiB: all of them share all clusters.
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let (node, model) = (&node, &model);
                scope.spawn(move || {
                    let mut random = Random(thread * 977 + round as u64);
                    for _ in 0..400 {
                        let stripe = random.below(512) * 4 + thread;
                        let offset = stripe * 4096;
                        let range = offset as usize..offset as usize + 4096;
                        match random.below(4) {
                            0 => {
                                node.write_zeroes(offset, 4096, true).expect("zero");
                                model.lock().expect("model")[range].fill(0);
                            }
                            1 => {
                                let mut bytes = vec![0; 4096];
                                node.read_at(&mut bytes, offset).expect("read");
                                assert_eq!(bytes, model.lock().expect("model")[range]);
                            }
                            2 if random.below(10) == 0 => node.flush().expect("flush"),
                            _ => {
                                let byte = random.below(255) as u8 + 1;
                                node.write_at(&[byte; 4096], offset).expect("write");
                                model.lock().expect("model")[range].fill(byte);
                            }
                        }
                    }
                });
            }
        });
        let model = model.into_inner().expect("model");
        check(&image, &*node, &model, options);
    }
}

/// Many requests start at the same time, each for a new cluster, as when a paused guest is resumed.
/// Once this truncated the file below a write of another thread.
#[test]
fn bursts_of_small_writes_into_new_clusters_lose_no_data() {
    const THREADS: u64 = 16;
    const ROUNDS: u64 = 60;
    const CLUSTER: u64 = 65536;
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("burst.qcow2");
    run("qemu-img", &["create", "-q", "-f", "qcow2", text(&image), "128M"]);
    let node = open_image(&image);
    let barrier = std::sync::Barrier::new(THREADS as usize);
    // Rounds go through the image in an order of their own, threads side by side.
    let place = |round: u64, thread: u64| ((round * 7 % ROUNDS) * THREADS + thread) * CLUSTER;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (node, barrier) = (&node, &barrier);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    barrier.wait();
                    let offset = place(round, thread) + thread % 15 * 4096;
                    node.write_at(&[thread as u8 + 1; 4096], offset).expect("write");
                }
            });
        }
    });
    node.flush().expect("flush");
    let mut cluster = vec![0; CLUSTER as usize];
    for (round, thread) in (0..ROUNDS).flat_map(|r| (0..THREADS).map(move |t| (r, t))) {
        node.read_at(&mut cluster, place(round, thread)).expect("read");
        let written = (thread % 15 * 4096) as usize;
        let mut expected = vec![0; CLUSTER as usize];
        expected[written..written + 4096].fill(thread as u8 + 1);
        assert!(cluster == expected, "round {round}, thread {thread}");
    }
    drop(node);
    run("qemu-img", &["check", "-q", text(&image)]);
}
