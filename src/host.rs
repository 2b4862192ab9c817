//! `libvirt-host.h`: connections.

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

use crate::auth::{User, virConnectAuthPtr};
use crate::call::{Call, entry};
use crate::handle::{self, Cell, Released};
use crate::opaque::Opaque;
use crate::real_libvirt;
use crate::strings;
use crate::typed_params::virFreeCallback;
use virsparse_core::driver::{Connect, Credentials, Opening};
use virsparse_core::error::*;
use virsparse_core::host::Asked;
use virsparse_core::logging;
use virsparse_core::session::CloseCallback;

/// A connection: what a URI names, opened with the rights to change it or without.
pub type virConnectPtr = *mut Cell;

/// How a connection is opened. Since 0.4.1.
#[repr(C)]
pub enum virConnectFlags {
    /// Nothing can be changed through it. Since 0.4.1.
    VIR_CONNECT_RO = 1 << 0,
    /// The URI is opened as it is, whatever VIRSPARSE_URI_ALIASES says. Since 0.9.7.
    VIR_CONNECT_NO_ALIASES = 1 << 1,
}

/// The version of libvirt whose interface this is: the header's LIBVIR_VERSION_NUMBER.
const INTERFACE: c_ulong = match c_ulong::from_str_radix(env!("LIBVIRT_VERSION_NUMBER"), 10) {
    Ok(number) => number,
    Err(_) => panic!("the build script gives a number"),
};

/// The length of a UUID in bytes.
pub const VIR_UUID_BUFLEN: usize = 16;
/// The length of a UUID as a string, with its NUL.
pub const VIR_UUID_STRING_BUFLEN: usize = 37;

/// Runs when a connection is closed by something other than its user: `reason` is a
/// virConnectCloseReason.
pub type virConnectCloseFunc =
    Option<unsafe extern "C" fn(conn: virConnectPtr, reason: c_int, opaque: *mut c_void)>;

/// Prepares the library for use. Every other function does so by itself.
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_OPERATION_INVALID if it is called by another libvirt in the process, whose functions the
/// program has found by dlsym behind LD_PRELOAD: then the message says what to set instead.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virInitialize() -> c_int {
    logging::init();
    entry("virInitialize", |_| {
        real_libvirt::look_again();
        real_libvirt::refuse_half()
    })
}

/// Tells the version of libvirt whose interface this is, as 1,000,000 * major + 1,000 * minor +
/// release.
///
/// @libVer: where to store it
/// @type: ignored
/// @typeVer: where to store it once more, or NULL
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INTERNAL_ERROR if @libVer is NULL.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virGetVersion(
    libVer: *mut c_ulong,
    r#type: *const c_char,
    typeVer: *mut c_ulong,
) -> c_int {
    let _ = r#type;
    entry("virGetVersion", |_| {
        if libVer.is_null() {
            // As released libvirt reports it.
            let text = "An error occurred, but the cause is unknown";
            return Err(Error { message: text.into(), ..Error::internal(VIR_FROM_NONE, text) });
        }
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { libVer.write(INTERFACE) };
        if !typeVer.is_null() {
            // SAFETY: as above.
            unsafe { typeVer.write(INTERFACE) };
        }
        Ok(0)
    })
}

/// Opens a connection and makes its handle.
///
/// # Safety
/// `name` is NULL or a NUL-terminated string.
unsafe fn open(call: &Call, name: *const c_char, opening: Opening<'_>) -> Result<virConnectPtr> {
    real_libvirt::look_again();
    // SAFETY: the caller's promise.
    let name = unsafe { call.optional_string(name, VIR_FROM_NONE, "name")? }.unwrap_or_default();
    logging::init();
    handle::publish(Connect::open_with(&name, opening)?, None, None)
}

