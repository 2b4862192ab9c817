//! The limits of a disk: asking for them and changing them, also while the domain runs.

use super::config::definition::Definition;
use super::config::disk::DiskDefinition;
use super::config::io_tune::IoTune;
use super::config::lookup::find;
use super::impact::Impact;
use super::object::Domain;
use crate::domain::machine::change::DiskChange;
use crate::error::*;
use crate::typed_params::Parameters;

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
        self.change_domain(flags, change, live).map(drop)
    }
}
