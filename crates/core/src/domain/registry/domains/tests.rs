//! Two registries over one root are what two processes are: their locks are their own.

use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::domain::launch;
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::condition::not_running;

fn open(root: &Path) -> Arc<Domains> {
    let storage = Arc::new(Storage::embed(root).unwrap());
    Domains::embed(root, launch, storage, Arc::default()).unwrap()
}

fn definition(name: &str, disk: Option<&Path>) -> Arc<Definition> {
    let disk = disk.map_or(String::new(), |path| {
        format!("<disk><source file='{}'/><target dev='vda'/></disk>", path.display())
    });
    let text = format!(
        "<domain type='kvm'><name>{name}</name><memory>9</memory>\
         <os><type>hvm</type></os><devices>{disk}</devices></domain>"
    );
    Arc::new(Definition::parse(&text).unwrap())
}

fn define(domains: &Domains, definition: &Arc<Definition>) {
    let mut change = domains.change().unwrap();
    let entry = change.claim(definition).unwrap();
    change.set_config(&entry, definition.clone()).unwrap();
}

fn start(domains: &Arc<Domains>, definition: &Arc<Definition>) -> Result<Arc<dyn Machine>> {
    let origin = Origin::Caller;
    let mut starting = domains.starting(definition.clone(), origin, Condition::BOOTED, None)?;
    let machine = starting.open()?;
    starting.finish(&machine)?;
    Ok(machine)
}

fn stop(machine: &Arc<dyn Machine>) {
    machine
        .stop(&StopRequest {
            drain: Duration::ZERO,
            forced: false,
            off: Condition::DESTROYED,
            events: Vec::new(),
        })
        .unwrap();
}

/// Everything that is not a folder, and the folders of sockets.
fn left(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["domains", "domains/autostart", "run/domains", "run/disks"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.starts_with("autostart") {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    names.sort();
    names
}

#[test]
fn definitions_are_shared_and_survive() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let a = definition("a", None);
    define(&one, &a);
    assert_eq!(two.by_name("a").unwrap().config, Some(Ok(a.clone())));
    let mut change = two.change().unwrap();
    let entry = change.by_uuid(a.uuid, "a").unwrap();
    change.set_autostart(&entry, true).unwrap();
    drop(change);
    assert!(one.by_name("a").unwrap().autostart);
    drop((one, two));
    let again = open(root.path());
    assert!(again.by_name("a").unwrap().autostart);
    let mut change = again.change().unwrap();
    let entry = change.by_uuid(a.uuid, "a").unwrap();
    change.undefine(&entry, false).unwrap();
    drop(change);
    assert_eq!(again.by_name("a").err().unwrap().code, VIR_ERR_NO_DOMAIN);
    assert_eq!(left(root.path()), Vec::<String>::new());
}

#[test]
fn names_and_uuids_belong_to_one_domain() {
    let root = tempfile::tempdir().unwrap();
    let domains = open(root.path());
    let a = definition("a", None);
    define(&domains, &a);
    let change = domains.change().unwrap();
    let error = change.claim(&definition("a", None)).err().unwrap();
    assert_eq!(error.code, VIR_ERR_OPERATION_FAILED);
    assert!(error.message.contains("domain 'a' already exists with uuid"), "{error}");
    let renamed = Definition::parse(&a.to_xml().replace("<name>a<", "<name>b<")).unwrap();
    let error = change.claim(&renamed).err().unwrap();
    assert!(error.message.contains("domain 'a' is already defined with uuid"), "{error}");
}

#[test]
fn what_runs_elsewhere_is_used_where_it_runs() {
    let root = tempfile::tempdir().unwrap();
    let image = root.path().join("image");
    fs::write(&image, [1; 4096]).unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let a = definition("a", Some(&image));
    define(&one, &a);
    let machine = start(&one, &a).unwrap();
    assert!(one.is_busy() && !two.is_busy());
    let seen = two.by_name("a").unwrap();
    assert_eq!((seen.id(), seen.condition().state), (Some(machine.identity().id), State::Running));
    seen.machine().unwrap().suspend().unwrap();
    assert_eq!(machine.condition().unwrap(), Condition::PAUSED);
    assert_eq!(two.by_name("a").unwrap().condition(), Condition::PAUSED);
    assert_eq!(start(&two, &a).err().unwrap().code, VIR_ERR_OPERATION_INVALID);
    // Both give numbers that the other has not.
    let other = start(&two, &definition("b", None)).unwrap();
    assert_ne!(other.identity().id, machine.identity().id);
    assert_eq!(one.by_id(other.identity().id).unwrap().name, "b");

    // One ends it for the other.
    stop(&two.by_name("a").unwrap().machine().unwrap());
    assert!(!two.by_name("a").unwrap().is_active() && !one.by_name("a").unwrap().is_active());
    let gone = seen.machine().unwrap().suspend().unwrap_err();
    assert_eq!((gone.code, gone.message), (not_running().code, not_running().message));
    let machine = start(&two, &a).unwrap();
    stop(&machine);
    stop(&other);
    assert_eq!(left(root.path()), ["domains/a.xml"]);
}

#[test]
fn a_persistent_domain_starts_as_it_is_defined_by_then() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let a = definition("a", None);
    define(&one, &a);
    let seen = one.by_name("a").unwrap().config().unwrap().unwrap().clone();
    // Another process has it meanwhile on another image.
    let text = a.to_xml().replace("<devices", "<title>new</title><devices");
    let new = Arc::new(Definition::parse(&text).unwrap());
    define(&two, &new);
    let mut starting = one.starting(seen.clone(), Origin::Kept, Condition::BOOTED, None).unwrap();
    let machine = starting.open().unwrap();
    starting.finish(&machine).unwrap();
    assert!(machine.definition().unwrap().says_the_same_as(&new));
    stop(&machine);
    // And one that is gone does not start.
    let mut change = two.change().unwrap();
    let entry = change.by_uuid(a.uuid, "a").unwrap();
    change.undefine(&entry, false).unwrap();
    drop(change);
    let gone = one.starting(seen, Origin::Kept, Condition::BOOTED, None).err().unwrap();
    assert_eq!(gone.code, VIR_ERR_NO_DOMAIN);
}

