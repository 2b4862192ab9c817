//! A domain that runs in this process: its disks, and what it is doing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::time::{Duration, Instant, SystemTime};

use virsparse_base::errno::Errno;

use super::description::{describe, holder};
use super::disk::Disk;
use crate::block::filter::meter::{Notice, OnNotice};
use crate::block::filter::throttle::Throttle;
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::io_tune::IoTune;
use crate::domain::config::lookup::{alias, argument, no_medium, not_served};
use crate::domain::config::source::Source;
use crate::domain::control::Server;
use crate::domain::events;
use crate::domain::images::Images;
use crate::domain::machine::Identity;
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::domain::machine::guest_time::GuestTime;
use crate::domain::registry::domains::Domains;
use crate::domain::registry::launch::Start;
use crate::domain::registry::owner::Owner;
use crate::domain::runtime::{ABORT_TIMEOUT, POLL_INTERVAL};
use crate::error::*;
use crate::event::broker::Payload;
use crate::event::brokers::Brokers;
use crate::xml::excerpt;

struct Now {
    definition: Arc<Definition>,
    disks: Vec<Arc<Disk>>,
    condition: Condition,
    stopped: bool,
}

/// A running domain.
pub struct Running {
    pub identity: Identity,
    this: Weak<Running>,
    domains: Weak<Domains>,
    events: Arc<Brokers>,
    /// Where its images are.
    pub images: Images,
    /// When it began to run.
    since: SystemTime,
    /// Where its sockets are. `None`: its disks are not served through any.
    folder: Option<PathBuf>,
    /// Held by whoever changes what runs.
    changing: Mutex<()>,
    /// How many threads poll for that lock instead of blocking on it.
    waiters: AtomicUsize,
    now: Mutex<Now>,
    /// The limits that disks share, by the names of their groups.
    throttles: Mutex<HashMap<String, Weak<Throttle>>>,
    guest_time: Mutex<GuestTime>,
    owner: Mutex<Option<Owner>>,
    /// How other processes use it, where they can.
    control: Mutex<Option<Server>>,
}

/// Nobody else changes what runs while this lives.
pub struct Changing<'a> {
    _guard: MutexGuard<'a, ()>,
}

