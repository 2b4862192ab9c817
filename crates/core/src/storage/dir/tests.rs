//! What a pool's folder may hold, and what a volume in it comes from.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

struct Place {
    _all: tempfile::TempDir,
    pool: PathBuf,
    outside: PathBuf,
    store: DirStore,
}

fn place() -> Place {
    let all = tempfile::tempdir().unwrap();
    let pool = all.path().join("pool");
    let outside = all.path().join("outside");
    fs::create_dir(&pool).unwrap();
    fs::write(&outside, "theirs").unwrap();
    Place { store: DirStore::new(&pool, false), _all: all, pool, outside }
}

impl Place {
    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.pool).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn create(&self, volume: &NewVolume<'_>) -> Result<()> {
        self.store.create(volume, &mut |_| Ok(()))
    }
}

const OURS: &Permissions = &Permissions { mode: None, owner: None, group: None, label: None };

fn volume(name: &str, capacity: u64, allocation: u64) -> NewVolume<'_> {
    let kind = VolumeKind::File;
    NewVolume { name, kind, capacity, allocation, nocow: false, permissions: OURS, sync: true }
}

fn fifo(path: &std::path::Path) {
    nix::unistd::mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap();
}

/// Runs `body` elsewhere, so that waiting for a FIFO's other end shows.
fn soon<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(body()));
    wait.recv_timeout(Duration::from_secs(20)).expect("hangs")
}

#[test]
fn files_folders_and_links_inside_are_volumes_and_nothing_else_is() {
    let place = place();
    let at = |name: &str| place.pool.join(name);
    for name in ["file", ".hidden", "new\nline", " ", "-rf", "%s", "ünï"] {
        fs::write(at(name), "x").unwrap();
    }
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("folder/inner"), "x").unwrap();
    symlink("file", at("inside")).unwrap();
    symlink(at("folder/inner"), at("deeper")).unwrap();
    let listed = place.store.list().unwrap();

    fs::write(at("\u{fffd}").with_file_name(not_utf8()), "x").unwrap();
    fifo(&at("fifo"));
    drop(UnixListener::bind(at("socket")).unwrap());
    symlink("/dev/null", at("device")).unwrap();
    symlink("nothing", at("dangling")).unwrap();
    symlink("loop", at("loop")).unwrap();
    symlink("fifo", at("to-fifo")).unwrap();
    symlink("folder", at("to-folder")).unwrap();
    symlink(&place.outside, at("out")).unwrap();
    symlink("../outside", at("up")).unwrap();
    symlink("/etc/passwd", at("passwd")).unwrap();
    let (place, again) = soon(move || {
        let again = place.store.list().unwrap();
        (place, again)
    });
    assert_eq!(again, listed);
    assert_eq!(listed.len(), 10);
    for name in ["fifo", "socket", "device", "dangling", "loop", "to-fifo", "to-folder"] {
        assert_eq!(place.store.facts(name).unwrap_err().code, VIR_ERR_NO_STORAGE_VOL, "{name}");
        assert!(place.store.open(name, true).is_err(), "{name}");
    }
    for name in ["out", "up", "passwd"] {
        assert_eq!(place.store.facts(name).unwrap_err().code, VIR_ERR_OPERATION_DENIED, "{name}");
        assert_eq!(
            place.store.open(name, true).map(drop).unwrap_err().code,
            VIR_ERR_OPERATION_DENIED
        );
    }
}

fn not_utf8() -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(b"not\xffutf8".to_vec())
}

#[test]
fn no_exchange_of_a_volume_leads_out_of_the_pool_or_hangs() {
    let place = place();
    let (victim, spare) = (place.pool.join("v"), place.pool.join("spare"));
    fs::write(&victim, "ours").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each state of the name replaces the one before at once.
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                match round % 4 {
                    0 => symlink(&place.outside, &spare).unwrap(),
                    1 => fs::write(&spare, "ours").unwrap(),
                    2 => fifo(&spare),
                    _ => symlink("../outside", &spare).unwrap(),
                }
                fs::rename(&spare, &victim).unwrap();
            }
        });
        for _ in 0..3000 {
            if let Ok(node) = place.store.open("v", true) {
                node.write_at(b"mine", 0).unwrap();
            }
            let _ = place.store.facts("v");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read(&place.outside).unwrap(), b"theirs");
}

#[test]
fn a_volume_gets_the_size_and_the_space_that_were_asked_for() {
    const K: u64 = 1024;
    let place = place();
    for (capacity, allocation, size, taken) in [
        (0, 0, 0, 0),
        (1024 * K, 0, 1024 * K, 0),
        (1024 * K, 1024 * K, 1024 * K, 1024 * K),
        (1024 * K, 64 * K, 1024 * K, 64 * K),
        (1000, 5000, 5000, 8 * K),
        (0, 4 * K, 4 * K, 4 * K),
        (1 << 40, 4 * K, 1 << 40, 4 * K),
    ] {
        place.create(&volume("v", capacity, allocation)).unwrap();
        let facts = place.store.facts("v").unwrap();
        let found = (facts.capacity, facts.physical, facts.allocation);
        assert_eq!(found, (size, size, taken), "{capacity} {allocation}");
        place.store.remove("v", true).unwrap();
    }
}

