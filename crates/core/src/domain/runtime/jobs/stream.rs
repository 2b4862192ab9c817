//! Streaming: a pull of a part of a disk, as a job or by increments. Where that leaves nothing to the
//! images below, they are left out of the chain, as a pull does.

use std::sync::{Arc, MutexGuard};

use super::job::{AbortFlags, BlockJobReport, DiskJob, JobContext, Kind, Moves};
use crate::block::qcow2::Qcow2Node;
use crate::block::{Extent, ExtentKind, Layers};
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::lookup::{alias, disk_range};
use crate::domain::failed;
use crate::domain::object::Domain;
use crate::domain::runtime::disk::Disk;
use crate::error::*;
use crate::job::{self, End, Progress};

/// A disk that is being streamed.
pub struct BlockStream {
    /// The path of its image, or its target if that has none.
    pub path: String,
    /// As positions on the disk.
    pub progress: Progress,
}

/// A range of a disk that has space in the image on top.
pub struct BlockRegion {
    pub offset: u64,
    pub length: u64,
}

impl Disk {
    fn increments(&self) -> MutexGuard<'_, Option<Progress>> {
        self.increments.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// It is not streamed in increments any more.
    pub fn forget_increments(&self) {
        *self.increments() = None;
    }

    /// How far it has been streamed, if a job or a caller streams it.
    pub fn streamed_to(&self) -> Option<Progress> {
        match self.current_job() {
            Some(job) if job.kind == Kind::Pull => Some(job.position()),
            Some(_) => None,
            None => *self.increments(),
        }
    }

    /// The job that streams it, if one does; an error if it has another.
    fn streamed(&self) -> Result<Option<Arc<DiskJob>>> {
        match self.current_job() {
            Some(job) if job.kind == Kind::Pull => Ok(Some(job)),
            _ => self.check_no_job().map(|()| None),
        }
    }

    /// The image on top, if there can be others below it.
    pub(in crate::domain) fn top(&self) -> Option<Arc<Qcow2Node>> {
        self.live.images().images.first().and_then(|image| image.qcow2.clone())
    }

    fn length(&self) -> Result<u64> {
        self.live.gate.node().length().map_err(failed)
    }
}

impl DiskJob {
    /// The position before which all is streamed, and where the job ends.
    fn position(&self) -> Progress {
        let end = self.from + self.job.progress().end;
        // At the end is only who has ended.
        Progress { done: self.job.control().done_from(self.from).min(end - 1), end }
    }
}

impl JobContext {
    /// Leaves the images below out if the one on top owes them nothing. Whoever calls is changing
    /// the domain.
    fn leave_below(&self, top: &Qcow2Node, size: u64) -> Result<()> {
        if top.owed(0, size).map_err(failed)?.is_empty() {
            self.disk.live.relink(0, None, None, || self.forget_chain())?;
        }
        Ok(())
    }
}

impl Domain {
    /// Brings what a range (to the end if `length` is 0) is read from below into the image on top. It
    /// is a job, for whose end this waits or not.
    pub fn block_stream(&self, name: &str, offset: u64, length: u64, wait: bool) -> Result<()> {
        let place = self.workplace(name)?;
        let job = {
            let _changing = place.changing_disk()?;
            place.check_pull()?;
            let (top, size) = (place.disk.top(), place.disk.length()?);
            let at_work = place.clone();
            let moves: Moves = Box::new(|extent| extent.depth > 0);
            place.start_on_range((offset, length), size, Some(moves), move |range, control| {
                // A raw image has nothing below.
                let Some(top) = top else { return Ok(End::Completed) };
                let last = range.end == size;
                if job::pull(&top, range, Layers::NOTHING, control)? == End::Cancelled {
                    return Ok(End::Cancelled);
                }
                let Some(_changing) = at_work.changing(control) else {
                    return Ok(End::Cancelled);
                };
                if last {
                    at_work.leave_below(&top, size)?;
                }
                Ok(End::Completed)
            })?
        };
        if wait { place.wait(&job) } else { Ok(()) }
    }

