//! Arrays of typed parameters in the C layout: growing, searching, reading and clearing what the
//! caller holds. `typed_params` is the C interface to this.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::null_mut;
use std::slice;

use crate::call::Call;
use crate::typed_params::{
    VIR_TYPED_PARAM_FIELD_LENGTH, virTypedParameter, virTypedParameterPtr, virTypedParameterValue,
};
use virsparse_core::error::*;
use virsparse_core::typed_params::{self, Parameter, Type, Value};

/// A parameter's name as the array stores it.
pub type Field = [c_char; VIR_TYPED_PARAM_FIELD_LENGTH];

/// An array that grows: the caller's pointers to its address, length and capacity.
#[derive(Clone, Copy)]
pub struct Growing {
    pub params: *mut virTypedParameterPtr,
    pub nparams: *mut c_int,
    pub maxparams: *mut c_int,
}

/// A name for errors.
pub fn shown(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

/// `name` as a field, if it fits.
pub fn field(name: &CStr) -> Result<Field> {
    let bytes = name.to_bytes();
    let mut field: Field = [0; VIR_TYPED_PARAM_FIELD_LENGTH];
    // One byte is the NUL's.
    if bytes.len() >= field.len() {
        let text = format!("Field name '{}' too long", shown(name));
        return Err(Error::internal(VIR_FROM_NONE, text));
    }
    for (to, from) in field.iter_mut().zip(bytes) {
        *to = *from as c_char;
    }
    Ok(field)
}

impl Growing {
    /// Appends a parameter. If that fails, the length is unchanged.
    ///
    /// # Safety
    /// The three pointers are NULL or valid, and the array has the length and capacity they say.
    pub unsafe fn push(self, call: &Call, field: Field, value: &Value) -> Result<()> {
        // SAFETY: the caller's promise.
        let slot = unsafe { self.reserve(call)? };
        let parameter =
            virTypedParameter { field, r#type: value.kind() as c_int, value: to_c(value)? };
        // SAFETY: `reserve` made room for one more, and checked the pointer.
        unsafe {
            slot.write(parameter);
            *self.nparams += 1;
        }
        Ok(())
    }

    /// Makes room for one more parameter: where it goes.
    ///
    /// # Safety
    /// As for `push`.
    unsafe fn reserve(self, call: &Call) -> Result<virTypedParameterPtr> {
        call.non_null(self.params, VIR_FROM_NONE, "params")?;
        call.non_null(self.nparams, VIR_FROM_NONE, "nparams")?;
        call.non_null(self.maxparams, VIR_FROM_NONE, "maxparams")?;
        // SAFETY: not NULL, and the caller's promise.
        let (array, len, max) = unsafe { (*self.params, *self.nparams, *self.maxparams) };
        let len = call.non_negative(len, VIR_FROM_NONE, "nparams")?;
        let max = call.non_negative(max, VIR_FROM_NONE, "maxparams")?;
        if len > 0 {
            call.non_null(array, VIR_FROM_NONE, "params")?;
        }
        let capacity = if array.is_null() { 0 } else { max };
        if len < capacity {
            // SAFETY: within the array.
            return Ok(unsafe { array.add(len) });
        }
        let capacity = typed_params::grown(capacity).max(len + 1);
        let out_of_memory =
            || Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, format!("{capacity} parameters"));
        let max = c_int::try_from(capacity).map_err(|_| out_of_memory())?;
        // SAFETY: NULL or an array from malloc, as promised, of which `len` parameters are kept;
        // the rest is zeroed, so that the caller never sees what was there before.
        unsafe {
            let size = capacity * size_of::<virTypedParameter>();
            let grown = libc::realloc(array.cast(), size).cast::<virTypedParameter>();
            if grown.is_null() {
                return Err(out_of_memory());
            }
            let slot = grown.add(len);
            slot.write_bytes(0, capacity - len);
            *self.params = grown;
            *self.maxparams = max;
            Ok(slot)
        }
    }
}

/// The value as C stores it. A string becomes the array's.
fn to_c(value: &Value) -> Result<virTypedParameterValue> {
    // All bytes are set, also those that a small member leaves out.
    let mut union = virTypedParameterValue { ul: 0 };
    match value {
        Value::Int(value) => union.i = *value,
        Value::UInt(value) => union.ui = *value,
        Value::LLong(value) => union.l = *value,
        Value::ULLong(value) => union.ul = *value,
        Value::Double(value) => union.d = *value,
        Value::Boolean(value) => union.b = c_char::from(*value),
        Value::String(value) => {
            // SAFETY: a NUL-terminated string.
            union.s = unsafe { libc::strdup(value.as_ptr()) };
            // SAFETY: the member just written.
            if unsafe { union.s }.is_null() {
                return Err(Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "string value"));
            }
        }
    }
    Ok(union)
}

