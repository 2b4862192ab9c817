//! The limits of a disk: asking for them and changing them, also while the domain runs.

use super::config::definition::Definition;
use super::config::disk::DiskDefinition;
use super::config::io_tune::IoTune;
use super::config::lookup::find;
use super::events;
use super::impact::Impact;
use super::object::Domain;
use crate::domain::machine::change::DiskChange;
use crate::error::*;
use crate::event::broker::{Payload, Setting};
use crate::typed_params::{Parameters, Value};

/// The disk of a name, for its limits.
fn disk<'a>(definition: &'a Definition, name: &str) -> Result<&'a DiskDefinition> {
    find(definition, name, |name| format!("disk '{name}' was not found in the domain config"))
}

/// A definition in which a disk has other limits, and with it those that share them.
fn with_tune(definition: &Definition, name: &str, given: &Parameters) -> Result<Definition> {
    let changed = disk(definition, name)?;
    let new = changed.io_tune.with(given)?;
    let mut result = definition.with_changed_disk(&changed.target, |disk| new.describe(disk))?;
    for other in &definition.disks {
        if new.group.is_some() && other.io_tune.group == new.group {
            result = result.with_changed_disk(&other.target, |disk| new.describe(disk))?;
        }
    }
    Ok(result)
}

/// The change as an event tells it: the disk as the caller has named it, and what he has given, which has
/// been accepted: numbers, and a group's name in UTF-8.
fn told(name: &str, given: &Parameters) -> Vec<(String, Setting)> {
    let setting = |(name, value): &(&'static str, Value)| {
        let setting = match value {
            Value::ULLong(number) => Setting::Number(*number),
            Value::String(text) => Setting::Text(text.to_string_lossy().into_owned()),
            _ => return None,
        };
        Some((format!("blkdeviotune.{name}"), setting))
    };
    let disk = ("blkdeviotune.disk".to_string(), Setting::Text(name.to_string()));
    std::iter::once(disk).chain(given.iter().filter_map(setting)).collect()
}

impl Domain {
    /// How fast guests may use a disk.
    pub fn block_io_tune(&self, name: &str, flags: u32) -> Result<Parameters> {
        let definition = Impact::one(flags, &self.entry()?)?;
        Ok(disk(&definition, name)?.io_tune.clone().parameters())
    }

    /// The same of a disk without limits, for who wants to know what there is to tell.
    pub fn any_block_io_tune(&self, flags: u32) -> Result<Parameters> {
        Impact::one(flags, &self.entry()?)?;
        Ok(IoTune::default().parameters())
    }

    /// Changes that, at once in a domain that runs.
    pub fn set_block_io_tune(&self, name: &str, given: &Parameters, flags: u32) -> Result<()> {
        let change = |definition: &Definition| with_tune(definition, name, given);
        let live = |definition: &Definition| Ok((change(definition)?, DiskChange::Throttle));
        // An event is told with the name that it has now.
        let domain = Domain::of(self.connect(), &self.entry()?);
        let changed = self.change_domain(flags, change, live)?;
        // libvirt's test driver sends none.
        if changed.impact.live && !self.connect().domains().host().is_test() {
            let parameters = told(name, given);
            domain.queue(events::TUNABLE, Payload::Tunable { parameters });
            self.connect().shared_events().deliver();
        }
        Ok(())
    }
}
