//! A domain that runs in this process: its disks, and what it is doing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::time::{Duration, Instant};

use uuid::Uuid;
use virsparse_base::errno::Errno;

use super::description::describe;
use super::disk::Disk;
use super::jobs::job::{LOOK, PATIENCE};
use crate::block::filter::meter::{Notice, OnNotice};
use crate::block::filter::throttle::Throttle;
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::{DiskDefinition, Source};
use crate::domain::events;
use crate::domain::guest::GuestTime;
use crate::domain::images::Images;
use crate::domain::io_tune::IoTune;
use crate::domain::registry::owner::Owner;
use crate::error::*;
use crate::event::broker::{Brokers, Payload};
use crate::xml::Element;

/// What a domain is doing: the values of virDomainState. Those that a guest would bring about are
/// only found in files that describe a connection in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Unknown = 0,
    Running = 1,
    Blocked = 2,
    Paused = 3,
    Shutdown = 4,
    Shutoff = 5,
    Crashed = 6,
    Asleep = 7,
}

impl State {
    /// libvirt's word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Unknown => "nostate",
            State::Running => "running",
            State::Blocked => "blocked",
            State::Paused => "paused",
            State::Shutdown => "shutdown",
            State::Shutoff => "shutoff",
            State::Crashed => "crashed",
            State::Asleep => "pmsuspended",
        }
    }

    /// The state of a number.
    pub fn from_number(number: u32) -> Option<State> {
        Some(match number {
            0 => State::Unknown,
            1 => State::Running,
            2 => State::Blocked,
            3 => State::Paused,
            4 => State::Shutdown,
            5 => State::Shutoff,
            6 => State::Crashed,
            7 => State::Asleep,
            _ => return None,
        })
    }
}

/// A state, and why: the numbers of libvirt's reasons for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub state: State,
    pub reason: i32,
}

impl Condition {
    pub const BOOTED: Condition = Condition { state: State::Running, reason: 1 };
    pub const UNPAUSED: Condition = Condition { state: State::Running, reason: 5 };
    pub const PAUSED: Condition = Condition { state: State::Paused, reason: 1 };
    pub const PAUSED_FOR_SNAPSHOT: Condition = Condition { state: State::Paused, reason: 9 };
    pub const UNKNOWN: Condition = Condition { state: State::Unknown, reason: 0 };
    pub const OFF: Condition = Condition { state: State::Shutoff, reason: 0 };
    pub const SHUT_DOWN: Condition = Condition { state: State::Shutoff, reason: 1 };
    pub const DESTROYED: Condition = Condition { state: State::Shutoff, reason: 2 };
    pub const FROM_SNAPSHOT: Condition = Condition { state: State::Running, reason: 4 };
    pub const PAUSED_FROM_SNAPSHOT: Condition = Condition { state: State::Paused, reason: 7 };
    pub const OFF_FOR_SNAPSHOT: Condition = Condition { state: State::Shutoff, reason: 7 };
}

struct Now {
    definition: Arc<Definition>,
    disks: Vec<Arc<Disk>>,
    condition: Condition,
    stopped: bool,
}

/// A running domain.
pub struct Running {
    pub id: i32,
    pub name: String,
    pub uuid: Uuid,
    /// The connection that takes the domain with it when it is closed.
    pub autodestroy: Option<u64>,
    events: Arc<Brokers>,
    /// Where its images are.
    pub images: Images,
    /// Where its sockets are. `None`: its disks are not served through any.
    folder: Option<PathBuf>,
    /// Held by whoever changes what runs.
    changing: Mutex<()>,
    /// How many wait for that, and only look now and then whether it is free.
    looking: AtomicUsize,
    now: Mutex<Now>,
    /// The limits that disks share, by the names of their groups.
    throttles: Mutex<HashMap<String, Weak<Throttle>>>,
    pub(in crate::domain) guest_time: Mutex<GuestTime>,
    owner: Mutex<Option<Owner>>,
}

/// What a new running domain is made of.
pub struct Start {
    pub id: i32,
    pub definition: Arc<Definition>,
    pub paused: bool,
    pub autodestroy: Option<u64>,
    pub folder: Option<PathBuf>,
    pub owner: Option<Owner>,
    pub events: Arc<Brokers>,
    pub images: Images,
}

/// Nobody else changes what runs while this lives.
pub struct Changing<'a> {
    _guard: MutexGuard<'a, ()>,
}

