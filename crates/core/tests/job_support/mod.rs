//! A domain with a chain of images, and every kind of job on it.
#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use virsparse_core::domain::{
    AbortFlags, CommitFlags, CopyFlags, CopyParameters, DefineFlags, Domain, RebaseFlags,
    StartFlags,
};
use virsparse_core::driver::Connect;

pub const NAME: &str = "guest";

/// The jobs, each with another way to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Pull,
    Rebase,
    Commit,
    ActiveCommit,
    ShallowCommit,
    RawCopy,
    Qcow2Copy,
    ShallowCopy,
    SynchronousCopy,
}

pub const WORKS: [Work; 9] = [
    Work::Pull,
    Work::RawCopy,
    Work::Commit,
    Work::ActiveCommit,
    Work::Qcow2Copy,
    Work::Rebase,
    Work::ShallowCopy,
    Work::ShallowCommit,
    Work::SynchronousCopy,
];

impl Work {
    /// Ends with a pivot.
    pub fn pivots(self) -> bool {
        !matches!(self, Work::Pull | Work::Rebase | Work::Commit)
    }

    /// The image on top when it is done, in the folder of the images, and its format.
    pub fn result(self) -> (&'static str, &'static str) {
        match self {
            Work::Pull | Work::Rebase | Work::Commit => ("top", "qcow2"),
            Work::ActiveCommit => ("base", "raw"),
            Work::ShallowCommit => ("mid", "qcow2"),
            Work::RawCopy | Work::SynchronousCopy => ("copy", "raw"),
            Work::Qcow2Copy | Work::ShallowCopy => ("copy", "qcow2"),
        }
    }

    /// Starts it, limited to so many bytes a second.
    pub fn start(self, domain: &Domain, folder: &Path, speed: u64) {
        let path = |name: &str| show(&folder.join(name)).to_string();
        let bytes = RebaseFlags::BANDWIDTH_BYTES;
        let commit = CommitFlags::BANDWIDTH_BYTES | CommitFlags::DELETE;
        let active = commit | CommitFlags::ACTIVE;
        let copy = |format: &str, flags: CopyFlags| {
            let xml = format!(
                "<disk type='file'><driver type='{format}'/><source file='{}'/></disk>",
                path("copy")
            );
            let parameters = CopyParameters { bandwidth: speed, ..Default::default() };
            domain.block_copy("vda", &xml, parameters, flags | CopyFlags::TRANSIENT_JOB)
        };
        match self {
            Work::Pull => domain.block_pull("vda", None, speed, bytes),
            Work::Rebase => domain.block_rebase("vda", Some(&path("base")), speed, bytes),
            Work::Commit => domain.block_commit("vda", None, Some(&path("mid")), speed, commit),
            Work::ActiveCommit => domain.block_commit("vda", None, None, speed, active),
            Work::ShallowCommit => {
                domain.block_commit("vda", None, None, speed, active | CommitFlags::SHALLOW)
            }
            Work::RawCopy => copy("raw", CopyFlags::empty()),
            Work::Qcow2Copy => copy("qcow2", CopyFlags::empty()),
            Work::ShallowCopy => copy("qcow2", CopyFlags::SHALLOW),
            Work::SynchronousCopy => copy("raw", CopyFlags::SYNCHRONOUS_WRITES),
        }
        .expect("start the job");
    }
}

/// Waits until the job has ended, or is ready.
pub fn wait(domain: &Domain) {
    for _ in 0..60_000 {
        match domain.block_job_info("vda").expect("info") {
            Some(info) if info.done < info.end => std::thread::sleep(Duration::from_millis(1)),
            _ => return,
        }
    }
    panic!("the job does not get done: {:?}", domain.block_job_info("vda"));
}

pub fn pivot(domain: &Domain) {
    domain.abort_block_job("vda", AbortFlags::PIVOT).expect("pivot");
}

pub fn connect(root: &Path) -> Arc<Connect> {
    Connect::open(&format!("sparse:///embed?root={}", show(root)), false).expect("connect")
}

/// Defines and starts the domain.
pub fn start(connect: &Arc<Connect>, image: &Path, format: &str) -> Arc<Domain> {
    let xml = format!(
        "<domain type='kvm'><name>{NAME}</name><memory>1024</memory><os><type>hvm</type></os>\
         <devices><disk type='file' device='disk'><driver name='qemu' type='{format}'/>\
         <source file='{}'/><target dev='vda'/></disk></devices></domain>",
        show(image)
    );
    let domain = connect.domains().define_domain(&xml, DefineFlags::empty()).expect("define");
    domain.create(StartFlags::empty()).expect("start");
    domain
}

/// Where the definition has its disk.
pub fn image_of(xml: &str) -> (PathBuf, String) {
    let between = |start: &str| {
        let (_, rest) = xml.split_once(start).unwrap_or_else(|| panic!("{start} in {xml}"));
        rest.split_once('\'').expect("an end").0.to_string()
    };
    (PathBuf::from(between("<source file='")), between("name='qemu' type='"))
}

pub fn show(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Runs a program, which must succeed; what it says.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *state >> 33
}

/// A number from the environment.
pub fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect(name))
}
