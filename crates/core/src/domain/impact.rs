//! What a change is to affect: the domain as it runs, its definition, or both.

use std::sync::Arc;

use super::config::definition::Definition;
use super::object::Domain;
use super::registry::domains::Entry;
use super::runtime::running::Running;
use crate::domain::machine::condition::not_running;
use crate::enums::domain::virDomainModificationImpact;
use crate::error::*;

/// What a change affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    pub live: bool,
    pub config: bool,
}

impl Impact {
    const LIVE: u32 = virDomainModificationImpact::VIR_DOMAIN_AFFECT_LIVE as u32;
    const CONFIG: u32 = virDomainModificationImpact::VIR_DOMAIN_AFFECT_CONFIG as u32;

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
            return Err(Error::argument(VIR_FROM_DOMAIN, "flags", text));
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
    pub fn change_definition(
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
        if !impact.live {
            self.change_config(&config)?;
            return Ok(impact);
        }
        let running = entry.here()?;
        let _changing = running.changing()?;
        let definition = running.definition();
        // The definition first: it can be given back, what has been done to a disk cannot.
        let before = if impact.config { self.change_config(&config)? } else { None };
        match live(&LiveChange { running, definition }) {
            Ok(changed) => running.set_definition(Arc::new(changed)),
            Err(error) => {
                if let Some((before, changed)) = before {
                    self.give_back(before, changed);
                }
                return Err(error);
            }
        }
        self.connect().domains().note_live(running);
        Ok(impact)
    }

    /// Changes the definition that is kept. What it was and what it is; `None` if it is kept no more:
    /// whoever has undefined it meanwhile does not want it back.
    fn change_config(
        &self,
        config: impl Fn(&Definition) -> Result<Definition>,
    ) -> Result<Option<(Arc<Definition>, Arc<Definition>)>> {
        let mut change = self.connect().domains().change()?;
        let entry = change.by_uuid(self.uuid(), self.name())?;
        let Some(kept) = entry.config()? else { return Ok(None) };
        let changed = Arc::new(config(kept)?);
        change.set_config(&entry, changed.clone())?;
        Ok(Some((kept.clone(), changed)))
    }

    /// Makes the definition that is kept what it was, unless somebody has changed it since.
    fn give_back(&self, before: Arc<Definition>, changed: Arc<Definition>) {
        let given_back = self.connect().domains().change().and_then(|mut change| {
            let entry = change.by_uuid(self.uuid(), self.name())?;
            match entry.config()? {
                Some(kept) if *kept == changed => change.set_config(&entry, before),
                _ => Ok(()),
            }
        });
        if let Err(error) = given_back {
            log::error!("the definition of '{}' stays changed: {error}", self.name());
        }
    }
}
