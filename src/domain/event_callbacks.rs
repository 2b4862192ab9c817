//! `libvirt-domain.h`: the types of callbacks for events, and the records that some of them get.

use std::ffi::{c_char, c_int, c_longlong, c_uint, c_ulonglong, c_void};

use crate::domain::object::virDomainPtr;
use crate::host::virConnectPtr;
use crate::typed_params::virTypedParameterPtr;

/// Where somebody is. Since 0.8.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainEventGraphicsAddress {
    /// What kind of address, a virDomainEventGraphicsAddressType.
    pub family: c_int,
    /// The host, or the path of a socket.
    pub node: *mut c_char,
    /// The port, or NULL.
    pub service: *mut c_char,
}

/// Where somebody is.
pub type virDomainEventGraphicsAddress = _virDomainEventGraphicsAddress;
/// Points at where somebody is.
pub type virDomainEventGraphicsAddressPtr = *mut virDomainEventGraphicsAddress;

/// One of the names of somebody. Since 0.8.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainEventGraphicsSubjectIdentity {
    /// The kind of name.
    pub r#type: *mut c_char,
    /// The name.
    pub name: *mut c_char,
}

/// One of the names of somebody.
pub type virDomainEventGraphicsSubjectIdentity = _virDomainEventGraphicsSubjectIdentity;
/// Points at one of the names of somebody.
pub type virDomainEventGraphicsSubjectIdentityPtr = *mut virDomainEventGraphicsSubjectIdentity;

/// Who somebody is. Since 0.8.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainEventGraphicsSubject {
    /// How many names.
    pub nidentity: c_int,
    /// The names.
    pub identities: virDomainEventGraphicsSubjectIdentityPtr,
}

/// Who somebody is.
pub type virDomainEventGraphicsSubject = _virDomainEventGraphicsSubject;
/// Points at who somebody is.
pub type virDomainEventGraphicsSubjectPtr = *mut virDomainEventGraphicsSubject;

/// The callback for VIR_DOMAIN_EVENT_ID_LIFECYCLE: `event` is a virDomainEventType, `detail` of
/// the type that belongs to it. What it returns is ignored. `dom` is only valid during the
/// call, as for all.
pub type virConnectDomainEventCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        event: c_int,
        detail: c_int,
        opaque: *mut c_void,
    ) -> c_int,
>;

/// Any callback for domain events: VIR_DOMAIN_EVENT_CALLBACK casts to it. It is also the type
/// of the callback for events that tell nothing more.
pub type virConnectDomainEventGenericCallback =
    Option<unsafe extern "C" fn(conn: virConnectPtr, dom: virDomainPtr, opaque: *mut c_void)>;

/// The callback for VIR_DOMAIN_EVENT_ID_RTC_CHANGE: the new difference from UTC, in seconds.
/// Not called by this library.
pub type virConnectDomainEventRTCChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        utcoffset: c_longlong,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_WATCHDOG: a virDomainEventWatchdogAction. Not called by
/// this library.
pub type virConnectDomainEventWatchdogCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        action: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_IO_ERROR: the path and the alias of the disk, and a
/// virDomainEventIOErrorAction.
pub type virConnectDomainEventIOErrorCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        srcPath: *const c_char,
        devAlias: *const c_char,
        action: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON: the same, and "enospc" where there was
/// no space left.
pub type virConnectDomainEventIOErrorReasonCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        srcPath: *const c_char,
        devAlias: *const c_char,
        action: c_int,
        reason: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_GRAPHICS: a virDomainEventGraphicsPhase, and who. Not
/// called by this library.
pub type virConnectDomainEventGraphicsCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        phase: c_int,
        local: *const virDomainEventGraphicsAddress,
        remote: *const virDomainEventGraphicsAddress,
        authScheme: *const c_char,
        subject: *const virDomainEventGraphicsSubject,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_BLOCK_JOB and VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2: the path
