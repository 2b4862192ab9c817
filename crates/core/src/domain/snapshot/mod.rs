//! Snapshots: what is known of them, and what can be done with it. Taking one is in [`create`].

mod create;
mod revert;

use std::ffi::CString;
use std::sync::Arc;

pub use crate::domain::snapshot_store::tree::{ListFlags, no_snapshot};
pub use create::CreateFlags;

use super::object::Domain;
use crate::domain::snapshot_store::description::Description;
use crate::domain::snapshot_store::store::Store;
use crate::domain::snapshot_store::tree::{Moment, Tree};
use crate::enums::domain_snapshot::{
    virDomainSnapshotDeleteFlags, virDomainSnapshotRevertFlags, virDomainSnapshotXMLFlags,
};
use crate::enums::flags;
use crate::error::*;

flags! {
    /// What virDomainSnapshotDelete deletes.
    pub struct DeleteFlags: u32 = virDomainSnapshotDeleteFlags {
        const CHILDREN = VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN;
        const METADATA_ONLY = VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY;
        const CHILDREN_ONLY = VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY;
    }

    /// What a domain is to do when it has been reverted.
    pub struct RevertFlags: u32 = virDomainSnapshotRevertFlags {
        const RUNNING = VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING;
        const PAUSED = VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED;
        const FORCE = VIR_DOMAIN_SNAPSHOT_REVERT_FORCE;
        const RESET_NVRAM = VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM;
    }

    /// What virDomainSnapshotGetXMLDesc describes.
    pub struct SnapshotXmlFlags: u32 = virDomainSnapshotXMLFlags {
        const SECURE = VIR_DOMAIN_SNAPSHOT_XML_SECURE;
    }
}

/// A snapshot by its name, whatever has become of it.
pub struct Snapshot {
    domain: Arc<Domain>,
    name: String,
    c_name: CString,
}

/// The error that of two flags only one may be given.
fn exclusive(first: &str, second: &str) -> Error {
    plain(format!(
        "Flags 'VIR_DOMAIN_SNAPSHOT_{first}' and 'VIR_DOMAIN_SNAPSHOT_{second}' are mutually exclusive"
    ))
}

/// The error that a flag needs another.
fn required(needed: &str, by: &str) -> Error {
    plain(format!(
        "Flag 'VIR_DOMAIN_SNAPSHOT_{needed}' is required by flag 'VIR_DOMAIN_SNAPSHOT_{by}'"
    ))
}

/// A refused argument whose text is the whole message.
fn plain(message: String) -> Error {
    Error { message, ..Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN_SNAPSHOT, "") }
}

impl Domain {
    /// Whether it is one of `test:///`.
    fn is_in_memory(&self) -> bool {
        !self.connect().domains().images().files().is_real()
    }

    fn snapshot(self: &Arc<Self>, name: &str) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            domain: self.clone(),
            name: name.to_string(),
            // XML has no NUL.
            c_name: CString::new(name).unwrap_or_default(),
        })
    }

    fn all_snapshots(self: &Arc<Self>, names: Vec<String>) -> Vec<Arc<Snapshot>> {
        names.iter().map(|name| self.snapshot(name)).collect()
    }

    /// What is known of its snapshots.
    fn tree(&self) -> Result<Tree> {
        let entry = self.entry()?;
        entry.expect_uuid()?;
        self.connect().domains().snapshots(entry.uuid).load()
    }

    /// Its snapshots that pass a filter.
    pub fn snapshots(self: &Arc<Self>, filter: ListFlags) -> Result<Vec<Arc<Snapshot>>> {
        Ok(self.all_snapshots(self.tree()?.list(None, &filter)))
    }

    /// The snapshot of that name.
    pub fn snapshot_by_name(self: &Arc<Self>, name: &str) -> Result<Arc<Snapshot>> {
        Ok(self.snapshot(&self.tree()?.find(name)?.name))
    }

    /// The current snapshot: the one that the domain has gone on from.
    pub fn current_snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>> {
        Ok(self.snapshot(self.tree()?.current()?))
    }

    /// Whether there is a current one.
    pub fn has_current_snapshot(&self) -> Result<bool> {
        Ok(self.tree()?.current_if_any()?.is_some())
    }
}

impl Snapshot {
    /// The domain.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, for C.
    pub fn c_name(&self) -> &CString {
        &self.c_name
    }

    /// What is known of it, among the others.
    fn tree(&self) -> Result<Tree> {
        let tree = self.domain.tree()?;
        tree.find(&self.name).map(drop)?;
        Ok(tree)
    }

    /// Its description.
    pub fn xml(&self, flags: SnapshotXmlFlags) -> Result<String> {
        if flags.contains(SnapshotXmlFlags::SECURE) && self.domain.connect().is_read_only() {
            let text = "virDomainSnapshotGetXMLDesc with secure flag";
            return Err(Error::new(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN_SNAPSHOT, text));
        }
        Ok(self.tree()?.find(&self.name)?.description()?.to_xml())
    }

    /// Whether it is the current one.
    pub fn is_current(&self) -> Result<bool> {
        Ok(self.tree()?.current_if_any()? == Some(&self.name))
    }

