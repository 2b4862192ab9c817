//! The functions of libvirt that there is nothing behind here: networks, node devices, secrets,
//! migration and so on. They are exported because a client that is bound when it is loaded wants
//! all symbols that it mentions, whether or not it calls them. What each does is refuse: after
//! libvirt's own checks of the first argument, with VIR_ERR_NO_SUPPORT. Lists and lookups of what there
//! is none of are in `absent.rs`.
//!
//! No header of ours declares them, so a program that needs one is told so when it is compiled.

use std::ffi::{c_char, c_int, c_uchar, c_void};

use crate::call::{Call, Failure, entry};
use crate::handle::Cell;
use virsparse_core::domain::Domain;
use virsparse_core::driver::Connect;
use virsparse_core::error::*;

/// What a function has as its first argument.
trait Subject {
    /// Refuses what is not a live one of its kind, and a change through a read-only connection.
    /// Errors are of `domain`, unless the kind has its own.
    fn check(call: &Call, handle: *const Cell, domain: virErrorDomain, change: bool) -> Result<()>;
}

impl Subject for Connect {
    fn check(call: &Call, handle: *const Cell, domain: virErrorDomain, change: bool) -> Result<()> {
        let connect = call.connect_in(handle, domain)?;
        if change { call.writable(&connect, domain) } else { Ok(()) }
    }
}

impl Subject for Domain {
    fn check(call: &Call, handle: *const Cell, domain: virErrorDomain, change: bool) -> Result<()> {
        let object = call.object::<Domain>(handle)?;
        if change { call.writable(&object, domain) } else { Ok(()) }
    }
}

/// Kinds of objects that are never handed out, so that no handle can be one.
macro_rules! never_handed_out {
    ($($kind:ident $code:ident;)*) => {$(
        struct $kind;

        impl Subject for $kind {
            fn check(call: &Call, _: *const Cell, domain: virErrorDomain, _: bool) -> Result<()> {
                Err(Error::new($code, domain, call.function))
            }
        }
    )*};
}

never_handed_out! {
    Checkpoint VIR_ERR_INVALID_DOMAIN_CHECKPOINT;
    Interface VIR_ERR_INVALID_INTERFACE;
    Network VIR_ERR_INVALID_NETWORK;
    NetworkPort VIR_ERR_INVALID_NETWORK_PORT;
    NodeDevice VIR_ERR_INVALID_NODE_DEVICE;
    NWFilter VIR_ERR_INVALID_NWFILTER;
    NWFilterBinding VIR_ERR_INVALID_NWFILTER_BINDING;
    Secret VIR_ERR_INVALID_SECRET;
}

/// A description of a security model, which is memory of the caller's.
struct Model;

impl Subject for Model {
    fn check(call: &Call, model: *const Cell, domain: virErrorDomain, _: bool) -> Result<()> {
        call.non_null(model, domain, "model")
    }
}

/// What each of the functions does.
fn refuse<S: Subject, R: Failure>(
    function: &'static str,
    handle: *const Cell,
    domain: virErrorDomain,
    change: bool,
) -> R {
    entry(function, |call| {
        S::check(call, handle, domain, change)?;
        Err(Error::new(VIR_ERR_NO_SUPPORT, domain, function))
    })
}

macro_rules! is {
    () => {
        false
    };
    (change) => {
        true
    };
}

/// Defines the functions. C lets a function be called with more arguments than it looks at, so
/// the first is all that is declared. `change` is said of those that libvirt refuses on a
/// read-only connection. Errors are of the domain that stands before the braces.
macro_rules! unsupported {
    ($($domain:ident {
        $(fn $name:ident($subject:ident $(, $change:ident)?) -> $returns:ty;)*
    })*) => {$($(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(subject: *const Cell) -> $returns {
            refuse::<$subject, $returns>(stringify!($name), subject, $domain, is!($($change)?))
        }
    )*)*};
}