#[test]
fn a_volume_that_cannot_be_made_leaves_nothing() {
    let place = place();
    // Where files have a limit, space for more is not looked for.
    if File::create(&place.outside).unwrap().set_len(i64::MAX as u64).is_err() {
        let path = place.pool.join("v").display().to_string();
        for allocation in [0, i64::MAX as u64] {
            let error = place.create(&volume("v", i64::MAX as u64, allocation)).unwrap_err();
            assert_eq!(error.message, format!("cannot extend file '{path}': File too large"));
        }
    }
    let not_filled = place.store.create(&volume("v", 4096, 4096), &mut |node| {
        node.write_at(b"half", 0).unwrap();
        Err(Error::internal(VIR_FROM_NONE, "the copy failed"))
    });
    assert_eq!(not_filled.unwrap_err().message, "internal error: the copy failed");
    for name in [".", ".."] {
        let taken = place.create(&volume(name, 4096, 0)).unwrap_err();
        assert_eq!(taken.code, VIR_ERR_OPERATION_INVALID, "{name}");
    }
    assert_eq!(place.entries(), [""; 0]);
}

#[test]
fn what_is_in_the_way_stays_whatever_it_is() {
    let place = place();
    let at = |name: &str| place.pool.join(name);
    fs::write(at("file"), "theirs").unwrap();
    fs::create_dir(at("folder")).unwrap();
    fifo(&at("fifo"));
    symlink("nothing", at("dangling")).unwrap();
    symlink(&place.outside, at("out")).unwrap();
    let before = place.entries();
    for name in &before {
        for kind in [VolumeKind::File, VolumeKind::Dir] {
            let error = place.create(&NewVolume { kind, ..volume(name, 4096, 0) }).unwrap_err();
            assert_eq!(error.code, VIR_ERR_OPERATION_INVALID, "{name}");
            assert!(error.message.ends_with(&format!("/{name}' already exists")), "{error}");
        }
    }
    assert_eq!(place.entries(), before);
    assert_eq!(fs::read(at("file")).unwrap(), b"theirs");
    // It came while the volume was being made.
    let late = place.store.create(&volume("v", 4096, 0), &mut |_| {
        fs::write(at("v"), "theirs").unwrap();
        Ok(())
    });
    assert_eq!(late.unwrap_err().code, VIR_ERR_STORAGE_VOL_EXIST);
    assert_eq!(fs::read(at("v")).unwrap(), b"theirs");
}

#[test]
fn of_many_that_make_one_volume_one_does() {
    let place = place();
    let made = std::thread::scope(|scope| {
        let make = |size| {
            let place = &place;
            scope.spawn(move || place.create(&volume("v", size, 0)).map(|()| size))
        };
        let all: Vec<_> = (1..=8).map(make).collect();
        all.into_iter().filter_map(|one| one.join().unwrap().ok()).collect::<Vec<_>>()
    });
    assert_eq!(made.len(), 1);
    assert_eq!(place.store.facts("v").unwrap().capacity, made[0]);
    assert_eq!(place.entries(), ["v"]);
}

#[test]
fn what_a_crash_has_left_is_no_volume_and_is_cleared_away() {
    let place = place();
    fs::write(place.pool.join(".virsparse-new-left"), "half").unwrap();
    fs::write(place.pool.join("v"), "").unwrap();
    assert_eq!(place.store.list().unwrap().into_iter().collect::<Vec<_>>(), ["v"]);
    assert_eq!(place.entries(), ["v"]);
    let reserved = place.create(&volume(".virsparse-new-mine", 0, 0)).unwrap_err();
    assert_eq!(reserved.code, VIR_ERR_OPERATION_INVALID);
}

#[test]
fn rights_are_those_that_were_asked_for() {
    let place = place();
    let mode = |name: &str| {
        let mode = fs::metadata(place.pool.join(name)).unwrap().permissions().mode();
        (mode & 0o7777, place.store.facts(name).unwrap().permissions.mode)
    };
    for (kind, asked, given) in [
        (VolumeKind::File, None, 0o600),
        (VolumeKind::File, Some(0o666), 0o666),
        (VolumeKind::File, Some(0), 0),
        (VolumeKind::Dir, None, 0o711),
        (VolumeKind::Dir, Some(0o777), 0o777),
    ] {
        let permissions = &Permissions { mode: asked, ..Permissions::default() };
        place.create(&NewVolume { kind, permissions, ..volume("v", 0, 0) }).unwrap();
        assert_eq!(mode("v"), (given, Some(given)));
        place.store.remove("v", true).unwrap();
    }
    // What a definition could not ask for is not shown: descriptions can be given back.
    fs::create_dir(place.pool.join("sticky")).unwrap();
    let special = fs::Permissions::from_mode(0o3775);
    fs::set_permissions(place.pool.join("sticky"), special).unwrap();
    assert_eq!(mode("sticky"), (0o3775, Some(0o775)));
}