/// A thread that polls for the lock, counted while this lives.
pub struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Running {
    /// Opens the disks, and serves them. Those that were opened before one fails are closed again.
    pub fn start(start: Start) -> Result<Arc<Running>> {
        let Start {
            id,
            definition,
            condition,
            autodestroy,
            folder,
            owner,
            events,
            images,
            domains,
        } = start;
        let running = Arc::new_cyclic(|this| Running {
            identity: Identity {
                id,
                name: definition.name.clone(),
                uuid: definition.uuid,
                autodestroy,
            },
            this: this.clone(),
            domains,
            events,
            images,
            since: SystemTime::now(),
            folder,
            changing: Mutex::new(()),
            waiters: AtomicUsize::new(0),
            now: Mutex::new(Now {
                definition: definition.clone(),
                disks: Vec::new(),
                condition,
                stopped: false,
            }),
            throttles: Mutex::default(),
            guest_time: Mutex::new(GuestTime::TEST),
            owner: Mutex::new(owner),
            control: Mutex::default(),
        });
        let mut disks = Vec::new();
        for disk in &definition.disks {
            // Should it fail, dropping the others closes them.
            disks.extend(running.open_disk(disk)?);
        }
        running.now().disks = disks;
        if let Some(folder) = &running.folder {
            let this: Weak<Running> = running.this.clone();
            let server = Server::start(folder, &running.identity.name, this)?;
            *running.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(server);
        }
        Ok(running)
    }

    /// Takes no more calls from other processes. What is under way is answered, also a call that has this
    /// done.
    pub fn close_control(&self) {
        let server = self.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        drop(server);
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Itself, for what goes on after a call.
    pub fn this(&self) -> Result<Arc<Running>> {
        self.this.upgrade().ok_or_else(not_running)
    }

    /// The domains that it is one of: they are there for as long as it runs.
    pub fn domains(&self) -> Result<Arc<Domains>> {
        self.domains.upgrade().ok_or_else(not_running)
    }

    /// Waits until nobody changes what runs. Fails if it does not run any more.
    pub fn changing(&self) -> Result<Changing<'_>> {
        let guard = self.changing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if self.now().stopped {
            return Err(not_running());
        }
        Ok(Changing { _guard: guard })
    }

    /// Waits like [`Running::changing`], to stop the domain: a job whose target does not answer in time
    /// is abandoned.
    pub fn stopping(&self) -> Result<Changing<'_>> {
        let _waiter = self.register_waiter();
        let begin = Instant::now();
        while begin.elapsed() < ABORT_TIMEOUT {
            if let Some(changing) = self.try_changing() {
                return changing;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        self.disks().iter().for_each(|disk| disk.abandon_job());
        self.changing()
    }

    /// Counts a thread that polls with [`Running::try_changing`], until the result is dropped.
    pub fn register_waiter(&self) -> Waiter<'_> {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        Waiter(&self.waiters)
    }

    /// Sleeps if a thread polls for the lock, so that a loop of changes does not starve it.
    pub fn yield_to_waiters(&self) {
        if self.waiters.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(POLL_INTERVAL * 2);
        }
    }

    /// Like [`Running::changing`], but returns `None` instead of waiting.
    pub fn try_changing(&self) -> Option<Result<Changing<'_>>> {
        let guard = match self.changing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(if self.is_stopped() { Err(not_running()) } else { Ok(Changing { _guard: guard }) })
    }

    /// Whether it has been stopped.
    pub fn is_stopped(&self) -> bool {
        self.now().stopped
    }

    /// As what it runs.
    pub fn definition(&self) -> Arc<Definition> {
        self.now().definition.clone()
    }

    /// Replaces that, after what it describes has been changed.
    pub fn set_definition(&self, definition: Arc<Definition>) {
        self.now().definition = definition;
    }

    pub fn condition(&self) -> Condition {
        self.now().condition
    }

    /// All disks that are open: empty drives have none.
    pub fn disks(&self) -> Vec<Arc<Disk>> {
        self.now().disks.clone()
    }

    /// The open disk of a target.
    pub fn disk(&self, target: &str) -> Option<Arc<Disk>> {
        self.now().disks.iter().find(|disk| disk.target == target).cloned()
    }

    /// The open disk of a target; the error says why there is none.
    pub fn open_target(&self, target: &str) -> Result<Arc<Disk>> {
        let definition = self.definition();
        match definition.disks.iter().find(|disk| disk.target == target) {
            Some(disk) => self.expect_disk(disk),
            None => Err(argument(format!("disk '{target}' not found in domain"))),
        }
    }

    /// The open disk of a definition; the error says why there is none.
    pub fn expect_disk(&self, disk: &DiskDefinition) -> Result<Arc<Disk>> {
        self.disk(&disk.target).ok_or_else(|| self.not_open(disk))
    }

    fn not_open(&self, disk: &DiskDefinition) -> Error {
        if self.is_stopped() {
            return not_running();
        }
        if disk.image.is_none() {
            return no_medium(&disk.target);
        }
        // Only connections in memory have disks whose images are nowhere, or that were not opened because
        // others have them.
        match disk.path() {
            Some(path) if self.images.files().exists(Path::new(path)) => {
                let (target, path) = (&disk.target, excerpt(path));
                let text = format!(
                    "disk '{target}' is only defined: '{path}' could not be opened, as the log tells"
                );
                Error::invalid_operation(VIR_FROM_DOMAIN, text)
            }
            Some(path) => {
                let text = format!("Cannot access storage file '{}'", excerpt(path));
                Error::system(VIR_FROM_STORAGE, Errno::ENOENT, text)
            }
            None => not_served(&disk.target),
        }
    }

    /// Its description, which says where its disks are exported.
    pub fn xml(&self) -> String {
        let (definition, disks) = {
            let now = self.now();
            (now.definition.clone(), now.disks.clone())
        };
        // What is in memory is in one process, and nobody else sees it.
        let holder = self.images.files().is_real().then(|| holder(self.since));
        definition.live_xml(self.identity.id, holder, |target, element| {
            if let Some(disk) = disks.iter().find(|disk| disk.target == target) {
                describe(&**self.images.files(), disk, element);
            }
        })
    }

    /// Opens a disk as the domain's state wants it; `None` for an empty drive, and for a disk that
    /// is only defined.
    pub fn open_disk(self: &Arc<Self>, disk: &DiskDefinition) -> Result<Option<Arc<Disk>>> {
        let (images, folder) = (&self.images, self.folder.as_deref());
        let paused = self.condition().state == State::Paused;
        let told = self.on_notice(&disk.target);
        disk.io_tune.check()?;
        let opened = match Disk::open(images, disk, folder, paused, told) {
            Err(error) if !images.files().is_real() && may_stay_closed(&error) => {
                log::warn!(
                    "disk '{}' of '{}' is only defined: {error}",
                    disk.target,
                    self.identity.name
                );
                None
            }
            opened => opened?.map(Arc::new),
        };
        if let Some(opened) = &opened {
            self.throttle_disk(opened, &disk.io_tune, false);
        }
        Ok(opened)
    }

    /// Holds guests to the limits of a definition, which is about to be the running one.
    pub fn throttle(&self, definition: &Definition) {
        let before = self.definition();
        for disk in self.disks() {
            let tune = |definition: &Definition| {
                definition.disk(&disk.target).map(|disk| disk.io_tune.clone())
            };
            if let Some(new) = tune(definition)
                && tune(&before).as_ref() != Some(&new)
            {
                self.throttle_disk(&disk, &new, true);
            }
        }
    }

    /// Disks of one group have one throttle, whose limits are those of the disk that comes first unless
    /// they are set.
    fn throttle_disk(&self, disk: &Disk, tune: &IoTune, set: bool) {
        let limits = tune.limits();
        if !limits.are_set() {
            return disk.meter().set_throttle(None);
        }
        let Some(group) = &tune.group else {
            return disk.meter().set_throttle(Some(Throttle::new(limits)));
        };
        let mut throttles = self.throttles.lock().unwrap_or_else(|p| p.into_inner());
        let there = throttles.get(group).and_then(Weak::upgrade);
        let throttle = match there {
            Some(there) if !set => there,
            Some(there) => {
                there.set(limits);
                there
            }
            None => {
                let new = Throttle::new(limits);
                throttles.insert(group.clone(), Arc::downgrade(&new));
                new
            }
        };
        disk.meter().set_throttle(Some(throttle));
    }

    /// Puts a disk in the place of that target's, which is returned; either may be none.
    pub fn replace_disk(&self, target: &str, disk: Option<Arc<Disk>>) -> Option<Arc<Disk>> {
        let mut now = self.now();
        let before = now.disks.iter().position(|disk| disk.target == target);
        let before = before.map(|index| now.disks.remove(index));
        now.disks.extend(disk);
        before
    }

    /// The path of a disk's image, also of one that is defined as a volume, while it is open.
    pub fn path_of(&self, target: &str) -> Option<String> {
        let definition = self.definition();
        let disk = definition.disk(target)?;
        if let Some(Source::Volume(..)) = disk.image.as_ref().map(|image| &image.source) {
            // A copy may have made another volume the disk.
            let disk = self.disk(target)?;
            let path = disk.live.images().images.first()?.location.name();
            return path;
        }
        disk.path().map(str::to_string)
    }

    fn on_notice(self: &Arc<Self>, target: &str) -> OnNotice {
        let (weak, target): (Weak<Running>, _) = (Arc::downgrade(self), target.to_string());
        Box::new(move |notice| {
            if let Some(running) = weak.upgrade() {
                running.tell(&target, notice);
            }
        })
    }

    fn tell(&self, target: &str, notice: Notice) {
        let definition = self.definition();
        let path = self.path_of(target);
        match notice {
            Notice::Failed(error) => {
                let reason = if error.errno == Errno::ENOSPC { "enospc" } else { "" };
                let alias = definition.disk_element(target).map(alias).unwrap_or_default();
                let path = path.unwrap_or_default();
                for id in [events::IO_ERROR, events::IO_ERROR_REASON] {
                    let (path, alias) = (path.clone(), alias.clone());
                    let reason = reason.to_string();
                    let payload = Payload::IoError { path, alias, action: events::REPORT, reason };
                    self.queue(id, payload);
                }
            }
            Notice::Threshold { threshold, excess } => {
                let device = target.to_string();
                let payload = Payload::Threshold { device, path, threshold, excess };
                self.queue(events::BLOCK_THRESHOLD, payload);
            }
        }
        self.events.deliver();
    }

    /// Delivers the events that are queued.
    pub fn deliver(&self) {
        self.events.deliver();
    }

    /// Queues an event about this domain.
    pub fn queue(&self, id: i32, payload: Payload) {
        self.events.queue(&events::event(&self.identity.name, self.identity.uuid, id, payload));
    }

    /// Lets guests' requests wait. Whoever calls is changing it.
    pub fn pause(&self, _: &Changing<'_>, why: Condition) {
        // Not under the lock: requests that are under way may take their time.
        for disk in self.disks() {
            disk.live.gate.close();
        }
        self.now().condition = why;
    }

    /// Is said to be in a state, for no reason that is known.
    pub fn set_state(&self, changing: &Changing<'_>, state: State) {
        let condition = Condition { state, reason: 0 };
        match state {
            State::Running => self.now().condition = condition,
            _ => self.pause(changing, condition),
        }
    }

    /// Serves guests again, and forgets their disks' errors.
    pub fn resume(&self, changing: &Changing<'_>) {
        self.serve(changing, Condition::UNPAUSED);
    }

    /// Serves guests as after a start, whether it was paused or not.
    pub fn restart(&self, changing: &Changing<'_>) {
        self.serve(changing, Condition::BOOTED);
    }

    fn serve(&self, _: &Changing<'_>, why: Condition) {
        self.now().condition = why;
        for disk in self.disks() {
            disk.meter().forget_failed();
            disk.live.gate.open();
        }
    }

    /// Closes the disks. What could not be brought to stable storage is told; the domain has
    /// stopped all the same.
    pub fn stop(&self, _: &Changing<'_>, drain: Duration) -> Result<()> {
        let disks = {
            let mut now = self.now();
            now.stopped = true;
            std::mem::take(&mut now.disks)
        };
        let mut result = Ok(());
        // The guests of all disks have the same time.
        let deadline = Instant::now() + drain;
        for disk in disks {
            let left = deadline.saturating_duration_since(Instant::now());
            result = result.and(disk.close(left));
        }
        result
    }

    /// What its guest takes the time to be.
    pub fn guest_time(&self) -> GuestTime {
        *self.guest_time.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn set_guest_time(&self, time: GuestTime) {
        *self.guest_time.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = time;
    }

    /// Gives the domain up: from now on it can be started elsewhere.
    pub fn release(&self) {
        drop(self.owner.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
    }
}

/// Whether a disk in memory that cannot be opened is a defined one all the same: another domain has
/// its image, or that is not what the definition says. libvirt's test driver opens none, so that its
/// users have domains with any disks, and several with one.
fn may_stay_closed(error: &Error) -> bool {
    error.code != VIR_ERR_NO_MEMORY
}
