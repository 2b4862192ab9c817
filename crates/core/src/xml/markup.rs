//! The inside of a tag, and references: what quick-xml passes on unchecked.

use std::collections::HashSet;

use super::Attribute;
use super::excerpt;
use super::report::Document;
use super::syntax::{is_char, is_space, name_len};
use crate::error::*;

/// The complaint about a document of more parts than are accepted.
pub const TOO_MANY: &str = "Excessive number of nodes in document";

impl Document<'_> {
    /// The attributes of a tag, no more than `limit`; `raw` begins behind the element's name, at
    /// byte `start`.
    pub fn attributes(&self, raw: &str, start: usize, limit: usize) -> Result<Vec<Attribute>> {
        let mut attributes = Vec::new();
        let mut names = HashSet::new();
        let mut rest = raw;
        loop {
            let next = rest.trim_start_matches(is_space);
            let at = start + raw.len() - next.len();
            if next.is_empty() {
                return Ok(attributes);
            }
            if next.len() == rest.len() {
                return Err(self.error(at, "attributes construct error"));
            }
            if attributes.len() >= limit {
                return Err(self.error(at, TOO_MANY));
            }
            let (name, behind) = next.split_at(name_len(next));
            if name.is_empty() {
                return Err(self.error(at, "error parsing attribute name"));
            }
            let behind = behind.trim_start_matches(is_space);
            let Some(value) = behind.strip_prefix('=') else {
                let name = excerpt(name);
                let problem = format!("Specification mandates value for attribute {name}");
                return Err(self.error(start + raw.len() - behind.len(), problem));
            };
            let value = value.trim_start_matches(is_space);
            let value_at = start + raw.len() - value.len();
            let Some(quote) = value.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
                return Err(self.error(value_at, "AttValue: \" or ' expected"));
            };
            let value = &value[1..];
            let len = value.find(quote).unwrap_or(value.len());
            let plain = self.attribute_value(&value[..len], value_at + 1)?;
            let Some(behind) = value[len..].strip_prefix(quote) else {
                return Err(self.error(value_at + 1 + len, format!("AttValue: {quote} expected")));
            };
            if !names.insert(name) {
                let problem = format!("Attribute {} redefined", excerpt(name));
                return Err(self.error(value_at + len + 2, problem));
            }
            attributes.push(Attribute { name: name.to_string(), value: plain });
            rest = behind;
        }
    }

    /// A value without its references; white space that is not written by number becomes a space.
    fn attribute_value(&self, raw: &str, start: usize) -> Result<String> {
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(len) = rest.find(['&', '<', '\t', '\r', '\n']) {
            let (plain, special) = rest.split_at(len);
            value.push_str(plain);
            let at = start + raw.len() - special.len();
            if special.starts_with('<') {
                return Err(self.error(at, "Unescaped '<' not allowed in attributes values"));
            }
            let (c, len) = match special.as_bytes() {
                [b'&', ..] => self.reference(at)?,
                [b'\r', b'\n', ..] => (' ', 2),
                _ => (' ', 1),
            };
            value.push(c);
            rest = special.get(len..).unwrap_or_default();
        }
        value.push_str(rest);
        Ok(value)
    }

    /// The character that the reference at `at` stands for, and the reference's length.
    pub fn reference(&self, at: usize) -> Result<(char, usize)> {
        let rest = self.text.get(at + 1..).unwrap_or_default();
        if let Some(number) = rest.strip_prefix('#') {
            return self.character_reference(at, number);
        }
        let name = &rest[..name_len(rest)];
        if name.is_empty() {
            return Err(self.error(at + 1, "xmlParseEntityRef: no name"));
        }
        if !rest[name.len()..].starts_with(';') {
            return Err(self.error(at + 1 + name.len(), "EntityRef: expecting ';'"));
        }
        let len = "&;".len() + name.len();
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => {
                let problem = format!("Entity '{}' not defined", excerpt(name));
                return Err(self.error(at + len, problem));
            }
        };
        Ok((c, len))
    }

    /// The same for `&#` followed by `number`.
    fn character_reference(&self, at: usize, number: &str) -> Result<(char, usize)> {
        let (digits, radix, kind) = match number.strip_prefix('x') {
            Some(digits) => (digits, 16, "hexadecimal"),
            None => (number, 10, "decimal"),
        };
        let len = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let end = at + "&#".len() + (number.len() - digits.len()) + len;
        if len == 0 || !digits[len..].starts_with(';') {
            return Err(self.error(end, format!("CharRef: invalid {kind} value")));
        }
        let Ok(code) = u32::from_str_radix(&digits[..len], radix) else {
            return Err(self.error(end + 1, "xmlParseCharRef: character reference out of bounds"));
        };
        let Some(c) = char::from_u32(code).filter(|&c| is_char(c)) else {
            let problem = format!("xmlParseCharRef: invalid xmlChar value {code}");
            return Err(self.error(end + 1, problem));
        };
        Ok((c, end + 1 - at))
    }
}
