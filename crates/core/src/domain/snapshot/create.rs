//! Taking a snapshot: each of its disks gets a new image on top, all of them at one instant, and the
//! definitions follow. After an error, and after a crash at any moment, they name the chains from
//! before or the new ones, and what guests have been told to be written is in those.

use std::sync::Arc;
use std::time::Duration;

use super::overlay::{self, Below, Overlay};
use super::plan::{align, check_modes};
use super::{Snapshot, exclusive, required};
use crate::block::{Chain, Files, Format, Location};
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::{Backing, DiskDefinition, Source};
use crate::domain::config::schema;
use crate::domain::events::{self, Lifecycle};
use crate::domain::failed;
use crate::domain::images::chain::{self, recorded_backing};
use crate::domain::images::describe::{set_image, source, source_type};
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::domain::object::Domain;
use crate::domain::registry::domains::{self as registry, Entry};
use crate::domain::runtime::disk::Disk;
use crate::domain::runtime::running::{Changing, Running};
use crate::domain::snapshot_store::description::{DISK_SNAPSHOT, Description, Mode, SnapshotDisk};
use crate::domain::snapshot_store::store::Written;
use crate::enums::domain_snapshot::virDomainSnapshotCreateFlags;
use crate::enums::flags;
use crate::error::*;
use crate::xml::Element;

flags! {
    /// How a snapshot is taken.
    pub struct CreateFlags: u32 = virDomainSnapshotCreateFlags {
        /// It has been taken already: only what is known of it changes.
        const REDEFINE = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE;
        const CURRENT = VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT;
        const NO_METADATA = VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA;
        const HALT = VIR_DOMAIN_SNAPSHOT_CREATE_HALT;
        const DISK_ONLY = VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY;
        const REUSE_EXT = VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT;
        const QUIESCE = VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE;
        const ATOMIC = VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC;
        const LIVE = VIR_DOMAIN_SNAPSHOT_CREATE_LIVE;
        const VALIDATE = VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE;
    }
}

fn unsupported(text: impl Into<String>) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

fn check_flags(flags: &CreateFlags, whole: bool) -> Result<()> {
    let has = |flag| flags.contains(flag);
    let redefine = has(CreateFlags::REDEFINE);
    if has(CreateFlags::CURRENT) && !redefine {
        return Err(required("CREATE_REDEFINE", "CREATE_CURRENT"));
    }
    if redefine && has(CreateFlags::NO_METADATA) {
        return Err(exclusive("CREATE_REDEFINE", "CREATE_NO_METADATA"));
    }
    if redefine && has(CreateFlags::HALT) {
        return Err(exclusive("CREATE_REDEFINE", "CREATE_HALT"));
    }
    if has(CreateFlags::QUIESCE) && !has(CreateFlags::DISK_ONLY) {
        let error = required("CREATE_DISK_ONLY", "CREATE_QUIESCE");
        return Err(Error { domain: VIR_FROM_DOMAIN, ..error });
    }
    let refused = |text| Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    if has(CreateFlags::LIVE) && !whole {
        return refused("live snapshot creation is supported only during full system snapshots");
    }
    if !redefine && !has(CreateFlags::DISK_ONLY) && !whole {
        return refused("only snapshots of disks are taken (VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)");
    }
    Ok(())
}

/// A disk that gets a new image.
struct Change {
    target: String,
    below: Below,
    overlay: Overlay,
}

/// The same of a running domain.
struct LiveChange {
    disk: Arc<Disk>,
    /// The new image, until it is on top.
    chain: Option<Chain>,
    on_top: bool,
    /// Guests write to what was the top.
    writable: bool,
    change: Change,
}

/// Guests wait while this lives.
struct Still(Vec<Arc<Disk>>);

impl Still {
    /// What was asked for before is done then.
    fn new(disks: Vec<Arc<Disk>>) -> Still {
        disks.iter().for_each(|disk| disk.live.gate.close());
        Still(disks)
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.0.iter().for_each(|disk| disk.live.gate.open());
    }
}

