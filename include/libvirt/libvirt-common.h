/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/common.rs and src/typed_params.rs and src/typed_params/build.rs. */

#ifndef LIBVIRT_COMMON_H
#define LIBVIRT_COMMON_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * The version of libvirt whose interface this is: major * 1000000 + minor * 1000 + micro.
 *
 * Since 0.0.1.
 */
#define LIBVIR_VERSION_NUMBER 12009000

/**
 * Whether these are the headers of a version, or of a later one.
 *
 * Since 1.2.0.
 */
#define LIBVIR_CHECK_VERSION(major, minor, micro) \
    (LIBVIR_VERSION_NUMBER >= (major) * 1000000 + (minor) * 1000 + (micro))

/** A connection: what a URI names, opened with the rights to change it or without. */
typedef struct _virConnect virConnect;
typedef virConnect *virConnectPtr;

/** A domain: a machine whose disks are served. */
typedef struct _virDomain virDomain;
typedef virDomain *virDomainPtr;

/** A checkpoint of a domain: a moment since which changes are noted. There are none here. */
typedef struct _virDomainCheckpoint virDomainCheckpoint;
typedef virDomainCheckpoint *virDomainCheckpointPtr;

/** A snapshot of a domain. */
typedef struct _virDomainSnapshot virDomainSnapshot;
typedef virDomainSnapshot *virDomainSnapshotPtr;

/** A storage pool: a place for volumes. */
typedef struct _virStoragePool virStoragePool;
typedef virStoragePool *virStoragePoolPtr;

/** A volume: a disk image in a pool. */
typedef struct _virStorageVol virStorageVol;
typedef virStorageVol *virStorageVolPtr;

/** A stream: bytes and holes on their way into or out of a volume. */
typedef struct _virStream virStream;
typedef virStream *virStreamPtr;

/** Never followed: the `net` member of an error is always NULL. */
typedef struct _virNetwork virNetwork;
typedef virNetwork *virNetworkPtr;

/**
 * The size of a typed parameter's name with its NUL: a name has up to 79 bytes.
 *
 * Since 0.9.2.
 */
#define VIR_TYPED_PARAM_FIELD_LENGTH 80

/**
 * Why a connection was closed.
 *
 * Since 0.10.0.
 */
typedef enum virConnectCloseReason {
    /** An input or output error. Since 0.10.0. */
    VIR_CONNECT_CLOSE_REASON_ERROR = 0,
    /** The other end closed it. Since 0.10.0. */
    VIR_CONNECT_CLOSE_REASON_EOF = 1,
    /** The other end fell silent. Since 0.10.0. */
    VIR_CONNECT_CLOSE_REASON_KEEPALIVE = 2,
    /** This end closed it. Since 0.10.0. */
    VIR_CONNECT_CLOSE_REASON_CLIENT = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.10.0. */
    VIR_CONNECT_CLOSE_REASON_LAST = 4,
#endif
} virConnectCloseReason;

/**
 * Which member of a typed parameter's value is set.
 *
 * Since 0.9.2.
 */
typedef enum virTypedParameterType {
    /** `i`. Since 0.9.2. */
    VIR_TYPED_PARAM_INT = 1,
    /** `ui`. Since 0.9.2. */
    VIR_TYPED_PARAM_UINT = 2,
    /** `l`. Since 0.9.2. */
    VIR_TYPED_PARAM_LLONG = 3,
    /** `ul`. Since 0.9.2. */
    VIR_TYPED_PARAM_ULLONG = 4,
    /** `d`. Since 0.9.2. */
    VIR_TYPED_PARAM_DOUBLE = 5,
    /** `b`. Since 0.9.2. */
    VIR_TYPED_PARAM_BOOLEAN = 6,
    /** `s`. Since 0.9.8. */
    VIR_TYPED_PARAM_STRING = 7,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_TYPED_PARAM_LAST = 8,
#endif
} virTypedParameterType;

/**
 * Flags of functions that return typed parameters. Their bits differ from those of
 * virDomainModificationImpact.
 *
 * Since 0.9.8.
 */
typedef enum virTypedParameterFlags {
    /** The caller understands parameters of type string. Since 0.9.8. */
    VIR_TYPED_PARAM_STRING_OKAY = 4,
} virTypedParameterFlags;

/** The value of a typed parameter. */
typedef union virTypedParameterValue {
    /** For VIR_TYPED_PARAM_INT. */
    int i;
    /** For VIR_TYPED_PARAM_UINT. */
    unsigned int ui;
    /** For VIR_TYPED_PARAM_LLONG. */
    long long l;
    /** For VIR_TYPED_PARAM_ULLONG. */
    unsigned long long ul;
    /** For VIR_TYPED_PARAM_DOUBLE. */
    double d;
    /** For VIR_TYPED_PARAM_BOOLEAN: 0 or 1. */
    char b;
    /** For VIR_TYPED_PARAM_STRING: from malloc, not NULL, owned by the array. */
    char *s;
} virTypedParameterValue;

/**
 * A named value of one of several types.
 *
 * Since 0.9.2.
 */
struct _virTypedParameter {
    /** The name, NUL-terminated. */
    char field[VIR_TYPED_PARAM_FIELD_LENGTH];
    /** The value's type, a virTypedParameterType. */
    int type;
    /** The value. */
    union virTypedParameterValue value;
};

/** A named value of one of several types. */
typedef struct _virTypedParameter virTypedParameter;

/** Points at a typed parameter, or at the first of an array. */
typedef virTypedParameter *virTypedParameterPtr;

