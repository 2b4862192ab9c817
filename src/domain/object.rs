//! `libvirt-domain.h`, first part: finding, listing and describing domains.

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ulonglong, c_ushort};

use uuid::Uuid;

use crate::call::{Call, entry};
use crate::handle::Cell;
use crate::host::virConnectPtr;
use crate::lists::{list, store_names};
use crate::strings;
use virsparse_core::domain::{Domain, ListFlags, XmlFlags, no_domain};
use virsparse_core::error::*;

/// A domain: a machine whose disks are served.
pub type virDomainPtr = *mut Cell;

/// State of a domain, and what its definition says. Since 0.0.3.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainInfo {
    /// What it is doing, a virDomainState.
    pub state: c_uchar,
    /// KiB of memory at most.
    pub maxMem: c_ulong,
    /// KiB of memory.
    pub memory: c_ulong,
    /// How many CPUs.
    pub nrVirtCpu: c_ushort,
    /// Always 0: nothing is executed here.
    pub cpuTime: c_ulonglong,
}

/// State of a domain, and what its definition says.
pub type virDomainInfo = _virDomainInfo;
/// Points at the state of a domain.
pub type virDomainInfoPtr = *mut virDomainInfo;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// Lists the domains of a connection.
///
/// @conn: the connection
/// @domains: where to store a list of domains with NULL behind the last: the caller releases each
/// domain with virDomainFree, then the list with free; NULL to count only
/// @flags: virConnectListAllDomainsFlags. Bits of one group ({ACTIVE, INACTIVE}, {PERSISTENT,
/// TRANSIENT}, {RUNNING, PAUSED, SHUTOFF, OTHER}, {MANAGEDSAVE, NO_MANAGEDSAVE}, {AUTOSTART,
/// NO_AUTOSTART}, {HAS_SNAPSHOT, NO_SNAPSHOT}, {HAS_CHECKPOINT, NO_CHECKPOINT}) are alternatives; a
/// group without bits does not filter
///
/// Return Value: how many domains there are, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListAllDomains(
    conn: virConnectPtr,
    domains: *mut *mut virDomainPtr,
    flags: c_uint,
) -> c_int {
    entry("virConnectListAllDomains", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        let filter: ListFlags = call.flags(flags, DOMAIN)?;
        // SAFETY: the caller's promise.
        unsafe { list(call, conn, connect.domains().list_domains(filter)?, domains) }
    })
}

fn count_domains(call: &Call, conn: virConnectPtr, filter: ListFlags) -> Result<c_int> {
    let connect = call.connect_in(conn, DOMAIN)?;
    Ok(connect.domains().list_domains(filter)?.len() as c_int)
}

/// Counts the active domains.
///
/// @conn: the connection
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectNumOfDomains(conn: virConnectPtr) -> c_int {
    entry("virConnectNumOfDomains", |call| count_domains(call, conn, ListFlags::ACTIVE))
}

/// Counts the inactive domains.
///
/// @conn: the connection
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.1.5.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectNumOfDefinedDomains(conn: virConnectPtr) -> c_int {
    entry("virConnectNumOfDefinedDomains", |call| count_domains(call, conn, ListFlags::INACTIVE))
}

/// Lists the numbers of active domains.
///
/// @conn: the connection
/// @ids: an array for the numbers
/// @maxids: how many the array holds
///
/// Return Value: how many numbers were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @ids is NULL or @maxids negative.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListDomains(
    conn: virConnectPtr,
    ids: *mut c_int,
    maxids: c_int,
) -> c_int {
    entry("virConnectListDomains", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        let most = call.non_negative(maxids, DOMAIN, "maxids")?;
        call.non_null(ids, DOMAIN, "ids")?;
        let mut stored = 0;
        for id in connect.domains().domain_ids()?.into_iter().take(most) {
            // SAFETY: checked for NULL; `stored` is less than `most`.
            unsafe { ids.add(stored).write(id) };
            stored += 1;
        }
        Ok(stored as c_int)
    })
}

/// Lists the names of inactive domains.
///
/// @conn: the connection
/// @names: an array for the names, each of which the caller frees
/// @maxnames: how many the array holds
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListDefinedDomains(
    conn: virConnectPtr,
    names: *mut *mut c_char,
    maxnames: c_int,
) -> c_int {
    entry("virConnectListDefinedDomains", |call| {
        let domains = call.connect_in(conn, DOMAIN)?.domains().list_domains(ListFlags::INACTIVE)?;
        let found = domains.iter().map(|domain| domain.name());
        // SAFETY: the caller's promise.
        unsafe { store_names(call, DOMAIN, found, names, maxnames) }
    })
}

/// Finds a domain by its name.
///
/// @conn: the connection
/// @name: the name
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @name is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainLookupByName(
    conn: virConnectPtr,
    name: *const c_char,
) -> virDomainPtr {
    entry("virDomainLookupByName", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        // SAFETY: the caller's promise.
        let name = unsafe { call.lookup_key(name, DOMAIN, "name", |n| no_domain("name", n))? };
        call.publish(connect.domains().domain_by_name(&name)?, conn)
    })
}

