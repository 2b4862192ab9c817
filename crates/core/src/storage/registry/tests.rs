//! What pools promise across processes, crashes and reboots. Two `Storage` on one root are what two
//! processes have.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::storage::connection::Connection;
use crate::storage::{CreateFlags, CreateVolumeFlags, ListFlags, Pool};

fn definition(name: &str, path: &Path) -> PoolDefinition {
    let path = path.display();
    let xml =
        format!("<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>");
    PoolDefinition::parse(&xml).unwrap()
}

fn define(storage: &Storage, name: &str, path: &Path) -> Entry {
    let mut change = storage.change().unwrap();
    let definition = definition(name, path);
    let entry = change.claim(&definition).unwrap();
    change.set_config(&entry, Arc::new(definition)).unwrap();
    drop(change);
    storage.by_name(name).unwrap()
}

fn set_live(storage: &Storage, name: &str, live: bool) -> Result<()> {
    let mut change = storage.change()?;
    let entry = change.known.pools[name].clone();
    match live {
        true => change.start(&entry, entry.config()?.unwrap().clone()),
        false => change.stop(&entry),
    }
}

fn set_autostart(storage: &Storage, name: &str) {
    let mut change = storage.change().unwrap();
    let entry = change.known.pools[name].clone();
    change.set_autostart(&entry, true).unwrap();
}

/// What the machine's next boot looks like to those who use the root.
fn reboot(root: &Path) {
    fs::write(root.join("run/boot"), "an earlier boot").unwrap();
}

fn states(storage: &Storage) -> Vec<(String, bool, bool, bool)> {
    let all = storage.all().unwrap();
    all.iter().map(|e| (e.name.clone(), e.is_active(), e.is_persistent(), e.autostart)).collect()
}

struct Place {
    root: tempfile::TempDir,
    pools: tempfile::TempDir,
}

fn place() -> Place {
    Place { root: tempfile::tempdir().unwrap(), pools: tempfile::tempdir().unwrap() }
}

impl Place {
    fn storage(&self) -> Storage {
        Storage::embed(self.root.path()).unwrap()
    }

    fn pool(&self, name: &str) -> std::path::PathBuf {
        let path = self.pools.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }
}

#[test]
fn two_processes_on_one_root_agree() {
    let place = place();
    let (one, two) = (place.storage(), place.storage());
    let path = place.pool("p");
    fs::write(path.join("v"), "").unwrap();
    define(&one, "p", &path);
    assert_eq!(states(&two), [("p".to_string(), false, true, false)]);
    set_live(&two, "p", true).unwrap();
    set_autostart(&two, "p");
    assert_eq!(states(&one), [("p".to_string(), true, true, true)]);
    assert_eq!(one.by_name("p").unwrap().uuid, two.by_name("p").unwrap().uuid);
    assert_eq!(one.by_name("p").unwrap().has_volume("v"), Ok(true));
    // What one puts on the list, the other sees; what is only in the folder, neither.
    fs::write(path.join("stranger"), "").unwrap();
    let change = one.change().unwrap();
    let entry = change.known.pools["p"].clone();
    entry.listing.set(&*entry.store, "made", true).unwrap();
    drop(change);
    let listed = two.by_name("p").unwrap();
    assert_eq!(listed.has_volume("made"), Ok(true));
    assert_eq!(listed.has_volume("stranger"), Ok(false));
    set_live(&one, "p", false).unwrap();
    assert_eq!(states(&two), [("p".to_string(), false, true, true)]);
    let mut change = two.change().unwrap();
    let entry = change.known.pools["p"].clone();
    change.undefine(&entry).unwrap();
    drop(change);
    assert_eq!(one.by_name("p").map(drop).unwrap_err().code, VIR_ERR_NO_STORAGE_POOL);
}

#[test]
fn pools_start_by_themselves_once_after_each_boot() {
    let place = place();
    let storage = place.storage();
    for name in ["auto", "other", "running"] {
        define(&storage, name, &place.pool(name));
    }
    set_autostart(&storage, "auto");
    set_live(&storage, "running", true).unwrap();
    let state = |name: &str, active, autostart| (name.to_string(), active, true, autostart);
    let as_set =
        [state("auto", false, true), state("other", false, false), state("running", true, false)];
    assert_eq!(states(&place.storage()), as_set, "the same boot");
    reboot(place.root.path());
    let after = place.storage();
    let booted =
        [state("auto", true, true), state("other", false, false), state("running", false, false)];
    assert_eq!(states(&after), booted);
    set_live(&after, "auto", false).unwrap();
    assert_eq!(states(&place.storage())[0], state("auto", false, true), "once only");
}

