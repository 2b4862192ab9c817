//! Preallocated images match those of `qemu-img create -o preallocation=`: in its map and its
//! check, and in the space that they take.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use virsparse_block::qcow2::{CreateOptions, Preallocation, create, create_with_data};
use virsparse_block::{FileNode, Format, OpenOptions, open};

mod qcow2_support;
use qcow2_support::{run, text};

const MODES: [(Preallocation, &str); 4] = [
    (Preallocation::Off, "off"),
    (Preallocation::Metadata, "metadata"),
    (Preallocation::Falloc, "falloc"),
    (Preallocation::Full, "full"),
];

fn new_file(path: &Path) -> FileNode {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
    FileNode::new(file.expect("a file"), text(path)).expect("a node")
}

fn qemu_img(arguments: &[&str]) -> String {
    let output = Command::new("qemu-img").args(arguments).output().expect("qemu-img");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{errors}");
    said
}

/// The output of `qemu-img map` without the offsets in the file, which every program chooses for
/// itself, and without the flag for zeros if that depends on them.
fn map(image: &Path, zeros: bool) -> Vec<(u64, u64, String)> {
    let mut all: Vec<(u64, u64, String)> = Vec::new();
    for line in qemu_img(&["map", "--output=json", "-f", "qcow2", text(image)]).lines() {
        let field = |name: &str| {
            let (_, rest) = line.split_once(&format!("\"{name}\": ")).unwrap_or_default();
            rest.split([',', '}']).next().unwrap_or_default().to_string()
        };
        let number = |name| field(name).parse::<u64>().expect(name);
        let placed = line.contains("\"offset\"");
        let zero = if zeros { field("zero") } else { String::new() };
        let state = format!("{} {zero} {} {placed}", field("depth"), field("data"));
        match all.last_mut() {
            Some((_, length, last)) if *last == state => *length += number("length"),
            _ => all.push((number("start"), number("length"), state)),
        }
    }
    all
}

#[test]
fn preallocated_images_match_qemus() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (folder.path().join("ours.qcow2"), folder.path().join("theirs.qcow2"));
    for (preallocation, name) in MODES {
        for (cluster_size, size) in
            [(512, 3 << 20), (4096, 9 << 20), (65536, 40 << 20), (2 << 20, 8 << 20)]
        {
            for (version, extended_l2, refcount_bits) in
                [(2, false, 16), (3, false, 16), (3, true, 16), (3, false, 1), (3, false, 64)]
            {
                if extended_l2 && cluster_size < 16384 {
                    continue;
                }
                let options = CreateOptions {
                    cluster_size,
                    version,
                    extended_l2,
                    refcount_bits,
                    preallocation,
                    ..CreateOptions::new(size)
                };
                create(&new_file(&ours), &options).expect("create");
                let compat = if version == 2 { "0.10" } else { "1.1" };
                let mut description =
                    format!("cluster_size={cluster_size},preallocation={name},compat={compat}");
                if version > 2 {
                    let on = if extended_l2 { "on" } else { "off" };
                    description += &format!(",extended_l2={on},refcount_bits={refcount_bits}");
                }
                let bytes = size.to_string();
                let arguments = ["-o", &description, text(&theirs), &bytes];
                run("qemu-img", &[&["create", "-q", "-f", "qcow2"][..], &arguments].concat());
                qemu_img(&["check", "-q", "-f", "qcow2", text(&ours)]);
                // What shares a page of the file with a table is no hole.
                let zeros = cluster_size >= 4096;
                assert_eq!(map(&ours, zeros), map(&theirs, zeros), "{description}");
                let info = qemu_img(&["info", "-f", "qcow2", text(&ours)]);
                let width = format!("refcount bits: {refcount_bits}\n");
                assert!(version == 2 || info.contains(&width), "{info}");
                let [our_space, their_space] =
                    [&ours, &theirs].map(|path| path.metadata().expect("metadata").blocks() * 512);
                let slack = their_space / 10 + 4 * cluster_size;
                assert!(
                    !zeros || our_space.abs_diff(their_space) <= slack,
                    "{description}: {our_space} bytes, qemu-img {their_space}"
                );
                writes_stay_in_place(&ours, size, preallocation);
            }
        }
    }
}

