//! Where the data of a disk is, and which image of its chain has it.

use std::sync::Arc;

use crate::block::{Extent, Node};
use crate::domain::config::lookup::disk_range;
use crate::domain::failed;
use crate::error::*;

/// A range of a disk; to the end if `length` is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtentsRequest {
    /// The function that asks, for errors.
    pub target: String,
    pub offset: u64,
    pub length: u64,
}

/// The extents of a range: in order, without gaps, neighbours not equal.
///
/// `node` is called before each extent: a disk may get another node while this takes its time, and one
/// that has been closed must not be kept open.
pub fn extents(request: &ExtentsRequest, node: impl Fn() -> Arc<dyn Node>) -> Result<Vec<Extent>> {
    let ExtentsRequest { target, offset, length } = request;
    let size = node().length().map_err(failed)?;
    let range = disk_range(target, *offset, *length, size)?;
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
