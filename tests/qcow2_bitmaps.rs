//! Persistent bitmaps say what has changed, which is true only as long as everybody who writes
//! says so: they stay as they are while an image is read, and QEMU takes them for gone once we wrote.

use std::path::Path;
use std::process::Command;

use virsparse::block::{Format, OpenOptions, open};

mod qcow2_support;
use qcow2_support::{folder, qemu_io, qemu_read, run, text};

/// What a program says, on both channels, and whether it succeeded.
fn said(program: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(program).args(arguments).output().expect(program);
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

fn info(image: &Path) -> String {
    said("qemu-img", &["info", "-f", "qcow2", text(image)]).0
}

#[test]
fn bitmaps_survive_reading_and_do_not_survive_writing() {
    let folder = folder();
    let image = folder.path().join("image.qcow2");
    run("qemu-img", &["create", "-q", "-f", "qcow2", text(&image), "8M"]);
    run("qemu-img", &["bitmap", "--add", text(&image), "kept"]);
    run("qemu-img", &["bitmap", "--add", "--disable", text(&image), "still"]);
    qemu_io(&image, &["write -P 3 1M 128k".into()]);
    let before = std::fs::read(&image).expect("image");
    let how = OpenOptions::new(Format::Qcow2);
    for writable in [false, true] {
        let node = open(&image, OpenOptions { writable, ..how }).expect("open");
        let mut bytes = vec![0; 4096];
        node.read_at(&mut bytes, 1 << 20).expect("read");
        assert_eq!(bytes, [3; 4096]);
        node.flush().expect("flush");
        drop(node);
        assert!(std::fs::read(&image).expect("image") == before, "writable: {writable}");
    }
    let there = info(&image);
    assert!(there.contains("name: kept") && there.contains("name: still"), "{there}");

    let node = open(&image, OpenOptions { writable: true, ..how }).expect("open");
    node.write_at(&[4; 100_000], 5 << 20).expect("write");
    node.flush().expect("flush");
    drop(node);
    let gone = info(&image);
    assert!(!gone.contains("name: kept") && gone.contains("bitmaps are now considered"), "{gone}");
    // Their space is lost until somebody looks for it: no more than that.
    let (report, code) = said("qemu-img", &["check", "-f", "qcow2", text(&image)]);
    assert_eq!(code, Some(3), "{report}");
    assert!(report.contains("leaked clusters"), "{report}");
    run("qemu-img", &["check", "-q", "-r", "leaks", "-f", "qcow2", text(&image)]);
    run("qemu-img", &["check", "-q", "-f", "qcow2", text(&image)]);
    let bytes = qemu_read(&image);
    assert!(bytes[1 << 20..(1 << 20) + 131_072].iter().all(|b| *b == 3));
    assert!(bytes[5 << 20..(5 << 20) + 100_000].iter().all(|b| *b == 4));
    // A new one by the old name starts afresh.
    run("qemu-img", &["bitmap", "--add", text(&image), "kept"]);
    assert!(info(&image).contains("name: kept"));
}