/// What is known of a new snapshot, written down and not yet kept.
pub(in crate::domain) struct Metadata {
    name: String,
    staged: Option<Written>,
}

impl Metadata {
    pub fn stage(
        changing: &registry::Change<'_>,
        entry: &Entry,
        mut snapshot: Description,
        flags: &CreateFlags,
    ) -> Result<Metadata> {
        let store = changing.snapshots(entry);
        let tree = store.load()?;
        tree.check_new(&snapshot.name)?;
        let current = tree.current_if_any()?;
        snapshot.parent = current.map(str::to_string);
        let staged = match flags.contains(CreateFlags::NO_METADATA) {
            true => None,
            false => {
                let names = [snapshot.name.as_str()].into_iter().chain(current);
                store.set_current(&names.collect::<Vec<_>>())?;
                Some(store.stage(&snapshot)?)
            }
        };
        Ok(Metadata { name: snapshot.name, staged })
    }

    pub fn keep(self) -> Result<()> {
        let Metadata { name, staged } = self;
        let Some(staged) = staged else { return Ok(()) };
        staged.keep().map_err(|error| {
            let text = format!("unable to save metadata for snapshot {name}: {error}");
            Error::internal(VIR_FROM_DOMAIN, text)
        })
    }
}

impl Domain {
    /// Takes a snapshot, or changes what is known of one.
    pub fn create_snapshot(
        self: &Arc<Self>,
        xml: &str,
        flags: CreateFlags,
    ) -> Result<Arc<Snapshot>> {
        // Domains in memory can be kept as a whole.
        let disks_only = flags.contains(CreateFlags::DISK_ONLY);
        let whole = self.is_in_memory() && !disks_only;
        check_flags(&flags, whole)?;
        if flags.contains(CreateFlags::VALIDATE) {
            schema::check_snapshot(xml)?;
        }
        if flags.contains(CreateFlags::REDEFINE) {
            let snapshot = Description::parse_taken(xml, self.uuid())?;
            return self.redefine_snapshot(snapshot, flags.contains(CreateFlags::CURRENT));
        }
        let snapshot = Description::parse(xml, whole)?;
        let name = snapshot.name.clone();
        if whole {
            self.snapshot_whole(snapshot, &flags)?;
        } else if self.entry()?.is_active() {
            self.snapshot_running(snapshot, &flags)?;
        } else {
            self.snapshot_off(snapshot, &flags)?;
        }
        Ok(self.snapshot(&name))
    }

    fn redefine_snapshot(
        self: &Arc<Self>,
        snapshot: Description,
        current: bool,
    ) -> Result<Arc<Snapshot>> {
        let change = self.connect().domains().change()?;
        let entry = change.by_uuid(self.uuid(), self.name())?;
        let store = change.snapshots(&entry);
        let tree = store.load()?;
        tree.check_redefined(&snapshot)?;
        match tree.current_if_any() {
            // It becomes known again.
            Err(_) if current => store.set_current(&[&snapshot.name])?,
            before => {
                let new = current.then_some(snapshot.name.as_str());
                store.set_current(&new.into_iter().chain(before?).collect::<Vec<_>>())?;
            }
        }
        store.write(&snapshot)?;
        Ok(self.snapshot(&snapshot.name))
    }

