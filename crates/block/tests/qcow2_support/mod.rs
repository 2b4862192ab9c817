//! Shared by the tests of qcow2 images: random numbers, QEMU's tools, and a disk in memory that
//! records operations and fails when told to.
#![allow(dead_code, reason = "each test uses a part")]

pub mod guard;
pub mod guest;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use virsparse_block::Errno;
use virsparse_block::qcow2::Qcow2Node;
use virsparse_block::{BlockError, Extent, ExtentKind, Node, Result, Space};

/// A generator of numbers that are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A folder for images, in memory where that is possible: nothing here must survive.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("a folder")
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Runs a program that must succeed.
pub fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub fn qemu_io(image: &Path, commands: &[String]) {
    let mut arguments = vec!["-f", "qcow2"];
    for command in commands {
        arguments.extend(["-c", command]);
    }
    arguments.push(text(image));
    run("qemu-io", &arguments);
}

/// Runs `qemu-img check`: Ok if it finds nothing or only leaks, else its output.
pub fn qemu_check(image: &Path) -> std::result::Result<(), String> {
    let output = Command::new("qemu-img")
        .args(["check", "-f", "qcow2", text(image)])
        .output()
        .expect("qemu-img");
    match output.status.code() {
        Some(0 | 3) => Ok(()),
        code => Err(format!(
            "qemu-img check: {code:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// The image as QEMU reads it.
pub fn qemu_read(image: &Path) -> Vec<u8> {
    let raw: PathBuf = image.with_extension("converted");
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", text(image), text(&raw)]);
    std::fs::read(&raw).expect("the converted image")
}

/// One thing that was done to a disk.
#[derive(Clone, Debug)]
pub enum Op {
    Write { offset: u64, data: Vec<u8> },
    Zero { offset: u64, length: u64 },
    Discard { offset: u64, length: u64 },
    Resize(u64),
    Flush,
}

impl Op {
    /// Does it again, as far as `keep` wants the part in a sector of 512 bytes.
    pub fn apply(&self, bytes: &mut Vec<u8>, mut keep: impl FnMut() -> bool) {
        match self {
            Op::Write { offset, data } => {
                let mut at = *offset as usize;
                let end = at + data.len();
                while at < end {
                    let next = (at / 512 * 512 + 512).min(end);
                    if keep() {
                        let from = at - *offset as usize;
                        put(bytes, at, &data[from..from + next - at]);
                    }
                    at = next;
                }
            }
            Op::Zero { offset, length } => put(bytes, *offset as usize, &vec![0; *length as usize]),
            Op::Discard { offset, length } => {
                // The data of a discarded range is undefined, so use a bad value.
                let end = ((offset + length) as usize).min(bytes.len());
                bytes[(*offset as usize).min(end)..end].fill(0xdd);
            }
            Op::Resize(length) => bytes.resize(*length as usize, 0),
            Op::Flush => {}
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

/// Which changes of a disk fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failing {
    Never,
    /// This one alone.
    Once(u64),
    /// This one and all later ones that make the file longer.
    Full(u64),
}

/// What was done to which disk, in order.
pub type Log = Arc<Mutex<Vec<(usize, Op)>>>;

struct State {
    bytes: Vec<u8>,
    changes: u64,
    failing: Failing,
}

/// A disk in memory.
pub struct Disk {
    number: usize,
    state: Mutex<State>,
    log: Log,
}

impl Disk {
    pub fn new(bytes: Vec<u8>) -> Disk {
        Disk::logged(bytes, 0, Log::default())
    }

    /// Disk `number` of those that share a log.
    pub fn logged(bytes: Vec<u8>, number: usize, log: Log) -> Disk {
        let state = Mutex::new(State { bytes, changes: 0, failing: Failing::Never });
        Disk { number, state, log }
    }

    pub fn set_failing(&self, failing: Failing) {
        let mut state = self.state();
        state.failing = failing;
        state.changes = 0;
    }

    /// Changes since it was told when to fail.
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the disk")
    }

    fn change(&self, op: Op) -> Result<()> {
        let mut state = self.state();
        let number = state.changes;
        state.changes += 1;
        let length = state.bytes.len() as u64;
        let longer = match &op {
            Op::Write { offset, data } => offset + data.len() as u64 > length,
            Op::Zero { offset, length: more } => offset + more > length,
            Op::Resize(new) => *new > length,
            Op::Discard { .. } | Op::Flush => false,
        };
        let errno = match state.failing {
            Failing::Once(k) if k == number => Some(Errno::EIO),
            Failing::Full(k) if k <= number && longer => Some(Errno::ENOSPC),
            _ => None,
        };
        if let Some(errno) = errno {
            // What failed may have been done by half.
            let mut half = false;
            if let (Op::Write { .. }, Errno::EIO) = (&op, errno) {
                op.apply(&mut state.bytes, || {
                    half = !half;
                    half
                });
            }
            return Err(BlockError { what: "the disk fails".into(), errno });
        }
        op.apply(&mut state.bytes, || true);
        self.log.lock().expect("the log").push((self.number, op));
        Ok(())
    }
}

impl Node for Disk {
    virsparse_block::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        profile,
        compression_unit,
        write_compressed,
        write_zeroes_fast,
        space_at,
        knows_holes,
        file,
        write_behind,
        settle
    );

    fn name(&self) -> &str {
        "disk"
    }

    fn length(&self) -> Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let state = self.state();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(state.bytes.len());
        let length = buffer.len().min(state.bytes.len() - start);
        buffer[..length].copy_from_slice(&state.bytes[start..start + length]);
        Ok(length)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.change(Op::Write { offset, data: data.to_vec() })
    }

    fn write_zeroes(&self, offset: u64, length: u64, _may_unmap: bool) -> Result<()> {
        self.change(Op::Zero { offset, length })
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.change(Op::Discard { offset, length })
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        // Holes in units of 4 KiB, as a filesystem has them.
        let state = self.state();
        let hole = |at: u64| {
            let start = (at as usize).min(state.bytes.len());
            let end = (at as usize / 4096 * 4096 + 4096).min(state.bytes.len());
            state.bytes[start..end].iter().all(|byte| *byte == 0)
        };
        let first = hole(offset);
        let mut end = offset;
        while end < limit && hole(end) == first {
            end = (end / 4096 * 4096 + 4096).min(limit);
        }
        let kind = if first { ExtentKind::Hole } else { ExtentKind::Data };
        Ok(Extent::new(offset, end - offset, kind))
    }

    fn space(&self) -> Result<Space> {
        Ok(Space::Sparse)
    }

    fn allocate(&self, _offset: u64, _length: u64) -> Result<()> {
        Ok(())
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.change(Op::Resize(length))
    }

    fn flush(&self) -> Result<()> {
        self.change(Op::Flush)
    }
}

/// Opens the image in `file`.
pub fn open_node(
    file: Arc<dyn Node>,
    data: Option<Arc<dyn Node>>,
    backing: Option<Arc<dyn Node>>,
    writable: bool,
) -> Result<Qcow2Node> {
    let header = Qcow2Node::read_header("image", &*file)?;
    Qcow2Node::new("image", header, file, data, backing, writable)
}