#[test]
fn what_a_process_has_left_is_off_and_removed_by_the_next() {
    let root = tempfile::tempdir().unwrap();
    let one = open(root.path());
    let (a, b) = (definition("a", None), definition("b", None));
    define(&one, &a);
    let machines = [start(&one, &a).unwrap(), start(&one, &b).unwrap()];
    // As after a crash: the locks are gone, and nothing else.
    for machine in &machines {
        machine.abandon();
    }
    assert!(left(root.path()).contains(&"run/domains/b.xml".to_string()));
    let two = open(root.path());
    assert!(!two.by_name("a").unwrap().is_active());
    assert_eq!(two.by_name("b").err().unwrap().code, VIR_ERR_NO_DOMAIN);
    assert_eq!(left(root.path()), ["domains/a.xml"]);
}

#[test]
fn a_failed_start_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let domains = open(root.path());
    let missing = definition("a", Some(&root.path().join("missing")));
    assert_eq!(start(&domains, &missing).err().unwrap().code, VIR_ERR_SYSTEM_ERROR);
    assert!(!domains.is_busy());
    // The definition clashes when the disks are open already.
    let (a, origin) = (definition("a", None), Origin::Caller);
    let mut starting = domains.starting(a, origin, Condition::BOOTED, None).unwrap();
    let machine = starting.open().unwrap();
    define(&domains, &definition("a", None));
    let error = starting.finish(&machine).err().unwrap();
    assert_eq!(error.code, VIR_ERR_OPERATION_FAILED);
    assert!(machine.suspend().is_err());
    assert!(!domains.is_busy());
    assert_eq!(left(root.path()), ["domains/a.xml"]);
}

