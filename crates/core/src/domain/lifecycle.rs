//! Starting, stopping, and what lies in between.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::config::definition::Definition;
use super::config::schema;
use super::connection::Connection;
use super::events::{self, Lifecycle};
use super::holder::message::Order;
use super::holder::{self, Held};
use super::machine::origin::Origin;
use super::object::Domain;
use super::registry::domains::Domains;
use crate::domain::machine::Identity;
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::enums::domain::{
    virDomainCreateFlags, virDomainDestroyFlagsValues, virDomainShutdownFlagValues,
    virDomainUndefineFlagsValues,
};
use crate::enums::flags;
use crate::error::*;
use crate::host::Host;
use crate::session::Hold;

/// How long guests that do not take their answers can delay a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the process of a domain may say nothing before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(10);

flags! {
    /// How a domain is started.
    pub struct StartFlags: u32 = virDomainCreateFlags {
        const PAUSED = VIR_DOMAIN_START_PAUSED;
        const AUTODESTROY = VIR_DOMAIN_START_AUTODESTROY;
        const BYPASS_CACHE = VIR_DOMAIN_START_BYPASS_CACHE;
        const FORCE_BOOT = VIR_DOMAIN_START_FORCE_BOOT;
        const VALIDATE = VIR_DOMAIN_START_VALIDATE;
        const RESET_NVRAM = VIR_DOMAIN_START_RESET_NVRAM;
    }

    /// How virDomainDestroyFlags ends a domain.
    pub struct DestroyFlags: u32 = virDomainDestroyFlagsValues {
        const GRACEFUL = VIR_DOMAIN_DESTROY_GRACEFUL;
        const REMOVE_LOGS = VIR_DOMAIN_DESTROY_REMOVE_LOGS;
    }

    /// What virDomainUndefineFlags removes with the definition: of most of it there is none.
    pub struct UndefineFlags: u32 = virDomainUndefineFlagsValues {
        const MANAGED_SAVE = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE;
        const SNAPSHOTS_METADATA = VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
        const NVRAM = VIR_DOMAIN_UNDEFINE_NVRAM;
        const KEEP_NVRAM = VIR_DOMAIN_UNDEFINE_KEEP_NVRAM;
        const CHECKPOINTS_METADATA = VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;
        const TPM = VIR_DOMAIN_UNDEFINE_TPM;
        const KEEP_TPM = VIR_DOMAIN_UNDEFINE_KEEP_TPM;
    }

    /// How virDomainShutdownFlags asks the guest: there is nobody to be asked.
    pub struct ShutdownFlags: u32 = virDomainShutdownFlagValues {
        const ACPI_POWER_BTN = VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
        const GUEST_AGENT = VIR_DOMAIN_SHUTDOWN_GUEST_AGENT;
        const INITCTL = VIR_DOMAIN_SHUTDOWN_INITCTL;
        const SIGNAL = VIR_DOMAIN_SHUTDOWN_SIGNAL;
        const PARAVIRT = VIR_DOMAIN_SHUTDOWN_PARAVIRT;
    }
}

impl Connection {
    /// Starts a domain that is forgotten when it stops.
    pub fn create_domain(self: &Arc<Self>, xml: &str, flags: StartFlags) -> Result<Arc<Domain>> {
        if flags.contains(StartFlags::VALIDATE) {
            schema::check_domain(xml)?;
        }
        let definition = Arc::new(Definition::parse(xml)?);
        self.start(definition.clone(), Origin::Caller, &flags)?;
        self.domain_by_uuid(definition.uuid)
    }

    /// Starts a domain of that definition, or of the one that is kept by then.
    pub(super) fn start(
        self: &Arc<Self>,
        definition: Arc<Definition>,
        origin: Origin,
        flags: &StartFlags,
    ) -> Result<()> {
        if let Some(root) = self.domains().root()
            && let Some(program) = self.holder_of(&definition.name)?
        {
            return self.start_elsewhere(&program, root, &definition, origin, flags);
        }
        let autodestroy = flags.contains(StartFlags::AUTODESTROY).then(|| self.id());
        let paused = flags.contains(StartFlags::PAUSED);
        let condition = match (origin, paused) {
            (Origin::Caller | Origin::Kept, false) => Condition::BOOTED,
            (Origin::Caller | Origin::Kept, true) => Condition::PAUSED,
            (Origin::Snapshot, false) => Condition::FROM_SNAPSHOT,
            (Origin::Snapshot, true) => Condition::PAUSED_FROM_SNAPSHOT,
        };
        let mut starting = self.domains().starting(definition, origin, condition, autodestroy)?;
        let machine = starting.open()?;
        starting.finish(&machine)?;
        self.domains().stay_while_busy();
        self.shared_events().deliver();
        Ok(())
    }

