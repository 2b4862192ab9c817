//! Images as the XML of a `<disk>` describes them.

use crate::block::{FileKind, Files, Format, Image, Location};
use crate::domain::config::network;
use crate::xml::Element;

/// The images below one, as elements in each other; an empty one is the end.
pub fn backing_store(files: &dyn Files, images: &[Image]) -> Element {
    images.iter().rev().fold(Element::new("backingStore"), |below, image| {
        let mut source = source(files, &image.location);
        source.set_attr("index", image.index);
        Element::new("backingStore")
            .with_attr("type", source_type(files, &image.location))
            .with_attr("index", image.index)
            .with_child(Element::new("format").with_attr("type", image.format.name()))
            .with_child(source)
            .with_child(below)
    })
}

/// Whether the XML calls an image a file or a device, or one behind a network.
pub fn source_type(files: &dyn Files, location: &Location) -> &'static str {
    let Location::File(path) = location else { return "network" };
    match files.look(path) {
        Ok(found) if found.kind == FileKind::Device => "block",
        Ok(_) => "file",
        Err(errno) => {
            log::warn!("'{}' is described as a file: {errno}", path.display());
            "file"
        }
    }
}

/// The `<source>` of an image.
pub fn source(files: &dyn Files, location: &Location) -> Element {
    if let Location::Remote(remote) = location {
        return network::describe(remote);
    }
    let attr = if source_type(files, location) == "block" { "dev" } else { "file" };
    Element::new("source").with_attr(attr, location)
}

/// Puts another image into a `<disk>`, whose chain is then what that records.
pub fn set_image(disk: &mut Element, source: Element, format: Format) {
    disk.remove_children("backingStore");
    disk.set_child(source);
    match disk.child_mut("driver") {
        Some(driver) => driver.set_attr("type", format.name()),
        None => {
            disk.push(
                Element::new("driver").with_attr("name", "qemu").with_attr("type", format.name()),
            );
        }
    }
}
