//! `libvirt-domain.h`, second part: defining domains, starting and stopping them.

use std::ffi::{c_char, c_int, c_uint};
use std::sync::Arc;

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::host::virConnectPtr;
use virsparse_core::domain::{
    DefineFlags, DestroyFlags, Domain, ShutdownFlags, StartFlags, UndefineFlags,
};
use virsparse_core::error::*;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// A function that changes a domain and has nothing to tell but that it worked.
pub(super) fn change(
    function: &'static str,
    domain: virDomainPtr,
    body: impl FnOnce(&Call, &Arc<Domain>) -> Result<()>,
) -> c_int {
    entry(function, |call| {
        let domain = call.object::<Domain>(domain)?;
        call.writable(&domain, DOMAIN)?;
        body(call, &domain)?;
        Ok(0)
    })
}

/// # Safety
/// `xml` is NULL or a NUL-terminated string.
unsafe fn define(
    call: &Call,
    conn: virConnectPtr,
    xml: *const c_char,
    flags: c_uint,
) -> Result<virDomainPtr> {
    let connect = call.connect_in(conn, DOMAIN)?;
    call.writable(&connect, DOMAIN)?;
    // SAFETY: the caller's promise.
    let xml = unsafe { call.string(xml, DOMAIN, "xml")? };
    let flags: DefineFlags = call.flags(flags, DOMAIN)?;
    call.publish(connect.domains().define_domain(&xml, flags)?, conn)
}

/// Defines a persistent domain, or defines one anew. It is not started.
///
/// @conn: the connection
/// @xml: the description. Of what it says name, UUID, memory, CPUs, the type of system and the
/// disks are used; everything else is kept as it is
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
/// read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
/// VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
/// VIR_ERR_OPERATION_FAILED if name or UUID are another domain's; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainDefineXML(
    conn: virConnectPtr,
    xml: *const c_char,
) -> virDomainPtr {
    // SAFETY: the caller's promise.
    entry("virDomainDefineXML", |call| unsafe { define(call, conn, xml, 0) })
}

/// Defines a persistent domain, or defines one anew. It is not started.
///
/// @conn: the connection
/// @xml: the description, as for virDomainDefineXML
/// @flags: virDomainDefineFlags. With VALIDATE elements and attributes that are not known are refused:
/// in what is used here all, elsewhere those that libvirt does not have at the top
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: as virDomainDefineXML; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_XML_INVALID_SCHEMA
/// with VALIDATE.
///
/// Since 1.2.12.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainDefineXMLFlags(
    conn: virConnectPtr,
    xml: *const c_char,
    flags: c_uint,
) -> virDomainPtr {
    // SAFETY: the caller's promise.
    entry("virDomainDefineXMLFlags", |call| unsafe { define(call, conn, xml, flags) })
}

/// Starts a domain that is forgotten when it is stopped, unless it is persistent already.
///
/// Starting opens and locks the images of all disks, and exports each disk through a unix socket:
/// virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
/// process, until it is stopped or the process ends.
///
/// @conn: the connection
/// @xmlDesc: the description, as for virDomainDefineXML
/// @flags: virDomainCreateFlags, VALIDATE as for virDomainDefineXMLFlags; BYPASS_CACHE, FORCE_BOOT and
/// RESET_NVRAM make no difference
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: as virDomainDefineXML and virDomainCreate; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.5.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainCreateXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virDomainPtr {
    entry("virDomainCreateXML", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xmlDesc, DOMAIN, "xmlDesc")? };
        call.writable(&connect, DOMAIN)?;
        let flags: StartFlags = call.flags(flags, DOMAIN)?;
        call.publish(connect.domains().create_domain(&xml, flags)?, conn)
    })
}

/// Starts a domain: the name that virDomainCreateXML had before 0.5.0.
///
/// @conn: the connection
/// @xmlDesc: the description, as for virDomainDefineXML
/// @flags: virDomainCreateFlags
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: as virDomainCreateXML.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainCreateLinux(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virDomainPtr {
    // SAFETY: the caller's promise is the same.
    unsafe { virDomainCreateXML(conn, xmlDesc, flags) }
}

/// Starts a domain.
///
/// Starting opens and locks the images of all disks, and exports each disk through a unix socket:
/// virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
/// process, until it is stopped or the process ends.
///
/// @domain: an inactive persistent domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is active; VIR_ERR_CONFIG_UNSUPPORTED for a disk that
/// cannot be served; VIR_ERR_SYSTEM_ERROR if an image cannot be opened or is in use, or its socket
/// cannot be made; VIR_ERR_NO_DOMAIN.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainCreate(domain: virDomainPtr) -> c_int {
    change("virDomainCreate", domain, |_, domain| domain.create(StartFlags::empty()))
}

/// Starts a domain.
///
/// Starting opens and locks the images of all disks, and exports each disk through a unix socket:
/// virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
/// process, until it is stopped or the process ends.
///
/// @domain: an inactive persistent domain
/// @flags: virDomainCreateFlags, but VALIDATE; BYPASS_CACHE, FORCE_BOOT and RESET_NVRAM make no difference
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainCreate; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_OPERATION_UNSUPPORTED.
///
/// Since 0.8.2.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainCreateWithFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    change("virDomainCreateWithFlags", domain, |call, domain| {
        // There is no description to be held against anything.
        call.no_flags(flags & StartFlags::VALIDATE.bits(), DOMAIN)?;
        domain.create(call.flags::<StartFlags>(flags, DOMAIN)?)
    })
}

