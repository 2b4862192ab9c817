//! Files that are opened with O_DIRECT: writes at any offset are correct, and no data goes through
//! the page cache.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use virsparse_block::Errno;
use virsparse_block::qcow2::{CreateOptions, create};
use virsparse_block::{Cache, ExtentKind, FileNode, Format, Node, OpenOptions, open};

mod qcow2_support;
use qcow2_support::{Random, qemu_check, qemu_read, run, text};

/// A folder on a disk: memory has no page cache to go past.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/var/tmp").expect("a folder")
}

fn direct(path: &Path) -> FileNode {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_DIRECT)
        .open(path);
    FileNode::new(file.expect("a file"), text(path)).expect("a node")
}

/// The flags of this process's descriptor of a file.
fn flags_of(path: &Path) -> i32 {
    let fds = std::fs::read_dir("/proc/self/fd").expect("fds").flatten();
    let fd = fds
        .map(|entry| entry.path())
        .find(|fd| std::fs::read_link(fd).is_ok_and(|link| link == path))
        .expect("an open file");
    let info = Path::new("/proc/self/fdinfo").join(fd.file_name().expect("a name"));
    let info = std::fs::read_to_string(info).expect("fdinfo");
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("flags");
    i32::from_str_radix(flags.trim(), 8).expect("octal")
}

/// Pages of the file that are in the page cache.
fn cached_pages(path: &Path) -> u64 {
    let output = Command::new("fincore")
        .args(["--noheadings", "--output", "PAGES", text(path)])
        .output()
        .expect("fincore");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

#[test]
fn random_writes_at_odd_offsets_match_a_model() {
    let folder = folder();
    let path = folder.path().join("file");
    let mut random = Random(42);
    for round in 0..20 {
        let _ = std::fs::remove_file(&path);
        let node = direct(&path);
        let mut model = Vec::new();
        for step in 0..60 {
            let most = [100, 5000, 70_000, 3_000_000][random.below(4) as usize];
            let grain = [1, 512, 4096][random.below(3) as usize];
            let offset = random.below(200_000) / grain * grain;
            let length = (random.below(most) + 1).next_multiple_of(grain);
            let range = offset as usize..(offset + length) as usize;
            let what = format!("{round}.{step}: {range:?}");
            match random.below(10) {
                0 => {
                    node.write_zeroes(offset, length, random.below(2) == 0).expect(&what);
                    model.resize(model.len().max(range.end), 0);
                    model[range].fill(0);
                }
                1 => {
                    node.discard(offset, length).expect(&what);
                    let end = range.end.min(model.len());
                    model[range.start.min(end)..end].fill(0);
                }
                2 => {
                    let length = random.below(300_000);
                    node.resize(length).expect(&what);
                    model.resize(length as usize, 0);
                }
                3 => {
                    node.allocate(offset, length).expect(&what);
                    model.resize(model.len().max(range.end), 0);
                }
                _ => {
                    let first = random.next() as u8;
                    let data: Vec<u8> = (0..length).map(|at| (at / 3) as u8 ^ first).collect();
                    // Memory of any alignment.
                    let skip = random.below(3) as usize;
                    let shifted: Vec<u8> = vec![0; skip].into_iter().chain(data).collect();
                    node.write_at(&shifted[skip..], offset).expect(&what);
                    model.resize(model.len().max(range.end), 0);
                    model[range].copy_from_slice(&shifted[skip..]);
                }
            }
            assert_eq!(node.length().expect("length"), model.len() as u64, "{what}");
            let start = random.below(model.len() as u64 + 100) as usize;
            let mut bytes = vec![0xee; random.below(100_000) as usize];
            let got = node.read_at(&mut bytes, start as u64).expect(&what);
            let expected = model.get(start..).unwrap_or_default();
            let expected = &expected[..expected.len().min(bytes.len())];
            assert!(bytes[..got] == *expected, "{what}: {got} bytes at {start}");
        }
        node.flush().expect("flush");
        assert!(std::fs::read(&path).expect("read") == model, "{round}");
    }
}

#[test]
fn direct_io_leaves_the_page_cache_empty() {
    let folder = folder();
    let path = folder.path().join("file");
    let node = direct(&path);
    assert_ne!(flags_of(&path) & libc::O_DIRECT, 0);
    node.write_at(&vec![7; 3 << 20], 0).expect("write");
    node.write_at(&[8; 5000], (3 << 20) + 77).expect("write");
    let mut bytes = vec![0; (3 << 20) + 77 + 5000];
    assert_eq!(node.read_at(&mut bytes, 0).expect("read"), bytes.len());
    // All but the page of the last block, in which the kernel may have zeroed what is behind the end.
    assert!(cached_pages(&path) <= 1);
    assert!(bytes[..3 << 20].iter().all(|b| *b == 7));
    assert_eq!(bytes[(3 << 20) + 76..][..3], [0, 8, 8]);
    let data = node.extent_at(0, 1 << 20).expect("extent");
    assert_eq!((data.kind, data.length), (ExtentKind::Data, 1 << 20));
    // The same without it, to know that this is seen.
    std::fs::read(&path).expect("read");
    assert!(cached_pages(&path) > 700);
}

#[test]
fn writers_of_one_block_lose_no_data() {
    let folder = folder();
    let path = folder.path().join("file");
    const STRIPE: u64 = 700;
    const ROUNDS: u64 = 120;
    let node = direct(&path);
    // Each writes its own stripes, which lie beside others', inside of the file and at its end.
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let node = &node;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let at = (round * 4 + thread) * STRIPE;
                    let old = vec![0xaa; STRIPE as usize];
                    node.write_at(&old, at).expect("write");
                    match round % 3 {
                        0 => node.write_zeroes(at, STRIPE, round % 2 == 0).expect("zero"),
                        1 => node.length().map(drop).expect("length"),
                        _ => node.flush().expect("flush"),
                    }
                    let byte = (round * 4 + thread) as u8;
                    node.write_at(&vec![byte; STRIPE as usize], at).expect("write");
                }
            });
        }
        // Whole blocks between them.
        let node = &node;
        scope.spawn(move || {
            for round in 0..ROUNDS {
                node.write_at(&[round as u8; 8192], (1 << 20) + round * 8192).expect("write");
            }
        });
    });
    let bytes = std::fs::read(&path).expect("read");
    assert_eq!(bytes.len() as u64, (1 << 20) + ROUNDS * 8192);
    for (number, stripe) in bytes.chunks(STRIPE as usize).take(4 * ROUNDS as usize).enumerate() {
        assert!(stripe.iter().all(|b| *b == number as u8), "stripe {number}");
    }
    for (round, block) in bytes[1 << 20..].chunks(8192).enumerate() {
        assert!(block.iter().all(|b| *b == round as u8), "block {round}");
    }
}

