//! What is asked of a machine in another process arrives there as it was asked, and what that answers comes
//! back: a recorder behind the sockets of a domain.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use virsparse_base::errno::Errno;

use super::*;
use crate::block::{ExtentKind, Format, Remote};
use crate::domain::control::{Link, RemoteMachine, Right, Server};
use crate::domain::events::Lifecycle;
use crate::domain::snapshot_store::description::{Description, Mode, SHUTOFF, SnapshotDisk};
use crate::xml::Element;

struct There {
    /// The recorder itself.
    machine: Arc<dyn Machine>,
    remote: RemoteMachine,
    _server: Server,
    folder: tempfile::TempDir,
}

impl There {
    fn new() -> There {
        let text = "<domain type='kvm'><name>there</name><memory>9</memory><os><type>hvm</type></os>\
             <devices>\n  <disk type='file'><source file='/images/&amp;&quot;'/><target dev='vda'/></disk>\
             </devices></domain>";
        let recorder = Arc::new(Recorder {
            identity: Identity {
                id: 3,
                name: "there".to_string(),
                uuid: Uuid::new_v4(),
                autodestroy: None,
            },
            condition: Mutex::new(Condition::BOOTED),
            definition: Mutex::new(Arc::new(Definition::parse(text).unwrap())),
            redefined: Mutex::new(0),
        });
        let machine: Arc<dyn Machine> = recorder.clone();
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let weak: std::sync::Weak<dyn Machine> = Arc::downgrade(&machine);
        let server = Server::start(folder.path(), "there", weak).unwrap();
        let link = Link::new(folder.path().to_path_buf(), "there", 1, Right::Write, || Ok(Some(1)));
        let remote = RemoteMachine::new(recorder.identity.clone(), link);
        There { machine, remote, _server: server, folder }
    }

    /// What was asked of the recorder since the last call.
    fn asked(&self) -> Vec<Asked> {
        asked_of(self.machine.identity().uuid)
    }

    /// Starts a job, which must arrive as it is.
    fn start(&self, work: BlockWork) {
        let request = BlockJobRequest { target: "vda".to_string(), work };
        self.remote.start_block_job(&request).unwrap();
        assert_eq!(self.asked(), [Asked::StartJob(request)]);
    }
}

#[test]
fn jobs_arrive_as_they_are_asked_for() {
    let there = There::new();
    let base = |relative| Some(PullBase { name: "vda[2]".to_string(), relative });
    there.start(BlockWork::Pull { base: None, speed: 0 });
    there.start(BlockWork::Pull { base: base(true), speed: u64::MAX });
    there.start(BlockWork::Pull { base: base(false), speed: 1 });
    let (base, top) = (Some("/b".to_string()), Some("/t".to_string()));
    there.start(BlockWork::Commit { base, top, speed: 5, flags: CommitFlags::all() });
    let range = RangeRequest { offset: 1 << 40, length: 0, wait: true };
    there.start(BlockWork::Stream(range));
    there.start(BlockWork::Allocate(RangeRequest { wait: false, ..range }));
}

#[test]
fn copies_arrive_with_every_kind_of_destination() {
    let there = There::new();
    let not_utf8 = OsStr::from_bytes(b"/images/\xff\xfe").into();
    let nbd = "nbd+unix:///a%20b?socket=/run/x.sock";
    let sources = [
        Source::File("/images/\"ü\u{1}".into()),
        Source::File(not_utf8),
        Source::Block("/dev/sdz".into()),
        Source::Volume("pool".to_string(), "volume".to_string()),
        Source::Other("vhostuser".to_string()),
        Source::Remote(remote(nbd)),
        Source::Remote(remote("nbd://host:1234/export")),
    ];
    for source in sources {
        there.start(BlockWork::Copy(CopyRequest {
            destination: CopyDestination {
                kind: "network".to_string(),
                element: Element::new("source").with_attr("a", "<&'\"\n").with_text(" x "),
                source,
                format: Some(Format::Qcow2),
                assumed: true,
                timeout: Some(Duration::from_millis(1500)),
            },
            parameters: CopyParameters { bandwidth: 1, granularity: 65536, buffer_size: 1 << 50 },
            flags: CopyFlags::all(),
        }));
    }
}

