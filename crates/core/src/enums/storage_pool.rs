//! `libvirt-storage.h`: the enumerations of pools.

/// What a pool is doing. Since 0.4.1.
#[repr(C)]
pub enum virStoragePoolState {
    /// Not in use. Since 0.4.1.
    VIR_STORAGE_POOL_INACTIVE = 0,
    /// Being made. Since 0.4.1.
    VIR_STORAGE_POOL_BUILDING = 1,
    /// In use. Since 0.4.1.
    VIR_STORAGE_POOL_RUNNING = 2,
    /// In use, with something missing. Since 0.4.1.
    VIR_STORAGE_POOL_DEGRADED = 3,
    /// In use, but out of reach. Since 0.8.2.
    VIR_STORAGE_POOL_INACCESSIBLE = 4,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_STORAGE_POOL_STATE_LAST = 5,
}

/// How virStoragePoolBuild builds. Since 0.4.1.
#[repr(C)]
pub enum virStoragePoolBuildFlags {
    /// From nothing. Since 0.4.1.
    VIR_STORAGE_POOL_BUILD_NEW = 0,
    /// Repair what is there. Since 0.4.1.
    VIR_STORAGE_POOL_BUILD_REPAIR = 1 << 0,
    /// Extend what is there. Since 0.4.1.
    VIR_STORAGE_POOL_BUILD_RESIZE = 1 << 1,
    /// Overwrite nothing. Since 0.9.5.
    VIR_STORAGE_POOL_BUILD_NO_OVERWRITE = 1 << 2,
    /// Overwrite what is there. Since 0.9.5.
    VIR_STORAGE_POOL_BUILD_OVERWRITE = 1 << 3,
}

/// How virStoragePoolDelete deletes. Since 0.4.1.
#[repr(C)]
pub enum virStoragePoolDeleteFlags {
    /// Remove the place. Since 0.4.1.
    VIR_STORAGE_POOL_DELETE_NORMAL = 0,
    /// Overwrite it first. Since 0.4.1.
    VIR_STORAGE_POOL_DELETE_ZEROED = 1 << 0,
}

/// What else virStoragePoolCreate does. Since 1.3.1.
#[repr(C)]
pub enum virStoragePoolCreateFlags {
    /// Nothing. Since 1.3.1.
    VIR_STORAGE_POOL_CREATE_NORMAL = 0,
    /// Build the pool first. Since 1.3.1.
    VIR_STORAGE_POOL_CREATE_WITH_BUILD = 1 << 0,
    /// Build it, and overwrite what is there. Since 1.3.1.
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE = 1 << 1,
    /// Build it unless something is there. Since 1.3.1.
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE = 1 << 2,
}

/// How virStoragePoolDefineXML defines. Since 7.7.0.
#[repr(C)]
pub enum virStoragePoolDefineFlags {
    /// Refuse elements that are not known. Since 7.7.0.
    VIR_STORAGE_POOL_DEFINE_VALIDATE = 1 << 0,
}

/// What a description describes. Since 0.9.13.
#[repr(C)]
pub enum virStorageXMLFlags {
    /// The pool as it will be when it is started next. Since 0.9.13.
    VIR_STORAGE_XML_INACTIVE = 1 << 0,
}

/// Which pools virConnectListAllStoragePools lists. Since 0.10.2.
#[repr(C)]
pub enum virConnectListAllStoragePoolsFlags {
    /// Inactive ones. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE = 1 << 0,
    /// Active ones. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE = 1 << 1,
    /// Persistent ones. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT = 1 << 2,
    /// Transient ones. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT = 1 << 3,
    /// Those that start by themselves. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART = 1 << 4,
    /// Those that do not. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART = 1 << 5,
    /// Of type dir. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_DIR = 1 << 6,
    /// Of type fs. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_FS = 1 << 7,
    /// Of type netfs. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_NETFS = 1 << 8,
    /// Of type logical. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL = 1 << 9,
    /// Of type disk. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_DISK = 1 << 10,
    /// Of type iscsi. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI = 1 << 11,
    /// Of type scsi. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_SCSI = 1 << 12,
    /// Of type mpath. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_MPATH = 1 << 13,
    /// Of type rbd. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_RBD = 1 << 14,
    /// Of type sheepdog. Since 0.10.2.
    VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG = 1 << 15,
    /// Of type gluster. Since 1.2.1.
    VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER = 1 << 16,
    /// Of type zfs. Since 1.2.8.
    VIR_CONNECT_LIST_STORAGE_POOLS_ZFS = 1 << 17,
    /// Of type vstorage. Since 3.1.0.
    VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE = 1 << 18,
    /// Of type iscsi-direct. Since 5.6.0.
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT = 1 << 19,
}

/// The events of pools, and the type of callback for each. Since 2.0.0.
#[repr(C)]
pub enum virStoragePoolEventID {
    /// A pool has come, gone, started or stopped: virConnectStoragePoolEventLifecycleCallback.
    /// Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE = 0,
    /// A pool's volumes may have changed: virConnectStoragePoolEventGenericCallback. Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_ID_REFRESH = 1,
    /// One past the last value. Since 2.0.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_STORAGE_POOL_EVENT_ID_LAST = 2,
}

/// What has happened to a pool. Since 2.0.0.
#[repr(C)]
pub enum virStoragePoolEventLifecycleType {
    /// It has been defined, or defined anew. Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_DEFINED = 0,
    /// Its definition is gone. Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_UNDEFINED = 1,
    /// It has been started. Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_STARTED = 2,
    /// It has been stopped. Since 2.0.0.
    VIR_STORAGE_POOL_EVENT_STOPPED = 3,
    /// Its place has been made. Since 3.8.0.
    VIR_STORAGE_POOL_EVENT_CREATED = 4,
    /// Its place has been removed. Since 3.8.0.
    VIR_STORAGE_POOL_EVENT_DELETED = 5,
    /// One past the last value. Since 2.0.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_STORAGE_POOL_EVENT_LAST = 6,
}
