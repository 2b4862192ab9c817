//! Opening images.

use std::sync::Arc;

use super::cache::Cache;
use super::{Access, Chain, Format, Location, Node, RemoteOptions, Result};

/// How an image is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The format of the image on top. It is never guessed.
    pub format: Format,
    /// For writing; what is below is only read.
    pub writable: bool,
    /// Without what the image refers to: its own bytes only.
    pub without_backing: bool,
    /// How it is cached, and what is below it.
    pub cache: Cache,
    /// How servers are reached.
    pub remote: RemoteOptions,
}

impl OpenOptions {
    /// For reading, with what the image refers to.
    pub fn new(format: Format) -> OpenOptions {
        OpenOptions {
            format,
            writable: false,
            without_backing: false,
            cache: Cache::default(),
            remote: RemoteOptions::default(),
        }
    }

    /// How the image on top is opened, or one below it.
    pub(crate) fn access(&self, top: bool) -> Access {
        let writable = self.writable && top;
        Access { writable, cache: self.cache, remote: self.remote.clone() }
    }
}

/// Opens the image at a path or another [`Location`], with its backing chain.
pub fn open(location: impl Into<Location>, options: OpenOptions) -> Result<Arc<dyn Node>> {
    Ok(Chain::open(location, options)?.top())
}
