//! Snapshots of all of a domain in memory, as those of `test:///` are: its definition, what it is doing,
//! and what is in its images. Nothing is executed, so that there is no more. The images' contents are
//! copied when a snapshot is taken, and come back when a domain is reverted to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::create::{CreateFlags, Metadata};
use super::plan::align;
use super::{RevertFlags, Snapshot};
use crate::block::{Cache, Files, Location, MOST_IMAGES, MemoryNode, Node};
use crate::copy::{CopyOptions, copy};
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::{DiskDefinition, Source};
use crate::domain::events::Lifecycle;
use crate::domain::failed;
use crate::domain::images::chain::recorded_backing;
use crate::domain::lifecycle::StartFlags;
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::domain::object::Domain;
use crate::domain::registry::domains::Live;
use crate::domain::runtime::running::Running;
use crate::domain::snapshot_store::description::{Description, Mode, SnapshotDisk, unsupported};
use crate::domain::snapshot_store::store::Content;
use crate::error::*;
use crate::xml::Element;

impl Domain {
    /// Takes a snapshot of everything.
    pub(in crate::domain) fn snapshot_whole(
        &self,
        snapshot: Description,
        flags: &CreateFlags,
    ) -> Result<()> {
        if flags.contains(CreateFlags::NO_METADATA) {
            return Err(unsupported("a snapshot of which nothing is known could not be used"));
        }
        let running = match &self.entry()?.live {
            Some(Live::Here(running)) => running.clone(),
            _ => return self.take(snapshot, flags, None),
        };
        let halt = flags.contains(CreateFlags::HALT);
        {
            let _changing = running.changing()?;
            if halt && !self.is_persistent()? {
                let text = "cannot halt after transient domain snapshot";
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
            for disk in running.disks() {
                disk.check_no_job()?;
                disk.live.gate.node().flush().map_err(failed)?;
            }
            self.take(snapshot, flags, Some(&running))?;
        }
        if halt {
            self.stop_for_snapshot(&running)?;
        }
        Ok(())
    }

    fn take(
        &self,
        mut snapshot: Description,
        flags: &CreateFlags,
        running: Option<&Running>,
    ) -> Result<()> {
        let changing = self.connect().domains().change()?;
        let entry = changing.by_uuid(self.uuid(), self.name())?;
        let config = entry.config()?.cloned();
        let definition = match running {
            Some(running) => running.definition(),
            None => {
                changing.check_off(&entry)?;
                config.clone().ok_or_else(not_running)?
            }
        };
        let images = self.connect().domains().images();
        let name = snapshot.name.clone();
        snapshot.disks = align(images, &definition, &snapshot.disks, &name, Mode::Internal)?;
        check_internal(&snapshot.disks)?;
        snapshot.state = entry.condition().state.word().to_string();
        let memory = if running.is_some() { "internal" } else { "no" };
        snapshot.memory = Element::new("memory").with_attr("snapshot", memory);
        snapshot.domain = Some(definition.root().clone());
        snapshot.inactive = config.filter(|_| running.is_some()).map(|config| {
            let mut inactive = config.root().clone();
            inactive.name = "inactiveDomain".to_string();
            inactive
        });
        let mut contents = Vec::new();
        for disk in saved(&definition, &snapshot.disks) {
            save(&**images.files(), &*images.located(disk)?, &mut contents)?;
        }
        let store = changing.snapshots(&entry);
        Metadata::stage(&changing, &entry, snapshot, flags)?.keep()?;
        store.keep_contents(&name, contents);
        Ok(())
    }

    fn stop_for_snapshot(&self, running: &Arc<Running>) -> Result<()> {
        let (off, events) = (Condition::OFF_FOR_SNAPSHOT, [Lifecycle::STOPPED_FOR_SNAPSHOT]);
        self.connect().domains().stop(running, Duration::ZERO, off, &events)
    }
}

impl Snapshot {
    /// Makes the domain what it was when the snapshot was taken: it is stopped, and started anew if it
    /// was running then, or is to.
    pub(in crate::domain) fn revert_whole(&self, flags: RevertFlags) -> Result<()> {
        let domain = &self.domain;
        let entry = domain.entry()?;
        let store = domain.connect().domains().snapshots(entry.uuid);
        let snapshot = store.load()?.find(&self.name)?.description()?.clone();
        let Some(contents) = store.contents(&self.name) else {
            let text =
                format!("snapshot '{}' was not taken here: its data is not known", self.name);
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        };
        if !entry.is_persistent() {
            let text = "transient domains are not reverted: they are gone when they stop";
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let wanted = flags.contains(RevertFlags::RUNNING) || flags.contains(RevertFlags::PAUSED);
        let online = snapshot.is_online();
        if wanted && !online && entry.is_active() && !flags.contains(RevertFlags::FORCE) {
            let text = "must respawn guest to start inactive snapshot";
            return Err(Error::new(VIR_ERR_SNAPSHOT_REVERT_RISKY, VIR_FROM_DOMAIN, text));
        }
        let again = |element: &Element| {
            let mut root = element.clone();
            root.name = "domain".to_string();
            Definition::from_xml(root).map(Arc::new)
        };
        let missing = || Error::internal(VIR_FROM_DOMAIN, "missing domain in snapshot");
        let live = again(snapshot.domain.as_ref().ok_or_else(missing)?)?;
        let kept = snapshot.inactive.as_ref().map_or(Ok(live.clone()), again)?;
        if let Some(Live::Here(running)) = &entry.live {
            domain.stop_for_snapshot(running)?;
        }
        {
            let mut changing = domain.connect().domains().change()?;
            let entry = changing.by_uuid(domain.uuid(), domain.name())?;
            changing.check_off(&entry)?;
            bring_back(&**domain.connect().domains().images().files(), &contents)?;
            changing.set_config(&entry, kept)?;
            changing.snapshots(&entry).set_current(&[&self.name])?;
        }
        if !online && !wanted {
            domain.connect().shared_events().deliver();
            return Ok(());
        }
        let was_paused = snapshot.state == State::Paused.word();
        let paused = flags.contains(RevertFlags::PAUSED)
            || was_paused && !flags.contains(RevertFlags::RUNNING);
        let flags = if paused { StartFlags::PAUSED } else { StartFlags::empty() };
        domain.connect().start(live, &flags, true)
    }
}

/// Refuses what is not kept within a domain.
fn check_internal(disks: &[SnapshotDisk]) -> Result<()> {
    let other = |disk: &&SnapshotDisk| !matches!(disk.mode, Some(Mode::Internal | Mode::No));
    match disks.iter().find(other) {
        Some(disk) => {
            Err(unsupported(format!("disk '{}' must use snapshot mode 'internal'", disk.name)))
        }
        None => Ok(()),
    }
}

/// The disks whose images are kept.
fn saved<'a>(
    definition: &'a Definition,
    disks: &'a [SnapshotDisk],
) -> impl Iterator<Item = &'a DiskDefinition> {
    let is_saved = |disk: &&DiskDefinition| {
        disks.iter().any(|one| one.name == disk.target && one.mode == Some(Mode::Internal))
    };
    definition.disks.iter().filter(is_saved)
}

