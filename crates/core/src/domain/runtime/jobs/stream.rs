//! Streaming: a pull of a part of a disk, as a job or by increments. Where that leaves nothing to the
//! images below, they are left out of the chain, as a pull does.

use std::sync::{Arc, MutexGuard};

use super::job::{DiskJob, JobContext, Moves};
use crate::block::{Layers, Overlay};
use crate::domain::config::lookup::disk_range;
use crate::domain::failed;
use crate::domain::machine::block_job::{AbortFlags, BlockJobReport, Kind, RangeRequest};
use crate::domain::runtime::disk::Disk;

use crate::error::*;
use crate::job::{self, End, Progress};

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
    pub(in crate::domain) fn top(&self) -> Option<Arc<dyn Overlay>> {
        self.live.images().images.first().and_then(|image| image.overlay().cloned())
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
    fn leave_below(&self, top: &dyn Overlay, size: u64) -> Result<()> {
        if top.next_backing_range(0, size).map_err(failed)?.is_empty() {
            self.disk.live.relink(0, None, None, || self.forget_chain())?;
        }
        Ok(())
    }
}

impl JobContext {
    /// Starts to bring what a range is read from below into the active layer.
    pub fn stream(&self, request: &RangeRequest) -> Result<()> {
        let job = {
            let _changing = self.changing_disk()?;
            self.check_pull()?;
            let (top, size) = (self.disk.top(), self.disk.length()?);
            let at_work = self.clone();
            let moves: Moves = Box::new(|extent| extent.depth > 0);
            self.start_on_range(request, size, Some(moves), move |range, control| {
                // A raw image has nothing below.
                let Some(top) = top else { return Ok(End::Completed) };
                let last = range.end == size;
                if job::pull(&*top, range, Layers::NOTHING, control)? == End::Cancelled {
                    return Ok(End::Cancelled);
                }
                let Some(_changing) = at_work.changing(control) else {
                    return Ok(End::Cancelled);
                };
                if last {
                    at_work.leave_below(&*top, size)?;
                }
                Ok(End::Completed)
            })?
        };
        if request.wait { self.wait(&job) } else { Ok(()) }
    }

    /// Streams a little, the first that there is to do from `offset` on, and returns where the next
    /// begins.
    pub fn stream_increment(&self, offset: u64) -> Result<u64> {
        self.running.yield_to_waiters();
        let _changing = self.changing_disk()?;
        self.check_pull()?;
        let size = self.disk.length()?;
        let range = disk_range(&self.disk.target, offset, 0, size)?;
        let mut next = size;
        if let Some(top) = self.disk.top() {
            let part = top.next_backing_range(range.start, size).map_err(failed)?;
            top.populate(part.start, part.end - part.start, Layers::NOTHING).map_err(failed)?;
            next = top.next_backing_range(part.end, size).map_err(failed)?.start;
            if next == size {
                self.leave_below(&*top, size)?;
            }
        }
        *self.disk.increments() = Some(Progress { done: next, end: size });
        Ok(next)
    }

    /// Where the first part of the disk is that is still read from below.
    pub fn stream_position(&self) -> Result<u64> {
        // The image is looked through, and must not be closed meanwhile.
        let _changing = self.changing_disk()?;
        let size = self.disk.length()?;
        self.disk
            .top()
            .map_or(Ok(size), |top| Ok(top.next_backing_range(0, size).map_err(failed)?.start))
    }

    /// How the streaming of the disk stands, or how the last one has ended.
    pub fn stream_report(&self) -> Result<BlockJobReport> {
        self.disk.streamed()?;
        let report = self.disk.job_report().filter(|report| report.kind == Kind::Pull);
        report.ok_or_else(|| self.disk.no_job())
    }

    /// Ends the streaming of the disk.
    pub fn abort_stream(&self) -> Result<()> {
        match self.disk.streamed()? {
            Some(_) => self.disk.abort_job(AbortFlags::empty()),
            None => self.disk.increments().take().map(drop).ok_or_else(|| self.disk.no_job()),
        }
    }
}