/// Finds an active domain by its number.
///
/// @conn: the connection
/// @id: the number
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @id is negative; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainLookupByID(conn: virConnectPtr, id: c_int) -> virDomainPtr {
    entry("virDomainLookupByID", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        call.non_negative(id, DOMAIN, "id")?;
        call.publish(connect.domains().domain_by_id(id)?, conn)
    })
}

/// Finds a domain by its UUID.
///
/// @conn: the connection
/// @uuid: the UUID, VIR_UUID_BUFLEN bytes
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuid is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainLookupByUUID(
    conn: virConnectPtr,
    uuid: *const c_uchar,
) -> virDomainPtr {
    entry("virDomainLookupByUUID", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        call.non_null(uuid, DOMAIN, "uuid")?;
        // SAFETY: checked for NULL; the caller's 16 bytes.
        let bytes = unsafe { uuid.cast::<[u8; 16]>().read() };
        call.publish(connect.domains().domain_by_uuid(Uuid::from_bytes(bytes))?, conn)
    })
}

/// Finds a domain by its UUID as a string.
///
/// @conn: the connection
/// @uuidstr: the UUID
///
/// Return Value: the domain, to be released with virDomainFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuidstr is NULL or no UUID;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainLookupByUUIDString(
    conn: virConnectPtr,
    uuidstr: *const c_char,
) -> virDomainPtr {
    entry("virDomainLookupByUUIDString", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        // SAFETY: the caller's promise.
        let text = unsafe { call.string(uuidstr, DOMAIN, "uuidstr")? };
        let uuid = virsparse_core::xml::parse_uuid(&text)
            .ok_or_else(|| Error::argument(DOMAIN, "uuidstr", "Invalid UUID"))?;
        call.publish(connect.domains().domain_by_uuid(uuid)?, conn)
    })
}

/// Adds a reference to a domain: it takes one more virDomainFree to release it.
///
/// @domain: the domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN.
///
/// Since 0.6.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainRef(domain: virDomainPtr) -> c_int {
    entry("virDomainRef", |call| call.retain::<Domain>(domain))
}

/// Releases a reference to a domain. The domain itself stays what it is.
///
/// @domain: the domain
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainFree(domain: virDomainPtr) -> c_int {
    entry("virDomainFree", |call| call.release::<Domain>(domain))
}

/// Returns a domain's connection.
///
/// @dom: the domain
///
/// Return Value: the connection, without a reference of its own: it is valid while the domain is.
/// Or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN.
///
/// Since 0.3.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetConnect(dom: virDomainPtr) -> virConnectPtr {
    entry("virDomainGetConnect", |call| {
        call.object::<Domain>(dom)?;
        Ok(call.connection(dom)?.handle())
    })
}

/// Returns a domain's name.
///
/// @domain: the domain
///
/// Return Value: the name, which is valid while the domain is, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetName(domain: virDomainPtr) -> *const c_char {
    entry("virDomainGetName", |call| Ok(call.object::<Domain>(domain)?.c_name().as_ptr()))
}

/// Tells a domain's number, which it has while it is active.
///
/// @domain: the domain
///
/// Return Value: the number, or -1 as an unsigned number, also for an inactive domain: then there
/// is no error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetID(domain: virDomainPtr) -> c_uint {
    let id: c_int =
        entry("virDomainGetID", |call| Ok(call.object::<Domain>(domain)?.id()?.unwrap_or(-1)));
    id as c_uint
}

/// Tells a domain's UUID.
///
/// @domain: the domain
/// @uuid: where to store VIR_UUID_BUFLEN bytes
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @uuid is NULL.
///
/// Since 0.0.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetUUID(domain: virDomainPtr, uuid: *mut c_uchar) -> c_int {
    entry("virDomainGetUUID", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(uuid, DOMAIN, "uuid")?;
        // SAFETY: checked for NULL; the caller's 16 bytes.
        unsafe { uuid.cast::<[u8; 16]>().write(domain.uuid().into_bytes()) };
        Ok(0)
    })
}

/// Tells a domain's UUID as a string.
///
/// @domain: the domain
/// @buf: where to store VIR_UUID_STRING_BUFLEN bytes
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @buf is NULL.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetUUIDString(domain: virDomainPtr, buf: *mut c_char) -> c_int {
    entry("virDomainGetUUIDString", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(buf, DOMAIN, "buf")?;
        let mut text = [0; crate::host::VIR_UUID_STRING_BUFLEN];
        domain.uuid().hyphenated().encode_lower(&mut text);
        // SAFETY: checked for NULL; the caller's 37 bytes.
        unsafe { buf.cast::<[u8; crate::host::VIR_UUID_STRING_BUFLEN]>().write(text) };
        Ok(0)
    })
}

