//! `libvirt-domain.h`, fifth part: events.

use std::ffi::{CString, c_int, c_void};
use std::sync::Arc;

use crate::call::{Call, entry};
use crate::callback::call_c;
use crate::domain::event_callbacks::{
    virConnectDomainEventCallback, virConnectDomainEventGenericCallback,
};
use crate::domain::object::virDomainPtr;
use crate::handle;
use crate::host::virConnectPtr;
use crate::opaque::Opaque;
use crate::typed_array::with_array;
use crate::typed_params::virFreeCallback;
use virsparse_core::domain::{Domain, events};
use virsparse_core::driver::Connect;
use virsparse_core::error::*;
use virsparse_core::event::broker::{Event, Interest, ObjectKind, Payload, Setting};
use virsparse_core::typed_params::Value;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// Any callback for domain events.
type Function = unsafe extern "C" fn(virConnectPtr, virDomainPtr, *mut c_void);

/// A caller's callback. Its connection lives as long as it does.
struct DomainCallback {
    function: Function,
    opaque: Arc<Opaque>,
    connection: handle::Link,
}

/// Calls the caller's function as one with these parameters between the domain and the pointer.
macro_rules! call_with {
    ($callback:expr, $conn:expr, $dom:expr $(, $value:expr)*) => {{
        call_c!($callback.function, $conn, $dom, $($value,)* $callback.opaque.pointer());
    }};
}

impl DomainCallback {
    fn run(&self, event: &Event) {
        let conn = self.connection.handle();
        let Some(connect) = handle::resolve::<Connect>(conn) else { return };
        let domain = Domain::of_event(connect.domains(), event);
        let Ok(dom) = handle::publish(domain, Some(self.connection.clone()), None) else { return };
        // SAFETY: the caller registered a function of the type that belongs to the event's id, with its data.
        // Events have what belongs to their id, also those that come out of a file (event::ids).
        unsafe { self.call(conn, dom, event) };
        handle::release::<Domain>(dom);
    }

    /// # Safety
    /// The function is of the type that belongs to the event's id.
    unsafe fn call(&self, conn: virConnectPtr, dom: virDomainPtr, event: &Event) {
        // Texts with a NUL inside do not come out of XML, nor out of the names of files, and not out of the
        // journal (event::ids).
        let text = |text: &str| CString::new(text).unwrap_or_default();
        // SAFETY: the caller's promise.
        unsafe {
            match &event.payload {
                Payload::Lifecycle { event, detail } => {
                    call_with!(self, conn, dom, *event, *detail);
                }
                Payload::IoError { path, alias, action, reason } => {
                    let (path, alias, reason) = (text(path), text(alias), text(reason));
                    let (path, alias) = (path.as_ptr(), alias.as_ptr());
                    if event.id == events::IO_ERROR {
                        call_with!(self, conn, dom, path, alias, *action);
                    } else {
                        call_with!(self, conn, dom, path, alias, *action, reason.as_ptr());
                    }
                }
                Payload::BlockJob { disk, job, status } => {
                    let disk = text(disk);
                    call_with!(self, conn, dom, disk.as_ptr(), *job, *status);
                }
                Payload::Device { alias } => {
                    let alias = text(alias);
                    call_with!(self, conn, dom, alias.as_ptr());
                }
                Payload::Metadata { kind, uri } => {
                    let uri = uri.as_deref().map(text);
                    let uri = uri.as_ref().map_or(std::ptr::null(), |uri| uri.as_ptr());
                    call_with!(self, conn, dom, *kind, uri);
                }
                Payload::Threshold { device, path, threshold, excess } => {
                    let device = text(device);
                    let path = path.as_deref().map(text);
                    let path = path.as_ref().map_or(std::ptr::null(), |path| path.as_ptr());
                    call_with!(self, conn, dom, device.as_ptr(), path, *threshold, *excess);
                }
                Payload::Tunable { parameters } => {
                    // SAFETY: a function of that type, which does not keep the array.
                    let call = |params, nparams| call_with!(self, conn, dom, params, nparams);
                    let value = |setting: &Setting| match setting {
                        Setting::Number(number) => Value::ULLong(*number),
                        Setting::Text(string) => Value::String(text(string)),
                    };
                    let values: Vec<_> = parameters
                        .iter()
                        .map(|(name, given)| (name.as_str(), value(given)))
                        .collect();
                    if let Err(error) = with_array(&values, call) {
                        log::error!("an event is not delivered: {error}");
                    }
                }
                Payload::Refresh => call_with!(self, conn, dom),
            }
        }
    }
}

