//! Where a pool's volumes are: the operations that a folder and a piece of memory have in common.
//! The place itself is the truth: nothing is remembered that could be asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::header::VolumeHeader;
use super::permissions::Permissions;
use super::pool_xml::PoolSizes;
use super::volume_description::{Timestamps, VolumeKind};
use crate::block::{ImageFile, Node};
use crate::error::*;

/// What is known of a volume at one moment.
#[derive(Clone, Debug)]
pub struct VolumeFacts {
    pub kind: VolumeKind,
    /// What the image's header says.
    pub image: VolumeHeader,
    /// Bytes that a guest sees.
    pub capacity: u64,
    /// Bytes that are taken on the medium.
    pub allocation: u64,
    /// Bytes from the first to the last.
    pub physical: u64,
    pub permissions: Permissions,
    pub timestamps: Option<Timestamps>,
}

/// A raw volume, or a folder, to be made.
#[derive(Clone, Debug)]
pub struct NewVolume<'a> {
    pub name: &'a str,
    pub kind: VolumeKind,
    pub capacity: u64,
    /// Bytes that are given space now. The volume grows if they are more than its capacity.
    pub allocation: u64,
    /// Written in place on a filesystem that would copy on write.
    pub nocow: bool,
    pub permissions: &'a Permissions,
    /// It is on stable storage before it gets its name, and the name when it has been made.
    pub sync: bool,
}

/// Puts contents into a volume that is being made.
pub type Fill<'a> = &'a mut dyn FnMut(&Arc<dyn Node>) -> Result<()>;

/// A place for volumes.
pub trait VolumeStore: Send + Sync {
    /// Fails unless the place can be used: it is there, and is what it should be.
    fn check(&self) -> Result<()>;
    /// Makes the place.
    fn build(&self, permissions: &Permissions) -> Result<()>;
    /// Removes the place, which must be empty.
    fn delete(&self) -> Result<()>;
    /// The sizes of the place.
    fn usage(&self) -> Result<PoolSizes>;
    /// The access rights of the place; `None` if it has none beside those that it was defined with.
    fn permissions(&self) -> Result<Option<Permissions>>;
    /// The names of all volumes.
    fn list(&self) -> Result<BTreeSet<String>>;
    /// What is known of a volume.
    fn facts(&self, name: &str) -> Result<VolumeFacts>;
    /// Opens a volume's bytes. They are not locked.
    fn open(&self, name: &str, write: bool) -> Result<Arc<dyn ImageFile>>;
    /// What the volume of a name is known by outside of its pool, whether it is there or not: its path,
    /// which is its key as well.
    fn path(&self, name: &str) -> Result<String>;
    /// The name of the volume that such a path stands for, if that is one of this place.
    fn name_of(&self, path: &str) -> Result<Option<String>>;
    /// The folder in which the names begin that images here have for others; `None` if volumes here are in
    /// no folder, so that such names lead nowhere.
    fn folder(&self) -> Result<Option<String>>;
    /// Whether this is the folder of that name.
    fn is_at(&self, folder: &str) -> Result<bool>;
    /// Makes a volume. It appears when `fill` has succeeded; a failure leaves nothing behind.
    fn create(&self, volume: &NewVolume<'_>, fill: Fill<'_>) -> Result<()>;
    /// Removes a volume; none is as good. `sync`: for good, also if the power fails then.
    fn remove(&self, name: &str, sync: bool) -> Result<()>;
}