/// Tells the type of system that a domain is defined for.
///
/// @domain: the domain
///
/// Return Value: the type, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetOSType(domain: virDomainPtr) -> *mut c_char {
    entry("virDomainGetOSType", |call| strings::to_c(&call.object::<Domain>(domain)?.os_type()?))
}

/// Tells how much memory a domain is defined to have at most.
///
/// @domain: the domain
///
/// Return Value: KiB, or 0.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetMaxMemory(domain: virDomainPtr) -> c_ulong {
    entry("virDomainGetMaxMemory", |call| {
        Ok(call.object::<Domain>(domain)?.info()?.max_memory as c_ulong)
    })
}

/// Tells the state of a domain, and what its definition says of memory and CPUs.
///
/// @domain: the domain
/// @info: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetInfo(domain: virDomainPtr, info: virDomainInfoPtr) -> c_int {
    entry("virDomainGetInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(info, DOMAIN, "info")?;
        let now = domain.info()?;
        let record = virDomainInfo {
            state: now.state as c_uchar,
            maxMem: now.max_memory as c_ulong,
            memory: now.memory as c_ulong,
            nrVirtCpu: now.vcpus,
            cpuTime: 0,
        };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(record) };
        Ok(0)
    })
}

/// Tells the state of a domain, and why it is in it.
///
/// @domain: the domain
/// @state: where to store a virDomainState
/// @reason: where to store a reason of the type that belongs to the state; NULL if it is not wanted
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @state is NULL or for flags;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetState(
    domain: virDomainPtr,
    state: *mut c_int,
    reason: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetState", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(state, DOMAIN, "state")?;
        call.no_flags(flags, DOMAIN)?;
        let now = domain.condition()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { state.write(now.state as c_int) };
        if !reason.is_null() {
            // SAFETY: as above.
            unsafe { reason.write(now.reason) };
        }
        Ok(0)
    })
}

/// Describes a domain. While it runs, and its disks are served, each `disk` has an element `export`
/// of the namespace `urn:virsparse:domain:1` whose attribute `uri` tells where.
///
/// @domain: the domain
/// @flags: virDomainXMLFlags
///
/// Return Value: XML that the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_DENIED
/// for VIR_DOMAIN_XML_SECURE and VIR_DOMAIN_XML_MIGRATABLE on a read-only connection;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetXMLDesc(domain: virDomainPtr, flags: c_uint) -> *mut c_char {
    entry("virDomainGetXMLDesc", |call| {
        let domain = call.object::<Domain>(domain)?;
        strings::to_c(&domain.xml(call.flags::<XmlFlags>(flags, DOMAIN)?)?)
    })
}

/// Tells whether a domain is active: running or paused.
///
/// @dom: the domain
///
/// Return Value: 1 or 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainIsActive(dom: virDomainPtr) -> c_int {
    entry("virDomainIsActive", |call| Ok(call.object::<Domain>(dom)?.is_active()?.into()))
}

/// Tells whether a domain is still known when it has stopped.
///
/// @dom: the domain
///
/// Return Value: 1 or 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainIsPersistent(dom: virDomainPtr) -> c_int {
    entry("virDomainIsPersistent", |call| Ok(call.object::<Domain>(dom)?.is_persistent()?.into()))
}

/// Tells whether the definition of an active domain has been changed since it was started.
///
/// @dom: the domain
///
/// Return Value: 1 or 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
///
/// Since 0.8.6.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainIsUpdated(dom: virDomainPtr) -> c_int {
    entry("virDomainIsUpdated", |call| Ok(call.object::<Domain>(dom)?.is_updated()?.into()))
}

/// Tells whether a domain is marked to start by itself. Domains that are held by processes of their own
/// (sparse:///session, sparse:///system, and ?hold=process) do so when the first connection is opened after the
/// start of the machine that is not read-only; virsparse-autostart.service opens one. Elsewhere the mark is
/// only kept.
///
/// @domain: the domain
/// @autostart: where to store 1 or 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @autostart is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetAutostart(
    domain: virDomainPtr,
    autostart: *mut c_int,
) -> c_int {
    entry("virDomainGetAutostart", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(autostart, DOMAIN, "autostart")?;
        let starts = domain.autostart()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { autostart.write(starts.into()) };
        Ok(0)
    })
}

/// Tells whether a domain is marked to start by itself the next time, as virDomainGetAutostart describes it, and
/// not again.
///
/// @domain: the domain
/// @autostart: where to store 1 or 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @autostart is NULL; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_NO_SUPPORT on test:///.
///
/// Since 11.2.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetAutostartOnce(
    domain: virDomainPtr,
    autostart: *mut c_int,
) -> c_int {
    entry("virDomainGetAutostartOnce", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(autostart, DOMAIN, "autostart")?;
        let starts = domain.autostart_once()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { autostart.write(starts.into()) };
        Ok(0)
    })
}
