//! The end of a domain whose process does not answer.

use std::time::Duration;

use super::domains::Domains;
use super::entry::{Entry, Live};
use crate::domain::machine::change::StopRequest;
use crate::error::*;

/// How long the registry's lock is waited for: the process that is to end may be the one that has it.
const PATIENCE: Duration = Duration::from_secs(2);

impl Domains {
    /// Ends the process of a domain that has not answered, and the domain with it, if that process is there for
    /// nothing else. Else `cause` is returned: why the domain did not stop.
    pub fn end_hung(&self, entry: &Entry, request: &StopRequest, cause: Error) -> Result<()> {
        let there = match &entry.live {
            Some(Live::Elsewhere(there)) if there.status.is_held() => there,
            _ => return Err(cause),
        };
        log::warn!("the process {} of domain '{}' is ended: {cause}", there.process, entry.name);
        let is_it = |now: &Entry| match &now.live {
            Some(Live::Elsewhere(now)) => now.is_still(&there.status, there.process),
            _ => false,
        };
        // So that nobody else takes that for a crash. Where the process itself has the lock, it is told as one.
        let first = self.change_within(PATIENCE);
        if let Ok(change) = &first {
            match change.by_uuid(entry.uuid, &entry.name) {
                Ok(now) if is_it(&now) => {}
                // Somebody was faster, and may have started it again since.
                Ok(_) => return Ok(()),
                Err(error) if error.code == VIR_ERR_NO_DOMAIN => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        there.ways.full.kill_process()?;
        let mut change = first.or_else(|_| self.change())?;
        match change.by_uuid(entry.uuid, &entry.name) {
            Ok(now) if is_it(&now) => change.set_off(&now, request),
            // Whoever was faster has told of it.
            Ok(_) => {}
            Err(error) if error.code == VIR_ERR_NO_DOMAIN => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
