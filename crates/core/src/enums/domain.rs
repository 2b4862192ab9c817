//! `libvirt-domain.h`: the enumerations of domains, their disks and the jobs on these.

/// What a domain is doing. Since 0.0.1.
#[repr(C)]
pub enum virDomainState {
    /// Unknown. Since 0.0.1.
    VIR_DOMAIN_NOSTATE = 0,
    /// Running. Since 0.0.1.
    VIR_DOMAIN_RUNNING = 1,
    /// Waiting for something. Since 0.0.1.
    VIR_DOMAIN_BLOCKED = 2,
    /// Paused. Since 0.0.1.
    VIR_DOMAIN_PAUSED = 3,
    /// Being shut down. Since 0.0.1.
    VIR_DOMAIN_SHUTDOWN = 4,
    /// Off. Since 0.0.1.
    VIR_DOMAIN_SHUTOFF = 5,
    /// Crashed. Since 0.0.2.
    VIR_DOMAIN_CRASHED = 6,
    /// Asleep, by its own power management. Since 0.9.11.
    VIR_DOMAIN_PMSUSPENDED = 7,
    /// One past the last value. Since 0.9.5.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_LAST = 8,
}

/// Why a domain is in no state. Since 0.9.2.
#[repr(C)]
pub enum virDomainNostateReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_NOSTATE_UNKNOWN = 0,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_NOSTATE_LAST = 1,
}

/// Why a domain is running. Since 0.9.2.
#[repr(C)]
pub enum virDomainRunningReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_RUNNING_UNKNOWN = 0,
    /// It was started. Since 0.9.2.
    VIR_DOMAIN_RUNNING_BOOTED = 1,
    /// It came from another host. Since 0.9.2.
    VIR_DOMAIN_RUNNING_MIGRATED = 2,
    /// It was restored from a file. Since 0.9.2.
    VIR_DOMAIN_RUNNING_RESTORED = 3,
    /// It was restored from a snapshot. Since 0.9.2.
    VIR_DOMAIN_RUNNING_FROM_SNAPSHOT = 4,
    /// It was resumed. Since 0.9.2.
    VIR_DOMAIN_RUNNING_UNPAUSED = 5,
    /// Its migration was given up. Since 0.9.2.
    VIR_DOMAIN_RUNNING_MIGRATION_CANCELED = 6,
    /// Its saving was given up. Since 0.9.2.
    VIR_DOMAIN_RUNNING_SAVE_CANCELED = 7,
    /// It was woken up. Since 0.9.11.
    VIR_DOMAIN_RUNNING_WAKEUP = 8,
    /// It goes on after a crash. Since 1.1.1.
    VIR_DOMAIN_RUNNING_CRASHED = 9,
    /// Its migration goes on while it runs here. Since 1.3.3.
    VIR_DOMAIN_RUNNING_POSTCOPY = 10,
    /// The same, after that has failed. Since 8.5.0.
    VIR_DOMAIN_RUNNING_POSTCOPY_FAILED = 11,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_RUNNING_LAST = 12,
}

/// Why a domain is blocked. Since 0.9.2.
#[repr(C)]
pub enum virDomainBlockedReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_BLOCKED_UNKNOWN = 0,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_BLOCKED_LAST = 1,
}

/// Why a domain is paused. Since 0.9.2.
#[repr(C)]
pub enum virDomainPausedReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_PAUSED_UNKNOWN = 0,
    /// Somebody wanted it. Since 0.9.2.
    VIR_DOMAIN_PAUSED_USER = 1,
    /// It is being migrated. Since 0.9.2.
    VIR_DOMAIN_PAUSED_MIGRATION = 2,
    /// It is being saved. Since 0.9.2.
    VIR_DOMAIN_PAUSED_SAVE = 3,
    /// It is being dumped. Since 0.9.2.
    VIR_DOMAIN_PAUSED_DUMP = 4,
    /// One of its disks has failed. Since 0.9.2.
    VIR_DOMAIN_PAUSED_IOERROR = 5,
    /// Its watchdog wanted it. Since 0.9.2.
    VIR_DOMAIN_PAUSED_WATCHDOG = 6,
    /// It was restored from a snapshot. Since 0.9.2.
    VIR_DOMAIN_PAUSED_FROM_SNAPSHOT = 7,
    /// It is being shut down. Since 0.9.5.
    VIR_DOMAIN_PAUSED_SHUTTING_DOWN = 8,
    /// A snapshot is being made. Since 1.0.1.
    VIR_DOMAIN_PAUSED_SNAPSHOT = 9,
    /// It has crashed. Since 1.1.1.
    VIR_DOMAIN_PAUSED_CRASHED = 10,
    /// It is being started. Since 1.2.14.
    VIR_DOMAIN_PAUSED_STARTING_UP = 11,
    /// Its migration goes on. Since 1.3.3.
    VIR_DOMAIN_PAUSED_POSTCOPY = 12,
    /// Its migration has failed. Since 1.3.3.
    VIR_DOMAIN_PAUSED_POSTCOPY_FAILED = 13,
    /// It was paused for a call, and could not be resumed at its end. Since 9.2.0.
    VIR_DOMAIN_PAUSED_API_ERROR = 14,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_PAUSED_LAST = 15,
}

