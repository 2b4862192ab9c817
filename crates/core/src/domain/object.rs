//! A domain, as callers hold it: how it is found, listed and described.

use std::ffi::CString;
use std::sync::Arc;

use uuid::Uuid;

use super::config::definition::Definition;
use super::config::schema;
use super::connection::Connection;
use super::events::{self, Lifecycle};
use super::registry::change::Change;
use super::registry::entry::{Entry, Live};
use crate::domain::control::Right;
use crate::domain::machine::Machine;
use crate::domain::machine::condition::{Condition, State};
use crate::enums::domain::{
    virConnectListAllDomainsFlags, virDomainDefineFlags, virDomainXMLFlags,
};
use crate::enums::flags;
use crate::error::*;
use crate::event::broker::{Event, Payload};
use crate::host::Host;

flags! {
    /// Which domains virConnectListAllDomains lists: bits of one group are alternatives, and a
    /// group without bits does not filter.
    pub struct ListFlags: u32 = virConnectListAllDomainsFlags {
        const ACTIVE = VIR_CONNECT_LIST_DOMAINS_ACTIVE;
        const INACTIVE = VIR_CONNECT_LIST_DOMAINS_INACTIVE;
        const PERSISTENT = VIR_CONNECT_LIST_DOMAINS_PERSISTENT;
        const TRANSIENT = VIR_CONNECT_LIST_DOMAINS_TRANSIENT;
        const RUNNING = VIR_CONNECT_LIST_DOMAINS_RUNNING;
        const PAUSED = VIR_CONNECT_LIST_DOMAINS_PAUSED;
        const SHUTOFF = VIR_CONNECT_LIST_DOMAINS_SHUTOFF;
        const OTHER = VIR_CONNECT_LIST_DOMAINS_OTHER;
        const MANAGEDSAVE = VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE;
        const NO_MANAGEDSAVE = VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE;
        const AUTOSTART = VIR_CONNECT_LIST_DOMAINS_AUTOSTART;
        const NO_AUTOSTART = VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART;
        const HAS_SNAPSHOT = VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT;
        const NO_SNAPSHOT = VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT;
        const HAS_CHECKPOINT = VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT;
        const NO_CHECKPOINT = VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT;
    }

    /// What virDomainGetXMLDesc describes.
    pub struct XmlFlags: u32 = virDomainXMLFlags {
        const SECURE = VIR_DOMAIN_XML_SECURE;
        const INACTIVE = VIR_DOMAIN_XML_INACTIVE;
        const UPDATE_CPU = VIR_DOMAIN_XML_UPDATE_CPU;
        const MIGRATABLE = VIR_DOMAIN_XML_MIGRATABLE;
    }

    /// How virDomainDefineXMLFlags defines.
    pub struct DefineFlags: u32 = virDomainDefineFlags {
        const VALIDATE = VIR_DOMAIN_DEFINE_VALIDATE;
    }
}

/// What virDomainGetInfo tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    pub state: State,
    /// In KiB.
    pub max_memory: u64,
    pub memory: u64,
    pub vcpus: u16,
}

/// A domain by its name and UUID, whatever has become of it.
pub struct Domain {
    connect: Arc<Connection>,
    name: String,
    c_name: CString,
    uuid: Uuid,
}

impl Connection {
    /// All domains that pass the filter.
    pub fn list_domains(self: &Arc<Self>, filter: ListFlags) -> Result<Vec<Arc<Domain>>> {
        let all = self.domains().all()?;
        let by_snapshots = ListFlags::HAS_SNAPSHOT | ListFlags::NO_SNAPSHOT;
        // That takes a look at files.
        let asked = filter.intersects(by_snapshots);
        let mut passing = Vec::new();
        for entry in &all {
            let has_snapshots = asked && self.domains().snapshots(entry.uuid).any()?;
            if passes(entry, has_snapshots, &filter) {
                passing.push(Domain::of(self, entry));
            }
        }
        Ok(passing)
    }

    /// The numbers of the domains that run.
    pub fn domain_ids(&self) -> Result<Vec<i32>> {
        Ok(self.domains().all()?.iter().filter_map(Entry::id).collect())
    }

    /// The domain of that name.
    pub fn domain_by_name(self: &Arc<Self>, name: &str) -> Result<Arc<Domain>> {
        Ok(Domain::of(self, &self.domains().by_name(name)?))
    }

