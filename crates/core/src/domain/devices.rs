//! Devices that come and go: disks while the domain runs, anything in its definition.

use std::time::Duration;

use super::config::definition::Definition;
use super::config::disk::{Device, DiskDefinition};
use super::events::{self, Lifecycle};
use super::impact::LiveChange;
use super::object::Domain;
use crate::domain::config::lookup::alias;
use crate::enums::domain::virDomainDeviceModifyFlags;
use crate::enums::flags;
use crate::error::*;
use crate::event::broker::Payload;
use crate::xml::{self, Element};

flags! {
    /// What a change of a device affects, and how: virDomainDeviceModifyFlags.
    pub struct DeviceFlags: u32 = virDomainDeviceModifyFlags {
        const LIVE = VIR_DOMAIN_DEVICE_MODIFY_LIVE;
        const CONFIG = VIR_DOMAIN_DEVICE_MODIFY_CONFIG;
        const FORCE = VIR_DOMAIN_DEVICE_MODIFY_FORCE;
    }
}

/// A device as a caller describes it.
struct Described {
    element: Element,
    /// `None` for another device than a disk.
    disk: Option<DiskDefinition>,
}

impl Described {
    fn parse(text: &str) -> Result<Described> {
        let element = xml::parse(text, "device_definition", VIR_FROM_DOMAIN)?;
        let disk = match element.name.as_str() {
            "disk" => Some(DiskDefinition::parse(&element)?),
            _ => None,
        };
        Ok(Described { element, disk })
    }

    /// The disk, for what is done with nothing else.
    fn disk(&self, what: &str) -> Result<&DiskDefinition> {
        self.disk.as_ref().ok_or_else(|| {
            let text = format!("{what} of device '{}' is not supported", self.element.name);
            Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text)
        })
    }
}

fn exists(code: virErrorNumber, target: &str) -> Error {
    Error::new(code, VIR_FROM_DOMAIN, format!("target {target} already exists"))
}

fn missing(target: &str) -> Error {
    Error::new(VIR_ERR_DEVICE_MISSING, VIR_FROM_DOMAIN, format!("disk {target} not found"))
}

fn has(definition: &Definition, target: &str) -> bool {
    definition.disks.iter().any(|disk| disk.target == target)
}

