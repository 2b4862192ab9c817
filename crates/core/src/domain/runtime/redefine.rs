//! New definitions of a running domain, and the changes of its disks that they bring.

use std::sync::Arc;
use std::time::Duration;

use super::running::Running;
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::lookup::alias;
use crate::domain::events;
use crate::domain::machine::change::{DiskChange, Redefined, Redefinition, Replacement};
use crate::error::*;
use crate::event::broker::Payload;

/// The disk of a target.
fn disk_of<'a>(definition: &'a Definition, target: &str) -> Result<&'a DiskDefinition> {
    definition.disks.iter().find(|disk| disk.target == target).ok_or_else(|| {
        Error::internal(VIR_FROM_DOMAIN, format!("no disk {target} in the new definition"))
    })
}

impl Running {
    /// Changes the definitions and the disks. If the disks cannot be changed, the definitions are as
    /// before.
    pub fn redefine(&self, request: &Redefinition) -> Result<Redefined> {
        let done = {
            let _changing = self.changing()?;
            if self.definition() != request.live.before {
                return Ok(Redefined::Outdated);
            }
            // The kept definition first: it can be given back, what has been done to a disk cannot.
            if let Some(kept) = &request.kept
                && !self.replace_kept(kept)?
            {
                return Ok(Redefined::Outdated);
            }
            let done = self.change_disks(request).inspect_err(|_| {
                if let Some(kept) = &request.kept {
                    self.give_back(kept);
                }
            })?;
            self.set_definition(request.live.after.clone());
            self.note();
            done
        };
        self.deliver();
        Ok(done)
    }

    /// Replaces the definition that is kept; false if it has become another one.
    fn replace_kept(&self, kept: &Replacement) -> Result<bool> {
        let domains = self.domains()?;
        let mut change = domains.change()?;
        let entry = change.by_uuid(self.identity.uuid, &self.identity.name)?;
        if !entry.config()?.is_some_and(|config| config.says_the_same_as(&kept.before)) {
            return Ok(false);
        }
        change.set_config(&entry, kept.after.clone())?;
        Ok(true)
    }

    /// Makes the definition that is kept what it was, unless somebody has changed it since.
    fn give_back(&self, kept: &Replacement) {
        let back = Replacement { before: kept.after.clone(), after: kept.before.clone() };
        if let Err(error) = self.replace_kept(&back) {
            log::error!("the definition of '{}' stays changed: {error}", self.identity.name);
        }
    }

    fn change_disks(&self, request: &Redefinition) -> Result<Redefined> {
        let (before, after) = (&request.live.before, &request.live.after);
        match &request.change {
            DiskChange::None => {}
            DiskChange::Throttle => self.throttle(after),
            DiskChange::Attach(target) => {
                let opened = self.this()?.open_disk(disk_of(after, target)?)?;
                self.replace_disk(target, opened);
                let alias = after.disk_element(target).map(alias).unwrap_or_default();
                self.queue(events::DEVICE_ADDED, Payload::Device { alias });
            }
            DiskChange::Detach(target) => return self.detach(before, target),
            DiskChange::Medium(target) => {
                self.refuse_beside_job(target)?;
                self.change_medium(before, disk_of(after, target)?)?;
            }
        }
        Ok(Redefined::Done)
    }

    /// Takes a disk from its guests.
    fn detach(&self, before: &Arc<Definition>, target: &str) -> Result<Redefined> {
        self.refuse_beside_job(target)?;
        let alias = before.disk_element(target).map(alias).unwrap_or_default();
        let disk = self.replace_disk(target, None);
        let closed = disk.map_or(Ok(()), |disk| disk.close(Duration::ZERO));
        self.queue(events::DEVICE_REMOVED, Payload::Device { alias });
        // The disk is gone, also if the last that was written to it is lost.
        Ok(closed.map_or_else(Redefined::NotFlushed, |()| Redefined::Done))
    }

    /// A job that works on a disk keeps it where it is.
    fn refuse_beside_job(&self, target: &str) -> Result<()> {
        self.disk(target).map_or(Ok(()), |disk| disk.check_no_job())
    }

    /// Puts another image into a drive, or none. The old one is closed first, because both are served
    /// through one socket; if the new one cannot be opened the drive is as before.
    fn change_medium(&self, definition: &Definition, disk: &DiskDefinition) -> Result<()> {
        let running = self.this()?;
        let before = self.replace_disk(&disk.target, None);
        // Drives are not written, but floppies.
        let closed = before.as_ref().map_or(Ok(()), |before| before.close(Duration::ZERO));
        match closed.and_then(|()| running.open_disk(disk)) {
            Ok(opened) => {
                self.replace_disk(&disk.target, opened);
                Ok(())
            }
            Err(error) => {
                if let Some(before) = before {
                    drop(before);
                    // As it is defined now: jobs and snapshots may have moved it since it was opened.
                    let now = definition.disks.iter().find(|d| d.target == disk.target);
                    let again = now.map_or(Ok(None), |now| running.open_disk(now))?;
                    self.replace_disk(&disk.target, again);
                }
                Err(error)
            }
        }
    }
}
