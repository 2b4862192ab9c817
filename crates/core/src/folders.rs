//! Folders that are there after a power cut, too.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::sys;

/// Makes a folder and those above it that are missing, and brings their names to stable storage. False if
/// it is there already.
pub fn make(path: &Path, mode: u32) -> io::Result<bool> {
    let builder = |path: &Path| DirBuilder::new().mode(mode).create(path);
    let made = match (builder(path), path.parent()) {
        (Err(e), Some(parent)) if e.kind() == ErrorKind::NotFound => {
            make(parent, mode)?;
            builder(path)
        }
        (made, _) => made,
    };
    match made {
        Ok(()) => sync_above(path).map(|()| true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(e) => Err(e),
    }
}

/// Brings the name of a file or folder to stable storage.
pub fn sync_above(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    Ok(sys::sync_folder_at(folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn missing_folders_are_made_with_their_mode_and_what_is_in_the_way_is_told() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b/c");
        assert!(make(&path, 0o700).unwrap());
        assert!(!make(&path, 0o700).unwrap());
        for folder in [path.parent().unwrap(), &path] {
            assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        }
        std::fs::write(place.path().join("file"), "").unwrap();
        let in_the_way = make(&place.path().join("file"), 0o700).unwrap_err();
        assert_eq!(in_the_way.kind(), ErrorKind::AlreadyExists);
        assert!(make(&place.path().join("file/below"), 0o700).is_err());
    }
}
