//! Starting, stopping, and what lies in between.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::config::definition::Definition;
use super::config::schema;
use super::connection::Connection;
use super::events::{self, Lifecycle};
use super::object::Domain;
use super::registry::domains::Domains;
use super::runtime::running::Running;
use crate::domain::machine::Machine;
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::enums::domain::{
    virDomainCreateFlags, virDomainDestroyFlagsValues, virDomainShutdownFlagValues,
    virDomainUndefineFlagsValues,
};
use crate::enums::flags;
use crate::error::*;
use crate::host::Host;
use crate::sys;

/// How long guests that do not take their answers can delay a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a disk's server that does not answer can delay the forced end of a domain.
const FORCED: Duration = Duration::from_secs(10);

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
        self.start(definition.clone(), &flags, false)?;
        self.domain_by_uuid(definition.uuid)
    }

    /// Starts a domain of that definition; for a domain that is being reverted, `from_snapshot`.
    pub(super) fn start(
        self: &Arc<Self>,
        definition: Arc<Definition>,
        flags: &StartFlags,
        from_snapshot: bool,
    ) -> Result<()> {
        let autodestroy = flags.contains(StartFlags::AUTODESTROY).then(|| self.id());
        let paused = flags.contains(StartFlags::PAUSED);
        let mut starting = self.domains().starting(definition, paused, autodestroy)?;
        let running = starting.open()?;
        if from_snapshot {
            running.note_snapshot(&running.changing()?);
        }
        starting.finish(&running)?;
        self.domains().stay_while_busy();
        self.shared_events().deliver();
        Ok(())
    }
}

impl Domains {
    /// Ends what was to end with a connection.
    pub fn stop_of_connection(self: &Arc<Self>, id: u64) -> Result<()> {
        self.stop_those(|running| running.identity.autodestroy == Some(id))
    }

    /// Ends all that runs here.
    pub fn stop_all(self: &Arc<Self>) -> Result<()> {
        self.stop_those(|_| true)
    }

    /// All of them, whatever fails. The first failure is returned.
    fn stop_those(self: &Arc<Self>, which: impl Fn(&Running) -> bool) -> Result<()> {
        let mut result = Ok(());
        for running in self.running(which) {
            let end = Lifecycle::STOPPED_DESTROYED;
            let stopped = self.force_stop(&running, Duration::ZERO, Condition::DESTROYED, &[end]);
            // Somebody else may have been faster.
            match stopped {
                Err(e) if e.code == VIR_ERR_OPERATION_INVALID => {}
                Err(error) => {
                    log::error!("domain '{}' has ended: {error}", running.identity.name);
                    result = result.and(Err(error));
                }
                Ok(()) => {}
            }
        }
        result
    }

    /// Stops a domain, and tells so, whether the servers of its disks answer or not: after some time
    /// they are given up.
    fn force_stop(
        self: &Arc<Self>,
        running: &Arc<Running>,
        drain: Duration,
        off: Condition,
        events: &[Lifecycle],
    ) -> Result<()> {
        let disks = running.disks();
        if disks.iter().all(|disk| disk.connections.is_empty()) {
            return self.stop(running, drain, off, events);
        }
        let (stopped, wait) = mpsc::channel::<()>();
        let watch = sys::spawn("virsparse-stop", move || {
            if wait.recv_timeout(drain + FORCED) == Err(RecvTimeoutError::Timeout) {
                disks.iter().for_each(|disk| disk.cut_off());
            }
        });
        if watch.is_none() {
            // Nobody could do it later.
            running.disks().iter().for_each(|disk| disk.cut_off());
        }
        let result = self.stop(running, drain, off, events);
        drop(stopped);
        if let Some(watch) = watch {
            // It contains no code that panics.
            let _ = watch.join();
        }
        result
    }

