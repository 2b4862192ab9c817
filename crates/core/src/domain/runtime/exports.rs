//! The exports that a disk is served by.

use std::path::Path;
use std::sync::Arc;

use crate::block::Node;
use crate::block::export::Export;
use crate::block::export::nbd::{ExportOptions, NbdExport};
use crate::domain::config::disk::DiskDefinition;
use crate::error::*;

/// Starts what serves a disk. `node` is the disk as guests see it, `socket` the place of its unix socket;
/// without one, and without an address in the definition, only jobs use the disk.
pub fn start(
    definition: &DiskDefinition,
    socket: Option<&Path>,
    node: &Arc<dyn Node>,
) -> Result<Vec<Box<dyn Export>>> {
    if socket.is_none() && definition.listen.is_none() {
        return Ok(Vec::new());
    }
    let options = ExportOptions {
        name: definition.target.clone(),
        read_only: definition.read_only,
        socket: socket.map(Path::to_path_buf),
        tcp: definition.listen,
    };
    let nbd = NbdExport::new(node.clone(), &options);
    Ok(vec![Box::new(nbd.map_err(|e| e.report(VIR_FROM_STORAGE))?)])
}