/// Why a domain is being shut down. Since 0.9.2.
#[repr(C)]
pub enum virDomainShutdownReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_SHUTDOWN_UNKNOWN = 0,
    /// Somebody wanted it. Since 0.9.2.
    VIR_DOMAIN_SHUTDOWN_USER = 1,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_SHUTDOWN_LAST = 2,
}

/// Why a domain is off. Since 0.9.2.
#[repr(C)]
pub enum virDomainShutoffReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_UNKNOWN = 0,
    /// It was shut down. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_SHUTDOWN = 1,
    /// It was stopped at once. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_DESTROYED = 2,
    /// It has crashed. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_CRASHED = 3,
    /// It is on another host. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_MIGRATED = 4,
    /// It is in a file. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_SAVED = 5,
    /// It could not be started. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_FAILED = 6,
    /// It was restored from a snapshot. Since 0.9.2.
    VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT = 7,
    /// The host has stopped it. Since 4.10.0.
    VIR_DOMAIN_SHUTOFF_DAEMON = 8,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_SHUTOFF_LAST = 9,
}

/// Why a domain has crashed. Since 0.9.2.
#[repr(C)]
pub enum virDomainCrashedReason {
    /// Unknown. Since 0.9.2.
    VIR_DOMAIN_CRASHED_UNKNOWN = 0,
    /// Its system said so. Since 1.1.1.
    VIR_DOMAIN_CRASHED_PANICKED = 1,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_CRASHED_LAST = 2,
}

/// Why a domain sleeps. Since 0.9.11.
#[repr(C)]
pub enum virDomainPMSuspendedReason {
    /// Unknown. Since 0.9.11.
    VIR_DOMAIN_PMSUSPENDED_UNKNOWN = 0,
    /// One past the last value. Since 0.9.11.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_PMSUSPENDED_LAST = 1,
}

/// What a change affects. Since 0.9.2.
#[repr(C)]
pub enum virDomainModificationImpact {
    /// What the domain is at the moment. Since 0.9.2.
    VIR_DOMAIN_AFFECT_CURRENT = 0,
    /// The domain as it runs. Since 0.9.2.
    VIR_DOMAIN_AFFECT_LIVE = 1 << 0,
    /// Its definition. Since 0.9.2.
    VIR_DOMAIN_AFFECT_CONFIG = 1 << 1,
}

/// How a domain is started. Since 0.0.1.
#[repr(C)]
pub enum virDomainCreateFlags {
    /// As usual. Since 0.0.1.
    VIR_DOMAIN_NONE = 0,
    /// Paused. Since 0.8.2.
    VIR_DOMAIN_START_PAUSED = 1 << 0,
    /// It stops when the connection is closed. Since 0.9.3.
    VIR_DOMAIN_START_AUTODESTROY = 1 << 1,
    /// Without the cache of the file system. Since 0.9.4.
    VIR_DOMAIN_START_BYPASS_CACHE = 1 << 2,
    /// Not from a saved state. Since 0.9.5.
    VIR_DOMAIN_START_FORCE_BOOT = 1 << 3,
    /// Refuse elements that are not known. Since 1.2.12.
    VIR_DOMAIN_START_VALIDATE = 1 << 4,
    /// With new firmware variables. Since 8.1.0.
    VIR_DOMAIN_START_RESET_NVRAM = 1 << 5,
}

/// How virDomainDefineXMLFlags defines. Since 1.2.12.
#[repr(C)]
pub enum virDomainDefineFlags {
    /// Refuse elements that are not known. Since 1.2.12.
    VIR_DOMAIN_DEFINE_VALIDATE = 1 << 0,
}