/// Opens a connection.
///
/// `sparse:///embed?root=DIR` is everything under the folder DIR, which is made on first use;
/// `sparse:///session` and `sparse:///system` are the same under the user's and the system's state
/// folder; `test:///default` is in memory and shared by the process's connections to it;
/// `test:///path/to/file.xml` is in memory, too, with what the file describes, and each connection has
/// its own.
///
/// What is done to volumes is on stable storage when the call returns. A `sparse:` URI with `sync=no`
/// (`sparse:///session?sync=no`, `sparse:///embed?root=DIR&sync=no`) leaves that to the system, as the
/// environment variable VIRSPARSE_SYNC=no does for connections whose URI says neither `sync=no` nor
/// `sync=yes`. Definitions and block jobs are brought to stable storage in any case.
///
/// Other names of such URIs can be said, for programs whose URI cannot be chosen: in the environment
/// variable VIRSPARSE_URI_ALIASES, as `NAME=URI` with white space between several
/// (`qemu:///session=sparse:///session`), or if that is not set in the same way in the file
/// `virsparse/uri-aliases` below `$XDG_CONFIG_HOME`, else `~/.config`. A name stands for itself only.
/// What is opened by such a name is told in the log, and by virConnectGetURI. Programs with rights that
/// their user does not have (setuid) know no such names.
///
/// @name: the URI; NULL or an empty string for the environment variable LIBVIRT_DEFAULT_URI, else
/// `sparse:///session`
///
/// Return Value: the connection, to be released with virConnectClose, or NULL.
///
/// Threads: a connection may be used from several threads.
///
/// Errors: VIR_ERR_NO_CONNECT if nothing handles the URI; VIR_ERR_INTERNAL_ERROR if it is
/// malformed; VIR_ERR_CONF_SYNTAX if the other names of URIs cannot be understood;
/// VIR_ERR_INVALID_ARG for `test:///` without a path; VIR_ERR_SYSTEM_ERROR if the folder
/// cannot be used; VIR_ERR_XML_ERROR and VIR_ERR_XML_DETAIL for a file that cannot be read, and the
/// errors of virStoragePoolDefineXML, virStorageVolCreateXML and virDomainDefineXML for what it
/// describes.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectOpen(name: *const c_char) -> virConnectPtr {
    // SAFETY: the caller's promise.
    entry("virConnectOpen", |call| unsafe { open(call, name, Opening::default()) })
}

/// Opens a connection through which nothing can be changed: functions that would fail with
/// VIR_ERR_OPERATION_DENIED.
///
/// @name: the URI, as for virConnectOpen
///
/// Return Value: the connection, to be released with virConnectClose, or NULL.
///
/// Errors: as virConnectOpen.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectOpenReadOnly(name: *const c_char) -> virConnectPtr {
    let opening = Opening { read_only: true, ..Opening::default() };
    // SAFETY: the caller's promise.
    entry("virConnectOpenReadOnly", |call| unsafe { open(call, name, opening) })
}

bitflags::bitflags! {
    struct OpenFlags: u32 {
        const READ_ONLY = virConnectFlags::VIR_CONNECT_RO as u32;
        const NO_ALIASES = virConnectFlags::VIR_CONNECT_NO_ALIASES as u32;
    }
}

/// Opens a connection, as virConnectOpen does.
///
/// @name: the URI, as for virConnectOpen
/// @auth: who asks the user; may be NULL. Only a file of test:/// can name users, who are asked for
/// VIR_CRED_AUTHNAME and then VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT
/// @flags: virConnectFlags
///
/// Return Value: the connection, to be released with virConnectClose, or NULL.
///
/// Errors: as virConnectOpen; VIR_ERR_INVALID_ARG for unknown flags, or without @auth where there are
/// users; VIR_ERR_AUTH_FAILED if @auth cannot ask for what is needed, or the answers are wrong.
///
/// Since 0.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectOpenAuth(
    name: *const c_char,
    auth: virConnectAuthPtr,
    flags: c_uint,
) -> virConnectPtr {
    entry("virConnectOpenAuth", |call| {
        let flags: OpenFlags = call.flags(flags, VIR_FROM_NONE)?;
        // SAFETY: the caller's promise.
        let user = unsafe { User::of(auth) };
        let opening = Opening {
            read_only: flags.contains(OpenFlags::READ_ONLY),
            literally: flags.contains(OpenFlags::NO_ALIASES),
            credentials: user.as_ref().map(|user| user as &dyn Credentials),
        };
        // SAFETY: the caller's promise.
        unsafe { open(call, name, opening) }
    })
}

