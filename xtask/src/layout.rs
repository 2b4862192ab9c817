//! The numbers that are part of the ABI (sizes, offsets, values), computed from the Rust sources
//! and written as C assertions, so that a compiler can hold any set of headers against them.

use std::collections::HashMap;
use std::fmt::Write;

use syn::{BinOp, Expr, Lit, Type, UnOp};

use crate::source::{Interface, Record};
use crate::{Result, fail};

/// Rust's names of C's types, C's own, and their sizes on 64-bit Linux.
const PRIMITIVES: &[(&str, &str, usize)] = &[
    ("c_char", "char", 1),
    ("c_uchar", "unsigned char", 1),
    ("c_short", "short", 2),
    ("c_ushort", "unsigned short", 2),
    ("c_int", "int", 4),
    ("c_uint", "unsigned int", 4),
    ("c_long", "long", 8),
    ("c_ulong", "unsigned long", 8),
    ("c_longlong", "long long", 8),
    ("c_ulonglong", "unsigned long long", 8),
    ("c_double", "double", 8),
    ("c_void", "void", 1),
    ("f64", "double", 8),
    ("usize", "size_t", 8),
];

/// What the assertions are made of.
pub const MACROS: &str = "#define SAME(what, value) \\\n\
                   \x20   _Static_assert((long long)(what) == (value), #what \" is not \" #value)\n\
                   #define TYPE(what, type) \\\n\
                   \x20   _Static_assert(__builtin_types_compatible_p(__typeof__(what), type), \\\n\
                   \x20                  #what \" is not of type \" #type)\n\
                   #define TEXT(what, text) \\\n\
                   \x20   _Static_assert(!__builtin_strcmp(what, text), #what \" is not \" text)\n";

const POINTER: usize = 8;
const ENUMERATION: usize = 4;

/// The assertions about all of `interfaces`, after `#include`s that the caller adds.
pub fn assertions(interfaces: &[Interface]) -> Result<String> {
    let mut layout = Layout { interfaces, values: HashMap::new(), out: String::new() };
    layout.out += MACROS;
    for interface in interfaces {
        layout.constants(interface)?;
    }
    for record in interfaces.iter().flat_map(|i| &i.records) {
        // Records without a tag of libvirt's are members of those that have one.
        if record.name.starts_with('_') {
            let c_name = format!("struct {}", record.name);
            let ((size, _), _) = layout.offsets(record)?;
            layout.same(&format!("sizeof({c_name})"), size as i64);
            layout.members(&c_name, "", record, 0)?;
        }
    }
    Ok(layout.out)
}

struct Layout<'a> {
    interfaces: &'a [Interface],
    /// Constants and enumerators, as they become known.
    values: HashMap<String, i64>,
    out: String,
}

impl<'a> Layout<'a> {
    fn same(&mut self, what: &str, value: i64) {
        let _ = writeln!(self.out, "SAME({what}, {value});");
    }

    fn constants(&mut self, interface: &Interface) -> Result<()> {
        for text in &interface.texts {
            let _ = writeln!(self.out, "TEXT({}, \"{}\");", text.name, text.value);
        }
        for (name, value) in &interface.numbers {
            self.constant(name, self.eval(value)?);
        }
        for enumeration in &interface.enums {
            let mut next = 0;
            for (name, value) in &enumeration.members {
                let value = value.as_ref().map_or(Ok(next), |value| self.eval(value))?;
                self.constant(name, value);
                next = value + 1;
            }
        }
        Ok(())
    }

    fn constant(&mut self, name: &str, value: i64) {
        self.same(name, value);
        self.values.insert(name.to_string(), value);
    }

    /// Asserts where the members of a record are, and those of the records in it. `path` leads to
    /// the record from the struct `c_name`, and `start` is its offset there.
    fn members(&mut self, c_name: &str, path: &str, record: &Record, start: usize) -> Result<()> {
        for Member { name, ty, offset } in self.offsets(record)?.1 {
            let member = format!("{path}{name}");
            let access = format!("(({c_name} *)0)->{member}");
            let (size, _) = self.size(ty)?;
            self.same(&format!("offsetof({c_name}, {member})"), (start + offset) as i64);
            self.same(&format!("sizeof({access})"), size as i64);
            if let Some(inner) = named(ty).and_then(|name| self.record(&name)) {
                self.members(c_name, &format!("{member}."), inner, start + offset)?;
            } else if let Some(c_type) = self.spell(ty) {
                let _ = writeln!(self.out, "TYPE({access}, {c_type});");
            }
        }
        Ok(())
    }