fn remote(uri: &str) -> Remote {
    match crate::block::Location::from("/").backing(uri).unwrap().location {
        crate::block::Location::Remote(remote) => remote,
        other => panic!("{other}"),
    }
}

#[test]
fn snapshots_arrive_as_they_are_asked_for() {
    let there = There::new();
    let disk = |mode, source| SnapshotDisk {
        name: "vda".to_string(),
        mode,
        format: Some("qcow2".to_string()),
        source,
        kind: "file".to_string(),
    };
    let request = SnapshotRequest {
        snapshot: Description {
            name: "s 1".to_string(),
            description: Some("of <today>".to_string()),
            state: SHUTOFF.to_string(),
            parent: None,
            created: 1_700_000_000,
            memory: Element::new("memory").with_attr("snapshot", "no"),
            disks: vec![
                disk(None, None),
                disk(Some(Mode::External), Some(Source::File("/a.s".into()))),
                disk(Some(Mode::Manual), Some(Source::Other("network".to_string()))),
            ],
            domain: None,
            inactive: None,
        },
        whole: false,
        reuse: true,
        no_metadata: false,
        halt: true,
        quiesce: false,
    };
    there.remote.take_snapshot(&request).unwrap();
    assert_eq!(there.asked(), [Asked::Snapshot(request.clone())]);
    // What is only there in memory is not asked for.
    let whole = SnapshotRequest { whole: true, ..request };
    assert_eq!(there.remote.take_snapshot(&whole).unwrap_err().code, VIR_ERR_NO_SUPPORT);
    assert_eq!(there.asked(), []);
}

#[test]
fn changes_arrive_as_they_are_asked_for() {
    let there = There::new();
    let stop = StopRequest {
        drain: Duration::from_millis(10_001),
        forced: true,
        off: Condition::DESTROYED,
        events: vec![Lifecycle::SHUTDOWN_HOST, Lifecycle::STOPPED_DESTROYED],
    };
    there.remote.suspend().unwrap();
    there.remote.resume().unwrap();
    there.remote.stop(&stop).unwrap();
    let resize = ResizeRequest {
        target: "vda".to_string(),
        bytes: i64::MAX as u64,
        to_capacity: true,
        only_extend: false,
    };
    there.remote.resize(&resize).unwrap();
    there.remote.set_block_job_speed("vda", 1 << 63).unwrap();
    there.remote.abort_block_job("vda", AbortFlags::PIVOT).unwrap();
    assert_eq!(
        there.asked(),
        [
            Asked::Suspend,
            Asked::Resume,
            Asked::Stop(stop),
            Asked::Resize(resize),
            Asked::Speed("vda".to_string(), 1 << 63),
            Asked::AbortJob("vda".to_string()),
        ]
    );
}

#[test]
fn a_definition_is_changed_from_what_it_is_there() {
    let there = There::new();
    let before = there.remote.definition().unwrap();
    let now = there.machine.definition().unwrap();
    assert!(before.says_the_same_as(&now));
    let text = before.to_xml().replace("</devices>", "<watchdog/></devices>");
    let after = Arc::new(Definition::parse_stored(&text).unwrap());
    let live = Replacement { before: before.clone(), after: after.clone() };
    let change = DiskChange::Attach("vdb".to_string());
    let request = Redefinition { live, kept: None, change: change.clone() };
    assert_eq!(there.remote.redefine(&request).unwrap(), Redefined::Outdated);
    assert_eq!(there.remote.redefine(&request).unwrap(), Redefined::Done);
    assert_eq!(there.asked(), [Asked::Redefine(change)]);
    assert!(there.machine.definition().unwrap().says_the_same_as(&after));
    // The recorder takes what it has as what was there before.
    assert!(there.remote.live_xml().unwrap().contains("<watchdog/>"));
}

