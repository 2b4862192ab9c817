//! A machine in another process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::client::Link;
use super::methods::*;
use super::{convert, wire};
use crate::block::Extent;
use crate::domain::config::definition::Definition;
use crate::domain::images::extents::ExtentsRequest;
use crate::domain::images::sizes::BlockInfo;
use crate::domain::machine::block_job::{
    AbortFlags, BlockJobInfo, BlockJobReport, BlockJobRequest, BlockWork,
};
use crate::domain::machine::change::{self, Redefinition, SnapshotRequest, StopRequest};
use crate::domain::machine::condition::{Condition, State};
use crate::domain::machine::disk::{DiskReport, ImageReport, ResizeRequest};
use crate::domain::machine::guest_time::GuestTime;
use crate::domain::machine::{Identity, Machine};
use crate::error::*;

/// How long a forced end may take beyond what guests are given: its own limits for jobs and servers that do not
/// answer are shorter.
const FORCED: Duration = Duration::from_secs(60);

/// How long a process that was killed may still need, for what the system does for it.
const KILLED: Duration = Duration::from_secs(10);

/// What runs a domain in another process.
pub struct RemoteMachine {
    identity: Identity,
    link: Link,
}

impl RemoteMachine {
    pub fn new(identity: Identity, link: Link) -> RemoteMachine {
        RemoteMachine { identity, link }
    }