#[test]
fn of_several_that_start_a_domain_one_does() {
    let root = tempfile::tempdir().unwrap();
    let image = root.path().join("image");
    fs::write(&image, [1; 4096]).unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let a = definition("a", Some(&image));
    define(&one, &a);
    for _ in 0..20 {
        let (started, barrier) = (AtomicUsize::new(0), Barrier::new(4));
        std::thread::scope(|scope| {
            for domains in [&one, &one, &two, &two] {
                let (started, barrier, a) = (&started, &barrier, &a);
                scope.spawn(move || {
                    barrier.wait();
                    let result = start(domains, a);
                    // Nobody stops it before all have tried.
                    barrier.wait();
                    match result {
                        Ok(machine) => {
                            started.fetch_add(1, Ordering::Relaxed);
                            stop(&machine);
                        }
                        Err(error) => assert_eq!(error.code, VIR_ERR_OPERATION_INVALID, "{error}"),
                    }
                });
            }
        });
        assert_eq!(started.into_inner(), 1);
    }
    assert_eq!(left(root.path()), ["domains/a.xml"]);
}

#[test]
fn a_damaged_definition_is_a_domain_until_it_is_undefined_or_replaced_by_its_own() {
    let root = tempfile::tempdir().unwrap();
    let domains = open(root.path());
    let a = definition("a", None);
    define(&domains, &a);
    let path = root.path().join("domains/a.xml");
    let text = fs::read_to_string(&path).unwrap();
    let cut = text.find("</uuid>").unwrap() + "</uuid>".len();
    for (damaged, uuid_is_known) in [(&text[..cut], true), ("", false), ("<domain/>", false)] {
        fs::write(&path, damaged).unwrap();
        // For who has read it before as for who opens it now.
        for domains in [&domains, &open(root.path())] {
            fs::write(root.path().join("domains/.touch"), "").unwrap();
            fs::remove_file(root.path().join("domains/.touch")).unwrap();
            let entry = domains.by_name("a").unwrap();
            assert_eq!(entry.uuid == a.uuid, uuid_is_known);
            assert_eq!(domains.by_uuid(entry.uuid, None).unwrap().name, "a");
            assert_eq!(domains.all().unwrap().len(), 1);
            let error = entry.definition().unwrap_err();
            assert!(error.message.contains(path.to_str().unwrap()), "{error}");
            let change = domains.change().unwrap();
            let error = change.claim(&definition("a", None)).err().unwrap();
            assert_eq!(error.code, VIR_ERR_OPERATION_FAILED);
            assert_eq!(change.claim(&a).is_ok(), uuid_is_known);
        }
    }
    let mut change = domains.change().unwrap();
    let entry = change.known.entries["a"].clone();
    change.undefine(&entry, false).unwrap();
    drop(change);
    assert_eq!(domains.by_name("a").err().unwrap().code, VIR_ERR_NO_DOMAIN);
    define(&domains, &a);
    fs::write(&path, &text[..cut]).unwrap();
    // What was damaged is read again, without another change to the folder.
    let again = open(root.path());
    assert!(again.by_name("a").unwrap().definition().is_err());
    define(&again, &a);
    assert_eq!(again.by_name("a").unwrap().definition(), Ok(a.clone()));
    fs::write(&path, "").unwrap();
    let again = open(root.path());
    assert!(again.by_name("a").unwrap().definition().is_err());
    fs::write(&path, &text).unwrap();
    assert_eq!(again.by_name("a").unwrap().definition(), Ok(a));
}

#[test]
fn a_copy_of_a_definition_is_no_domain_and_stays() {
    let root = tempfile::tempdir().unwrap();
    let domains = open(root.path());
    define(&domains, &definition("a", None));
    fs::copy(root.path().join("domains/a.xml"), root.path().join("domains/c.xml")).unwrap();
    fs::write(root.path().join("run/domains/d.xml"), "<status id='1'/>").unwrap();
    let again = open(root.path());
    let names: Vec<String> = again.all().unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["a"]);
    let c = definition("c", None);
    let mut change = again.change().unwrap();
    let entry = change.claim(&c).unwrap();
    let error = change.set_config(&entry, c).unwrap_err();
    assert!(error.message.contains("domains/c.xml' is in the way of domain 'c'"), "{error}");
}

