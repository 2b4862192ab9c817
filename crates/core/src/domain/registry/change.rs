//! Changes of the domains, under the lock that all processes of a root share.

use std::sync::{Arc, MutexGuard};

use uuid::Uuid;

use super::domains::{Domains, Known};
use super::entry::{Entry, Live, find_uuid};
use super::off;
use super::status::Status;
use super::stored;
use crate::domain::config::definition::Definition;
use crate::domain::events;
use crate::domain::machine::Machine;
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::condition::Condition;
use crate::domain::snapshot_store::store::Store;
use crate::error::*;
use crate::state::{Folder, Locked};
use crate::xml::excerpt;

/// The folders of the marks that a domain can have.
const MARKS: [Folder; 2] = [Folder::Autostart, Folder::AutostartOnce];

/// The domains, while nobody else changes them.
pub struct Change<'a> {
    pub(super) domains: &'a Domains,
    pub(super) known: MutexGuard<'a, Known>,
    /// Where it is written down; `None` if it is not.
    pub(super) state: Option<Locked<'a>>,
}

impl Change<'_> {
    /// The domain as it is now.
    pub fn by_uuid(&self, uuid: Uuid, name: &str) -> Result<Entry> {
        find_uuid(&self.known.entries, uuid, Some(name)).cloned()
    }

    /// The entry that a definition belongs to: an existing domain of that name and UUID, or a new
    /// one. Refuses what clashes with another domain.
    pub fn claim(&self, definition: &Definition) -> Result<Entry> {
        let failed = |text| Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        let Definition { name, uuid, .. } = definition;
        let entries = &self.known.entries;
        if let Some(other) = entries.get(name).filter(|other| other.uuid != *uuid) {
            if let Err(cause) = other.expect_uuid() {
                return failed(format!(
                    "domain '{name}' already exists, with unknown uuid: {cause}"
                ));
            }
            return failed(format!("domain '{name}' already exists with uuid {}", other.uuid));
        }
        if let Some(other) =
            entries.values().find(|other| other.uuid == *uuid && other.name != *name)
        {
            return failed(format!("domain '{}' is already defined with uuid {uuid}", other.name));
        }
        Ok(entries.get(name).cloned().unwrap_or_else(|| Entry::new(definition)))
    }

    /// Where the snapshots of a domain are kept.
    pub fn snapshots(&self, entry: &Entry) -> Store {
        self.domains.snapshots(entry.uuid)
    }

    /// Refuses what is to be done to the images of a domain while nobody uses them, if somebody
    /// has begun to.
    pub fn check_off(&self, entry: &Entry) -> Result<()> {
        if entry.is_active() || self.known.starting.contains(&entry.name) {
            return Err(already_running());
        }
        match &self.state {
            Some(state) if stored::owner(state, &entry.name)?.is_some() => Err(already_running()),
            _ => Ok(()),
        }
    }

    /// Deletes the snapshot metadata that a crashed domain of the same UUID has left.
    pub(super) fn purge_stale_snapshots(&self, entry: &Entry) -> Result<()> {
        if entry.is_active() || entry.is_persistent() {
            return Ok(());
        }
        let snapshots = self.domains.snapshots(entry.uuid);
        // They may be those of a domain whose UUID cannot be read.
        let unknown = |other: &Entry| other.expect_uuid().err();
        if let Some(cause) = self.known.entries.values().find_map(unknown)
            && snapshots.any()?
        {
            return Err(cause);
        }
        snapshots.clear()
    }

    /// Refuses to forget a domain that has snapshots, unless they are to be forgotten as well. Those
    /// of one that runs are forgotten when it stops.
    fn check_snapshots(&self, entry: &Entry, forget: bool) -> Result<()> {
        // Of a domain whose UUID is not known it is not known which are its snapshots.
        if entry.is_active() || forget || entry.expect_uuid().is_err() {
            return Ok(());
        }
        match self.domains.snapshots(entry.uuid).load()?.len() {
            0 => Ok(()),
            number => {
                let text = format!("cannot delete inactive domain with {number} snapshots");
                Err(Error::invalid_operation(VIR_FROM_DOMAIN, text))
            }
        }
    }

    /// Makes a domain persistent under a new definition.
    pub fn set_config(&mut self, entry: &Entry, config: Arc<Definition>) -> Result<()> {
        if let Some(state) = &self.state {
            let text = stored::checked(&config)?;
            if !entry.is_persistent() {
                state.check_free(&entry.name)?;
                self.purge_stale_snapshots(entry)?;
                // A domain that was about to get this name, or has lost it, may have left its marks.
                for mark in MARKS {
                    state.remove(mark, &entry.name)?;
                }
                state.remove_for_this_boot(Folder::Off, &entry.name)?;
            }
            state.write(Folder::Config, &entry.name, &text)?
        } else {
            self.purge_stale_snapshots(entry)?;
        }
        let updated = entry.is_active() && entry.is_persistent();
        self.put(Entry { config: Some(Ok(config)), updated, ..entry.clone() });
        Ok(())
    }

    /// Forgets a domain's definition, and what is known of its snapshots if it does not run.
    pub fn undefine(&mut self, entry: &Entry, forget_snapshots: bool) -> Result<()> {
        self.check_snapshots(entry, forget_snapshots)?;
        if let Some(state) = &self.state {
            state.remove(Folder::Config, &entry.name)?;
            // It has happened. What else stays is removed before a domain of that name is defined.
            for mark in MARKS {
                if let Err(error) = state.remove(mark, &entry.name) {
                    log::warn!("domain '{}' is undefined, its mark stays: {error}", entry.name);
                }
            }
            self.forget_reason(&entry.name);
        }
        if !entry.is_active() {
            self.forget_snapshots(entry);
        }
        self.put(Entry {
            config: None,
            autostart: false,
            autostart_once: false,
            updated: false,
            ..entry.clone()
        });
        Ok(())
    }

    /// Forgets what is known of the snapshots of a domain that is no more.
    fn forget_snapshots(&self, entry: &Entry) {
        if let Err(error) = self.domains.snapshots(entry.uuid).clear() {
            // A new domain of that UUID forgets them, too.
            log::warn!("what is known of snapshots of '{}' stays: {error}", entry.name);
        }
    }

    /// Makes a domain that is off one of another name, which its new definition has. It is one of
    /// the two at any time: the file gets its new name at once, by which it is read from then on.
    pub fn rename(&mut self, entry: &Entry, config: Arc<Definition>) -> Result<()> {
        let name = &config.name;
        if self.known.entries.contains_key(name) || self.known.starting.contains(name) {
            let text = format!("domain with name '{}' already exists", excerpt(name));
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        if let Some(state) = &self.state {
            let text = stored::checked(&config)?;
            state.check_free(name)?;
            state.mark(Folder::Autostart, name, entry.autostart)?;
            state.mark(Folder::AutostartOnce, name, entry.autostart_once)?;
            let renamed = state.rename(Folder::Config, &entry.name, name, &text);
            let gone = if renamed.is_ok() { &entry.name } else { name };
            for mark in MARKS {
                if let Err(error) = state.remove(mark, gone) {
                    // What stays is removed before another domain gets that name.
                    log::warn!("the mark of domain '{gone}', which is no more, stays: {error}");
                }
            }
            renamed?;
            self.forget_reason(&entry.name);
            self.keep_reason(name, entry.off);
        }
        self.known.entries.remove(&entry.name);
        self.put(Entry { name: name.clone(), config: Some(Ok(config)), ..entry.clone() });
        Ok(())
    }

    /// Notes as what a domain runs here.
    pub fn set_live(&mut self, entry: &Entry, machine: Arc<dyn Machine>) -> Result<()> {
        if let Some(state) = &self.state {
            let status = Status::of(&*machine)?.to_xml();
            Status::parse(&status)?;
            state.write(Folder::Run, &entry.name, &status)?;
            self.forget_reason(&entry.name);
        }
        self.put(Entry { live: Some(Live::Machine(machine)), ..entry.clone() });
        Ok(())
    }

    /// Notes that a domain does not run any more, and why, and queues the events of that. It is so
    /// whatever cannot be written down: others see that the lock of its owner is gone.
    pub fn set_off(&mut self, entry: &Entry, request: &StopRequest) {
        let off = request.off;
        if entry.is_persistent() {
            self.keep_reason(&entry.name, off);
        }
        if let Some(state) = &self.state
            && let Err(error) = state.remove_for_this_boot(Folder::Run, &entry.name)
        {
            log::warn!("domain '{}' has stopped, its status stays: {error}", entry.name);
        }
        // At once: a process that is killed in between tells nobody, and nor does anybody else.
        for event in &request.events {
            let event = events::event(&entry.name, entry.uuid, events::LIFECYCLE, event.payload());
            self.domains.events.queue(&event);
        }
        if let Some(state) = &self.state {
            stored::remove_folder(&stored::folder(state, &entry.name));
            // Where the system does not tell which boot it is, it would be a crash after a power cut.
            if let Err(error) = state.sync(Folder::Run) {
                log::warn!("domain '{}' has stopped, which may not last: {error}", entry.name);
            }
        }
        if !entry.is_persistent() {
            self.forget_snapshots(entry);
        }
        self.put(Entry { live: None, updated: false, off, ..entry.clone() });
    }

    /// Writes down why a domain does not run. Where that fails, others know no reason.
    fn keep_reason(&self, name: &str, reason: Condition) {
        let Some(state) = &self.state else { return };
        if reason == Condition::OFF {
            return;
        }
        let text = off::to_xml(reason);
        if let Err(error) = state.write_for_this_boot(Folder::Off, name, &text) {
            log::warn!("others do not know why domain '{name}' does not run: {error}");
        }
    }

    /// The same of one that runs, or is no more.
    fn forget_reason(&self, name: &str) {
        let Some(state) = &self.state else { return };
        if let Err(error) = state.remove_for_this_boot(Folder::Off, name) {
            log::warn!("why domain '{name}' did not run stays written down: {error}");
        }
    }

    /// Marks a domain to be started by itself, or not.
    pub fn set_autostart(&mut self, entry: &Entry, autostart: bool) -> Result<()> {
        if let Some(state) = &self.state {
            state.mark(Folder::Autostart, &entry.name, autostart)?;
        }
        self.put(Entry { autostart, ..entry.clone() });
        Ok(())
    }

    /// The same for the next time only.
    pub fn set_autostart_once(&mut self, entry: &Entry, autostart_once: bool) -> Result<()> {
        if let Some(state) = &self.state {
            state.mark(Folder::AutostartOnce, &entry.name, autostart_once)?;
        }
        self.put(Entry { autostart_once, ..entry.clone() });
        Ok(())
    }

    /// Notes in memory what is written down.
    fn put(&mut self, entry: Entry) {
        if let Some(state) = &self.state {
            state.note();
        }
        if entry.is_active() || entry.is_persistent() {
            self.known.entries.insert(entry.name.clone(), entry);
        } else {
            self.known.entries.remove(&entry.name);
        }
    }
}

impl Drop for Change<'_> {
    /// What has been changed here need not be read again.
    fn drop(&mut self) {
        let Some(state) = &self.state else { return };
        let Known { entries, stamp, .. } = &mut *self.known;
        state.settle(stamp, || !entries.values().any(Entry::is_damaged));
    }
}

/// The error that what is to be done is only done to a domain that does not run.
pub(super) fn already_running() -> Error {
    Error::invalid_operation(VIR_FROM_DOMAIN, "domain is already running")
}

/// The same for one that is to be started and runs meanwhile, or was described as if it did not.
pub(super) fn already_active(name: &str) -> Error {
    let text = format!("domain '{name}' is already active");
    Error::invalid_operation(VIR_FROM_DOMAIN, text)
}