/// Copies the images of a disk, as far as there are any: a domain in memory may have disks that are
/// nowhere.
fn save(files: &dyn Files, disk: &DiskDefinition, contents: &mut Vec<Content>) -> Result<()> {
    let Some(image) = &disk.image else { return Ok(()) };
    let Source::File(path) = &image.source else { return Ok(()) };
    let (mut path, mut format) = (path.clone(), image.format.clone());
    for _ in 0..MOST_IMAGES {
        if !files.exists(&path) || contents.iter().any(|one| one.path == path) {
            return Ok(());
        }
        let file = files.open_file(&path, false, Cache::default()).map_err(failed)?;
        let data = MemoryNode::new(format!("what was in '{}'", path.display()), 0);
        data.resize(file.length().map_err(failed)?).map_err(failed)?;
        all_of(&*file, &data)?;
        contents.push(Content { path: path.clone(), data: Arc::new(data) });
        if format != "qcow2" {
            return Ok(());
        }
        match recorded_backing(files, &Location::from(&path)) {
            Ok(Some((Location::File(below), below_format))) => {
                (path, format) = (below, below_format);
            }
            Ok(_) => return Ok(()),
            // What is no image of that format has none below it. Where memory lacks, that is not known.
            Err(error) if error.code != VIR_ERR_NO_MEMORY => {
                log::info!("what is below '{}' is not in the snapshot: {error}", path.display());
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes images what they were. Nothing has changed if one of them is in use.
fn bring_back(files: &dyn Files, contents: &[Content]) -> Result<()> {
    let mut open = Vec::new();
    for Content { path, data } in contents {
        let file = match files.exists(path) {
            true => files.open_file(path, true, Cache::default()).map_err(failed)?,
            false => files.create(path).map_err(|errno| missing(path, errno))?,
        };
        file.lock(true).map_err(failed)?;
        open.push((file, data));
    }
    for (file, data) in open {
        // What was written since is gone.
        file.resize(0).map_err(failed)?;
        file.resize(data.length().map_err(failed)?).map_err(failed)?;
        all_of(&**data, &*file)?;
        file.unlock();
    }
    Ok(())
}

fn missing(path: &Path, errno: virsparse_base::errno::Errno) -> Error {
    Error::system(VIR_FROM_STORAGE, errno, format!("cannot create file '{}'", path.display()))
}

/// Copies what one holds into another of the same length that holds nothing.
fn all_of(from: &dyn Node, to: &dyn Node) -> Result<()> {
    let length = from.length().map_err(failed)?;
    copy(from, to, CopyOptions::new(length)).map_err(failed)
}
