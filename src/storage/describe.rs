//! A volume's description, from what is known of it.

use super::probe::{Backing, Qcow2};
use super::store::VolumeFacts;
use super::volume_description::{BackingDescription, VolumeDescription};
use super::volume_format::VolumeFormat;
use super::volume_xml::Features;

/// The XML of a volume.
pub fn describe(name: &str, path: &str, facts: &VolumeFacts) -> String {
    let qcow2 = facts.image.qcow2;
    let version3 = qcow2.filter(|q| q.version >= 3);
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
        timestamps: facts.timestamps.clone(),
        compat: version3.map(|_| "1.1".to_string()),
        cluster_size: qcow2.map(|q| q.cluster_size),
        features: version3.map(|Qcow2 { lazy_refcounts, extended_l2, .. }| Features {
            lazy_refcounts,
            extended_l2,
        }),
        backing_store: facts.image.backing.as_ref().map(backing),
    }
    .format()
}

/// What the header says of the backing image. The image itself is not looked at: a name in a header
/// is no reason to open a file.
fn backing(backing: &Backing) -> BackingDescription {
    let format = backing.format.as_deref().and_then(|word| VolumeFormat::from_word(word).ok());
    BackingDescription {
        path: backing.path.clone(),
        format: format.unwrap_or_default(),
        permissions: Default::default(),
        timestamps: None,
    }
}