/// Somebody looks again and again whether nobody changes what runs.
pub struct Looking<'a>(&'a AtomicUsize);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Running {
    /// Opens the disks, and serves them. Those that were opened before one fails are closed again.
    pub fn start(start: Start) -> Result<Arc<Running>> {
        let Start { id, definition, paused, autodestroy, folder, owner, events, images } = start;
        let condition = if paused { Condition::PAUSED } else { Condition::BOOTED };
        let running = Arc::new(Running {
            id,
            name: definition.name.clone(),
            uuid: definition.uuid,
            autodestroy,
            events,
            images,
            folder,
            changing: Mutex::new(()),
            looking: AtomicUsize::new(0),
            now: Mutex::new(Now {
                definition: definition.clone(),
                disks: Vec::new(),
                condition,
                stopped: false,
            }),
            throttles: Mutex::default(),
            guest_time: Mutex::new(GuestTime::TEST),
            owner: Mutex::new(owner),
        });
        let mut disks = Vec::new();
        for disk in &definition.disks {
            // Should it fail, dropping the others closes them.
            disks.extend(running.open_disk(disk)?);
        }
        running.now().disks = disks;
        Ok(running)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits until nobody changes what runs. Fails if it does not run any more.
    pub fn changing(&self) -> Result<Changing<'_>> {
        let guard = self.changing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if self.now().stopped {
            return Err(not_running());
        }
        Ok(Changing { _guard: guard })
    }

    /// The same for who wants to stop it: a job whose target does not answer is given up.
    pub fn stopping(&self) -> Result<Changing<'_>> {
        let _looking = self.looking();
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(changing) = self.try_changing() {
                return changing;
            }
            std::thread::sleep(LOOK);
        }
        self.disks().iter().for_each(|disk| disk.abandon_job());
        self.changing()
    }

    /// To be kept by whoever looks with [`Running::try_changing`] until that succeeds.
    pub fn looking(&self) -> Looking<'_> {
        self.looking.fetch_add(1, Ordering::Relaxed);
        Looking(&self.looking)
    }

    /// For who changes it over and over, and would leave no moment for those who only look.
    pub fn give_way(&self) {
        if self.looking.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(LOOK * 2);
        }
    }

    /// The same, if nobody changes it at the moment.
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

    /// Its description, which says where its disks are exported.
    pub fn xml(&self) -> String {
        let (definition, disks) = {
            let now = self.now();
            (now.definition.clone(), now.disks.clone())
        };
        definition.live_xml(self.id, |target, element| {
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
                log::warn!("disk '{}' of '{}' is only defined: {error}", disk.target, self.name);
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
            let path = disk.live.images().images.first()?.path.to_str().map(str::to_string);
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

    /// Queues an event about this domain.
    pub fn queue(&self, id: i32, payload: Payload) {
        self.events.queue(&events::event(&self.name, self.uuid, id, payload));
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

    /// Notes that it is what it was when a snapshot was taken.
    pub fn note_snapshot(&self, _: &Changing<'_>) {
        let condition = &mut self.now().condition;
        *condition = match condition.state {
            State::Paused => Condition::PAUSED_FROM_SNAPSHOT,
            _ => Condition::FROM_SNAPSHOT,
        };
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
        for disk in disks {
            result = result.and(disk.close(drain));
        }
        result
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

/// The error that an inactive domain cannot do what is asked of it.
pub fn not_running() -> Error {
    Error::invalid_operation(VIR_FROM_DOMAIN, "domain is not running")
}

/// What events call a disk: its `<alias>`, or a name of libvirt's kind.
pub fn alias(disk: &Element) -> String {
    if let Some(alias) = disk.child("alias").and_then(|alias| alias.attr("name")) {
        return alias.to_string();
    }
    let target = disk.child("target");
    let name = target.and_then(|target| target.attr("dev")).unwrap_or_default();
    let bus = target.and_then(|target| target.attr("bus")).unwrap_or("virtio");
    // vda is 0, vdz 25, vdaa 26.
    let letters = name.get(2..).unwrap_or_default();
    let number = letters.bytes().filter(u8::is_ascii_lowercase).fold(0u64, |number, letter| {
        number.saturating_mul(26).saturating_add(u64::from(letter - b'a') + 1)
    });
    format!("{bus}-disk{}", number.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_numbered_as_the_targets_are() {
        let alias_of = |dev: &str| {
            alias(&Element::new("disk").with_child(Element::new("target").with_attr("dev", dev)))
        };
        assert_eq!(alias_of("vda"), "virtio-disk0");
        assert_eq!(alias_of("vdz"), "virtio-disk25");
        assert_eq!(alias_of("vdaa"), "virtio-disk26");
    }
}