/// Forgets the definition of a domain. If the domain is active it goes on until it is stopped.
///
/// @domain: a persistent domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainUndefine(domain: virDomainPtr) -> c_int {
    change("virDomainUndefine", domain, |_, domain| domain.undefine(UndefineFlags::empty()))
}

/// Forgets the definition of a domain. If the domain is active it goes on until it is stopped.
///
/// @domain: a persistent domain
/// @flags: virDomainUndefineFlagsValues. There is nothing of what they name
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainUndefine; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainUndefineFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    change("virDomainUndefineFlags", domain, |call, domain| {
        domain.undefine(call.flags::<UndefineFlags>(flags, DOMAIN)?)
    })
}

/// Stops a domain at once. Guests are cut off: what they have asked for and not been told to be
/// done may or may not be. What was written is brought to stable storage. A domain that is not
/// persistent is forgotten.
///
/// @domain: an active domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR if what was written could not be brought to stable storage: the domain has
/// stopped all the same.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainDestroy(domain: virDomainPtr) -> c_int {
    change("virDomainDestroy", domain, |_, domain| domain.destroy(DestroyFlags::empty()))
}

/// Stops a domain at once. Guests are cut off: what they have asked for and not been told to be
/// done may or may not be. What was written is brought to stable storage.
///
/// @domain: an active domain
/// @flags: virDomainDestroyFlagsValues. With VIR_DOMAIN_DESTROY_GRACEFUL what guests have asked for
/// is done first
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainDestroy; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainDestroyFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    change("virDomainDestroyFlags", domain, |call, domain| {
        domain.destroy(call.flags::<DestroyFlags>(flags, DOMAIN)?)
    })
}

/// Stops a domain when what its guests have asked for is done. When this returns it has stopped.
/// Guests that do not take their answers are waited for 10 seconds.
///
/// @domain: a running domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is not running; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR if what was written could not be brought to stable storage: the domain has
/// stopped all the same.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainShutdown(domain: virDomainPtr) -> c_int {
    change("virDomainShutdown", domain, |_, domain| domain.shutdown(ShutdownFlags::empty()))
}

/// Stops a domain when what its guests have asked for is done. When this returns it has stopped.
/// Guests that do not take their answers are waited for 10 seconds.
///
/// @domain: a running domain
/// @flags: virDomainShutdownFlagValues. They make no difference
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainShutdown; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainShutdownFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    change("virDomainShutdownFlags", domain, |call, domain| {
        domain.shutdown(call.flags::<ShutdownFlags>(flags, DOMAIN)?)
    })
}

/// Asks a domain to begin anew. Nothing is executed that could, so that its disks stay as they are, and
/// served, whatever its definition says in `on_reboot`. A domain of `test:///` does what that says, as in
/// libvirt: it runs as after a start, or, where it says `destroy` or `preserve`, is shut off.
///
/// @domain: an active domain
/// @flags: virDomainRebootFlagValues. They make no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the domain is inactive;
/// VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
/// not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainReboot(domain: virDomainPtr, flags: c_uint) -> c_int {
    change("virDomainReboot", domain, |call, domain| {
        domain.reboot(call.flags::<ShutdownFlags>(flags, DOMAIN)?)
    })
}

/// Pauses a domain: what its guests ask for waits until virDomainResume. When this returns nothing
/// is being done. A domain may be paused already.
///
/// @domain: an active domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSuspend(domain: virDomainPtr) -> c_int {
    change("virDomainSuspend", domain, |_, domain| domain.suspend())
}

/// Ends the pause of a domain.
///
/// @domain: a paused domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is not paused; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainResume(domain: virDomainPtr) -> c_int {
    change("virDomainResume", domain, |_, domain| domain.resume())
}

/// Marks a domain to start by itself, or not: virDomainGetAutostart.
///
/// @domain: a persistent domain
/// @autostart: 0 for not
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetAutostart(domain: virDomainPtr, autostart: c_int) -> c_int {
    change("virDomainSetAutostart", domain, |_, domain| domain.set_autostart(autostart != 0))
}

/// Marks a domain to start by itself the next time, and not again, or not to: virDomainGetAutostartOnce.
///
/// @domain: a persistent domain
/// @autostart: 0 for not
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR; VIR_ERR_NO_SUPPORT on test:///.
///
/// Since 11.2.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetAutostartOnce(domain: virDomainPtr, autostart: c_int) -> c_int {
    change("virDomainSetAutostartOnce", domain, |_, domain| {
        domain.set_autostart_once(autostart != 0)
    })
}

/// Gives an inactive domain another name. Everything else about it stays; handles keep the name
/// that they were made with, and are of the same domain.
///
/// @dom: the domain, which must not have snapshots
/// @new_name: the name
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @new_name is NULL or empty, or for flags; VIR_ERR_OPERATION_INVALID if the
/// domain is active or has snapshots, or the name is its own or another domain's; VIR_ERR_XML_ERROR
/// or VIR_ERR_XML_DETAIL for what is no name; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 1.2.19.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainRename(
    dom: virDomainPtr,
    new_name: *const c_char,
    flags: c_uint,
) -> c_int {
    entry("virDomainRename", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let name = unsafe { call.string(new_name, DOMAIN, "new_name")? };
        if name.is_empty() {
            let text = format!("string new_name in {} must not be empty", call.function);
            return Err(Error::argument(DOMAIN, "new_name", text));
        }
        call.writable(&domain, DOMAIN)?;
        call.no_flags(flags, DOMAIN)?;
        domain.rename(&name)?;
        Ok(0)
    })
}
