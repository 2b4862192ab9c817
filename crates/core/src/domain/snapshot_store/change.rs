//! What a snapshot changes of a domain: the images that it puts on top, and the definitions that name them.

use super::description::{Mode, SnapshotDisk};
use super::overlay::{Below, Overlay};
use crate::block::{Files, Format, Location};
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::{Backing, DiskDefinition};
use crate::domain::config::source::Source;
use crate::domain::images::chain::recorded_backing;
use crate::domain::images::describe::{set_image, source, source_type};
use crate::error::*;
use crate::xml::Element;

/// The error that a snapshot of that kind is not taken.
pub fn unsupported(text: impl Into<String>) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// A disk that gets a new image.
pub struct Change {
    pub target: String,
    pub below: Below,
    pub overlay: Overlay,
}

/// The disks that get new images.
pub fn external(disks: &[SnapshotDisk]) -> impl Iterator<Item = &SnapshotDisk> {
    disks.iter().filter(|disk| disk.mode == Some(Mode::External))
}

/// The disk of a definition that is in a snapshot.
pub fn definition_of<'a>(
    definition: &'a Definition,
    plan: &SnapshotDisk,
) -> Result<&'a DiskDefinition> {
    let found = definition.disks.iter().find(|disk| disk.target == plan.name);
    found.ok_or_else(|| unsupported(format!("no disk named '{}'", plan.name)))
}

/// The domain that is kept, as a snapshot describes it.
pub fn inactive(root: &Element) -> Element {
    let mut inactive = root.clone();
    inactive.name = "inactiveDomain".to_string();
    inactive
}

/// The image that is on top of a disk, if another one can be put on it.
pub fn below(
    files: &dyn Files,
    disk: &DiskDefinition,
    length: impl FnOnce() -> Result<u64>,
) -> Result<Below> {
    let target = &disk.target;
    let refused = |why: &str| {
        Err(unsupported(format!("external snapshot of disk '{target}' is not possible: {why}")))
    };
    let (path, format) = match &disk.image {
        Some(image) => match &image.source {
            Source::File(path) | Source::Block(path) => (path, Format::from_name(&image.format)),
            Source::Remote(_) | Source::Volume(..) | Source::Other(_) => {
                return refused("its image is not a local file");
            }
        },
        None => return refused("it has no image"),
    };
    let Some(format) = format else { return refused("its format is not served") };
    if disk.transient {
        return refused("it is transient");
    }
    if disk.shareable {
        return refused("others may use its image");
    }
    if format.can_have_backing()
        && disk.backing == Backing::End
        && recorded_backing(files, &path.into(), format)?.is_some()
    {
        // A new image has no way to say that what the one below records does not count.
        return refused("its definition leaves out the backing image that its image records");
    }
    let path = std::path::absolute(path)
        .map_err(|e| Error::io(VIR_FROM_DOMAIN, &e, format!("cannot find '{}'", path.display())))?;
    Ok(Below { path, format, length: length()? })
}

/// A definition with new images on top.
pub fn redefined(
    files: &dyn Files,
    definition: &Definition,
    changes: &[&Change],
) -> Result<Definition> {
    let mut new = definition.clone();
    for change in changes {
        new = new.with_changed_disk(&change.target, |disk| put_above(files, disk, change))?;
    }
    Ok(new)
}

/// Makes a `<disk>` one of the new image. A description of the chain goes on to be one.
fn put_above(files: &dyn Files, disk: &mut Element, change: &Change) {
    let kind = disk.attr("type").unwrap_or("file").to_string();
    let backing = disk.child("backingStore").cloned();
    let below = disk.child("source").cloned();
    let location = Location::from(&change.overlay.path);
    disk.set_attr("type", source_type(files, &location));
    set_image(disk, source(files, &location), change.overlay.format);
    if let (Some(backing), Some(below)) = (backing, below) {
        let format = Element::new("format").with_attr("type", change.below.format.name());
        disk.push(
            Element::new("backingStore")
                .with_attr("type", kind)
                .with_child(format)
                .with_child(below)
                .with_child(backing),
        );
    }
}
