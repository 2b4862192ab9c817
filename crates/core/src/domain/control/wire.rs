//! What the messages of a control connection consist of, and how it becomes what a machine takes and gives.
//! The names are those of `io.libvirsparse.Domain.varlink`, and they stay, whatever ours become.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use virsparse_base::errno::Errno;

use crate::block::filter::meter::DiskStats;
use crate::block::{BackingName, ExtentKind, Location};
use crate::domain::config::source;
use crate::domain::events::Lifecycle;
use crate::domain::images::sizes::BlockInfo;
use crate::domain::machine::block_job::{BlockJobInfo, BlockJobReport, Kind, Outcome};
use crate::domain::machine::condition;
use crate::domain::machine::disk::{DiskReport, ImageReport};
use crate::domain::snapshot_store::description;
use crate::error::{
    self, Result, VIR_ERR_INTERNAL_ERROR, VIR_FROM_DOMAIN, virErrorDomain, virErrorNumber,
};
use crate::job;

/// What arrives and cannot be, from a peer that is of another version or is none of ours.
pub fn invalid(what: &str) -> error::Error {
    error::Error::internal(VIR_FROM_DOMAIN, format!("control connection: {what}"))
}

/// An error, as libvirt's callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Error {
    pub code: i32,
    pub domain: i32,
    pub message: String,
    pub str1: Option<String>,
    pub str2: Option<String>,
    pub int1: i32,
    pub int2: i32,
}

impl From<error::Error> for Error {
    fn from(error: error::Error) -> Error {
        let error::Error { code, number, domain, message, str1, str2, int1, int2 } = error;
        let (code, domain) = (number.unwrap_or(code as i32), domain as i32);
        Error { code, domain, message, str1, str2, int1, int2 }
    }
}

impl From<Error> for error::Error {
    fn from(error: Error) -> error::Error {
        let Error { code: number, domain, message, str1, str2, int1, int2 } = error;
        let code = virErrorNumber::from_number(number);
        // The caller is told the number that a newer version has for it.
        let (code, number) = match code {
            Some(code) => (code, None),
            None => (VIR_ERR_INTERNAL_ERROR, Some(number)),
        };
        let domain = virErrorDomain::from_number(domain).unwrap_or(VIR_FROM_DOMAIN);
        error::Error { code, number, domain, message, str1, str2, int1, int2 }
    }
}

/// A path: text, or its bytes where it is not UTF-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    pub text: Option<String>,
    pub bytes: Option<Vec<u8>>,
}

impl From<PathBuf> for Path {
    fn from(path: PathBuf) -> Path {
        match path.into_os_string().into_string() {
            Ok(text) => Path { text: Some(text), bytes: None },
            Err(other) => Path { text: None, bytes: Some(other.into_vec()) },
        }
    }
}

impl TryFrom<Path> for PathBuf {
    type Error = error::Error;

    fn try_from(path: Path) -> Result<PathBuf> {
        match (path.text, path.bytes) {
            (Some(text), None) => Ok(text.into()),
            (None, Some(bytes)) => Ok(OsString::from_vec(bytes).into()),
            _ => Err(invalid("a path is neither text nor bytes")),
        }
    }
}

/// What a domain is doing, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub state: u32,
    pub reason: i32,
}

impl From<condition::Condition> for Condition {
    fn from(condition: condition::Condition) -> Condition {
        Condition { state: condition.state as u32, reason: condition.reason }
    }
}

impl TryFrom<Condition> for condition::Condition {
    type Error = error::Error;

    fn try_from(condition: Condition) -> Result<condition::Condition> {
        let Condition { state, reason } = condition;
        let state = condition::State::from_number(state);
        let state = state.ok_or_else(|| invalid("a domain is in an unknown state"))?;
        Ok(condition::Condition { state, reason })
    }
}

/// What happens in a domain's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifecycleEvent {
    pub event: i32,
    pub detail: i32,
}

