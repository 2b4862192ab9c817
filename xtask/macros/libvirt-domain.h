/**
 * Casts the callback of any kind of event to the type that virConnectDomainEventRegisterAny takes.
 *
 * Since 0.8.0.
 */
#define VIR_DOMAIN_EVENT_CALLBACK(cb) ((virConnectDomainEventGenericCallback)(cb))
