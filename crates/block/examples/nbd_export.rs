//! Exports a raw image over NBD until it is told to end by SIGINT or SIGTERM.
//!
//!     nbd_export SOCKET FILE [NAME]

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use virsparse_block::FileNode;
use virsparse_block::export::Export;
use virsparse_block::export::nbd::{ExportOptions, NbdExport};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (socket, path, name) = match arguments.as_slice() {
        [socket, path] => (socket, path, ""),
        [socket, path, name] => (socket, path, name.as_str()),
        _ => return Err("usage: nbd_export SOCKET FILE [NAME]".into()),
    };
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals.thread_block()?;

    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let node = FileNode::new(file, path.as_str()).map_err(|e| e.what)?;
    let options = ExportOptions {
        name: name.to_string(),
        socket: Some(socket.into()),
        ..ExportOptions::default()
    };
    let export = NbdExport::new(Arc::new(node), &options)
        .map_err(|e| format!("{}: {}", e.what, e.errno.text()))?;
    signals.wait()?;
    export.stop(Duration::from_secs(10));
    Ok(())
}