    /// The program that is to hold a domain, if this connection's are not run by this process.
    fn holder_of(&self, name: &str) -> Result<Option<holder::Program>> {
        let Hold::Process { required } = self.hold() else { return Ok(None) };
        match holder::find() {
            Ok(program) => Ok(Some(program)),
            Err(error) if required => Err(error),
            Err(error) => {
                log::warn!("domain '{name}' runs in this process: {error}");
                Ok(None)
            }
        }
    }

    /// Starts a domain in a process of its own.
    fn start_elsewhere(
        &self,
        program: &holder::Program,
        root: &Path,
        definition: &Definition,
        origin: Origin,
        flags: &StartFlags,
    ) -> Result<()> {
        let autodestroy = flags.contains(StartFlags::AUTODESTROY);
        let order = Order {
            version: holder::message::VERSION,
            library: env!("CARGO_PKG_VERSION").to_string(),
            root: root.to_path_buf().into(),
            definition: definition.to_xml(),
            origin,
            paused: flags.contains(StartFlags::PAUSED),
            autodestroy,
            sync: self.syncs(),
        };
        let mut held = holder::start(program, &definition.name, self.id(), &order)?;
        if autodestroy {
            held.id = self.domains().running_id(&definition.name)?;
            self.domains().keep_held(held);
        }
        self.shared_events().deliver();
        Ok(())
    }

    /// Starts the domain that this process is there for.
    pub fn start_ordered(self: &Arc<Self>, order: &Order) -> Result<String> {
        let definition = Arc::new(Definition::parse_stored(&order.definition)?);
        let mut flags = StartFlags::empty();
        flags.set(StartFlags::PAUSED, order.paused);
        flags.set(StartFlags::AUTODESTROY, order.autodestroy);
        let name = definition.name.clone();
        self.start(definition, order.origin, &flags)?;
        Ok(name)
    }
}

impl Domains {
    /// Ends what was to end with a connection.
    pub fn stop_of_connection(self: &Arc<Self>, id: u64) -> Result<()> {
        let held = self.take_held(id);
        held.iter().for_each(Held::stop);
        let mut result =
            self.stop_those(|identity| identity.autodestroy == Some(id), &destroying());
        for held in held {
            let name = held.name.clone();
            result = result.and(self.end_of(held, SILENCE).inspect_err(|error| {
                log::error!("domain '{name}' has ended: {error}");
            }));
        }
        result
    }

    /// The number of a domain, if it runs.
    fn running_id(&self, name: &str) -> Result<Option<i32>> {
        match self.by_name(name) {
            Err(error) if error.code == VIR_ERR_NO_DOMAIN => Ok(None),
            entry => Ok(entry?.id()),
        }
    }

    /// Waits for the end of a domain that another process holds. If that does not answer anything within
    /// `silence`, it is ended.
    fn end_of(&self, held: Held, silence: Duration) -> Result<()> {
        while !held.is_answered(silence)? {
            let entry = match self.by_name(&held.name) {
                Err(error) if error.code == VIR_ERR_NO_DOMAIN => None,
                entry => Some(entry?).filter(|entry| entry.is_active() && entry.id() == held.id),
            };
            let Some(entry) = entry else {
                // All that is missing is what became of guests' last writes.
                if held.is_answered(silence)? {
                    break;
                }
                log::warn!("domain '{}' has ended, its process does not say how", held.name);
                return Ok(());
            };
            if let Err(error) = entry.machine().and_then(|machine| machine.condition())
                && error.code == VIR_ERR_OPERATION_TIMEOUT
            {
                return self.end_hung(&entry, &destroying(), error);
            }
        }
        held.ended()
    }

    /// Ends all that runs here.
    pub fn stop_all(self: &Arc<Self>) -> Result<()> {
        self.stop_those(|_| true, &destroying())
    }

    /// Shuts down all that runs here. Servers of disks that do not answer are given up in the end.
    pub fn shut_down_all(self: &Arc<Self>) -> Result<()> {
        let request = StopRequest {
            drain: DRAIN,
            forced: true,
            off: Condition::SHUT_DOWN,
            events: vec![Lifecycle::SHUTDOWN_GUEST, Lifecycle::STOPPED_SHUTDOWN],
        };
        self.stop_those(|_| true, &request)
    }

    /// All of them, whatever fails. The first failure is returned.
    fn stop_those(
        self: &Arc<Self>,
        which: impl Fn(&Identity) -> bool,
        request: &StopRequest,
    ) -> Result<()> {
        let mut result = Ok(());
        for machine in self.machines(which) {
            let stopped = machine.stop(request);
            // Somebody else may have been faster.
            match stopped {
                Err(e) if e.code == VIR_ERR_OPERATION_INVALID => {}
                Err(error) => {
                    log::error!("domain '{}' has ended: {error}", machine.identity().name);
                    result = result.and(Err(error));
                }
                Ok(()) => {}
            }
        }
        result
    }
}