#[test]
fn qcow2_images_with_direct_io_pass_qemus_check() {
    let folder = folder();
    let image = folder.path().join("image.qcow2");
    let lower = folder.path().join("lower.raw");
    let model: Vec<u8> = (0..1_000_000u32).map(|at| (at / 900) as u8).collect();
    std::fs::write(&lower, &model).expect("lower");
    for (cluster_size, cache) in
        [(512, Cache::None), (65536, Cache::None), (4096, Cache::Directsync)]
    {
        let mut model = model.clone();
        let size = 1_000_448;
        model.resize(size, 0);
        let _ = std::fs::remove_file(&image);
        let options = CreateOptions {
            cluster_size,
            backing: Some(("lower.raw".into(), "raw".into())),
            ..CreateOptions::new(size as u64)
        };
        create(&direct(&image), &options).expect("create");
        let how = OpenOptions { writable: true, cache, ..OpenOptions::new(Format::Qcow2) };
        let node = open(&image, how).expect("open");
        for path in [&image, &lower] {
            assert_ne!(flags_of(path) & libc::O_DIRECT, 0, "{path:?}");
        }
        let (shared, count) = (Mutex::new(&mut model), size / 4 / 1024);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (node, shared) = (&node, &shared);
                scope.spawn(move || {
                    let mut random = Random(thread as u64);
                    for _ in 0..60 {
                        let at = (random.below(count as u64) as usize * 4 + thread) * 1024;
                        let byte = random.next() as u8;
                        node.write_at(&[byte; 1024], at as u64).expect("write");
                        shared.lock().expect("model")[at..at + 1024].fill(byte);
                        if random.below(20) == 0 {
                            node.flush().expect("flush");
                        }
                    }
                });
            }
        });
        let mut bytes = vec![0; size];
        node.read_at(&mut bytes, 0).expect("read");
        assert!(bytes == model, "{cluster_size}");
        node.flush().expect("flush");
        drop(node);
        qemu_check(&image).expect("sound");
        assert!(qemu_read(&image) == model, "{cluster_size}: as QEMU reads it");
    }
}

#[test]
fn a_filesystem_without_direct_io_is_named_in_the_error() {
    let options = OpenOptions { cache: Cache::None, ..OpenOptions::new(Format::Raw) };
    let error = open(Path::new("/proc/version"), options.clone()).map(drop).expect_err("refused");
    assert_eq!(error.errno, Errno::EINVAL);
    assert!(error.what.contains("/proc/version"), "{}", error.what);
    assert!(error.what.contains("does not support O_DIRECT"), "{}", error.what);
    // A missing file is reported as missing, whatever the cache mode.
    let error = open(Path::new("/nowhere/to/be/found"), options).map(drop).expect_err("refused");
    assert_eq!(error.errno, Errno::ENOENT);
}

#[test]
fn a_write_in_writethrough_mode_is_in_the_file_when_it_returns() {
    let folder = folder();
    let (image, copy) = (folder.path().join("image.qcow2"), folder.path().join("copy.qcow2"));
    let modes = ["writethrough", "directsync", "writeback", "none", "unsafe", "default"];
    for (name, through) in modes.into_iter().zip([true, true, false, false, false, false]) {
        let cache = Cache::from_name(name).expect("a mode");
        let _ = std::fs::remove_file(&image);
        create(&direct(&image), &CreateOptions::new(1 << 20)).expect("create");
        let how = OpenOptions { writable: true, cache, ..OpenOptions::new(Format::Qcow2) };
        let node: Arc<dyn Node> = open(&image, how).expect("open");
        node.write_at(&[5; 4096], 70_000).expect("write");
        // A crash leaves at most what the file has now.
        run("cp", &[text(&image), text(&copy)]);
        assert_eq!(qemu_read(&copy)[70_000] == 5, through, "{name}");
        node.flush().expect("flush");
        run("cp", &[text(&image), text(&copy)]);
        assert_eq!(qemu_read(&copy)[70_000], 5, "{name}");
        qemu_check(&copy).expect("sound");
    }
    assert_eq!(Cache::from_name("fast"), None);
}
