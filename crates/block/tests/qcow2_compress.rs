//! QEMU can read compressed clusters that we write, `qemu-img check` counts them as compressed, and
//! they take as little space as QEMU's.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use virsparse_block::copy::{CopyOptions, copy};
use virsparse_block::qcow2::{Compression, CreateOptions, create};
use virsparse_block::{FileNode, Format, MemoryNode, Node, OpenOptions, open};

mod qcow2_support;
use qcow2_support::{Random, folder, qemu_io, run, text};

fn new_image(path: &Path, options: &CreateOptions) -> Arc<dyn Node> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
    create(&FileNode::new(file.expect("a file"), text(path)).expect("a node"), options)
        .unwrap_or_else(|e| panic!("{options:?}: {}", e.what));
    open_image(path, true)
}

fn open_image(path: &Path, writable: bool) -> Arc<dyn Node> {
    let options = OpenOptions { writable, ..OpenOptions::new(Format::Qcow2) };
    open(path, options).unwrap_or_else(|e| panic!("{}: {}", e.what, e.errno))
}

/// A number that `qemu-img check` reports; it finds nothing wrong.
fn checked(image: &Path, what: &str) -> u64 {
    let output = Command::new("qemu-img")
        .args(["check", "-f", "qcow2", "--output=json", text(image)])
        .output()
        .expect("qemu-img");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let Some((_, rest)) = report.split_once(&format!("\"{what}\": ")) else { return 0 };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Bytes of all kinds: text, noise, zeros, text with zeros, and an end within a cluster.
fn contents(random: &mut Random, size: usize, grain: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    for (number, part) in bytes.chunks_mut(grain).enumerate() {
        match number % 6 {
            0 | 1 => {
                let text = format!("cluster {number} is text, and text can be compressed. ");
                part.iter_mut().zip(text.bytes().cycle()).for_each(|(b, t)| *b = t);
            }
            2 => part.iter_mut().for_each(|b| *b = random.next() as u8),
            3 => {}
            4 => part.iter_mut().skip(grain / 2).for_each(|b| *b = (random.next() % 7) as u8),
            // Repeats itself at a distance that QEMU's window does not reach.
            _ => {
                let noise: Vec<u8> = (0..6000).map(|_| random.next() as u8).collect();
                part.iter_mut().zip(noise.iter().cycle()).for_each(|(b, n)| *b = *n);
            }
        }
    }
    bytes
}

fn options_of(options: &CreateOptions) -> String {
    let CreateOptions { cluster_size, refcount_bits, extended_l2, .. } = options;
    let compat = if options.version == 2 { "0.10" } else { "1.1" };
    let mut text = format!("cluster_size={cluster_size},compat={compat}");
    if options.version > 2 {
        let l2 = if *extended_l2 { "on" } else { "off" };
        text += &format!(",refcount_bits={refcount_bits},extended_l2={l2}");
        if options.compression == Compression::Zstd {
            text += ",compression_type=zstd";
        }
    }
    text
}

fn variants() -> Vec<CreateOptions> {
    let mut all = Vec::new();
    for cluster_size in [512, 4096, 65536, 1 << 20] {
        let plain = CreateOptions { cluster_size, ..CreateOptions::new(0) };
        let zstd = CreateOptions { compression: Compression::Zstd, ..plain.clone() };
        all.push(CreateOptions { version: 2, ..plain.clone() });
        all.push(CreateOptions { refcount_bits: 1, ..plain.clone() });
        all.push(CreateOptions { refcount_bits: 2, ..zstd.clone() });
        if cluster_size > 4096 {
            all.push(CreateOptions { extended_l2: true, ..zstd.clone() });
        }
        all.extend([plain, zstd]);
    }
    all
}

#[test]
fn compressed_images_can_be_read_by_qemu() {
    let folder = folder();
    let (source, image) = (folder.path().join("source"), folder.path().join("ours.qcow2"));
    let theirs = folder.path().join("theirs.qcow2");
    let mut random = Random(3);
    for options in variants() {
        let cluster = options.cluster_size as usize;
        let size = (cluster * 12).max(700_000) / 512 * 512 + 512;
        std::fs::write(&source, contents(&mut random, size, cluster)).expect("source");
        // Qcow2 has whole sectors only, and one of them is not a whole cluster.
        let options = CreateOptions { size: size as u64, ..options };
        let raw = FileNode::new(File::open(&source).expect("open"), "source").expect("a node");
        let node = new_image(&image, &options);
        let how = CopyOptions { zeroed: true, compress: true, ..CopyOptions::new(size as u64) };
        copy(&raw, &*node, how).unwrap_or_else(|e| panic!("{options:?}: {}", e.what));
        node.flush().expect("flush");
        drop(node);
        let description = options_of(&options);
        let (a, b, c) = (text(&source), text(&image), text(&theirs));
        run("qemu-img", &["convert", "-c", "-O", "qcow2", "-o", &description, "-f", "raw", a, c]);
        run("qemu-img", &["compare", "-q", "-f", "raw", "-F", "qcow2", a, b]);
        let (ours, qemus) =
            (checked(&image, "compressed-clusters"), checked(&theirs, "compressed-clusters"));
        // What is smaller by a few bytes for one may not be for the other.
        assert!(ours.abs_diff(qemus) * 50 <= qemus, "{description}: {ours}, qemu-img {qemus}");
        assert!(ours > 0, "{description}");
        let zeros = checked(&theirs, "allocated-clusters");
        assert_eq!(checked(&image, "allocated-clusters"), zeros, "{description}");
        let [our_size, their_size] =
            [&image, &theirs].map(|path| path.metadata().expect("metadata").len());
        let slack = 4 * options.cluster_size;
        let most = their_size + their_size / 20 + slack;
        assert!(our_size <= most, "{description}: {our_size} bytes, qemu-img {their_size}");
    }
}

#[test]
fn compressed_clusters_can_be_overwritten_plain_and_compressed() {
    let folder = folder();
    let (image, raw) = (folder.path().join("image.qcow2"), folder.path().join("raw"));
    let mut random = Random(8);
    for options in variants() {
        let cluster = options.cluster_size as usize;
        let size = cluster * 12 + 512;
        let mut model = contents(&mut random, size, cluster);
        let options = CreateOptions { size: size as u64, ..options };
        let node = new_image(&image, &options);
        let source = MemoryNode::new("source", size as u64);
        source.write_at(&model, 0).expect("write");
        let how = CopyOptions { zeroed: true, compress: true, ..CopyOptions::new(size as u64) };
        copy(&source, &*node, how).expect("copy");
        for round in 0..100 {
            let at = random.below(size as u64) as usize;
            let first = at / cluster * cluster;
            let end = match random.below(4) {
                // A part of a cluster, or some.
                0 => size.min(at + 1 + random.below(2 * cluster as u64) as usize),
                _ => size.min(first + cluster),
            };
            match random.below(8) {
                0 => node.flush().expect("flush"),
                1 => {
                    node.write_zeroes(at as u64, (end - at) as u64, true).expect("zero");
                    model[at..end].fill(0);
                }
                2 | 3 => {
                    model[at..end].fill(random.next() as u8);
                    node.write_at(&model[at..end], at as u64).expect("write");
                }
                kind => {
                    let start = if kind == 4 { at } else { first };
                    let byte = random.next() as u8;
                    model[start..end].iter_mut().step_by(3).for_each(|b| *b = byte);
                    node.write_compressed(&model[start..end], start as u64).expect("compress");
                }
            }
            if round % 10 == 0 {
                let mut bytes = vec![0; size];
                node.read_at(&mut bytes, 0).expect("read");
                assert!(bytes == model, "{options:?}: as we read it");
            }
        }
        node.flush().expect("flush");
        drop(node);
        checked(&image, "compressed-clusters");
        run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", text(&image), text(&raw)]);
        assert!(std::fs::read(&raw).expect("raw") == model, "{options:?}: as QEMU reads it");
        // QEMU can continue writing the image.
        qemu_io(&image, &[format!("write -P 9 0 {cluster}"), format!("write -P 8 {cluster} 512")]);
        model[..cluster].fill(9);
        model[cluster..cluster + 512].fill(8);
        checked(&image, "compressed-clusters");
        let mut bytes = vec![0; size];
        open_image(&image, false).read_at(&mut bytes, 0).expect("read");
        assert!(bytes == model, "{options:?}: after QEMU");
    }
}

#[test]
fn threads_that_compress_into_one_image_lose_no_data() {
    let folder = folder();
    let image = folder.path().join("image.qcow2");
    let mut random = Random(21);
    for (cluster_size, compression) in [(4096, Compression::Deflate), (65536, Compression::Zstd)] {
        let cluster = cluster_size as usize;
        let size = cluster * 200;
        let options =
            CreateOptions { cluster_size, compression, ..CreateOptions::new(size as u64) };
        let node = new_image(&image, &options);
        let model = contents(&mut random, size, cluster);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (node, model) = (&node, &model);
                scope.spawn(move || {
                    let mine = (0..200).filter(|number| number % 4 == thread);
                    for number in mine {
                        let (at, end) = (number * cluster, (number + 1) * cluster);
                        let old = vec![number as u8; cluster];
                        match number % 3 {
                            0 => node.write_compressed(&old, at as u64).expect("compress"),
                            1 => node.write_at(&old, at as u64).expect("write"),
                            _ => {}
                        }
                        if number % 37 == 0 {
                            node.flush().expect("flush");
                        }
                        node.write_compressed(&model[at..end], at as u64).expect("compress");
                        let mut bytes = vec![0; cluster];
                        node.read_at(&mut bytes, at as u64).expect("read");
                        assert!(bytes == model[at..end], "cluster {number}");
                    }
                });
            }
        });
        node.flush().expect("flush");
        drop(node);
        assert!(checked(&image, "compressed-clusters") > 100);
        let mut bytes = vec![0; size];
        open_image(&image, false).read_at(&mut bytes, 0).expect("read");
        assert!(bytes == model);
    }
}

#[test]
fn a_compressed_write_to_an_image_without_compression_fails() {
    let target = MemoryNode::new("target", 1 << 20);
    let source = MemoryNode::new("source", 1 << 20);
    let how = CopyOptions { compress: true, ..CopyOptions::new(1 << 20) };
    let error = copy(&source, &target, how).expect_err("refused");
    assert_eq!(error.errno, virsparse_block::Errno::EOPNOTSUPP);
    assert!(error.what.contains("target"), "{}", error.what);
}
