//! Changing the image of a volume in place, while no domain uses it: bringing what it reads from below
//! into it, and giving it space.

use super::pool::Pool;
use super::volume::{Volume, report};
use super::volume_format::VolumeFormat;
use crate::block::{Format, Layers};
use crate::error::*;
use crate::job::{self, Control};

impl Volume {
    /// Brings everything that the volume reads from its backing images into it, and has it name none.
    pub fn flatten(&self) -> Result<()> {
        let format = self.format_to_change("flattened")?;
        // Nothing is below an image of a format without backing images.
        let Some(image) = self.open_overlay(format, true)? else { return Ok(()) };
        let info = image.info();
        if info.backing_file.is_none() {
            return Ok(());
        }
        if info.snapshots > 0 {
            let name = self.name();
            let text = format!("internal snapshots in volume '{name}' need the images below it");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        let size = image.length().map_err(report)?;
        job::pull(&*image, 0..size, Layers::NOTHING, &unlimited(size))?;
        // It brings the data to stable storage before it stops to name what the data came from.
        image.record_backing(None).map_err(report)?;
        image.settle().map_err(report)?;
        drop(image);
        self.tell_changed()
    }

    /// Gives a range of what a guest sees of the volume (to the end if `length` is 0) space in it.
    pub fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        let format = self.format_to_change("allocated")?;
        let Some(image) = self.open_overlay(format, true)? else {
            let file = self.open_image(format, true)?;
            let size = file.length().map_err(report)?;
            let range = self.range_inside(offset, length, size)?;
            file.allocate(range.start, range.end - range.start).map_err(report)?;
            file.flush().and_then(|()| file.settle()).map_err(report)?;
            drop(file);
            return self.tell_changed();
        };
        let size = image.length().map_err(report)?;
        let range = self.range_inside(offset, length, size)?;
        let filled = job::fill(&*image, range, &unlimited(size));
        // What has been done by then stays, whatever has ended it.
        let kept = image.flush().and_then(|()| image.settle());
        filled.and(kept).map_err(report)?;
        drop(image);
        self.tell_changed()
    }

    /// The format in which the volume is opened to be changed.
    fn format_to_change(&self, verb: &str) -> Result<Format> {
        let format = self.facts()?.image.format;
        format.image().ok_or_else(|| cannot_be(self.name(), format, verb))
    }

    /// The pool's listeners may want to know its sizes.
    fn tell_changed(&self) -> Result<()> {
        Pool::of_volume(self)?.tell_refresh();
        Ok(())
    }
}

fn unlimited(length: u64) -> Control {
    Control::new(length, 0, 0)
}

fn cannot_be(name: &str, format: VolumeFormat, verb: &str) -> Error {
    let text = format!("volume '{name}' of format '{}' cannot be {verb}", format.word());
    Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text)
}
