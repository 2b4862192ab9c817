//! Programs that are started so that their starter has no child: what they find, and what the starter sees.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use virsparse_base::errno::Errno;
use virsparse_base::sys::detached::{Detached, Failure, Program, environment, spawn};

/// A process between the starter and a program can be found while it lives, by who looks for such: whoever
/// looks for children has no other starts beside.
static STARTS: RwLock<()> = RwLock::new(());

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: i32) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// Starts a program with one end of a pair of sockets, and returns the other.
fn start(path: &str, arguments: &[&str]) -> (Result<Detached, Failure>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let program = Program {
        path: text(path),
        arguments: arguments.iter().map(|one| text(one)).collect(),
        environment: vec![text("GIVEN=yes"), text("PATH=/usr/bin:/bin")],
        socket: theirs.as_fd(),
    };
    (spawn(program).unwrap(), ours)
}

fn shell(script: &str) -> String {
    let (started, mut ours) = start("/bin/sh", &["a-name", "-c", script]);
    let started = started.unwrap();
    assert!(started.process() > 0);
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    said
}

/// The value behind a name in a listing of `name: value`.
fn value<'a>(listing: &'a str, name: &str) -> &'a str {
    let found = listing.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("no {name} in {listing}")).trim()
}

#[test]
fn the_starter_has_no_child_and_hears_of_none() {
    let _starts = STARTS.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    // SAFETY: a handler that only counts.
    unsafe {
        libc::signal(libc::SIGCHLD, count as *const () as libc::sighandler_t);
        libc::signal(libc::SIGUSR1, libc::SIG_IGN);
    }
    for _ in 0..20 {
        // Each ends at once.
        assert_eq!(shell("echo done >&3"), "done\n");
    }
    let (started, _ours) = start("/does/not/exist", &["x"]);
    assert_eq!(started.err().unwrap().errno, Errno::ENOENT);
    // SAFETY: no memory is passed.
    let waited = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG | libc::__WALL) };
    assert_eq!(waited, -1);
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::ECHILD));
    assert_eq!(SIGNALS.load(Ordering::SeqCst), 0);
}

#[test]
fn a_program_finds_what_is_given_and_nothing_else() {
    let _starts = STARTS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    // SAFETY: this process's own umask.
    unsafe { libc::umask(0o002) };
    let file = File::open("/dev/null").unwrap();
    // One that a program would inherit.
    // SAFETY: a new descriptor, which stays.
    assert!(unsafe { libc::dup(file.as_raw_fd()) } > 2);
    let said = shell(
        "cat /proc/self/status >&3; env >&3; pwd >&3; cat /proc/self/stat >&3; \
                      (ls -l /proc/$$/fd; :) >&3; cat /proc/self/limits >&3",
    );
    assert_eq!(value(&said, "Umask"), "0077");
    assert_eq!(value(&said, "SigBlk"), "0000000000000000");
    assert_eq!(value(&said, "SigIgn"), "0000000000000000");
    let lines: Vec<&str> = said.lines().collect();
    let variables: Vec<_> = lines.iter().filter(|line| line.contains("=")).collect();
    let given = ["GIVEN=yes", "PATH=/usr/bin:/bin", "PWD=/"];
    assert!(variables.iter().all(|line| given.contains(line) || line.starts_with("_=")), "{said}");
    assert!(variables.iter().any(|line| **line == "GIVEN=yes"), "{said}");
    assert!(lines.contains(&"/"), "{said}");
    let null = lines.iter().filter(|line| line.ends_with("-> /dev/null")).count();
    let sockets = lines.iter().filter(|line| line.contains(" 3 -> socket:")).count();
    let all = lines.iter().filter(|line| line.contains(" -> ")).count();
    // In a process of its own, because the shell has what it redirects open for a while.
    assert_eq!((null, sockets, all), (3, 1, 4), "{said}");
    let core = lines.iter().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"));
    let files = lines.iter().find(|line| line.starts_with("Max open files")).unwrap();
    let files: Vec<_> = files.split_whitespace().collect();
    assert_eq!(files[3], files[4]);
}

#[test]
fn a_program_leads_a_session_without_a_terminal_and_is_not_its_starters_child() {
    let _starts = STARTS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    let said = shell("cat /proc/$$/stat >&3");
    let behind_the_name = said.rsplit_once(") ").unwrap().1;
    let numbers: Vec<i32> =
        behind_the_name.split_whitespace().skip(1).take(5).map(|n| n.parse().unwrap()).collect();
    let process: i32 = said.split(' ').next().unwrap().parse().unwrap();
    let [parent, group, session, terminal, _] = numbers[..] else { panic!("{said}") };
    assert_ne!(parent, std::process::id() as i32);
    assert_eq!((group, session, terminal), (process, process, 0));
}

#[test]
fn the_end_of_a_program_is_seen() {
    let _starts = STARTS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (started, ours) = start("/bin/sh", &["sh", "-c", "read line <&3"]);
    let started = started.unwrap();
    let end = started.end().expect("this kernel has descriptors of processes");
    let mut wait = libc::pollfd { fd: end.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd.
    assert_eq!(unsafe { libc::poll(&mut wait, 1, 0) }, 0);
    drop(ours);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::poll(&mut wait, 1, -1) }, 1);
    assert_eq!(started.failure(), None);
}

#[test]
fn what_cannot_be_executed_is_told_with_its_reason() {
    let _starts = STARTS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    for (path, errno) in
        [("/does/not/exist", Errno::ENOENT), ("/etc/passwd", Errno::EACCES), ("/", Errno::EACCES)]
    {
        let (started, _ours) = start(path, &["x"]);
        let failure = started.err().unwrap();
        assert_eq!((failure.step, failure.errno), ("execve", errno), "{path}");
    }
}

#[test]
fn programs_are_started_by_many_threads_at_once() {
    let _starts = STARTS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(shell("echo $$ >&3").trim().parse::<i32>().map(|n| n > 1), Ok(true));
                }
            });
        }
    });
}

#[test]
fn variables_are_taken_by_their_names() {
    let all = environment(|name| name == "PATH");
    assert_eq!(all.len(), 1);
    assert!(all[0].to_bytes().starts_with(b"PATH="));
    assert!(environment(|_| false).is_empty());
}