/// How virDomainDestroyFlags ends a domain. Since 0.9.10.
#[repr(C)]
pub enum virDomainDestroyFlagsValues {
    /// At once. Since 0.9.10.
    VIR_DOMAIN_DESTROY_DEFAULT = 0,
    /// After what was asked for is done. Since 0.9.10.
    VIR_DOMAIN_DESTROY_GRACEFUL = 1 << 0,
    /// With its logs. Since 8.3.0.
    VIR_DOMAIN_DESTROY_REMOVE_LOGS = 1 << 1,
}

/// What virDomainUndefineFlags removes with the definition. Since 0.9.4.
#[repr(C)]
pub enum virDomainUndefineFlagsValues {
    /// The saved state. Since 0.9.4.
    VIR_DOMAIN_UNDEFINE_MANAGED_SAVE = 1 << 0,
    /// What is kept of snapshots. Since 0.9.5.
    VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA = 1 << 1,
    /// The firmware variables. Since 1.2.9.
    VIR_DOMAIN_UNDEFINE_NVRAM = 1 << 2,
    /// Not the firmware variables. Since 2.3.0.
    VIR_DOMAIN_UNDEFINE_KEEP_NVRAM = 1 << 3,
    /// What is kept of checkpoints. Since 5.6.0.
    VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA = 1 << 4,
    /// The TPM. Since 8.9.0.
    VIR_DOMAIN_UNDEFINE_TPM = 1 << 5,
    /// Not the TPM. Since 8.9.0.
    VIR_DOMAIN_UNDEFINE_KEEP_TPM = 1 << 6,
}

/// How virDomainShutdownFlags asks a domain to stop. Since 0.9.10.
#[repr(C)]
pub enum virDomainShutdownFlagValues {
    /// In any way. Since 0.9.10.
    VIR_DOMAIN_SHUTDOWN_DEFAULT = 0,
    /// By the power button. Since 0.9.10.
    VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN = 1 << 0,
    /// By the agent in it. Since 0.9.10.
    VIR_DOMAIN_SHUTDOWN_GUEST_AGENT = 1 << 1,
    /// By its init. Since 1.0.1.
    VIR_DOMAIN_SHUTDOWN_INITCTL = 1 << 2,
    /// By a signal. Since 1.0.1.
    VIR_DOMAIN_SHUTDOWN_SIGNAL = 1 << 3,
    /// By the hypervisor. Since 1.2.5.
    VIR_DOMAIN_SHUTDOWN_PARAVIRT = 1 << 4,
}

/// How virDomainReboot asks a domain to begin anew. Since 0.9.10.
#[repr(C)]
pub enum virDomainRebootFlagValues {
    /// In any way. Since 0.9.10.
    VIR_DOMAIN_REBOOT_DEFAULT = 0,
    /// By the power button. Since 0.9.10.
    VIR_DOMAIN_REBOOT_ACPI_POWER_BTN = 1 << 0,
    /// By the agent in it. Since 0.9.10.
    VIR_DOMAIN_REBOOT_GUEST_AGENT = 1 << 1,
    /// By its init. Since 1.0.1.
    VIR_DOMAIN_REBOOT_INITCTL = 1 << 2,
    /// By a signal. Since 1.0.1.
    VIR_DOMAIN_REBOOT_SIGNAL = 1 << 3,
    /// By the hypervisor. Since 1.2.5.
    VIR_DOMAIN_REBOOT_PARAVIRT = 1 << 4,
}

/// What virDomainGetXMLDesc describes. Since 0.3.3.
#[repr(C)]
pub enum virDomainXMLFlags {
    /// Secrets, too. Since 0.3.3.
    VIR_DOMAIN_XML_SECURE = 1 << 0,
    /// The definition, also if the domain is running. Since 0.3.3.
    VIR_DOMAIN_XML_INACTIVE = 1 << 1,
    /// The CPU as the host has it. Since 0.8.0.
    VIR_DOMAIN_XML_UPDATE_CPU = 1 << 2,
    /// For another host. Since 1.0.0.
    VIR_DOMAIN_XML_MIGRATABLE = 1 << 3,
}