/// or the target of the disk, a virDomainBlockJobType and a
/// virConnectDomainEventBlockJobStatus.
pub type virConnectDomainEventBlockJobCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        disk: *const c_char,
        r#type: c_int,
        status: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_DISK_CHANGE: the paths before and after, the alias of
/// the disk, and a virConnectDomainEventDiskChangeReason. Not called by this library.
pub type virConnectDomainEventDiskChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        oldSrcPath: *const c_char,
        newSrcPath: *const c_char,
        devAlias: *const c_char,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_TRAY_CHANGE: the alias of the disk, and a
/// virDomainEventTrayChangeReason. Not called by this library.
pub type virConnectDomainEventTrayChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        devAlias: *const c_char,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_PMWAKEUP: `reason` is 0. Not called by this library.
pub type virConnectDomainEventPMWakeupCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_PMSUSPEND: `reason` is 0. Not called by this library.
pub type virConnectDomainEventPMSuspendCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK: `reason` is 0. Not called by this
/// library.
pub type virConnectDomainEventPMSuspendDiskCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE: the memory in KiB. Not called by this
/// library.
pub type virConnectDomainEventBalloonChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        actual: c_ulonglong,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: the alias of the device.
pub type virConnectDomainEventDeviceRemovedCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        devAlias: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: the alias of the device.
pub type virConnectDomainEventDeviceAddedCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        devAlias: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED: the alias of the device. Not
/// called by this library.
pub type virConnectDomainEventDeviceRemovalFailedCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        devAlias: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_METADATA_CHANGE: a virDomainMetadataType, and the
/// namespace of an element or NULL.
pub type virConnectDomainEventMetadataChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        r#type: c_int,
        nsuri: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION. Not called by this library.
pub type virConnectDomainEventMigrationIterationCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        iteration: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_JOB_COMPLETED: what is told, which stays the library's.
/// Not called by this library.
pub type virConnectDomainEventJobCompletedCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        params: virTypedParameterPtr,
        nparams: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_TUNABLE: what has changed in a running domain, VIR_DOMAIN_TUNABLE_*,
/// which stays the library's. It is called after virDomainSetBlockIoTune, with the disk and then the
/// parameters in the order in which they were given.
pub type virConnectDomainEventTunableCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        params: virTypedParameterPtr,
        nparams: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE: a
/// virConnectDomainEventAgentLifecycleState and a virConnectDomainEventAgentLifecycleReason.
/// Not called by this library.
pub type virConnectDomainEventAgentLifecycleCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        state: c_int,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD: the target and the path of the disk
/// (NULL if it is behind a network), the threshold, and how far it was exceeded, in bytes.
pub type virConnectDomainEventBlockThresholdCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        dev: *const c_char,
        path: *const c_char,
        threshold: c_ulonglong,
        excess: c_ulonglong,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE: a virDomainMemoryFailureRecipientType,
/// a virDomainMemoryFailureActionType and virDomainMemoryFailureFlags. Not called by this
/// library.
pub type virConnectDomainEventMemoryFailureCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        recipient: c_int,
        action: c_int,
        flags: c_uint,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE: the alias of the device, and
/// its size in KiB. Not called by this library.
pub type virConnectDomainEventMemoryDeviceSizeChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        alias: *const c_char,
        size: c_ulonglong,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE: the alias of the network interface, and its
/// addresses before and now. Not called by this library.
pub type virConnectDomainEventNICMACChangeCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        alias: *const c_char,
        oldMAC: *const c_char,
        newMAC: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_VCPU_REMOVED: the number of the CPU. Not called by this
/// library.
pub type virConnectDomainEventVcpuRemovedCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        vcpuid: c_uint,
        opaque: *mut c_void,
    ),
>;

/// The callback for VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE: the name of the channel, a
/// virConnectDomainEventChannelLifecycleState and a virConnectDomainEventChannelLifecycleReason. Not
/// called by this library.
pub type virConnectDomainEventChannelLifecycleCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        dom: virDomainPtr,
        channelName: *const c_char,
        state: c_int,
        reason: c_int,
        opaque: *mut c_void,
    ),
>;
