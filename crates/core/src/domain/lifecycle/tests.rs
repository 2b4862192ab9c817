//! The end of domains that other processes hold: a socket whose other end the test has stands for such a process.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use super::*;
use crate::domain::launch;
use crate::storage::Storage;

/// None of these waits for anything that comes later.
const SILENCE: Duration = Duration::from_millis(20);

/// What comes in any case.
const PATIENCE: Duration = Duration::from_secs(60);

fn domains(root: &Path) -> Arc<Domains> {
    let storage = Arc::new(Storage::embed(root).unwrap());
    Domains::embed(root, launch, storage, Arc::default()).unwrap()
}

fn definition(name: &str) -> Arc<Definition> {
    let text = format!(
        "<domain type='kvm'><name>{name}</name><memory>9</memory><os><type>hvm</type></os></domain>"
    );
    Arc::new(Definition::parse(&text).unwrap())
}

fn define(domains: &Domains, name: &str) {
    let definition = definition(name);
    let mut change = domains.change().unwrap();
    let entry = change.claim(&definition).unwrap();
    change.set_config(&entry, definition).unwrap();
}

/// What `end_of` returns, which has to return.
fn end_of(domains: &Arc<Domains>, held: Held) -> Result<()> {
    let (tell, told) = mpsc::channel();
    let domains = domains.clone();
    std::thread::spawn(move || tell.send(domains.end_of(held, SILENCE)));
    told.recv_timeout(PATIENCE).expect("it is waited for without end")
}

#[test]
fn a_process_that_is_stopped_after_its_domain_has_ended_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let domains = domains(root.path());
    define(&domains, "kept");
    for name in ["kept", "transient"] {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        end_of(&domains, Held::by_stream(name, Some(1), ours)).unwrap();
    }
}

#[test]
fn a_later_run_of_the_domain_is_not_taken_for_the_one_that_has_ended() {
    let root = tempfile::tempdir().unwrap();
    let (here, other) = (domains(root.path()), domains(root.path()));
    let booted = Condition::BOOTED;
    let mut starting = here.starting(definition("again"), Origin::Caller, booted, None).unwrap();
    let machine = starting.open().unwrap();
    starting.finish(&machine).unwrap();
    let id = other.running_id("again").unwrap();
    assert!(id.is_some());
    let (ours, _theirs) = UnixStream::pair().unwrap();
    end_of(&other, Held::by_stream("again", id.map(|id| id + 1), ours)).unwrap();
    machine.stop(&destroying()).unwrap();
    assert_eq!(other.running_id("again").unwrap(), None);
}

#[test]
fn what_the_process_says_last_is_told() {
    let root = tempfile::tempdir().unwrap();
    let domains = domains(root.path());
    define(&domains, "kept");
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let error = Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, "the last writes are lost");
    let answer = holder::message::Answer { error: Some(error.into()) };
    theirs.write_all(&serde_json::to_vec(&answer).unwrap()).unwrap();
    theirs.write_all(b"\0").unwrap();
    let told = end_of(&domains, Held::by_stream("kept", Some(1), ours)).unwrap_err();
    assert!(told.message.contains("the last writes are lost"), "{told}");
}

#[test]
fn a_forked_process_neither_ends_nor_waits_for_what_its_parent_has_started() {
    let root = tempfile::tempdir().unwrap();
    let domains = domains(root.path());
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let parents = ours.try_clone().unwrap();
    domains.keep_held(Held::by_stream("parents", Some(1), ours).forked());
    domains.stop_of_connection(1).unwrap();
    // Nothing has been said, and the end that the parent has is open.
    let error = std::io::Read::read(&mut &theirs, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    drop(parents);
    assert_eq!(std::io::Read::read(&mut &theirs, &mut [0]).unwrap(), 0);
}
