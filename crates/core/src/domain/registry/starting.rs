//! The start of a domain, in three steps: its name is reserved, its disks are opened, and it is written down.

use std::sync::Arc;

use super::change::already_running;
use super::domains::Domains;
use super::entry::Entry;
use super::launch::Start;
use super::stored;
use crate::domain::events::{self, Lifecycle};
use crate::domain::machine::condition::{Condition, State};
use crate::domain::machine::{Identity, Machine};
use crate::error::*;

/// A domain that is about to run. Dropped, it is not any more.
pub struct Starting<'a> {
    pub(super) domains: &'a Domains,
    pub(super) name: String,
    pub(super) start: Option<Start>,
}

impl Starting<'_> {
    /// Opens the disks, without any lock: that may take its time.
    pub fn open(&mut self) -> Result<Arc<dyn Machine>> {
        let start = self.start.take().ok_or_else(already_running)?;
        (self.domains.launcher)(start)
    }

    /// Notes that it runs, and tells so. A failure leaves nothing behind.
    pub fn finish(self, machine: &Arc<dyn Machine>) -> Result<()> {
        // Nobody has been told that it runs.
        self.note(machine).inspect_err(|_| machine.abandon())
    }

    fn note(&self, machine: &Arc<dyn Machine>) -> Result<()> {
        let mut change = self.domains.change()?;
        // It may have been undefined meanwhile, or defined anew: what runs is what was started.
        let entry = change.claim(&*machine.definition()?)?;
        change.set_live(&entry, machine.clone())?;
        let condition = machine.condition()?;
        let paused = condition.state == State::Paused;
        let told: &[Lifecycle] = match self.domains.images.files().is_real() {
            _ if condition == Condition::FROM_SNAPSHOT => &[Lifecycle::STARTED_AGAIN],
            _ if condition == Condition::PAUSED_FROM_SNAPSHOT => {
                &[Lifecycle::STARTED_AGAIN, Lifecycle::SUSPENDED_AGAIN]
            }
            // A hypervisor begins with its CPUs stopped, and tells when it lets them run.
            true if !paused => &[Lifecycle::RESUMED, Lifecycle::STARTED],
            _ if paused => &[Lifecycle::STARTED, Lifecycle::SUSPENDED],
            _ => &[Lifecycle::STARTED],
        };
        let Identity { name, uuid, .. } = machine.identity();
        for event in told {
            let event = events::event(name, *uuid, events::LIFECYCLE, event.payload());
            self.domains.events.queue(&event);
        }
        Ok(())
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        let mut known = self.domains.lock();
        known.starting.remove(&self.name);
        if !known.entries.get(&self.name).is_some_and(Entry::is_here)
            && let Some(state) = &self.domains.state
        {
            // Another process may have begun to start it as soon as this one had given it up.
            let removed = state.lock().and_then(|_lock| {
                if stored::owner(state, &self.name)?.is_none() {
                    stored::remove_folder(&stored::folder(state, &self.name));
                }
                Ok(())
            });
            if let Err(error) = removed {
                log::warn!("the folder of domain '{}' stays: {error}", self.name);
            }
        }
    }
}