impl From<Lifecycle> for LifecycleEvent {
    fn from(event: Lifecycle) -> LifecycleEvent {
        let (event, detail) = event.numbers();
        LifecycleEvent { event, detail }
    }
}

impl From<LifecycleEvent> for Lifecycle {
    fn from(event: LifecycleEvent) -> Lifecycle {
        Lifecycle::from_numbers(event.event, event.detail)
    }
}

/// How far something is, in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    pub end: u64,
}

impl From<job::Progress> for Progress {
    fn from(progress: job::Progress) -> Progress {
        Progress { done: progress.done, end: progress.end }
    }
}

impl From<Progress> for job::Progress {
    fn from(progress: Progress) -> job::Progress {
        job::Progress { done: progress.done, end: progress.end }
    }
}

/// What guests have done with a disk. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub reads: u64,
    pub read_bytes: u64,
    pub read_time: u64,
    pub writes: u64,
    pub write_bytes: u64,
    pub write_time: u64,
    pub flushes: u64,
    pub flush_time: u64,
}

/// Both directions of a conversion between structs whose fields have the same names.
macro_rules! same_fields {
    ($one:ty, $other:ty: $($field:ident)*) => {
        impl From<$one> for $other {
            fn from(one: $one) -> $other {
                type Other = $other;
                Other { $($field: one.$field),* }
            }
        }

        impl From<$other> for $one {
            fn from(other: $other) -> $one {
                type One = $one;
                One { $($field: other.$field),* }
            }
        }
    };
}

same_fields!(
    DiskStats, Statistics:
    reads read_bytes read_time writes write_bytes write_time flushes flush_time
);

/// The last failed request of a guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub errno: i32,
    /// Since 1970.
    pub seconds: u64,
    pub nanoseconds: u32,
}

/// An open disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    pub target: String,
    pub path: Option<String>,
    pub uri: Option<String>,
    pub tcp_uri: Option<String>,
    pub index: Option<u32>,
    pub statistics: Statistics,
    pub threshold: u64,
    pub failed: Option<i32>,
    pub last_failure: Option<Failure>,
    pub streamed: Option<Progress>,
}

impl From<DiskReport> for Disk {
    fn from(disk: DiskReport) -> Disk {
        let failure = |(errno, when): (Errno, SystemTime)| {
            let since = when.duration_since(UNIX_EPOCH).unwrap_or_default();
            let (seconds, nanoseconds) = (since.as_secs(), since.subsec_nanos());
            Failure { errno: errno.raw(), seconds, nanoseconds }
        };
        Disk {
            target: disk.target,
            path: disk.path,
            uri: disk.uri,
            tcp_uri: disk.tcp_uri,
            index: disk.index,
            statistics: disk.stats.into(),
            threshold: disk.threshold,
            failed: disk.failed.map(Errno::raw),
            last_failure: disk.last_failure.map(failure),
            streamed: disk.streamed.map(Progress::from),
        }
    }
}

impl TryFrom<Disk> for DiskReport {
    type Error = error::Error;

    fn try_from(disk: Disk) -> Result<DiskReport> {
        let failure = |failure: Failure| {
            let since = Duration::new(failure.seconds, 0)
                .checked_add(Duration::from_nanos(failure.nanoseconds.into()));
            let when = since.and_then(|since| UNIX_EPOCH.checked_add(since));
            let when = when.ok_or_else(|| invalid("a time is too late"))?;
            Ok::<_, error::Error>((Errno::from_raw(failure.errno), when))
        };
        Ok(DiskReport {
            target: disk.target,
            path: disk.path,
            uri: disk.uri,
            tcp_uri: disk.tcp_uri,
            index: disk.index,
            stats: disk.statistics.into(),
            threshold: disk.threshold,
            failed: disk.failed.map(Errno::from_raw),
            last_failure: disk.last_failure.map(failure).transpose()?,
            streamed: disk.streamed.map(job::Progress::from),
        })
    }
}

/// How large an image is, in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    pub capacity: u64,
    pub allocation: u64,
    pub physical: u64,
}

