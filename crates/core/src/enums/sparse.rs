//! `virsparse.h`: the enumerations of what libvirt does not have.

/// What a range of a volume or a disk holds.
#[repr(C)]
pub enum virSparseExtentType {
    /// Data.
    VIR_SPARSE_EXTENT_DATA = 0,
    /// A hole: it reads as zeros and takes no space.
    VIR_SPARSE_EXTENT_HOLE = 1,
    /// Zeros that have space in an image. Only of disks.
    VIR_SPARSE_EXTENT_ZERO = 2,
}

/// How serious a message of the log is: libvirt's levels.
#[repr(C)]
pub enum virSparseLogLevel {
    /// What is done, step by step.
    VIR_SPARSE_LOG_DEBUG = 1,
    /// What happens to objects: domains start and stop, jobs begin and end.
    VIR_SPARSE_LOG_INFO = 2,
    /// What could not be done, and went on without.
    VIR_SPARSE_LOG_WARN = 3,
    /// What a function has reported as an error.
    VIR_SPARSE_LOG_ERROR = 4,
}

/// What virSparseVolGetExtents looks at.
#[repr(C)]
pub enum virSparseVolExtentsFlags {
    /// The volume's file, whatever format its bytes are in.
    VIR_SPARSE_VOL_EXTENTS_FILE = 1 << 0,
}

/// Which URI of a disk virSparseDomainGetDiskURI tells.
#[repr(C)]
pub enum virSparseDiskURIFlags {
    /// The one over TCP.
    VIR_SPARSE_DISK_URI_TCP = 1 << 0,
}

/// Flags of ours for virStorageVolUpload, beside those of libvirt.
#[repr(C)]
pub enum virSparseVolUploadFlags {
    /// virStreamFinish does not wait until what was sent is on stable storage: the system brings it there when
    /// it likes, and until then a power cut loses it.
    VIR_SPARSE_VOL_UPLOAD_NO_SYNC = 1 << 30,
}

/// Which volumes virSparseVolListAllOverlays lists.
#[repr(C)]
pub enum virSparseVolListOverlaysFlags {
    /// Those that lie over others that are listed, too.
    VIR_SPARSE_VOL_LIST_OVERLAYS_DESCENDANTS = 1 << 0,
}
