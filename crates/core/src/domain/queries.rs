//! Questions about a domain's disks, and the few things that are done to them from outside.

use virsparse_base::errno::Errno;

use super::images::chain;
use super::object::Domain;
use crate::block::filter::meter::DiskStats;
use crate::domain::config::lookup::{find, no_medium, not_served};
use crate::domain::images::sizes::{BlockInfo, image_sizes};
use crate::domain::machine::disk::{DiskReport, ResizeRequest};
use crate::enums::domain::{virDomainBlockResizeFlags, virDomainDiskErrorCode};
use crate::enums::flags;
use crate::enums::sparse::virSparseDiskURIFlags;
use crate::error::*;
use crate::host::Host;

/// The most KiB that virDomainBlockResize takes.
const RESIZE_MAX: u64 = u64::MAX / 1024;

/// What has gone wrong with a disk: virDomainDiskErrorCode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    Unspecified = virDomainDiskErrorCode::VIR_DOMAIN_DISK_ERROR_UNSPEC as isize,
    NoSpace = virDomainDiskErrorCode::VIR_DOMAIN_DISK_ERROR_NO_SPACE as isize,
}

flags! {
    /// Which of a disk's URIs is asked for.
    pub struct UriFlags: u32 = virSparseDiskURIFlags {
        const TCP = VIR_SPARSE_DISK_URI_TCP;
    }

    /// How virDomainBlockResize counts.
    pub struct ResizeFlags: u32 = virDomainBlockResizeFlags {
        const BYTES = VIR_DOMAIN_BLOCK_RESIZE_BYTES;
        /// To the size that its device has.
        const CAPACITY = VIR_DOMAIN_BLOCK_RESIZE_CAPACITY;
        /// Not to a smaller one.
        const EXTEND = VIR_DOMAIN_BLOCK_RESIZE_EXTEND;
    }
}

impl Domain {
    /// What is told of the open disk of a name.
    fn open_disk(&self, name: &str, missing: impl Fn(&str) -> String) -> Result<DiskReport> {
        let machine = self.machine()?;
        let definition = machine.definition()?;
        machine.disk(&find(&definition, name, missing)?.target)
    }

    /// Where guests find a disk, as an NBD URI.
    pub fn disk_uri(&self, name: &str, flags: UriFlags) -> Result<String> {
        let disk = self.open_disk(name, |name| format!("disk '{name}' not found in domain"))?;
        if !flags.contains(UriFlags::TCP) {
            return disk.uri.ok_or_else(|| not_served(&disk.target));
        }
        disk.tcp_uri.ok_or_else(|| {
            let text = format!("disk '{}' is not served over TCP", disk.target);
            Error::invalid_operation(VIR_FROM_DOMAIN, text)
        })
    }

    /// How large a disk is.
    pub fn block_info(&self, name: &str) -> Result<BlockInfo> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        let missing = |name: &str| format!("invalid path {name} not assigned to domain");
        let disk = find(&definition, name, missing)?;
        if entry.is_active()
            && let Some(sizes) = self.machine_of(&entry)?.disk_sizes(&disk.target)?
        {
            return Ok(sizes);
        }
        let images = self.connect().domains().images();
        let located = &*images.located(disk)?;
        let image = located.image.as_ref().ok_or_else(|| no_medium(&disk.target))?;
        let files = &**images.files();
        let capacity = chain::length(files, located)?;
        image_sizes(files, image, capacity, None)
    }

    /// What guests have done with a disk since the domain was started; with all for an empty name.
    pub fn block_stats(&self, name: &str) -> Result<DiskStats> {
        let machine = self.machine()?;
        if name.is_empty() {
            let all = machine.disks()?;
            let stats = all.iter().map(|disk| disk.stats);
            return Ok(stats.fold(DiskStats::default(), DiskStats::plus));
        }
        let definition = machine.definition()?;
        let disk = find(&definition, name, |name| format!("invalid path: {name}"))?;
        // Nobody can have read an empty drive.
        let open = machine.disks()?.into_iter().find(|open| open.target == disk.target);
        Ok(open.map(|open| open.stats).unwrap_or_default())
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
        self.machine_of(&entry)?.peek(&disk.target, offset, size)
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
        let machine = self.machine()?;
        let definition = machine.definition()?;
        let missing = |name: &str| format!("disk '{name}' was not found in the domain config");
        machine.resize(&ResizeRequest {
            target: find(&definition, name, missing)?.target.clone(),
            bytes,
            to_capacity: flags.contains(ResizeFlags::CAPACITY),
            only_extend: flags.contains(ResizeFlags::EXTEND),
        })
    }

    /// The disks of which a guest's request has failed since it was resumed or started, and why.
    pub fn disk_errors(&self) -> Result<Vec<(String, DiskError)>> {
        let disks = self.machine()?.disks()?;
        let failed = disks.into_iter().filter_map(|disk| {
            let error = match disk.failed? {
                Errno::ENOSPC => DiskError::NoSpace,
                _ => DiskError::Unspecified,
            };
            Some((disk.target, error))
        });
        Ok(failed.collect())
    }

    /// The last failure of each disk since the domain was started, as libvirt words it.
    pub fn io_errors(&self) -> Result<Vec<String>> {
        let entry = self.entry()?;
        if !entry.is_active() {
            return Ok(Vec::new());
        }
        let texts = self.machine_of(&entry)?.disks()?.into_iter().filter_map(|disk| {
            let (errno, when) = disk.last_failure?;
            let target = &disk.target;
            let index = disk.index.unwrap_or(0);
            let path = disk.path.as_deref().unwrap_or("-");
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
        self.machine()?.set_threshold(name, threshold)
    }
}
