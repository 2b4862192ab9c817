//! One domain as the registry knows it: its definition, what runs it, and in which process.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::status::Status;
use crate::domain::config::definition::Definition;
use crate::domain::control::{RemoteMachine, Right};
use crate::domain::machine::condition::{Condition, not_running};
use crate::domain::machine::{Identity, Machine};
use crate::error::*;
use crate::state::{Damage, Kept};
use crate::xml::excerpt;

/// What runs, and where.
#[derive(Clone)]
pub enum Live {
    /// In this process.
    Machine(Arc<dyn Machine>),
    /// In another process.
    Elsewhere(Arc<Elsewhere>),
    /// The same, and what that process has written down of it cannot be used.
    Unreadable(Arc<Damage>, u32),
}

/// What runs in another process.
pub struct Elsewhere {
    /// The number of that process, for people.
    pub process: u32,
    /// What it has written down.
    pub status: Status,
    /// The ways to it.
    pub ways: Arc<Ways>,
}

impl Elsewhere {
    /// Whether what a process has written down is of the same run of the domain.
    pub fn is_still(&self, status: &Status, process: u32) -> bool {
        (self.process, self.status.id) == (process, status.id)
    }
}

/// How a domain is used that runs in another process.
pub struct Ways {
    pub full: Arc<RemoteMachine>,
    /// For those who may only read.
    pub read_only: Arc<RemoteMachine>,
}

/// One domain, as it is at one moment.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub uuid: Uuid,
    /// What it is defined as, if it is persistent.
    pub config: Option<Kept<Definition>>,
    pub live: Option<Live>,
    pub autostart: bool,
    /// It starts by itself the next time, and not again.
    pub autostart_once: bool,
    /// The definition has been changed since it was started.
    pub updated: bool,
    /// Why it does not run.
    pub off: Condition,
}

impl Entry {
    /// Of a domain that neither runs nor is persistent yet.
    pub fn new(definition: &Definition) -> Entry {
        Entry {
            name: definition.name.clone(),
            uuid: definition.uuid,
            config: None,
            live: None,
            autostart: false,
            autostart_once: false,
            updated: false,
            off: Condition::OFF,
        }
    }

    /// One whose definition cannot be used.
    pub fn damaged(name: &str, damage: &Damage) -> Entry {
        Entry {
            name: name.to_string(),
            uuid: damage.uuid,
            config: None,
            live: None,
            autostart: false,
            autostart_once: false,
            updated: false,
            off: Condition::OFF,
        }
    }

    /// What the domain is: while it runs, what it was started as.
    pub fn definition(&self) -> Result<Arc<Definition>> {
        match (&self.live, &self.config) {
            (Some(Live::Machine(machine)), _) => machine.definition(),
            (Some(Live::Elsewhere(there)), _) => Ok(there.status.definition.clone()),
            (Some(Live::Unreadable(damage, _)), _) | (None, Some(Err(damage))) => {
                Err(damage.error.clone())
            }
            (None, Some(Ok(config))) => Ok(config.clone()),
            // An entry without either is removed as soon as it comes to be.
            (None, None) => Err(Error::internal(VIR_FROM_DOMAIN, "domain without a definition")),
        }
    }

    /// What it is defined as, if it is persistent.
    pub fn config(&self) -> Result<Option<&Arc<Definition>>> {
        match &self.config {
            Some(Ok(config)) => Ok(Some(config)),
            Some(Err(damage)) => Err(damage.error.clone()),
            None => Ok(None),
        }
    }

    /// Fails if the UUID is not known, by which more is kept of it.
    pub fn expect_uuid(&self) -> Result<()> {
        let damage = match (&self.live, &self.config) {
            (Some(Live::Unreadable(damage, _)), None) | (None, Some(Err(damage))) => damage,
            _ => return Ok(()),
        };
        if damage.uuid_is_known { Ok(()) } else { Err(damage.error.clone()) }
    }

    pub fn condition(&self) -> Condition {
        match &self.live {
            Some(Live::Machine(machine)) => machine.condition().unwrap_or_else(|error| {
                log::warn!("what domain '{}' is doing is not known: {error}", self.name);
                Condition::UNKNOWN
            }),
            Some(Live::Elsewhere(there)) => there.status.condition,
            Some(Live::Unreadable(..)) => Condition::UNKNOWN,
            None => self.off,
        }
    }

    /// The number of a domain that runs, where it is known.
    pub fn id(&self) -> Option<i32> {
        match &self.live {
            Some(Live::Machine(machine)) => Some(machine.identity().id),
            Some(Live::Elsewhere(there)) => Some(there.status.id),
            Some(Live::Unreadable(..)) | None => None,
        }
    }

    pub fn is_active(&self) -> bool {
        self.live.is_some()
    }

    pub fn is_persistent(&self) -> bool {
        self.config.is_some()
    }

    /// Whether something of it cannot be used.
    pub fn is_damaged(&self) -> bool {
        matches!(self.config, Some(Err(_))) || matches!(self.live, Some(Live::Unreadable(..)))
    }

    /// What runs the domain, for what has to be asked of it.
    pub fn machine(&self) -> Result<Arc<dyn Machine>> {
        self.machine_for(Right::Write)
    }

    /// The same for somebody who has only some rights.
    pub fn machine_for(&self, right: Right) -> Result<Arc<dyn Machine>> {
        match &self.live {
            Some(Live::Machine(machine)) => Ok(machine.clone()),
            Some(Live::Elsewhere(there)) => Ok(match right {
                Right::Write => there.ways.full.clone(),
                Right::Read => there.ways.read_only.clone(),
            }),
            Some(Live::Unreadable(_, process)) => {
                let text = format!(
                    "domain '{}' runs in process {process}, which says nothing that can be used",
                    self.name
                );
                Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text))
            }
            None => Err(not_running()),
        }
    }

    /// What runs the domain in this process.
    pub fn machine_here(&self) -> Option<Arc<dyn Machine>> {
        match &self.live {
            Some(Live::Machine(machine)) => Some(machine.clone()),
            _ => None,
        }
    }

    /// Whether the domain runs in this process.
    pub fn is_here(&self) -> bool {
        matches!(self.live, Some(Live::Machine(_)))
    }

    /// Whether the domain is run by that machine.
    pub fn is_run_by(&self, identity: &Identity) -> bool {
        matches!(&self.live, Some(Live::Machine(machine)) if machine.identity() == identity)
    }
}

/// By name.
pub type Entries = BTreeMap<String, Entry>;

/// The domain of a UUID. `name` is what the caller knows it as, for the message.
pub fn find_uuid<'a>(entries: &'a Entries, uuid: Uuid, name: Option<&str>) -> Result<&'a Entry> {
    entries.values().find(|entry| entry.uuid == uuid).ok_or_else(|| {
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        let text = format!("no domain with matching uuid '{uuid}'{name}");
        Error::new(VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, text)
    })
}

/// The error that there is no domain whose `property` is `value`.
pub fn no_domain(property: &str, value: &str) -> Error {
    let text = format!("no domain with matching {property} '{}'", excerpt(value));
    Error::new(VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, text)
}
