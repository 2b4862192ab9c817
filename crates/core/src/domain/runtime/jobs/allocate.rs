//! The job that gives a disk all the space that it may need.

use crate::domain::failed;
use crate::domain::object::Domain;
use crate::error::*;
use crate::job;

impl Domain {
    /// Gives a range of the image on top (to the end if `length` is 0) space of its own. It is a job, for
    /// whose end this waits or not.
    pub fn block_allocate(&self, name: &str, offset: u64, length: u64, wait: bool) -> Result<()> {
        let place = self.workplace(name)?;
        let job = {
            let _changing = place.changing_disk()?;
            place.check_chain()?;
            let live = place.disk.live.clone();
            let size = live.gate.node().length().map_err(failed)?;
            // It is the part of a pull that moves something.
            place.start_on_range((offset, length), size, None, move |range, control| {
                Ok(job::allocate(&live, range, control)?)
            })?
        };
        if wait { place.wait(&job) } else { Ok(()) }
    }
}