#[test]
fn answers_come_back_as_they_are_given() {
    let there = There::new();
    let (here, remote) = (&there.machine, &there.remote);
    assert_eq!(remote.condition(), here.condition());
    assert_eq!(remote.live_xml(), here.live_xml());
    assert_eq!(remote.disks(), here.disks());
    assert_eq!(remote.disk("vdx"), here.disk("vdx"));
    let failed = remote.disk("vdx").unwrap().last_failure.unwrap().0;
    assert_eq!(failed, Errno::ENOSPC);
    assert_eq!(remote.images("vda"), here.images("vda"));
    assert_eq!(remote.images("vda").unwrap().len(), 2);
    assert_eq!(remote.disk_sizes("vda"), here.disk_sizes("vda"));
    assert_eq!(remote.uses_image((1, 2), Some("vda")), here.uses_image((1, 2), Some("vda")));
    assert_eq!(remote.peek("vda", 0, 0), here.peek("vda", 0, 0));
    assert_eq!(remote.peek("vda", 3, 100_000), here.peek("vda", 3, 100_000));
    assert_eq!(remote.block_job("vda"), here.block_job("vda"));
    assert_eq!(remote.stream_increment("vda", 5), Ok(6));
    assert_eq!(remote.stream_position("vda"), Ok(9));
    // Of an error all fields come back.
    assert_eq!(
        remote.stream_report("of this").unwrap_err(),
        here.stream_report("of this").unwrap_err()
    );
    let report = |machine: &dyn Machine| {
        let report = machine.block_job_report("vda").unwrap().unwrap();
        (report.kind, report.progress, report.elapsed, report.remaining, report.outcome)
    };
    assert_eq!(report(remote), report(&**here));
}

#[test]
fn a_long_list_of_extents_comes_in_parts() {
    let there = There::new();
    let request = ExtentsRequest { target: "many".to_string(), offset: 0, length: 0 };
    let here = there.machine.extents(&request).unwrap();
    assert!(here.len() > 40_000);
    assert_eq!(there.remote.extents(&request).unwrap(), here);
    assert!(here.iter().any(|extent| extent.kind == ExtentKind::Hole && extent.host.is_none()));
    let none = ExtentsRequest { target: "vda".to_string(), offset: 0, length: 0 };
    assert_eq!(there.remote.extents(&none).unwrap(), []);
}

#[test]
fn threads_call_side_by_side() {
    let there = There::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for offset in 0..100 {
                    assert_eq!(there.remote.stream_increment("vda", offset), Ok(offset + 1));
                }
            });
        }
    });
}

#[test]
fn a_folder_that_others_may_use_is_refused() {
    let there = There::new();
    fs::set_permissions(there.folder.path(), fs::Permissions::from_mode(0o710)).unwrap();
    let error = there.remote.condition().unwrap_err();
    assert_eq!(error.code, VIR_ERR_OPERATION_FAILED);
    assert!(error.message.contains("(mode 710)"), "{error}");
}

/// Says something to whoever calls, whatever that asks for, until it is dropped.
struct Liar {
    folder: tempfile::TempDir,
}

impl Liar {
    /// Each connection gets the next of these answers, to one call or until it hangs up.
    fn new(answers: Vec<Vec<u8>>) -> Liar {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(folder.path().join("control.sock"));
        let listener = listener.unwrap();
        // It ends with the process: nobody connects any more.
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut call = [0; 65536];
                let _ = std::io::Read::read(&mut stream, &mut call);
                let _ = std::io::Write::write_all(&mut stream, &answers[number % answers.len()]);
            }
        });
        Liar { folder }
    }

    fn machine(&self) -> RemoteMachine {
        let identity =
            Identity { id: 1, name: "l".to_string(), uuid: Uuid::new_v4(), autodestroy: None };
        let folder = self.folder.path().to_path_buf();
        RemoteMachine::new(identity, Link::new(folder, "l", 1, Right::Write, || Ok(Some(1))))
    }
}

