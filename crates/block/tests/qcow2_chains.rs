//! Files that an image refers to: only local images and NBD exports, and each is opened once.

mod qcow2_support;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qcow2_support::guard::{STACK, guarded, guarded_with};
use qcow2_support::*;
use virsparse_block::Errno;
use virsparse_block::{BlockError, Format, Node, OpenOptions, Result, open};

/// A chain needs little: its headers, of a cluster each.
const MEMORY: u64 = 64 << 20;
const DIRTY: usize = 79;

fn open_image(path: &Path, writable: bool) -> Result<Arc<dyn Node>> {
    open(path, OpenOptions { writable, ..OpenOptions::new(Format::Qcow2) })
}

/// An image that refers to another, of any name and format, which need not be there.
fn overlay(path: &Path, below: &str, format: Option<&str>) {
    let create = ["create", "-q", "-f", "qcow2", "-o", "cluster_size=4096", "-u"];
    // QEMU makes none of any name: ours is put in place of one that is as long.
    let place = "x".repeat(below.len());
    let mut arguments = vec!["-b", &place];
    // A format that it knows and whose name is as long.
    let known = format.map(|format| match format.len() {
        3 => "raw",
        4 => "vmdk",
        5 => "qcow2",
        _ => panic!("{format}"),
    });
    arguments.extend(known.iter().flat_map(|known| ["-F", known]));
    if format.is_none() {
        arguments.extend(["-F", "raw"]);
    }
    arguments.extend([text(path), "1M"]);
    run("qemu-img", &[&create[..], &arguments].concat());
    let mut bytes = std::fs::read(path).expect("the image");
    let mut replace = |old: &str, new: &str| {
        let at = bytes.windows(old.len()).position(|part| part == old.as_bytes()).expect("it");
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
        at
    };
    replace(&place, below);
    if let (Some(known), Some(format)) = (known, format) {
        replace(known, format);
    }
    if format.is_none() {
        // An unknown extension.
        let at = replace("raw", "raw");
        bytes[at - 8..at - 4].fill(0x11);
    }
    std::fs::write(path, bytes).expect("the image");
}

/// Opens an image both ways, which must fail without a change of any file beside it.
fn refused(path: &Path, errno: Errno, says: &[&str]) {
    // An image that is dirty would be repaired.
    let mut bytes = std::fs::read(path).expect("the image");
    bytes[DIRTY] |= 1;
    std::fs::write(path, bytes).expect("the image");
    let before = files(path.parent().expect("a folder"));
    for writable in [false, true] {
        let error = guarded(MEMORY, text(path), || open_image(path, writable).err());
        let BlockError { what, errno: found } = error.expect("it is refused");
        assert_eq!(found, errno, "{what}");
        assert!(what.len() < 2000 && !what.contains(char::is_control), "{what}");
        for part in says {
            assert!(what.contains(part), "{what}: {part}");
        }
    }
    assert!(files(path.parent().expect("a folder")) == before, "{says:?}: something has changed");
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let list = std::fs::read_dir(folder).expect("the folder");
    let mut files: Vec<_> = list
        .map(|file| file.expect("an entry").path())
        .filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))
        .map(|file| (file.clone(), std::fs::read(file).expect("the file")))
        .collect();
    files.sort();
    files
}

#[test]
fn a_backing_chain_that_is_a_loop_is_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    overlay(&at("self"), "self", Some("qcow2"));
    refused(&at("self"), Errno::ELOOP, &["self", "is its own backing image"]);
    overlay(&at("a"), "b", Some("qcow2"));
    overlay(&at("b"), "c", Some("qcow2"));
    overlay(&at("c"), "a", Some("qcow2"));
    refused(&at("a"), Errno::ELOOP, &["backing image 'a' of", "/a' is its own"]);
    // The same file by other names.
    symlink(at("by-link"), at("link")).expect("a link");
    overlay(&at("by-link"), "link", Some("qcow2"));
    refused(&at("by-link"), Errno::ELOOP, &["is its own backing image"]);
    overlay(&at("by-name"), "name", Some("qcow2"));
    std::fs::hard_link(at("by-name"), at("name")).expect("a name");
    refused(&at("by-name"), Errno::ELOOP, &["is its own backing image"]);
    // As a raw image its bytes would be read unchanged.
    overlay(&at("raw"), "raw", Some("raw"));
    refused(&at("raw"), Errno::ELOOP, &["is its own backing image"]);
}

