//! What the description of a running domain says of its disks beyond their definition: where they
//! are exported, the images that they consist of, and the copy that is being made.

use std::time::SystemTime;

use super::disk::Disk;
use super::jobs::job::DiskJob;
use crate::block::Files;
use crate::domain::config::definition::NAMESPACE;
use crate::domain::holder::is_holder;
use crate::domain::images::describe::backing_store;
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

/// What says of a domain which process runs it, and since when.
pub fn holder(since: SystemTime) -> Element {
    let kind = if is_holder() { "process" } else { "caller" };
    Element::new("virsparse:holder")
        .with_attr("xmlns:virsparse", NAMESPACE)
        .with_attr("kind", kind)
        .with_attr("pid", std::process::id())
        .with_attr("since", humantime::format_rfc3339_seconds(since))
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
