//! Domains whose process has ended without stopping them: killed, or out of memory. The kernel has taken the
//! lock of such a process away, and closed its images. Whoever notices first tells all of it, once.

use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

use super::domains::{Domains, Known};
use super::entry::Live;
use super::off;
use super::stored;
use crate::domain::events::{self, Lifecycle};
use crate::domain::machine::condition::Condition;
use crate::error::*;
use crate::event::brokers::Observer;
use crate::state::{Folder, Locked, StateDir};

/// How long a call that only looks waits for those who change something.
const PATIENCE: Duration = Duration::from_secs(1);

/// A domain that is said to run, and does not.
pub struct Crashed {
    pub name: String,
    pub uuid: Uuid,
}

impl Domains {
    /// Removes what is left of an earlier boot, and of processes that did not stop their domains.
    pub(super) fn tidy(&self) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        if state.new_boot()?.is_some() {
            let locked = state.lock()?;
            // Another process may have been faster.
            if let Some(boot) = state.new_boot()? {
                stored::begin_boot(&locked, &boot)?;
            }
        }
        match stored::has_traces(state)? {
            true => {
                // What has crashed is told of.
                let _change = self.change()?;
                stored::remove_leftovers(state)
            }
            false => Ok(()),
        }
    }

    /// Notes which domains have crashed, and tells of those of which no other process has. `locked`: the
    /// state, if the caller has its lock. Nothing of the host's is called: what is told is delivered when
    /// this process finds it in the journal, as others do.
    pub(super) fn note_crashed(
        &self,
        known: &mut Known,
        state: &StateDir,
        locked: Option<&Locked<'_>>,
        crashed: Vec<Crashed>,
    ) -> Result<()> {
        let own;
        let locked = match locked {
            Some(locked) => locked,
            None => match state.lock_within(PATIENCE) {
                Ok(locked) => {
                    own = locked;
                    &own
                }
                Err(error) => {
                    // It is so, even if nobody can be told yet.
                    log::warn!("what crashed domains have left stays: {error}");
                    for domain in &crashed {
                        known.entries.entry(domain.name.clone()).and_modify(|e| e.live = None);
                    }
                    (known.stamp, known.untold) = (None, Some(error));
                    return Ok(());
                }
            },
        };
        for domain in crashed {
            let persistent = known.entries.get(&domain.name).is_some_and(|e| e.is_persistent());
            if let Err(error) = self.conclude(locked, &domain, persistent) {
                log::warn!("what domain '{}' has left stays: {error}", domain.name);
            }
        }
        // Others may have noticed it before, and have started it again since.
        (known.entries, _) = stored::load(state, &known.entries)?;
        known.stamp = None;
        Ok(())
    }

    /// Ends what the process of a domain has not ended. The file that says that it runs is there for the
    /// first one only who gets the lock.
    fn conclude(&self, state: &Locked<'_>, crashed: &Crashed, persistent: bool) -> Result<()> {
        let Crashed { name, uuid } = crashed;
        if stored::owner(state, name)?.is_some() || !state.exists(Folder::Run, name)? {
            return Ok(());
        }
        log::warn!("domain '{name}' has crashed: its process has ended without stopping it");
        if persistent {
            let text = off::to_xml(Condition::CRASHED);
            if let Err(error) = state.write_for_this_boot(Folder::Off, name, &text) {
                log::warn!("others do not know why domain '{name}' does not run: {error}");
            }
        }
        state.remove_for_this_boot(Folder::Run, name)?;
        let payload = Lifecycle::STOPPED_FAILED.payload();
        self.events.queue(&events::event(name, *uuid, events::LIFECYCLE, payload));
        stored::remove_folder(&stored::folder(state, name));
        Ok(())
    }
}

impl Observer for Domains {
    fn look(&self) -> Result<Vec<PathBuf>> {
        let Some(state) = &self.state else { return Ok(Vec::new()) };
        let known = self.read()?;
        if let Some(error) = &known.untold {
            return Err(error.clone());
        }
        let elsewhere = known.entries.values().filter(|entry| match entry.live {
            Some(Live::Elsewhere(..) | Live::Unreadable(..)) => true,
            Some(Live::Machine(_)) | None => false,
        });
        Ok(elsewhere.map(|entry| stored::owner_file(state, &entry.name)).collect())
    }
}