    /// A record's size and alignment, and each field's offset, as repr(C) places them.
    fn offsets<'r>(&self, record: &'r Record) -> Result<(Size, Vec<Member<'r>>)> {
        let (mut end, mut align) = (0, 1);
        let mut fields = Vec::new();
        for (name, ty) in &record.fields {
            let (field_size, field_align) = self.size(ty)?;
            let offset =
                if record.is_union { 0 } else { usize::next_multiple_of(end, field_align) };
            end = end.max(offset + field_size);
            align = align.max(field_align);
            fields.push(Member { name, ty, offset });
        }
        Ok(((end.next_multiple_of(align), align), fields))
    }

    fn record(&self, name: &str) -> Option<&'a Record> {
        self.interfaces.iter().flat_map(|i| &i.records).find(|r| r.name == name)
    }

    fn alias(&self, name: &str) -> Option<&'a Type> {
        let mut aliases = self.interfaces.iter().flat_map(|i| &i.aliases);
        aliases.find(|(n, _)| n == name).map(|(_, ty)| ty)
    }

    /// The enumeration that an alias of an integer stands for.
    fn value(&self, name: &str) -> Option<&'a str> {
        let mut values = self.interfaces.iter().flat_map(|i| &i.values);
        values.find(|(value, _)| value == name).map(|(_, enumeration)| enumeration.as_str())
    }

    /// The size and alignment of a field.
    fn size(&self, ty: &Type) -> Result<Size> {
        match ty {
            Type::Ptr(_) => return Ok((POINTER, POINTER)),
            Type::Array(array) => {
                let (size, align) = self.size(&array.elem)?;
                return Ok((size * usize::try_from(self.eval(&array.len)?)?, align));
            }
            _ => {}
        }
        let Some(name) = named(ty) else { return fail("a field of a type that C has not") };
        if let Some((_, _, size)) = PRIMITIVES.iter().find(|(rust, ..)| *rust == name) {
            return Ok((*size, *size));
        }
        if let Some(record) = self.record(&name) {
            return Ok(self.offsets(record)?.0);
        }
        if let Some(target) = self.alias(&name) {
            return self.size(target);
        }
        let mut handles = self.interfaces.iter().flat_map(|i| &i.handles);
        if name == "Option" || handles.any(|handle| handle.pointer == name) {
            return Ok((POINTER, POINTER));
        }
        if self.value(&name).is_some() {
            return Ok((ENUMERATION, ENUMERATION));
        }
        fail(format!("unknown type {name}"))
    }

    /// A field's type in C, where it has a name there.
    fn spell(&self, ty: &Type) -> Option<String> {
        if let Type::Ptr(pointer) = ty {
            let target = self.spell(&pointer.elem)?;
            let qualifier = if pointer.const_token.is_some() { " const" } else { "" };
            return Some(format!("{target}{qualifier} *"));
        }
        let name = named(ty)?;
        if let Some((_, c_name, _)) = PRIMITIVES.iter().find(|(rust, ..)| *rust == name) {
            return Some(c_name.to_string());
        }
        if name.starts_with('_') {
            return Some(format!("struct {name}"));
        }
        let name = self.value(&name).unwrap_or(&name);
        name.starts_with("vir").then(|| name.to_string())
    }

    /// The value of a constant expression.
    fn eval(&self, expr: &Expr) -> Result<i64> {
        match expr {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => Ok(number.base10_parse()?),
                _ => fail("a constant that is no number"),
            },
            Expr::Paren(inner) => self.eval(&inner.expr),
            Expr::Cast(cast) => self.eval(&cast.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Ok(-self.eval(&unary.expr)?),
            Expr::Binary(binary) => {
                let (left, right) = (self.eval(&binary.left)?, self.eval(&binary.right)?);
                match binary.op {
                    BinOp::Add(_) => Ok(left + right),
                    BinOp::Sub(_) => Ok(left - right),
                    BinOp::Mul(_) => Ok(left * right),
                    BinOp::Shl(_) => Ok(left << right),
                    BinOp::BitOr(_) => Ok(left | right),
                    _ => fail("an operator that constants do not have"),
                }
            }
            Expr::Path(path) => {
                let name = path.path.segments.last().map(|s| s.ident.to_string());
                let name = name.unwrap_or_default();
                self.values.get(&name).copied().ok_or_else(|| format!("unknown {name}").into())
            }
            _ => fail("an expression that constants do not have"),
        }
    }
}

/// Bytes, and the alignment.
type Size = (usize, usize);

/// A field in its place.
struct Member<'r> {
    name: &'r str,
    ty: &'r Type,
    offset: usize,
}

/// The last part of a type's path.
fn named(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}
