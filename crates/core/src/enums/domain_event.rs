//! `libvirt-domain.h`: the events of domains, and their details.

/// What happens in the life of a domain. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventType {
    /// It has been defined. Since 0.5.0.
    VIR_DOMAIN_EVENT_DEFINED = 0,
    /// Its definition is gone. Since 0.5.0.
    VIR_DOMAIN_EVENT_UNDEFINED = 1,
    /// It has been started. Since 0.5.0.
    VIR_DOMAIN_EVENT_STARTED = 2,
    /// It has been paused. Since 0.5.0.
    VIR_DOMAIN_EVENT_SUSPENDED = 3,
    /// It has been resumed. Since 0.5.0.
    VIR_DOMAIN_EVENT_RESUMED = 4,
    /// It has stopped. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED = 5,
    /// It is shutting down. Since 0.9.8.
    VIR_DOMAIN_EVENT_SHUTDOWN = 6,
    /// It sleeps. Since 0.10.2.
    VIR_DOMAIN_EVENT_PMSUSPENDED = 7,
    /// It has crashed. Since 1.1.1.
    VIR_DOMAIN_EVENT_CRASHED = 8,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_LAST = 9,
}

/// How a domain was defined. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventDefinedDetailType {
    /// It is new. Since 0.5.0.
    VIR_DOMAIN_EVENT_DEFINED_ADDED = 0,
    /// It was changed. Since 0.5.0.
    VIR_DOMAIN_EVENT_DEFINED_UPDATED = 1,
    /// It was renamed. Since 1.2.19.
    VIR_DOMAIN_EVENT_DEFINED_RENAMED = 2,
    /// It was restored from a snapshot. Since 1.3.3.
    VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT = 3,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_DEFINED_LAST = 4,
}

/// How a definition went. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventUndefinedDetailType {
    /// It was removed. Since 0.5.0.
    VIR_DOMAIN_EVENT_UNDEFINED_REMOVED = 0,
    /// It was renamed. Since 1.2.19.
    VIR_DOMAIN_EVENT_UNDEFINED_RENAMED = 1,
    /// It was migrated away. Since 12.9.0.
    VIR_DOMAIN_EVENT_UNDEFINED_MIGRATED = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_UNDEFINED_LAST = 3,
}

/// How a domain was started. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventStartedDetailType {
    /// As usual. Since 0.5.0.
    VIR_DOMAIN_EVENT_STARTED_BOOTED = 0,
    /// By a migration to here. Since 0.5.0.
    VIR_DOMAIN_EVENT_STARTED_MIGRATED = 1,
    /// From a file. Since 0.5.0.
    VIR_DOMAIN_EVENT_STARTED_RESTORED = 2,
    /// From a snapshot. Since 0.8.0.
    VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT = 3,
    /// By waking up. Since 0.9.11.
    VIR_DOMAIN_EVENT_STARTED_WAKEUP = 4,
    /// It was made anew to keep its secrets. Since 11.6.0.
    VIR_DOMAIN_EVENT_STARTED_RECREATED = 5,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_STARTED_LAST = 6,
}

/// Why a domain was paused. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventSuspendedDetailType {
    /// Somebody wanted it. Since 0.5.0.
    VIR_DOMAIN_EVENT_SUSPENDED_PAUSED = 0,
    /// It is being migrated. Since 0.5.0.
    VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED = 1,
    /// One of its disks has failed. Since 0.8.0.
    VIR_DOMAIN_EVENT_SUSPENDED_IOERROR = 2,
    /// Its watchdog wanted it. Since 0.8.0.
    VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG = 3,
    /// It was restored paused. Since 0.9.5.
    VIR_DOMAIN_EVENT_SUSPENDED_RESTORED = 4,
    /// It was restored paused from a snapshot. Since 0.9.5.
    VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT = 5,
    /// It was paused for a call, and could not be resumed at its end. Since 1.0.1.
    VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR = 6,
    /// Its migration goes on. Since 1.3.3.
    VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY = 7,
    /// Its migration has failed. Since 1.3.3.
    VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED = 8,
    /// Its guest has shut down, and a job still needs it. Since 11.10.0.
    VIR_DOMAIN_EVENT_SUSPENDED_GUEST_SHUTDOWN = 9,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_SUSPENDED_LAST = 10,
}

/// Why a domain was resumed. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventResumedDetailType {
    /// Somebody wanted it. Since 0.5.0.
    VIR_DOMAIN_EVENT_RESUMED_UNPAUSED = 0,
    /// It has been migrated. Since 0.5.0.
    VIR_DOMAIN_EVENT_RESUMED_MIGRATED = 1,
    /// It was restored from a snapshot. Since 0.9.5.
    VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT = 2,
    /// Its migration goes on. Since 1.3.3.
    VIR_DOMAIN_EVENT_RESUMED_POSTCOPY = 3,
    /// The same, after that has failed. Since 8.5.0.
    VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED = 4,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_RESUMED_LAST = 5,
}

