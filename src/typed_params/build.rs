//! `libvirt-common.h`: arrays of typed parameters that a program makes, and frees.

use std::ffi::{CStr, c_char, c_double, c_int, c_longlong, c_uint, c_ulonglong};

use super::virTypedParameterPtr;
use crate::call::{Call, entry};
use crate::typed_array::{self, Growing};
use virsparse_core::error::*;
use virsparse_core::typed_params::{self, Value};

/// A name or text of the caller's, which must be given.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
unsafe fn given<'a>(call: &Call, text: *const c_char, argument: &str) -> Result<&'a CStr> {
    call.non_null(text, VIR_FROM_NONE, argument)?;
    // SAFETY: not NULL, and the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// A text of the caller's; the empty one for NULL.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
unsafe fn string_value(text: *const c_char) -> Value {
    // SAFETY: the caller's promise.
    Value::String(if text.is_null() { c"" } else { unsafe { CStr::from_ptr(text) } }.to_owned())
}

/// Appends a parameter to the caller's array.
///
/// # Safety
/// The array is as `Growing::push` wants it, and `name` is NULL or a NUL-terminated string.
unsafe fn add(call: &Call, array: Growing, name: *const c_char, value: Value) -> Result<c_int> {
    // SAFETY: the caller's promise.
    unsafe {
        let field = typed_array::field(given(call, name, "name")?)?;
        array.push(call, field, &value)?;
    }
    Ok(0)
}

/// Appends an int parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the value
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddInt(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_int,
) -> c_int {
    entry("virTypedParamsAddInt", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::Int(value)) }
    })
}

/// Appends an unsigned int parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the value
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddUInt(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_uint,
) -> c_int {
    entry("virTypedParamsAddUInt", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::UInt(value)) }
    })
}

/// Appends a long long parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the value
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddLLong(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_longlong,
) -> c_int {
    entry("virTypedParamsAddLLong", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::LLong(value)) }
    })
}

/// Appends an unsigned long long parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the value
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddULLong(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_ulonglong,
) -> c_int {
    entry("virTypedParamsAddULLong", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::ULLong(value)) }
    })
}

/// Appends a double parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the value
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddDouble(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_double,
) -> c_int {
    entry("virTypedParamsAddDouble", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::Double(value)) }
    })
}

/// Appends a boolean parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: 0 for false; anything else is stored as 1
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddBoolean(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: c_int,
) -> c_int {
    entry("virTypedParamsAddBoolean", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name.
        unsafe { add(call, array, name, Value::Boolean(value != 0)) }
    })
}

/// Appends a string parameter to an array.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @value: the text, which is copied; NULL for the empty text
///
/// Start with NULL, 0 and 0, and release the array with virTypedParamsFree.
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if a pointer is NULL or a number negative; VIR_ERR_INTERNAL_ERROR if
/// @name is too long; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddString(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    value: *const c_char,
) -> c_int {
    entry("virTypedParamsAddString", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and strings.
        unsafe { add(call, array, name, string_value(value)) }
    })
}

/// Appends a string parameter for each text of a list, all with one name.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented for each text
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes
/// @values: the texts, which are copied, with NULL behind the last; NULL for none
///
/// Return Value: 0, also for an empty list; -1 on failure, with the texts before it appended.
///
/// Errors: as for virTypedParamsAddString.
///
/// Since 1.2.17.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddStringList(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    values: *mut *const c_char,
) -> c_int {
    entry("virTypedParamsAddStringList", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and name, and a list that ends with NULL.
        unsafe {
            let mut next = values;
            while !next.is_null() && !(*next).is_null() {
                add(call, array, name, string_value(*next))?;
                next = next.add(1);
            }
        }
        Ok(0)
    })
}

/// Appends a parameter of any type to an array, with the value that a text stands for.
///
/// Numbers are decimal, with blanks and a sign allowed in front and nothing behind; a negative one
/// wraps if the type is unsigned. Booleans are 0, 1, true or false, in any case.
///
/// @params: address of the array, which is made, or moved when it grows
/// @nparams: address of the number of parameters, incremented by one
/// @maxparams: address of the number of parameters that the array has room for
/// @name: the name, of up to 79 bytes. It may be there already
/// @type: the type, a virTypedParameterType
/// @value: the text; NULL is refused
///
/// Return Value: 0, or -1 with @nparams as it was.
///
/// Errors: VIR_ERR_INVALID_ARG if @value means nothing as that type, a pointer is NULL or a number
/// negative; VIR_ERR_INTERNAL_ERROR if @name is too long or @type unknown; VIR_ERR_NO_MEMORY.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsAddFromString(
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    maxparams: *mut c_int,
    name: *const c_char,
    r#type: c_int,
    value: *const c_char,
) -> c_int {
    entry("virTypedParamsAddFromString", |call| {
        let array = Growing { params, nparams, maxparams };
        // SAFETY: the caller's array and strings.
        unsafe {
            let name = given(call, name, "name")?;
            let shown = typed_array::shown(name);
            if value.is_null() {
                let text = format!("NULL value for field '{shown}'");
                return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text));
            }
            let field = typed_array::field(name)?;
            let value = typed_params::parse(r#type, &shown, CStr::from_ptr(value))?;
            array.push(call, field, &value)?;
        }
        Ok(0)
    })
}

/// Releases the strings in an array, and leaves the array itself to its owner.
///
/// @params: the array; NULL is allowed
/// @nparams: how many parameters it has
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsClear(params: virTypedParameterPtr, nparams: c_int) {
    // SAFETY: the caller's array.
    unsafe { typed_array::clear(params, nparams) }
}

/// Releases an array and the strings in it.
///
/// @params: the array, from virTypedParamsAdd* or malloc; NULL is allowed
/// @nparams: how many parameters it has
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.0.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virTypedParamsFree(params: virTypedParameterPtr, nparams: c_int) {
    // SAFETY: the caller's array, from malloc.
    unsafe {
        typed_array::clear(params, nparams);
        libc::free(params.cast());
    }
}
