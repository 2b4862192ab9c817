//! How callers name the disks of a definition and parts of them, and the errors if there is no such disk.

use std::ops::Range;

use super::definition::Definition;
use super::disk::DiskDefinition;
use crate::block::range_within;
use crate::error::*;
use crate::xml::Element;

pub fn argument(text: String) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

pub fn excerpt(name: &str) -> std::borrow::Cow<'_, str> {
    crate::xml::excerpt(name)
}

pub fn no_medium(target: &str) -> Error {
    argument(format!("disk '{target}' does not currently have a source assigned"))
}

/// The error that a disk has no images on this connection.
pub fn not_served(target: &str) -> Error {
    let text = format!("disk '{target}' is not served by this connection");
    Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// The disk of a name, or the error that `missing` makes.
pub fn find<'a>(
    definition: &'a Definition,
    name: &str,
    missing: impl Fn(&str) -> String,
) -> Result<&'a DiskDefinition> {
    definition.disk(name).ok_or_else(|| argument(missing(&excerpt(name))))
}

/// `target[index]`, taken apart.
pub fn indexed(name: &str) -> Option<(&str, u32)> {
    let (target, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    // An index is never 0: that is a path like any other.
    Some((target, index.parse().ok().filter(|index| *index > 0)?))
}

/// The range that a caller names of a disk of `size` bytes.
pub fn disk_range(target: &str, offset: u64, length: u64, size: u64) -> Result<Range<u64>> {
    range_within(offset, length, size).ok_or_else(|| {
        let text = format!(
            "offset {offset} and length {length} in {FUNCTION} reach beyond the end of disk \
             '{target}' of {size} bytes"
        );
        Error::argument(VIR_FROM_DOMAIN, "length", text)
    })
}

/// What events call a disk: its `<alias>`, or a name of libvirt's kind.
pub fn alias(disk: &Element) -> String {
    if let Some(alias) = disk.child("alias").and_then(|alias| alias.attr("name")) {
        return alias.to_string();
    }
    let target = disk.child("target");
    let name = target.and_then(|target| target.attr("dev")).unwrap_or_default();
    let bus = target.and_then(|target| target.attr("bus")).unwrap_or("virtio");
    // vda is 0, vdz 25, vdaa 26.
    let letters = name.get(2..).unwrap_or_default();
    let number = letters.bytes().filter(u8::is_ascii_lowercase).fold(0u64, |number, letter| {
        number.saturating_mul(26).saturating_add(u64::from(letter - b'a') + 1)
    });
    format!("{bus}-disk{}", number.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_numbered_as_the_targets_are() {
        let alias_of = |dev: &str| {
            alias(&Element::new("disk").with_child(Element::new("target").with_attr("dev", dev)))
        };
        assert_eq!(alias_of("vda"), "virtio-disk0");
        assert_eq!(alias_of("vdz"), "virtio-disk25");
        assert_eq!(alias_of("vdaa"), "virtio-disk26");
    }
}
