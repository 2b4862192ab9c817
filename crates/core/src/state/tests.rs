//! What the module's text promises.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::files::LARGEST;
use super::*;

/// Those of pools.
const FOLDERS: [Folder; 3] = [Folder::Config, Folder::Autostart, Folder::Run];

fn state() -> (tempfile::TempDir, StateDir) {
    let root = tempfile::tempdir().unwrap();
    let state = StateDir::open(root.path(), POOLS).unwrap();
    (root, state)
}

/// What can be read in a folder, sorted.
fn read(state: &StateDir, folder: Folder) -> Vec<(String, String)> {
    let all = state.read_all(folder).unwrap().into_iter();
    let mut all: Vec<_> = all.filter_map(|one| Some((one.name, one.text.ok()?))).collect();
    all.sort();
    all
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Everything under the root but the folders and the lock, sorted.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path != root.join("lock") {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn folders_and_files_are_readable_only_by_their_owner() {
    let (root, state) = state();
    state.lock().unwrap().write(Folder::Config, "a", "text").unwrap();
    for folder in ["storage", "storage/autostart", "run", "run/storage", "run/volumes"] {
        assert_eq!(mode(&root.path().join(folder)), 0o700, "{folder}");
    }
    for file in ["lock", "storage/a.xml"] {
        assert_eq!(mode(&root.path().join(file)), 0o600, "{file}");
    }
}

#[test]
fn what_is_written_is_read_in_its_folder_and_gone_when_it_is_removed() {
    let (root, state) = state();
    for name in ["a", "..", ".new", "ü 'x'", "autostart"] {
        state.lock().unwrap().write(Folder::Config, name, name).unwrap();
    }
    let names = ["..", ".new", "a", "autostart", "ü 'x'"].map(str::to_string);
    let all = read(&state, Folder::Config);
    assert_eq!(all, names.clone().map(|name| (name.clone(), name)));
    assert_eq!(read(&state, Folder::Run), []);
    assert_eq!(state.names(Folder::Autostart), Ok(vec![]));
    for name in &names {
        state.lock().unwrap().remove(Folder::Config, name).unwrap();
    }
    assert_eq!(state.lock().unwrap().remove(Folder::Config, "a"), Ok(()), "none is as good");
    assert_eq!(files(root.path()), Vec::<String>::new());
}

#[test]
fn a_reader_sees_the_old_or_the_new_text_during_a_thousand_rewrites() {
    let (root, state) = state();
    let texts = ["a".repeat(20_000), "b".repeat(11)];
    state.lock().unwrap().write(Folder::Config, "p", &texts[0]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) || reads == 0 {
                let all = read(&state, Folder::Config);
                assert_eq!(all.len(), 1);
                assert!(texts.contains(&all[0].1), "{} bytes", all[0].1.len());
                reads += 1;
            }
        });
        for i in 0..1000 {
            state.lock().unwrap().write(Folder::Config, "p", &texts[i % 2]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(files(root.path()), ["storage/p.xml"]);
}

#[test]
fn what_a_crash_has_left_of_a_write_is_neither_read_nor_in_the_way() {
    let (root, state) = state();
    fs::write(root.path().join("storage/.new"), "half of a definition that is longer").unwrap();
    assert_eq!(read(&state, Folder::Config), []);
    state.lock().unwrap().write(Folder::Config, "p", "text").unwrap();
    assert_eq!(read(&state, Folder::Config), [("p".to_string(), "text".to_string())]);
    assert_eq!(files(root.path()), ["storage/p.xml"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_text() {
    let (root, state) = state();
    state.lock().unwrap().write(Folder::Config, "p", "old").unwrap();
    let name = "n".repeat(252);
    let error = state.lock().unwrap().write(Folder::Config, &name, "text").unwrap_err();
    assert_eq!(error.errno(), Some(virsparse_base::errno::Errno::ENAMETOOLONG));
    fs::create_dir(root.path().join("storage/.new")).unwrap();
    assert_eq!(
        state.lock().unwrap().write(Folder::Config, "p", "new").unwrap_err().code,
        VIR_ERR_SYSTEM_ERROR
    );
    fs::remove_dir(root.path().join("storage/.new")).unwrap();
    assert_eq!(read(&state, Folder::Config), [("p".to_string(), "old".to_string())]);
    assert_eq!(files(root.path()), ["storage/p.xml"]);
}

/// One that is could not be read again.
#[test]
fn a_text_that_is_too_long_is_refused() {
    let (_root, state) = state();
    let error = state
        .lock()
        .unwrap()
        .write(Folder::Config, "p", &"x".repeat(LARGEST as usize + 1))
        .unwrap_err();
    assert_eq!((error.code, error.domain), (VIR_ERR_OVERFLOW, VIR_FROM_STORAGE));
    state.lock().unwrap().write(Folder::Config, "p", &"x".repeat(LARGEST as usize)).unwrap();
    assert_eq!(read(&state, Folder::Config)[0].1.len(), LARGEST as usize);
}

/// A FIFO would make the reader wait for a writer, a device could do anything.
#[test]
fn what_is_no_readable_file_is_told_with_the_cause_and_not_waited_for() {
    let (root, state) = state();
    state.lock().unwrap().write(Folder::Config, "good", "text").unwrap();
    let odd = |name: &str| root.path().join("storage").join(name);
    mkfifo(&odd("fifo.xml"), Mode::from_bits_truncate(0o600)).unwrap();
    fs::create_dir(odd("folder.xml")).unwrap();
    symlink("/dev/zero", odd("device.xml")).unwrap();
    symlink("/no/such/file", odd("dangling.xml")).unwrap();
    fs::write(odd("not-utf8.xml"), b"\xff\xfe").unwrap();
    fs::write(odd("no-definition"), "text").unwrap();
    fs::File::create(odd("huge.xml")).unwrap().set_len(1 << 40).unwrap();
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(state.read_all(Folder::Config)));
    let all = wait.recv_timeout(Duration::from_secs(20)).expect("hangs").unwrap();
    let told = |name: &str| {
        let one = all.iter().find(|one| one.name == name).expect(name);
        one.text.as_ref().map(String::as_str).map_err(|damage| damage.error.message.as_str())
    };
    assert_eq!((all.len(), told("good")), (6, Ok("text")));
    for (name, cause) in [
        ("fifo", "it is not a regular file"),
        ("device", "it is not a regular file"),
        ("dangling", "No such file or directory"),
        ("not-utf8", "it is not UTF-8"),
        ("huge", "it is longer than any definition"),
    ] {
        let message = told(name).unwrap_err();
        assert!(message.ends_with(cause), "{message}");
        assert!(message.contains(odd(name).to_str().unwrap()), "{message}");
    }
}

#[test]
fn changes_of_others_show_in_the_stamp() {
    let (root, state) = state();
    let other = StateDir::open(root.path(), POOLS).unwrap();
    let same = |before: &Stamp| state.stamp().unwrap().is_same(before, Instant::now());
    let mut before = state.stamp().unwrap();
    assert!(!same(&before), "too young to be told from a later one");
    let mut seen = |change: &dyn Fn()| {
        std::thread::sleep(super::stamp::RACY * 2);
        before = state.stamp().unwrap();
        assert!(same(&before), "nothing has changed");
        change();
        assert!(!same(&before));
    };
    for folder in FOLDERS {
        seen(&|| other.lock().unwrap().write(folder, "p", "text").unwrap());
        seen(&|| other.lock().unwrap().write(folder, "p", "tex2").unwrap());
        seen(&|| other.lock().unwrap().remove(folder, "p").unwrap());
    }
}

/// So that a process need not read everything again for each change that it makes.
#[test]
fn an_own_change_is_known_for_a_moment_and_told_from_one_that_another_makes_in_it() {
    let (root, state) = state();
    let other = StateDir::open(root.path(), POOLS).unwrap();
    let start = Instant::now();
    let own = {
        let locked = state.lock().unwrap();
        let mut known = Some(state.stamp().unwrap());
        let before = known.clone();
        locked.settle(&mut known, || panic!("nobody asks"));
        assert_eq!(known, before, "nothing has been changed");
        locked.write(Folder::Config, "p", "text").unwrap();
        locked.settle(&mut known, || true);
        assert_eq!(known, None, "it may have failed");
        locked.note();
        locked.settle(&mut known, || false);
        assert_eq!(known, None, "not all is known");
        locked.settle(&mut known, || true);
        known.expect("a change")
    };
    assert!(state.stamp().unwrap().is_same(&own, start));
    // Where the write has taken so long that its time is past, it is known for longer.
    let later = Instant::now() + super::stamp::RACY;
    assert_eq!(state.stamp().unwrap().is_same(&own, later), own.is_settled());
    let times = |state: &StateDir| {
        FOLDERS.map(|folder| fs::metadata(state.folder(folder)).unwrap().modified().unwrap())
    };
    let before = times(&state);
    other.lock().unwrap().write(Folder::Config, "p", "tex2").unwrap();
    for (folder, time) in FOLDERS.into_iter().zip(before) {
        File::open(state.folder(folder)).unwrap().set_modified(time).unwrap();
    }
    assert_eq!(times(&state), before, "as if it were in the same tick of the clock");
    assert!(!state.stamp().unwrap().is_same(&own, start));
}

/// Some filesystems know no fractions of a second.
#[test]
fn a_time_in_whole_seconds_is_trusted_later() {
    let (_root, state) = state();
    let set_age = |age: Duration| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs((now - age).as_secs());
        for folder in FOLDERS {
            File::open(state.folder(folder)).unwrap().set_modified(time).unwrap();
        }
    };
    set_age(Duration::from_secs(1));
    assert!(!state.stamp().unwrap().is_settled());
    set_age(Duration::from_secs(3));
    assert!(state.stamp().unwrap().is_settled());
}

#[test]
fn one_at_a_time_holds_the_lock() {
    let (root, state) = state();
    let other = StateDir::open(root.path(), POOLS).unwrap();
    let inside = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for state in [&state, &other] {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _lock = state.lock().unwrap();
                        assert!(!inside.swap(true, Ordering::Relaxed));
                        inside.store(false, Ordering::Relaxed);
                    }
                });
            }
        }
    });
}

