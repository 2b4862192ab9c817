//! `libvirt-storage.h`: the events of pools.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use super::pool::virStoragePoolPtr;
use crate::call::entry;
use crate::callback::call_c;
use crate::handle;
use crate::host::virConnectPtr;
use crate::opaque::Opaque;
use crate::typed_params::virFreeCallback;
use virsparse_core::driver::Connect;
use virsparse_core::error::*;
use virsparse_core::event::broker::{Event, Interest, ObjectKind, Payload};
use virsparse_core::storage::Pool;

/// Any callback for pool events: VIR_STORAGE_POOL_EVENT_CALLBACK casts to it. It is also the type
/// of the callback for VIR_STORAGE_POOL_EVENT_ID_REFRESH. `pool` is only valid during the call.
pub type virConnectStoragePoolEventGenericCallback =
    Option<unsafe extern "C" fn(conn: virConnectPtr, pool: virStoragePoolPtr, opaque: *mut c_void)>;

/// The callback for VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE: `event` is a
/// virStoragePoolEventLifecycleType, `detail` is 0. `pool` is only valid during the call.
pub type virConnectStoragePoolEventLifecycleCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        pool: virStoragePoolPtr,
        event: c_int,
        detail: c_int,
        opaque: *mut c_void,
    ),
>;

const STORAGE: virErrorDomain = VIR_FROM_STORAGE;

/// A caller's callback for pool events. Its connection lives as long as it does.
struct PoolCallback {
    function: unsafe extern "C" fn(virConnectPtr, virStoragePoolPtr, *mut c_void),
    opaque: Arc<Opaque>,
    connection: handle::Link,
}

impl PoolCallback {
    fn run(&self, event: &Event) {
        let conn = self.connection.handle();
        let Some(connect) = handle::resolve::<Connect>(conn) else { return };
        let pool = Pool::of_event(connect.storage(), event);
        let Ok(pool) = handle::publish(pool, Some(self.connection.clone()), None) else { return };
        let opaque = self.opaque.pointer();
        // SAFETY: the caller registered a function of the type that belongs to the event's id, with its data.
        // Events have what belongs to their id, also those that come out of a file (event::ids).
        unsafe {
            match event.payload {
                Payload::Lifecycle { event, detail } => {
                    call_c!(self.function, conn, pool, event, detail, opaque);
                }
                _ => {
                    call_c!(self.function, conn, pool, opaque);
                }
            }
        }
        handle::release::<Pool>(pool);
    }
}

/// Registers a callback for events of pools. It runs on the event loop's thread, which must be
/// registered before: virEventRegisterDefaultImpl.
///
/// @conn: the connection, which is kept open for the callback
/// @pool: the pool whose events are wanted; NULL for those of all
/// @eventID: which events, a virStoragePoolEventID
/// @cb: the callback, of the type that belongs to @eventID, cast with
/// VIR_STORAGE_POOL_EVENT_CALLBACK
/// @opaque: passed to @cb
/// @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
/// be NULL. Not called if this function fails
///
/// Return Value: the callback's id, which virConnectStoragePoolEventDeregisterAny takes, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @cb is NULL,
/// @eventID unknown, @pool another connection's, or the callback registered already;
/// VIR_ERR_INTERNAL_ERROR if there is no event loop.
///
/// Since 2.0.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectStoragePoolEventRegisterAny(
    conn: virConnectPtr,
    pool: virStoragePoolPtr,
    eventID: c_int,
    cb: virConnectStoragePoolEventGenericCallback,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    entry("virConnectStoragePoolEventRegisterAny", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        let object = if pool.is_null() { None } else { Some(call.object::<Pool>(pool)?) };
        if let Some(object) = &object
            && !object.connect().is(&connect)
        {
            let text =
                format!("pool '{}' in {} must match connection", object.name(), call.function);
            return Err(Error::argument(STORAGE, "pool", text));
        }
        let function = cb.ok_or_else(|| call.invalid_argument(STORAGE, "cb", "not be NULL"))?;
        if call.non_negative(eventID, STORAGE, "eventID")? >= 2 {
            return Err(call.invalid_argument(STORAGE, "eventID", "be less than 2"));
        }
        let interest = Interest {
            kind: ObjectKind::Pool,
            id: eventID,
            object: object.map(|pool| pool.uuid()),
            function: function as usize,
            legacy: false,
        };
        let opaque = Opaque::new(opaque);
        let callback =
            PoolCallback { function, opaque: opaque.clone(), connection: call.connection(conn)? };
        let callback = Arc::new(move |event: &Event| callback.run(event));
        let id = connect.subscribe(interest, callback, move || opaque.own(freecb))?;
        Ok(id)
    })
}

/// Takes a callback for events of pools back.
///
/// @conn: the connection
/// @callbackID: what virConnectStoragePoolEventRegisterAny returned
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if there is no such callback.
///
/// Since 2.0.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectStoragePoolEventDeregisterAny(
    conn: virConnectPtr,
    callbackID: c_int,
) -> c_int {
    entry("virConnectStoragePoolEventDeregisterAny", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        call.non_negative(callbackID, STORAGE, "callbackID")?;
        connect.events().unsubscribe(ObjectKind::Pool, callbackID)?;
        Ok(0)
    })
}
