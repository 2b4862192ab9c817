//! The types of pool: one table, from the word in XML to what such a pool is and how its volumes are reached.
//!
//! All of libvirt's words are known, so that one that there is nothing behind is told from one that does not
//! exist. A new type is a file of its own beside this one, in the place of its line in [`TYPES`].

mod folder;

use std::fmt;
use std::sync::Arc;

use super::pool::ListFlags;
use super::pool_xml::PoolDefinition;
use super::store::VolumeStore;
use super::volume_format::VolumeFormat;
use crate::error::*;
use crate::xml::Element;

/// What a pool is made of.
pub struct PoolType {
    /// Its word in XML.
    pub word: &'static str,
    /// By which it is listed.
    pub flag: ListFlags,
    /// What can be named as the source's format.
    pub source_formats: &'static [&'static str],
    /// What a `<source>` lacks without which such a pool cannot be.
    pub missing_in_source: fn(&Element) -> Option<&'static str>,
    /// How its volumes are reached; `None` for a type that libvirt has and this library does not.
    pub driver: Option<Driver>,
}

/// What is behind a type of pool.
pub struct Driver {
    /// The place that a definition names, whether it is there or not.
    pub store: fn(&PoolDefinition) -> Arc<dyn VolumeStore>,
    /// Whether its volumes are in the folder that `<target>` names.
    pub needs_target: bool,
    /// The formats that a volume can be made with.
    pub volume_formats: fn() -> Vec<VolumeFormat>,
    /// What tells its place from those of other pools, of this and of other types: two pools must not have
    /// the same.
    pub place: fn(&PoolDefinition) -> String,
}

/// A type without a driver.
const fn unsupported(word: &'static str, flag: ListFlags) -> PoolType {
    PoolType { word, flag, source_formats: &[], missing_in_source: |_| None, driver: None }
}

/// All types, in libvirt's order.
static TYPES: [PoolType; 14] = [
    folder::DIR,
    folder::FS,
    folder::NETFS,
    unsupported("logical", ListFlags::LOGICAL),
    unsupported("disk", ListFlags::DISK),
    unsupported("iscsi", ListFlags::ISCSI),
    unsupported("iscsi-direct", ListFlags::ISCSI_DIRECT),
    unsupported("scsi", ListFlags::SCSI),
    unsupported("mpath", ListFlags::MPATH),
    unsupported("rbd", ListFlags::RBD),
    unsupported("sheepdog", ListFlags::SHEEPDOG),
    unsupported("gluster", ListFlags::GLUSTER),
    unsupported("zfs", ListFlags::ZFS),
    unsupported("vstorage", ListFlags::VSTORAGE),
];

impl PoolType {
    /// All types.
    pub fn all() -> impl Iterator<Item = &'static PoolType> {
        TYPES.iter()
    }

    /// The type that a word in XML stands for.
    pub fn from_word(word: &str) -> Option<&'static PoolType> {
        TYPES.iter().find(|pool_type| pool_type.word == word)
    }

    /// Pools of folders, whose `<source>` says nothing.
    pub fn dir() -> &'static PoolType {
        &TYPES[0]
    }

    /// What is behind the type.
    ///
    /// Errors: VIR_ERR_CONFIG_UNSUPPORTED.
    pub fn expect_driver(&self) -> Result<&Driver> {
        self.driver.as_ref().ok_or_else(|| {
            let text = format!("pools of type '{}' are not supported", self.word);
            Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
        })
    }

    /// Whether its volumes are in the folder that `<target>` names.
    pub fn needs_target(&self) -> bool {
        self.driver.as_ref().is_some_and(|driver| driver.needs_target)
    }
}

impl PartialEq for PoolType {
    fn eq(&self, other: &PoolType) -> bool {
        self.word == other.word
    }
}

impl Eq for PoolType {}

impl fmt::Debug for PoolType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_no_two_types_share_a_word_or_a_flag() {
        let mut flags = 0;
        for pool_type in PoolType::all() {
            assert_eq!(PoolType::from_word(pool_type.word), Some(pool_type));
            assert_eq!(flags & pool_type.flag.bits(), 0, "{pool_type:?}");
            flags |= pool_type.flag.bits();
        }
        assert_eq!(PoolType::from_word("dire"), None);
        assert_eq!(PoolType::dir().word, "dir");
    }
}
