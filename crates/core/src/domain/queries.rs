//! Questions about a domain's disks, and the few things that are done to them from outside.

use std::path::Path;
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::config::disk::Source;
use super::images::chain;
use super::object::Domain;
use super::registry::domains::Live;
use super::runtime::disk::Disk;
use crate::block::filter::meter::DiskStats;
use crate::block::qcow2::Qcow2Node;
use crate::block::{FileKind, Files, Image, buffer};
use crate::domain::config::lookup::{argument, find, indexed, no_medium, not_served};
use crate::error::*;
use crate::host::Host;
use crate::xml::excerpt;

/// The most that virDomainBlockPeek reads: what libvirt's transport carries.
const PEEK_MAX: usize = 4 << 20;

/// The most KiB that virDomainBlockResize takes.
const RESIZE_MAX: u64 = u64::MAX / 1024;

/// How large a disk is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// What a guest sees.
    pub capacity: u64,
    /// What its image takes on the medium. Of a qcow2 image on a device, while it is written: how far
    /// it uses the device.
    pub allocation: u64,
    /// From the first to the last byte of its image.
    pub physical: u64,
}

/// What has gone wrong with a disk: virDomainDiskErrorCode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    Unspecified = 1,
    NoSpace = 2,
}

bitflags::bitflags! {
    /// Which of a disk's URIs is asked for.
    pub struct UriFlags: u32 {
        const TCP = 1;
    }

    /// How virDomainBlockResize counts.
    pub struct ResizeFlags: u32 {
        const BYTES = 1;
        /// To the size that its device has.
        const CAPACITY = 2;
        /// Not to a smaller one.
        const EXTEND = 4;
    }
}

/// The size that a disk is to have if `bytes` are asked for. A device has the size that it has.
fn new_size(disk: &Disk, bytes: u64, flags: ResizeFlags) -> Result<u64> {
    let unsupported = |text: &str| Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);
    let now = disk.live.gate.node().length().map_err(|e| e.report(VIR_FROM_STORAGE))?;
    let on_device = disk.live.images().images.first().is_some_and(Image::is_raw_device);
    if flags.contains(ResizeFlags::CAPACITY) {
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
    if flags.contains(ResizeFlags::EXTEND) && bytes < now {
        let target = &disk.target;
        let text = format!("resize of '{target}' would shrink it from '{now}' to '{bytes}' bytes");
        return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
    }
    Ok(bytes)
}

impl Domain {
    /// The open disk of a name.
    fn open_disk(&self, name: &str, missing: impl Fn(&str) -> String) -> Result<Arc<Disk>> {
        let running = self.here()?;
        let definition = running.definition();
        let disk = find(&definition, name, missing)?;
        running.expect_disk(disk)
    }

    /// Where guests find a disk, as an NBD URI.
    pub fn disk_uri(&self, name: &str, flags: UriFlags) -> Result<String> {
        let disk = self.open_disk(name, |name| format!("disk '{name}' not found in domain"))?;
        if !flags.contains(UriFlags::TCP) {
            return disk.uri().ok_or_else(|| not_served(&disk.target));
        }
        disk.tcp_uri().ok_or_else(|| {
            let text = format!("disk '{}' is not served over TCP", disk.target);
            Error::invalid_operation(VIR_FROM_DOMAIN, text)
        })
    }

