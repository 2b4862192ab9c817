//! What is read from an open disk and changed about it from outside, beside its guests.

use super::disk::Disk;
use super::running::Running;
use crate::block::{Extent, Image, buffer};
use crate::domain::config::lookup::{argument, indexed};
use crate::domain::failed;
use crate::domain::images::extents::{ExtentsRequest, extents};
use crate::domain::machine::disk::ResizeRequest;
use crate::error::*;
use crate::xml::excerpt;

/// The most that virDomainBlockPeek reads: what libvirt's transport carries.
const PEEK_MAX: usize = 4 << 20;

impl Running {
    /// The extents of a range of a disk.
    pub fn disk_extents(&self, request: &ExtentsRequest) -> Result<Vec<Extent>> {
        let disk = self.open_target(&request.target)?;
        // A pause is for guests: whoever looks from outside does not wait.
        extents(request, || disk.live.gate.node())
    }

    /// Reads what guests would read.
    pub fn peek_disk(&self, target: &str, offset: u64, size: usize) -> Result<Vec<u8>> {
        let disk = self.open_target(target)?;
        if size > PEEK_MAX {
            return Err(argument(format!("at most {PEEK_MAX} bytes can be peeked at")));
        }
        // A pause is for guests: whoever looks from outside does not wait.
        let node = disk.live.gate.node();
        let length = node.length().map_err(failed)?;
        if offset.checked_add(size as u64).is_none_or(|end| end > length) {
            let left = length.saturating_sub(offset);
            let text = format!("'{target}' starting from {offset} has only {left} bytes available");
            return Err(argument(text));
        }
        let mut data = buffer(size).map_err(failed)?;
        let read = node.read_at(&mut data, offset).map_err(failed)?;
        if read < size {
            let text = format!("'{target}' has become shorter");
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        }
        Ok(data)
    }

    /// Changes the size of a disk.
    pub fn resize_disk(&self, request: &ResizeRequest) -> Result<()> {
        let _changing = self.changing()?;
        let definition = self.definition();
        let disk = definition.disks.iter().find(|disk| disk.target == request.target);
        if disk.is_some_and(|disk| disk.read_only || disk.image.is_none()) {
            let text = format!("can't resize empty or readonly disk '{}'", request.target);
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let disk = self.open_target(&request.target)?;
        disk.check_no_job()?;
        let bytes = new_size(&disk, request)?;
        // No guest's request is inside while the size changes.
        let closed = disk.live.gate.closed();
        disk.live.gate.node().resize(bytes).map_err(failed)?;
        closed.set_end(bytes);
        Ok(())
    }

    /// Sets the threshold of a disk, which may be named with the index of its active layer.
    pub fn set_disk_threshold(&self, name: &str, threshold: u64) -> Result<()> {
        let missing = || argument(format!("failed to find disk '{}'", excerpt(name)));
        let (target, index) = match indexed(name) {
            Some((target, index)) => (target, Some(index)),
            None => (name, None),
        };
        let disk = self.disk(target).ok_or_else(missing)?;
        let position = {
            let chain = disk.live.images();
            chain.images.iter().position(|image| index.is_none_or(|index| image.index == index))
        };
        if position.ok_or_else(missing)? > 0 {
            let text = format!("guests do not write to the image '{name}'");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        disk.meter().set_threshold(threshold);
        Ok(())
    }
}

/// The size that a disk is to have. A device has the size that it has.
fn new_size(disk: &Disk, request: &ResizeRequest) -> Result<u64> {
    let unsupported = |text: &str| Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);
    let bytes = request.bytes;
    let now = disk.live.gate.node().length().map_err(failed)?;
    let on_device = disk.live.images().images.first().is_some_and(Image::is_raw_device);
    if request.to_capacity {
        if !on_device {
            let text = "block resize to full capacity supported only with 'raw' or local block-based \
                        disks";
            return Err(unsupported(text));
        }
        if bytes != 0 && bytes != now {
            let text = format!("Requested resize to '{bytes}' but device size is '{now}'");
            return Err(argument(text));
        }
        return Ok(now);
    }
    if on_device && bytes != now {
        let text = format!("block device backed disk must be resized to its actual size '{now}'");
        return Err(unsupported(&text));
    }
    if request.only_extend && bytes < now {
        let target = &disk.target;
        let text = format!("resize of '{target}' would shrink it from '{now}' to '{bytes}' bytes");
        return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
    }
    Ok(bytes)
}