/// Writing to preallocated ranges takes no space, and the image passes the check.
fn writes_stay_in_place(image: &Path, size: u64, preallocation: Preallocation) {
    let before = image.metadata().expect("metadata").len();
    let options = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
    let node = open(image, options).expect("open");
    let mut bytes = vec![1; size as usize];
    node.read_at(&mut bytes, 0).expect("read");
    assert!(bytes.iter().all(|b| *b == 0));
    node.write_at(&[5; 70_000], 1000).expect("write");
    bytes[1000..71_000].fill(5);
    node.flush().expect("flush");
    drop(node);
    if preallocation != Preallocation::Off {
        assert_eq!(image.metadata().expect("metadata").len(), before);
    }
    qemu_img(&["check", "-q", "-f", "qcow2", text(image)]);
    let raw = image.with_extension("raw");
    qemu_img(&["convert", "-f", "qcow2", "-O", "raw", text(image), text(&raw)]);
    assert!(std::fs::read(&raw).expect("raw") == bytes);
}

#[test]
fn data_files_are_preallocated_like_qemus() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for (preallocation, name) in MODES {
        let size = 20 << 20;
        let options = CreateOptions {
            preallocation,
            data_file: Some(text(&path("ours.data")).into()),
            ..CreateOptions::new(size)
        };
        let (ours, theirs) = (path("ours.qcow2"), path("theirs.qcow2"));
        create_with_data(&new_file(&ours), &new_file(&path("ours.data")), &options)
            .expect("create");
        let data = path("theirs.data");
        let _ = std::fs::remove_file(&data);
        let description = format!("preallocation={name},data_file={}", text(&data));
        let bytes = size.to_string();
        let arguments = ["create", "-q", "-f", "qcow2", "-o", &description, text(&theirs), &bytes];
        run("qemu-img", &arguments);
        qemu_img(&["check", "-q", "-f", "qcow2", text(&ours)]);
        // QEMU guesses from the space of the image, without the data, whether it asks for holes.
        assert_eq!(map(&ours, false), map(&theirs, false), "{name}");
        let metadata = |name| path(name).metadata().expect("metadata");
        let (a, b) = (metadata("ours.data"), metadata("theirs.data"));
        assert_eq!(a.len(), b.len(), "{name}");
        // QEMU may write a block at the start, to see what the file can.
        assert!(a.blocks().abs_diff(b.blocks()) <= 8, "{name}: {} and {}", a.blocks(), b.blocks());
        writes_stay_in_place(&ours, size, preallocation);
    }
}

#[test]
fn a_preallocated_file_may_end_within_its_last_cluster() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image.qcow2");
    for (preallocation, _) in MODES {
        let options = CreateOptions { preallocation, ..CreateOptions::new((3 << 20) + 512) };
        create(&new_file(&image), &options).expect("create");
        qemu_img(&["check", "-q", "-f", "qcow2", text(&image)]);
        writes_stay_in_place(&image, options.size, preallocation);
    }
}

#[test]
fn preallocation_over_a_backing_image_needs_subclusters() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("over.qcow2");
    std::fs::write(folder.path().join("lower.raw"), vec![5; 1 << 20]).expect("lower");
    let options = CreateOptions {
        preallocation: Preallocation::Metadata,
        backing: Some(("lower.raw".into(), "raw".into())),
        ..CreateOptions::new(2 << 20)
    };
    create(&new_file(&image), &options).expect_err("refused");
    create(&new_file(&image), &CreateOptions { extended_l2: true, ..options }).expect("create");
    qemu_img(&["check", "-q", "-f", "qcow2", text(&image)]);
    let raw = folder.path().join("raw");
    qemu_img(&["convert", "-f", "qcow2", "-O", "raw", text(&image), text(&raw)]);
    let bytes = std::fs::read(&raw).expect("raw");
    assert!(bytes[..1 << 20].iter().all(|b| *b == 5) && bytes[1 << 20..].iter().all(|b| *b == 0));
}
