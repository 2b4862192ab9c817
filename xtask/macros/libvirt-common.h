/**
 * The version of libvirt whose interface this is: major * 1000000 + minor * 1000 + micro.
 *
 * Since 0.0.1.
 */
#define LIBVIR_VERSION_NUMBER @LIBVIR_VERSION_NUMBER@

/**
 * Whether these are the headers of a version, or of a later one.
 *
 * Since 1.2.0.
 */
#define LIBVIR_CHECK_VERSION(major, minor, micro) \
    (LIBVIR_VERSION_NUMBER >= (major) * 1000000 + (minor) * 1000 + (micro))
