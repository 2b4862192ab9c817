//! Opening files and block devices.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use virsparse_base::errno::{Errno, errno_of};
use virsparse_base::sys;

use super::file::FileNode;
use crate::location::shown;
use crate::{BlockError, Cache, ImageFile, Result};

/// Opens the file or device at `path`.
pub fn open(path: &Path, writable: bool, cache: Cache) -> Result<Arc<dyn ImageFile>> {
    let file = open_file(path, writable, cache)?;
    let mut node = FileNode::new(file, shown(&path.display().to_string()))?;
    if cache.ignores_flushes() {
        node.ignore_flushes();
    }
    Ok(Arc::new(node))
}

fn open_file(path: &Path, writable: bool, cache: Cache) -> Result<File> {
    // A FIFO would wait for its other end, and a terminal would become ours; FileNode refuses them
    // then.
    let open = |direct| {
        let flags = if direct { libc::O_DIRECT } else { 0 };
        sys::open_promptly(path, fs::OpenOptions::new().read(true).write(writable), flags)
            .map_err(|e| errno_of(&e))
    };
    let direct = cache.is_direct();
    open(direct).map_err(|errno| {
        // It is what the kernel says of O_DIRECT, unless it says so of the file anyhow.
        let refused = direct && errno == Errno::EINVAL && open(false).is_ok();
        let why = if refused { ": its filesystem does not support O_DIRECT" } else { "" };
        let what = format!("Unable to open {}{why}", shown(&path.display().to_string()));
        BlockError { what, errno }
    })
}
