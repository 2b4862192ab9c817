//! Kinds of objects of which there are none here: networks, interfaces, devices of the machine, secrets
//! and network filters. A connection answers as that to a host without any: lists are empty, a lookup finds
//! nothing, and callbacks for events are kept and never run. What would make one refuses (`unsupported.rs`).
//!
//! No header of ours declares these functions, so a program that needs one is told so when it is compiled.

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use std::sync::Arc;

use uuid::Uuid;

use crate::call::{Call, entry};
use crate::handle::Cell;
use crate::opaque::Opaque;
use crate::strings;
use crate::typed_params::virFreeCallback;
use virsparse_core::error::*;
use virsparse_core::event::broker::{Event, Interest, ObjectKind};

/// A list of handles that the caller frees, or NULL where they are only to be counted.
type List = *mut *mut *mut Cell;

/// How many there are.
fn count(call: &Call, conn: *const Cell, domain: virErrorDomain) -> Result<c_int> {
    call.connect_in(conn, domain).map(|_| 0)
}

/// Their names. `argument` is the C name of `most`.
fn names(
    call: &Call,
    conn: *const Cell,
    domain: virErrorDomain,
    (names, array): (&str, *mut *mut c_char),
    (argument, most): (&str, c_int),
) -> Result<c_int> {
    call.connect_in(conn, domain)?;
    if most != 0 {
        call.non_null(array, domain, names)?;
    }
    call.non_negative(most, domain, argument)?;
    Ok(0)
}

/// All of them: `known` are the flags that say which.
///
/// # Safety
/// `list` is NULL or points at a pointer of the caller's.
unsafe fn all(
    call: &Call,
    conn: *const Cell,
    domain: virErrorDomain,
    list: List,
    (flags, known): (c_uint, c_uint),
) -> Result<c_int> {
    if !list.is_null() {
        // SAFETY: checked for NULL; the caller's memory. libvirt's is NULL after an error, too.
        unsafe { list.write(std::ptr::null_mut()) };
    }
    call.connect_in(conn, domain)?;
    refuse_unknown(call, domain, flags, known)?;
    if !list.is_null() {
        // SAFETY: as above.
        unsafe { list.write(strings::to_array(&[])?) };
    }
    Ok(0)
}

fn refuse_unknown(call: &Call, domain: virErrorDomain, flags: c_uint, known: c_uint) -> Result<()> {
    let unknown = flags & !known;
    if unknown == 0 {
        return Ok(());
    }
    let text = format!("unsupported flags (0x{unknown:x}) in function {}", call.function);
    Err(Error::argument(domain, "flags", text))
}

/// What a kind is called when one is not found: the code, its domain, and the words before a name.
struct Missing {
    domain: virErrorDomain,
    code: virErrorNumber,
    words: &'static str,
}

impl Missing {
    /// None is found by that.
    fn by(&self, what: &str, value: impl std::fmt::Display) -> Error {
        Error::new(self.code, self.domain, format!("{} {what} '{value}'", self.words))
    }

    /// # Safety
    /// `name` is NULL or a NUL-terminated string.
    unsafe fn by_name(
        &self,
        call: &Call,
        conn: *const Cell,
        (argument, what): (&str, &str),
        name: *const c_char,
    ) -> Error {
        let sought = || {
            call.connect_in(conn, self.domain)?;
            // SAFETY: the caller's promise.
            unsafe { call.lookup_key(name, self.domain, argument, |name| self.by(what, name)) }
        };
        sought().map_or_else(|error| error, |name| self.by(what, name))
    }

    /// # Safety
    /// `uuid` is NULL or points at 16 bytes.
    unsafe fn by_uuid(&self, call: &Call, conn: *const Cell, uuid: *const c_uchar) -> Error {
        let sought = || {
            call.connect_in(conn, self.domain)?;
            call.non_null(uuid, self.domain, "uuid")?;
            // SAFETY: checked for NULL; the caller's 16 bytes.
            Ok(Uuid::from_bytes(unsafe { uuid.cast::<[u8; 16]>().read() }))
        };
        sought().map_or_else(|error| error, |uuid| self.by("uuid", uuid))
    }

