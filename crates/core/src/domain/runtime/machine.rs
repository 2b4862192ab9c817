//! The machine in this process: [`Running`] behind the trait [`Machine`].

use std::sync::Arc;

use super::running::Running;
use crate::block::Extent;
use crate::domain::config::definition::Definition;
use crate::domain::images::extents::ExtentsRequest;
use crate::domain::images::sizes::BlockInfo;
use crate::domain::machine::block_job::{
    AbortFlags, BlockJobInfo, BlockJobReport, BlockJobRequest,
};
use crate::domain::machine::change::{Redefined, Redefinition, SnapshotRequest, StopRequest};
use crate::domain::machine::condition::{Condition, State};
use crate::domain::machine::disk::{DiskReport, ImageReport, ResizeRequest};
use crate::domain::machine::guest_time::GuestTime;
use crate::domain::machine::{Identity, Machine};
use crate::domain::registry::launch::Start;
use crate::error::*;

/// Runs a domain in this process.
pub fn launch(start: Start) -> Result<Arc<dyn Machine>> {
    let running = Running::start(start)?;
    Ok(running)
}

impl Machine for Running {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn condition(&self) -> Result<Condition> {
        Ok(Running::condition(self))
    }

    fn definition(&self) -> Result<Arc<Definition>> {
        Ok(Running::definition(self))
    }

    fn live_xml(&self) -> Result<String> {
        Ok(self.xml())
    }

    fn disks(&self) -> Result<Vec<DiskReport>> {
        Ok(self.disk_reports())
    }

    fn disk(&self, target: &str) -> Result<DiskReport> {
        Ok(self.report_of(&*self.open_target(target)?))
    }

    fn images(&self, target: &str) -> Result<Vec<ImageReport>> {
        self.image_reports(target)
    }

    fn disk_sizes(&self, target: &str) -> Result<Option<BlockInfo>> {
        self.sizes_of(target)
    }

    fn uses_image(&self, identity: (u64, u64), besides: Option<&str>) -> Result<bool> {
        Ok(self.has_image(identity, besides))
    }

    fn extents(&self, request: &ExtentsRequest) -> Result<Vec<Extent>> {
        self.disk_extents(request)
    }

    fn peek(&self, target: &str, offset: u64, size: usize) -> Result<Vec<u8>> {
        self.peek_disk(target, offset, size)
    }

    fn resize(&self, request: &ResizeRequest) -> Result<()> {
        self.resize_disk(request)
    }

    fn set_threshold(&self, name: &str, threshold: u64) -> Result<()> {
        self.set_disk_threshold(name, threshold)
    }

    fn start_block_job(&self, request: &BlockJobRequest) -> Result<()> {
        self.start_job(request)
    }

    fn block_job(&self, target: &str) -> Result<Option<BlockJobInfo>> {
        Ok(self.open_target(target)?.job_info())
    }

    fn block_job_report(&self, target: &str) -> Result<Option<BlockJobReport>> {
        Ok(self.open_target(target)?.job_report())
    }

    fn set_block_job_speed(&self, target: &str, speed: u64) -> Result<()> {
        self.open_target(target)?.set_job_speed(speed)
    }

    fn abort_block_job(&self, target: &str, flags: AbortFlags) -> Result<()> {
        self.open_target(target)?.abort_job(flags)
    }

    fn stream_increment(&self, target: &str, offset: u64) -> Result<u64> {
        self.job_context(target)?.stream_increment(offset)
    }

    fn stream_position(&self, target: &str) -> Result<u64> {
        self.job_context(target)?.stream_position()
    }

    fn stream_report(&self, target: &str) -> Result<BlockJobReport> {
        self.job_context(target)?.stream_report()
    }

    fn abort_stream(&self, target: &str) -> Result<()> {
        self.job_context(target)?.abort_stream()
    }

    fn stop(&self, request: &StopRequest) -> Result<()> {
        self.end(request)
    }

    fn abandon(&self) {
        Running::abandon(self);
    }

    fn suspend(&self) -> Result<()> {
        Running::suspend(self)
    }

    fn resume(&self) -> Result<()> {
        self.go_on()
    }

    fn restart(&self) -> Result<()> {
        let changing = self.changing()?;
        Running::restart(self, &changing);
        Ok(())
    }

    fn set_state(&self, state: State) -> Result<()> {
        let changing = self.changing()?;
        Running::set_state(self, &changing, state);
        Ok(())
    }

    fn redefine(&self, request: &Redefinition) -> Result<Redefined> {
        Running::redefine(self, request)
    }

    fn take_snapshot(&self, request: &SnapshotRequest) -> Result<()> {
        match request.whole {
            true => self.snapshot_whole(request),
            false => self.snapshot_disks(request),
        }
    }

    fn guest_time(&self) -> Result<GuestTime> {
        Ok(Running::guest_time(self))
    }

    fn set_guest_time(&self, time: GuestTime) -> Result<()> {
        let _changing = self.changing()?;
        Running::set_guest_time(self, time);
        Ok(())
    }
}
