//! The functions of domains over a machine that only records what is asked of it: they work with whatever
//! runs a domain.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use uuid::Uuid;
use virsparse_base::errno::Errno;

use super::blockjob::RebaseFlags;
use super::config::definition::Definition;
use super::connection::Connection;
use super::images::extents::ExtentsRequest;
use super::images::sizes::BlockInfo;
use super::machine::block_job::*;
use super::machine::change::*;
use super::machine::condition::{Condition, State};
use super::machine::disk::{DiskReport, ImageReport, ResizeRequest};
use super::machine::guest_time::GuestTime;
use super::machine::{Identity, Machine};
use super::registry::launch::Start;
use super::*;
use crate::block::{Extent, ExtentKind};
use crate::error::*;
use crate::host::TestHost;
use crate::job::Progress;
use crate::session::Session;
use crate::storage::Storage;

mod remote;

/// What has been asked of which machine.
static ASKED: Mutex<Vec<(Uuid, Asked)>> = Mutex::new(Vec::new());

#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Stop(StopRequest),
    Suspend,
    Resume,
    Resize(ResizeRequest),
    StartJob(BlockJobRequest),
    AbortJob(String),
    Speed(String, u64),
    Redefine(DiskChange),
    Snapshot(SnapshotRequest),
}

/// A machine without disks. Its first redefinition is outdated.
struct Recorder {
    identity: Identity,
    condition: Mutex<Condition>,
    definition: Mutex<Arc<Definition>>,
    redefined: Mutex<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn launch_recorder(start: Start) -> Result<Arc<dyn Machine>> {
    let Definition { name, uuid, .. } = &*start.definition;
    let (id, name, uuid, autodestroy) = (start.id, name.clone(), *uuid, start.autodestroy);
    Ok(Arc::new(Recorder {
        identity: Identity { id, name, uuid, autodestroy },
        condition: Mutex::new(start.condition),
        definition: Mutex::new(start.definition),
        redefined: Mutex::new(0),
    }))
}

impl Recorder {
    fn note(&self, asked: Asked) {
        lock(&ASKED).push((self.identity.uuid, asked));
    }
}

/// What was asked of a domain's machine since the last call.
fn asked(domain: &Domain) -> Vec<Asked> {
    asked_of(domain.uuid())
}

fn asked_of(domain: Uuid) -> Vec<Asked> {
    let mut all = lock(&ASKED);
    let (own, others) = all.drain(..).partition(|(uuid, _)| *uuid == domain);
    *all = others;
    let own: Vec<(Uuid, Asked)> = own;
    own.into_iter().map(|(_, asked)| asked).collect()
}

impl Machine for Recorder {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn condition(&self) -> Result<Condition> {
        Ok(*lock(&self.condition))
    }

    fn definition(&self) -> Result<Arc<Definition>> {
        Ok(lock(&self.definition).clone())
    }

    fn live_xml(&self) -> Result<String> {
        Ok(lock(&self.definition).to_xml())
    }

    fn disks(&self) -> Result<Vec<DiskReport>> {
        Ok(vec![self.disk("vda")?])
    }

    fn disk(&self, target: &str) -> Result<DiskReport> {
        Ok(DiskReport {
            target: target.to_string(),
            path: Some("/images/a".to_string()),
            uri: Some("nbd+unix:///vda?socket=elsewhere".to_string()),
            tcp_uri: None,
            index: Some(1),
            stats: DiskStats { reads: 7, ..DiskStats::default() },
            threshold: 0,
            failed: None,
            last_failure: Some((Errno::ENOSPC, UNIX_EPOCH + Duration::new(1_700_000_000, 17))),
            streamed: Some(Progress { done: 1, end: u64::MAX }),
        })
    }

    fn images(&self, _: &str) -> Result<Vec<ImageReport>> {
        let sizes = BlockInfo { capacity: 3, allocation: 2, physical: 1 };
        let path = OsStr::from_bytes(b"/images/\xfe").into();
        let failed = Error::system(VIR_FROM_STORAGE, Errno::EACCES, "cannot stat file 'b'");
        Ok(vec![
            ImageReport { index: 1, path: "/images/a".into(), sizes: Ok(sizes) },
            ImageReport { index: 2, path, sizes: Err(failed) },
        ])
    }

    fn disk_sizes(&self, _: &str) -> Result<Option<BlockInfo>> {
        Ok(Some(BlockInfo { capacity: 3, allocation: 2, physical: 1 }))
    }

    fn uses_image(&self, _: (u64, u64), _: Option<&str>) -> Result<bool> {
        Ok(false)
    }