same_fields!(BlockInfo, Sizes: capacity allocation physical);

/// An image of a disk: its sizes, or why they are not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub index: u32,
    pub path: Path,
    pub sizes: Option<Sizes>,
    pub error: Option<Error>,
}

impl From<ImageReport> for Image {
    fn from(image: ImageReport) -> Image {
        let (sizes, error) = match image.sizes {
            Ok(sizes) => (Some(sizes.into()), None),
            Err(error) => (None, Some(error.into())),
        };
        Image { index: image.index, path: image.path.into(), sizes, error }
    }
}

impl TryFrom<Image> for ImageReport {
    type Error = error::Error;

    fn try_from(image: Image) -> Result<ImageReport> {
        let sizes = match (image.sizes, image.error) {
            (Some(sizes), None) => Ok(sizes.into()),
            (None, Some(error)) => Err(error.into()),
            _ => return Err(invalid("an image has neither sizes nor an error")),
        };
        Ok(ImageReport { index: image.index, path: image.path.try_into()?, sizes })
    }
}

/// Whether a range holds data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    Data,
    Zero,
    Hole,
}

/// A range of a disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    pub offset: u64,
    pub length: u64,
    pub content: Content,
    pub depth: u32,
    pub present: bool,
    pub host: Option<u64>,
}

impl From<crate::block::Extent> for Extent {
    fn from(extent: crate::block::Extent) -> Extent {
        let crate::block::Extent { offset, length, kind, depth, present, host } = extent;
        let content = match kind {
            ExtentKind::Data => Content::Data,
            ExtentKind::Zero => Content::Zero,
            ExtentKind::Hole => Content::Hole,
        };
        Extent { offset, length, content, depth, present, host }
    }
}

impl From<Extent> for crate::block::Extent {
    fn from(extent: Extent) -> crate::block::Extent {
        let Extent { offset, length, content, depth, present, host } = extent;
        let kind = match content {
            Content::Data => ExtentKind::Data,
            Content::Zero => ExtentKind::Zero,
            Content::Hole => ExtentKind::Hole,
        };
        crate::block::Extent { offset, length, kind, depth, present, host }
    }
}

/// How far a block job is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockJob {
    pub kind: u32,
    pub bandwidth: u64,
    pub done: u64,
    pub end: u64,
}

impl From<BlockJobInfo> for BlockJob {
    fn from(info: BlockJobInfo) -> BlockJob {
        let BlockJobInfo { kind, bandwidth, done, end } = info;
        BlockJob { kind: kind as u32, bandwidth, done, end }
    }
}

impl TryFrom<BlockJob> for BlockJobInfo {
    type Error = error::Error;

    fn try_from(job: BlockJob) -> Result<BlockJobInfo> {
        let BlockJob { kind, bandwidth, done, end } = job;
        Ok(BlockJobInfo { kind: job_kind(kind)?, bandwidth, done, end })
    }
}

fn job_kind(number: u32) -> Result<Kind> {
    Kind::from_number(number).ok_or_else(|| invalid("a block job is of an unknown type"))
}

/// How a block job stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    Completed,
    Cancelled,
    Failed,
}

/// How a block job stands, or has ended. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockJobEnd {
    pub kind: u32,
    pub progress: Progress,
    pub elapsed: u64,
    pub remaining: Option<u64>,
    pub state: JobState,
    /// Why it has failed.
    pub error: Option<Error>,
}

/// A time as it is told: the longest that can be, if it is longer.
pub fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

impl From<BlockJobReport> for BlockJobEnd {
    fn from(report: BlockJobReport) -> BlockJobEnd {
        let BlockJobReport { kind, progress, elapsed, remaining, outcome } = report;
        let (state, error) = match outcome {
            None => (JobState::Running, None),
            Some(Outcome::Completed) => (JobState::Completed, None),
            Some(Outcome::Cancelled) => (JobState::Cancelled, None),
            Some(Outcome::Failed(error)) => (JobState::Failed, Some(error.into())),
        };
        BlockJobEnd {
            kind: kind as u32,
            progress: progress.into(),
            elapsed: nanoseconds(elapsed),
            remaining: remaining.map(nanoseconds),
            state,
            error,
        }
    }
}