    /// Takes a snapshot of a domain that does not run.
    fn snapshot_off(&self, mut snapshot: Description, flags: &CreateFlags) -> Result<()> {
        let mut changing = self.connect().domains().change()?;
        let entry = changing.by_uuid(self.uuid(), self.name())?;
        changing.check_off(&entry)?;
        let config = entry.config()?.cloned().ok_or_else(not_running)?;
        let images = self.connect().domains().images();
        snapshot.disks = align(images, &config, &snapshot.disks, &snapshot.name, Mode::External)?;
        check_modes(&snapshot.disks, false)?;
        let reuse = flags.contains(CreateFlags::REUSE_EXT);
        let files = images.files();
        external(&snapshot.disks).try_for_each(|disk| overlay::check(&**files, disk, reuse))?;
        snapshot.domain = Some(config.root().clone());
        let metadata = Metadata::stage(&changing, &entry, snapshot.clone(), flags)?;
        let mut changes = Vec::new();
        for plan in external(&snapshot.disks) {
            let disk = &*images.located(definition_of(&config, plan)?)?;
            let below = below(&**files, disk, || chain::length(&**files, disk))?;
            let overlay = Overlay::make(files, plan, &below, reuse)?;
            changes.push(Change { target: plan.name.clone(), below, overlay });
        }
        let written = redefined(&**files, &config, &changes.iter().collect::<Vec<_>>())
            .and_then(|new| changing.set_config(&entry, Arc::new(new)))
            .and_then(|()| {
                metadata.keep().or_else(|error| match changing.set_config(&entry, config) {
                    Ok(()) => Err(error),
                    Err(stays) => {
                        log::error!("snapshot of '{}': {error}; {stays}", entry.name);
                        Ok(())
                    }
                })
            });
        if written.is_ok() {
            changes.iter_mut().for_each(|change| change.overlay.keep());
        }
        written
    }

    fn snapshot_running(&self, snapshot: Description, flags: &CreateFlags) -> Result<()> {
        let running = self.here()?;
        let halt = flags.contains(CreateFlags::HALT);
        let still = {
            let changing = running.changing()?;
            if halt && !self.is_persistent()? {
                let text = "cannot halt after transient domain snapshot";
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
            if flags.contains(CreateFlags::QUIESCE) {
                if running.condition().state != State::Running {
                    return Err(not_running());
                }
                let text = "QEMU guest agent is not configured";
                return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            }
            let still = self.put_on_top(&running, &changing, snapshot, flags)?;
            self.connect().domains().note_live(&running);
            halt.then_some(still)
        };
        if still.is_some() {
            let events = [Lifecycle::STOPPED_FOR_SNAPSHOT];
            let off = Condition::OFF_FOR_SNAPSHOT;
            self.connect().domains().stop(&running, Duration::ZERO, off, &events)?;
        }
        self.connect().shared_events().deliver();
        Ok(())
    }

    /// Gives a running domain's disks their new images. Its guests wait until what is returned is
    /// dropped.
    fn put_on_top(
        &self,
        running: &Running,
        changing: &Changing<'_>,
        mut snapshot: Description,
        flags: &CreateFlags,
    ) -> Result<Still> {
        let live = running.definition();
        let images = &running.images;
        snapshot.disks = align(images, &live, &snapshot.disks, &snapshot.name, Mode::External)?;
        check_modes(&snapshot.disks, true)?;
        let reuse = flags.contains(CreateFlags::REUSE_EXT);
        for plan in external(&snapshot.disks) {
            open_disk(running, plan)?.check_no_job()?;
            overlay::check(&**images.files(), plan, reuse)?;
        }
        self.tree()?.check_new(&snapshot.name)?;
        let mut changes = Vec::new();
        for plan in external(&snapshot.disks) {
            changes.push(LiveChange::prepare(running, &live, plan, reuse)?);
        }
        let disks: Vec<Arc<Disk>> = changes.iter().map(|change| change.disk.clone()).collect();
        // What is on stable storage before guests have to wait need not get there while they do.
        for disk in &disks {
            disk.live.gate.node().flush().map_err(failed)?;
        }
        let still = Still::new(disks);
        let mut domains = self.connect().domains().change()?;
        let entry = domains.by_uuid(self.uuid(), self.name())?;
        snapshot.state = DISK_SNAPSHOT.to_string();
        snapshot.domain = Some(live.root().clone());
        snapshot.inactive = entry.config()?.map(|config| inactive(config.root()));
        let manual = snapshot.disks.iter().any(|disk| disk.mode == Some(Mode::Manual));
        let metadata = Metadata::stage(&domains, &entry, snapshot, flags)?;
        let pushed = changes.iter_mut().try_for_each(LiveChange::push);
        let written = pushed.is_ok();
        let done = pushed
            .and_then(|()| redefine(running, &mut domains, &entry, &changes))
            .and_then(|()| metadata.keep());
        if let Err(error) = done {
            undo(running, &mut domains, &entry, &mut changes, written);
            return Err(error);
        }
        changes.iter_mut().for_each(|change| change.change.overlay.keep());
        if manual && running.condition().state == State::Running {
            // The caller's part is still to come.
            running.pause(changing, Condition::PAUSED_FOR_SNAPSHOT);
            running.queue(events::LIFECYCLE, Lifecycle::SUSPENDED.payload());
        }
        Ok(still)
    }
}

fn external(disks: &[SnapshotDisk]) -> impl Iterator<Item = &SnapshotDisk> {
    disks.iter().filter(|disk| disk.mode == Some(Mode::External))
}

fn definition_of<'a>(
    definition: &'a Definition,
    plan: &SnapshotDisk,
) -> Result<&'a DiskDefinition> {
    let found = definition.disks.iter().find(|disk| disk.target == plan.name);
    found.ok_or_else(|| unsupported(format!("no disk named '{}'", plan.name)))
}