#[test]
fn what_runs_elsewhere_with_a_damaged_status_runs_and_keeps_its_name() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let machine = start(&one, &definition("a", None)).unwrap();
    let path = root.path().join("run/domains/a.xml");
    fs::write(&path, "<status").unwrap();
    let seen = two.by_name("a").unwrap();
    assert!(seen.is_active() && !seen.is_persistent());
    assert_eq!((seen.id(), seen.condition()), (None, Condition::UNKNOWN));
    assert!(seen.definition().unwrap_err().message.contains(path.to_str().unwrap()));
    let error = seen.machine().err().unwrap();
    assert!(error.message.contains(&std::process::id().to_string()), "{error}");
    let clash = two.change().unwrap().claim(&definition("a", None)).err().unwrap();
    assert_eq!(clash.code, VIR_ERR_OPERATION_FAILED);
    stop(&machine);
    assert_eq!(two.by_name("a").err().unwrap().code, VIR_ERR_NO_DOMAIN);
}

/// What a process has changed itself it does not read again, so that making many domains costs each
/// the same. It does when it cannot know what there is.
#[test]
fn after_a_change_of_its_own_a_process_knows_what_there_is() {
    let root = tempfile::tempdir().unwrap();
    let domains = open(root.path());
    let begin = Instant::now();
    let is_known = || {
        let now = domains.state.as_ref().unwrap().stamp().unwrap();
        domains.lock().stamp.as_ref().is_some_and(|before| now.is_same(before, begin))
    };
    let (one, two) = (definition("one", None), definition("two", None));
    define(&domains, &one);
    assert!(is_known());
    {
        let mut change = domains.change().unwrap();
        let entry = change.by_uuid(one.uuid, "one").unwrap();
        change.set_autostart(&entry, true).unwrap();
        change.undefine(&entry, false).unwrap();
    }
    assert!(is_known());
    fs::create_dir(root.path().join("domains/.new")).unwrap();
    {
        let mut change = domains.change().unwrap();
        let entry = change.claim(&two).unwrap();
        assert_eq!(change.set_config(&entry, two.clone()).unwrap_err().code, VIR_ERR_SYSTEM_ERROR);
    }
    assert!(!is_known(), "a change has failed");
    fs::remove_dir(root.path().join("domains/.new")).unwrap();
    fs::write(root.path().join("domains/broken.xml"), "<domain").unwrap();
    define(&domains, &two);
    assert!(!is_known(), "one may be readable the next time");
    assert_eq!(open(root.path()).all().unwrap().len(), 2);
}
use crate::domain::machine::condition::State;

/// As [`open`], for a process that tells others of events.
fn open_telling(root: &Path) -> Arc<Domains> {
    let events = Brokers::between_processes(crate::state::journal(root));
    Domains::embed(root, launch, Arc::new(Storage::embed(root).unwrap()), events).unwrap()
}

/// The lifecycle events that were told to other processes: the name, and the numbers of the event and its
/// detail.
fn told(root: &Path) -> Vec<(String, i64, i64)> {
    let text = fs::read_to_string(crate::state::journal(root)).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let events = lines.filter_map(|line| line.get("event").cloned());
    let lifecycle = |event: serde_json::Value| {
        let numbers = event["payload"].get("lifecycle")?;
        let number = |name: &str| numbers[name].as_i64().unwrap();
        Some((event["name"].as_str().unwrap().to_string(), number("event"), number("detail")))
    };
    events.filter_map(lifecycle).collect()
}

const STOPPED_FAILED: (i64, i64) = (5, 5);

fn off(domains: &Domains, name: &str) -> (bool, State, i32) {
    let entry = domains.by_name(name).unwrap();
    let Condition { state, reason } = entry.condition();
    (entry.is_active(), state, reason)
}

