//! Handlers of holes that are kept with a stream: with them its loops, and receiving, are sparse.

use std::sync::{Arc, MutexGuard};

use virsparse_base::errno::Errno;

use super::{Received, Stream, Transfer};
use crate::error::*;

/// Takes a hole of so many bytes. A failure is the errno that it left.
pub type SkipHandler = Arc<dyn Fn(u64) -> Result<(), Errno> + Send + Sync>;
/// Tells whether the source is at data, and how far that (or the hole) goes. At the end: not at data, 0.
pub type SectionHandler = Arc<dyn Fn() -> Result<(bool, i64), Errno> + Send + Sync>;

/// What is kept.
#[derive(Clone, Default)]
pub struct HoleHandlers {
    pub skip: Option<SkipHandler>,
    pub section: Option<SectionHandler>,
}

impl Stream {
    fn handlers(&self) -> MutexGuard<'_, HoleHandlers> {
        self.hole_handlers.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The handlers that are kept now.
    pub fn hole_handlers(&self) -> HoleHandlers {
        self.handlers().clone()
    }

    /// Keeps a handler, or gives the one up that is kept.
    pub fn keep_skip_handler(&self, handler: Option<SkipHandler>) -> Result<()> {
        keep(&mut self.handlers().skip, handler)
    }

    /// Keeps a handler, or gives the one up that is kept.
    pub fn keep_section_handler(&self, handler: Option<SectionHandler>) -> Result<()> {
        keep(&mut self.handlers().section, handler)
    }

    /// Receives bytes; a hole goes to the handler that is kept, if there is one.
    pub fn receive_skipping(&self, buffer: &mut [u8]) -> Result<Received> {
        let Some(skip) = self.hole_handlers().skip else {
            return self.receive(buffer, false);
        };
        loop {
            match self.receive(buffer, true)? {
                Received::Hole => {
                    let (transfer, download) = self.download()?;
                    let length = self.settled(&transfer, download.receive_hole())?;
                    self.call(&transfer, || skip(length))?;
                }
                received => return Ok(received),
            }
        }
    }

    /// Runs a handler, whose failure is the stream's: a hole that it has not taken is lost.
    fn call(&self, transfer: &Transfer, handler: impl FnOnce() -> Result<(), Errno>) -> Result<()> {
        let failed = |errno| Error::system(VIR_FROM_STREAMS, errno, "skip handler failed");
        self.settled(transfer, handler().map_err(failed))
    }
}

fn keep<T>(place: &mut Option<T>, handler: Option<T>) -> Result<()> {
    if place.is_some() && handler.is_some() {
        let text = "stream already has a handler of this kind registered";
        return Err(Error::invalid_operation(VIR_FROM_STREAMS, text));
    }
    *place = handler;
    Ok(())
}
