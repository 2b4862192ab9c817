/**
 * Casts the callback of any kind of event to the type that
 * virConnectStoragePoolEventRegisterAny takes.
 *
 * Since 2.0.0.
 */
#define VIR_STORAGE_POOL_EVENT_CALLBACK(cb) ((virConnectStoragePoolEventGenericCallback)(cb))
