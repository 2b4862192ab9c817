//! The place of a pool of which it is not known where it is: its definition cannot be used.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::permissions::Permissions;
use super::pool_xml::PoolSizes;
use super::store::{Fill, NewVolume, VolumeFacts, VolumeStore};
use crate::block::ImageFile;
use crate::error::*;

/// Everything that is asked of it fails with what is wrong with the definition.
pub struct UnknownStore(Error);

impl UnknownStore {
    pub fn new(error: Error) -> UnknownStore {
        UnknownStore(error)
    }

    fn fail<T>(&self) -> Result<T> {
        Err(self.0.clone())
    }
}

impl VolumeStore for UnknownStore {
    fn check(&self) -> Result<()> {
        self.fail()
    }

    fn build(&self, _permissions: &Permissions) -> Result<()> {
        self.fail()
    }

    fn delete(&self) -> Result<()> {
        self.fail()
    }

    fn usage(&self) -> Result<PoolSizes> {
        self.fail()
    }

    fn permissions(&self) -> Result<Option<Permissions>> {
        self.fail()
    }

    fn list(&self) -> Result<BTreeSet<String>> {
        self.fail()
    }

    fn facts(&self, _name: &str) -> Result<VolumeFacts> {
        self.fail()
    }

    fn open(&self, _name: &str, _write: bool) -> Result<Arc<dyn ImageFile>> {
        self.fail()
    }

    fn path(&self, _name: &str) -> Result<String> {
        self.fail()
    }

    fn name_of(&self, _path: &str) -> Result<Option<String>> {
        self.fail()
    }

    fn folder(&self) -> Result<Option<String>> {
        self.fail()
    }

    fn is_at(&self, _folder: &str) -> Result<bool> {
        self.fail()
    }

    fn create(&self, _volume: &NewVolume<'_>, _fill: Fill<'_>) -> Result<()> {
        self.fail()
    }

    fn remove(&self, _name: &str, _sync: bool) -> Result<()> {
        self.fail()
    }
}
