//! Taking a snapshot as callers ask for it: by what runs the domain, or here of one that does not run.

use std::sync::Arc;

use super::{Snapshot, exclusive, required};
use crate::domain::config::schema;
use crate::domain::images::chain;
use crate::domain::machine::change::SnapshotRequest;
use crate::domain::machine::condition::not_running;
use crate::domain::object::Domain;
use crate::domain::snapshot_store::change::{Change, below, definition_of, external, redefined};
use crate::domain::snapshot_store::description::{self, Description, Mode};
use crate::domain::snapshot_store::metadata::Metadata;
use crate::domain::snapshot_store::overlay::{self, Overlay};
use crate::domain::snapshot_store::plan::{align, check_modes};
use crate::enums::domain_snapshot::virDomainSnapshotCreateFlags;
use crate::enums::flags;
use crate::error::*;

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

/// The error that a snapshot of everything needs its metadata.
fn no_whole_metadata() -> Error {
    description::unsupported("a snapshot of which nothing is known could not be used")
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
        let no_metadata = flags.contains(CreateFlags::NO_METADATA);
        if whole && no_metadata {
            return Err(no_whole_metadata());
        }
        let entry = self.entry()?;
        if entry.is_active() {
            self.machine_of(&entry)?.take_snapshot(&SnapshotRequest {
                snapshot,
                whole,
                reuse: flags.contains(CreateFlags::REUSE_EXT),
                no_metadata,
                halt: flags.contains(CreateFlags::HALT),
                quiesce: flags.contains(CreateFlags::QUIESCE),
            })?;
        } else if whole {
            self.connect().domains().keep_whole((self.uuid(), self.name()), snapshot, None)?;
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
        let metadata = Metadata::stage(
            &changing.snapshots(&entry),
            snapshot.clone(),
            flags.contains(CreateFlags::NO_METADATA),
        )?;
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
}