    /// Does a little of it, the first that there is to do from `offset` on: at least a cluster, at most
    /// 1 MiB. Returns where the next begins, the end of the disk if there is none.
    pub fn block_stream_increment(&self, name: &str, offset: u64) -> Result<u64> {
        let place = self.workplace(name)?;
        place.running.yield_to_waiters();
        let _changing = place.changing_disk()?;
        place.check_pull()?;
        let size = place.disk.length()?;
        let range = disk_range(&place.disk.target, offset, 0, size)?;
        let mut next = size;
        if let Some(top) = place.disk.top() {
            let part = top.owed(range.start, size).map_err(failed)?;
            top.populate(part.start, part.end - part.start, Layers::NOTHING).map_err(failed)?;
            next = top.owed(part.end, size).map_err(failed)?.start;
            if next == size {
                place.leave_below(&top, size)?;
            }
        }
        *place.disk.increments() = Some(Progress { done: next, end: size });
        Ok(next)
    }

    /// Where the first part of a disk is that is still read from below; the end of the disk if there is
    /// none.
    pub fn block_stream_position(&self, name: &str) -> Result<u64> {
        let place = self.workplace(name)?;
        // The image is looked through, and must not be closed meanwhile.
        let _changing = place.changing_disk()?;
        let size = place.disk.length()?;
        place.disk.top().map_or(Ok(size), |top| Ok(top.owed(0, size).map_err(failed)?.start))
    }

    /// The disks that are being streamed. One that is in increments stays among them when it is at its
    /// end, until it is ended or has another job.
    pub fn block_streams(&self) -> Result<Vec<BlockStream>> {
        let machine = self.machine()?;
        let definition = machine.definition()?;
        let streamed = machine.disks()?.into_iter().filter_map(|disk| {
            let path = definition.disk(&disk.target).and_then(DiskDefinition::path);
            let path = path.unwrap_or(&disk.target).to_string();
            Some(BlockStream { path, progress: disk.streamed? })
        });
        Ok(streamed.collect())
    }

    /// How the streaming of a disk stands, or how the last one has ended.
    pub fn block_stream_report(&self, name: &str) -> Result<BlockJobReport> {
        let disk = self.workplace(name)?.disk;
        disk.streamed()?;
        let report = self.block_job_report(name)?.filter(|report| report.kind == Kind::Pull);
        report.ok_or_else(|| disk.no_job())
    }

    /// Ends the streaming of a disk; what has been streamed stays.
    pub fn abort_block_stream(&self, name: &str) -> Result<()> {
        let disk = self.workplace(name)?.disk;
        match disk.streamed()? {
            Some(_) => self.abort_block_job(name, AbortFlags::empty()),
            None => disk.increments().take().map(drop).ok_or_else(|| disk.no_job()),
        }
    }

    /// The target of the disk whose device has that alias. Any other name stays as it is: it may be a
    /// target or a path, and whoever uses it says if it is not.
    pub fn disk_of_alias(&self, name: String) -> Result<String> {
        let definition = self.entry()?.definition()?;
        if name.is_empty() || definition.disk(&name).is_some() {
            return Ok(name);
        }
        let targets = definition.disks.iter().map(|disk| &disk.target);
        let mut elements =
            targets.filter_map(|target| Some((target, definition.disk_element(target)?)));
        let found = elements.find(|(_, element)| alias(element) == name);
        Ok(found.map_or(name, |(target, _)| target.clone()))
    }

    /// Which ranges of a disk have space in the image on top: in order, with something between them.
    pub fn block_regions(&self, name: &str) -> Result<Vec<BlockRegion>> {
        let extents = self.block_extents(name, 0, 0)?;
        let own = |extent: &&Extent| extent.depth == 0 && extent.kind != ExtentKind::Hole;
        let mut regions: Vec<BlockRegion> = Vec::new();
        for extent in extents.iter().filter(own) {
            match regions.last_mut() {
                Some(last) if last.offset + last.length == extent.offset => {
                    last.length += extent.length;
                }
                _ => regions.push(BlockRegion { offset: extent.offset, length: extent.length }),
            }
        }
        Ok(regions)
    }
}
