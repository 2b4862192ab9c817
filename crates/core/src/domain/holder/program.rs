//! The program that holds a domain: where it is, and what it is given.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use virsparse_base::errno::{Errno, errno_of, errno_text};
use virsparse_base::sys::detached;

use crate::error::*;
use crate::sys;

/// The program's file.
const NAME: &str = "virsparse-domain";

/// Names the folder that it is in, and no other is looked at.
const VARIABLE: &str = "VIRSPARSE_LIBEXECDIR";

/// Where `make install` puts it.
const INSTALLED: &str = match option_env!("VIRSPARSE_BUILD_LIBEXECDIR") {
    Some(folder) => folder,
    None => "/usr/local/libexec",
};

/// The program, and the library that it is to load: this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub path: PathBuf,
    pub library: PathBuf,
}

/// Looks for the program. The error says where it is not.
pub fn find() -> Result<Program> {
    let library = library()?;
    find_in(&folders(&library), library)
}

/// The file of this library. A program that has it in itself cannot be loaded by another.
fn library() -> Result<PathBuf> {
    let missing = |why: &str| Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, why);
    let own = detached::own_file();
    let own = own.ok_or_else(|| missing("it is not known which file this library is"))?;
    // A program may have loaded it by another name, from a folder of names for it.
    let own = fs::canonicalize(&own).map_err(|e| {
        Error::io(VIR_FROM_DOMAIN, &e, format!("cannot look at '{}'", own.display()))
    })?;
    let identity = |path: &Path| {
        let found = fs::metadata(path);
        let failed =
            |e| Error::io(VIR_FROM_DOMAIN, &e, format!("cannot look at '{}'", path.display()));
        found.map(|found| (found.dev(), found.ino())).map_err(failed)
    };
    if identity(&own)? == identity(Path::new("/proc/self/exe"))? {
        return Err(missing("this library is a part of its program, and no other can load it"));
    }
    Ok(own)
}

/// Where the program may be.
fn folders(library: &Path) -> Vec<PathBuf> {
    if let Some(folder) = sys::secure_env(VARIABLE).filter(|folder| !folder.is_empty()) {
        return vec![folder.into()];
    }
    let mut folders = Vec::new();
    // A tree that is installed somewhere else than it was made for has its own.
    if let Some(beside) = library.parent() {
        folders.push(beside.join("../libexec"));
        folders.push(beside.to_path_buf());
    }
    folders.push(PathBuf::from(INSTALLED));
    folders
}

fn find_in(folders: &[PathBuf], library: PathBuf) -> Result<Program> {
    let mut missing = Vec::new();
    for folder in folders {
        let path = folder.join(NAME);
        match executable(&path) {
            Ok(()) => return Ok(Program { path, library }),
            Err(errno) => {
                missing.push(format!("'{}' ({})", path.display(), errno_text(errno.raw())));
            }
        }
    }
    let text = format!("there is no program that holds it: {}", missing.join(", "));
    Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text))
}

fn executable(path: &Path) -> Result<(), Errno> {
    let found = fs::metadata(path).map_err(|e| errno_of(&e))?;
    match found.is_file() && found.permissions().mode() & 0o111 != 0 {
        true => Ok(()),
        false => Err(Errno::EACCES),
    }
}

/// The whole environment of the program: what the log and the library's own settings need. A program that
/// runs with another user's rights is not told what to do by its environment.
pub fn environment() -> Vec<CString> {
    let wanted = |name: &str| {
        name == "HOME"
            || name == "LIBVIRT_DEBUG"
            || ["LIBVIRT_LOG_", "VIRSPARSE_", "XDG_"].iter().any(|begin| name.starts_with(begin))
    };
    let mut all = match sys::is_secure() {
        true => Vec::new(),
        false => detached::environment(wanted),
    };
    all.extend([c"PATH=/usr/bin:/bin".to_owned(), c"LANG=C".to_owned()]);
    all
}

impl Program {
    /// What it is called with: the name of the domain is for who looks at a list of processes.
    pub fn arguments(&self, name: &str) -> Result<Vec<CString>> {
        let texts = [
            NAME.as_bytes().to_vec(),
            name.as_bytes().to_vec(),
            self.library.clone().into_os_string().into_vec(),
        ];
        texts.into_iter().map(without_nul).collect()
    }

    pub fn c_path(&self) -> Result<CString> {
        without_nul(self.path.clone().into_os_string().into_vec())
    }
}

fn without_nul(text: Vec<u8>) -> Result<CString> {
    CString::new(text)
        .map_err(|_| Error::internal(VIR_FROM_DOMAIN, "a path or name with a NUL in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_all_places_that_were_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let places = [folder.path().join("a"), folder.path().to_path_buf()];
        let library = PathBuf::from("/l.so");
        fs::write(places[1].join(NAME), "").unwrap();
        let error = find_in(&places, library.clone()).unwrap_err();
        assert_eq!(error.code, VIR_ERR_OPERATION_UNSUPPORTED);
        let [a, b] = places.each_ref().map(|place| place.join(NAME).display().to_string());
        let listed = format!("'{a}' (No such file or directory), '{b}' (Permission denied)");
        assert!(error.message.ends_with(&listed), "{}", error.message);
        fs::set_permissions(places[1].join(NAME), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_in(&places, library).unwrap().path, places[1].join(NAME));
    }

    #[test]
    fn a_library_that_is_part_of_a_program_cannot_hold() {
        let error = find().unwrap_err();
        assert!(error.message.contains("is a part of its program"), "{}", error.message);
    }
}