#[test]
fn a_crash_is_told_once_whoever_notices_it_and_however() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (definition("a", None), definition("b", None));
    let one = open_telling(root.path());
    define(&one, &a);
    // Who has seen it run, by a look and by a change; who looks for the first time; and who opens the root.
    type Notice = fn(&Path, &[Arc<Domains>; 2]) -> Arc<Domains>;
    let notices: [Notice; 4] = [
        |_, [two, _]| two.clone(),
        |_, [two, _]| {
            drop(two.change().unwrap());
            two.clone()
        },
        |_, [_, three]| three.clone(),
        |root, _| open_telling(root),
    ];
    for notice in notices {
        let others = [open_telling(root.path()), open_telling(root.path())];
        let machines = [start(&one, &a).unwrap(), start(&one, &b).unwrap()];
        assert_eq!(off(&others[0], "b"), (true, State::Running, 1));
        let before = told(root.path());
        // As after a crash: the locks are gone, and nothing else.
        machines.iter().for_each(|machine| machine.abandon());
        let first = notice(root.path(), &others);
        assert_eq!(off(&first, "a"), (false, State::Shutoff, 3));
        for domains in [&others[0], &others[1], &first, &open_telling(root.path())] {
            assert_eq!(off(domains, "a"), (false, State::Shutoff, 3));
            assert_eq!(domains.by_name("b").err().unwrap().code, VIR_ERR_NO_DOMAIN);
        }
        let (event, detail) = STOPPED_FAILED;
        let crashes = ["a", "b"].map(|name| (name.to_string(), event, detail));
        assert_eq!(told(root.path())[before.len()..], crashes);
        assert_eq!(left(root.path()), ["domains/a.xml"]);
        // What is in its own process is as that knows it; this one has crashed.
        for machine in &machines {
            one.forget(machine.identity(), Condition::CRASHED);
        }
    }
}

#[test]
fn why_a_domain_is_off_is_known_to_all_processes_until_it_starts_or_the_machine_does() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let a = definition("a", None);
    define(&one, &a);
    let reasons = |name| {
        let third = open(root.path());
        [&one, &two, &third].map(|domains| off(domains, name).2)
    };
    assert_eq!(reasons("a"), [0; 3]);
    let machine = start(&one, &a).unwrap();
    stop(&machine);
    assert_eq!(reasons("a"), [2; 3]);
    // Another name, and another definition.
    let b = Arc::new(a.renamed("b").unwrap());
    let mut change = two.change().unwrap();
    let entry = change.by_uuid(a.uuid, "a").unwrap();
    change.rename(&entry, b.clone()).unwrap();
    drop(change);
    define(&one, &b);
    assert_eq!(reasons("b"), [2; 3]);
    // Of a domain that is no more, nothing stays.
    let mut change = one.change().unwrap();
    let entry = change.by_uuid(b.uuid, "b").unwrap();
    change.undefine(&entry, false).unwrap();
    drop(change);
    define(&two, &b);
    assert_eq!(reasons("b"), [0; 3]);
    // Nor of one that has run since.
    stop(&start(&two, &b).unwrap());
    assert_eq!(reasons("b"), [2; 3]);
    let machine = start(&one, &b).unwrap();
    assert_eq!(fs::read_dir(root.path().join("run/off")).unwrap().count(), 0);
    stop(&machine);
    let damaged = root.path().join("run/off/b.xml");
    fs::write(&damaged, "<off").unwrap();
    assert_eq!(off(&open(root.path()), "b"), (false, State::Shutoff, 0));
    stop(&start(&one, &b).unwrap());
    assert_eq!(off(&open(root.path()), "b").2, 2);
    fs::write(root.path().join("run/domains.boot"), "an earlier boot").unwrap();
    assert_eq!(off(&open(root.path()), "b").2, 0);
}

#[test]
fn what_ran_before_the_machine_was_started_has_not_crashed() {
    let root = tempfile::tempdir().unwrap();
    let one = open_telling(root.path());
    let (a, b) = (definition("a", None), definition("b", None));
    define(&one, &a);
    let running = start(&one, &b).unwrap();
    start(&one, &a).unwrap().abandon();
    assert!(!told(root.path()).is_empty());
    fs::write(root.path().join("run/domains.boot"), "an earlier boot").unwrap();
    let two = open_telling(root.path());
    assert_eq!(off(&two, "a"), (false, State::Shutoff, 0));
    // An earlier version of the library, which does not note which boot it is, runs it.
    assert_eq!(off(&two, "b"), (true, State::Running, 1));
    assert_eq!(told(root.path()), []);
    stop(&running);
}