#[test]
fn a_pool_that_cannot_start_by_itself_stays_inactive_and_keeps_nobody_out() {
    let place = place();
    let storage = place.storage();
    for name in ["gone", "good", "odd"] {
        define(&storage, name, &place.pool(name));
        set_autostart(&storage, name);
    }
    fs::remove_dir(place.pool("gone")).unwrap();
    // What stands in the way of the file that says it is active.
    fs::create_dir(place.root.path().join("run/storage/odd.xml")).unwrap();
    reboot(place.root.path());
    let active: Vec<bool> = states(&place.storage()).iter().map(|state| state.1).collect();
    assert_eq!(active, [false, true, false]);
}

#[test]
fn transient_pools_end_with_the_boot_and_leave_nothing() {
    let place = place();
    let connect = connect(place.root.path());
    let pool = connect.create_pool(&pool_xml("t", &place.pool("t")), CreateFlags::empty()).unwrap();
    let list = place.root.path().join("run/volumes").join(pool.uuid().to_string());
    assert!(list.exists());
    reboot(place.root.path());
    assert_eq!(states(&place.storage()), []);
    assert!(!list.exists());
}

#[test]
fn a_definition_that_cannot_be_understood_is_a_pool_and_hides_no_other() {
    let place = place();
    let storage = place.storage();
    define(&storage, "good", &place.pool("good"));
    let folder = place.root.path().join("storage");
    let good = fs::read_to_string(folder.join("good.xml")).unwrap();
    let broken = [
        ("empty", String::new()),
        ("truncated", good[..good.len() / 2].replace("good", "truncated")),
        ("named-otherwise", good.clone()),
        ("no-uuid", pool_xml("no-uuid", Path::new("/p"))),
        ("slash", pool_xml("../slash", Path::new("/p"))),
        ("deep", "<pool>".repeat(100_000)),
        ("entities", format!("<!DOCTYPE pool [<!ENTITY a 'b'>]>{good}")),
        ("control", good.replace("good", "con&#1;trol")),
    ];
    for (name, text) in &broken {
        fs::write(folder.join(name).with_extension("xml"), text).unwrap();
    }
    let storage = place.storage();
    assert_eq!(storage.all().unwrap().len(), broken.len() + 1);
    let good = storage.by_name("good").unwrap();
    assert_eq!(storage.by_uuid(good.uuid, None).unwrap().name, "good");
    assert!(good.definition().is_ok());
    for (name, text) in &broken {
        let path = folder.join(name).with_extension("xml");
        assert_eq!(fs::read_to_string(&path).unwrap(), *text, "{name}");
        let entry = storage.by_name(name).unwrap();
        assert_eq!(storage.by_uuid(entry.uuid, None).unwrap().name, *name);
        let error = entry.definition().unwrap_err();
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(entry.store.usage().unwrap_err(), error);
        let mut change = storage.change().unwrap();
        let refused = change.claim(&definition(name, Path::new("/q"))).map(drop).unwrap_err();
        assert_eq!(refused.code, VIR_ERR_OPERATION_FAILED);
        change.undefine(&entry).unwrap();
        drop(change);
        assert!(!path.exists());
        assert_eq!(storage.by_name(name).map(drop).unwrap_err().code, VIR_ERR_NO_STORAGE_POOL);
    }
}

#[test]
fn a_pool_whose_status_is_damaged_is_active_until_it_is_stopped() {
    let place = place();
    let storage = place.storage();
    define(&storage, "p", &place.pool("p"));
    set_live(&storage, "p", true).unwrap();
    let path = place.root.path().join("run/storage/p.xml");
    fs::write(&path, "").unwrap();
    let other = place.storage();
    let entry = other.by_name("p").unwrap();
    assert!(entry.is_active() && entry.is_persistent());
    assert!(entry.definition().unwrap_err().message.contains("run/storage/p.xml"));
    assert!(entry.config().is_ok());
    set_live(&other, "p", false).unwrap();
    let entry = other.by_name("p").unwrap();
    assert!(!entry.is_active() && entry.definition().is_ok());
    assert_eq!(entry.store.check(), Ok(()));
    assert!(!path.exists());
}

/// It would be gone with the next look at the root.
#[test]
fn a_definition_that_could_not_be_read_again_is_refused() {
    let place = place();
    let connect = connect(place.root.path());
    let netfs = |inside: &str| {
        format!(
            "<pool type='netfs'><name>n</name><source><host name='h'/><dir path='/d'/>{inside}\
             </source><target><path>/p</path></target></pool>"
        )
    };
    let longer_when_written = format!("<x>{}</x>", "'".repeat(3 << 20));
    let most_nodes = "<x/>".repeat(crate::xml::MAX_NODES - 12);
    for inside in [longer_when_written, most_nodes] {
        match connect.define_pool(&netfs(&inside), false) {
            Ok(pool) => assert_eq!(place.storage().by_name(pool.name()).unwrap().name, "n"),
            Err(_) => assert_eq!(states(&place.storage()), []),
        }
    }
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    let place = place();
    let connect = connect(place.root.path());
    let name = "n".repeat(252);
    let xml = pool_xml(&name, &place.pool("p"));
    let error = connect.create_pool(&xml, CreateFlags::empty()).map(drop).unwrap_err();
    assert!(error.message.ends_with("File name too long"), "{}", error.message);
    assert_eq!(states(&place.storage()), []);
    assert_eq!(fs::read_dir(place.root.path().join("run/volumes")).unwrap().count(), 0);
}

