//! Two `Journal` on one file are what two processes have; where the end of a process matters, there are
//! processes.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use uuid::Uuid;

use super::*;
use crate::event::broker::{ObjectKind, Payload};

fn event(name: &str, number: i32) -> Event {
    let payload = Payload::Lifecycle { event: number, detail: 0 };
    Event { kind: ObjectKind::Domain, id: 0, name: name.to_string(), uuid: Uuid::nil(), payload }
}

fn number_of_event(event: &Event) -> i32 {
    match event.payload {
        Payload::Lifecycle { event, .. } => event,
        _ => panic!("{event:?}"),
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("events")
    }

    fn journal(&self) -> Journal {
        Journal::new(self.path())
    }

    fn follower(&self) -> Journal {
        let journal = self.journal();
        journal.follow().unwrap();
        journal
    }
}

/// The names of the events that it finds.
fn found(journal: &Journal) -> Vec<String> {
    let mut names = Vec::new();
    journal.catch_up(|event| names.push(event.name.clone())).unwrap();
    names
}

/// The names of what it tells when it appends one.
fn appended(journal: &Journal, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    journal.append(&event(name, 0), |event| names.push(event.name.clone()));
    names
}

#[test]
fn what_others_have_appended_is_told_before_an_event_of_ones_own() {
    let place = Place::new();
    let (one, two) = (place.follower(), place.follower());
    assert_eq!(appended(&one, "a"), ["a"]);
    assert_eq!(appended(&one, "b"), ["b"]);
    assert_eq!(appended(&two, "c"), ["a", "b", "c"]);
    assert_eq!(found(&two), [""; 0]);
    assert_eq!(found(&one), ["c"]);
    assert_eq!(found(&one), [""; 0]);
}

#[test]
fn who_begins_to_follow_is_not_told_what_was_before() {
    let place = Place::new();
    // Who does not follow tells all the same.
    let silent = place.journal();
    assert_eq!(appended(&silent, "before"), ["before"]);
    let follower = place.follower();
    assert_eq!(appended(&silent, "after"), ["after"]);
    assert_eq!(found(&follower), ["after"]);
    follower.follow().unwrap();
    follower.unfollow();
    appended(&silent, "still");
    assert_eq!(found(&follower), ["still"]);
    follower.unfollow();
    appended(&silent, "not followed");
    follower.follow().unwrap();
    assert_eq!(found(&follower), [""; 0]);
}

#[test]
fn a_line_that_is_cut_off_is_ended_by_the_next_writer_and_passed_over() {
    let place = Place::new();
    let (one, two) = (place.follower(), place.follower());
    appended(&one, "a");
    let whole = fs::read(place.path()).unwrap();
    let line = Record::Event(event("cut", 0)).to_line().unwrap();
    for length in 1..line.len() - 1 {
        fs::write(place.path(), &whole).unwrap();
        let late = place.follower();
        fs::write(place.path(), [&whole[..], &line[..length]].concat()).unwrap();
        let later = place.follower();
        assert_eq!(appended(&place.journal(), "b"), ["b"]);
        for follower in [late, later] {
            assert_eq!(found(&follower), ["b"]);
        }
    }
    assert_eq!(found(&two), ["a", "b"]);
}

#[test]
fn lines_that_are_no_records_are_passed_over() {
    let place = Place::new();
    let follower = place.follower();
    appended(&place.journal(), "a");
    let mut text = fs::read(place.path()).unwrap();
    let newer = br#"{"version":2,"event":{"kind":"domain","id":99,"name":"n","uuid":"7f307396-f344-4837-9dc5-110ce400d1b9","payload":{"reboot":{}}}}"#;
    for bad in [&b""[..], b"\0\0\0\xff", b"[]", b"{}", newer, &vec![b'['; 100_000]] {
        text.extend_from_slice(bad);
        text.push(b'\n');
    }
    fs::write(place.path(), text).unwrap();
    assert_eq!(appended(&place.journal(), "b"), ["b"]);
    assert_eq!(found(&follower), ["a", "b"]);
}

