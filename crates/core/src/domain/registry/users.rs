//! Which running domain uses an image, of this process or of another that shares the root.

use std::borrow::Cow;
use std::path::PathBuf;

use uuid::Uuid;

use super::domains::Domains;
use super::entry::Live;
use super::status::Status;
use crate::domain::images::Images;
use crate::domain::images::references::leads_to;
use crate::error::*;
use crate::xml;

impl Domains {
    /// The name of the running domain that has an image of that identity in one of its chains, or
    /// copies a disk to it. The disk `besides`, by the domain's UUID and its target, does not count.
    pub(in crate::domain) fn own_user_of(
        &self,
        identity: (u64, u64),
        besides: Option<(Uuid, &str)>,
    ) -> Result<Option<String>> {
        for entry in self.all()? {
            let uses = match &entry.live {
                Some(Live::Machine(machine)) => {
                    let of_this = besides.filter(|(uuid, _)| *uuid == entry.uuid);
                    machine.uses_image(identity, of_this.map(|(_, target)| target))?
                }
                Some(Live::Elsewhere(there)) => names(&there.status, self.images(), identity)?,
                Some(Live::Unreadable(damage, _)) => {
                    log::warn!("images of domain '{}': {}", entry.name, damage.error.message);
                    false
                }
                None => false,
            };
            if uses {
                return Ok(Some(entry.name));
            }
        }
        Ok(None)
    }
}

/// Whether the description that another process has written down names the image.
fn names(status: &Status, images: &Images, identity: (u64, u64)) -> Result<bool> {
    let files = &**images.files();
    // A disk that is a volume is described as one, without its path.
    let volumes = status.definition.disks.iter().filter_map(|disk| match images.located(disk) {
        Ok(Cow::Owned(located)) => located.path().map(PathBuf::from),
        Ok(Cow::Borrowed(_)) => None,
        Err(e) => {
            log::debug!("disk '{}' of '{}': {}", disk.target, status.definition.name, e.message);
            None
        }
    });
    if volumes.into_iter().any(|path| files.identity(&path) == Ok(identity)) {
        return Ok(true);
    }
    let domain = xml::parse_stored(&status.live_xml, "domain_status", VIR_FROM_DOMAIN)?;
    let devices = domain.child("devices");
    let mut disks = devices.into_iter().flat_map(|devices| devices.children("disk"));
    Ok(disks.any(|disk| leads_to(disk, files, identity)))
}