unsupported! {
    VIR_FROM_DOMAIN {
        fn virConnectBaselineCPU(Connect) -> *mut c_char;
        fn virConnectBaselineHypervisorCPU(Connect, change) -> *mut c_char;
        fn virConnectCompareCPU(Connect) -> c_int;
        fn virConnectCompareHypervisorCPU(Connect, change) -> c_int;
        fn virConnectGetCPUModelNames(Connect) -> c_int;
        fn virConnectSetIdentity(Connect) -> c_int;
        fn virNodeAllocPages(Connect, change) -> c_int;
        fn virNodeGetFreePages(Connect) -> c_int;
        fn virNodeGetMemoryParameters(Connect) -> c_int;
        fn virNodeGetSEVInfo(Connect, change) -> c_int;
        fn virNodeSetMemoryParameters(Connect, change) -> c_int;
        fn virNodeSuspendForDuration(Connect, change) -> c_int;
        fn virConnectDomainXMLFromNative(Connect, change) -> *mut c_char;
        fn virConnectDomainXMLToNative(Connect, change) -> *mut c_char;
        fn virDomainAbortJob(Domain, change) -> c_int;
        fn virDomainAbortJobFlags(Domain, change) -> c_int;
        fn virDomainAddIOThread(Domain, change) -> c_int;
        fn virDomainAgentSetResponseTimeout(Domain, change) -> c_int;
        fn virDomainAnnounceInterface(Domain, change) -> c_int;
        fn virDomainAuthorizedSSHKeysGet(Domain, change) -> c_int;
        fn virDomainAuthorizedSSHKeysSet(Domain, change) -> c_int;
        fn virDomainBackupBegin(Domain, change) -> c_int;
        fn virDomainBackupGetXMLDesc(Domain) -> *mut c_char;
        fn virDomainCoreDump(Domain, change) -> c_int;
        fn virDomainCoreDumpWithFormat(Domain, change) -> c_int;
        fn virDomainCreateWithFiles(Domain, change) -> c_int;
        fn virDomainCreateXMLWithFiles(Connect, change) -> *mut Cell;
        fn virDomainDelIOThread(Domain, change) -> c_int;
        fn virDomainDelThrottleGroup(Domain) -> c_int;
        fn virDomainFDAssociate(Domain, change) -> c_int;
        fn virDomainFSFreeze(Domain, change) -> c_int;
        fn virDomainFSThaw(Domain, change) -> c_int;
        fn virDomainFSTrim(Domain, change) -> c_int;
        fn virDomainGetFSInfo(Domain, change) -> c_int;
        fn virDomainGetGuestInfo(Domain, change) -> c_int;
        fn virDomainGetGuestVcpus(Domain, change) -> c_int;
        fn virDomainGetIOThreadInfo(Domain) -> c_int;
        fn virDomainGetJobStats(Domain) -> c_int;
        fn virDomainGetLaunchSecurityInfo(Domain, change) -> c_int;
        fn virDomainGetSecurityLabelList(Domain) -> c_int;
        fn virDomainGraphicsReload(Domain, change) -> c_int;
        fn virDomainInjectNMI(Domain, change) -> c_int;
        fn virDomainManagedSave(Domain, change) -> c_int;
        fn virDomainManagedSaveDefineXML(Domain, change) -> c_int;
        fn virDomainManagedSaveGetXMLDesc(Domain) -> *mut c_char;
        fn virDomainManagedSaveRemove(Domain, change) -> c_int;
        fn virDomainMemoryPeek(Domain, change) -> c_int;
        fn virDomainMigrate(Domain, change) -> *mut Cell;
        fn virDomainMigrate2(Domain, change) -> *mut Cell;
        fn virDomainMigrate3(Domain, change) -> *mut Cell;
        fn virDomainMigrateGetCompressionCache(Domain) -> c_int;
        fn virDomainMigrateGetMaxDowntime(Domain) -> c_int;
        fn virDomainMigrateGetMaxSpeed(Domain, change) -> c_int;
        fn virDomainMigrateSetCompressionCache(Domain, change) -> c_int;
        fn virDomainMigrateSetMaxDowntime(Domain, change) -> c_int;
        fn virDomainMigrateSetMaxSpeed(Domain, change) -> c_int;
        fn virDomainMigrateStartPostCopy(Domain, change) -> c_int;
        fn virDomainMigrateToURI(Domain, change) -> c_int;
        fn virDomainMigrateToURI2(Domain, change) -> c_int;
        fn virDomainMigrateToURI3(Domain, change) -> c_int;
        fn virDomainOpenChannel(Domain, change) -> c_int;
        fn virDomainOpenConsole(Domain, change) -> c_int;
        fn virDomainOpenGraphics(Domain, change) -> c_int;
        fn virDomainOpenGraphicsFD(Domain, change) -> c_int;
        fn virDomainPMSuspendForDuration(Domain, change) -> c_int;
        fn virDomainPMWakeup(Domain, change) -> c_int;
        fn virDomainPinEmulator(Domain, change) -> c_int;
        fn virDomainPinIOThread(Domain, change) -> c_int;
        fn virDomainPinVcpu(Domain, change) -> c_int;
        fn virDomainPinVcpuFlags(Domain, change) -> c_int;
        fn virDomainReset(Domain, change) -> c_int;
        fn virDomainRestore(Connect, change) -> c_int;
        fn virDomainRestoreFlags(Connect, change) -> c_int;
        fn virDomainRestoreParams(Connect, change) -> c_int;
        fn virDomainSave(Domain, change) -> c_int;
        fn virDomainSaveFlags(Domain, change) -> c_int;
        fn virDomainSaveImageDefineXML(Connect, change) -> c_int;
        fn virDomainSaveImageGetXMLDesc(Connect, change) -> *mut c_char;
        fn virDomainSaveParams(Domain, change) -> c_int;
        fn virDomainSendKey(Domain, change) -> c_int;
        fn virDomainSendProcessSignal(Domain, change) -> c_int;
        fn virDomainSetBlkioParameters(Domain, change) -> c_int;
        fn virDomainSetGuestVcpus(Domain, change) -> c_int;
        fn virDomainSetIOThreadParams(Domain, change) -> c_int;
        fn virDomainSetInterfaceParameters(Domain, change) -> c_int;
        fn virDomainSetLaunchSecurityState(Domain, change) -> c_int;
        fn virDomainSetMemoryStatsPeriod(Domain, change) -> c_int;
        fn virDomainSetPerfEvents(Domain, change) -> c_int;
        fn virDomainSetThrottleGroup(Domain, change) -> c_int;
        fn virDomainSetUserPassword(Domain, change) -> c_int;
        fn virDomainSetVcpu(Domain, change) -> c_int;
        fn virDomainStartDirtyRateCalc(Domain, change) -> c_int;
    }
    VIR_FROM_DOMAIN_CHECKPOINT {
        fn virDomainCheckpointCreateXML(Domain, change) -> *mut Cell;
        fn virDomainCheckpointDelete(Checkpoint) -> c_int;
        fn virDomainCheckpointFree(Checkpoint) -> c_int;
        fn virDomainCheckpointGetConnect(Checkpoint) -> *mut Cell;
        fn virDomainCheckpointGetDomain(Checkpoint) -> *mut Cell;
        fn virDomainCheckpointGetName(Checkpoint) -> *const c_char;
        fn virDomainCheckpointGetParent(Checkpoint) -> *mut Cell;
        fn virDomainCheckpointGetXMLDesc(Checkpoint) -> *mut c_char;
        fn virDomainCheckpointListAllChildren(Checkpoint) -> c_int;
        fn virDomainCheckpointLookupByName(Domain) -> *mut Cell;
        fn virDomainCheckpointRef(Checkpoint) -> c_int;
    }
    VIR_FROM_NETWORK {
        fn virNetworkCreate(Network) -> c_int;
        fn virNetworkCreateXML(Connect, change) -> *mut Cell;
        fn virNetworkCreateXMLFlags(Connect, change) -> *mut Cell;
        fn virNetworkDefineXML(Connect, change) -> *mut Cell;
        fn virNetworkDefineXMLFlags(Connect, change) -> *mut Cell;
        fn virNetworkDestroy(Network) -> c_int;
        fn virNetworkFree(Network) -> c_int;
        fn virNetworkGetAutostart(Network) -> c_int;
        fn virNetworkGetBridgeName(Network) -> *mut c_char;
        fn virNetworkGetConnect(Network) -> *mut Cell;
        fn virNetworkGetDHCPLeases(Network) -> c_int;
        fn virNetworkGetMetadata(Network) -> *mut c_char;
        fn virNetworkGetName(Network) -> *const c_char;
        fn virNetworkGetUUID(Network) -> c_int;
        fn virNetworkGetUUIDString(Network) -> c_int;
        fn virNetworkGetXMLDesc(Network) -> *mut c_char;
        fn virNetworkIsActive(Network) -> c_int;
        fn virNetworkIsPersistent(Network) -> c_int;
        fn virNetworkListAllPorts(Network) -> c_int;
        fn virNetworkPortCreateXML(Network) -> *mut Cell;
        fn virNetworkPortDelete(NetworkPort) -> c_int;
        fn virNetworkPortFree(NetworkPort) -> c_int;
        fn virNetworkPortGetNetwork(NetworkPort) -> *mut Cell;
        fn virNetworkPortGetParameters(NetworkPort) -> c_int;
        fn virNetworkPortGetUUID(NetworkPort) -> c_int;
        fn virNetworkPortGetUUIDString(NetworkPort) -> c_int;
        fn virNetworkPortGetXMLDesc(NetworkPort) -> *mut c_char;
        fn virNetworkPortLookupByUUID(Network) -> *mut Cell;
        fn virNetworkPortLookupByUUIDString(Network) -> *mut Cell;
        fn virNetworkPortRef(NetworkPort) -> c_int;
        fn virNetworkPortSetParameters(NetworkPort) -> c_int;
        fn virNetworkRef(Network) -> c_int;
        fn virNetworkSetAutostart(Network) -> c_int;
        fn virNetworkSetMetadata(Network) -> c_int;
        fn virNetworkUndefine(Network) -> c_int;
        fn virNetworkUpdate(Network) -> c_int;
    }
    // Of libvirt-qemu.so.0 and libvirt-lxc.so.0.
    VIR_FROM_NONE {
        fn virConnectDomainQemuMonitorEventDeregister(Connect, change) -> c_int;
        fn virConnectDomainQemuMonitorEventRegister(Connect, change) -> c_int;
        fn virDomainLxcEnterCGroup(Domain, change) -> c_int;
        fn virDomainLxcEnterNamespace(Domain) -> c_int;
        fn virDomainLxcEnterSecurityLabel(Model) -> c_int;
        fn virDomainLxcOpenNamespace(Domain, change) -> c_int;
        fn virDomainQemuAgentCommand(Domain, change) -> *mut c_char;
        fn virDomainQemuAttach(Connect, change) -> *mut Cell;
        fn virDomainQemuMonitorCommand(Domain, change) -> c_int;
        fn virDomainQemuMonitorCommandWithFiles(Domain, change) -> c_int;
    }
    VIR_FROM_NODEDEV {
        fn virNodeDeviceCreate(NodeDevice) -> c_int;
        fn virNodeDeviceCreateXML(Connect, change) -> *mut Cell;
        fn virNodeDeviceDefineXML(Connect, change) -> *mut Cell;
        fn virNodeDeviceDestroy(NodeDevice) -> c_int;
        fn virNodeDeviceDetachFlags(NodeDevice) -> c_int;
        fn virNodeDeviceDettach(NodeDevice) -> c_int;
        fn virNodeDeviceFree(NodeDevice) -> c_int;
        fn virNodeDeviceGetAutostart(NodeDevice) -> c_int;
        fn virNodeDeviceGetName(NodeDevice) -> *const c_char;
        fn virNodeDeviceGetParent(NodeDevice) -> *const c_char;
        fn virNodeDeviceGetXMLDesc(NodeDevice) -> *mut c_char;
        fn virNodeDeviceIsActive(NodeDevice) -> c_int;
        fn virNodeDeviceIsPersistent(NodeDevice) -> c_int;
        fn virNodeDeviceListCaps(NodeDevice) -> c_int;
        fn virNodeDeviceNumOfCaps(NodeDevice) -> c_int;
        fn virNodeDeviceReAttach(NodeDevice) -> c_int;
        fn virNodeDeviceRef(NodeDevice) -> c_int;
        fn virNodeDeviceReset(NodeDevice) -> c_int;
        fn virNodeDeviceSetAutostart(NodeDevice) -> c_int;
        fn virNodeDeviceUndefine(NodeDevice) -> c_int;
        fn virNodeDeviceUpdate(NodeDevice) -> c_int;
    }
    VIR_FROM_INTERFACE {
        fn virInterfaceChangeBegin(Connect, change) -> c_int;
        fn virInterfaceChangeCommit(Connect, change) -> c_int;
        fn virInterfaceChangeRollback(Connect, change) -> c_int;
        fn virInterfaceCreate(Interface) -> c_int;
        fn virInterfaceDefineXML(Connect, change) -> *mut Cell;
        fn virInterfaceDestroy(Interface) -> c_int;
        fn virInterfaceFree(Interface) -> c_int;
        fn virInterfaceGetConnect(Interface) -> *mut Cell;
        fn virInterfaceGetMACString(Interface) -> *const c_char;
        fn virInterfaceGetName(Interface) -> *const c_char;
        fn virInterfaceGetXMLDesc(Interface) -> *mut c_char;
        fn virInterfaceIsActive(Interface) -> c_int;
        fn virInterfaceRef(Interface) -> c_int;
        fn virInterfaceUndefine(Interface) -> c_int;
    }
    VIR_FROM_SECRET {
        fn virSecretDefineXML(Connect, change) -> *mut Cell;
        fn virSecretFree(Secret) -> c_int;
        fn virSecretGetConnect(Secret) -> *mut Cell;
        fn virSecretGetUUID(Secret) -> c_int;
        fn virSecretGetUUIDString(Secret) -> c_int;
        fn virSecretGetUsageID(Secret) -> *const c_char;
        fn virSecretGetUsageType(Secret) -> c_int;
        fn virSecretGetValue(Secret) -> *mut c_uchar;
        fn virSecretGetXMLDesc(Secret) -> *mut c_char;
        fn virSecretRef(Secret) -> c_int;
        fn virSecretSetValue(Secret) -> c_int;
        fn virSecretUndefine(Secret) -> c_int;
    }
    VIR_FROM_NWFILTER {
        fn virNWFilterBindingCreateXML(Connect, change) -> *mut Cell;
        fn virNWFilterBindingDelete(NWFilterBinding) -> c_int;
        fn virNWFilterBindingFree(NWFilterBinding) -> c_int;
        fn virNWFilterBindingGetFilterName(NWFilterBinding) -> *const c_char;
        fn virNWFilterBindingGetPortDev(NWFilterBinding) -> *const c_char;
        fn virNWFilterBindingGetXMLDesc(NWFilterBinding) -> *mut c_char;
        fn virNWFilterBindingRef(NWFilterBinding) -> c_int;
        fn virNWFilterDefineXML(Connect, change) -> *mut Cell;
        fn virNWFilterDefineXMLFlags(Connect, change) -> *mut Cell;
        fn virNWFilterFree(NWFilter) -> c_int;
        fn virNWFilterGetName(NWFilter) -> *const c_char;
        fn virNWFilterGetUUID(NWFilter) -> c_int;
        fn virNWFilterGetUUIDString(NWFilter) -> c_int;
        fn virNWFilterGetXMLDesc(NWFilter) -> *mut c_char;
        fn virNWFilterRef(NWFilter) -> c_int;
        fn virNWFilterUndefine(NWFilter) -> c_int;
    }
}

/// Functions that free what some of the others would have given.
macro_rules! nothing_to_free {
    ($(fn $name:ident;)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(_: *mut c_void) {}
    )*};
}

nothing_to_free! {
    fn virDomainFSInfoFree;
    fn virDomainIOThreadInfoFree;
    fn virNetworkDHCPLeaseFree;
}