/// Which domains virConnectListAllDomains lists. Since 0.9.13.
#[repr(C)]
pub enum virConnectListAllDomainsFlags {
    /// Active ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_ACTIVE = 1 << 0,
    /// Inactive ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_INACTIVE = 1 << 1,
    /// Persistent ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_PERSISTENT = 1 << 2,
    /// Transient ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_TRANSIENT = 1 << 3,
    /// Running ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_RUNNING = 1 << 4,
    /// Paused ones. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_PAUSED = 1 << 5,
    /// Those that are off. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_SHUTOFF = 1 << 6,
    /// Those in another state. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_OTHER = 1 << 7,
    /// Those with a saved state. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE = 1 << 8,
    /// Those without. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE = 1 << 9,
    /// Those that start by themselves. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_AUTOSTART = 1 << 10,
    /// Those that do not. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART = 1 << 11,
    /// Those with snapshots. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT = 1 << 12,
    /// Those without. Since 0.9.13.
    VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT = 1 << 13,
    /// Those with checkpoints. Since 5.6.0.
    VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT = 1 << 14,
    /// Those without. Since 5.6.0.
    VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT = 1 << 15,
}

/// Kinds of metadata. Since 0.9.10.
#[repr(C)]
pub enum virDomainMetadataType {
    /// A text of any length. Since 0.9.10.
    VIR_DOMAIN_METADATA_DESCRIPTION = 0,
    /// A text of one line. Since 0.9.10.
    VIR_DOMAIN_METADATA_TITLE = 1,
    /// An element in a namespace. Since 0.9.10.
    VIR_DOMAIN_METADATA_ELEMENT = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_METADATA_LAST = 3,
}

/// What a change of a device affects. Since 0.7.7.
#[repr(C)]
pub enum virDomainDeviceModifyFlags {
    /// What the domain is at the moment. Since 0.7.7.
    VIR_DOMAIN_DEVICE_MODIFY_CURRENT = 0,
    /// The domain as it runs. Since 0.7.7.
    VIR_DOMAIN_DEVICE_MODIFY_LIVE = 1 << 0,
    /// Its definition. Since 0.7.7.
    VIR_DOMAIN_DEVICE_MODIFY_CONFIG = 1 << 1,
    /// Also against the will of the guest. Since 0.8.6.
    VIR_DOMAIN_DEVICE_MODIFY_FORCE = 1 << 2,
}

/// How virDomainBlockResize counts, and what it may do. Since 0.9.11.
#[repr(C)]
pub enum virDomainBlockResizeFlags {
    /// In bytes. Since 0.9.11.
    VIR_DOMAIN_BLOCK_RESIZE_BYTES = 1 << 0,
    /// To the size that the block device has by now. Since 10.0.0.
    VIR_DOMAIN_BLOCK_RESIZE_CAPACITY = 1 << 1,
    /// Only if it does not become smaller. Since 12.3.0.
    VIR_DOMAIN_BLOCK_RESIZE_EXTEND = 1 << 2,
}

/// What has gone wrong with a disk. Since 0.9.10.
#[repr(C)]
pub enum virDomainDiskErrorCode {
    /// Nothing. Since 0.9.10.
    VIR_DOMAIN_DISK_ERROR_NONE = 0,
    /// Something. Since 0.9.10.
    VIR_DOMAIN_DISK_ERROR_UNSPEC = 1,
    /// There was no space left. Since 0.9.10.
    VIR_DOMAIN_DISK_ERROR_NO_SPACE = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_DISK_ERROR_LAST = 3,
}

/// What a block job does. Since 0.9.4.
#[repr(C)]
pub enum virDomainBlockJobType {
    /// Not known. Since 0.9.4.
    VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN = 0,
    /// Brings what is below into the image on top: virDomainBlockPull, virDomainBlockRebase. Since
    /// 0.9.4.
    VIR_DOMAIN_BLOCK_JOB_TYPE_PULL = 1,
    /// Copies the disk, and keeps the copy equal until it is told what to do with it:
    /// virDomainBlockCopy. Since 0.9.12.
    VIR_DOMAIN_BLOCK_JOB_TYPE_COPY = 2,
    /// Brings images into one below them: virDomainBlockCommit. Since 0.10.2.
    VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT = 3,
    /// The same with the image on top, until it is told what to do then. Since 1.2.6.
    VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT = 4,
    /// Not made here. Since 6.0.0.
    VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP = 5,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_BLOCK_JOB_TYPE_LAST = 6,
}

/// How virDomainBlockJobAbort ends a job. Since 0.9.12.
#[repr(C)]
pub enum virDomainBlockJobAbortFlags {
    /// Do not wait for the end. Since 0.9.12.
    VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC = 1 << 0,
    /// Make the copy the disk. Since 0.9.12.
    VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT = 1 << 1,
}