#[test]
fn a_boot_is_new_until_it_is_noted() {
    let (root, state) = state();
    let boot = state.new_boot().unwrap().expect("the first use");
    assert!(state.new_boot().unwrap().is_some(), "a crash before it is noted changes nothing");
    state.lock().unwrap().note_boot(&boot).unwrap();
    assert!(state.new_boot().unwrap().is_none());
    assert!(StateDir::open(root.path(), POOLS).unwrap().new_boot().unwrap().is_none());
    fs::write(root.path().join("run/boot"), "another").unwrap();
    assert_eq!(state.new_boot(), Ok(Some(boot)));
    fs::remove_file(root.path().join("run/boot")).unwrap();
    fs::create_dir(root.path().join("run/boot")).unwrap();
    assert_eq!(state.new_boot().unwrap_err().errno(), Some(virsparse_base::errno::Errno::EISDIR));
}

#[test]
fn what_ran_is_forgotten_and_what_is_defined_stays() {
    let (root, state) = state();
    state.lock().unwrap().write(Folder::Run, "p", "text").unwrap();
    fs::write(root.path().join("run/storage/broken.xml"), b"\xff").unwrap();
    fs::create_dir(root.path().join("run/storage/folder.xml")).unwrap();
    fs::write(state.beside("a"), "a\0").unwrap();
    state.lock().unwrap().write(Folder::Config, "p", "text").unwrap();
    state.lock().unwrap().write(Folder::Autostart, "p", "").unwrap();
    state.lock().unwrap().forget_running().unwrap();
    assert_eq!(files(root.path()), ["storage/autostart/p.xml", "storage/p.xml"]);
}