/**
 * Frees the data that was registered beside a callback, when that is no longer needed.
 *
 * @opaque: what was registered with the callback
 *
 * Since 0.5.0.
 */
typedef void (*virFreeCallback)(void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Finds a parameter by its name.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 *
 * Return Value: the first parameter of that name, in the array; NULL if there is none.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 1.0.2.
 */
virTypedParameterPtr virTypedParamsGet(virTypedParameterPtr params,
                                       int nparams,
                                       const char *name);

/**
 * Reads an int parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_INT.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetInt(virTypedParameterPtr params,
                         int nparams,
                         const char *name,
                         int *value);

/**
 * Reads an unsigned int parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_UINT.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetUInt(virTypedParameterPtr params,
                          int nparams,
                          const char *name,
                          unsigned int *value);

/**
 * Reads a long long parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_LLONG.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetLLong(virTypedParameterPtr params,
                           int nparams,
                           const char *name,
                           long long *value);

/**
 * Reads an unsigned long long parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_ULLONG.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetULLong(virTypedParameterPtr params,
                            int nparams,
                            const char *name,
                            unsigned long long *value);

/**
 * Reads a double parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_DOUBLE.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetDouble(virTypedParameterPtr params,
                            int nparams,
                            const char *name,
                            double *value);

/**
 * Reads a boolean parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the value, 0 or 1; NULL to ask only whether there is one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_BOOLEAN.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetBoolean(virTypedParameterPtr params,
                             int nparams,
                             const char *name,
                             int *value);

/**
 * Reads a string parameter, the first of that name.
 *
 * Values are never converted from another type.
 *
 * @params: the array; NULL for an empty one
 * @nparams: how many parameters it has
 * @name: the name; case matters
 * @value: where to store the text, which belongs to the array; NULL to ask only whether there is
 * one
 *
 * Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
 * @value is left as it is unless 1 is returned.
 *
 * Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_STRING.
 *
 * Since 1.0.2.
 */
int virTypedParamsGetString(virTypedParameterPtr params,
                            int nparams,
                            const char *name,
                            const char **value);

/**
 * Appends an int parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the value
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddInt(virTypedParameterPtr *params,
                         int *nparams,
                         int *maxparams,
                         const char *name,
                         int value);

/**
 * Appends an unsigned int parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the value
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddUInt(virTypedParameterPtr *params,
                          int *nparams,
                          int *maxparams,
                          const char *name,
                          unsigned int value);

/**
 * Appends a long long parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the value
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddLLong(virTypedParameterPtr *params,
                           int *nparams,
                           int *maxparams,
                           const char *name,
                           long long value);

/**
 * Appends an unsigned long long parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the value
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddULLong(virTypedParameterPtr *params,
                            int *nparams,
                            int *maxparams,
                            const char *name,
                            unsigned long long value);

/**
 * Appends a double parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the value
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddDouble(virTypedParameterPtr *params,
                            int *nparams,
                            int *maxparams,
                            const char *name,
                            double value);

/**
 * Appends a boolean parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: 0 for false; anything else is stored as 1
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddBoolean(virTypedParameterPtr *params,
                             int *nparams,
                             int *maxparams,
                             const char *name,
                             int value);

/**
 * Appends a string parameter to an array.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @value: the text, which is copied; NULL for the empty text
 *
 * Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
 * @name is too long; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddString(virTypedParameterPtr *params,
                            int *nparams,
                            int *maxparams,
                            const char *name,
                            const char *value);

/**
 * Appends a string parameter for each text of a list, all with one name.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented for each text
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes
 * @values: the texts, which are copied, with NULL behind the last; NULL for none
 *
 * Return Value: 0, also for an empty list; -1 on failure, with the texts before it appended.
 *
 * Errors: as for virTypedParamsAddString.
 *
 * Since 1.2.17.
 */
int virTypedParamsAddStringList(virTypedParameterPtr *params,
                                int *nparams,
                                int *maxparams,
                                const char *name,
                                const char **values);

/**
 * Appends a parameter of any type to an array, with the value that a text stands for.
 *
 * Numbers are decimal, with blanks and a sign allowed in front and nothing behind; a negative one
 * wraps if the type is unsigned. Booleans are 0, 1, true or false, in any case.
 *
 * @params: address of the array, which is made, or moved when it grows
 * @nparams: address of the number of parameters, incremented by one
 * @maxparams: address of the number of parameters that the array has room for
 * @name: the name, of up to 79 bytes. It may be there already
 * @type: the type, a virTypedParameterType
 * @value: the text; NULL is refused
 *
 * Return Value: 0, or -1 with @nparams as it was.
 *
 * Errors: VIR_ERR_INVALID_ARG if @value means nothing as that type, a pointer is NULL or a number
 * negative; VIR_ERR_INTERNAL_ERROR if @name is too long or @type unknown; VIR_ERR_NO_MEMORY.
 *
 * Since 1.0.2.
 */
int virTypedParamsAddFromString(virTypedParameterPtr *params,
                                int *nparams,
                                int *maxparams,
                                const char *name,
                                int type,
                                const char *value);

/**
 * Releases the strings in an array, and leaves the array itself to its owner.
 *
 * @params: the array; NULL is allowed
 * @nparams: how many parameters it has
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 1.0.2.
 */
void virTypedParamsClear(virTypedParameterPtr params, int nparams);

/**
 * Releases an array and the strings in it.
 *
 * @params: the array, from virTypedParamsAdd* or malloc; NULL is allowed
 * @nparams: how many parameters it has
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 1.0.2.
 */
void virTypedParamsFree(virTypedParameterPtr params, int nparams);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_COMMON_H */
