//! Which running domain uses an image, of this process or of another that shares the root.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::images::Images;
use super::registry::domains::{Domains, Live};
use super::registry::status::Status;
use super::runtime::running::Running;
use crate::block::Files;
use crate::error::*;
use crate::job::LiveChain;
use crate::xml::{self, Element};

impl Domains {
    /// The name of the running domain that has an image of that identity in one of its chains, or
    /// copies a disk to it. `besides`: that disk does not count.
    pub(super) fn own_user_of(
        &self,
        identity: (u64, u64),
        besides: Option<&LiveChain>,
    ) -> Result<Option<String>> {
        for entry in self.all()? {
            let uses = match &entry.live {
                Some(Live::Here(running)) => uses(running, identity, besides),
                Some(Live::Elsewhere(status, _)) => names(status, self.images(), identity)?,
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

fn uses(running: &Running, identity: (u64, u64), besides: Option<&LiveChain>) -> bool {
    let files = running.images.files();
    let others = running.disks().into_iter().filter(|disk| {
        let live: &LiveChain = &disk.live;
        !besides.is_some_and(|besides| std::ptr::eq(live, besides))
    });
    others.into_iter().any(|disk| {
        // The job is asked for first: whoever has its place may be waiting for the images.
        let job = disk.current_job();
        let mirror = job.as_ref().and_then(|job| job.mirror.as_ref());
        mirror.is_some_and(|mirror| leads_to(mirror, &**files, identity))
            || disk.live.images().images.iter().any(|image| image.is_in(&**files, identity))
    })
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

/// Whether a `<source>` in an element, or further in it, leads to the image. It is as deep as the chain
/// is long.
fn leads_to(element: &Element, files: &dyn Files, identity: (u64, u64)) -> bool {
    let source = element.child("source");
    let path = source.and_then(|source| source.attr("file").or_else(|| source.attr("dev")));
    let is_it = |path: &str| files.identity(Path::new(path)) == Ok(identity);
    path.is_some_and(is_it)
        || ["backingStore", "mirror"]
            .iter()
            .flat_map(|name| element.children(name))
            .any(|below| leads_to(below, files, identity))
}