#[test]
fn a_chain_has_200_images_at_most() {
    let folder = folder();
    let at = |number: u32| folder.path().join(format!("{number}.qcow2"));
    // The last one has compressed data: to read it takes most.
    let raw = folder.path().join("raw");
    std::fs::write(&raw, [7; 1 << 20]).expect("the data");
    let convert = ["convert", "-c", "-f", "raw", "-O", "qcow2", text(&raw)];
    run("qemu-img", &[&convert[..], &[text(&at(200))]].concat());
    overlay(&at(199), "200.qcow2", Some("qcow2"));
    let template = std::fs::read(at(199)).expect("an image");
    for number in (0..199).rev() {
        let mut bytes = template.clone();
        let below = format!("{:03}.qcow2", number + 1);
        let place = bytes.windows(9).position(|part| part == b"200.qcow2").expect("the name");
        bytes[place..place + 9].copy_from_slice(below.as_bytes());
        std::fs::write(folder.path().join(format!("{number:03}.qcow2")), bytes).expect("an image");
    }
    let deep = folder.path().join("001.qcow2");
    // Each image of the chain takes 270 bytes of stack to be read, and uncompressing 54 KiB; of a build
    // without optimization it is four times as much.
    let stack = if cfg!(debug_assertions) { 2 * STACK } else { STACK };
    guarded_with(stack, MEMORY, "200 images", || {
        let node = open_image(&deep, true).expect("200 images");
        let mut bytes = vec![0; 1 << 20];
        node.read_at(&mut bytes, 0).expect("read");
        assert!(bytes.iter().all(|byte| *byte == 7));
        let extent = node.extent_at(0, 1 << 20).expect("an extent");
        assert_eq!((extent.depth, extent.length), (199, 65536));
        node.write_at(&[1; 100], 50).expect("write");
        node.write_zeroes(100_000, 50_000, true).expect("zero");
        node.flush().expect("flush");
    });
    refused(&folder.path().join("000.qcow2"), Errno::ELOOP, &["more than 200 images"]);
}

#[test]
fn a_missing_backing_file_is_named_in_the_error() {
    let folder = folder();
    let top = folder.path().join("top");
    overlay(&top, "missing", Some("raw"));
    refused(&top, Errno::ENOENT, &["'missing'", text(&top)]);
    overlay(&folder.path().join("middle"), "missing", Some("qcow2"));
    overlay(&top, "middle", Some("qcow2"));
    refused(&top, Errno::ENOENT, &["'missing'", "middle"]);
    // What follows a name may not end a line of a log, or fill it.
    overlay(&top, "evil\n2026-01-01 all is well\x1b[2J", Some("raw"));
    refused(&top, Errno::ENOENT, &["evil?2026", text(&top)]);
    overlay(&top, &"long/".repeat(204), Some("raw"));
    refused(&top, Errno::ENOENT, &["long/long"]);
}

#[test]
fn the_backing_format_is_the_recorded_one() {
    let folder = folder();
    let (top, below) = (folder.path().join("top"), folder.path().join("below"));
    run("qemu-img", &["create", "-q", "-f", "qcow2", text(&below), "1M"]);
    // To guess it would let a guest choose it.
    overlay(&top, "below", None);
    let node = open_image(&top, false).expect("open");
    let mut bytes = vec![0; 4];
    node.read_at(&mut bytes, 0).expect("read");
    assert_eq!(bytes, b"QFI\xfb");
    drop(node);
    for format in ["vmdk", "QCOW2", "qco\nw", "nbd"] {
        overlay(&top, "below", Some(format));
        let shown = format.replace('\n', "?");
        refused(&top, Errno::EOPNOTSUPP, &[&format!("'{shown}'"), text(&top)]);
    }
    overlay(&top, "top2", Some("qcow2"));
    std::fs::write(folder.path().join("top2"), [0; 4096]).expect("the file");
    refused(&top, Errno::EINVAL, &["top2' is not in qcow2 format", text(&top)]);
}