/// Releases a reference to a connection. It is closed with the last one: objects of the connection
/// and registered callbacks hold references too.
///
/// @conn: the connection
///
/// Return Value: 0 if it is closed, 1 if references remain, -1 on error.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR if it is closed, and a domain that ended with it
/// has lost what its guests had written: its disks could not be brought to stable storage.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectClose(conn: virConnectPtr) -> c_int {
    entry("virConnectClose", |call| match handle::release::<Connect>(conn) {
        Some(Released::Kept) => Ok(1),
        Some(Released::Gone(closed)) => closed.map(|()| 0),
        None => Err(Error { domain: VIR_FROM_NONE, ..call.invalid::<Connect>(conn) }),
    })
}

/// Adds a reference to a connection: it takes one more virConnectClose to close it.
///
/// @conn: the connection
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.6.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectRef(conn: virConnectPtr) -> c_int {
    entry("virConnectRef", |call| call.retain::<Connect>(conn))
}

/// Returns the URI that a connection was opened with: where that was another name of one
/// (virConnectOpen), the URI.
///
/// @conn: the connection
///
/// Return Value: a string that the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.3.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetURI(conn: virConnectPtr) -> *mut c_char {
    entry("virConnectGetURI", |call| strings::to_c(call.object::<Connect>(conn)?.uri()))
}

/// Returns what kind of connection it is.
///
/// @conn: the connection
///
/// Return Value: "SPARSE" or "TEST", which the caller must not free, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetType(conn: virConnectPtr) -> *const c_char {
    entry("virConnectGetType", |call| {
        Ok(call.object::<Connect>(conn)?.driver().type_name().as_ptr())
    })
}

/// Tells the version of what is behind a connection: this library's own, as 1,000,000 * major +
/// 1,000 * minor + release; behind `test:///` it is 2, as with libvirt.
///
/// @conn: the connection
/// @hvVer: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @hvVer is NULL.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectGetVersion(conn: virConnectPtr, hvVer: *mut c_ulong) -> c_int {
    entry("virConnectGetVersion", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.non_null(hvVer, VIR_FROM_DOMAIN, "hvVer")?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { hvVer.write(connect.driver().version()) };
        Ok(0)
    })
}

/// Tells the version of libvirt whose interface the other end has: this library's.
///
/// @conn: the connection
/// @libVer: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @libVer is NULL.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectGetLibVersion(
    conn: virConnectPtr,
    libVer: *mut c_ulong,
) -> c_int {
    entry("virConnectGetLibVersion", |call| {
        call.object::<Connect>(conn)?;
        call.non_null(libVer, VIR_FROM_DOMAIN, "libVer")?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { libVer.write(INTERFACE) };
        Ok(0)
    })
}

/// Returns the name of the machine: everything happens on this one.
///
/// @conn: the connection
///
/// Return Value: a string that the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.3.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetHostname(conn: virConnectPtr) -> *mut c_char {
    entry("virConnectGetHostname", |call| {
        strings::to_c(&call.object::<Connect>(conn)?.host().name()?)
    })
}

/// Describes what the machine and the connection can do.
///
/// @conn: the connection
///
/// Return Value: XML with the root element `capabilities`, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetCapabilities(conn: virConnectPtr) -> *mut c_char {
    entry("virConnectGetCapabilities", |call| {
        strings::to_c(&call.object::<Connect>(conn)?.host().capabilities().to_xml())
    })
}

