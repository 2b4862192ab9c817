//! The job that gives a disk all the space that it may need.

use super::job::JobContext;
use crate::domain::failed;
use crate::domain::machine::block_job::RangeRequest;
use crate::error::*;
use crate::job::{self, Control};

impl JobContext {
    /// Starts to give a range of the active layer space of its own.
    pub fn allocate(&self, request: &RangeRequest) -> Result<()> {
        let job = {
            let _changing = self.changing_disk()?;
            self.check_chain()?;
            let live = self.disk.live.clone();
            let size = live.gate.node().length().map_err(failed)?;
            // It is the part of a pull that moves something.
            let work = move |range, control: &Control| Ok(job::allocate(&live, range, control)?);
            self.start_on_range(request, size, None, work)?
        };
        if request.wait { self.wait(&job) } else { Ok(()) }
    }
}
