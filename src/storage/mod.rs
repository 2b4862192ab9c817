//! Pools and volumes.
pub mod encryption;
pub mod names;
pub mod permissions;
pub mod pool_xml;
pub mod units;
pub mod volume_description;
pub mod volume_format;
pub mod volume_xml;

use crate::driver::Connect;
use crate::error::*;
use std::path::Path;
use std::sync::Arc;
pub struct Storage;
impl Storage {
    pub fn embed(_root: &Path) -> Result<Storage> {
        Ok(Storage)
    }
    pub fn test() -> Storage {
        Storage
    }
}
pub struct Pool {
    connect: Arc<Connect>,
}
impl Pool {
    pub fn connect(&self) -> &Arc<Connect> {
        &self.connect
    }
}
pub struct Volume {
    connect: Arc<Connect>,
}
impl Volume {
    pub fn connect(&self) -> &Arc<Connect> {
        &self.connect
    }
}
