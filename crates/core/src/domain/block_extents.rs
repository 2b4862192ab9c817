//! Where the data of a disk is, and which image of its chain has it.

use std::path::Path;
use std::sync::Arc;

use super::config::disk::DiskDefinition;
use super::images::chain;
use super::object::Domain;
use crate::block::Extent;
use crate::domain::config::lookup::{find, no_medium};
use crate::domain::images::extents::{ExtentsRequest, extents};
use crate::error::*;

impl Domain {
    /// The extents of a range of a disk (to the end if `length` is 0): in order, without gaps,
    /// neighbours not equal.
    pub fn block_extents(&self, name: &str, offset: u64, length: u64) -> Result<Vec<Extent>> {
        let entry = self.entry()?;
        let definition = entry.definition()?;
        let disk = find(&definition, name, |name| format!("disk '{name}' not found in domain"))?;
        let target = disk.target.clone();
        let request = ExtentsRequest { target, offset, length };
        if entry.live.is_none() {
            // Nothing is written, so a transient disk needs no image of its own.
            let looked_at = DiskDefinition { read_only: true, ..disk.clone() };
            let images = self.connect().domains().images();
            let located = images.located(&looked_at)?;
            let chain = chain::open(images.files(), &located, Path::new(""), &Arc::default())?;
            let node = chain.ok_or_else(|| no_medium(&disk.target))?.top();
            return extents(&request, || node.clone());
        }
        self.machine_of(&entry)?.extents(&request)
    }
}