#[test]
fn backing_names_other_than_local_files_and_exports_are_refused() {
    let folder = folder();
    let top = folder.path().join("top");
    for (file, contents) in [("file:name", 9), ("name", 8)] {
        std::fs::write(folder.path().join(file), [contents; 4096]).expect("the file");
    }
    let elsewhere = "it is neither a local file nor an NBD export";
    for (name, why) in [
        ("http://localhost/image", elsewhere),
        ("ssh://host/image", elsewhere),
        ("fat:/etc", elsewhere),
        ("host_device:/dev/null", elsewhere),
        ("JSON:{}", elsewhere),
        (":", elsewhere),
        // QEMU would look for it in the working folder of its process.
        ("file:name", "its path is not absolute"),
        ("json:{\"driver\":\"file\",\"filename\":\"name\"}", "its path is not absolute"),
        ("json:{}", "it says no driver"),
        ("json:{\"driver\":\"https\",\"url\":\"https://host/x\"}", "its driver is 'https'"),
        ("nbd:localhost", "it has no port"),
        ("nbd:localhost:99999", "its port is not a number below 65536"),
    ] {
        overlay(&top, name, Some("raw"));
        refused(&top, Errno::EINVAL, &[why, text(&top)]);
    }
    // The export is opened at the address in its name.
    overlay(&top, "nbd:unix:/nowhere/to/be/found", Some("raw"));
    refused(&top, Errno::ENOENT, &["/nowhere/to/be/found", text(&top)]);
    // A colon behind a slash is one like any other.
    let path = text(&folder.path().join("name")).to_string();
    let json = format!("json:{{\"driver\":\"file\",\"filename\":\"{path}\"}}");
    for (name, contents) in [("./file:name", 9), (&format!("file:{path}"), 8), (&json, 8)] {
        overlay(&top, name, Some("raw"));
        let mut bytes = [0; 4];
        open_image(&top, false).expect("open").read_at(&mut bytes, 0).expect("read");
        assert_eq!(bytes, [contents; 4], "{name}");
    }
    // What is no image is not waited for, and not read without end.
    let fifo = CString::new(folder.path().join("fifo").as_os_str().as_bytes()).expect("a name");
    nix::unistd::mkfifo(fifo.as_c_str(), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    for (name, errno) in
        [("fifo", Errno::EINVAL), (".", Errno::EISDIR), ("/dev/zero", Errno::EINVAL)]
    {
        overlay(&top, name, Some("raw"));
        refused(&top, errno, &[text(&top)]);
    }
}

#[test]
fn a_data_file_that_is_the_image_itself_is_refused() {
    let folder = folder();
    let (top, data) = (folder.path().join("top"), folder.path().join("data"));
    let make = |name: &str| {
        let options = format!("data_file={}", text(&data));
        run("qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, text(&top), "1M"]);
        // The name is the content of an extension.
        let mut bytes = std::fs::read(&top).expect("the image");
        let at = bytes.windows(4).position(|part| part == b"DATA").expect("the extension");
        let length = text(&data).len();
        bytes[at + 4..at + 8].copy_from_slice(&(name.len() as u32).to_be_bytes());
        bytes[at + 8..at + 8 + length.next_multiple_of(8)].fill(0);
        bytes[at + 8..at + 8 + name.len()].copy_from_slice(name.as_bytes());
        std::fs::write(&top, bytes).expect("the image");
    };
    make("data");
    open_image(&top, true).expect("its data file").write_at(&[1; 10], 0).expect("write");
    make("top");
    refused(&top, Errno::ELOOP, &["is its own data file", text(&top)]);
    make("json:{}");
    refused(&top, Errno::EINVAL, &["which is not a local file", text(&top)]);
    make("missing");
    refused(&top, Errno::ENOENT, &["missing"]);
    make(".");
    refused(&top, Errno::EISDIR, &["Unable to open"]);
    // The data file of one is the backing image of another.
    make("data");
    let over = folder.path().join("over");
    overlay(&over, "top", Some("qcow2"));
    let mut bytes = std::fs::read(&top).expect("the image");
    let at = bytes.windows(4).position(|part| part == b"data").expect("the name");
    bytes[at..at + 4].copy_from_slice(b"over");
    std::fs::write(&top, bytes).expect("the image");
    let error = open_image(&over, false).err().expect("it is refused");
    assert!(error.what.contains("over"), "{}", error.what);
    assert_eq!(error.errno, Errno::ELOOP);
    assert!(open_image(&over, true).is_err());
}
