//! `libvirt-domain-snapshot.h`: the enumerations of snapshots.

/// How virDomainSnapshotCreateXML works. Since 0.9.5.
#[repr(C)]
pub enum virDomainSnapshotCreateFlags {
    /// Only change what is known of a snapshot that has been taken. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE = 1 << 0,
    /// Make what is redefined the current one. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT = 1 << 1,
    /// Take it, and forget it. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA = 1 << 2,
    /// Stop the domain at that moment. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_CREATE_HALT = 1 << 3,
    /// Of the disks, without memory: there are no others here. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY = 1 << 4,
    /// The new images are there already. Since 0.9.10.
    VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT = 1 << 5,
    /// Let an agent in the guest quiesce its filesystems: there is none. Since 0.9.10.
    VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE = 1 << 6,
    /// All disks or none, which is always so. Since 0.9.11.
    VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC = 1 << 7,
    /// Save the memory while the guest runs, which is not done here. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_CREATE_LIVE = 1 << 8,
    /// Refuse elements and attributes of the description that are not known. Since 5.6.0.
    VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE = 1 << 9,
}

/// What virDomainSnapshotGetXMLDesc describes. Since 5.1.0.
#[repr(C)]
pub enum virDomainSnapshotXMLFlags {
    /// Secrets, too. Since 5.1.0.
    VIR_DOMAIN_SNAPSHOT_XML_SECURE = 1 << 0,
}

/// How virDomainRevertToSnapshot works. Since 0.9.5.
#[repr(C)]
pub enum virDomainSnapshotRevertFlags {
    /// Run then. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING = 1 << 0,
    /// Be paused then. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED = 1 << 1,
    /// Also where that is a risk. Since 0.9.7.
    VIR_DOMAIN_SNAPSHOT_REVERT_FORCE = 1 << 2,
    /// Begin with new NVRAM. Since 8.1.0.
    VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM = 1 << 3,
}

/// What virDomainSnapshotDelete deletes. Since 0.8.0.
#[repr(C)]
pub enum virDomainSnapshotDeleteFlags {
    /// All below it, too. Since 0.8.0.
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN = 1 << 0,
    /// Only what is known of it. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY = 1 << 1,
    /// All below it, but not itself. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY = 1 << 2,
}

/// Which snapshots are listed. Bits of one group ({LEAVES, NO_LEAVES}, {METADATA, NO_METADATA},
/// {INACTIVE, ACTIVE, DISK_ONLY}, {INTERNAL, EXTERNAL}) are alternatives; a group without bits does
/// not filter. Since 0.9.5.
#[repr(C)]
pub enum virDomainSnapshotListFlags {
    /// Of a domain's, those without a parent. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_LIST_ROOTS = 1 << 0,
    /// Those of which something is kept, which are all. Since 0.9.5.
    VIR_DOMAIN_SNAPSHOT_LIST_METADATA = 1 << 1,
    /// Those that are no parent. Since 0.9.7.
    VIR_DOMAIN_SNAPSHOT_LIST_LEAVES = 1 << 2,
    /// Those that are a parent. Since 0.9.13.
    VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES = 1 << 3,
    /// Those of which nothing is kept. Since 0.9.13.
    VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA = 1 << 4,
    /// Taken while the domain was off. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE = 1 << 5,
    /// Taken while it was running, with its memory. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE = 1 << 6,
    /// Taken while it was running, of its disks. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY = 1 << 7,
    /// Within images. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL = 1 << 8,
    /// With new images. Since 1.0.1.
    VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL = 1 << 9,
    /// Parents before their children, which is always so. Since 5.2.0.
    VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL = 1 << 10,
}