fn open_disk(running: &Running, plan: &SnapshotDisk) -> Result<Arc<Disk>> {
    running.disk(&plan.name).ok_or_else(|| {
        unsupported(format!("disk '{}' does not currently have a source assigned", plan.name))
    })
}

/// The domain that is kept, as a snapshot describes it.
fn inactive(root: &Element) -> Element {
    let mut inactive = root.clone();
    inactive.name = "inactiveDomain".to_string();
    inactive
}

/// The image that is on top of a disk, if another one can be put on it.
fn below(
    files: &dyn Files,
    disk: &DiskDefinition,
    length: impl FnOnce() -> Result<u64>,
) -> Result<Below> {
    let target = &disk.target;
    let refused = |why: &str| {
        Err(unsupported(format!("external snapshot of disk '{target}' is not possible: {why}")))
    };
    let (path, format) = match &disk.image {
        Some(image) => match &image.source {
            Source::File(path) | Source::Block(path) => (path, Format::from_name(&image.format)),
            Source::Nbd(_) | Source::Volume(..) | Source::Other(_) => {
                return refused("its image is not a local file");
            }
        },
        None => return refused("it has no image"),
    };
    let Some(format) = format else { return refused("its format is not served") };
    if disk.transient {
        return refused("it is transient");
    }
    if disk.shareable {
        return refused("others may use its image");
    }
    if format == Format::Qcow2
        && disk.backing == Backing::End
        && recorded_backing(files, &path.into())?.is_some()
    {
        // A new image has no way to say that what the one below records does not count.
        return refused("its definition leaves out the backing image that its image records");
    }
    let path = std::path::absolute(path)
        .map_err(|e| Error::io(VIR_FROM_DOMAIN, &e, format!("cannot find '{}'", path.display())))?;
    Ok(Below { path, format, length: length()? })
}

impl LiveChange {
    /// Makes the new image, and opens it.
    fn prepare(
        running: &Running,
        live: &Definition,
        plan: &SnapshotDisk,
        reuse: bool,
    ) -> Result<LiveChange> {
        let disk = open_disk(running, plan)?;
        let files = running.images.files();
        let definition = &*running.images.located(definition_of(live, plan)?)?;
        let length = || disk.live.gate.node().length().map_err(failed);
        let below = below(&**files, definition, length)?;
        let overlay = Overlay::make(files, plan, &below, reuse)?;
        let writable = !definition.read_only;
        let mut chain = overlay.open(writable, definition.cache)?;
        disk.live.number(&mut chain);
        let change = Change { target: plan.name.clone(), below, overlay };
        Ok(LiveChange { disk, chain: Some(chain), on_top: false, writable, change })
    }

