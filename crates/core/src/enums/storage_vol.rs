//! `libvirt-storage.h`: the enumerations of volumes.

/// What kind of thing a volume is. Since 0.4.1.
#[repr(C)]
pub enum virStorageVolType {
    /// A file. Since 0.4.1.
    VIR_STORAGE_VOL_FILE = 0,
    /// A block device. Since 0.4.1.
    VIR_STORAGE_VOL_BLOCK = 1,
    /// A folder. Since 0.9.5.
    VIR_STORAGE_VOL_DIR = 2,
    /// Something on a network. Since 0.9.13.
    VIR_STORAGE_VOL_NETWORK = 3,
    /// A folder on a network. Since 1.2.1.
    VIR_STORAGE_VOL_NETDIR = 4,
    /// A Ploop image. Since 1.3.4.
    VIR_STORAGE_VOL_PLOOP = 5,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_STORAGE_VOL_LAST = 6,
}

/// How virStorageVolDelete deletes. Since 0.4.1.
#[repr(C)]
pub enum virStorageVolDeleteFlags {
    /// Remove the file. Since 0.4.1.
    VIR_STORAGE_VOL_DELETE_NORMAL = 0,
    /// Overwrite it first. Since 0.4.1.
    VIR_STORAGE_VOL_DELETE_ZEROED = 1 << 0,
    /// Remove its snapshots too. Since 1.2.21.
    VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS = 1 << 1,
}

/// How a volume is wiped. Since 0.9.10.
#[repr(C)]
pub enum virStorageVolWipeAlgorithm {
    /// Zeros, once. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_ZERO = 0,
    /// NNSA Policy Letter NAP-14.1-C, 4 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_NNSA = 1,
    /// DoD 5220.22-M, 4 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_DOD = 2,
    /// German Center of Security in Information Technologies, 9 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_BSI = 3,
    /// Gutmann, 35 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_GUTMANN = 4,
    /// Schneier, 7 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER = 5,
    /// Random bytes, 7 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7 = 6,
    /// Random bytes, 33 passes. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33 = 7,
    /// Random bytes, once. Since 0.9.10.
    VIR_STORAGE_VOL_WIPE_ALG_RANDOM = 8,
    /// Tell the device that nothing is needed any more. Since 1.2.19.
    VIR_STORAGE_VOL_WIPE_ALG_TRIM = 9,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_STORAGE_VOL_WIPE_ALG_LAST = 10,
}

/// What virStorageVolGetInfoFlags tells. Since 3.0.0.
#[repr(C)]
pub enum virStorageVolInfoFlags {
    /// What virStorageVolGetInfo tells. Since 3.0.0.
    VIR_STORAGE_VOL_USE_ALLOCATION = 0,
    /// The physical size in place of the allocation. Since 3.0.0.
    VIR_STORAGE_VOL_GET_PHYSICAL = 1 << 0,
}

/// How volumes are made. Since 1.0.1.
#[repr(C)]
pub enum virStorageVolCreateFlags {
    /// Give the image's metadata its space now. Since 1.0.1.
    VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA = 1 << 0,
    /// Share the blocks of the volume that is copied. Since 1.2.13.
    VIR_STORAGE_VOL_CREATE_REFLINK = 1 << 1,
    /// Refuse elements that are not known. Since 8.10.0.
    VIR_STORAGE_VOL_CREATE_VALIDATE = 1 << 2,
}

/// How virStorageVolDownload downloads. Since 3.4.0.
#[repr(C)]
pub enum virStorageVolDownloadFlags {
    /// Holes are told to who asks for them. Since 3.4.0.
    VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM = 1 << 0,
}

/// How virStorageVolUpload uploads. Since 3.4.0.
#[repr(C)]
pub enum virStorageVolUploadFlags {
    /// Holes can be sent. Since 3.4.0.
    VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM = 1 << 0,
}

/// How virStorageVolResize resizes. Since 0.9.10.
#[repr(C)]
pub enum virStorageVolResizeFlags {
    /// Give the volume space for all of its capacity. Since 0.9.10.
    VIR_STORAGE_VOL_RESIZE_ALLOCATE = 1 << 0,
    /// The capacity given is a difference. Since 0.9.10.
    VIR_STORAGE_VOL_RESIZE_DELTA = 1 << 1,
    /// The capacity may become less. Since 0.9.10.
    VIR_STORAGE_VOL_RESIZE_SHRINK = 1 << 2,
}