    /// The domain of that UUID.
    pub fn domain_by_uuid(self: &Arc<Self>, uuid: Uuid) -> Result<Arc<Domain>> {
        Ok(Domain::of(self, &self.domains().by_uuid(uuid, None)?))
    }

    /// The running domain of that number.
    pub fn domain_by_id(self: &Arc<Self>, id: i32) -> Result<Arc<Domain>> {
        Ok(Domain::of(self, &self.domains().by_id(id)?))
    }

    /// Defines a persistent domain, or defines one anew.
    pub fn define_domain(self: &Arc<Self>, xml: &str, flags: DefineFlags) -> Result<Arc<Domain>> {
        if flags.contains(DefineFlags::VALIDATE) {
            schema::check_domain(xml)?;
        }
        let definition = Arc::new(Definition::parse(xml)?);
        let domain = {
            let mut change = self.domains().change()?;
            let entry = change.claim(&definition)?;
            let event = if entry.is_persistent() { Lifecycle::UPDATED } else { Lifecycle::DEFINED };
            change.set_config(&entry, definition)?;
            let domain = Domain::of(self, &entry);
            domain.queue(events::LIFECYCLE, event.payload());
            domain
        };
        self.shared_events().deliver();
        Ok(domain)
    }
}

/// Whether a domain passes a filter.
pub(super) fn passes(entry: &Entry, has_snapshots: bool, filter: &ListFlags) -> bool {
    let pick = |yes, first, second| if yes { first } else { second };
    let state = match entry.condition().state {
        State::Running => ListFlags::RUNNING,
        State::Paused => ListFlags::PAUSED,
        State::Shutoff => ListFlags::SHUTOFF,
        _ => ListFlags::OTHER,
    };
    let states = ListFlags::RUNNING | ListFlags::PAUSED | ListFlags::SHUTOFF | ListFlags::OTHER;
    [
        (
            pick(entry.is_active(), ListFlags::ACTIVE, ListFlags::INACTIVE),
            ListFlags::ACTIVE | ListFlags::INACTIVE,
        ),
        (
            pick(entry.is_persistent(), ListFlags::PERSISTENT, ListFlags::TRANSIENT),
            ListFlags::PERSISTENT | ListFlags::TRANSIENT,
        ),
        (state, states),
        (ListFlags::NO_MANAGEDSAVE, ListFlags::MANAGEDSAVE | ListFlags::NO_MANAGEDSAVE),
        (
            pick(entry.autostart, ListFlags::AUTOSTART, ListFlags::NO_AUTOSTART),
            ListFlags::AUTOSTART | ListFlags::NO_AUTOSTART,
        ),
        (
            pick(has_snapshots, ListFlags::HAS_SNAPSHOT, ListFlags::NO_SNAPSHOT),
            ListFlags::HAS_SNAPSHOT | ListFlags::NO_SNAPSHOT,
        ),
        (ListFlags::NO_CHECKPOINT, ListFlags::HAS_CHECKPOINT | ListFlags::NO_CHECKPOINT),
    ]
    .into_iter()
    .all(|(is, group)| {
        let wanted = filter.bits() & group.bits();
        wanted == 0 || wanted & is.bits() != 0
    })
}

impl Domain {
    pub(super) fn of(connect: &Arc<Connection>, entry: &Entry) -> Arc<Domain> {
        Domain::new(connect, &entry.name, entry.uuid)
    }

    /// The domain that an event is about.
    pub fn of_event(connect: &Arc<Connection>, event: &Event) -> Arc<Domain> {
        Domain::new(connect, &event.name, event.uuid)
    }

    fn new(connect: &Arc<Connection>, name: &str, uuid: Uuid) -> Arc<Domain> {
        Arc::new(Domain {
            connect: connect.clone(),
            name: name.to_string(),
            // Definitions with a NUL in the name are refused.
            c_name: CString::new(name).unwrap_or_default(),
            uuid,
        })
    }