#[test]
fn whatever_the_other_process_answers_is_an_error_at_most() {
    let error = |parameters: &str| {
        format!("{{\"error\":\"io.libvirsparse.Domain.Failed\",\"parameters\":{parameters}}}\0")
    };
    let texts = [
        String::new(),
        "\0".to_string(),
        "{}\0".to_string(),
        "{}".to_string(),
        "null\0".to_string(),
        "HTTP/1.1 400 Bad Request\r\n\r\n\0".to_string(),
        "{\"parameters\":{\"xml\":\"<a\"}}\0".to_string(),
        "{\"parameters\":{\"xml\":\"<domain/>\",\"uses\":7,\"next\":-1,\"offset\":1e300}}\0".to_string(),
        "{\"parameters\":{\"condition\":{\"state\":77,\"reason\":0},\"base64\":\"?\"}}\0".to_string(),
        "{\"parameters\":{\"disks\":[{\"target\":1}],\"images\":{},\"extents\":[]},\"continues\":true}\0".to_string(),
        "{\"parameters\":{\"job\":{\"kind\":99,\"bandwidth\":0,\"done\":0,\"end\":0}}}\0".to_string(),
        "{\"parameters\":{\"outcome\":\"unflushed\",\"error\":null}}\0".to_string(),
        error("{}"),
        error("{\"code\":123456,\"domain\":-7,\"message\":\"m\",\"str1\":null,\"str2\":null,\"int1\":0,\"int2\":0}"),
        "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":[]}\0".to_string(),
        "[".repeat(200_000) + "\0",
    ];
    let liar = Liar::new(texts.iter().map(|text| text.clone().into_bytes()).collect());
    let machine = liar.machine();
    let before = Arc::new(
        Definition::parse(
            "<domain type='kvm'><name>l</name><memory>9</memory><os><type>hvm</type></os></domain>",
        )
        .unwrap(),
    );
    let live = Replacement { before: before.clone(), after: before };
    let redefinition = Redefinition { live, kept: None, change: DiskChange::None };
    let request = ExtentsRequest { target: "vda".to_string(), offset: 0, length: 0 };
    let mut errors = 0;
    for _ in 0..texts.len() {
        errors += [
            machine.condition().is_err(),
            machine.definition().is_err(),
            machine.disks().is_err(),
            machine.images("vda").is_err(),
            machine.extents(&request).is_err(),
            machine.peek("vda", 0, 16).is_err(),
            machine.block_job("vda").is_err(),
            machine.stream_report("vda").is_err(),
            machine.redefine(&redefinition).is_err(),
            machine.stream_increment("vda", 0).is_err(),
            machine.uses_image((1, 1), None).is_err(),
        ]
        .iter()
        .filter(|failed| **failed)
        .count();
    }
    // There are few among the answers that fit to anything.
    assert!(errors > 11 * (texts.len() - 3), "{errors}");
}

#[test]
fn an_error_of_a_newer_version_keeps_its_number() {
    let text = "{\"error\":\"io.libvirsparse.Domain.Failed\",\"parameters\":{\"code\":123456,\"domain\":20,\
                \"message\":\"m\",\"str1\":null,\"str2\":null,\"int1\":0,\"int2\":0}}\0";
    let liar = Liar::new(vec![text.as_bytes().to_vec()]);
    let error = liar.machine().suspend().unwrap_err();
    assert_eq!((error.number, error.message.as_str()), (Some(123_456), "m"));
    let text = "{\"error\":\"org.varlink.service.InvalidParameter\",\
                \"parameters\":{\"parameter\":\"forced\"}}\0";
    let liar = Liar::new(vec![text.as_bytes().to_vec()]);
    let error = liar.machine().suspend().unwrap_err();
    assert_eq!(error.code, VIR_ERR_OPERATION_UNSUPPORTED);
    assert!(error.message.contains("cannot do Suspend with 'forced'"), "{error}");
}
