//! Devices that come and go: disks while the domain runs, anything in its definition.

use super::config::definition::Definition;
use super::config::disk::{Device, DiskDefinition};
use super::events::{self, Lifecycle};
use super::object::Domain;
use crate::domain::config::lookup::alias;
use crate::domain::machine::change::DiskChange;
use crate::enums::domain::virDomainDeviceModifyFlags;
use crate::enums::flags;
use crate::error::*;
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
        let live = |definition: &Definition| {
            let disk = described.disk("live attach")?;
            if has(definition, &disk.target) {
                return Err(exists(VIR_ERR_OPERATION_FAILED, &disk.target));
            }
            let new = definition.with_device(described.element.clone())?;
            Ok((new, DiskChange::Attach(disk.target.clone())))
        };
        self.change_devices(flags, config, live)
    }

    /// Removes a device: a disk by its target, any other from a definition only. Guests that use a disk
    /// are cut off.
    pub fn detach_device(&self, xml: &str, flags: DeviceFlags) -> Result<()> {
        let described = Described::parse(xml)?;
        let config = |definition: &Definition| {
            let Some(disk) = &described.disk else {
                return definition.without_device(&described.element);
            };
            if !has(definition, &disk.target) {
                return Err(missing(&disk.target));
            }
            definition.without_disk(&disk.target)
        };
        let live = |definition: &Definition| {
            let disk = described.disk("detach")?;
            Ok((config(definition)?, DiskChange::Detach(disk.target.clone())))
        };
        self.change_devices(flags, config, live)
    }

    /// Removes the device of an alias, as [`Domain::detach_device`] does. A definition has those aliases
    /// that its author has given; the disks of what runs have one in any case.
    pub fn detach_device_alias(&self, name: &str, flags: DeviceFlags) -> Result<()> {
        let config = |definition: &Definition| definition.without_alias(name);
        let live = |definition: &Definition| {
            let of_alias = |disk: &&DiskDefinition| {
                definition.disk_element(&disk.target).is_some_and(|disk| alias(disk) == name)
            };
            let Some(disk) = definition.disks.iter().find(of_alias) else {
                let _is_there = definition.without_alias(name)?;
                let text = format!("detach of the device with alias '{name}' is not supported");
                return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            };
            let new = definition.without_disk(&disk.target)?;
            Ok((new, DiskChange::Detach(disk.target.clone())))
        };
        self.change_devices(flags, config, live)
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
        let live = |definition: &Definition| {
            let new = config(definition)?;
            let before = definition.disks.iter().find(|d| d.target == disk.target);
            let Some(before) = before else { return Err(missing(&disk.target)) };
            if before == disk {
                return Ok((new, DiskChange::None));
            }
            let removable = matches!(before.device, Device::Cdrom | Device::Floppy);
            if !removable || before.device != disk.device {
                let field = if before.image != disk.image { "source" } else { "disk" };
                let text = format!("cannot modify field '{field}' of the disk");
                return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            }
            Ok((new, DiskChange::Medium(disk.target.clone())))
        };
        self.change_devices(flags, config, live)
    }

    fn change_devices(
        &self,
        flags: DeviceFlags,
        config: impl Fn(&Definition) -> Result<Definition>,
        live: impl Fn(&Definition) -> Result<(Definition, DiskChange)>,
    ) -> Result<()> {
        let changed = self.change_domain(flags.bits(), config, live);
        if changed.as_ref().is_ok_and(|changed| changed.impact.config) {
            self.queue(events::LIFECYCLE, Lifecycle::UPDATED.payload());
        }
        self.connect().shared_events().deliver();
        changed?.flushed
    }
}
