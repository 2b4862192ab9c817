//! The methods of the interface: what each takes and gives, and whether a connection that only reads may
//! call it. `io.libvirsparse.Domain.varlink` describes them for everybody else.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::wire::{
    BlockJob, BlockJobEnd, Condition, Disk, Error, Extent, Image, LifecycleEvent, Sizes,
    SnapshotDisk, Source,
};

/// The interface.
pub const INTERFACE: &str = "io.libvirsparse.Domain";

/// Its description.
pub const DESCRIPTION: &str = include_str!("io.libvirsparse.Domain.varlink");

/// The error that a call has failed, whose parameters are an [`Error`].
pub const FAILED: &str = "io.libvirsparse.Domain.Failed";

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Everybody who is connected.
    Read,
    /// Whoever is not connected for reading only.
    Write,
}

/// A method: its parameters, by their type.
pub trait Method: Serialize + DeserializeOwned {
    const NAME: &'static str;
    const RIGHT: Right;
    type Reply: Serialize + DeserializeOwned;
}

macro_rules! methods {
    ($(
        $(#[$about:meta])*
        $right:ident $name:ident { $($parameter:ident: $type:ty),* }
            -> $reply:ident { $($result:ident: $result_type:ty),* }
    )*) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug, Serialize, Deserialize)]
            // What a newer version asks for and this one does not know must not be left out silently.
            #[serde(deny_unknown_fields)]
            pub struct $name { $(pub $parameter: $type),* }

            /// What it gives.
            #[derive(Clone, Debug, Serialize, Deserialize)]
            pub struct $reply { $(pub $result: $result_type),* }

            impl Method for $name {
                const NAME: &'static str = stringify!($name);
                const RIGHT: Right = Right::$right;
                type Reply = $reply;
            }
        )*

        /// The names of all of them, with the names of what they take and give.
        #[cfg(test)]
        pub const ALL: &[(&str, &[&str], &[&str])] = &[$(
            (stringify!($name), &[$(stringify!($parameter)),*], &[$(stringify!($result)),*])
        ),*];
    };
}

methods! {
    /// See [`Machine::condition`](crate::domain::machine::Machine::condition), and so on.
    Read GetCondition {} -> GotCondition { condition: Condition }
    Read GetDefinition {} -> GotDefinition { xml: String }
    Read GetLiveXML {} -> GotLiveXml { xml: String }
    Read GetDisks {} -> GotDisks { disks: Vec<Disk> }
    Read GetDisk { target: String } -> GotDisk { disk: Disk }
    Read GetImages { target: String } -> GotImages { images: Vec<Image> }
    Read GetSizes { target: String } -> GotSizes { sizes: Option<Sizes> }
    Read UsesImage { device: u64, inode: u64, besides: Option<String> } -> ImageUsed { uses: bool }
    Read GetExtents { target: String, offset: u64, length: u64 } -> GotExtents { extents: Vec<Extent> }
    Write Peek { target: String, offset: u64, size: u64 } -> Peeked { base64: String }
    Write Resize { target: String, bytes: u64, to_capacity: bool, only_extend: bool } -> Resized {}
    Write SetThreshold { name: String, threshold: u64 } -> ThresholdSet {}
    Write StartPull { target: String, base: Option<String>, relative: bool, speed: u64 } -> PullStarted {}
    Write StartCommit {
        target: String, base: Option<String>, top: Option<String>, speed: u64, flags: u32
    } -> CommitStarted {}
    Write StartCopy {
        target: String, kind: String, element: String, source: Source, format: Option<String>,
        assumed: bool, timeout: Option<u64>, bandwidth: u64, granularity: u32, buffer_size: u64,
        flags: u32
    } -> CopyStarted {}
    Write StartStream { target: String, offset: u64, length: u64, wait: bool } -> StreamStarted {}
    Write StartAllocate { target: String, offset: u64, length: u64, wait: bool } -> AllocateStarted {}
    Read GetBlockJob { target: String } -> GotBlockJob { job: Option<BlockJob> }
    Read GetBlockJobEnd { target: String } -> GotBlockJobEnd { job: Option<BlockJobEnd> }
    Write SetBlockJobSpeed { target: String, speed: u64 } -> BlockJobSpeedSet {}
    Write AbortBlockJob { target: String, flags: u32 } -> BlockJobAborted {}
    Write StreamIncrement { target: String, offset: u64 } -> IncrementStreamed { next: u64 }
    Read GetStreamPosition { target: String } -> GotStreamPosition { offset: u64 }
    Read GetStreamEnd { target: String } -> GotStreamEnd { job: BlockJobEnd }
    Write AbortStream { target: String } -> StreamAborted {}
    Write Stop {
        drain: u64, forced: bool, off: Condition, events: Vec<LifecycleEvent>
    } -> Stopped {}
    Write Suspend {} -> Suspended {}
    Write Resume {} -> Resumed {}
    Write Redefine {
        live_before: String, live_after: String, kept_before: Option<String>,
        kept_after: Option<String>, change: DiskChange, target: Option<String>
    } -> DomainRedefined { outcome: Redefined, error: Option<Error> }
    Write TakeSnapshot {
        name: String, description: Option<String>, created: i64, memory: String,
        disks: Vec<SnapshotDisk>, reuse: bool, no_metadata: bool, halt: bool, quiesce: bool
    } -> SnapshotTaken {}
}

/// What is done to disks for a new definition; the target of the disk stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiskChange {
    None,
    Throttle,
    Attach,
    Detach,
    Medium,
}

/// What has become of a new definition; the error of a flush stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redefined {
    Done,
    Unflushed,
    Outdated,
}
