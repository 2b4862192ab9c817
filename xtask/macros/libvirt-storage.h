/**
 * Casts the callback of any kind of event to the type that
 * virConnectStoragePoolEventRegisterAny takes.
 *
 * Since 2.0.0.
 */
/* By way of the one function type whose casts compilers do not warn of. */
#define VIR_STORAGE_POOL_EVENT_CALLBACK(cb) \
    ((virConnectStoragePoolEventGenericCallback)(void (*)(void))(cb))
