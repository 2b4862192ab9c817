//! What a change is to affect: the domain as it runs, its definition, or both.

use std::sync::Arc;

use super::config::definition::Definition;
use super::object::Domain;
use super::registry::entry::Entry;
use crate::domain::machine::change::{DiskChange, Redefined, Redefinition, Replacement};
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

/// What a change has affected.
pub struct Changed {
    pub impact: Impact,
    /// Whether what was written to a detached disk is on stable storage.
    pub flushed: Result<()>,
}

impl Domain {
    /// Changes the domain where `flags` say so: `config` makes the new definition from the one that is
    /// kept, `live` from the one of the domain as it runs. Nothing is changed if either is refused.
    pub fn change_definition(
        &self,
        flags: u32,
        config: impl Fn(&Definition) -> Result<Definition>,
        live: impl Fn(&Definition) -> Result<Definition>,
    ) -> Result<()> {
        let live = |definition: &Definition| Ok((live(definition)?, DiskChange::None));
        self.change_domain(flags, config, live).map(drop)
    }

    /// Changes the domain as [`Domain::change_definition`] does; `live` also says what is done to a disk.
    pub fn change_domain(
        &self,
        flags: u32,
        config: impl Fn(&Definition) -> Result<Definition>,
        live: impl Fn(&Definition) -> Result<(Definition, DiskChange)>,
    ) -> Result<Changed> {
        loop {
            let entry = self.entry()?;
            let impact = Impact::on(flags, &entry)?;
            if !impact.live {
                self.change_config(&config)?;
                return Ok(Changed { impact, flushed: Ok(()) });
            }
            let changed = |before: &Arc<Definition>| {
                let (before, after) = (before.clone(), Arc::new(config(before)?));
                Ok::<_, Error>(Replacement { before, after })
            };
            let kept = match entry.config()? {
                Some(kept) if impact.config => Some(changed(kept)?),
                _ => None,
            };
            let machine = entry.machine()?;
            let before = machine.definition()?;
            let (after, change) = live(&before)?;
            let live = Replacement { before, after: Arc::new(after) };
            let flushed = match machine.redefine(&Redefinition { live, kept, change })? {
                Redefined::Done => Ok(()),
                Redefined::NotFlushed(error) => Err(error),
                // Somebody else was faster: it is made anew from what there is now.
                Redefined::Outdated => continue,
            };
            return Ok(Changed { impact, flushed });
        }
    }

    /// Changes the definition that is kept, if it is still kept.
    fn change_config(&self, config: impl Fn(&Definition) -> Result<Definition>) -> Result<()> {
        let mut change = self.connect().domains().change()?;
        let entry = change.by_uuid(self.uuid(), self.name())?;
        match entry.config()? {
            Some(kept) => change.set_config(&entry, Arc::new(config(kept)?)),
            None => Ok(()),
        }
    }
}
