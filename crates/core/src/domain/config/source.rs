//! Where the XML says that an image is.

use std::path::PathBuf;

use crate::block::{Location, Remote};

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Block(PathBuf),
    /// An image that a server has.
    Remote(Remote),
    /// A volume of a pool, by their names.
    Volume(String, String),
    /// Something that is not served here: what it is.
    Other(String),
}

impl Source {
    /// Where that is, as far as the XML says it: a volume has to be looked for in its pool.
    pub fn location(&self) -> Option<Location> {
        match self {
            Source::File(path) | Source::Block(path) => Some(Location::File(path.clone())),
            Source::Remote(remote) => Some(Location::Remote(remote.clone())),
            Source::Volume(..) | Source::Other(_) => None,
        }
    }
}