    /// The connection.
    pub fn connect(&self) -> &Arc<Connection> {
        &self.connect
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, for C.
    pub fn c_name(&self) -> &CString {
        &self.c_name
    }

    /// The UUID.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// The domain as it is now.
    pub fn entry(&self) -> Result<Entry> {
        self.connect.domains().by_uuid(self.uuid, Some(&self.name))
    }

    /// What runs it, for what the connection may do.
    pub fn machine(&self) -> Result<Arc<dyn Machine>> {
        self.machine_of(&self.entry()?)
    }

    /// The same of the domain as it was a moment ago.
    pub(super) fn machine_of(&self, entry: &Entry) -> Result<Arc<dyn Machine>> {
        let right = if self.connect.is_read_only() { Right::Read } else { Right::Write };
        entry.machine_for(right)
    }

    /// The number of a domain that runs.
    pub fn id(&self) -> Result<Option<i32>> {
        let entry = match self.entry() {
            Err(e) if e.code == VIR_ERR_NO_DOMAIN => return Ok(None),
            entry => entry?,
        };
        match (&entry.live, entry.id()) {
            // Its number is in what cannot be used.
            (Some(_), None) => entry.definition().map(|_| None),
            (_, id) => Ok(id),
        }
    }

    /// Whether it runs.
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.entry()?.is_active())
    }

    /// Whether it is still known when it does not run.
    pub fn is_persistent(&self) -> Result<bool> {
        Ok(self.entry()?.is_persistent())
    }

    /// Whether its definition has been changed since it was started.
    pub fn is_updated(&self) -> Result<bool> {
        Ok(self.entry()?.updated)
    }

    /// What it is doing, and why.
    pub fn condition(&self) -> Result<Condition> {
        Ok(self.entry()?.condition())
    }

    /// What the definition says of memory and CPUs.
    pub fn info(&self) -> Result<Info> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        Ok(Info {
            state: entry.condition().state,
            max_memory: definition.max_memory,
            memory: definition.memory,
            vcpus: definition.vcpus,
        })
    }

    /// The type of the system in it, as it is defined; libvirt's test driver knows only one.
    pub fn os_type(&self) -> Result<String> {
        let entry = self.entry()?;
        Ok(match self.connect.domains().host() {
            Host::Test(_) => "linux".to_string(),
            Host::Real => entry.definition()?.os_type.clone(),
        })
    }

    /// Its description.
    pub fn xml(&self, flags: XmlFlags) -> Result<String> {
        // What is for another host may have secrets in it, too.
        let secret = XmlFlags::SECURE | XmlFlags::MIGRATABLE;
        if flags.bits() & secret.bits() != 0 && self.connect.is_read_only() {
            let text = "virDomainGetXMLDesc with secure flag";
            return Err(Error::new(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN, text));
        }
        let entry = self.entry()?;
        let inactive = flags.contains(XmlFlags::INACTIVE);
        if inactive && let Some(config) = entry.config()? {
            return Ok(config.to_xml());
        }
        Ok(match &entry.live {
            Some(Live::Machine(_) | Live::Elsewhere(_)) if !inactive => {
                self.machine_of(&entry)?.live_xml()?
            }
            _ => entry.definition()?.to_xml(),
        })
    }

    /// Whether it starts by itself.
    pub fn autostart(&self) -> Result<bool> {
        Ok(self.entry()?.autostart)
    }

    /// Marks it to start by itself, or not.
    pub fn set_autostart(&self, autostart: bool) -> Result<()> {
        self.mark(|change, entry| change.set_autostart(entry, autostart))
    }

    /// Whether it starts by itself the next time, and not again.
    pub fn autostart_once(&self) -> Result<bool> {
        self.expect_real()?;
        Ok(self.entry()?.autostart_once)
    }

    /// Marks it to do so, or not.
    pub fn set_autostart_once(&self, autostart: bool) -> Result<()> {
        self.expect_real()?;
        self.mark(|change, entry| change.set_autostart_once(entry, autostart))
    }

    fn mark(&self, mark: impl FnOnce(&mut Change<'_>, &Entry) -> Result<()>) -> Result<()> {
        let mut change = self.connect.domains().change()?;
        let entry = change.by_uuid(self.uuid, &self.name)?;
        if !entry.is_persistent() {
            let text = "cannot set autostart for transient domain";
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        mark(&mut change, &entry)
    }

    /// libvirt's test driver does not have what this is asked for.
    fn expect_real(&self) -> Result<()> {
        match self.connect.domains().host() {
            Host::Real => Ok(()),
            Host::Test(_) => Err(Error::no_support(VIR_FROM_DOMAIN)),
        }
    }

    /// Queues an event about it.
    pub fn queue(&self, id: i32, payload: Payload) {
        self.connect.shared_events().queue(&events::event(&self.name, self.uuid, id, payload));
    }
}