    /// Stops a domain, and tells so.
    pub(super) fn stop(
        self: &Arc<Self>,
        running: &Arc<Running>,
        drain: Duration,
        off: Condition,
        events: &[Lifecycle],
    ) -> Result<()> {
        let stopped = {
            let changing = running.stopping()?;
            let stopped = running.stop(&changing, drain);
            // It has stopped, whatever cannot be written down.
            let noted = self.change().and_then(|mut change| {
                let entry = change.by_uuid(running.identity.uuid, &running.identity.name)?;
                change.set_off(&entry, running, off);
                Ok(())
            });
            if let Err(error) = noted {
                log::warn!(
                    "domain '{}' has stopped, its status stays: {error}",
                    running.identity.name
                );
                self.forget(running, off);
            }
            for event in events {
                running.queue(events::LIFECYCLE, event.payload());
            }
            stopped
        };
        self.stay_while_busy();
        self.events().deliver();
        stopped
    }
}

impl Domain {
    /// What runs it.
    pub fn machine(&self) -> Result<Arc<dyn Machine>> {
        self.entry()?.machine()
    }

    /// The running domain, which must run in this process.
    pub fn here(&self) -> Result<Arc<Running>> {
        self.entry()?.here().cloned()
    }

    /// Starts it.
    pub fn create(&self, flags: StartFlags) -> Result<()> {
        let entry = self.entry()?;
        match (&entry.live, entry.config()?) {
            (None, Some(config)) => self.connect().start(config.clone(), &flags, false),
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
        self.connect().domains().force_stop(&self.here()?, drain, Condition::DESTROYED, &events)
    }

    /// Stops it when what guests have asked for is done.
    pub fn shutdown(&self, _flags: ShutdownFlags) -> Result<()> {
        let running = self.here()?;
        if running.condition().state != State::Running {
            return Err(not_running());
        }
        let events = self.ending(Lifecycle::SHUTDOWN_GUEST, Lifecycle::STOPPED_SHUTDOWN);
        self.connect().domains().stop(&running, DRAIN, Condition::SHUT_DOWN, &events)
    }

    /// Begins anew. Nothing is executed that could; a domain of `test:///` does what its definition says
    /// is to follow, as libvirt's test driver does.
    pub fn reboot(&self, _flags: ShutdownFlags) -> Result<()> {
        let running = self.here()?;
        if matches!(self.connect().domains().host(), Host::Real) {
            return Ok(());
        }
        let definition = running.definition();
        match definition.root().text_of("on_reboot").as_deref() {
            // The default.
            None | Some("restart" | "rename-restart") => {
                let changing = running.changing()?;
                running.restart(&changing);
                Ok(())
            }
            Some(_) => {
                let events = [Lifecycle::STOPPED_SHUTDOWN];
                self.connect().domains().stop(&running, DRAIN, Condition::SHUT_DOWN, &events)
            }
        }
    }

    /// Is said to be in a state, as a file that describes a connection in memory has it.
    pub fn set_state(&self, state: State) -> Result<()> {
        let running = self.here()?;
        let changing = running.changing()?;
        running.set_state(&changing, state);
        Ok(())
    }

    /// Lets its guests' requests wait. It may be so already.
    pub fn suspend(&self) -> Result<()> {
        let running = self.here()?;
        {
            let changing = running.changing()?;
            if running.condition().state == State::Paused {
                return Ok(());
            }
            running.pause(&changing, Condition::PAUSED);
            self.connect().domains().note_live(&running);
            running.queue(events::LIFECYCLE, Lifecycle::SUSPENDED.payload());
        }
        self.connect().shared_events().deliver();
        Ok(())
    }

    /// Serves its guests again.
    pub fn resume(&self) -> Result<()> {
        let running = self.here()?;
        {
            let changing = running.changing()?;
            if running.condition().state == State::Running {
                let text = "domain is already running";
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
            running.resume(&changing);
            self.connect().domains().note_live(&running);
            running.queue(events::LIFECYCLE, Lifecycle::RESUMED.payload());
        }
        self.connect().shared_events().deliver();
        Ok(())
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