/// Describes what domains of one kind can have: disks, and nothing else that does something, because
/// nothing is executed.
///
/// @conn: the connection
/// @emulatorbin: the program that would run them, which is shown and not looked at, or NULL
/// @arch: their architecture; NULL for that of the machine
/// @machine: the type of their machine, which is shown, or NULL
/// @virttype: what they are said to be run by: "qemu", "kvm" or "test"; NULL for "kvm". On a connection
/// to `test:///` it is "test"
/// @flags: 0
///
/// Return Value: XML with the root element `domainCapabilities`, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for unknown flags, an unknown @arch, or a @virttype that is unknown or that
/// there is none of; VIR_ERR_CONFIG_UNSUPPORTED for an @arch that there is none of.
///
/// Since 1.2.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectGetDomainCapabilities(
    conn: virConnectPtr,
    emulatorbin: *const c_char,
    arch: *const c_char,
    machine: *const c_char,
    virttype: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    entry("virConnectGetDomainCapabilities", |call| {
        let connect = call.connect_in(conn, VIR_FROM_DOMAIN)?;
        call.writable(&connect, VIR_FROM_DOMAIN)?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        // SAFETY: the caller's promise.
        let text =
            |text, argument| unsafe { call.optional_string(text, VIR_FROM_DOMAIN, argument) };
        let emulator = text(emulatorbin, "emulatorbin")?;
        let (arch, machine) = (text(arch, "arch")?, text(machine, "machine")?);
        let kind = text(virttype, "virttype")?;
        let asked = Asked {
            emulator: emulator.as_deref(),
            arch: arch.as_deref(),
            machine: machine.as_deref(),
            kind: kind.as_deref(),
        };
        strings::to_c(&connect.host().domain_capabilities(asked)?.to_xml())
    })
}

/// Tells whether a connection is still there. There is no transport that could break.
///
/// @conn: the connection
///
/// Return Value: 1, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.9.8.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectIsAlive(conn: virConnectPtr) -> c_int {
    entry("virConnectIsAlive", |call| call.object::<Connect>(conn).map(|_| 1))
}

/// Tells whether a connection is encrypted. Nothing is sent, so nothing is.
///
/// @conn: the connection
///
/// Return Value: 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectIsEncrypted(conn: virConnectPtr) -> c_int {
    entry("virConnectIsEncrypted", |call| call.object::<Connect>(conn).map(|_| 0))
}

/// Tells whether a connection cannot be read by others. It does not leave the process.
///
/// @conn: the connection
///
/// Return Value: 1, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectIsSecure(conn: virConnectPtr) -> c_int {
    entry("virConnectIsSecure", |call| call.object::<Connect>(conn).map(|_| 1))
}

/// Asks for messages that keep a connection open. There is no transport, so there are none.
///
/// @conn: the connection
/// @interval: ignored
/// @count: ignored
///
/// Return Value: 1, which says that the other end has no such messages, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.9.8.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectSetKeepAlive(
    conn: virConnectPtr,
    interval: c_int,
    count: c_uint,
) -> c_int {
    let _ = (interval, count);
    entry("virConnectSetKeepAlive", |call| call.object::<Connect>(conn).map(|_| 1))
}

/// Registers a callback for the case that the connection breaks. It has no transport that could,
/// so the callback is kept and never run.
///
/// @conn: the connection, which holds a reference to itself for the callback
/// @cb: the callback
/// @opaque: passed to @cb
/// @freecb: releases @opaque when the callback is taken back; may be NULL
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL; VIR_ERR_OPERATION_INVALID if
/// there is a callback already.
///
/// Since 0.10.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectRegisterCloseCallback(
    conn: virConnectPtr,
    cb: virConnectCloseFunc,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    entry("virConnectRegisterCloseCallback", |call| {
        let connect = call.object::<Connect>(conn)?;
        let function =
            cb.ok_or_else(|| call.invalid_argument(VIR_FROM_DOMAIN, "cb", "not be NULL"))?;
        let opaque = Opaque::new(opaque);
        let owned = (opaque.clone(), call.connection(conn)?);
        connect.register_close_callback(CloseCallback {
            function: function as usize,
            owned: Box::new(owned),
        })?;
        opaque.own(freecb);
        Ok(0)
    })
}

/// Takes a close callback back.
///
/// @conn: the connection
/// @cb: the callback that was registered
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL; VIR_ERR_OPERATION_INVALID if
/// it is not registered.
///
/// Since 0.10.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectUnregisterCloseCallback(
    conn: virConnectPtr,
    cb: virConnectCloseFunc,
) -> c_int {
    entry("virConnectUnregisterCloseCallback", |call| {
        let connect = call.object::<Connect>(conn)?;
        let function =
            cb.ok_or_else(|| call.invalid_argument(VIR_FROM_DOMAIN, "cb", "not be NULL"))?;
        drop(connect.unregister_close_callback(function as usize)?);
        Ok(0)
    })
}
