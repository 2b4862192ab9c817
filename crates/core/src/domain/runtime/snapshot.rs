//! Snapshots of a running domain: each of its disks gets a new image on top, all of them at one instant, and
//! the definitions follow. After an error, and after a crash at any moment, they name the chains from before
//! or the new ones, and what guests have been told to be written is in those.

use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use super::running::{Changing, Running};
use crate::block::Chain;
use crate::domain::config::definition::Definition;
use crate::domain::events::{self, Lifecycle};
use crate::domain::failed;
use crate::domain::machine::Identity;
use crate::domain::machine::change::{SnapshotRequest, StopRequest};
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::domain::registry::change as registry;
use crate::domain::registry::entry::Entry;
use crate::domain::snapshot_store::change::{
    Change, below, definition_of, external, inactive, redefined, unsupported,
};
use crate::domain::snapshot_store::description::{DISK_SNAPSHOT, Mode, SnapshotDisk};
use crate::domain::snapshot_store::metadata::Metadata;
use crate::domain::snapshot_store::overlay::{self, Overlay};
use crate::domain::snapshot_store::plan::{align, check_modes};
use crate::error::*;

/// A disk of a running domain that gets a new image.
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

impl Running {
    /// Takes a snapshot of disks.
    pub fn snapshot_disks(&self, request: &SnapshotRequest) -> Result<()> {
        let still = {
            let changing = self.changing()?;
            self.check_halt(request)?;
            if request.quiesce {
                if self.condition().state != State::Running {
                    return Err(not_running());
                }
                let text = "QEMU guest agent is not configured";
                return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            }
            let still = self.put_on_top(&changing, request)?;
            self.note();
            request.halt.then_some(still)
        };
        if still.is_some() {
            self.stop_for_snapshot()?;
        }
        self.deliver();
        Ok(())
    }

    /// Takes a snapshot of everything, in memory.
    pub fn snapshot_whole(&self, request: &SnapshotRequest) -> Result<()> {
        {
            let _changing = self.changing()?;
            self.check_halt(request)?;
            for disk in self.disks() {
                disk.check_no_job()?;
                disk.live.gate.node().flush().map_err(failed)?;
            }
            let (of, snapshot) = (&self.identity, request.snapshot.clone());
            let definition = Some(self.definition());
            self.domains()?.keep_whole((of.uuid, &of.name), snapshot, definition)?;
        }
        if request.halt { self.stop_for_snapshot() } else { Ok(()) }
    }

    /// Refuses to stop a domain with which its snapshots would be gone.
    fn check_halt(&self, request: &SnapshotRequest) -> Result<()> {
        let Identity { uuid, name, .. } = &self.identity;
        if request.halt && !self.domains()?.by_uuid(*uuid, Some(name))?.is_persistent() {
            let text = "cannot halt after transient domain snapshot";
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }

    fn stop_for_snapshot(&self) -> Result<()> {
        self.end(&StopRequest {
            drain: Duration::ZERO,
            forced: false,
            off: Condition::OFF_FOR_SNAPSHOT,
            events: vec![Lifecycle::STOPPED_FOR_SNAPSHOT],
        })
    }

    /// Gives a running domain's disks their new images. Its guests wait until what is returned is
    /// dropped.
    fn put_on_top(&self, changing: &Changing<'_>, request: &SnapshotRequest) -> Result<Still> {
        let domains = self.domains()?;
        let Identity { uuid, name, .. } = &self.identity;
        let mut snapshot = request.snapshot.clone();
        let live = self.definition();
        let images = &self.images;
        snapshot.disks = align(images, &live, &snapshot.disks, &snapshot.name, Mode::External)?;
        check_modes(&snapshot.disks, true)?;
        let reuse = request.reuse;
        for plan in external(&snapshot.disks) {
            open_disk(self, plan)?.check_no_job()?;
            overlay::check(&**images.files(), plan, reuse)?;
        }
        domains.snapshots(*uuid).load()?.check_new(&snapshot.name)?;
        let mut changes = Vec::new();
        for plan in external(&snapshot.disks) {
            changes.push(LiveChange::prepare(self, &live, plan, reuse)?);
        }
        let disks: Vec<Arc<Disk>> = changes.iter().map(|change| change.disk.clone()).collect();
        // What is on stable storage before guests have to wait need not get there while they do.
        for disk in &disks {
            disk.live.gate.node().flush().map_err(failed)?;
        }
        let still = Still::new(disks);
        let mut changed = domains.change()?;
        let entry = changed.by_uuid(*uuid, name)?;
        snapshot.state = DISK_SNAPSHOT.to_string();
        snapshot.domain = Some(live.root().clone());
        snapshot.inactive = entry.config()?.map(|config| inactive(config.root()));
        let manual = snapshot.disks.iter().any(|disk| disk.mode == Some(Mode::Manual));
        let metadata = Metadata::stage(&changed.snapshots(&entry), snapshot, request.no_metadata)?;
        let pushed = changes.iter_mut().try_for_each(LiveChange::push);
        let written = pushed.is_ok();
        let done = pushed
            .and_then(|()| redefine(self, &mut changed, &entry, &changes))
            .and_then(|()| metadata.keep());
        if let Err(error) = done {
            undo(self, &mut changed, &entry, &mut changes, written);
            return Err(error);
        }
        changes.iter_mut().for_each(|change| change.change.overlay.keep());
        if manual && self.condition().state == State::Running {
            // The caller's part is still to come.
            self.pause(changing, Condition::PAUSED_FOR_SNAPSHOT);
            self.queue(events::LIFECYCLE, Lifecycle::SUSPENDED.payload());
        }
        Ok(still)
    }
}

fn open_disk(running: &Running, plan: &SnapshotDisk) -> Result<Arc<Disk>> {
    running.disk(&plan.name).ok_or_else(|| {
        unsupported(format!("disk '{}' does not currently have a source assigned", plan.name))
    })
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
        let recorded = image.overlay().and_then(|overlay| overlay.info().backing_file.clone());
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