    fn extents(&self, request: &ExtentsRequest) -> Result<Vec<Extent>> {
        let many = if request.target == "many" { 50_000 } else { 0 };
        Ok((0..many)
            .map(|number: u64| Extent {
                offset: number << 16,
                length: 1 << 16,
                kind: [ExtentKind::Data, ExtentKind::Zero, ExtentKind::Hole][number as usize % 3],
                depth: number as u32 % 2,
                present: !number.is_multiple_of(5),
                host: number.is_multiple_of(3).then_some(number << 20),
            })
            .collect())
    }

    fn peek(&self, _: &str, _: u64, size: usize) -> Result<Vec<u8>> {
        Ok(vec![5; size])
    }

    fn resize(&self, request: &ResizeRequest) -> Result<()> {
        self.note(Asked::Resize(request.clone()));
        Ok(())
    }

    fn set_threshold(&self, _: &str, _: u64) -> Result<()> {
        Ok(())
    }

    fn start_block_job(&self, request: &BlockJobRequest) -> Result<()> {
        self.note(Asked::StartJob(request.clone()));
        Ok(())
    }

    fn block_job(&self, _: &str) -> Result<Option<BlockJobInfo>> {
        Ok(Some(BlockJobInfo { kind: Kind::Copy, bandwidth: 4, done: 1, end: 2 }))
    }

    fn block_job_report(&self, _: &str) -> Result<Option<BlockJobReport>> {
        Ok(Some(BlockJobReport {
            kind: Kind::ActiveCommit,
            progress: Progress { done: 5, end: 6 },
            elapsed: Duration::new(3, 7),
            remaining: Some(Duration::from_nanos(1)),
            outcome: Some(Outcome::Failed(Error::internal(VIR_FROM_STORAGE, "broken"))),
        }))
    }

    fn set_block_job_speed(&self, target: &str, speed: u64) -> Result<()> {
        self.note(Asked::Speed(target.to_string(), speed));
        Ok(())
    }

    fn abort_block_job(&self, target: &str, _: AbortFlags) -> Result<()> {
        self.note(Asked::AbortJob(target.to_string()));
        Ok(())
    }

    fn stream_increment(&self, _: &str, offset: u64) -> Result<u64> {
        Ok(offset + 1)
    }

    fn stream_position(&self, _: &str) -> Result<u64> {
        Ok(9)
    }

    fn stream_report(&self, target: &str) -> Result<BlockJobReport> {
        Err(Error::internal(VIR_FROM_DOMAIN, target))
    }

