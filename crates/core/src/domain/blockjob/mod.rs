//! Block jobs as callers ask for them: flags and names become requests to what runs the domain.

mod copy;
mod pull_commit;
mod stream;

use std::sync::Arc;

pub use pull_commit::RebaseFlags;
pub use stream::{BlockRegion, BlockStream};

use super::machine::Machine;
use super::machine::block_job::{
    AbortFlags, BlockJobInfo, BlockJobReport, BlockJobRequest, BlockWork,
};
use super::object::Domain;
use crate::enums::domain::virDomainBlockJobSetSpeedFlags;
use crate::enums::flags;
use crate::error::*;
use crate::xml::excerpt;

/// The largest number of MiB a second: libvirt's.
const MOST_MIB: u64 = i64::MAX as u64 >> 20;

flags! {
    /// How a bandwidth is counted: bytes instead of MiB.
    pub struct BandwidthFlags: u32 = virDomainBlockJobSetSpeedFlags {
        const BYTES = VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES;
    }
}

/// A bandwidth in bytes a second.
pub fn bandwidth(value: u64, bytes: bool) -> Result<u64> {
    if bytes {
        return if value <= i64::MAX as u64 {
            Ok(value)
        } else {
            let text = format!("bandwidth must be less than {} bytes/s", i64::MAX);
            Err(Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, text))
        };
    }
    if value > MOST_MIB {
        let text = format!("bandwidth must be less than {MOST_MIB}");
        return Err(Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, text));
    }
    Ok(value << 20)
}

/// A disk of a running domain, for jobs.
struct JobDisk {
    machine: Arc<dyn Machine>,
    target: String,
}

impl JobDisk {
    /// Starts a job.
    fn start(self, work: BlockWork) -> Result<()> {
        self.machine.start_block_job(&BlockJobRequest { target: self.target, work })
    }
}

impl Domain {
    /// The disk of a name in the running domain.
    fn job_disk(&self, name: &str) -> Result<JobDisk> {
        let entry = self.entry()?;
        let machine = self.machine_of(&entry)?;
        // In another process that is what it has written down, and need not be asked for.
        let definition = entry.definition()?;
        let target = definition.disk(name).map(|disk| disk.target.clone());
        let target = target.ok_or_else(|| {
            let text = format!("disk '{}' not found in domain", excerpt(name));
            Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
        })?;
        Ok(JobDisk { machine, target })
    }

    /// How far the job on a disk is; `None` if there is none.
    pub fn block_job_info(&self, name: &str) -> Result<Option<BlockJobInfo>> {
        let disk = self.job_disk(name)?;
        disk.machine.block_job(&disk.target)
    }

    /// How the job on a disk stands, or how the last one has ended.
    pub fn block_job_report(&self, name: &str) -> Result<Option<BlockJobReport>> {
        let disk = self.job_disk(name)?;
        disk.machine.block_job_report(&disk.target)
    }

    /// Limits the speed of the job on a disk.
    pub fn set_block_job_speed(&self, name: &str, value: u64, flags: BandwidthFlags) -> Result<()> {
        let speed = bandwidth(value, flags.contains(BandwidthFlags::BYTES))?;
        let disk = self.job_disk(name)?;
        disk.machine.set_block_job_speed(&disk.target, speed)
    }

    /// Ends the job on a disk, or makes its target the disk.
    pub fn abort_block_job(&self, name: &str, flags: AbortFlags) -> Result<()> {
        let disk = self.job_disk(name)?;
        disk.machine.abort_block_job(&disk.target, flags)
    }
}
