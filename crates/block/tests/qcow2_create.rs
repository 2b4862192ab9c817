//! New images: `qemu-img` accepts them, and they hold data that is copied into them.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use virsparse_block::copy::{CopyOptions, copy};
use virsparse_block::qcow2::{CreateOptions, create};
use virsparse_block::{FileNode, Format, Node, OpenOptions, open};

fn qemu_img(arguments: &[&str]) -> String {
    let output = Command::new("qemu-img").args(arguments).output().expect("qemu-img");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn new_file(path: &Path) -> FileNode {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
    FileNode::new(file.expect("a file"), text(path)).expect("a node")
}

fn open_image(path: &Path) -> Arc<dyn Node> {
    let options = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
    open(path, options).expect("an image")
}

#[test]
fn new_images_pass_qemus_check_and_hold_copied_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let (image, source) = (folder.path().join("new.qcow2"), folder.path().join("source"));
    let size = 5 << 20;
    let raw = new_file(&source);
    raw.resize(size).expect("resize");
    raw.write_at(&[7; 300_000], 1_000_000).expect("write");
    raw.write_at(&[9; 700], size - 700).expect("write");
    for version in [2, 3] {
        for cluster_size in [512, 4096, 16384, 65536, 2 << 20] {
            for (lazy_refcounts, extended_l2) in [(false, false), (true, false), (false, true)] {
                if version == 2 && (lazy_refcounts || extended_l2)
                    || extended_l2 && cluster_size < 16384
                {
                    continue;
                }
                let options = CreateOptions {
                    version,
                    cluster_size,
                    lazy_refcounts,
                    extended_l2,
                    ..CreateOptions::new(size)
                };
                create(&new_file(&image), &options).expect("create");
                qemu_img(&["check", "-q", "-f", "qcow2", text(&image)]);
                let info = qemu_img(&["info", "-f", "qcow2", text(&image)]);
                assert!(info.contains(&format!("cluster_size: {cluster_size}")), "{info}");
                assert!(info.contains(&format!("({size} bytes)")), "{info}");
                let compat = if version == 2 { "compat: 0.10" } else { "compat: 1.1" };
                assert!(info.contains(compat), "{info}");
                assert_eq!(info.contains("lazy refcounts: true"), lazy_refcounts, "{info}");
                assert_eq!(info.contains("extended l2: true"), extended_l2, "{info}");
                let node = open_image(&image);
                copy(&raw, &*node, CopyOptions { zeroed: true, ..CopyOptions::new(size) })
                    .expect("copy");
                node.flush().expect("flush");
                drop(node);
                qemu_img(&["check", "-q", "-f", "qcow2", text(&image)]);
                let (a, b) = (text(&source), text(&image));
                qemu_img(&["compare", "-q", "-f", "raw", "-F", "qcow2", a, b]);
                let taken = std::fs::metadata(&image).expect("metadata").len();
                assert!(taken < 400_000 + 20 * cluster_size, "{taken} bytes for {options:?}");
            }
        }
    }
}

#[test]
fn new_overlays_record_their_backing_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let (lower, image) = (folder.path().join("lower.raw"), folder.path().join("over.qcow2"));
    std::fs::write(&lower, vec![5; 1 << 20]).expect("lower");
    let backing = Some(("lower.raw".to_string(), "raw".to_string()));
    for version in [2, 3] {
        let options =
            CreateOptions { backing: backing.clone(), version, ..CreateOptions::new(2 << 20) };
        create(&new_file(&image), &options).expect("create");
        qemu_img(&["check", "-q", "-f", "qcow2", text(&image)]);
        let info = qemu_img(&["info", "-f", "qcow2", text(&image)]);
        assert!(info.contains("backing file: lower.raw"), "{info}");
        assert!(info.contains("backing file format: raw"), "{info}");
        let mut bytes = vec![1; 2 << 20];
        open_image(&image).read_at(&mut bytes, 0).expect("read");
        assert!(
            bytes[..1 << 20].iter().all(|b| *b == 5) && bytes[1 << 20..].iter().all(|b| *b == 0)
        );
    }
}

#[test]
fn images_that_cannot_be_created_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = new_file(&folder.path().join("x"));
    let sound = CreateOptions::new(1 << 20);
    for options in [
        CreateOptions { cluster_size: 256, ..sound.clone() },
        CreateOptions { cluster_size: 3000, ..sound.clone() },
        CreateOptions { cluster_size: 4 << 20, ..sound.clone() },
        CreateOptions { cluster_size: 512, size: 1 << 50, ..sound.clone() },
        CreateOptions { version: 2, lazy_refcounts: true, ..sound.clone() },
        CreateOptions { cluster_size: 4096, extended_l2: true, ..sound.clone() },
        CreateOptions {
            cluster_size: 512,
            backing: Some(("x".repeat(600), "raw".into())),
            ..sound
        },
    ] {
        create(&file, &options).expect_err("refused");
        assert_eq!(file.length().expect("length") % 512, 0);
    }
}
