//! What a change is to affect: the domain as it runs, its definition, or both.

use std::sync::Arc;

use super::definition::Definition;
use super::object::Domain;
use super::registry::Entry;
use super::running::{Running, not_running};
use crate::error::*;

/// What a change affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    pub live: bool,
    pub config: bool,
}

impl Impact {
    const LIVE: u32 = 1;
    const CONFIG: u32 = 2;

    /// All bits that mean something: libvirt's virDomainModificationImpact.
    pub const BITS: u32 = Impact::LIVE | Impact::CONFIG;

    /// What the bits mean for a domain; without any it is what it is at the moment.
    pub fn on(flags: u32, entry: &Entry) -> Result<Impact> {
        let impact = match flags & Impact::BITS {
            0 => Impact { live: entry.is_active(), config: !entry.is_active() },
            bits => Impact { live: bits & Impact::LIVE != 0, config: bits & Impact::CONFIG != 0 },
        };
        if impact.live && !entry.is_active() {
            return Err(not_running());
        }
        if impact.config && !entry.is_persistent() {
            let text = "transient domains do not have any persistent config";
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        Ok(impact)
    }

    /// Which one definition is to be looked at.
    pub fn one(flags: u32, entry: &Entry) -> Result<Arc<Definition>> {
        if flags & Impact::BITS == Impact::BITS {
            let text = "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are \
                        mutually exclusive";
            return Err(Error::argument(VIR_FROM_DOMAIN, "", "flags", text));
        }
        let impact = Impact::on(flags, entry)?;
        match impact.config {
            true => Ok(entry.config()?.cloned().unwrap_or(entry.definition()?)),
            false => entry.definition(),
        }
    }
}

/// A change of what runs, while nobody else changes it.
pub struct LiveChange<'a> {
    pub running: &'a Arc<Running>,
    /// As what it runs now.
    pub definition: Arc<Definition>,
}

impl Domain {
    /// Changes the domain where `flags` say so: `config` makes the new definition from the one
    /// that is kept, `live` changes what runs and returns what it is then. Nothing is changed if
    /// either is refused before anything was done.
    pub(crate) fn change_definition(
        &self,
        flags: u32,
        config: impl Fn(&Definition) -> Result<Definition>,
        live: impl FnOnce(&LiveChange<'_>) -> Result<Definition>,
    ) -> Result<Impact> {
        let entry = self.entry()?;
        let impact = Impact::on(flags, &entry)?;
        if impact.config
            && let Some(kept) = entry.config()?
        {
            config(kept)?;
        }
        if impact.live {
            let running = entry.here()?;
            let _changing = running.changing()?;
            let definition = running.definition();
            let change = LiveChange { running, definition };
            running.set_definition(Arc::new(live(&change)?));
            self.connect().domains().note_live(running);
        }
        if impact.config {
            let mut change = self.connect().domains().change()?;
            let entry = change.by_uuid(self.uuid(), self.name())?;
            // Whoever has undefined it meanwhile does not want it back.
            if let Some(kept) = entry.config()? {
                let changed = config(kept)?;
                change.set_config(&entry, Arc::new(changed))?;
            }
        }
        Ok(impact)
    }
}
