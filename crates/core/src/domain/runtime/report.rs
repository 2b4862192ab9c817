//! What is told of the open disks of a running domain.

use super::disk::Disk;
use super::running::Running;
use crate::domain::failed;
use crate::domain::images::references::leads_to;
use crate::domain::images::sizes::{BlockInfo, image_sizes, on_medium};
use crate::domain::machine::disk::{DiskReport, ImageReport};
use crate::error::*;

impl Running {
    /// All open disks.
    pub fn disk_reports(&self) -> Vec<DiskReport> {
        self.disks().iter().map(|disk| self.report_of(disk)).collect()
    }

    /// What is told of one.
    pub fn report_of(&self, disk: &Disk) -> DiskReport {
        let meter = disk.meter();
        DiskReport {
            target: disk.target.clone(),
            path: self.path_of(&disk.target),
            uri: disk.uri(),
            tcp_uri: disk.tcp_uri(),
            index: disk.live.images().images.first().map(|top| top.index),
            stats: meter.stats(),
            threshold: meter.threshold(),
            failed: meter.failed(),
            last_failure: meter.last_failure(),
            streamed: disk.streamed_to(),
        }
    }

    /// The images of a disk.
    pub fn image_reports(&self, target: &str) -> Result<Vec<ImageReport>> {
        let disk = self.open_target(target)?;
        let files = &**self.images.files();
        let images: Vec<_> = {
            let chain = disk.live.images();
            // Their nodes are not kept for long: whoever looks at an image must not keep it open.
            let all = chain.images.iter().map(|image| {
                let length = image.node.length().map_err(failed);
                (image.index, image.location.clone(), length, image.overlay().cloned())
            });
            all.collect()
        };
        let reports = images.into_iter().map(|(index, location, length, overlay)| {
            let sizes =
                length.and_then(|length| on_medium(files, &location, length, overlay.as_deref()));
            let path = match location.path() {
                Some(path) => path.to_path_buf(),
                None => location.to_string().into(),
            };
            ImageReport { index, path, sizes }
        });
        Ok(reports.collect())
    }

    /// The sizes of a disk and of its active layer.
    pub fn sizes_of(&self, target: &str) -> Result<Option<BlockInfo>> {
        let Some(open) = self.disk(target) else { return Ok(None) };
        let definition = self.definition();
        let Some(disk) = definition.disks.iter().find(|disk| disk.target == target) else {
            return Ok(None);
        };
        let located = self.images.located(disk)?;
        let Some(image) = &located.image else { return Ok(None) };
        let capacity = open.live.gate.node().length().map_err(failed)?;
        let top = open.top();
        image_sizes(&**self.images.files(), image, capacity, top.as_deref()).map(Some)
    }

    /// Whether an image belongs to a disk, or is the target of a copy of one.
    pub fn has_image(&self, identity: (u64, u64), besides: Option<&str>) -> bool {
        let files = self.images.files();
        let disks = self.disks();
        let mut others = disks.iter().filter(|disk| Some(disk.target.as_str()) != besides);
        others.any(|disk| {
            // The job is asked for first: whoever has its place may be waiting for the images.
            let job = disk.current_job();
            let mirror = job.as_ref().and_then(|job| job.mirror.as_ref());
            mirror.is_some_and(|mirror| leads_to(mirror, &**files, identity))
                || disk.live.images().images.iter().any(|image| image.is_in(&**files, identity))
        })
    }
}