impl Domain {
    /// Adds a device. A disk is opened and served before this returns.
    pub fn attach_device(&self, xml: &str, flags: DeviceFlags) -> Result<()> {
        let described = Described::parse(xml)?;
        let config = |definition: &Definition| {
            if let Some(disk) = &described.disk
                && has(definition, &disk.target)
            {
                return Err(exists(VIR_ERR_INVALID_ARG, &disk.target));
            }
            definition.with_device(described.element.clone())
        };
        let live = |change: &LiveChange<'_>| {
            let disk = described.disk("live attach")?;
            if has(&change.definition, &disk.target) {
                return Err(exists(VIR_ERR_OPERATION_FAILED, &disk.target));
            }
            let definition = change.definition.with_device(described.element.clone())?;
            let opened = change.running.open_disk(disk)?;
            change.running.replace_disk(&disk.target, opened);
            let alias = alias(&described.element);
            change.running.queue(events::DEVICE_ADDED, Payload::Device { alias });
            Ok(definition)
        };
        self.change_devices(flags, config, live)
    }

    /// Removes a device: a disk by its target, any other from a definition only. Guests that use a disk
    /// are cut off.
    pub fn detach_device(&self, xml: &str, flags: DeviceFlags) -> Result<()> {
        let described = Described::parse(xml)?;
        let mut closed = Ok(());
        let config = |definition: &Definition| {
            let Some(disk) = &described.disk else {
                return definition.without_device(&described.element);
            };
            if !has(definition, &disk.target) {
                return Err(missing(&disk.target));
            }
            definition.without_disk(&disk.target)
        };
        let live = |change: &LiveChange<'_>| {
            let disk = described.disk("detach")?;
            let definition = config(&change.definition)?;
            closed = close_disk(change, &disk.target)?;
            Ok(definition)
        };
        // The disk is gone, also if the last that was written to it is lost.
        self.change_devices(flags, config, live).and(closed)
    }

    /// Removes the device of an alias, as [`Domain::detach_device`] does. A definition has those aliases
    /// that its author has given; the disks of what runs have one in any case.
    pub fn detach_device_alias(&self, name: &str, flags: DeviceFlags) -> Result<()> {
        let mut closed = Ok(());
        let config = |definition: &Definition| definition.without_alias(name);
        let live = |change: &LiveChange<'_>| {
            let of_alias = |disk: &&DiskDefinition| {
                change.definition.disk_element(&disk.target).is_some_and(|disk| alias(disk) == name)
            };
            let Some(disk) = change.definition.disks.iter().find(of_alias) else {
                let _is_there = change.definition.without_alias(name)?;
                let text = format!("detach of the device with alias '{name}' is not supported");
                return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            };
            let definition = change.definition.without_disk(&disk.target)?;
            closed = close_disk(change, &disk.target)?;
            Ok(definition)
        };
        self.change_devices(flags, config, live).and(closed)
    }

    /// Changes a disk: its medium, where that can be taken out, and in the definition anything.
    pub fn update_device(&self, xml: &str, flags: DeviceFlags) -> Result<()> {
        let described = Described::parse(xml)?;
        let disk = described.disk("update")?;
        let config = |definition: &Definition| {
            if !has(definition, &disk.target) {
                return Err(missing(&disk.target));
            }
            definition.with_disk(&disk.target, described.element.clone())
        };
        let live = |change: &LiveChange<'_>| {
            let definition = config(&change.definition)?;
            let before = change.definition.disks.iter().find(|d| d.target == disk.target);
            let Some(before) = before else { return Err(missing(&disk.target)) };
            if before == disk {
                return Ok(definition);
            }
            let removable = matches!(before.device, Device::Cdrom | Device::Floppy);
            if !removable || before.device != disk.device {
                let field = if before.image != disk.image { "source" } else { "disk" };
                let text = format!("cannot modify field '{field}' of the disk");
                return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            }
            refuse_beside_job(change, &disk.target)?;
            change_medium(change, disk)?;
            Ok(definition)
        };
        self.change_devices(flags, config, live)
    }

    fn change_devices(
        &self,
        flags: DeviceFlags,
        config: impl Fn(&Definition) -> Result<Definition>,
        live: impl FnOnce(&LiveChange<'_>) -> Result<Definition>,
    ) -> Result<()> {
        let changed = self.change_definition(flags.bits(), config, live);
        if changed.as_ref().is_ok_and(|impact| impact.config) {
            self.queue(events::LIFECYCLE, Lifecycle::UPDATED.payload());
        }
        self.connect().shared_events().deliver();
        changed.map(drop)
    }
}

/// Takes a disk from its guests. Fails if it must stay; the result within is what its last flush said.
fn close_disk(change: &LiveChange<'_>, target: &str) -> Result<Result<()>> {
    refuse_beside_job(change, target)?;
    let alias = change.definition.disk_element(target).map(alias).unwrap_or_default();
    let before = change.running.replace_disk(target, None);
    let closed = before.map_or(Ok(()), |before| before.close(Duration::ZERO));
    change.running.queue(events::DEVICE_REMOVED, Payload::Device { alias });
    Ok(closed)
}

/// A job that works on a disk keeps it where it is.
fn refuse_beside_job(change: &LiveChange<'_>, target: &str) -> Result<()> {
    change.running.disk(target).map_or(Ok(()), |disk| disk.check_no_job())
}

/// Puts another image into a drive, or none. The old one is closed first, because both are served
/// through one socket; if the new one cannot be opened the drive is as before.
fn change_medium(change: &LiveChange<'_>, disk: &DiskDefinition) -> Result<()> {
    let running = change.running;
    let before = running.replace_disk(&disk.target, None);
    // Drives are not written, but floppies.
    let closed = before.as_ref().map_or(Ok(()), |before| before.close(Duration::ZERO));
    match closed.and_then(|()| running.open_disk(disk)) {
        Ok(opened) => {
            running.replace_disk(&disk.target, opened);
            Ok(())
        }
        Err(error) => {
            if let Some(before) = before {
                drop(before);
                // As it is defined now: jobs and snapshots may have moved it since it was opened.
                let now = change.definition.disks.iter().find(|d| d.target == disk.target);
                let again = now.map_or(Ok(None), |now| running.open_disk(now))?;
                running.replace_disk(&disk.target, again);
            }
            Err(error)
        }
    }
}