/// The end of what nobody waits for.
fn destroying() -> StopRequest {
    StopRequest {
        drain: Duration::ZERO,
        forced: true,
        off: Condition::DESTROYED,
        events: vec![Lifecycle::STOPPED_DESTROYED],
    }
}

impl Domain {
    /// Starts it.
    pub fn create(&self, flags: StartFlags) -> Result<()> {
        let entry = self.entry()?;
        match (&entry.live, entry.config()?) {
            (None, Some(config)) => self.connect().start(config.clone(), Origin::Kept, &flags),
            _ => Err(Error::invalid_operation(VIR_FROM_DOMAIN, "domain is already running")),
        }
    }

    /// What is told of its end: libvirt's test driver knows of no shutdown before the stop.
    fn ending(&self, shutdown: Lifecycle, stopped: Lifecycle) -> Vec<Lifecycle> {
        match self.connect().domains().host() {
            Host::Real => vec![shutdown, stopped],
            Host::Test(_) => vec![stopped],
        }
    }

    /// Stops it at once: what guests have asked for and not been told to be done may not be.
    pub fn destroy(&self, flags: DestroyFlags) -> Result<()> {
        let drain = if flags.contains(DestroyFlags::GRACEFUL) { DRAIN } else { Duration::ZERO };
        let events = self.ending(Lifecycle::SHUTDOWN_HOST, Lifecycle::STOPPED_DESTROYED);
        let (forced, off) = (true, Condition::DESTROYED);
        let request = StopRequest { drain, forced, off, events };
        let entry = self.entry()?;
        match self.machine_of(&entry)?.stop(&request) {
            Err(error) if error.code == VIR_ERR_OPERATION_TIMEOUT => {
                self.connect().domains().end_hung(&entry, &request, error)?;
                self.connect().shared_events().deliver();
                Ok(())
            }
            stopped => stopped,
        }
    }

    /// Stops it when what guests have asked for is done.
    pub fn shutdown(&self, _flags: ShutdownFlags) -> Result<()> {
        let machine = self.machine()?;
        if machine.condition()?.state != State::Running {
            return Err(not_running());
        }
        let events = self.ending(Lifecycle::SHUTDOWN_GUEST, Lifecycle::STOPPED_SHUTDOWN);
        let (forced, off) = (false, Condition::SHUT_DOWN);
        machine.stop(&StopRequest { drain: DRAIN, forced, off, events })
    }

    /// Begins anew. Nothing is executed that could; a domain of `test:///` does what its definition says
    /// is to follow, as libvirt's test driver does.
    pub fn reboot(&self, _flags: ShutdownFlags) -> Result<()> {
        let machine = self.machine()?;
        if matches!(self.connect().domains().host(), Host::Real) {
            return Ok(());
        }
        let definition = machine.definition()?;
        match definition.root().text_of("on_reboot").as_deref() {
            // The default.
            None | Some("restart" | "rename-restart") => machine.restart(),
            Some(_) => {
                let events = vec![Lifecycle::STOPPED_SHUTDOWN];
                let (forced, off) = (false, Condition::SHUT_DOWN);
                machine.stop(&StopRequest { drain: DRAIN, forced, off, events })
            }
        }
    }

    /// Is said to be in a state, as a file that describes a connection in memory has it.
    pub fn set_state(&self, state: State) -> Result<()> {
        self.machine()?.set_state(state)
    }

    /// Lets its guests' requests wait. It may be so already.
    pub fn suspend(&self) -> Result<()> {
        self.machine()?.suspend()
    }

    /// Serves its guests again.
    pub fn resume(&self) -> Result<()> {
        self.machine()?.resume()
    }

    /// Forgets its definition. If it runs, it goes on until it stops.
    pub fn undefine(&self, flags: UndefineFlags) -> Result<()> {
        for (one, other, name) in [
            (UndefineFlags::NVRAM, UndefineFlags::KEEP_NVRAM, "NVRAM"),
            (UndefineFlags::TPM, UndefineFlags::KEEP_TPM, "TPM"),
        ] {
            if flags.contains(one) && flags.contains(other) {
                let text = format!("cannot both keep and delete {name}");
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
        }
        {
            let mut change = self.connect().domains().change()?;
            let entry = change.by_uuid(self.uuid(), self.name())?;
            if !entry.is_persistent() {
                let text = "cannot undefine transient domain";
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
            change.undefine(&entry, flags.contains(UndefineFlags::SNAPSHOTS_METADATA))?;
            // By the name that it has now.
            let domain = Domain::of(self.connect(), &entry);
            domain.queue(events::LIFECYCLE, Lifecycle::UNDEFINED.payload());
        }
        self.connect().shared_events().deliver();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
