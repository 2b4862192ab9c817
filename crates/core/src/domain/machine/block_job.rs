//! Block jobs as they are asked for, and what is told of them.

use std::time::Duration;

use crate::block::Format;
use crate::domain::config::source::Source;
use crate::enums::domain::{
    virDomainBlockCommitFlags, virDomainBlockCopyFlags, virDomainBlockJobAbortFlags,
    virDomainBlockJobType,
};
use crate::enums::flags;
use crate::error::Error;
use crate::job::{self, Progress};
use crate::xml::Element;

flags! {
    /// How a block job is ended.
    #[derive(Clone, Copy)]
    pub struct AbortFlags: u32 = virDomainBlockJobAbortFlags {
        const ASYNC = VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC;
        const PIVOT = VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT;
    }

    /// How a disk is copied.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct CopyFlags: u32 = virDomainBlockCopyFlags {
        /// Only the image on top.
        const SHALLOW = VIR_DOMAIN_BLOCK_COPY_SHALLOW;
        /// Onto something that is there.
        const REUSE_EXT = VIR_DOMAIN_BLOCK_COPY_REUSE_EXT;
        /// The definition need not know of the copy.
        const TRANSIENT_JOB = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB;
        /// What guests write goes to both at once.
        const SYNCHRONOUS_WRITES = VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES;
        /// The target reads as zeros.
        const TARGET_ZEROED = VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED;
    }

    /// How images are committed.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct CommitFlags: u32 = virDomainBlockCommitFlags {
        const SHALLOW = VIR_DOMAIN_BLOCK_COMMIT_SHALLOW;
        const DELETE = VIR_DOMAIN_BLOCK_COMMIT_DELETE;
        const ACTIVE = VIR_DOMAIN_BLOCK_COMMIT_ACTIVE;
        const RELATIVE = VIR_DOMAIN_BLOCK_COMMIT_RELATIVE;
        const BANDWIDTH_BYTES = VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES;
    }
}

/// What a job is: a virDomainBlockJobType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    Pull = virDomainBlockJobType::VIR_DOMAIN_BLOCK_JOB_TYPE_PULL as u32,
    Copy = virDomainBlockJobType::VIR_DOMAIN_BLOCK_JOB_TYPE_COPY as u32,
    Commit = virDomainBlockJobType::VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT as u32,
    ActiveCommit = virDomainBlockJobType::VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT as u32,
}

impl Kind {
    /// The type of a number.
    pub fn from_number(number: u32) -> Option<Kind> {
        let all = [Kind::Pull, Kind::Copy, Kind::Commit, Kind::ActiveCommit];
        all.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// How a job has ended.
pub type Outcome = job::Outcome<Error>;

/// A job that is to be started on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockJobRequest {
    pub target: String,
    pub work: BlockWork,
}

/// What a job is to do. Speeds are in bytes a second, 0 for no limit.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockWork {
    /// Brings what is below the active layer, or between it and a base, into it.
    Pull { base: Option<PullBase>, speed: u64 },
    /// Brings what `top` and the images between have into `base`.
    Commit { base: Option<String>, top: Option<String>, speed: u64, flags: CommitFlags },
    /// Copies the disk, and keeps the copy equal until told what to do with it.
    Copy(CopyRequest),
    /// Brings what a range is read from below into the active layer.
    Stream(RangeRequest),
    /// Gives a range of the active layer space of its own.
    Allocate(RangeRequest),
}

/// The image that stays below the active layer after a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullBase {
    pub name: String,
    /// The active layer calls it by a relative name.
    pub relative: bool,
}

/// A range of a disk, to the end if `length` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeRequest {
    pub offset: u64,
    pub length: u64,
    /// The request is answered only when the job has ended.
    pub wait: bool,
}

/// A copy that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyRequest {
    pub destination: CopyDestination,
    pub parameters: CopyParameters,
    pub flags: CopyFlags,
}

/// Where a copy goes.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyDestination {
    /// The type of the `<disk>` that describes it.
    pub kind: String,
    /// The `<source>` that describes it.
    pub element: Element,
    /// What that names.
    pub source: Source,
    /// `None` for the format of the disk that is copied.
    pub format: Option<Format>,
    /// The caller has named no format in XML: what is there already is refused if it begins as an image
    /// of another one.
    pub assumed: bool,
    /// A server that says nothing for so long while it owes an answer is lost; `None` if never.
    pub timeout: Option<Duration>,
}

/// What else can be asked of a copy; 0 is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyParameters {
    /// Bytes a second.
    pub bandwidth: u64,
    /// The unit in which changes are noted, in bytes.
    pub granularity: u32,
    /// The most bytes that are on their way.
    pub buffer_size: u64,
}

/// What virDomainGetBlockJobInfo tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockJobInfo {
    pub kind: Kind,
    /// In bytes a second.
    pub bandwidth: u64,
    pub done: u64,
    pub end: u64,
}

/// How the job on a disk stands, or how the last one has ended.
#[derive(Clone, Debug)]
pub struct BlockJobReport {
    pub kind: Kind,
    pub progress: Progress,
    /// Since it was started, until now or until its end.
    pub elapsed: Duration,
    /// How long it will still take, if that can be estimated; nothing when it has ended.
    pub remaining: Option<Duration>,
    /// `None` while it runs.
    pub outcome: Option<Outcome>,
}
