//! Typed parameters without their C layout: the types and values, what a text means as each type,
//! and the check of what a caller passed against what a function takes.

use std::ffi::{CStr, CString};

use crate::enums::common::virTypedParameterType;
use crate::error::*;

/// The types, numbered as `VIR_TYPED_PARAM_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Int = virTypedParameterType::VIR_TYPED_PARAM_INT as isize,
    UInt = virTypedParameterType::VIR_TYPED_PARAM_UINT as isize,
    LLong = virTypedParameterType::VIR_TYPED_PARAM_LLONG as isize,
    ULLong = virTypedParameterType::VIR_TYPED_PARAM_ULLONG as isize,
    Double = virTypedParameterType::VIR_TYPED_PARAM_DOUBLE as isize,
    Boolean = virTypedParameterType::VIR_TYPED_PARAM_BOOLEAN as isize,
    String = virTypedParameterType::VIR_TYPED_PARAM_STRING as isize,
}

impl Type {
    /// The type that C calls `code`.
    pub fn from_code(code: i32) -> Option<Type> {
        use Type::*;
        [Int, UInt, LLong, ULLong, Double, Boolean, String].into_iter().find(|t| *t as i32 == code)
    }

    /// What errors about a parameter's type call it.
    pub fn word(self) -> &'static str {
        match self {
            Type::Int => "int",
            Type::UInt => "uint",
            Type::LLong => "llong",
            Type::ULLong => "ullong",
            Type::Double => "double",
            Type::Boolean => "boolean",
            Type::String => "string",
        }
    }
}

/// Values by the names of typed parameters.
pub type Parameters = Vec<(&'static str, Value)>;

/// A value of one of the types.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Int(i32),
    UInt(u32),
    LLong(i64),
    ULLong(u64),
    Double(f64),
    Boolean(bool),
    /// The bytes as the caller gave them.
    String(CString),
}

impl Value {
    /// The value's type.
    pub fn kind(&self) -> Type {
        match self {
            Value::Int(_) => Type::Int,
            Value::UInt(_) => Type::UInt,
            Value::LLong(_) => Type::LLong,
            Value::ULLong(_) => Type::ULLong,
            Value::Double(_) => Type::Double,
            Value::Boolean(_) => Type::Boolean,
            Value::String(_) => Type::String,
        }
    }
}

/// The number of slots that an array of `capacity` slots grows to when it is full.
pub fn grown(capacity: usize) -> usize {
    capacity.saturating_add((capacity / 2).max(1))
}

/// What `text` means as a value of the type that C calls `code`; errors call the parameter `name`.
pub fn parse(code: i32, name: &str, text: &CStr) -> Result<Value> {
    let refused = |text: String| Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text);
    let expected = |what| refused(format!("Invalid value for field '{name}': expected {what}"));
    let Some(kind) = Type::from_code(code) else {
        let text = format!("unexpected type {code} for field {name}");
        return Err(Error::internal(VIR_FROM_NONE, text));
    };
    // Not UTF-8 is no number either: the empty text is none of any type.
    let number = text.to_str().unwrap_or_default();
    match kind {
        Type::Int => signed(number).map(Value::Int).ok_or_else(|| expected("int")),
        Type::UInt => {
            let value = unsigned(number, u32::MAX.into());
            // The cast keeps the low bits: a negative number wraps, as in C.
            value.map(|v| Value::UInt(v as u32)).ok_or_else(|| expected("unsigned int"))
        }
        Type::LLong => signed(number).map(Value::LLong).ok_or_else(|| expected("long long")),
        Type::ULLong => unsigned(number, u64::MAX)
            .map(Value::ULLong)
            .ok_or_else(|| expected("unsigned long long")),
        Type::Double => double(number).map(Value::Double).ok_or_else(|| expected("double")),
        Type::Boolean => boolean(number)
            .map(Value::Boolean)
            .ok_or_else(|| refused(format!("Invalid boolean value for field '{name}'"))),
        Type::String => Ok(Value::String(text.to_owned())),
    }
}

/// The text behind the blanks that C's conversions skip.
fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
}

/// Sign and magnitude of a decimal number as strtol reads it, with nothing behind it.
fn decimal(text: &str) -> Option<(bool, u64)> {
    let text = skip_blanks(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten().map(|magnitude| (negative, magnitude))
}

fn signed<T: TryFrom<i128>>(text: &str) -> Option<T> {
    let (negative, magnitude) = decimal(text)?;
    let magnitude = i128::from(magnitude);
    T::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A negative number is accepted if its magnitude is, and wraps.
fn unsigned(text: &str, max: u64) -> Option<u64> {
    let (negative, magnitude) = decimal(text)?;
    let value = if negative { magnitude.wrapping_neg() } else { magnitude };
    (magnitude <= max).then_some(value)
}

/// A number that is out of range, at either end, is refused as strtod refuses it.
fn double(text: &str) -> Option<f64> {
    let text = skip_blanks(text);
    let value: f64 = text.parse().ok()?;
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !digits.contains(|c: char| ('1'..='9').contains(&c));
    let names_infinity = text.contains(['n', 'N']);
    let overflowed = value.is_infinite() && !names_infinity;
    let underflowed = value.is_subnormal() || (value == 0.0 && !is_zero);
    (!overflowed && !underflowed).then_some(value)
}

fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if text == "1" || is("true") {
        Some(true)
    } else if text == "0" || is("false") {
        Some(false)
    } else {
        None
    }
}

/// One parameter as a caller passed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    /// `None` if it is of no known type.
    pub value: Option<Value>,
}