/// The caller's parameters; none if the array is NULL or its length negative.
///
/// # Safety
/// `params` is NULL or an array of `nparams` parameters.
pub unsafe fn parameters<'a>(
    params: *const virTypedParameter,
    nparams: c_int,
) -> &'a [virTypedParameter] {
    match usize::try_from(nparams) {
        // SAFETY: the caller's promise.
        Ok(len) if !params.is_null() => unsafe { slice::from_raw_parts(params, len) },
        _ => &[],
    }
}

/// The name of a parameter; `None` if the caller left out the NUL.
fn name(parameter: &virTypedParameter) -> Option<CString> {
    let bytes: Vec<u8> = parameter.field.iter().map(|&b| b as u8).collect();
    CStr::from_bytes_until_nul(&bytes).ok().map(CStr::to_owned)
}

/// The first parameter of that name, or NULL.
///
/// # Safety
/// As for `parameters`; `wanted` is NULL or a NUL-terminated string.
pub unsafe fn find(
    params: virTypedParameterPtr,
    nparams: c_int,
    wanted: *const c_char,
) -> virTypedParameterPtr {
    if wanted.is_null() {
        return null_mut();
    }
    // SAFETY: the caller's promise.
    let (all, wanted) = unsafe { (parameters(params, nparams), CStr::from_ptr(wanted)) };
    match all.iter().position(|parameter| name(parameter).as_deref() == Some(wanted)) {
        // SAFETY: within the array.
        Some(index) => unsafe { params.add(index) },
        None => null_mut(),
    }
}

/// Stores the value of the first parameter of that name, if `to` is not NULL. 1 if there is one,
/// 0 if not, an error if it is of another type.
///
/// # Safety
/// As for `find`; `to` is NULL or valid, and `member` reads the union's member of type `kind`.
pub unsafe fn get<T>(
    params: virTypedParameterPtr,
    nparams: c_int,
    wanted: *const c_char,
    to: *mut T,
    kind: Type,
    member: impl FnOnce(&virTypedParameterValue) -> T,
) -> Result<c_int> {
    // SAFETY: the caller's promise.
    let Some(parameter) = (unsafe { find(params, nparams, wanted).as_ref() }) else {
        return Ok(0);
    };
    if parameter.r#type != kind as c_int {
        let actual = Type::from_code(parameter.r#type).map_or("unknown", Type::word);
        // SAFETY: not NULL, or nothing would have been found.
        let name = shown(unsafe { CStr::from_ptr(wanted) });
        let text = format!(
            "Invalid type '{}' requested for parameter '{name}', actual type is '{actual}'",
            kind.word()
        );
        return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text));
    }
    // SAFETY: the caller's promise.
    if let Some(to) = unsafe { to.as_mut() } {
        *to = member(&parameter.value);
    }
    Ok(1)
}

/// Frees the strings among the parameters.
///
/// # Safety
/// `params` is NULL or an array of `nparams` parameters whose strings came from malloc.
pub unsafe fn clear(params: virTypedParameterPtr, nparams: c_int) {
    let len = if params.is_null() { 0 } else { usize::try_from(nparams).unwrap_or(0) };
    for index in 0..len {
        // SAFETY: within the array; a string is the array's own, and forgotten once it is freed.
        unsafe {
            let parameter = params.add(index);
            if (*parameter).r#type == Type::String as c_int {
                libc::free((*parameter).value.s.cast());
                (*parameter).value.s = null_mut();
            }
        }
    }
}

/// How many parameters the caller has room for, with libvirt's checks of these arguments: none to
/// ask how many there are.
///
/// # Safety
/// `nparams` is NULL or valid.
pub unsafe fn room(
    call: &Call,
    params: virTypedParameterPtr,
    nparams: *const c_int,
    domain: virErrorDomain,
) -> Result<usize> {
    call.non_null(nparams, domain, "nparams")?;
    // SAFETY: checked for NULL; the caller's memory.
    let room = call.non_negative(unsafe { nparams.read() }, domain, "*nparams")?;
    if room > 0 {
        call.non_null(params, domain, "params")?;
    }
    Ok(room)
}