    /// Whether something is known of it: what is not known is not found.
    pub fn has_metadata(&self) -> Result<bool> {
        self.tree().map(|_| true)
    }

    /// The one that was current before it.
    pub fn parent(&self) -> Result<Arc<Snapshot>> {
        Ok(self.domain.snapshot(self.tree()?.parent(&self.name)?))
    }

    /// Those that it is the parent of, as far as they pass a filter.
    pub fn children(&self, filter: ListFlags) -> Result<Vec<Arc<Snapshot>>> {
        Ok(self.domain.all_snapshots(self.tree()?.list(Some(&self.name), &filter)))
    }

    /// Forgets it, or those below it. What is in images stays there.
    pub fn delete(&self, flags: DeleteFlags) -> Result<()> {
        let (children, only) =
            (flags.contains(DeleteFlags::CHILDREN), flags.contains(DeleteFlags::CHILDREN_ONLY));
        if children && only {
            return Err(exclusive("DELETE_CHILDREN", "DELETE_CHILDREN_ONLY"));
        }
        let domain = &self.domain;
        let change = domain.connect().domains().change()?;
        let entry = change.by_uuid(domain.uuid(), domain.name())?;
        let store = change.snapshots(&entry);
        let tree = store.load()?;
        let this = tree.find(&self.name)?;
        let mut gone: Vec<&Moment> = Vec::new();
        if !only {
            gone.push(this);
        }
        if children || only {
            gone.extend(tree.descendants(Some(&self.name)));
        }
        if !flags.contains(DeleteFlags::METADATA_ONLY) {
            check_no_data(&gone, store.is_in_memory())?;
        }
        let next = if only { Some(self.name.as_str()) } else { this.parent.as_deref() };
        let mut changed = Vec::new();
        forget(&store, &tree, &gone, this.parent.as_deref(), next, &mut changed).inspect_err(|_| {
            // Nothing is to be deleted of what could not be as a whole.
            for snapshot in changed.iter().rev() {
                if let Err(error) = store.write(snapshot) {
                    log::error!("snapshot '{}' is not what it was: {error}", snapshot.name);
                }
            }
            if let Ok(Some(current)) = tree.current_if_any()
                && let Err(error) = store.set_current(&[current])
            {
                log::error!("snapshot '{current}' may not be the current one any more: {error}");
            }
        })
    }

    /// Makes the domain what it was, if it is in memory. Elsewhere nothing goes back.
    pub fn revert(&self, flags: RevertFlags) -> Result<()> {
        if flags.contains(RevertFlags::RUNNING) && flags.contains(RevertFlags::PAUSED) {
            return Err(exclusive("REVERT_RUNNING", "REVERT_PAUSED"));
        }
        let is_external = self.tree()?.find(&self.name)?.description()?.is_external();
        if self.domain.is_in_memory() && !is_external {
            return self.revert_whole(flags);
        }
        let kind = if is_external { "external" } else { "internal" };
        let text = format!("revert to {kind} snapshot not supported yet");
        Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
    }
}

/// Deletes the files of snapshots: their children become those of `parent`, and `next` the current
/// one. In this order, because it may end anywhere: what is kept never names what is gone.
/// `changed` are those whose files were changed, as they were before.
fn forget(
    store: &Store,
    tree: &Tree,
    gone: &[&Moment],
    parent: Option<&str>,
    next: Option<&str>,
    changed: &mut Vec<Description>,
) -> Result<()> {
    let is_gone = |name: &str| gone.iter().any(|snapshot| snapshot.name == name);
    for child in gone.iter().flat_map(|snapshot| tree.children(Some(&snapshot.name))) {
        if !is_gone(&child.name) {
            let child = child.description()?;
            store.write(&Description { parent: parent.map(str::to_string), ..child.clone() })?;
            changed.push(child.clone());
        }
    }
    match tree.current_if_any() {
        Ok(Some(current)) if is_gone(current) => store.set_current(next.as_slice())?,
        Ok(_) => {}
        Err(error) => log::warn!("which snapshot is the current one stays unknown: {error}"),
    }
    // Children before their parents.
    for snapshot in gone.iter().rev() {
        store.remove(&snapshot.name)?;
        changed.extend(snapshot.description().ok().cloned());
    }
    Ok(())
}

/// Refuses to delete what snapshots have in images. What those of domains in memory have is kept with
/// them, unless it is in new images.
fn check_no_data(snapshots: &[&Moment], in_memory: bool) -> Result<()> {
    let known: Result<Vec<&Description>> =
        snapshots.iter().map(|snapshot| snapshot.description()).collect();
    let snapshots = known?;
    let external: usize = snapshots.iter().map(|snapshot| snapshot.external_disks()).sum();
    if external > 0 {
        let text = format!("deletion of {external} external disk snapshots not supported yet");
        return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    }
    if let Some(snapshot) = snapshots.iter().find(|snapshot| !in_memory && snapshot.has_data()) {
        let text = format!("deletion of internal snapshot '{}' not supported yet", snapshot.name);
        return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    }
    Ok(())
}
