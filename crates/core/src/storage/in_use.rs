//! Changing a volume while others use it. What a running domain, another program or another call uses
//! is not changed and not deleted; it can be read. Who uses an image is known by the locks that
//! programs take (see `block::image_lock`), and by the running domains where a filesystem has none.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::connection::Connection;
use super::store::VolumeStore;
use super::volume::{Volume, report};
use crate::block::{BlockError, ImageFile};
use crate::error::*;
use uuid::Uuid;

/// Those who use images beside this layer, which knows only of locks.
pub trait ImageUsers: Send + Sync {
    /// The running domain that uses an image, as far as this process can know: behind the same URI, or
    /// another that is open here. The disk `besides`, by its domain and its target, does not count.
    fn user_of(&self, identity: (u64, u64), besides: Option<(Uuid, &str)>) -> Option<String>;
}

impl Volume {
    /// Opens its bytes for a change of all of them, which no domain and no other program may be using.
    /// Uploads go on, as with libvirt: who changes a volume while he writes it knows why. `doing` is what
    /// the log calls the change.
    ///
    /// Errors: VIR_ERR_RESOURCE_BUSY, with the user.
    pub(super) fn open_to_change(&self, doing: &str) -> Result<Arc<dyn ImageFile>> {
        let file = self.store()?.open(self.name(), true)?;
        self.lock_to_change(&*file, doing)?;
        Ok(file)
    }

    /// The same for what is open already.
    pub(super) fn lock_to_change(&self, file: &dyn ImageFile, doing: &str) -> Result<()> {
        // A part of nothing.
        locked_or_busy(self.connect(), file, self.key(), file.lock_part(&(0..0)), None)?;
        self.warn_of_overlays(doing);
        Ok(())
    }

    /// Locks a part of it for an upload, which reaches to wherever the file will end if `end` is `None`.
    /// Other uploads may be writing other parts.
    ///
    /// Errors: VIR_ERR_RESOURCE_BUSY, with the user.
    pub(super) fn lock_to_upload(
        &self,
        file: &dyn ImageFile,
        start: u64,
        end: Option<u64>,
    ) -> Result<()> {
        let part = start..end.unwrap_or(u64::MAX);
        let locked = file.lock_part(&part);
        locked_or_busy(self.connect(), file, self.key(), locked, Some(&part))?;
        self.warn_of_overlays("written");
        Ok(())
    }

    /// Locks it while it is deleted. `None` for what has no bytes that could be locked.
    pub(super) fn lock_to_delete(
        &self,
        store: &dyn VolumeStore,
    ) -> Result<Option<Arc<dyn ImageFile>>> {
        let file = match store.open(self.name(), false) {
            Ok(file) => file,
            // Without a descriptor nobody can tell whether it is in use.
            Err(e) if e.errno().is_some_and(Errno::is_shortage) => return Err(e),
            Err(e) => {
                log::debug!("'{}' is deleted without its locks: {}", self.key(), e.message);
                let files = self.connect().storage().files();
                if let Ok(identity) = files.identity(Path::new(self.key()))
                    && let Some(domain) = self.connect().storage().user_of(identity)
                {
                    return Err(used_by(self.key(), &domain));
                }
                return Ok(None);
            }
        };
        self.lock_to_change(&*file, "deleted")?;
        Ok(Some(file))
    }
}

/// Locks an image at `path`: for reading what does not change meanwhile, or for changing it.
///
/// Errors: VIR_ERR_RESOURCE_BUSY, with the user.
pub(super) fn lock(
    connect: &Connection,
    file: &dyn ImageFile,
    path: &str,
    writable: bool,
) -> Result<()> {
    locked_or_busy(connect, file, path, file.lock(writable), None)
}

fn locked_or_busy(
    connect: &Connection,
    file: &dyn ImageFile,
    path: &str,
    locked: crate::block::Result<()>,
    part: Option<&Range<u64>>,
) -> Result<()> {
    let user = || {
        let identity = file.identity().inspect_err(|e| log::debug!("{}: {}", e.what, e.errno));
        connect.storage().user_of(identity.ok()?)
    };
    match locked {
        Ok(()) if file.has_locks() => Ok(()),
        Ok(()) => user().map_or(Ok(()), |domain| Err(used_by(path, &domain))),
        Err(BlockError { errno: Errno::EAGAIN, .. }) => {
            let part = match part {
                Some(Range { start: 0, end: u64::MAX }) | None => String::new(),
                Some(Range { start, end: u64::MAX }) => format!(", from byte {start} on"),
                Some(Range { start, end }) => format!(", between bytes {start} and {end}"),
            };
            Err(busy(format!("another call is writing to '{path}'{part}")))
        }
        Err(BlockError { errno: Errno::EBUSY, .. }) => Err(match user() {
            Some(domain) => used_by(path, &domain),
            None if file.has_part_writers() == Ok(true) => {
                busy(format!("another call is writing to '{path}'"))
            }
            None => busy(format!("'{path}' is in use by another program")),
        }),
        Err(error) => Err(report(error)),
    }
}

fn used_by(path: &str, domain: &str) -> Error {
    busy(format!("'{path}' is in use by domain '{domain}'"))
}

fn busy(text: String) -> Error {
    Error::new(VIR_ERR_RESOURCE_BUSY, VIR_FROM_STORAGE, text)
}
