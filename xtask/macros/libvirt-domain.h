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

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.9.0.
 */
#define _virBlkioParameter _virTypedParameter

/**
 * How many bytes a set of that many CPUs of the machine takes.
 *
 * Since 0.1.4.
 */
#define VIR_CPU_MAPLEN(cpu) (((cpu) + 7) / 8)

/**
 * Puts a CPU into a set.
 *
 * Since 0.1.4.
 */
#define VIR_USE_CPU(cpumap, cpu) ((cpumap)[(cpu) / 8] |= (1 << ((cpu) % 8)))

/**
 * Takes a CPU out of a set.
 *
 * Since 0.1.4.
 */
#define VIR_UNUSE_CPU(cpumap, cpu) ((cpumap)[(cpu) / 8] &= ~(1 << ((cpu) % 8)))

/**
 * Not 0 if a CPU is in a set.
 *
 * Since 1.0.0.
 */
#define VIR_CPU_USED(cpumap, cpu) ((cpumap)[(cpu) / 8] & (1 << ((cpu) % 8)))

/**
 * The set of one CPU of a domain, among sets of that length.
 *
 * Since 0.1.4.
 */
#define VIR_GET_CPUMAP(cpumaps, maplen, vcpu) (&((cpumaps)[(vcpu) * (maplen)]))

/**
 * Not 0 if a CPU of a domain may run on that CPU of the machine.
 *
 * Since 0.1.4.
 */
#define VIR_CPU_USABLE(cpumaps, maplen, vcpu, cpu) \
    VIR_CPU_USED(VIR_GET_CPUMAP(cpumaps, maplen, vcpu), cpu)

/**
 * Copies the set of one CPU of a domain. The program includes string.h.
 *
 * Since 0.1.4.
 */
#define VIR_COPY_CPUMAP(cpumaps, maplen, vcpu, cpumap) \
    memcpy(cpumap, VIR_GET_CPUMAP(cpumaps, maplen, vcpu), maplen)
