//! What a header says of an image that is listed, not opened. It may name features that this library does not
//! have; only what cannot be true at all is no header.

use super::fields::{EXTENSION_BACKING_FORMAT, HeaderFields, MOST_NAME};
use super::header::{Compatible, Incompatible};
use crate::format::fields::{Fields, as_name};
use crate::format::summary::{ImageSummary, RecordedBacking};
use crate::{ImageFeatures, Node, Result};

/// The summary of an image that begins with `start`: qcow (version 1) or qcow2 (versions 2 and 3).
pub(crate) fn summary(file: &dyn Node, start: &[u8]) -> Result<Option<ImageSummary>> {
    let head = Fields(start);
    let (Some(version), Some(name_at), Some(name_length), Some(size)) =
        (head.be32(4), head.be64(8), head.be32(16), head.be64(24))
    else {
        return Ok(None);
    };
    if size > i64::MAX as u64 {
        return Ok(None);
    }
    let name = name_at_offset(file, name_at, name_length)?;
    if version == 1 {
        let backing = name.map(|name| RecordedBacking { name, format: None });
        return Ok(Some(ImageSummary { backing, ..ImageSummary::of("qcow", Some(size)) }));
    }
    let fields = HeaderFields::read(start).filter(|fields| {
        (2..=3).contains(&fields.version) && (9..=21).contains(&fields.cluster_bits)
    });
    let Some(fields) = fields else { return Ok(None) };
    let features = ImageFeatures {
        lazy_refcounts: fields.compatible & Compatible::LAZY_REFCOUNTS.bits() != 0,
        extended_l2: fields.incompatible & Incompatible::EXTENDED_L2.bits() != 0,
    };
    let is_3 = version == 3;
    let backing = name.map(|name| RecordedBacking { name, format: backing_format(&fields, start) });
    Ok(Some(ImageSummary {
        backing,
        compat: is_3.then_some("1.1"),
        cluster_size: Some(1 << fields.cluster_bits),
        features: is_3.then_some(features),
        ..ImageSummary::of("qcow2", Some(size))
    }))
}

/// The recorded format of the backing image, as far as the first bytes say it.
fn backing_format(fields: &HeaderFields, start: &[u8]) -> Option<String> {
    let found = fields
        .extensions(start)
        .map_while(std::result::Result::ok)
        .find(|extension| extension.kind == EXTENSION_BACKING_FORMAT)?;
    Fields(start).name(found.contents, found.length)
}

/// The name of the backing image, wherever it is in the file.
pub(crate) fn name_at_offset(file: &dyn Node, offset: u64, length: u32) -> Result<Option<String>> {
    if offset == 0 || !(1..=MOST_NAME as u32).contains(&length) || offset > i64::MAX as u64 {
        return Ok(None);
    }
    let mut name = vec![0; length as usize];
    // A header that names what is behind the end of the file cannot be true.
    if file.read_at(&mut name, offset)? < name.len() {
        return Ok(None);
    }
    Ok(as_name(name))
}