    /// # Safety
    /// `uuid` is NULL or a NUL-terminated string.
    unsafe fn by_uuid_string(&self, call: &Call, conn: *const Cell, uuid: *const c_char) -> Error {
        let sought = || {
            call.connect_in(conn, self.domain)?;
            // SAFETY: the caller's promise.
            let text = unsafe { call.string(uuid, self.domain, "uuidstr")? };
            virsparse_core::xml::parse_uuid(&text)
                .ok_or_else(|| call.invalid_argument(self.domain, "uuidstr", "be a valid UUID"))
        };
        sought().map_or_else(|error| error, |uuid| self.by("uuid", uuid))
    }
}

const NETWORK: Missing = Missing {
    domain: VIR_FROM_NETWORK,
    code: VIR_ERR_NO_NETWORK,
    words: "no network with matching",
};
const INTERFACE: Missing = Missing {
    domain: VIR_FROM_INTERFACE,
    code: VIR_ERR_NO_INTERFACE,
    words: "no interface with matching",
};
const DEVICE: Missing = Missing {
    domain: VIR_FROM_NODEDEV,
    code: VIR_ERR_NO_NODE_DEVICE,
    words: "no node device with matching",
};
const SECRET: Missing =
    Missing { domain: VIR_FROM_SECRET, code: VIR_ERR_NO_SECRET, words: "no secret with matching" };
const FILTER: Missing = Missing {
    domain: VIR_FROM_NWFILTER,
    code: VIR_ERR_NO_NWFILTER,
    words: "no nwfilter with matching",
};
const BINDING: Missing = Missing {
    domain: VIR_FROM_NWFILTER,
    code: VIR_ERR_NO_NWFILTER_BINDING,
    words: "no nwfilter binding for",
};

macro_rules! counts {
    ($(fn $name:ident: $kind:ident;)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(conn: *const Cell) -> c_int {
            entry(stringify!($name), |call| count(call, conn, $kind.domain))
        }
    )*};
}

counts! {
    fn virConnectNumOfNetworks: NETWORK;
    fn virConnectNumOfDefinedNetworks: NETWORK;
    fn virConnectNumOfInterfaces: INTERFACE;
    fn virConnectNumOfDefinedInterfaces: INTERFACE;
    fn virConnectNumOfSecrets: SECRET;
    fn virConnectNumOfNWFilters: FILTER;
}

macro_rules! lists_of_names {
    ($(fn $name:ident: $kind:ident, $array:literal, $most:literal;)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(conn: *const Cell, array: *mut *mut c_char, most: c_int) -> c_int {
            entry(stringify!($name), |call| {
                names(call, conn, $kind.domain, ($array, array), ($most, most))
            })
        }
    )*};
}

lists_of_names! {
    fn virConnectListNetworks: NETWORK, "names", "maxnames";
    fn virConnectListDefinedNetworks: NETWORK, "names", "maxnames";
    fn virConnectListInterfaces: INTERFACE, "names", "maxnames";
    fn virConnectListDefinedInterfaces: INTERFACE, "names", "maxnames";
    fn virConnectListSecrets: SECRET, "uuids", "maxuuids";
    fn virConnectListNWFilters: FILTER, "names", "maxnames";
}

/// Each with the flags that it knows.
macro_rules! lists {
    ($(fn $name:ident: $kind:ident, $known:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(conn: *const Cell, list: List, flags: c_uint) -> c_int {
            // SAFETY: the caller's promise.
            entry(stringify!($name), |call| unsafe {
                all(call, conn, $kind.domain, list, (flags, $known))
            })
        }
    )*};
}

