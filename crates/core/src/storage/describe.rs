//! Descriptions: of a volume from what is known of it, and of what pools can be.

use super::pool_type::PoolType;
use super::store::VolumeFacts;
use super::volume_description::{BackingDescription, VolumeDescription};
use super::volume_format::VolumeFormat;
use crate::block::RecordedBacking;
use crate::xml::Element;

/// The XML of a volume. `below`: what is known of its backing image.
pub fn describe(
    name: &str,
    path: &str,
    facts: &VolumeFacts,
    below: Option<&VolumeFacts>,
) -> String {
    VolumeDescription {
        kind: facts.kind,
        name: name.to_string(),
        key: path.to_string(),
        path: path.to_string(),
        capacity: facts.capacity,
        allocation: facts.allocation,
        physical: facts.physical,
        format: facts.image.format,
        permissions: facts.permissions.clone(),
        timestamps: facts.timestamps,
        compat: facts.image.compat.map(str::to_string),
        cluster_size: facts.image.cluster_size,
        features: facts.image.features,
        backing_store: facts.image.backing.as_ref().map(|b| backing(b, path, below)),
    }
    .format()
}

/// Which types of pool there are, and what those that work here can hold.
pub fn capabilities() -> String {
    let mut root = Element::new("storagepoolCapabilities");
    for pool_type in PoolType::all() {
        let mut pool = Element::new("pool")
            .with_attr("type", pool_type.word)
            .with_attr("supported", if pool_type.driver.is_some() { "yes" } else { "no" });
        if let Some(driver) = &pool_type.driver {
            let values = (driver.volume_formats)().into_iter().map(|format| format.word());
            let values = values.map(|word| Element::new("value").with_text(word));
            let formats = Element::new("enum").with_attr("name", "targetFormatType");
            let formats = values.fold(formats, Element::with_child);
            let default = Element::new("defaultFormat").with_attr("type", "raw");
            pool.push(Element::new("volOptions").with_child(default).with_child(formats));
        }
        root.push(pool);
    }
    root.to_xml()
}

/// What the header says of the backing image, and what is known of its file.
fn backing(
    backing: &RecordedBacking,
    image: &str,
    below: Option<&VolumeFacts>,
) -> BackingDescription {
    let format = match backing.format.as_deref().map(VolumeFormat::from_word) {
        Some(Ok(format)) => format,
        Some(Err(error)) => {
            log::info!("the backing format of '{image}' is not known: {error}");
            VolumeFormat::Unknown
        }
        None => VolumeFormat::Raw,
    };
    BackingDescription {
        path: beside(image, &backing.name),
        format,
        permissions: below.map(|below| below.permissions.clone()).unwrap_or_default(),
        timestamps: below.and_then(|below| below.timestamps),
    }
}

/// Where a backing name leads: a relative one is relative to the folder of the image that has it.
fn beside(image: &str, name: &str) -> String {
    let is_local = !name.split('/').next().unwrap_or_default().contains(':');
    match image.rsplit_once('/') {
        Some((folder, _)) if is_local && !name.starts_with('/') => format!("{folder}/{name}"),
        _ => name.to_string(),
    }
}
