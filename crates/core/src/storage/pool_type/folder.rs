//! Pools whose volumes are the files in a folder: one of the machine, or one where somebody mounts a file
//! system.

use std::sync::Arc;

use super::{Driver, PoolType};
use crate::storage::dir::DirStore;
use crate::storage::pool::ListFlags;
use crate::storage::pool_xml::PoolDefinition;
use crate::storage::store::VolumeStore;
use crate::storage::volume_format::VolumeFormat;
use crate::xml::Element;

/// A folder.
pub const DIR: PoolType = PoolType {
    word: "dir",
    flag: ListFlags::DIR,
    source_formats: &[],
    missing_in_source: |_| None,
    driver: Some(driver(|definition| store(definition, false))),
};

/// The file system of a device, once that is mounted.
pub const FS: PoolType = PoolType {
    word: "fs",
    flag: ListFlags::FS,
    source_formats: &[
        "auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+",
        "xfs", "ocfs2", "vmfs",
    ],
    missing_in_source: |source| (!has(source, "device", "path")).then_some("device name"),
    driver: Some(driver(|definition| store(definition, true))),
};

/// The file system of another host, once that is mounted.
pub const NETFS: PoolType = PoolType {
    word: "netfs",
    flag: ListFlags::NETFS,
    source_formats: &["auto", "nfs", "glusterfs", "cifs"],
    missing_in_source: |source| match () {
        () if !has(source, "host", "name") => Some("host name"),
        () if !has(source, "dir", "path") => Some("path"),
        () => None,
    },
    driver: Some(driver(|definition| store(definition, true))),
};

const fn driver(store: fn(&PoolDefinition) -> Arc<dyn VolumeStore>) -> Driver {
    let place = |definition: &PoolDefinition| definition.target_path.clone();
    Driver { store, needs_target: true, volume_formats: VolumeFormat::creatable, place }
}

/// `mounted`: the folder can only be used while a file system is mounted there.
fn store(definition: &PoolDefinition, mounted: bool) -> Arc<dyn VolumeStore> {
    Arc::new(DirStore::new(definition.target_path.clone(), mounted))
}

fn has(source: &Element, child: &str, attr: &str) -> bool {
    source.child(child).and_then(|c| c.attr(attr)).is_some_and(|value| !value.is_empty())
}