    /// Ends the process, whatever it is doing. It has ended when this succeeds.
    pub fn kill_process(&self) -> Result<()> {
        let name = &self.identity.name;
        let text = || format!("cannot end the process that holds domain '{name}'");
        let failed = |e: io::Error| Error::io(VIR_FROM_DOMAIN, &e, text());
        let Some(process) = self.link.listener().map_err(failed)? else { return Ok(()) };
        process.kill().map_err(|errno| failed(errno.into()))?;
        match process.wait(KILLED).map_err(|errno| failed(errno.into()))? {
            true => Ok(()),
            false => Err(failed(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// The error that a function is only there for domains in memory, which no other process sees.
fn only_in_memory() -> Error {
    Error::no_support(VIR_FROM_DOMAIN)
}

impl Machine for RemoteMachine {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn condition(&self) -> Result<Condition> {
        self.link.call(&GetCondition {})?.condition.try_into()
    }

    fn definition(&self) -> Result<Arc<Definition>> {
        Definition::parse_stored(&self.link.call(&GetDefinition {})?.xml).map(Arc::new)
    }

    fn live_xml(&self) -> Result<String> {
        Ok(self.link.call(&GetLiveXML {})?.xml)
    }

    fn disks(&self) -> Result<Vec<DiskReport>> {
        let disks = self.link.call(&GetDisks {})?.disks;
        disks.into_iter().map(DiskReport::try_from).collect()
    }

    fn disk(&self, target: &str) -> Result<DiskReport> {
        self.link.call(&GetDisk { target: target.to_string() })?.disk.try_into()
    }

    fn images(&self, target: &str) -> Result<Vec<ImageReport>> {
        let images = self.link.call(&GetImages { target: target.to_string() })?.images;
        images.into_iter().map(ImageReport::try_from).collect()
    }

    fn disk_sizes(&self, target: &str) -> Result<Option<BlockInfo>> {
        let sizes = self.link.call(&GetSizes { target: target.to_string() })?.sizes;
        Ok(sizes.map(BlockInfo::from))
    }

    fn uses_image(&self, identity: (u64, u64), besides: Option<&str>) -> Result<bool> {
        let (device, inode) = identity;
        let besides = besides.map(str::to_string);
        Ok(self.link.call(&UsesImage { device, inode, besides })?.uses)
    }

    fn extents(&self, request: &ExtentsRequest) -> Result<Vec<Extent>> {
        let ExtentsRequest { target, offset, length } = request.clone();
        let mut all = Vec::new();
        self.link.call_in_parts(&GetExtents { target, offset, length }, |part| {
            all.extend(part.extents.into_iter().map(Extent::from));
        })?;
        Ok(all)
    }

    fn peek(&self, target: &str, offset: u64, size: usize) -> Result<Vec<u8>> {
        let target = target.to_string();
        let peeked = self.link.call(&Peek { target, offset, size: size as u64 })?;
        let bytes = BASE64.decode(peeked.base64);
        let bytes = bytes.map_err(|e| wire::invalid(&e.to_string()))?;
        match bytes.len() == size {
            true => Ok(bytes),
            false => Err(wire::invalid("not as many bytes were read as were asked for")),
        }
    }

    fn resize(&self, request: &ResizeRequest) -> Result<()> {
        let ResizeRequest { target, bytes, to_capacity, only_extend } = request.clone();
        self.link.call(&Resize { target, bytes, to_capacity, only_extend }).map(drop)
    }

    fn set_threshold(&self, name: &str, threshold: u64) -> Result<()> {
        self.link.call(&SetThreshold { name: name.to_string(), threshold }).map(drop)
    }

    fn start_block_job(&self, request: &BlockJobRequest) -> Result<()> {
        let BlockJobRequest { target, work } = request.clone();
        match work {
            BlockWork::Pull { base, speed } => {
                let relative = base.as_ref().is_some_and(|base| base.relative);
                let base = base.map(|base| base.name);
                self.link.call(&StartPull { target, base, relative, speed }).map(drop)
            }
            BlockWork::Commit { base, top, speed, flags } => {
                let flags = flags.bits();
                self.link.call(&StartCommit { target, base, top, speed, flags }).map(drop)
            }
            BlockWork::Copy(copy) => self.link.call(&convert::start_copy(target, &copy)).map(drop),
            BlockWork::Stream(range) => {
                let (offset, length, wait) = (range.offset, range.length, range.wait);
                self.link.call(&StartStream { target, offset, length, wait }).map(drop)
            }
            BlockWork::Allocate(range) => {
                let (offset, length, wait) = (range.offset, range.length, range.wait);
                self.link.call(&StartAllocate { target, offset, length, wait }).map(drop)
            }
        }
    }

    fn block_job(&self, target: &str) -> Result<Option<BlockJobInfo>> {
        let job = self.link.call(&GetBlockJob { target: target.to_string() })?.job;
        job.map(BlockJobInfo::try_from).transpose()
    }

    fn block_job_report(&self, target: &str) -> Result<Option<BlockJobReport>> {
        let job = self.link.call(&GetBlockJobEnd { target: target.to_string() })?.job;
        job.map(BlockJobReport::try_from).transpose()
    }

    fn set_block_job_speed(&self, target: &str, speed: u64) -> Result<()> {
        self.link.call(&SetBlockJobSpeed { target: target.to_string(), speed }).map(drop)
    }

    fn abort_block_job(&self, target: &str, flags: AbortFlags) -> Result<()> {
        let (target, flags) = (target.to_string(), flags.bits());
        self.link.call(&AbortBlockJob { target, flags }).map(drop)
    }

    fn stream_increment(&self, target: &str, offset: u64) -> Result<u64> {
        Ok(self.link.call(&StreamIncrement { target: target.to_string(), offset })?.next)
    }

    fn stream_position(&self, target: &str) -> Result<u64> {
        Ok(self.link.call(&GetStreamPosition { target: target.to_string() })?.offset)
    }

    fn stream_report(&self, target: &str) -> Result<BlockJobReport> {
        self.link.call(&GetStreamEnd { target: target.to_string() })?.job.try_into()
    }

    fn abort_stream(&self, target: &str) -> Result<()> {
        self.link.call(&AbortStream { target: target.to_string() }).map(drop)
    }

    fn stop(&self, request: &StopRequest) -> Result<()> {
        let StopRequest { drain, forced, off, events } = request.clone();
        let limit = forced.then(|| drain + FORCED);
        let (drain, off) = (wire::nanoseconds(drain), off.into());
        let events = events.into_iter().map(Into::into).collect();
        self.link.call_within(&Stop { drain, forced, off, events }, limit).map(drop)
    }

    fn abandon(&self) {
        // Whoever runs it has told that it does.
    }

    fn suspend(&self) -> Result<()> {
        self.link.call(&Suspend {}).map(drop)
    }

    fn resume(&self) -> Result<()> {
        self.link.call(&Resume {}).map(drop)
    }

    fn restart(&self) -> Result<()> {
        Err(only_in_memory())
    }

    fn set_state(&self, _state: State) -> Result<()> {
        Err(only_in_memory())
    }

    fn redefine(&self, request: &Redefinition) -> Result<change::Redefined> {
        convert::redefined_there(self.link.call(&convert::redefine(request))?)
    }

    fn take_snapshot(&self, request: &SnapshotRequest) -> Result<()> {
        match request.whole {
            true => Err(only_in_memory()),
            false => self.link.call(&convert::take_snapshot(request)).map(drop),
        }
    }

    fn guest_time(&self) -> Result<GuestTime> {
        Err(only_in_memory())
    }

    fn set_guest_time(&self, _time: GuestTime) -> Result<()> {
        Err(only_in_memory())
    }
}