/// Stores parameters in the caller's array, and how many they are: as many as there is room for.
/// Without room it is how many there are.
///
/// # Safety
/// `nparams` is valid, and `params` an array with that room, in which nothing is.
pub unsafe fn store(
    values: &[(&str, Value)],
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    room: usize,
) -> Result<()> {
    for (index, (name, value)) in values.iter().take(room).enumerate() {
        let name = CString::new(*name).unwrap_or_default();
        // SAFETY: within the caller's array; what is cleared was stored here.
        unsafe {
            let stored = put(params.add(index), &name, value);
            stored.inspect_err(|_| clear(params, index as c_int))?;
        }
    }
    let stored = if room == 0 { values.len() } else { values.len().min(room) };
    // SAFETY: the caller's promise.
    unsafe { nparams.write(stored as c_int) };
    Ok(())
}

/// Has `work` see parameters as an array, which is gone afterwards.
pub fn with_array(
    values: &[(&str, Value)],
    work: impl FnOnce(virTypedParameterPtr, c_int),
) -> Result<()> {
    struct Array(Vec<virTypedParameter>);
    impl Array {
        fn parts(&mut self) -> (virTypedParameterPtr, c_int) {
            (self.0.as_mut_ptr(), self.0.len() as c_int)
        }
    }
    impl Drop for Array {
        fn drop(&mut self) {
            let (params, nparams) = self.parts();
            // SAFETY: the strings are from `to_c`.
            unsafe { clear(params, nparams) };
        }
    }
    let mut array = Array(Vec::with_capacity(values.len()));
    for (name, value) in values {
        let name = CString::new(*name).unwrap_or_default();
        let (field, kind) = (field(&name)?, value.kind() as c_int);
        array.0.push(virTypedParameter { field, r#type: kind, value: to_c(value)? });
    }
    let (params, nparams) = array.parts();
    work(params, nparams);
    Ok(())
}

/// Stores one parameter.
///
/// # Safety
/// `to` is valid for a write; nothing is in it.
pub unsafe fn put(to: virTypedParameterPtr, name: &CStr, value: &Value) -> Result<()> {
    let (field, kind) = (field(name)?, value.kind() as c_int);
    // SAFETY: the caller's promise.
    unsafe { to.write(virTypedParameter { field, r#type: kind, value: to_c(value)? }) };
    Ok(())
}

/// The values of the parameters that a function was given, in their order, if each one is among those
/// that it takes.
///
/// # Safety
/// `params` is NULL or an array of `nparams` parameters with NUL-terminated strings.
pub unsafe fn validated(
    call: &Call,
    params: *const virTypedParameter,
    nparams: c_int,
    domain: virErrorDomain,
    allowed: &[(&'static str, Type)],
) -> Result<Vec<(&'static str, Value)>> {
    if call.non_negative(nparams, domain, "nparams")? > 0 {
        call.non_null(params, domain, "params")?;
    }
    // SAFETY: the caller's promise.
    let all = unsafe { parameters(params, nparams) };
    // SAFETY: the caller's promise.
    let given = all.iter().map(|parameter| unsafe { from_c(parameter) });
    typed_params::validate(given.collect::<Result<_>>()?, allowed)
}

/// A parameter with its value.
///
/// # Safety
/// A string is NULL or NUL-terminated.
unsafe fn from_c(parameter: &virTypedParameter) -> Result<Parameter> {
    let refused = |text: &str| Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text);
    let name = name(parameter).ok_or_else(|| refused("parameter name without an end"))?;
    let name = shown(&name);
    let value = &parameter.value;
    // SAFETY: the type says which member is set, and every member's bytes are valid for it.
    let value = unsafe {
        match Type::from_code(parameter.r#type) {
            None => None,
            Some(Type::Int) => Some(Value::Int(value.i)),
            Some(Type::UInt) => Some(Value::UInt(value.ui)),
            Some(Type::LLong) => Some(Value::LLong(value.l)),
            Some(Type::ULLong) => Some(Value::ULLong(value.ul)),
            Some(Type::Double) => Some(Value::Double(value.d)),
            Some(Type::Boolean) => Some(Value::Boolean(value.b != 0)),
            Some(Type::String) if value.s.is_null() => {
                return Err(refused(&format!("NULL value for field '{name}'")));
            }
            Some(Type::String) => Some(Value::String(CStr::from_ptr(value.s).to_owned())),
        }
    };
    Ok(Parameter { name, value })
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;
    use std::ptr::null;

    use super::super::call::entry_keeping_error;
    use super::*;
    use virsparse_core::enums::common::virTypedParameterType::*;

    #[test]
    fn the_layout_is_libvirts() {
        assert_eq!(size_of::<virTypedParameter>(), 96);
        assert_eq!(offset_of!(virTypedParameter, field), 0);
        assert_eq!(offset_of!(virTypedParameter, r#type), 80);
        assert_eq!(offset_of!(virTypedParameter, value), 88);
        let numbers = [
            (VIR_TYPED_PARAM_INT as i32, Type::Int),
            (VIR_TYPED_PARAM_UINT as i32, Type::UInt),
            (VIR_TYPED_PARAM_LLONG as i32, Type::LLong),
            (VIR_TYPED_PARAM_ULLONG as i32, Type::ULLong),
            (VIR_TYPED_PARAM_DOUBLE as i32, Type::Double),
            (VIR_TYPED_PARAM_BOOLEAN as i32, Type::Boolean),
            (VIR_TYPED_PARAM_STRING as i32, Type::String),
        ];
        assert!(numbers.iter().all(|&(code, kind)| code == kind as i32));
    }

    const ALLOWED: [(&str, Type); 7] = [
        ("i", Type::Int),
        ("ui", Type::UInt),
        ("l", Type::LLong),
        ("ul", Type::ULLong),
        ("d", Type::Double),
        ("b", Type::Boolean),
        ("s", Type::String),
    ];

    type Values = Vec<(&'static str, Value)>;

    fn parameter(name: &CStr, code: i32, value: virTypedParameterValue) -> virTypedParameter {
        virTypedParameter { field: field(name).unwrap(), r#type: code, value }
    }

    /// `validated` as the C function `F` would call it.
    fn checked(params: *const virTypedParameter, nparams: c_int) -> Result<Values> {
        let mut result = Ok(Vec::new());
        entry_keeping_error("F", |call| {
            // SAFETY: NULL or an array of that length.
            result = unsafe { validated(call, params, nparams, VIR_FROM_DOMAIN, &ALLOWED) };
            Ok(0)
        });
        result
    }

    fn checked_slice(params: &[virTypedParameter]) -> Result<Values> {
        checked(params.as_ptr(), params.len() as c_int)
    }

    #[test]
    fn a_consumer_gets_each_value_by_name() {
        let text = c"text";
        let params = [
            parameter(c"i", 1, virTypedParameterValue { i: -1 }),
            parameter(c"ui", 2, virTypedParameterValue { ui: u32::MAX }),
            parameter(c"l", 3, virTypedParameterValue { l: i64::MIN }),
            parameter(c"ul", 4, virTypedParameterValue { ul: u64::MAX }),
            parameter(c"d", 5, virTypedParameterValue { d: 0.5 }),
            parameter(c"b", 6, virTypedParameterValue { b: 42 }),
            parameter(c"s", 7, virTypedParameterValue { s: text.as_ptr().cast_mut() }),
        ];
        let expected = vec![
            ("i", Value::Int(-1)),
            ("ui", Value::UInt(u32::MAX)),
            ("l", Value::LLong(i64::MIN)),
            ("ul", Value::ULLong(u64::MAX)),
            ("d", Value::Double(0.5)),
            ("b", Value::Boolean(true)),
            ("s", Value::String(text.to_owned())),
        ];
        assert_eq!(checked_slice(&params), Ok(expected));
        assert_eq!(checked(null(), 0), Ok(vec![]));
    }

    #[test]
    fn a_consumer_refuses_a_missing_array_and_a_negative_length() {
        let error = checked(null(), 1).unwrap_err();
        assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN));
        assert_eq!(error.message, "params in F must not be NULL");
        let error = checked(null(), -1).unwrap_err();
        assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN));
        assert_eq!(error.message, "nparams in F must be zero or greater");
    }

    #[test]
    fn a_consumer_refuses_unknown_types_and_broken_parameters() {
        let zero = virTypedParameterValue { ul: 0 };
        let message = |parameter| {
            let error = checked_slice(&[parameter]).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_NONE));
            error.message
        };
        assert_eq!(
            message(parameter(c"i", 99, zero)),
            "invalid argument: invalid type 'unknown' for parameter 'i', expected 'int'"
        );
        assert_eq!(message(parameter(c"s", 7, zero)), "invalid argument: NULL value for field 's'");
        let endless = virTypedParameter {
            field: [b'x' as c_char; VIR_TYPED_PARAM_FIELD_LENGTH],
            ..parameter(c"", 1, zero)
        };
        assert_eq!(message(endless), "invalid argument: parameter name without an end");
    }
}
