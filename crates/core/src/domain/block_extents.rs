//! Where the data of a disk is, and which image of its chain has it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::config::disk::DiskDefinition;
use super::failed;
use super::images::chain;
use super::object::Domain;
use crate::block::{Extent, Node};
use crate::domain::config::lookup::{disk_range, find, no_medium};
use crate::error::*;

impl Domain {
    /// The extents of a range of a disk (to the end if `length` is 0): in order, without gaps,
    /// neighbours not equal.
    pub fn block_extents(
        &self,
        function: &str,
        name: &str,
        offset: u64,
        length: u64,
    ) -> Result<Vec<Extent>> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        let disk = find(&definition, name, |name| format!("disk '{name}' not found in domain"))?;
        let range = |node: Arc<dyn Node>| {
            let size = node.length().map_err(failed)?;
            disk_range(function, &disk.target, offset, length, size)
        };
        if entry.live.is_none() {
            // Nothing is written, so a transient disk needs no image of its own.
            let looked_at = DiskDefinition { read_only: true, ..disk.clone() };
            let images = self.connect().domains().images();
            let located = images.located(&looked_at)?;
            let chain = chain::open(images.files(), &located, Path::new(""), &Arc::default())?;
            let node = chain.ok_or_else(|| no_medium(&disk.target))?.top();
            return extents(&disk.target, range(node.clone())?, || node.clone());
        }
        let open = entry.here()?.expect_disk(disk)?;
        // A pause is for guests: whoever looks from outside does not wait.
        let node = || open.live.gate.node();
        extents(&disk.target, range(node())?, node)
    }
}

/// `node` is asked for again and again: a disk may get another while this takes its time, and one that
/// has been closed must not be kept from being so.
fn extents(
    target: &str,
    range: Range<u64>,
    node: impl Fn() -> Arc<dyn Node>,
) -> Result<Vec<Extent>> {
    let mut all: Vec<Extent> = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let node = node();
        if node.length().map_err(failed)? < range.end {
            let text = format!("'{target}' has become shorter");
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        }
        let extent = node.space_at(at, range.end).map_err(failed)?;
        at = extent.end();
        let state = |extent: &Extent| (extent.kind, extent.depth, extent.present);
        match all.last_mut() {
            Some(last) if state(last) == state(&extent) => last.length += extent.length,
            _ => all.push(extent),
        }
    }
    Ok(all)
}
