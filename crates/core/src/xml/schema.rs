//! The strict reading of a description that the VALIDATE flags ask for: nothing but the elements
//! and attributes that are known. (What they hold is checked when they are read.)

use super::{Element, excerpt};
use crate::error::*;

/// An element: its name, its attributes, and what may be in it. `None` for anything.
pub struct ElementSchema(
    pub &'static str,
    pub &'static [&'static str],
    pub Option<&'static [ElementSchema]>,
);

pub const NO_ATTRIBUTES: &[&str] = &[];
/// Attributes that nobody here looks at.
pub const ANY: &[&str] = &["*"];
pub const TEXT: Option<&[ElementSchema]> = Some(&[]);

/// Refuses an element with anything unknown in it.
pub fn check(element: &Element, known: &ElementSchema) -> Result<()> {
    let ElementSchema(_, attributes, inside) = known;
    check_attributes(element, attributes)?;
    // As deep as the table, whatever the document.
    let Some(inside) = inside else { return Ok(()) };
    for child in element.elements() {
        match inside.iter().find(|known| known.0 == child.name) {
            Some(known) => check(child, known)?,
            None => return Err(unexpected(child)),
        }
    }
    Ok(())
}

/// Refuses attributes with other names.
pub fn check_attributes(element: &Element, known: &[&str]) -> Result<()> {
    let odd = |name: &str| !known.contains(&name) && name != "xmlns" && !name.starts_with("xmlns:");
    let Some(odd) = element.attributes.iter().find(|a| odd(&a.name)).filter(|_| known != ANY)
    else {
        return Ok(());
    };
    let (odd, name) = (excerpt(&odd.name), excerpt(&element.name));
    Err(invalid(&format!("Invalid attribute {odd} for element {name}")))
}

/// There is an element where none of its name is known.
pub fn unexpected(element: &Element) -> Error {
    invalid(&format!("Did not expect element {} there", excerpt(&element.name)))
}

pub fn invalid(text: &str) -> Error {
    Error::new(VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML, text)
}
