//! The job that gives a disk all the space that it may need.

use std::sync::Arc;

use super::block_extents::disk_range;
use super::block_job::NewJob;
use super::failed;
use super::object::Domain;
use crate::error::*;
use crate::job::{self, Control, Kind};

impl Domain {
    /// Gives a range of the image on top (to the end if `length` is 0) space of its own. It is a job, for
    /// whose end this waits or not.
    pub fn block_allocate(
        &self,
        function: &str,
        name: &str,
        offset: u64,
        length: u64,
        wait: bool,
    ) -> Result<()> {
        let place = self.workplace(name)?;
        let job = {
            let _changing = place.changing_disk()?;
            place.check_chain()?;
            let live = place.disk.live.clone();
            let size = live.gate.node().length().map_err(failed)?;
            let range = disk_range(function, &place.disk.target, offset, length, size)?;
            let control = Arc::new(Control::new(range.end - range.start, 0, 0));
            // It is the part of a pull that moves something.
            let new = NewJob { from: range.start, ..NewJob::new(Kind::Pull, control) };
            place.start_job(new, move |control| job::allocate(&live, range, control))?
        };
        if wait { place.wait(&job) } else { Ok(()) }
    }
}