#[test]
fn a_pool_defined_anew_while_it_is_active_changes_when_it_is_stopped() {
    let place = place();
    let connect = connect(place.root.path());
    let (before, after) = (place.pool("before"), place.pool("after"));
    let pool = connect.define_pool(&pool_xml("p", &before), false).unwrap();
    pool.create(CreateFlags::empty()).unwrap();
    let uuid = pool.uuid();
    let anew = pool_xml("p", &after).replace("<target>", &format!("<uuid>{uuid}</uuid><target>"));
    connect.define_pool(&anew, false).unwrap();
    let path = |path: &Path| format!("<path>{}</path>", path.display());
    // Not even for another process.
    for connect in [connect.clone(), Connection::embed(&place.root.path().join("."))] {
        let pool = connect.pool_by_name("p").unwrap();
        assert!(pool.xml(false).unwrap().contains(&path(&before)));
        assert!(pool.xml(true).unwrap().contains(&path(&after)));
    }
    pool.create_volume(&volume_xml("v"), CreateVolumeFlags::empty()).unwrap();
    assert!(before.join("v").exists());
    pool.destroy().unwrap();
    assert!(pool.xml(false).unwrap().contains(&path(&after)));
    pool.create(CreateFlags::empty()).unwrap();
    assert_eq!(pool.volume_names(), Ok(vec![]));
}

#[test]
fn volumes_of_a_pool_at_the_root_folder_are_found_by_path_and_key() {
    let place = place();
    let connect = connect(place.root.path());
    connect.create_pool(&pool_xml("root", Path::new("//")), CreateFlags::empty()).unwrap();
    for path in ["/tmp", "//tmp/"] {
        let volume = connect.volume_by_path(path).unwrap();
        assert_eq!((volume.name(), volume.path().unwrap().as_str()), ("tmp", "/tmp"));
    }
    assert_eq!(connect.volume_by_key("/tmp").unwrap().name(), "tmp");
    assert_eq!(connect.pool_by_target("/").unwrap().name(), "root");
}

#[test]
fn a_change_needs_the_state_that_the_pool_has_then() {
    let place = place();
    let connect = connect(place.root.path());
    let pool = connect.define_pool(&pool_xml("p", &place.pool("p")), false).unwrap();
    for change in [Pool::destroy, Pool::refresh] {
        let error = change(&pool).unwrap_err();
        let message = "Requested operation is not valid: storage pool 'p' is not active";
        assert_eq!((error.code, error.message.as_str()), (VIR_ERR_OPERATION_INVALID, message));
    }
    pool.create(CreateFlags::empty()).unwrap();
    assert_eq!(pool.create(CreateFlags::empty()).unwrap_err().code, VIR_ERR_OPERATION_INVALID);
    assert_eq!(pool.undefine().unwrap_err().code, VIR_ERR_OPERATION_INVALID);
    assert_eq!(pool.delete().unwrap_err().code, VIR_ERR_OPERATION_INVALID);
    // Of many that stop it, one does.
    let stopped = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| pool.destroy().is_ok())).collect();
        all.into_iter().map(|one| usize::from(one.join().unwrap())).sum::<usize>()
    });
    assert_eq!(stopped, 1);
}