impl TryFrom<BlockJobEnd> for BlockJobReport {
    type Error = error::Error;

    fn try_from(end: BlockJobEnd) -> Result<BlockJobReport> {
        let outcome = match (end.state, end.error) {
            (JobState::Running, None) => None,
            (JobState::Completed, None) => Some(Outcome::Completed),
            (JobState::Cancelled, None) => Some(Outcome::Cancelled),
            (JobState::Failed, Some(error)) => Some(Outcome::Failed(error.into())),
            _ => return Err(invalid("a block job's state and error do not fit together")),
        };
        Ok(BlockJobReport {
            kind: job_kind(end.kind)?,
            progress: end.progress.into(),
            elapsed: Duration::from_nanos(end.elapsed),
            remaining: end.remaining.map(Duration::from_nanos),
            outcome,
        })
    }
}

/// Where an image is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub file: Option<Path>,
    pub block: Option<Path>,
    pub remote: Option<String>,
    pub pool: Option<String>,
    pub volume: Option<String>,
    pub other: Option<String>,
}

impl From<source::Source> for Source {
    fn from(from: source::Source) -> Source {
        let none = Source::default();
        match from {
            source::Source::File(path) => Source { file: Some(path.into()), ..none },
            source::Source::Block(path) => Source { block: Some(path.into()), ..none },
            source::Source::Remote(remote) => Source { remote: Some(remote.uri()), ..none },
            source::Source::Volume(pool, volume) => {
                Source { pool: Some(pool), volume: Some(volume), ..none }
            }
            source::Source::Other(other) => Source { other: Some(other), ..none },
        }
    }
}

impl TryFrom<Source> for source::Source {
    type Error = error::Error;

    fn try_from(from: Source) -> Result<source::Source> {
        let Source { file, block, remote, pool, volume, other } = from;
        Ok(match (file, block, remote, pool.zip(volume), other) {
            (Some(path), None, None, None, None) => source::Source::File(path.try_into()?),
            (None, Some(path), None, None, None) => source::Source::Block(path.try_into()?),
            (None, None, Some(uri), None, None) => match Location::from("/").backing(&uri) {
                Ok(BackingName { location: Location::Remote(remote), .. }) => {
                    source::Source::Remote(remote)
                }
                _ => return Err(invalid("a source is on no known server")),
            },
            (None, None, None, Some((pool, volume)), None) => source::Source::Volume(pool, volume),
            (None, None, None, None, Some(other)) => source::Source::Other(other),
            _ => return Err(invalid("a source is not exactly one thing")),
        })
    }
}

/// A disk of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotDisk {
    pub name: String,
    pub mode: Option<String>,
    pub format: Option<String>,
    pub source: Option<Source>,
    pub kind: String,
}

impl From<description::SnapshotDisk> for SnapshotDisk {
    fn from(disk: description::SnapshotDisk) -> SnapshotDisk {
        let description::SnapshotDisk { name, mode, format, source, kind } = disk;
        let mode = mode.map(|mode| mode.word().to_string());
        SnapshotDisk { name, mode, format, source: source.map(Source::from), kind }
    }
}

impl TryFrom<SnapshotDisk> for description::SnapshotDisk {
    type Error = error::Error;

    fn try_from(disk: SnapshotDisk) -> Result<description::SnapshotDisk> {
        let SnapshotDisk { name, mode: word, format, source, kind } = disk;
        let mode = |word: String| {
            let mode = description::Mode::from_word(&word);
            mode.ok_or_else(|| invalid("a disk of a snapshot has an unknown mode"))
        };
        let mode = word.map(mode).transpose()?;
        let source = source.map(source::Source::try_from).transpose()?;
        Ok(description::SnapshotDisk { name, mode, format, source, kind })
    }
}