#[test]
fn a_root_that_cannot_be_used_is_named_in_the_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = StateDir::open(&file.join("root"), POOLS).map(drop).unwrap_err();
    assert_eq!((error.code, error.domain), (VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE));
    assert!(error.message.contains("cannot create path"), "{}", error.message);
    assert!(error.message.contains("/file/root"), "{}", error.message);
}

#[test]
fn what_is_renamed_is_found_at_any_time() {
    let (_root, state) = state();
    for number in 0..50 {
        state.lock().unwrap().write(Folder::Config, &format!("other{number}"), "text").unwrap();
    }
    state.lock().unwrap().write(Folder::Config, "a", "a").unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100 {
                state.lock().unwrap().rename(Folder::Config, "a", "b", "b").unwrap();
                state.lock().unwrap().rename(Folder::Config, "b", "a", "a").unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            assert_eq!(state.read_all(Folder::Config).unwrap().len(), 51);
        }
    });
    assert_eq!(
        state.lock().unwrap().rename(Folder::Config, "none", "b", "b").unwrap_err().code,
        VIR_ERR_SYSTEM_ERROR
    );
    assert_eq!(state.read_all(Folder::Config).unwrap().len(), 51);
}

#[test]
fn numbers_are_given_once_also_by_several() {
    let root = tempfile::tempdir().unwrap();
    let [one, other] = [(); 2].map(|()| StateDir::open(root.path(), DOMAINS).unwrap());
    let next = |state: &StateDir, least| state.lock().unwrap().next_number(least).unwrap();
    assert_eq!((next(&one, 0), next(&other, 0), next(&one, 0)), (1, 2, 3));
    // Some have been given by who keeps no such file.
    assert_eq!((next(&other, 7), next(&one, 0)), (8, 9));
    // One was killed in between.
    let path = root.path().join("run/domains.number");
    fs::write(&path, "").unwrap();
    assert_eq!(next(&one, 9), 10);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = one.lock().unwrap().next_number(0).unwrap_err();
    assert!(error.message.contains("domains.number"), "{error}");
}
