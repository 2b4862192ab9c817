//! Memory, threads and wakeups of a process with an export, measured where no other test runs at
//! the same time.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use virsparse_block::nbd::protocol::*;

mod nbd;
use nbd::*;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[test]
fn the_socket_has_mode_0600_and_is_removed_with_the_export() {
    let _alone = alone();
    let place = Place::new();
    let before = umask(Mode::empty());
    let export = place.export(memory_node(MIB));
    umask(before);
    let mode = fs::symlink_metadata(place.path("s")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    drop(export);
    assert!(!place.path("s").exists());
}

#[test]
fn a_client_that_does_not_read_uses_little_memory_and_stalls_no_other() {
    let _alone = alone();
    let place = Place::new();
    let image = place.empty("image", 64 * MIB);
    File::options().write(true).open(&image).unwrap().write_all_at(&noise(1 << 20, 1), 0).unwrap();
    let _export = place.export(file_node(&image));
    let before = resident();
    let mut lazy = Raw::ready(&place);
    lazy.0.set_nonblocking(true).unwrap();
    // Far more than may be kept; it ends when the server does not take more.
    for n in 0..100_000u64 {
        let (flags, command) = (CommandFlags::DF, command::READ);
        let length = if n.is_multiple_of(2) { 1 << 20 } else { 32 << 20 };
        let request = Request { flags, command, cookie: n, offset: 0, length };
        if lazy.0.write(&request.encode()).is_err() {
            break;
        }
    }
    for _ in 0..20 {
        let mut other = Raw::ready(&place);
        other.request(0, 0, 0, 512);
        assert_eq!(other.chunks().len(), 1);
        std::thread::sleep(Duration::from_millis(10));
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 150 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn clients_that_do_not_read_stay_within_the_exports_memory_limit() {
    let _alone = alone();
    let place = Place::new();
    let image = place.empty("image", 64 * MIB);
    File::options().write(true).open(&image).unwrap().write_all_at(&noise(1 << 20, 1), 0).unwrap();
    let _export = place.export(file_node(&image));
    let before = resident();
    let lazy: Vec<Raw> = (0..40)
        .map(|_| {
            let mut lazy = Raw::ready(&place);
            for n in 0..20u64 {
                let (flags, command) = (CommandFlags::DF, command::READ);
                let request = Request { flags, command, cookie: n, offset: 0, length: 32 << 20 };
                lazy.send(&request.encode());
            }
            lazy
        })
        .collect();
    let mut most = 0;
    for _ in 0..50 {
        let mut other = Raw::ready(&place);
        other.request(0, 0, 0, 512);
        assert_eq!(other.chunks().len(), 1);
        most = most.max(resident().saturating_sub(before));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(most < 256 * MIB, "{} MiB", most / MIB);
    drop(lazy);
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn an_idle_export_does_not_wake_up() {
    let _alone = alone();
    let place = Place::new();
    let _export = place.export(memory_node(MIB));
    let mut raw = Raw::ready(&place);
    raw.request(0, 0, 0, 512);
    raw.chunks();
    // The reply comes before the thread goes back to waiting.
    std::thread::sleep(Duration::from_millis(100));
    let before = sleeps();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(sleeps(), before);
    assert_eq!(before.len(), 2, "{before:?}");
}

/// How often each thread of the export has gone to sleep.
fn sleeps() -> Vec<(String, String)> {
    let of_task = |task: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(task.unwrap().path().join("status")).ok()?;
        let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
        let name = field("Name:")?.trim().to_string();
        let sleeps = field("voluntary_ctxt_switches:")?.trim().to_string();
        name.starts_with("nbd-").then_some((name, sleeps))
    };
    let mut sleeps: Vec<_> = fs::read_dir("/proc/self/task").unwrap().filter_map(of_task).collect();
    sleeps.sort();
    sleeps
}
