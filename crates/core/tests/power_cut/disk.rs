//! A disk that records writes and flushes.
//!
//! It is one file, which this process serves to the kernel over /dev/fuse; a loop device on it has
//! a filesystem. After a power cut, writes since the last flush may be there or not, and all
//! earlier ones are.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use nix::mount::{MsFlags, mount};

use super::Check;

/// Bytes that were written at a place.
pub struct Write {
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// What the program has been told to be done, by what it is about.
pub type Promises = BTreeMap<String, Arc<Check>>;

/// The disk as it was after one flush.
pub struct Cut {
    /// What was written since the flush before.
    pub writes: Vec<Write>,
    /// What was promised until the next flush was done: a power cut just before that leaves this cut.
    pub promised: Promises,
}

/// What has happened to a disk.
#[derive(Default)]
pub struct History {
    /// What the disk holds.
    pub now: Vec<u8>,
    pub cuts: Vec<Cut>,
    /// What has been written since the last flush.
    unflushed: Vec<Write>,
    /// What is promised at this moment.
    promised: Promises,
}

impl History {
    fn flushed(&mut self) {
        if self.unflushed.is_empty() {
            return;
        }
        self.end_interval();
        let writes = std::mem::take(&mut self.unflushed);
        self.cuts.push(Cut { writes, promised: self.promised.clone() });
    }

    fn end_interval(&mut self) {
        if let Some(cut) = self.cuts.last_mut() {
            cut.promised = self.promised.clone();
        }
    }
}

/// The disk. Clones are the same one.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<History>>);

impl Disk {
    /// An empty disk, which the kernel finds at the file `path`.
    pub fn new(path: &Path, size: usize) -> Disk {
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse").expect("fuse");
        File::create(path).expect("a place for the disk");
        let options = format!("fd={},rootmode=100600,user_id=0,group_id=0", device.as_raw_fd());
        mount(Some("power-cut"), path, Some("fuse"), MsFlags::empty(), Some(&*options))
            .expect("mount");
        let disk = Disk(Arc::new(Mutex::new(History { now: vec![0; size], ..Default::default() })));
        let served = disk.clone();
        std::thread::spawn(move || serve(device, &served));
        disk
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.0.lock().expect("history")
    }

    /// Everything until now is what the disk begins with: returns its bytes.
    pub fn begin(&self) -> Vec<u8> {
        let mut history = self.history();
        history.unflushed.clear();
        let now = history.now.clone();
        history.cuts = vec![Cut { writes: Vec::new(), promised: Promises::new() }];
        now
    }

    /// The cuts, and what was written after the last of them.
    pub fn end(&self) -> (Vec<Cut>, Vec<Write>) {
        let mut history = self.history();
        history.end_interval();
        (std::mem::take(&mut history.cuts), std::mem::take(&mut history.unflushed))
    }

    /// From now on nothing is promised of `key`.
    pub fn release(&self, key: &str) {
        self.history().promised.remove(key);
    }

    /// Runs a call that makes a promise about `key`. While it runs, nothing is promised about that
    /// key.
    pub fn promise<R>(&self, key: &str, work: impl FnOnce() -> R, check: Check) -> R {
        self.release(key);
        let done = work();
        self.history().promised.insert(key.to_string(), Arc::new(check));
        done
    }
}

// The numbers of linux/fuse.h.
const GETATTR: u32 = 3;
const SETATTR: u32 = 4;
const OPEN: u32 = 14;
const READ: u32 = 15;
const WRITE: u32 = 16;
const STATFS: u32 = 17;
const RELEASE: u32 = 18;
const FSYNC: u32 = 20;
const FLUSH: u32 = 25;
const INIT: u32 = 26;
/// Requests that get no answer: FORGET, INTERRUPT, BATCH_FORGET.
const UNANSWERED: [u32; 3] = [2, 36, 42];

/// The most that one request writes.
const MOST: usize = 128 * 1024;

/// Answers the kernel's requests until the filesystem is unmounted.
fn serve(mut device: File, disk: &Disk) {
    let mut request = vec![0; MOST + 8192];
    loop {
        let length = match device.read(&mut request) {
            Ok(length) => length,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            // A request that was taken back while it was read.
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => continue,
            Err(_) => return,
        };
        let u32_at = |at: usize| u32::from_ne_bytes(request[at..at + 4].try_into().expect("4"));
        let u64_at = |at: usize| u64::from_ne_bytes(request[at..at + 8].try_into().expect("8"));
        let (operation, unique) = (u32_at(4), u64_at(8));
        if UNANSWERED.contains(&operation) {
            continue;
        }
        // The body begins behind a header of 40 bytes.
        let (offset, size) = (u64_at(48), u32_at(56) as usize);
        let answer = match operation {
            INIT => Ok(initialized(u32_at(48))),
            GETATTR | SETATTR => Ok(attributes(disk)),
            OPEN => Ok(vec![0; 16]),
            STATFS => Ok(vec![0; 80]),
            READ => {
                let history = disk.history();
                let begin = (offset as usize).min(history.now.len());
                Ok(history.now[begin..(begin + size).min(history.now.len())].to_vec())
            }
            WRITE => {
                let bytes = request[80..length].to_vec();
                let mut history = disk.history();
                history.now[offset as usize..][..bytes.len()].copy_from_slice(&bytes);
                history.unflushed.push(Write { offset, bytes });
                Ok([(size as u32).to_ne_bytes(), [0; 4]].concat())
            }
            FSYNC => {
                disk.history().flushed();
                Ok(Vec::new())
            }
            FLUSH | RELEASE => Ok(Vec::new()),
            _ => Err(libc::ENOSYS),
        };
        let (error, body) = match answer {
            Ok(body) => (0, body),
            Err(errno) => (-errno, Vec::new()),
        };
        let length = 16 + body.len() as u32;
        let mut reply = [length.to_ne_bytes(), error.to_ne_bytes()].concat();
        reply.extend_from_slice(&unique.to_ne_bytes());
        reply.extend_from_slice(&body);
        if device.write(&reply).is_err_and(|e| e.raw_os_error() != Some(libc::ENOENT)) {
            return;
        }
    }
}

/// The answer to INIT, by a kernel that reads so far ahead.
fn initialized(read_ahead: u32) -> Vec<u8> {
    // FUSE_BIG_WRITES: more than a page at once.
    let flags: u32 = 1 << 5;
    let mut reply = Vec::new();
    for word in [7, 31, read_ahead, flags, 0, MOST as u32, 1] {
        reply.extend_from_slice(&word.to_ne_bytes());
    }
    reply.resize(64, 0);
    reply
}

fn attributes(disk: &Disk) -> Vec<u8> {
    let size = disk.history().now.len() as u64;
    // For how long that is true: it does not change.
    let mut reply = [3600u64.to_ne_bytes(), [0; 8]].concat();
    for number in [1, size, size / 512, 0, 0, 0] {
        reply.extend_from_slice(&number.to_ne_bytes());
    }
    for number in [0, 0, 0, libc::S_IFREG | 0o600, 1, 0, 0, 0, 4096, 0] {
        reply.extend_from_slice(&number.to_ne_bytes());
    }
    reply
}