#[test]
fn a_volume_that_is_there_is_on_the_list_whoever_made_and_removed_it_before() {
    let place = place();
    // Two drivers: one process, but what they share is the root, as for two.
    let connects = [connect(place.root.path()), connect(&place.root.path().join("run/.."))];
    let folder = place.pool("p");
    connects[0].create_pool(&pool_xml("p", &folder), CreateFlags::empty()).unwrap();
    for _ in 0..100 {
        std::thread::scope(|scope| {
            for connect in connects.iter().cycle().take(6) {
                scope.spawn(|| {
                    let pool = connect.pool_by_name("p").unwrap();
                    let made = pool.create_volume(&volume_xml("v"), CreateVolumeFlags::empty());
                    if let Ok(volume) = made.or_else(|_| pool.volume_by_name("v")) {
                        // Another may have removed it.
                        let _ = volume.delete();
                    }
                    let _ = pool.create_volume(&volume_xml("v"), CreateVolumeFlags::empty());
                });
            }
        });
        let listed = connects[0].pool_by_name("p").unwrap().volume_names().unwrap();
        assert_eq!(listed.contains(&"v".to_string()), folder.join("v").exists());
        for volume in connects[1].pool_by_name("p").unwrap().volumes().unwrap() {
            volume.delete().unwrap();
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}

#[test]
fn a_copy_is_a_file_whatever_it_is_asked_to_be() {
    let place = place();
    let connect = connect(place.root.path());
    let folder = place.pool("p");
    let pool = connect.create_pool(&pool_xml("p", &folder), CreateFlags::empty()).unwrap();
    let source = pool.create_volume(&volume_xml("v"), CreateVolumeFlags::empty()).unwrap();
    fs::write(folder.join("v"), "contents").unwrap();
    let xml = "<volume><name>c</name><target><format type='dir'/></target></volume>";
    let copy = pool.clone_volume(xml, &source, crate::storage::CloneFlags::empty()).unwrap();
    assert_eq!(copy.name(), "c");
    assert_eq!(fs::read(folder.join("c")).unwrap(), b"contents");
}

fn connect(root: &Path) -> Arc<Connection> {
    Connection::embed(root)
}

fn pool_xml(name: &str, path: &Path) -> String {
    let path = path.display();
    format!("<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>")
}

fn volume_xml(name: &str) -> String {
    format!("<volume><name>{name}</name><capacity>65536</capacity></volume>")
}

/// Where the processes that are killed work: the root, and beside it the pools.
const KILLED: &str = "VIRSPARSE_TEST_KILLED";

/// What the processes of the next test do until they are killed.
#[test]
#[ignore = "runs until it is killed"]
fn change_without_end() {
    let Some(place) = std::env::var_os(KILLED) else { return };
    let place = Path::new(&place);
    let connect = connect(&place.join("root"));
    println!("begins");
    std::io::stdout().flush().unwrap();
    for round in std::process::id().. {
        let name = format!("p{}", round % 3);
        // Others do the same: any of it may fail, none of it may break anything.
        let xml = pool_xml(&name, &place.join(&name));
        let Ok(pool) = connect.define_pool(&xml, false).or_else(|_| connect.pool_by_name(&name))
        else {
            continue;
        };
        let _ = pool.create(CreateFlags::WITH_BUILD);
        let _ = pool.set_autostart(round % 2 == 0);
        for volume in ["a", "b", "c"] {
            let made = pool.create_volume(&volume_xml(volume), CreateVolumeFlags::empty());
            let _ = made.and_then(|volume| {
                volume.resize(131072, crate::storage::ResizeFlags::ALLOCATE)?;
                volume.delete()
            });
        }
        let _ = pool.refresh();
        if round % 4 == 0 {
            let _ = pool.destroy();
            let _ = pool.undefine();
        }
    }
}

#[test]
fn processes_that_are_killed_leave_nothing_broken() {
    let place = tempfile::tempdir().unwrap();
    let begin = || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("storage::registry::tests::change_without_end")
            .env(KILLED, place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Until it is at work.
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("begins") {
            line.clear();
            assert_ne!(std::io::BufRead::read_line(&mut out, &mut line).unwrap(), 0);
        }
        child
    };
    for round in 0..50u64 {
        let mut children = [begin(), begin()];
        // A number that is different each time, and no multiple of anything.
        std::thread::sleep(Duration::from_micros(500 + round * 7919 % 20_000));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        check_after_kill(place.path());
    }
}

fn check_after_kill(place: &Path) {
    let root = place.join("root");
    let state = StateDir::open(&root, POOLS).unwrap();
    for folder in [Folder::Config, Folder::Run] {
        for stored in state.read_all(folder).unwrap() {
            let definition = PoolDefinition::parse_stored(&stored.text.unwrap()).unwrap();
            assert_eq!(definition.name, stored.name);
        }
    }
    let connect = connect(&root);
    for pool in connect.list_pools(ListFlags::ACTIVE).unwrap() {
        for name in pool.volume_names().unwrap() {
            // A file that went before its name did is no volume; a file that is there is whole.
            match pool.volume_by_name(&name).unwrap().facts() {
                Ok(facts) => {
                    assert!([65536, 131072].contains(&facts.capacity), "{facts:?}");
                    assert!(facts.allocation >= 65536, "{facts:?}");
                }
                Err(error) => assert_eq!(error.code, VIR_ERR_NO_STORAGE_VOL, "{error}"),
            }
        }
        pool.refresh().unwrap();
        let names = pool.volume_names().unwrap();
        assert!(names.iter().all(|name| ["a", "b", "c"].contains(&name.as_str())), "{names:?}");
        for name in names {
            pool.volume_by_name(&name).unwrap().facts().unwrap();
        }
    }
    // The lock went with those that had it.
    let begun = Instant::now();
    drop(state.lock().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(10));
}
