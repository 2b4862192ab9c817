//! Changing the capacity of a volume, by libvirt's rules.

use super::new_image::size_for;
use super::store::VolumeFacts;
use super::volume::{ResizeFlags, Volume, report};
use super::volume_description::VolumeKind;
use super::volume_format::VolumeFormat;
use crate::block::Format;
use crate::error::*;

impl Volume {
    /// Changes its capacity.
    pub fn resize(&self, capacity: u64, flags: ResizeFlags) -> Result<()> {
        let store = self.store()?;
        let facts = store.facts(self.name())?;
        if facts.image.format == VolumeFormat::Unknown {
            // The failure says why.
            self.open(true)?;
        }
        let target = target(&facts, capacity, flags)?;
        let allocate = flags.contains(ResizeFlags::ALLOCATE);
        if allocate && target.saturating_sub(facts.allocation) > store.usage()?.available {
            let text = "Not enough space left in storage pool";
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text));
        }
        let unsupported =
            |text: String| Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text));
        let header_format = facts.image.format.image().filter(|format| format.has_header());
        if let Some(format) = header_format.filter(|_| !allocate) {
            return self.resize_image(format, target);
        }
        match (facts.image.format, facts.kind) {
            (VolumeFormat::Raw, VolumeKind::File) => {
                self.resize_raw(facts.capacity, target, allocate)
            }
            _ if allocate => {
                unsupported("preallocate is only supported for raw type volume".into())
            }
            (VolumeFormat::Raw, _) => {
                let name = self.name();
                unsupported(format!("volume '{name}' is not a file, and cannot be resized"))
            }
            (format, _) => unsupported(format!(
                "volume '{}' of format '{}' cannot be resized",
                self.name(),
                format.word()
            )),
        }
    }

    /// Refuses an image with persistent bitmaps: they would have to get another length as well, and any
    /// other change drops them. Nobody else changes the image meanwhile: it is open for writing.
    fn check_bitmaps(&self, format: Format) -> Result<()> {
        let header = format.read(self.key(), &*self.open(false)?).map_err(report)?;
        if header.info().bitmaps == 0 {
            return Ok(());
        }
        let text = format!("volume '{}' has persistent bitmaps, which would be lost", self.name());
        Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text))
    }

    fn resize_image(&self, format: Format, target: u64) -> Result<()> {
        let image = self.open_image(format, true)?;
        self.warn_of_overlays("resized");
        // An image counts its size in sectors.
        let target = size_for(target, format)?;
        if target == image.length().map_err(report)? {
            return Ok(());
        }
        self.check_bitmaps(format)?;
        image.resize(target).map_err(report)?;
        // The new size is on stable storage with that. What is left to write is which clusters are free
        // now; nothing is lost without it.
        if let Err(error) = image.flush() {
            log::warn!("volume '{}' may keep space that is free: {error:?}", self.key());
        }
        Ok(())
    }

    fn resize_raw(&self, before: u64, target: u64, allocate: bool) -> Result<()> {
        let node = self.open_to_change("resized")?;
        if allocate {
            // First, because nothing is cut off by it if it fails.
            node.allocate(0, target).map_err(|e| {
                // The volume is to be what it was.
                if let Err(longer) = node.resize(before) {
                    log::error!("volume '{}' is longer than it was: {longer:?}", self.key());
                }
                report(e)
            })?;
        }
        node.resize(target).map_err(|e| {
            let text = format!("Failed to truncate file '{}'", self.key());
            Error::system(VIR_FROM_NONE, e.errno, text)
        })?;
        self.written(&*node).inspect_err(|_| {
            // What was cut off is gone; what was added can be taken back.
            if target > before
                && let Err(longer) = node.resize(before)
            {
                log::error!("volume '{}' is longer than it was: {longer:?}", self.key());
            }
        })
    }
}

/// The capacity that is asked for, if that is allowed.
fn target(facts: &VolumeFacts, capacity: u64, flags: ResizeFlags) -> Result<u64> {
    let refuse = |text: &str| Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text));
    let shrink = flags.contains(ResizeFlags::SHRINK);
    let target = match (flags.contains(ResizeFlags::DELTA), shrink) {
        (false, _) => capacity,
        (true, true) => facts.capacity.saturating_sub(capacity),
        (true, false) => match facts.capacity.checked_add(capacity) {
            Some(target) => target,
            None => return refuse("capacity and delta are more than a volume can have"),
        },
    };
    if target < facts.allocation.min(facts.capacity) {
        return refuse("can't shrink capacity below existing allocation");
    }
    if target < facts.capacity && !shrink {
        return refuse(
            "Can't shrink capacity below current capacity unless shrink flag explicitly specified",
        );
    }
    Ok(target)
}
