/**
 * Casts the callback of any kind of event to the type that virConnectDomainEventRegisterAny takes.
 *
 * Since 0.8.0.
 */
/* By way of the one function type whose casts compilers do not warn of. */
#define VIR_DOMAIN_EVENT_CALLBACK(cb) \
    ((virConnectDomainEventGenericCallback)(void (*)(void))(cb))

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.2.3.
 */
#define _virSchedParameter _virTypedParameter

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.8.5.
 */
#define _virMemoryParameter _virTypedParameter