/// Why a domain has stopped. Since 0.5.0.
#[repr(C)]
pub enum virDomainEventStoppedDetailType {
    /// It was shut down. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN = 0,
    /// It was stopped at once. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_DESTROYED = 1,
    /// It has crashed. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_CRASHED = 2,
    /// It is on another host. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_MIGRATED = 3,
    /// It is in a file. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_SAVED = 4,
    /// The host could not run it. Since 0.5.0.
    VIR_DOMAIN_EVENT_STOPPED_FAILED = 5,
    /// It was restored from a snapshot. Since 0.8.0.
    VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT = 6,
    /// It is made anew to keep its secrets. Since 11.6.0.
    VIR_DOMAIN_EVENT_STOPPED_RECREATED = 7,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_STOPPED_LAST = 8,
}

/// Who shuts a domain down. Since 0.9.8.
#[repr(C)]
pub enum virDomainEventShutdownDetailType {
    /// Unknown. Since 0.9.8.
    VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED = 0,
    /// The guest. Since 3.4.0.
    VIR_DOMAIN_EVENT_SHUTDOWN_GUEST = 1,
    /// The host. Since 3.4.0.
    VIR_DOMAIN_EVENT_SHUTDOWN_HOST = 2,
    /// Its guest wanted to boot again, where that ends it. Since 12.9.0.
    VIR_DOMAIN_EVENT_SHUTDOWN_GUEST_RESET = 3,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_SHUTDOWN_LAST = 4,
}

/// How a domain sleeps. Since 0.10.2.
#[repr(C)]
pub enum virDomainEventPMSuspendedDetailType {
    /// In memory. Since 0.10.2.
    VIR_DOMAIN_EVENT_PMSUSPENDED_MEMORY = 0,
    /// On its disk. Since 1.0.0.
    VIR_DOMAIN_EVENT_PMSUSPENDED_DISK = 1,
    /// One past the last value. Since 0.10.2.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_PMSUSPENDED_LAST = 2,
}

/// How a domain has crashed. Since 1.1.1.
#[repr(C)]
pub enum virDomainEventCrashedDetailType {
    /// Its system said so. Since 1.1.1.
    VIR_DOMAIN_EVENT_CRASHED_PANICKED = 0,
    /// Its system said so, and has kept a dump. Since 6.1.0.
    VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED = 1,
    /// One past the last value. Since 1.1.1.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_CRASHED_LAST = 2,
}

/// What a watchdog has done. Since 0.8.0.
#[repr(C)]
pub enum virDomainEventWatchdogAction {
    /// Nothing. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_NONE = 0,
    /// The domain is paused. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_PAUSE = 1,
    /// It is reset. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_RESET = 2,
    /// It is stopped. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF = 3,
    /// It is shut down. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN = 4,
    /// It was logged. Since 0.8.0.
    VIR_DOMAIN_EVENT_WATCHDOG_DEBUG = 5,
    /// An interrupt was sent. Since 1.2.17.
    VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI = 6,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_WATCHDOG_LAST = 7,
}

/// What became of a failed request of a guest. Since 0.8.0.
#[repr(C)]
pub enum virDomainEventIOErrorAction {
    /// Nothing. Since 0.8.0.
    VIR_DOMAIN_EVENT_IO_ERROR_NONE = 0,
    /// The domain is paused. Since 0.8.0.
    VIR_DOMAIN_EVENT_IO_ERROR_PAUSE = 1,
    /// The guest was told, and goes on. Since 0.8.0.
    VIR_DOMAIN_EVENT_IO_ERROR_REPORT = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_IO_ERROR_LAST = 3,
}

/// What a client of the screen has done. Since 0.8.0.
#[repr(C)]
pub enum virDomainEventGraphicsPhase {
    /// It has connected. Since 0.8.0.
    VIR_DOMAIN_EVENT_GRAPHICS_CONNECT = 0,
    /// It may use it. Since 0.8.0.
    VIR_DOMAIN_EVENT_GRAPHICS_INITIALIZE = 1,
    /// It has gone. Since 0.8.0.
    VIR_DOMAIN_EVENT_GRAPHICS_DISCONNECT = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_GRAPHICS_LAST = 3,
}