    /// How large a disk is.
    pub fn block_info(&self, name: &str) -> Result<BlockInfo> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        let missing = |name: &str| format!("invalid path {name} not assigned to domain");
        let images = self.connect().domains().images();
        let disk = &*images.located(find(&definition, name, missing)?)?;
        let image = disk.image.as_ref().ok_or_else(|| no_medium(&disk.target))?;
        let open = match &entry.live {
            Some(Live::Here(running)) => running.disk(&disk.target),
            _ => None,
        };
        let qcow2 = open.as_ref().and_then(|open| open.top());
        let capacity = match &open {
            Some(open) => open.live.gate.node().length().map_err(|e| e.report(VIR_FROM_STORAGE))?,
            None => chain::length(&**images.files(), disk)?,
        };
        match &image.source {
            Source::File(path) | Source::Block(path) => {
                on_medium(&**images.files(), path, capacity, qcow2.as_deref())
            }
            Source::Nbd(_) | Source::Volume(..) | Source::Other(_) => {
                Ok(BlockInfo { capacity, allocation: capacity, physical: capacity })
            }
        }
    }

    /// What guests have done with a disk since the domain was started; with all for an empty name.
    pub fn block_stats(&self, name: &str) -> Result<DiskStats> {
        let running = self.here()?;
        if name.is_empty() {
            let all = running.disks();
            let stats = all.iter().map(|disk| disk.meter().stats());
            return Ok(stats.fold(DiskStats::default(), DiskStats::plus));
        }
        let definition = running.definition();
        let disk = find(&definition, name, |name| format!("invalid path: {name}"))?;
        // Nobody can have read an empty drive.
        Ok(running.disk(&disk.target).map(|disk| disk.meter().stats()).unwrap_or_default())
    }

    /// How often guests' requests have failed, where that is known: not at all in `test:///`, where no
    /// guest can make any.
    pub fn failed_requests(&self) -> Option<u64> {
        match self.connect().domains().host() {
            Host::Test(_) => Some(0),
            Host::Real => None,
        }
    }

    /// Reads what guests would read.
    pub fn block_peek(&self, name: &str, offset: u64, size: usize) -> Result<Vec<u8>> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        let missing = |name: &str| format!("disk '{name}' not found in domain");
        let disk = find(&definition, name, missing)?;
        let format = disk.image.as_ref().map_or("none", |image| image.format.as_str());
        if format != "raw" {
            let text =
                format!("peeking is only supported for disk with 'raw' format not '{format}'");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let open = entry.here()?.expect_disk(disk)?;
        if size > PEEK_MAX {
            return Err(argument(format!("at most {PEEK_MAX} bytes can be peeked at")));
        }
        // A pause is for guests: whoever looks from outside does not wait.
        let node = open.live.gate.node();
        let length = node.length().map_err(|e| e.report(VIR_FROM_STORAGE))?;
        if offset.checked_add(size as u64).is_none_or(|end| end > length) {
            let left = length.saturating_sub(offset);
            let target = &disk.target;
            let text = format!("'{target}' starting from {offset} has only {left} bytes available");
            return Err(argument(text));
        }
        let mut data = buffer(size).map_err(|e| e.report(VIR_FROM_STORAGE))?;
        let read = node.read_at(&mut data, offset).map_err(|e| e.report(VIR_FROM_STORAGE))?;
        if read < size {
            let text = format!("'{}' has become shorter", disk.target);
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        }
        Ok(data)
    }

    /// Changes the size of a disk that guests may be using: rounded up to whole sectors, in KiB
    /// unless the flags say otherwise. Clients that are connected see the old size until they
    /// connect again.
    pub fn block_resize(&self, name: &str, size: u64, flags: ResizeFlags) -> Result<()> {
        let overflow = |most: u64| {
            let text = format!("size must be less than {most}");
            Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, text)
        };
        let bytes = match flags.contains(ResizeFlags::BYTES) {
            true => size.checked_next_multiple_of(512).ok_or_else(|| overflow(u64::MAX - 511))?,
            false => size.checked_mul(1024).ok_or_else(|| overflow(RESIZE_MAX))?,
        };
        if bytes > i64::MAX as u64 {
            return Err(overflow(i64::MAX as u64 + 1));
        }
        let running = self.here()?;
        let changing = running.changing()?;
        let missing = |name: &str| format!("disk '{name}' was not found in the domain config");
        let disk = self.open_disk(name, missing)?;
        if disk.definition.read_only {
            let text = format!("disk '{}' is read-only", disk.target);
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        disk.check_no_job()?;
        let bytes = new_size(&disk, bytes, flags)?;
        // No guest is inside while the size changes.
        let resized = {
            let closed = disk.live.gate.closed();
            let resized = disk.live.gate.node().resize(bytes);
            if resized.is_ok() {
                closed.set_end(bytes);
            }
            resized
        };
        drop(changing);
        resized.map_err(|e| e.report(VIR_FROM_STORAGE))
    }

    /// The disks of which a guest's request has failed since it was resumed or started, and why.
    pub fn disk_errors(&self) -> Result<Vec<(String, DiskError)>> {
        let disks = self.here()?.disks();
        let failed = disks.iter().filter_map(|disk| {
            let error = match disk.meter().failed()? {
                Errno::ENOSPC => DiskError::NoSpace,
                _ => DiskError::Unspecified,
            };
            Some((disk.target.clone(), error))
        });
        Ok(failed.collect())
    }

    /// The last failure of each disk since the domain was started, as libvirt words it.
    pub fn io_errors(&self) -> Result<Vec<String>> {
        let entry = self.entry()?;
        let Some(Live::Here(running)) = &entry.live else { return Ok(Vec::new()) };
        let texts = running.disks().into_iter().filter_map(|disk| {
            let (errno, when) = disk.meter().last_failure()?;
            let target = &disk.target;
            let index = disk.live.images().images.first().map_or(0, |top| top.index);
            let path = running.path_of(target).unwrap_or_else(|| "-".to_string());
            let when = humantime::format_rfc3339_millis(when).to_string();
            let when = when.replace('T', " ").replace('Z', "+0000");
            let text = errno_text(errno.raw());
            Some(format!(
                "I/O error: disk='{target}', index='{index}', path='{path}', timestamp='{when}', \
                 message='{text}'"
            ))
        });
        Ok(texts.collect())
    }

    /// How many disks it has.
    pub fn disk_count(&self) -> Result<usize> {
        Ok(self.entry()?.definition()?.disks.len())
    }

    /// Tells once when guests write behind an offset of a disk's image; 0 for never.
    pub fn set_block_threshold(&self, name: &str, threshold: u64) -> Result<()> {
        let running = self.here()?;
        let missing = || argument(format!("failed to find disk '{}'", excerpt(name)));
        let (target, index) = match indexed(name) {
            Some((target, index)) => (target, Some(index)),
            None => (name, None),
        };
        let disk = running.disk(target).ok_or_else(missing)?;
        let place = {
            let chain = disk.live.images();
            chain.images.iter().position(|image| index.is_none_or(|index| image.index == index))
        };
        if place.ok_or_else(missing)? > 0 {
            let text = format!("guests do not write to the image '{name}'");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        disk.meter().set_threshold(threshold);
        Ok(())
    }
}

/// The sizes of a local image, which is open as `qcow2` if it is in use and of that format.
pub(super) fn on_medium(
    files: &dyn Files,
    path: &Path,
    capacity: u64,
    qcow2: Option<&Qcow2Node>,
) -> Result<BlockInfo> {
    let found = files.look(path).map_err(|errno| {
        Error::system(VIR_FROM_STORAGE, errno, format!("cannot stat file '{}'", path.display()))
    })?;
    if found.kind == FileKind::Device {
        let physical = chain::device_length(files, path)?;
        // A device has all its space. How much of it an image needs is known only while it is in use.
        let used = match qcow2 {
            Some(qcow2) => qcow2.used_end().map_err(|e| e.report(VIR_FROM_STORAGE))?,
            None => None,
        };
        return Ok(BlockInfo { capacity, allocation: used.unwrap_or(physical), physical });
    }
    Ok(BlockInfo { capacity, allocation: found.allocated, physical: found.length })
}
