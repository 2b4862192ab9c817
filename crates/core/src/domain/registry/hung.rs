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
        // So that nobody else takes that for a crash.
        let first = self.change_within(PATIENCE);
        there.ways.full.kill_process()?;
        let mut change = first.or_else(|_| self.change())?;
        // Whoever was faster has told of it.
        let now = change.by_uuid(entry.uuid, &entry.name)?;
        let is_it = |live: &Live| matches!(live, Live::Elsewhere(now) if now.is_still(&there.status, there.process));
        if now.live.as_ref().is_some_and(is_it) {
            change.set_off(&now, request);
        }
        Ok(())
    }
}