#[test]
fn a_long_file_is_followed_by_a_new_one_and_all_hear_everything_in_one_order() {
    const LENGTH: usize = 4000;
    // Who does not look while a whole file is filled misses it.
    const STEP: i32 = (LONG as usize / LENGTH / 4) as i32;
    const STEPS: usize = 16;
    let place = Place::new();
    let step = Barrier::new(3);
    let heard = std::thread::scope(|scope| {
        let threads = ["a", "b", "c"].map(|letter| {
            let (journal, step) = (place.follower(), &step);
            let name = letter.repeat(LENGTH);
            scope.spawn(move || {
                let mut heard = Vec::new();
                let mut tell = |event: &Event| {
                    heard.push((event.name[..1].to_string(), number_of_event(event)));
                };
                for number in 0..STEP * STEPS as i32 {
                    if number % STEP == 0 {
                        step.wait();
                        journal.catch_up(&mut tell).unwrap();
                        step.wait();
                    }
                    journal.append(&event(&name, number), &mut tell);
                }
                step.wait();
                journal.catch_up(tell).unwrap();
                heard
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(heard[0].len(), 3 * STEP as usize * STEPS);
    assert!(heard.iter().all(|other| *other == heard[0]));
    for letter in ["a", "b", "c"] {
        let numbers = heard[0].iter().filter(|(name, _)| name == letter).map(|(_, n)| *n);
        assert!(numbers.eq(0..STEP * STEPS as i32));
    }
    let text = fs::read(place.path()).unwrap();
    assert!((text.len() as u64) < LONG + 5000, "{}", text.len());
    let first = text.split(|byte| *byte == b'\n').next().unwrap();
    assert!(matches!(Record::parse(first), Ok(Record::File(8..))), "{:?}", Record::parse(first));
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_somebody_removes_is_made_anew() {
    let place = Place::new();
    let follower = place.follower();
    appended(&place.journal(), "a");
    fs::remove_file(place.path()).unwrap();
    assert_eq!(found(&follower), ["a"]);
    assert_eq!(appended(&place.journal(), "b"), ["b"]);
    assert_eq!(found(&follower), ["b"]);
    assert_eq!(appended(&follower, "c"), ["c"]);
}

#[test]
fn an_event_that_cannot_be_appended_is_told_here() {
    let place = Place::new();
    let follower = place.follower();
    // Nothing is read or written elsewhere.
    let elsewhere = place.0.path().join("elsewhere");
    fs::write(&elsewhere, "text").unwrap();
    fs::remove_file(place.path()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.path()).unwrap();
    assert_eq!(appended(&follower, "a"), ["a"]);
    assert_eq!(place.journal().follow().unwrap_err().errno(), Some(Errno::ELOOP));
    assert_eq!(fs::read(&elsewhere).unwrap(), b"text");
    fs::remove_file(place.path()).unwrap();
    nix::unistd::mkfifo(&place.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(appended(&follower, "b"), ["b"]);
    fs::remove_dir_all(place.0.path()).unwrap();
    assert_eq!(appended(&follower, "c"), ["c"]);
    assert_eq!(place.journal().follow().unwrap_err().errno(), Some(Errno::ENOENT));
    // It would be longer than any that is read.
    fs::create_dir(place.0.path()).unwrap();
    let long = "n".repeat(LONGEST_LINE);
    assert_eq!(appended(&follower, &long), [long.as_str()]);
    assert!(!place.path().exists());
}

/// What a process of the next tests does, and in which folder.
const PLACE: &str = "VIRSPARSE_TEST_JOURNAL";

fn begin(place: &Place, test: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg(format!("event::journal::tests::{test}"))
        .env(PLACE, place.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn of_child() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(|place| Path::new(&place).join("events"))
}

#[test]
#[ignore = "runs until it is killed"]
fn append_without_end() {
    let Some(path) = of_child() else { return };
    let journal = Journal::new(path);
    let name = std::process::id().to_string();
    for number in 0.. {
        journal.append(&event(&name, number), |_| ());
        if number % 4 == 0 {
            // Not a whole file while those who listen do not get a processor.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn processes_that_are_killed_break_nothing_and_lose_only_their_last_event() {
    let place = Place::new();
    let followers = [place.follower(), place.follower()];
    let mut heard: [Vec<(String, i32)>; 2] = Default::default();
    for round in 0..20u64 {
        let mut children = [0, 1].map(|_| begin(&place, "append_without_end"));
        let names = children.each_ref().map(|child| child.id().to_string());
        // Until both are at work; then until a moment that is different each time.
        let before = heard[0].len();
        while !names.iter().all(|name| heard[0][before..].iter().any(|(other, _)| other == name)) {
            for (follower, heard) in followers.iter().zip(&mut heard) {
                let tell = |event: &Event| heard.push((event.name.clone(), number_of_event(event)));
                follower.catch_up(tell).unwrap();
            }
        }
        std::thread::sleep(Duration::from_micros(round * 7919 % 5000));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let mut last = Vec::new();
        for (follower, heard) in followers.iter().zip(&mut heard) {
            let before = heard.len();
            let tell = |event: &Event| heard.push((event.name.clone(), number_of_event(event)));
            follower.append(&event("end", round as i32), tell);
            last.push(heard[before..].last().cloned());
        }
        assert_eq!(last, vec![Some(("end".to_string(), round as i32)); 2]);
        for name in names {
            let numbers = heard[0].iter().filter(|(other, _)| *other == name).map(|(_, n)| *n);
            let numbers: Vec<i32> = numbers.collect();
            assert!(numbers.iter().copied().eq(0..numbers.len() as i32), "{numbers:?}");
        }
    }
    let tell = |event: &Event| heard[0].push((event.name.clone(), number_of_event(event)));
    followers[0].catch_up(tell).unwrap();
    assert!(heard[0] == heard[1]);
}

#[test]
#[ignore = "is run by another test"]
fn stop_with_the_lock() {
    let Some(path) = of_child() else { return };
    let journal = Journal::new(path);
    let _lock = journal.locked(&mut journal.lock()).unwrap();
    raise(Signal::SIGSTOP).unwrap();
}

#[test]
fn a_process_that_is_stopped_with_the_lock_delays_the_first_event_only_and_loses_none_here() {
    let place = Place::new();
    let follower = place.follower();
    let mut child = begin(&place, "stop_with_the_lock");
    let pid = Pid::from_raw(child.id() as i32);
    let stopped = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert_eq!(stopped, WaitStatus::Stopped(pid, Signal::SIGSTOP));
    for name in ["a", "b", "c"] {
        assert_eq!(appended(&follower, name), [name]);
        assert!(follower.lock().is_stuck);
    }
    assert_eq!(fs::metadata(place.path()).unwrap().len(), 0);
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(appended(&follower, "d"), ["d"]);
    assert!(!follower.lock().is_stuck);
    assert_eq!(appended(&place.follower(), "e"), ["e"]);
    assert_eq!(found(&follower), ["e"]);
}

#[test]
#[ignore = "is run by another test"]
fn append_at_the_end_of_space() {
    let Some(path) = of_child() else { return };
    let before = fs::metadata(&path).unwrap().len();
    let limit = before + 20;
    setrlimit(Resource::RLIMIT_FSIZE, limit, limit).unwrap();
    let journal = Journal::new(path.clone());
    journal.follow().unwrap();
    // A thread of the host's must not be sent a signal.
    assert_eq!(appended(&journal, "host"), ["host"]);
    // One of ours writes what there is space for.
    let thread = crate::sys::spawn("virsparse-test", move || {
        assert_eq!(appended(&journal, "own"), ["own"]);
        let file = open(OpenOptions::new().append(true), &journal.path).unwrap();
        let error = write_whole(&file, before, &[b'x'; 100]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    });
    thread.unwrap().join().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), before);
}

#[test]
fn an_event_for_which_there_is_no_space_leaves_no_half_a_line() {
    let place = Place::new();
    let follower = place.follower();
    appended(&place.journal(), "a");
    let status = begin(&place, "append_at_the_end_of_space").wait().unwrap();
    assert!(status.success(), "{status}, signal {:?}", status.signal());
    appended(&place.journal(), "b");
    assert_eq!(found(&follower), ["a", "b"]);
}
