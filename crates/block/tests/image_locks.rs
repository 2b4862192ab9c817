//! We refuse an image that a running QEMU uses, and QEMU refuses one that we use.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use virsparse_block::{Format, Node, OpenOptions, open};

fn try_open(path: &Path, format: Format, writable: bool) -> Option<Arc<dyn Node>> {
    match open(path, OpenOptions { writable, ..OpenOptions::new(format) }) {
        Ok(node) => Some(node),
        Err(e) => {
            assert!(e.what.contains("Unable to lock"), "{}: {}", e.what, e.errno);
            None
        }
    }
}

fn qemu_io(path: &str, format: &str, read_only: bool) -> bool {
    let mut command = Command::new("qemu-io");
    if read_only {
        command.arg("-r");
    }
    let output = command.args(["-f", format, "-c", "read 0 512", path]).output().expect("qemu-io");
    output.status.success()
}

/// A QEMU that holds the image until it is killed.
struct Holder(Child);

impl Holder {
    fn new(path: &str, format: &str, read_only: bool) -> Holder {
        let socket = format!("{path}.sock");
        // One that an earlier QEMU left behind would say that this one is up.
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::new("qemu-nbd");
        if read_only {
            command.arg("-r");
        }
        command.args(["-f", format, "-t", "-k", &socket, path]).stderr(Stdio::null());
        let holder = Holder(command.spawn().expect("qemu-nbd"));
        for _ in 0..200 {
            // It listens before it has opened the image, and greets when it has.
            let mut greeting = [0; 8];
            let greeted =
                UnixStream::connect(&socket).and_then(|mut s| s.read_exact(&mut greeting));
            if greeted.is_ok() {
                return holder;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("qemu-nbd does not come up");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().expect("kill");
        self.0.wait().expect("wait");
    }
}

#[test]
fn images_in_use_are_locked_against_qemu_and_by_qemu() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, format) in [("raw", Format::Raw), ("qcow2", Format::Qcow2)] {
        let path = folder.path().join(format!("image.{name}"));
        let text = path.to_str().expect("UTF-8");
        let made = Command::new("qemu-img").args(["create", "-q", "-f", name, text, "1M"]).status();
        assert!(made.expect("qemu-img").success());

        let writer = try_open(&path, format, true).expect("nobody uses it");
        assert!(!qemu_io(text, name, false), "a writer beside our writer");
        // QEMU lets a raw image be read beside a writer, whose bytes are always what they are.
        assert_eq!(qemu_io(text, name, true), name == "raw", "a reader beside our writer");
        assert!(
            try_open(&path, format, true).is_none() && try_open(&path, format, false).is_none()
        );
        drop(writer);
        let reader = try_open(&path, format, false).expect("nobody uses it");
        assert!(!qemu_io(text, name, false), "a writer beside our reader");
        assert!(qemu_io(text, name, true), "a reader beside our reader");
        drop(reader);

        let holder = Holder::new(text, name, false);
        assert!(try_open(&path, format, true).is_none(), "a writer beside QEMU's");
        assert!(try_open(&path, format, false).is_none(), "a reader beside QEMU's writer");
        drop(holder);
        let holder = Holder::new(text, name, true);
        assert!(try_open(&path, format, true).is_none(), "a writer beside QEMU's reader");
        assert!(try_open(&path, format, false).is_some(), "a reader beside QEMU's");
        drop(holder);
        assert!(try_open(&path, format, true).is_some(), "QEMU has gone");
    }
}
