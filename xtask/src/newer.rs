//! What our headers declare and libvirt 9.0's do not: the table that stands in for the headers of the
//! libvirt that is installed where that is older.

use std::fs;
use std::path::Path;

use crate::{Result, fail, libvirt_version};

const TABLE: &str = "ctests/abi/newer-than-9.0";

/// A line of the table.
pub struct Newer {
    /// The version of libvirt, as it counts them, that was the first to have this name or value.
    pub since: u32,
    pub name: String,
    pub value: Value,
}

/// What libvirt's headers say of a name.
pub enum Value {
    Number(i64),
    Text(String),
    /// A declaration in C.
    Declaration(String),
    /// Its members have lines of their own.
    Enumeration,
}

impl Newer {
    fn parse(line: &str) -> Result<Newer> {
        let mut words = line.splitn(3, ' ');
        let (Some(since), Some(name), Some(value)) = (words.next(), words.next(), words.next())
        else {
            return fail(format!("{TABLE}: not SINCE NAME VALUE: {line}"));
        };
        let text = value.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let value = match (value, text, value.parse()) {
            ("enum", ..) => Value::Enumeration,
            (_, Some(text), _) => Value::Text(text.to_string()),
            (_, _, Ok(number)) => Value::Number(number),
            _ => Value::Declaration(value.to_string()),
        };
        Ok(Newer { since: libvirt_version::number(since), name: name.to_string(), value })
    }

    /// An assertion in C that the name has the value.
    pub fn assertion(&self) -> Option<String> {
        let name = &self.name;
        match &self.value {
            Value::Number(value) => Some(format!("SAME({name}, {value});\n")),
            Value::Text(text) => Some(format!("TEXT({name}, \"{text}\");\n")),
            Value::Declaration(_) | Value::Enumeration => None,
        }
    }
}

/// The lines of the table.
pub fn read(root: &Path) -> Result<Vec<Newer>> {
    let text = fs::read_to_string(root.join(TABLE)).map_err(|e| format!("{TABLE}: {e}"))?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(Newer::parse).collect()
}

/// Has assertions about a name hold only where the headers are of a version that has it.
pub fn guarded(assertions: &str, newer: &[Newer]) -> String {
    let about = |line: &str| {
        let name = line.split_once('(')?.1.split_once(',')?.0.to_string();
        newer.iter().find(|newer| newer.name == name)
    };
    let lines = assertions.lines().map(|line| match about(line) {
        Some(newer) => format!("#if LIBVIR_VERSION_NUMBER >= {}\n{line}\n#endif\n", newer.since),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_is_told_from_the_others() {
        let parse = |line| Newer::parse(line).unwrap();
        assert_eq!(parse("10.0.0 VIR_A -1").assertion().unwrap(), "SAME(VIR_A, -1);\n");
        assert_eq!(parse("10.0.0 VIR_B \"b c\"").assertion().unwrap(), "TEXT(VIR_B, \"b c\");\n");
        assert!(matches!(parse("10.0.0 virC enum").value, Value::Enumeration));
        assert!(matches!(parse("10.0.0 virD typedef int virD;").value, Value::Declaration(_)));
        assert!(Newer::parse("10.0.0 virE").is_err());
    }

    #[test]
    fn only_assertions_about_what_is_newer_are_guarded() {
        let newer = [Newer::parse("10.1.0 VIR_A 1").unwrap()];
        let text = guarded("SAME(VIR_A, 1);\nSAME(VIR_AB, 2);\n", &newer);
        let expected = "#if LIBVIR_VERSION_NUMBER >= 10001000\nSAME(VIR_A, 1);\n#endif\n\
                        SAME(VIR_AB, 2);\n";
        assert_eq!(text, expected);
    }
}
