//! `libvirt-common.h`: typed parameters, and the few types that several headers share.

pub mod build;

use std::ffi::{c_char, c_double, c_int, c_longlong, c_uint, c_ulonglong, c_void};

use crate::call::{entry, entry_keeping_error};
use crate::typed_array;
use virsparse_core::typed_params::Type;

/// The size of a typed parameter's name with its NUL: a name has up to 79 bytes.
///
/// Since 0.9.2.
pub const VIR_TYPED_PARAM_FIELD_LENGTH: usize = 80;

/// Frees the data that was registered beside a callback, when that is no longer needed.
///
/// @opaque: what was registered with the callback
///
/// Since 0.5.0.
pub type virFreeCallback = Option<unsafe extern "C" fn(opaque: *mut c_void)>;

/// The value of a typed parameter.
#[repr(C)]
#[derive(Clone, Copy)]
pub union virTypedParameterValue {
    /// For VIR_TYPED_PARAM_INT.
    pub i: c_int,
    /// For VIR_TYPED_PARAM_UINT.
    pub ui: c_uint,
    /// For VIR_TYPED_PARAM_LLONG.
    pub l: c_longlong,
    /// For VIR_TYPED_PARAM_ULLONG.
    pub ul: c_ulonglong,
    /// For VIR_TYPED_PARAM_DOUBLE.
    pub d: c_double,
    /// For VIR_TYPED_PARAM_BOOLEAN: 0 or 1.
    pub b: c_char,
    /// For VIR_TYPED_PARAM_STRING: from malloc, not NULL, owned by the array.
    pub s: *mut c_char,
}

/// A named value of one of several types.
///
/// Since 0.9.2.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virTypedParameter {
    /// The name, NUL-terminated.
    pub field: [c_char; VIR_TYPED_PARAM_FIELD_LENGTH],
    /// The value's type, a virTypedParameterType.
    pub r#type: c_int,
    /// The value.
    pub value: virTypedParameterValue,
}

/// A named value of one of several types.
pub type virTypedParameter = _virTypedParameter;
/// Points at a typed parameter, or at the first of an array.
pub type virTypedParameterPtr = *mut virTypedParameter;

/// Finds a parameter by its name.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
///
/// Return Value: the first parameter of that name, in the array; NULL if there is none.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGet(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
) -> virTypedParameterPtr {
    entry_keeping_error("virTypedParamsGet", |_| {
        // SAFETY: the caller's array and name.
        Ok(unsafe { typed_array::find(params, nparams, name) })
    })
}

/// Reads an int parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_INT.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetInt(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_int,
) -> c_int {
    entry("virTypedParamsGetInt", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe { typed_array::get(params, nparams, name, value, Type::Int, |v| v.i) }
    })
}

/// Reads an unsigned int parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_UINT.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetUInt(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_uint,
) -> c_int {
    entry("virTypedParamsGetUInt", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe { typed_array::get(params, nparams, name, value, Type::UInt, |v| v.ui) }
    })
}

/// Reads a long long parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_LLONG.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetLLong(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_longlong,
) -> c_int {
    entry("virTypedParamsGetLLong", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe { typed_array::get(params, nparams, name, value, Type::LLong, |v| v.l) }
    })
}

/// Reads an unsigned long long parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_ULLONG.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetULLong(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_ulonglong,
) -> c_int {
    entry("virTypedParamsGetULLong", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe { typed_array::get(params, nparams, name, value, Type::ULLong, |v| v.ul) }
    })
}

/// Reads a double parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_DOUBLE.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetDouble(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_double,
) -> c_int {
    entry("virTypedParamsGetDouble", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe { typed_array::get(params, nparams, name, value, Type::Double, |v| v.d) }
    })
}

/// Reads a boolean parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the value, 0 or 1; NULL to ask only whether there is one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_BOOLEAN.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetBoolean(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut c_int,
) -> c_int {
    entry("virTypedParamsGetBoolean", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe {
            typed_array::get(params, nparams, name, value, Type::Boolean, |v| c_int::from(v.b != 0))
        }
    })
}

/// Reads a string parameter, the first of that name.
///
/// Values are never converted from another type.
///
/// @params: the array; NULL for an empty one
/// @nparams: how many parameters it has
/// @name: the name; case matters
/// @value: where to store the text, which belongs to the array; NULL to ask only whether there is
/// one
///
/// Return Value: 1 if there is such a parameter, 0 if there is none, -1 if it is of another type.
/// @value is left as it is unless 1 is returned.
///
/// Errors: VIR_ERR_INVALID_ARG for another type than VIR_TYPED_PARAM_STRING.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsGetString(
    params: virTypedParameterPtr,
    nparams: c_int,
    name: *const c_char,
    value: *mut *const c_char,
) -> c_int {
    entry("virTypedParamsGetString", |_| {
        // SAFETY: the caller's array, name and variable; the type is the member's.
        unsafe {
            typed_array::get(params, nparams, name, value, Type::String, |v| v.s.cast_const())
        }
    })
}