#[test]
fn an_owner_that_cannot_be_given_leaves_nothing() {
    if nix::unistd::geteuid().is_root() {
        return;
    }
    let place = place();
    let permissions = &Permissions { owner: Some(0), ..Permissions::default() };
    let error = place.create(&NewVolume { permissions, ..volume("v", 0, 0) }).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EPERM));
    assert_eq!(place.entries(), [""; 0]);
}

#[test]
fn a_folder_is_made_with_its_rights_and_a_file_in_its_place_keeps_its_own() {
    let place = place();
    let store = DirStore::new(place.pool.join("a/b"), false);
    store.build(OURS).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&place.pool.join("a/b")), 0o711);
    let asked = Permissions { mode: Some(0o750), ..Permissions::default() };
    store.build(&asked).unwrap();
    store.build(OURS).unwrap();
    assert_eq!(mode(&place.pool.join("a/b")), 0o750);
    let before = mode(&place.outside);
    let error = DirStore::new(&place.outside, false).build(&asked).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::ENOTDIR));
    assert_eq!(mode(&place.outside), before);
}

#[test]
fn a_mounted_pool_needs_something_mounted() {
    let place = place();
    let nothing = DirStore::new(&place.pool, true).check().unwrap_err();
    assert_eq!(nothing.code, VIR_ERR_OPERATION_UNSUPPORTED);
    assert_eq!(DirStore::new("/proc", true).check(), Ok(()));
    assert_eq!(DirStore::new("/", true).check(), Ok(()));
    let gone = DirStore::new(place.pool.join("gone"), true).check().unwrap_err();
    assert_eq!(gone.errno(), Some(Errno::ENOENT));
}

#[test]
fn copy_on_write_is_switched_off_or_refused() {
    let place = place();
    let asked = NewVolume { nocow: true, ..volume("v", 4096, 4096) };
    match place.create(&asked) {
        Ok(()) => place.store.remove("v", true).unwrap(),
        Err(error) => {
            let path = place.pool.join("v").display().to_string();
            let text = format!(
                "unable to control COW flag on '{path}', not btrfs: Function not implemented"
            );
            assert_eq!((error.domain, error.message), (VIR_FROM_NONE, text));
        }
    }
    assert_eq!(place.entries(), [""; 0]);
}

#[test]
fn removing_takes_links_and_folders_themselves() {
    let place = place();
    symlink(&place.outside, place.pool.join("out")).unwrap();
    fs::create_dir(place.pool.join("folder")).unwrap();
    fs::write(place.pool.join("folder/file"), "").unwrap();
    let full = place.store.remove("folder", true).unwrap_err();
    assert_eq!(full.errno(), Some(Errno::ENOTEMPTY));
    assert!(full.message.starts_with("cannot remove directory '"), "{full}");
    fs::remove_file(place.pool.join("folder/file")).unwrap();
    for name in ["out", "folder", "never-was"] {
        place.store.remove(name, true).unwrap();
    }
    assert_eq!(place.entries(), [""; 0]);
    assert_eq!(fs::read(&place.outside).unwrap(), b"theirs");
}

/// What the next test runs where /proc is not mounted.
#[test]
#[ignore = "needs a system without /proc"]
fn without_proc() {
    let place = place();
    fs::write(place.pool.join("v"), "").unwrap();
    for error in [
        place.store.check().unwrap_err(),
        place.store.list().unwrap_err(),
        place.store.facts("v").unwrap_err(),
        place.store.open("v", false).map(drop).unwrap_err(),
        place.create(&volume("new", 0, 0)).unwrap_err(),
    ] {
        assert_eq!(error.code, VIR_ERR_OPERATION_UNSUPPORTED, "{error}");
        assert!(error.message.ends_with("/proc is not mounted"), "{error}");
    }
    assert_eq!(place.entries(), ["v"]);
}

#[test]
fn without_proc_the_error_says_so() {
    let this = std::env::current_exe().unwrap();
    let run = |script: &str| {
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", script, "sh"]).arg(&this);
        unshare.output().is_ok_and(|output| {
            print!("{}", String::from_utf8_lossy(&output.stdout));
            output.status.success()
        })
    };
    // Only root may.
    if run("umount -l /proc") {
        let test = "storage::dir::tests::without_proc";
        assert!(run(&format!("umount -l /proc && \"$1\" --ignored --exact {test}")));
    }
}