lists! {
    fn virConnectListAllNetworks: NETWORK, 0x3f;
    fn virConnectListAllInterfaces: INTERFACE, 0x3;
    fn virConnectListAllNodeDevices: DEVICE, DEVICE_FLAGS;
    fn virConnectListAllSecrets: SECRET, 0xf;
    fn virConnectListAllNWFilters: FILTER, 0;
    fn virConnectListAllNWFilterBindings: BINDING, 0;
}

/// Each with the name of its argument, and what the error calls that.
macro_rules! lookups {
    ($(fn $name:ident: $kind:ident, $argument:literal, $what:literal;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(conn: *const Cell, name: *const c_char) -> *mut Cell {
            // SAFETY: the caller's promise.
            entry(stringify!($name), |call| unsafe {
                Err($kind.by_name(call, conn, ($argument, $what), name))
            })
        }
    )*};
}

lookups! {
    fn virNetworkLookupByName: NETWORK, "name", "name";
    fn virInterfaceLookupByName: INTERFACE, "name", "name";
    fn virInterfaceLookupByMACString: INTERFACE, "macstr", "mac";
    fn virNodeDeviceLookupByName: DEVICE, "name", "name";
    fn virNWFilterLookupByName: FILTER, "name", "name";
    fn virNWFilterBindingLookupByPortDev: BINDING, "portdev", "port dev";
}

/// Each pair by 16 bytes, and by a string.
macro_rules! lookups_by_uuid {
    ($(fn $name:ident; fn $by_string:ident: $kind:ident;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(conn: *const Cell, uuid: *const c_uchar) -> *mut Cell {
            // SAFETY: the caller's promise.
            entry(stringify!($name), |call| unsafe { Err($kind.by_uuid(call, conn, uuid)) })
        }

        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $by_string(conn: *const Cell, uuid: *const c_char) -> *mut Cell {
            // SAFETY: the caller's promise.
            entry(stringify!($by_string), |call| unsafe {
                Err($kind.by_uuid_string(call, conn, uuid))
            })
        }
    )*};
}

lookups_by_uuid! {
    fn virNetworkLookupByUUID; fn virNetworkLookupByUUIDString: NETWORK;
    fn virSecretLookupByUUID; fn virSecretLookupByUUIDString: SECRET;
    fn virNWFilterLookupByUUID; fn virNWFilterLookupByUUIDString: FILTER;
}

/// Which devices are listed: a bit for each of the capabilities, and for whether one is kept and there.
const DEVICE_FLAGS: c_uint = 0xff_ffff | 0xf << 28;

/// Functions that have arguments which others do not.
macro_rules! single {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*) -> $returns:ty = |$call:ident| $body:expr;
    )*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $returns {
            entry(stringify!($name), |$call| $body)
        }
    )*};
}

single! {
    fn virNodeNumOfDevices(conn: *const Cell, cap: *const c_char, flags: c_uint) -> c_int = |call| {
        let _ = cap;
        let none = count(call, conn, DEVICE.domain)?;
        call.no_flags(flags, DEVICE.domain)?;
        Ok(none)
    };
    fn virNodeListDevices(
        conn: *const Cell,
        cap: *const c_char,
        array: *mut *mut c_char,
        most: c_int,
        flags: c_uint
    ) -> c_int = |call| {
        let _ = cap;
        let none = names(call, conn, DEVICE.domain, ("names", array), ("maxnames", most))?;
        call.no_flags(flags, DEVICE.domain)?;
        Ok(none)
    };
    fn virNodeDeviceLookupSCSIHostByWWN(
        conn: *const Cell,
        wwnn: *const c_char,
        wwpn: *const c_char,
        flags: c_uint
    ) -> *mut Cell = |call| {
        call.connect_in(conn, DEVICE.domain)?;
        // SAFETY: the caller's promise.
        let (wwnn, wwpn) = unsafe {
            let wwnn = call.lookup_key(wwnn, DEVICE.domain, "wwnn", |wwnn| DEVICE.by("wwnn", wwnn))?;
            let wwpn = call.lookup_key(wwpn, DEVICE.domain, "wwpn", |wwpn| DEVICE.by("wwpn", wwpn))?;
            (wwnn, wwpn)
        };
        call.no_flags(flags, DEVICE.domain)?;
        Err(DEVICE.by("wwnn and wwpn", format!("{wwnn}:{wwpn}")))
    };
    fn virSecretLookupByUsage(
        conn: *const Cell,
        kind: c_int,
        usage: *const c_char
    ) -> *mut Cell = |call| {
        let _ = kind;
        // SAFETY: the caller's promise.
        Err(unsafe { SECRET.by_name(call, conn, ("usageID", "usage"), usage) })
    };
}