/// Kinds of address. Since 0.8.0.
#[repr(C)]
pub enum virDomainEventGraphicsAddressType {
    /// IP version 4. Since 0.8.0.
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_IPV4 = 0,
    /// IP version 6. Since 0.8.0.
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_IPV6 = 1,
    /// A unix socket. Since 0.9.7.
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_UNIX = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_LAST = 3,
}

/// What has become of a block job. Since 0.9.4.
#[repr(C)]
pub enum virConnectDomainEventBlockJobStatus {
    /// It is done. Since 0.9.4.
    VIR_DOMAIN_BLOCK_JOB_COMPLETED = 0,
    /// It has failed. Since 0.9.4.
    VIR_DOMAIN_BLOCK_JOB_FAILED = 1,
    /// It was given up. Since 0.9.12.
    VIR_DOMAIN_BLOCK_JOB_CANCELED = 2,
    /// It waits for its end to be wanted. Since 1.0.0.
    VIR_DOMAIN_BLOCK_JOB_READY = 3,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_BLOCK_JOB_LAST = 4,
}

/// Why a disk has changed at the start. Since 0.9.7.
#[repr(C)]
pub enum virConnectDomainEventDiskChangeReason {
    /// Its medium was missing, and the drive is empty. Since 0.9.7.
    VIR_DOMAIN_EVENT_DISK_CHANGE_MISSING_ON_START = 0,
    /// It was missing, and so is the disk. Since 1.1.2.
    VIR_DOMAIN_EVENT_DISK_DROP_MISSING_ON_START = 1,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_DISK_CHANGE_LAST = 2,
}

/// What has happened to a tray. Since 0.9.11.
#[repr(C)]
pub enum virDomainEventTrayChangeReason {
    /// It was opened. Since 0.9.11.
    VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN = 0,
    /// It was closed. Since 0.9.11.
    VIR_DOMAIN_EVENT_TRAY_CHANGE_CLOSE = 1,
    /// One past the last value. Since 0.9.11.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_TRAY_CHANGE_LAST = 2,
}

/// What an agent in a guest is doing. Since 1.2.11.
#[repr(C)]
pub enum virConnectDomainEventAgentLifecycleState {
    /// It is there. Since 1.2.11.
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED = 1,
    /// It is not. Since 1.2.11.
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED = 2,
    /// One past the last value. Since 1.2.11.
    #[cfg(feature = "enum-sentinels")]
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_LAST = 3,
}

/// Why that has changed. Since 1.2.11.
#[repr(C)]
pub enum virConnectDomainEventAgentLifecycleReason {
    /// Unknown. Since 1.2.11.
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_UNKNOWN = 0,
    /// The domain was started. Since 1.2.11.
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED = 1,
    /// Its channel has changed. Since 1.2.11.
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL = 2,
    /// One past the last value. Since 1.2.11.
    #[cfg(feature = "enum-sentinels")]
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_LAST = 3,
}