fn register(
    call: &Call,
    conn: virConnectPtr,
    interest: Interest,
    function: Function,
    opaque: *mut c_void,
    free: virFreeCallback,
) -> Result<c_int> {
    let connect = call.connect_in(conn, DOMAIN)?;
    let opaque = Opaque::new(opaque);
    let connection = call.connection(conn)?;
    let callback = DomainCallback { function, opaque: opaque.clone(), connection };
    let callback = Arc::new(move |event: &Event| callback.run(event));
    connect.subscribe(interest, callback, move || opaque.own(free))
}

/// Registers a callback for the lives of domains: virConnectDomainEventRegisterAny does the same
/// for all kinds of events. It runs on the event loop's thread, which must be registered before:
/// virEventRegisterDefaultImpl.
///
/// @conn: the connection, which is kept open for the callback
/// @cb: the callback
/// @opaque: passed to @cb
/// @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
/// be NULL. Not called if this function fails
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL or registered already;
/// VIR_ERR_INTERNAL_ERROR if there is no event loop.
///
/// Since 0.5.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectDomainEventRegister(
    conn: virConnectPtr,
    cb: virConnectDomainEventCallback,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    entry("virConnectDomainEventRegister", |call| {
        call.connect_in(conn, DOMAIN)?;
        let function = cb.ok_or_else(|| call.invalid_argument(DOMAIN, "cb", "not be NULL"))?;
        let interest = Interest {
            kind: ObjectKind::Domain,
            id: events::LIFECYCLE,
            object: None,
            function: function as usize,
            legacy: true,
        };
        // SAFETY: function pointers are alike, and it is called as what it is.
        let function: Function = unsafe { std::mem::transmute(function) };
        register(call, conn, interest, function, opaque, freecb)?;
        Ok(0)
    })
}

/// Takes back a callback that was registered with virConnectDomainEventRegister.
///
/// @conn: the connection
/// @cb: the callback
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL or not registered.
///
/// Since 0.5.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectDomainEventDeregister(
    conn: virConnectPtr,
    cb: virConnectDomainEventCallback,
) -> c_int {
    entry("virConnectDomainEventDeregister", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        let function = cb.ok_or_else(|| call.invalid_argument(DOMAIN, "cb", "not be NULL"))?;
        connect.events().unsubscribe_function(ObjectKind::Domain, function as usize)?;
        Ok(0)
    })
}

/// Registers a callback for events of domains. It runs on the event loop's thread, which must be
/// registered before: virEventRegisterDefaultImpl.
///
/// @conn: the connection, which is kept open for the callback
/// @dom: the domain whose events are wanted; NULL for those of all
/// @eventID: which events, a virDomainEventID
/// @cb: the callback, of the type that belongs to @eventID, cast with VIR_DOMAIN_EVENT_CALLBACK
/// @opaque: passed to @cb
/// @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
/// be NULL. Not called if this function fails
///
/// Return Value: the callback's id, which virConnectDomainEventDeregisterAny takes, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cb is NULL,
/// @eventID unknown, @dom another connection's, or the callback registered already;
/// VIR_ERR_INTERNAL_ERROR if there is no event loop.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectDomainEventRegisterAny(
    conn: virConnectPtr,
    dom: virDomainPtr,
    eventID: c_int,
    cb: virConnectDomainEventGenericCallback,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    entry("virConnectDomainEventRegisterAny", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        let object = if dom.is_null() { None } else { Some(call.object::<Domain>(dom)?) };
        if let Some(object) = &object
            && !object.connect().is(&connect)
        {
            let text =
                format!("domain '{}' in {} must match connection", object.name(), call.function);
            return Err(Error::argument(DOMAIN, "dom", text));
        }
        let function = cb.ok_or_else(|| call.invalid_argument(DOMAIN, "cb", "not be NULL"))?;
        if call.non_negative(eventID, DOMAIN, "eventID")? >= events::IDS {
            return Err(call.invalid_argument(
                DOMAIN,
                "eventID",
                &format!("be less than {}", events::IDS),
            ));
        }
        let interest = Interest {
            kind: ObjectKind::Domain,
            id: eventID,
            object: object.map(|domain| domain.uuid()),
            function: function as usize,
            legacy: false,
        };
        register(call, conn, interest, function, opaque, freecb)
    })
}

/// Takes a callback for events of domains back.
///
/// @conn: the connection
/// @callbackID: what virConnectDomainEventRegisterAny returned
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if there is no such callback.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectDomainEventDeregisterAny(
    conn: virConnectPtr,
    callbackID: c_int,
) -> c_int {
    entry("virConnectDomainEventDeregisterAny", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        call.non_negative(callbackID, DOMAIN, "callbackID")?;
        connect.events().unsubscribe(ObjectKind::Domain, callbackID)?;
        Ok(0)
    })
}