/// A callback for events of a kind of object. There is none to send any; what the caller registered is
/// kept until it is taken back.
type Function = Option<unsafe extern "C" fn(*const Cell, *const Cell, *mut c_void)>;

/// What such a registration is about: `object`, which no handle can be, and the event's number.
struct Wanted {
    kind: ObjectKind,
    invalid: virErrorNumber,
    domain: virErrorDomain,
    object: *const Cell,
    id: c_int,
}

/// How many kinds of events each of these kinds of objects has.
const EVENTS: usize = 2;

fn register(
    call: &Call,
    conn: *const Cell,
    wanted: Wanted,
    function: Function,
    (opaque, free): (*mut c_void, virFreeCallback),
) -> Result<c_int> {
    let Wanted { kind, invalid, domain, object, id } = wanted;
    let connect = call.connect_in(conn, domain)?;
    if !object.is_null() {
        return Err(Error::new(invalid, domain, call.function));
    }
    let function =
        function.ok_or_else(|| call.invalid_argument(domain, "cb", "not be NULL"))? as usize;
    if call.non_negative(id, domain, "eventID")? >= EVENTS {
        return Err(call.invalid_argument(domain, "eventID", &format!("be less than {EVENTS}")));
    }
    let opaque = Opaque::new(opaque);
    let owned = (opaque.clone(), call.connection(conn)?);
    let callback = Arc::new(move |_: &Event| {
        let _ = &owned;
    });
    let interest = Interest { kind, id, object: None, function, legacy: false };
    connect.subscribe(interest, callback, move || opaque.own(free))
}

macro_rules! events {
    ($(fn $register:ident; fn $deregister:ident: $kind:ident, $domain:ident, $invalid:ident;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $register(
            conn: *const Cell,
            object: *const Cell,
            id: c_int,
            function: Function,
            opaque: *mut c_void,
            free: virFreeCallback,
        ) -> c_int {
            entry(stringify!($register), |call| {
                let kind = ObjectKind::$kind;
                let wanted = Wanted { kind, invalid: $invalid, domain: $domain, object, id };
                register(call, conn, wanted, function, (opaque, free))
            })
        }

        #[unsafe(no_mangle)]
        pub extern "C" fn $deregister(conn: *const Cell, id: c_int) -> c_int {
            entry(stringify!($deregister), |call| {
                let connect = call.connect_in(conn, $domain)?;
                call.non_negative(id, $domain, "callbackID")?;
                connect.events().unsubscribe(ObjectKind::$kind, id)?;
                Ok(0)
            })
        }
    )*};
}

events! {
    fn virConnectNetworkEventRegisterAny; fn virConnectNetworkEventDeregisterAny:
        Network, VIR_FROM_NETWORK, VIR_ERR_INVALID_NETWORK;
    fn virConnectNodeDeviceEventRegisterAny; fn virConnectNodeDeviceEventDeregisterAny:
        Device, VIR_FROM_NODEDEV, VIR_ERR_INVALID_NODE_DEVICE;
    fn virConnectSecretEventRegisterAny; fn virConnectSecretEventDeregisterAny:
        Secret, VIR_FROM_SECRET, VIR_ERR_INVALID_SECRET;
}
