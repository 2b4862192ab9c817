//! What descriptions of volumes may have that libvirt's do not: elements in a namespace of our own,
//! which libvirt ignores.

use crate::block::Compression;
use crate::error::*;
use crate::xml::{Element, excerpt};

/// The namespace of what libvirt's descriptions do not have.
pub const NAMESPACE: &str = "urn:virsparse:volume:1";

/// How what is copied into a volume is to be compressed.
pub fn compression(target: &Element, root: &Element) -> Result<Option<Compression>> {
    let Some(element) =
        target.elements().find(|e| e.is_in(NAMESPACE, "compression", &[target, root]))
    else {
        return Ok(None);
    };
    match element.attr("type") {
        None => {
            let text = "missing compression type";
            Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, text))
        }
        Some("deflate") => Ok(Some(Compression::Deflate)),
        Some("zstd") => Ok(Some(Compression::Zstd)),
        Some(word) => {
            let text = format!("unknown compression type '{}'", excerpt(word));
            Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::volume_xml::VolumeDefinition;

    #[test]
    fn compression_is_read_in_our_namespace_only() {
        let with = |root: &str, target: &str, inside: &str| {
            VolumeDefinition::parse(&format!(
                "<volume {root}><name>v</name><capacity>1</capacity><target {target}>{inside}</target></volume>"
            ))
        };
        let ours = "xmlns:s='urn:virsparse:volume:1'";
        let zstd = with(ours, "", "<s:compression type='zstd'/>").unwrap();
        assert_eq!(
            (zstd.compression, zstd.compat.as_deref()),
            (Some(Compression::Zstd), Some("1.1"))
        );
        let deflate = with("", ours, "<s:compression type='deflate'/>").unwrap();
        assert_eq!((deflate.compression, deflate.compat), (Some(Compression::Deflate), None));
        let there = format!("<s:compression {ours} type='zstd'/>");
        assert_eq!(with("xmlns:s='u'", "", &there).unwrap().compression, Some(Compression::Zstd));
        let there = "<compression xmlns='urn:virsparse:volume:1' type='zstd'/>";
        assert_eq!(with("", "", there).unwrap().compression, Some(Compression::Zstd));
        for (root, target, inside) in [
            ("", "", "<compression type='zstd'/>"),
            ("xmlns:s='u'", "", "<s:compression type='zstd'/>"),
            (ours, "xmlns:s='u'", "<s:compression type='zstd'/>"),
            (ours, "", "<t:compression xmlns:t='u' type='zstd'/>"),
            (ours, "", "<s:other type='zstd'/>"),
            (ours, "", "<compression xmlns='u' type='zstd'/>"),
        ] {
            let read = with(root, target, inside).unwrap();
            assert_eq!((read.compression, read.compat), (None, None), "{root} {target} {inside}");
        }
        let error = with(ours, "", "<s:compression type='lz4'/>").unwrap_err();
        let text = "unsupported configuration: unknown compression type 'lz4'";
        assert_eq!((error.code, error.message.as_str()), (VIR_ERR_CONFIG_UNSUPPORTED, text));
        let error = with(ours, "", "<s:compression/>").unwrap_err();
        let text = "XML error: missing compression type";
        assert_eq!((error.code, error.message.as_str()), (VIR_ERR_XML_ERROR, text));
    }
}