    fn abort_stream(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn stop(&self, request: &StopRequest) -> Result<()> {
        self.note(Asked::Stop(request.clone()));
        Ok(())
    }

    fn abandon(&self) {}

    fn suspend(&self) -> Result<()> {
        self.note(Asked::Suspend);
        *lock(&self.condition) = Condition::PAUSED;
        Ok(())
    }

    fn resume(&self) -> Result<()> {
        self.note(Asked::Resume);
        *lock(&self.condition) = Condition::UNPAUSED;
        Ok(())
    }

    fn restart(&self) -> Result<()> {
        Ok(())
    }

    fn set_state(&self, _: State) -> Result<()> {
        Ok(())
    }

    fn redefine(&self, request: &Redefinition) -> Result<Redefined> {
        let mut redefined = lock(&self.redefined);
        *redefined += 1;
        if *redefined == 1 {
            return Ok(Redefined::Outdated);
        }
        self.note(Asked::Redefine(request.change.clone()));
        *lock(&self.definition) = request.live.after.clone();
        Ok(Redefined::Done)
    }

    fn take_snapshot(&self, request: &SnapshotRequest) -> Result<()> {
        self.note(Asked::Snapshot(request.clone()));
        Ok(())
    }

    fn guest_time(&self) -> Result<GuestTime> {
        Ok(GuestTime::TEST)
    }

    fn set_guest_time(&self, _: GuestTime) -> Result<()> {
        Ok(())
    }
}

/// A transient domain that runs in a recorder.
fn started(name: &str) -> Arc<Domain> {
    let (storage, session) = (Arc::new(Storage::in_memory()), Session::alone());
    let events = session.shared_events().clone();
    let domains = Domains::in_memory(TestHost::default(), launch_recorder, storage, events);
    let connection = Connection::new(session, domains);
    let xml = format!(
        "<domain type='kvm'><name>{name}</name><memory>9</memory><os><type>hvm</type></os>\
         <devices><disk><driver type='qcow2'/><source file='/images/a'/><target dev='vda'/></disk>\
         </devices></domain>"
    );
    connection.create_domain(&xml, StartFlags::PAUSED).unwrap()
}

#[test]
fn a_domain_runs_in_what_the_launcher_has_made() {
    let domain = started("recorded");
    assert_eq!(domain.condition().unwrap(), Condition::PAUSED);
    domain.resume().unwrap();
    assert_eq!(domain.condition().unwrap(), Condition::UNPAUSED);
    domain.suspend().unwrap();
    domain.destroy(DestroyFlags::GRACEFUL).unwrap();
    let stopped = match asked(&domain).as_slice() {
        [Asked::Resume, Asked::Suspend, Asked::Stop(stopped)] => stopped.clone(),
        other => panic!("{other:?}"),
    };
    assert!(stopped.forced && !stopped.drain.is_zero());
    assert_eq!(stopped.off, Condition::DESTROYED);
}

#[test]
fn questions_about_disks_are_answered_by_the_machine() {
    let domain = started("asked");
    assert_eq!(domain.block_stats("vda").unwrap().reads, 7);
    let uri = domain.disk_uri("/images/a", UriFlags::empty()).unwrap();
    assert_eq!(uri, "nbd+unix:///vda?socket=elsewhere");
    let sizes = BlockInfo { capacity: 3, allocation: 2, physical: 1 };
    assert_eq!(domain.block_info("vda").unwrap(), sizes);
    domain.block_resize("vda", 1, ResizeFlags::EXTEND).unwrap();
    let request = ResizeRequest {
        target: "vda".to_string(),
        bytes: 1024,
        to_capacity: false,
        only_extend: true,
    };
    assert_eq!(asked(&domain), [Asked::Resize(request)]);
}

#[test]
fn a_rebase_with_a_copy_asks_for_what_a_copy_asks_for() {
    let domain = started("copied");
    let flags = RebaseFlags::COPY | RebaseFlags::SHALLOW;
    domain.block_rebase("vda", Some("/images/copy"), 3, flags).unwrap();
    let xml = "<disk type='file'><source file='/images/copy'/></disk>";
    let parameters = CopyParameters { bandwidth: 3 << 20, ..CopyParameters::default() };
    domain.block_copy("/images/a", xml, parameters, CopyFlags::SHALLOW).unwrap();
    match asked(&domain).as_slice() {
        [Asked::StartJob(rebase), Asked::StartJob(copy)] => {
            assert_eq!(rebase, copy);
            assert_eq!(rebase.target, "vda");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn jobs_are_asked_for_and_steered_by_target() {
    let domain = started("worked");
    domain.block_pull("vda", Some("b"), 0, RebaseFlags::empty()).unwrap();
    assert_eq!(domain.block_job_info("/images/a").unwrap().unwrap().kind, Kind::Copy);
    domain.set_block_job_speed("/images/a", 2, BandwidthFlags::empty()).unwrap();
    domain.abort_block_job("/images/a", AbortFlags::PIVOT).unwrap();
    let target = || "vda".to_string();
    let base = Some(PullBase { name: "b".to_string(), relative: false });
    let work = BlockWork::Pull { base, speed: 0 };
    assert_eq!(
        asked(&domain),
        [
            Asked::StartJob(BlockJobRequest { target: target(), work }),
            Asked::Speed(target(), 2 << 20),
            Asked::AbortJob(target()),
        ]
    );
}

#[test]
fn an_outdated_change_of_the_definition_is_made_again() {
    let domain = started("changed");
    let disk = "<disk><source file='/images/b'/><target dev='vdb'/></disk>";
    domain.attach_device(disk, DeviceFlags::LIVE).unwrap();
    let attached = DiskChange::Attach("vdb".to_string());
    assert_eq!(asked(&domain), [Asked::Redefine(attached)]);
    assert!(domain.xml(XmlFlags::empty()).unwrap().contains("/images/b"));
}

#[test]
fn snapshots_of_disks_are_taken_by_the_machine() {
    let domain = started("kept");
    let xml = "<domainsnapshot><name>s</name></domainsnapshot>";
    let flags = SnapshotCreateFlags::DISK_ONLY | SnapshotCreateFlags::REUSE_EXT;
    domain.create_snapshot(xml, flags).unwrap();
    match asked(&domain).as_slice() {
        [Asked::Snapshot(request)] => {
            assert!(request.reuse && !request.whole && !request.halt);
            assert_eq!(request.snapshot.name, "s");
        }
        other => panic!("{other:?}"),
    }
}