/// How virDomainGetBlockJobInfo tells. Since 1.2.9.
#[repr(C)]
pub enum virDomainBlockJobInfoFlags {
    /// The bandwidth in bytes a second. Since 1.2.9.
    VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES = 1 << 0,
}

/// How virDomainBlockJobSetSpeed counts. Since 1.2.9.
#[repr(C)]
pub enum virDomainBlockJobSetSpeedFlags {
    /// The bandwidth in bytes a second. Since 1.2.9.
    VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES = 1 << 0,
}

/// How virDomainBlockPull counts. Since 1.2.9.
#[repr(C)]
pub enum virDomainBlockPullFlags {
    /// The bandwidth in bytes a second. Since 1.2.9.
    VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES = 1 << 6,
}

/// How virDomainBlockRebase works. Since 0.9.12.
#[repr(C)]
pub enum virDomainBlockRebaseFlags {
    /// Copy only the image on top. Since 0.9.12.
    VIR_DOMAIN_BLOCK_REBASE_SHALLOW = 1 << 0,
    /// Copy onto an image that is there. Since 0.9.12.
    VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT = 1 << 1,
    /// The copy is raw. Since 0.9.12.
    VIR_DOMAIN_BLOCK_REBASE_COPY_RAW = 1 << 2,
    /// Copy the disk to @base. Since 0.9.12.
    VIR_DOMAIN_BLOCK_REBASE_COPY = 1 << 3,
    /// Call the base by a name that is relative, if the images do. Since 1.2.7.
    VIR_DOMAIN_BLOCK_REBASE_RELATIVE = 1 << 4,
    /// The copy goes to a block device. Since 1.2.9.
    VIR_DOMAIN_BLOCK_REBASE_COPY_DEV = 1 << 5,
    /// The bandwidth in bytes a second. Since 1.2.9.
    VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES = 1 << 6,
}

/// How virDomainBlockCopy works. Since 1.2.8.
#[repr(C)]
pub enum virDomainBlockCopyFlags {
    /// Copy only the image on top. Since 1.2.8.
    VIR_DOMAIN_BLOCK_COPY_SHALLOW = 1 << 0,
    /// Copy onto an image that is there. Since 1.2.8.
    VIR_DOMAIN_BLOCK_COPY_REUSE_EXT = 1 << 1,
    /// The job need not survive a restart of the domain. Since 3.5.0.
    VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB = 1 << 2,
    /// What guests write goes to both at once: the copy gets done however fast they write. Since
    /// 8.0.0.
    VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES = 1 << 3,
    /// The destination reads as zeros, so zeros are not written to it. Since 12.2.0.
    VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED = 1 << 4,
}

/// How virDomainBlockCommit works. Since 0.10.2.
#[repr(C)]
pub enum virDomainBlockCommitFlags {
    /// Without @base, commit into the image directly below. Since 0.10.2.
    VIR_DOMAIN_BLOCK_COMMIT_SHALLOW = 1 << 0,
    /// Remove the files of images that are in the base then. Since 0.10.2.
    VIR_DOMAIN_BLOCK_COMMIT_DELETE = 1 << 1,
    /// Commit the image on top. Since 1.2.7.
    VIR_DOMAIN_BLOCK_COMMIT_ACTIVE = 1 << 2,
    /// Call the base by a name that is relative, if the images do. Since 1.2.7.
    VIR_DOMAIN_BLOCK_COMMIT_RELATIVE = 1 << 3,
    /// The bandwidth in bytes a second. Since 1.2.9.
    VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES = 1 << 4,
}

/// What a job on a domain does. Since 0.7.7.
#[repr(C)]
pub enum virDomainJobType {
    /// There is none. Since 0.7.7.
    VIR_DOMAIN_JOB_NONE = 0,
    /// How long it will take is known. Since 0.7.7.
    VIR_DOMAIN_JOB_BOUNDED = 1,
    /// How long it will take is not known. Since 0.7.7.
    VIR_DOMAIN_JOB_UNBOUNDED = 2,
    /// It is complete. Since 0.7.7.
    VIR_DOMAIN_JOB_COMPLETED = 3,
    /// It has failed. Since 0.7.7.
    VIR_DOMAIN_JOB_FAILED = 4,
    /// It was ended. Since 0.7.7.
    VIR_DOMAIN_JOB_CANCELLED = 5,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_JOB_LAST = 6,
}