/// The values of `parameters`, by name, if every one is `allowed`, of the right type and there
/// once. Of several faults, the one with the first name is reported.
pub fn validate(
    parameters: Vec<Parameter>,
    allowed: &[(&'static str, Type)],
) -> Result<Vec<(&'static str, Value)>> {
    let refused = |text: String| Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text);
    let mut parameters: Vec<_> = parameters.into_iter().enumerate().collect();
    // Errors are about the first name in alphabetical order, as with libvirt.
    parameters.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let mut values: Vec<(usize, (&'static str, Value))> = Vec::with_capacity(parameters.len());
    for (index, Parameter { name, value }) in parameters {
        let Some(&(known, expected)) = allowed.iter().find(|(known, _)| *known == name) else {
            let text = format!("parameter '{name}' not supported");
            return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_NONE, text));
        };
        if values.last().is_some_and(|(_, (last, _))| *last == known) {
            return Err(refused(format!("parameter '{name}' occurs multiple times")));
        }
        match value {
            Some(value) if value.kind() == expected => values.push((index, (known, value))),
            other => {
                let found = other.map_or("unknown", |value| value.kind().word());
                let expected = expected.word();
                return Err(refused(format!(
                    "invalid type '{found}' for parameter '{name}', expected '{expected}'"
                )));
            }
        }
    }
    values.sort_by_key(|(index, _)| *index);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(kind: Type, text: &str) -> Result<Value> {
        parse(kind as i32, "fs", &CString::new(text).unwrap())
    }

    fn ok(kind: Type, texts: &[(&str, Value)]) {
        for (text, value) in texts {
            assert_eq!(parsed(kind, text).as_ref(), Ok(value), "'{text}'");
        }
    }

    fn refused(kind: Type, texts: &[&str], message: &str) {
        for text in texts {
            let error = parsed(kind, text).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_NONE));
            assert_eq!(error.message, format!("invalid argument: {message}"), "'{text}'");
        }
    }

    #[test]
    fn types_are_numbered_as_in_c() {
        assert_eq!(Type::from_code(0), None);
        assert_eq!(Type::from_code(1), Some(Type::Int));
        assert_eq!(Type::from_code(7), Some(Type::String));
        assert_eq!(Type::from_code(8), None);
        assert_eq!(Type::from_code(-1), None);
    }

    #[test]
    fn signed_numbers_are_decimal_and_in_range() {
        use Value::{Int, LLong};
        ok(
            Type::Int,
            &[
                ("12", Int(12)),
                ("-5", Int(-5)),
                ("+12", Int(12)),
                (" 12", Int(12)),
                ("\t\n\x0b\x0c\r7", Int(7)),
                ("00000000000000000000000000012", Int(12)),
                ("-2147483648", Int(i32::MIN)),
                ("2147483647", Int(i32::MAX)),
            ],
        );
        let bad = ["0x10", "abc", "12 ", "", " ", "-", "+-5", "--5", "2147483648", "99999999999"];
        refused(Type::Int, &bad, "Invalid value for field 'fs': expected int");
        ok(
            Type::LLong,
            &[("-9223372036854775808", LLong(i64::MIN)), ("9223372036854775807", LLong(i64::MAX))],
        );
        let bad = ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"];
        refused(Type::LLong, &bad, "Invalid value for field 'fs': expected long long");
    }

    #[test]
    fn negative_unsigned_numbers_wrap_within_range() {
        use Value::{UInt, ULLong};
        ok(
            Type::UInt,
            &[("-1", UInt(u32::MAX)), ("-4294967295", UInt(1)), ("4294967295", UInt(u32::MAX))],
        );
        let bad = ["4294967296", "-4294967296", "1.0"];
        refused(Type::UInt, &bad, "Invalid value for field 'fs': expected unsigned int");
        ok(
            Type::ULLong,
            &[
                ("-1", ULLong(u64::MAX)),
                ("-18446744073709551615", ULLong(1)),
                ("18446744073709551615", ULLong(u64::MAX)),
            ],
        );
        let bad = ["18446744073709551616", "-18446744073709551616"];
        refused(Type::ULLong, &bad, "Invalid value for field 'fs': expected unsigned long long");
    }

    #[test]
    fn doubles_out_of_range_are_refused() {
        let double = |v| Value::Double(v);
        ok(
            Type::Double,
            &[
                ("1.25", double(1.25)),
                ("1e3", double(1000.0)),
                ("  .5", double(0.5)),
                ("5.", double(5.0)),
                ("+1", double(1.0)),
                ("-inf", double(f64::NEG_INFINITY)),
                ("INFINITY", double(f64::INFINITY)),
                ("0e-999", double(0.0)),
                ("-0.0", double(0.0)),
                ("1e308", double(1e308)),
                ("2.3e-308", double(2.3e-308)),
            ],
        );
        assert!(matches!(parsed(Type::Double, "NaN"), Ok(Value::Double(v)) if v.is_nan()));
        let bad = [
            "x",
            "",
            "1,5",
            "1e",
            "1.5 ",
            ".",
            "infinit",
            "1e999",
            "-1e999",
            "1e-400",
            "4e-320",
            "0.0001e-999",
        ];
        refused(Type::Double, &bad, "Invalid value for field 'fs': expected double");
    }

    #[test]
    fn booleans_are_four_words() {
        let boolean = |v| Value::Boolean(v);
        ok(
            Type::Boolean,
            &[
                ("0", boolean(false)),
                ("1", boolean(true)),
                ("tRuE", boolean(true)),
                ("FALSE", boolean(false)),
            ],
        );
        let bad = ["yes", "no", "on", "2", "", "01", " 1", "true "];
        refused(Type::Boolean, &bad, "Invalid boolean value for field 'fs'");
    }

    #[test]
    fn strings_are_kept_byte_by_byte() {
        let text = c"\xff ";
        assert_eq!(parse(7, "fs", text), Ok(Value::String(text.to_owned())));
        let error = parse(1, "fs", text).unwrap_err();
        assert_eq!(error.message, "invalid argument: Invalid value for field 'fs': expected int");
    }

    #[test]
    fn unknown_types_are_named_by_number() {
        for code in [0, 8] {
            let error = parse(code, "fs", c"1").unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE));
            let text = format!("internal error: unexpected type {code} for field fs");
            assert_eq!(error.message, text);
        }
    }

    #[test]
    fn arrays_grow_by_half() {
        let sizes: Vec<usize> =
            std::iter::successors(Some(0), |&size| Some(grown(size))).skip(1).take(10).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 6, 9, 13, 19, 28, 42]);
    }

    const ALLOWED: [(&str, Type); 2] = [("bandwidth", Type::ULLong), ("granularity", Type::UInt)];

    fn given(parameters: &[(&str, Option<Value>)]) -> Result<Vec<(&'static str, Value)>> {
        let parameters = parameters
            .iter()
            .map(|(name, value)| Parameter { name: name.to_string(), value: value.clone() })
            .collect();
        validate(parameters, &ALLOWED)
    }

    #[test]
    fn allowed_parameters_come_back_in_the_order_in_which_they_were_given() {
        assert_eq!(given(&[]), Ok(vec![]));
        assert_eq!(
            given(&[
                ("granularity", Some(Value::UInt(512))),
                ("bandwidth", Some(Value::ULLong(7)))
            ]),
            Ok(vec![("granularity", Value::UInt(512)), ("bandwidth", Value::ULLong(7))])
        );
    }

    #[test]
    fn other_parameters_are_refused_by_name() {
        let text = |parameters: &[(&str, Option<Value>)]| {
            let error = given(parameters).unwrap_err();
            assert_eq!(error.domain, VIR_FROM_NONE);
            (error.code, error.message)
        };
        let bandwidth = ("bandwidth", Some(Value::ULLong(7)));
        assert_eq!(
            text(&[bandwidth.clone(), ("bogus", Some(Value::ULLong(7)))]),
            (
                VIR_ERR_ARGUMENT_UNSUPPORTED,
                "argument unsupported: parameter 'bogus' not supported".into()
            )
        );
        assert_eq!(
            text(&[("bandwidth", Some(Value::Int(7)))]),
            (
                VIR_ERR_INVALID_ARG,
                "invalid argument: invalid type 'int' for parameter 'bandwidth', expected 'ullong'"
                    .into()
            )
        );
        assert_eq!(
            text(&[("granularity", None)]).1,
            "invalid argument: invalid type 'unknown' for parameter 'granularity', expected 'uint'"
        );
        assert_eq!(
            text(&[bandwidth.clone(), ("granularity", Some(Value::UInt(1))), bandwidth]),
            (
                VIR_ERR_INVALID_ARG,
                "invalid argument: parameter 'bandwidth' occurs multiple times".into()
            )
        );
    }

    #[test]
    fn the_fault_with_the_first_name_is_reported() {
        let error = given(&[("zzz", Some(Value::Int(1))), ("bandwidth", None)]).unwrap_err();
        assert!(error.message.contains("'bandwidth'"), "{error}");
        let error = given(&[("bandwidth", None), ("aaa", Some(Value::Int(1)))]).unwrap_err();
        assert!(error.message.contains("'aaa'"), "{error}");
    }
}