    fn push(&mut self) -> Result<()> {
        let image = self.chain.take().and_then(|chain| chain.images.into_iter().next());
        let image =
            image.ok_or_else(|| Error::internal(VIR_FROM_DOMAIN, "the new image is not open"))?;
        let recorded = image.qcow2.as_ref().and_then(|qcow2| qcow2.header().backing_file.clone());
        self.disk.live.push(image, recorded.unwrap_or_default())?;
        // Nothing of the new image has been streamed.
        self.disk.forget_increments();
        self.on_top = true;
        Ok(())
    }
}

/// Makes the definitions name the new images: of the domain as it runs, and of the one that is kept,
/// where that has the same ones.
fn redefine(
    running: &Running,
    domains: &mut registry::Change<'_>,
    entry: &Entry,
    changes: &[LiveChange],
) -> Result<()> {
    let changes: Vec<&Change> =
        changes.iter().filter(|change| change.on_top).map(|change| &change.change).collect();
    let live = running.definition();
    let files = &**running.images.files();
    let new = redefined(files, &live, &changes)?;
    if let Some(kept) = entry.config()? {
        let image = |definition: &Definition, target: &str| {
            let disk = definition.disks.iter().find(|disk| disk.target == target);
            disk.and_then(|disk| disk.image.clone())
        };
        let same = |change: &&&Change| image(kept, &change.target) == image(&live, &change.target);
        let same: Vec<&Change> = changes.iter().filter(same).copied().collect();
        if !same.is_empty() {
            domains.set_config(entry, Arc::new(redefined(files, kept, &same)?))?;
        }
    }
    running.set_definition(Arc::new(new));
    Ok(())
}

/// Makes everything as it was. `written`: also the definition that is kept.
fn undo(
    running: &Running,
    domains: &mut registry::Change<'_>,
    entry: &Entry,
    changes: &mut [LiveChange],
    written: bool,
) {
    for change in changes.iter_mut().rev().filter(|change| change.on_top) {
        // Where that fails guests go on writing to the new image.
        change.on_top = change.disk.live.pop(change.writable).is_err();
    }
    let restored = match changes.iter().any(|change| change.on_top) {
        true => redefine(running, domains, entry, changes),
        false if written => entry.config().and_then(|kept| match kept {
            Some(kept) => domains.set_config(entry, kept.clone()),
            None => Ok(()),
        }),
        false => Ok(()),
    };
    if let Err(error) = &restored {
        log::error!("a definition of '{}' names new images, which stay: {error}", entry.name);
    }
    for change in changes {
        // A definition may still name the new images. As long as they are empty, they read as what
        // is below.
        if change.on_top || restored.is_err() {
            change.change.overlay.keep();
        }
    }
}

/// A definition with new images on top.
fn redefined(
    files: &dyn Files,
    definition: &Definition,
    changes: &[&Change],
) -> Result<Definition> {
    let mut new = definition.clone();
    for change in changes {
        new = new.with_changed_disk(&change.target, |disk| put_above(files, disk, change))?;
    }
    Ok(new)
}

/// Makes a `<disk>` one of the new image. A description of the chain goes on to be one.
fn put_above(files: &dyn Files, disk: &mut Element, change: &Change) {
    let kind = disk.attr("type").unwrap_or("file").to_string();
    let backing = disk.child("backingStore").cloned();
    let below = disk.child("source").cloned();
    let location = Location::from(&change.overlay.path);
    disk.set_attr("type", source_type(files, &location));
    set_image(disk, source(files, &location), Format::Qcow2);
    if let (Some(backing), Some(below)) = (backing, below) {
        let format = Element::new("format").with_attr("type", change.below.format.name());
        disk.push(
            Element::new("backingStore")
                .with_attr("type", kind)
                .with_child(format)
                .with_child(below)
                .with_child(backing),
        );
    }
}
