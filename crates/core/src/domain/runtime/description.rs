//! What the description of a running domain says of its disks beyond their definition: where they
//! are exported, the images that they consist of, and the copy that is being made.

use std::path::Path;

use super::disk::Disk;
use super::jobs::job::DiskJob;
use crate::block::nbd::{Address, Place, export_of};
use crate::block::{FileKind, Files, Image};
use crate::domain::config::definition::NAMESPACE;
use crate::job::Command;
use crate::xml::Element;

/// Adds to a `<disk>` what is known of the disk.
pub fn describe(files: &dyn Files, disk: &Disk, element: &mut Element) {
    {
        let chain = disk.live.images();
        if let (Some(top), Some(source)) = (chain.images.first(), element.child_mut("source")) {
            source.set_attr("index", top.index);
        }
        element.remove_children("backingStore");
        if !disk.definition.transient {
            let below = chain.images.get(1..).unwrap_or_default();
            element.push(backing_store(files, below));
        }
    }
    if let Some(job) = disk.current_job()
        && let Some(mirror) = mirror(&job)
    {
        element.push(mirror);
    }
    let uris = [("uri", disk.uri()), ("tcp", disk.tcp_uri())];
    if uris.iter().any(|(_, uri)| uri.is_some()) {
        let mut export = Element::new("virsparse:export").with_attr("xmlns:virsparse", NAMESPACE);
        for (name, uri) in uris {
            if let Some(uri) = uri {
                export.set_attr(name, uri);
            }
        }
        element.push(export);
    }
}

/// The images below one, as elements in each other; an empty one is the end.
pub fn backing_store(files: &dyn Files, images: &[Image]) -> Element {
    images.iter().rev().fold(Element::new("backingStore"), |below, image| {
        let mut source = source(files, &image.path);
        source.set_attr("index", image.index);
        Element::new("backingStore")
            .with_attr("type", source_type(files, &image.path))
            .with_attr("index", image.index)
            .with_child(Element::new("format").with_attr("type", image.format.name()))
            .with_child(source)
            .with_child(below)
    })
}

/// Whether the XML calls an image a file or a device, or one behind a network.
pub fn source_type(files: &dyn Files, path: &Path) -> &'static str {
    if export_of(path).is_some() {
        return "network";
    }
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
pub fn source(files: &dyn Files, path: &Path) -> Element {
    if let Some(Address { place, export }) = export_of(path) {
        let host = match place {
            Place::Unix(path) => Element::new("host")
                .with_attr("transport", "unix")
                .with_attr("socket", path.display()),
            Place::Tcp { host, port } => {
                Element::new("host").with_attr("name", host).with_attr("port", port)
            }
        };
        let source = Element::new("source").with_attr("protocol", "nbd");
        return source.with_attr("name", export).with_child(host);
    }
    let attr = if source_type(files, path) == "block" { "dev" } else { "file" };
    Element::new("source").with_attr(attr, path.display())
}

fn mirror(job: &DiskJob) -> Option<Element> {
    let mut mirror = job.mirror.clone()?;
    let control = job.job.control();
    if control.is_ready() {
        let ready = match control.commanded() {
            Command::GoOn => "yes",
            Command::Pivot => "pivot",
            Command::Cancel => "abort",
        };
        mirror.set_attr("ready", ready);
    }
    Some(mirror)
}