/// The events of domains, and the type of callback for each. Since 0.8.0.
#[repr(C)]
pub enum virDomainEventID {
    /// Something in its life: virConnectDomainEventCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_LIFECYCLE = 0,
    /// It was rebooted: virConnectDomainEventGenericCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_REBOOT = 1,
    /// Its clock was set: virConnectDomainEventRTCChangeCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_RTC_CHANGE = 2,
    /// Its watchdog has acted: virConnectDomainEventWatchdogCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_WATCHDOG = 3,
    /// A request to a disk has failed: virConnectDomainEventIOErrorCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_IO_ERROR = 4,
    /// A client of its screen: virConnectDomainEventGraphicsCallback. Since 0.8.0.
    VIR_DOMAIN_EVENT_ID_GRAPHICS = 5,
    /// A request to a disk has failed, and why: virConnectDomainEventIOErrorReasonCallback.
    /// Since 0.8.1.
    VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON = 6,
    /// It cannot be controlled: virConnectDomainEventGenericCallback. Since 0.9.2.
    VIR_DOMAIN_EVENT_ID_CONTROL_ERROR = 7,
    /// A block job, by the path of its disk: virConnectDomainEventBlockJobCallback. Since
    /// 0.9.4.
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB = 8,
    /// A medium was missing: virConnectDomainEventDiskChangeCallback. Since 0.9.7.
    VIR_DOMAIN_EVENT_ID_DISK_CHANGE = 9,
    /// A tray: virConnectDomainEventTrayChangeCallback. Since 0.9.11.
    VIR_DOMAIN_EVENT_ID_TRAY_CHANGE = 10,
    /// It woke up: virConnectDomainEventPMWakeupCallback. Since 0.9.11.
    VIR_DOMAIN_EVENT_ID_PMWAKEUP = 11,
    /// It sleeps: virConnectDomainEventPMSuspendCallback. Since 0.9.11.
    VIR_DOMAIN_EVENT_ID_PMSUSPEND = 12,
    /// Its memory: virConnectDomainEventBalloonChangeCallback. Since 0.10.0.
    VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE = 13,
    /// It sleeps on its disk: virConnectDomainEventPMSuspendDiskCallback. Since 1.0.0.
    VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK = 14,
    /// A device is gone: virConnectDomainEventDeviceRemovedCallback. Since 1.1.1.
    VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED = 15,
    /// A block job, by the target of its disk: virConnectDomainEventBlockJobCallback. Since
    /// 1.2.6.
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2 = 16,
    /// A tunable: virConnectDomainEventTunableCallback. Since 1.2.9.
    VIR_DOMAIN_EVENT_ID_TUNABLE = 17,
    /// The agent in it: virConnectDomainEventAgentLifecycleCallback. Since 1.2.11.
    VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE = 18,
    /// A device was added: virConnectDomainEventDeviceAddedCallback. Since 1.2.15.
    VIR_DOMAIN_EVENT_ID_DEVICE_ADDED = 19,
    /// A round of its migration: virConnectDomainEventMigrationIterationCallback. Since 1.3.2.
    VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION = 20,
    /// A job is done: virConnectDomainEventJobCompletedCallback. Since 1.3.3.
    VIR_DOMAIN_EVENT_ID_JOB_COMPLETED = 21,
    /// A device does not go: virConnectDomainEventDeviceRemovalFailedCallback. Since 1.3.4.
    VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED = 22,
    /// Metadata: virConnectDomainEventMetadataChangeCallback. Since 3.0.0.
    VIR_DOMAIN_EVENT_ID_METADATA_CHANGE = 23,
    /// A disk was written behind a threshold: virConnectDomainEventBlockThresholdCallback.
    /// Since 3.2.0.
    VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD = 24,
    /// Memory has failed: virConnectDomainEventMemoryFailureCallback. Since 6.9.0.
    VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE = 25,
    /// The size of memory: virConnectDomainEventMemoryDeviceSizeChangeCallback. Since 7.9.0.
    VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE = 26,
    /// The address of a network interface: virConnectDomainEventNICMACChangeCallback. Since 11.2.0.
    VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE = 27,
    /// A CPU was taken away: virConnectDomainEventVcpuRemovedCallback. Since 12.4.0.
    VIR_DOMAIN_EVENT_ID_VCPU_REMOVED = 28,
    /// Somebody in the guest uses a channel, or no more:
    /// virConnectDomainEventChannelLifecycleCallback. Since 12.4.0.
    VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE = 29,
    /// One past the last value. Since 0.8.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_ID_LAST = 30,
}

/// What has become of a channel. Since 12.4.0.
#[repr(C)]
pub enum virConnectDomainEventChannelLifecycleState {
    /// Somebody uses it. Since 12.4.0.
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_CONNECTED = 1,
    /// Nobody uses it. Since 12.4.0.
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_DISCONNECTED = 2,
    /// One past the last value. Since 12.4.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_LAST = 3,
}

/// Why that is so. Since 12.4.0.
#[repr(C)]
pub enum virConnectDomainEventChannelLifecycleReason {
    /// Unknown. Since 12.4.0.
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_UNKNOWN = 0,
    /// The domain was started. Since 12.4.0.
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_DOMAIN_STARTED = 1,
    /// The guest has done it. Since 12.4.0.
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_CHANNEL = 2,
    /// One past the last value. Since 12.4.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_LAST = 3,
}

/// Whose memory has failed. Since 6.9.0.
#[repr(C)]
pub enum virDomainMemoryFailureRecipientType {
    /// The one of the hypervisor. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_HYPERVISOR = 0,
    /// The one of the guest. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_GUEST = 1,
    /// One past the last value. Since 6.9.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_LAST = 2,
}

/// What was done about failed memory. Since 6.9.0.
#[repr(C)]
pub enum virDomainMemoryFailureActionType {
    /// Nothing. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_IGNORE = 0,
    /// The guest was told. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_INJECT = 1,
    /// The hypervisor cannot go on. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_FATAL = 2,
    /// The guest is reset. Since 6.9.0.
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_RESET = 3,
    /// One past the last value. Since 6.9.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_LAST = 4,
}

/// More about failed memory. Since 6.9.0.
#[repr(C)]
pub enum virDomainMemoryFailureFlags {
    /// Something must be done. Since 6.9.0.
    VIR_DOMAIN_MEMORY_FAILURE_ACTION_REQUIRED = 1 << 0,
    /// It happened while another failure was handled. Since 6.9.0.
    VIR_DOMAIN_MEMORY_FAILURE_RECURSIVE = 1 << 1,
}
