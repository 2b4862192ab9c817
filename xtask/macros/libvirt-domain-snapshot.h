/* Of a snapshot's children, those below them, too. Since 0.9.7. */
#define VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS VIR_DOMAIN_SNAPSHOT_LIST_ROOTS
