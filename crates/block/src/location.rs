//! Where images are: in files of this machine, or on servers, whose protocols are in [`Remote`].

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;
use virsparse_base::text::excerpt;

use crate::backing_name::{self, BackingName};
use crate::nbd::Address;
use crate::{BlockError, Cache, ImageFile, Remote, RemoteOptions, Result, protocol};

/// Where an image is. Two names of one place are not always equal: for files, that is asked of
/// [`Files::is_same`](crate::Files::is_same).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file or a block device, by its path.
    File(PathBuf),
    /// An image that a server has.
    Remote(Remote),
}

/// How what is at a location is opened.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// For writing.
    pub writable: bool,
    /// How a file is cached.
    pub cache: Cache,
    /// How a server is reached.
    pub remote: RemoteOptions,
}

impl Access {
    /// For reading, and perhaps for writing.
    pub fn new(writable: bool) -> Access {
        Access { writable, ..Access::default() }
    }
}

impl Location {
    /// Opens what is there, on this machine or on another.
    pub(crate) fn open(&self, access: &Access) -> Result<Arc<dyn ImageFile>> {
        match self {
            Location::File(path) => protocol::open_file::open(path, access.writable, access.cache),
            Location::Remote(remote) => remote.open(access),
        }
    }

    /// The path, if it is a file or a device of this machine.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Location::File(path) => Some(path),
            Location::Remote(_) => None,
        }
    }

    /// What callers and events call it: the path or the URI. `None` for a path that is not UTF-8.
    pub fn name(&self) -> Option<String> {
        match self {
            Location::File(path) => path.to_str().map(str::to_string),
            Location::Remote(remote) => Some(remote.uri()),
        }
    }

    /// Where the name leads by which the image here refers to its backing image: a relative path begins
    /// in the folder of the image.
    pub fn backing(&self, name: &str) -> Result<BackingName> {
        let mut found =
            backing_name::parse(name).map_err(|problem| self.refused(name, &problem))?;
        if let Location::File(path) = &mut found.location {
            *path = self.beside(path).map_err(|problem| self.refused(name, problem))?;
        }
        Ok(found)
    }

    /// Where the name of another file of the image here leads, which is a plain path.
    pub(crate) fn data_file(&self, name: &str) -> Result<Location> {
        let problem = "which is not a local file";
        if has_protocol(name) || name.is_empty() {
            return Err(self.not_local(name, problem));
        }
        let path = self.beside(Path::new(name)).map_err(|_| self.not_local(name, problem))?;
        Ok(Location::File(path))
    }

    fn beside(&self, path: &Path) -> Result<PathBuf, &'static str> {
        match self {
            Location::File(image) => Ok(image.parent().unwrap_or(Path::new("")).join(path)),
            // There is no folder that it could begin in.
            Location::Remote(_) if path.is_relative() => Err("its path is not absolute"),
            Location::Remote(_) => Ok(path.to_path_buf()),
        }
    }

    fn refused(&self, name: &str, problem: &str) -> BlockError {
        let (image, name) = (shown(&self.to_string()), shown(name));
        let what = format!("image '{image}' refers to '{}': {problem}", excerpt(&name));
        BlockError { what, errno: Errno::EINVAL }
    }

    fn not_local(&self, name: &str, problem: &str) -> BlockError {
        let (image, name) = (shown(&self.to_string()), shown(name));
        let what = format!("image '{image}' refers to '{}', {problem}", excerpt(&name));
        BlockError { what, errno: Errno::EINVAL }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => path.display().fmt(f),
            Location::Remote(remote) => f.write_str(&remote.uri()),
        }
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Location {
    fn from(path: &P) -> Location {
        Location::File(path.as_ref().to_path_buf())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Location {
        Location::File(path)
    }
}

impl From<Remote> for Location {
    fn from(remote: Remote) -> Location {
        Location::Remote(remote)
    }
}

impl From<Address> for Location {
    fn from(address: Address) -> Location {
        Location::Remote(Remote::Nbd(address))
    }
}

/// Whether a name in an image is not that of a file: "nbd://", "json:".
pub fn has_protocol(name: &str) -> bool {
    name.split('/').next().unwrap_or_default().contains(':')
}

/// A name from an image as a message may show it: control characters are replaced.
pub(crate) fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backing_name_is_relative_to_the_folder_of_its_image() {
        let image = Location::File("/a/b".into());
        assert_eq!(image.backing("c").unwrap().location, Location::File("/a/c".into()));
        assert_eq!(image.backing("/c").unwrap().location, Location::File("/c".into()));
        let error = image.backing("http://h/c").unwrap_err();
        assert!(error.what.starts_with("image '/a/b' refers to 'http://h/c': "), "{error}");
    }

    #[test]
    fn an_image_on_a_server_has_no_folder() {
        let address = crate::nbd::parse_uri("nbd://h/x").unwrap();
        let image = Location::from(address);
        let error = image.backing("c").unwrap_err();
        let expected = "image 'nbd://h:10809/x' refers to 'c': its path is not absolute";
        assert_eq!(error.what, expected);
        assert!(image.data_file("c").is_err());
        assert_eq!(image.backing("/c").unwrap().location, Location::File("/c".into()));
        let other = image.backing("nbd://h/y").unwrap().location;
        assert_eq!(other.to_string(), "nbd://h:10809/y");
    }
}
