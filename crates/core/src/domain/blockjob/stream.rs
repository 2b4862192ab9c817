//! Streaming and allocating ranges of a disk as callers ask for them, and which ranges have space.

use crate::block::{Extent, ExtentKind};
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::lookup::alias;
use crate::domain::machine::block_job::{BlockJobReport, BlockWork, RangeRequest};
use crate::domain::object::Domain;
use crate::error::*;
use crate::job::Progress;

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

impl Domain {
    /// Brings what a range (to the end if `length` is 0) is read from below into the active layer. It
    /// is a job, for whose end this waits or not.
    pub fn block_stream(&self, name: &str, offset: u64, length: u64, wait: bool) -> Result<()> {
        let range = RangeRequest { offset, length, wait };
        self.job_disk(name)?.start(BlockWork::Stream(range))
    }

    /// Gives a range of the active layer (to the end if `length` is 0) space of its own. It is a job, for
    /// whose end this waits or not.
    pub fn block_allocate(&self, name: &str, offset: u64, length: u64, wait: bool) -> Result<()> {
        let range = RangeRequest { offset, length, wait };
        self.job_disk(name)?.start(BlockWork::Allocate(range))
    }

    /// Streams a little, the first that there is to do from `offset` on: at least a cluster, at most
    /// 1 MiB. Returns where the next begins, the end of the disk if there is none.
    pub fn block_stream_increment(&self, name: &str, offset: u64) -> Result<u64> {
        let disk = self.job_disk(name)?;
        disk.machine.stream_increment(&disk.target, offset)
    }

    /// Where the first part of a disk is that is still read from below; the end of the disk if there is
    /// none.
    pub fn block_stream_position(&self, name: &str) -> Result<u64> {
        let disk = self.job_disk(name)?;
        disk.machine.stream_position(&disk.target)
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
        let disk = self.job_disk(name)?;
        disk.machine.stream_report(&disk.target)
    }

    /// Ends the streaming of a disk; what has been streamed stays.
    pub fn abort_block_stream(&self, name: &str) -> Result<()> {
        let disk = self.job_disk(name)?;
        disk.machine.abort_stream(&disk.target)
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
