//! What a new qcow2 image is asked to be: from a volume's definition to the options of the image,
//! with libvirt's rules, and its messages or those of the program that it runs.

use super::volume_xml::{Features, VolumeDefinition};
use crate::block::SECTOR;
use crate::block::qcow2::{Compression, CreateOptions};
use crate::error::*;

/// Sizes are given to qemu-img in KiB by libvirt.
const KIB: u64 = 1024;
/// The longest name of a backing image.
const MOST_NAME: usize = 1023;

/// A size that was asked for, as an image can have it.
pub fn asked_size(capacity: u64) -> Result<u64> {
    capacity.checked_next_multiple_of(KIB).ok_or_else(|| too_large(capacity))
}

/// The size of an image that holds `length` bytes.
pub fn size_for(length: u64) -> Result<u64> {
    length.checked_next_multiple_of(SECTOR).ok_or_else(|| too_large(length))
}

/// The options of an image of `size` bytes over `backing`, a name and a format as they are recorded.
pub fn image_options(
    definition: &VolumeDefinition,
    size: u64,
    backing: Option<(String, String)>,
) -> Result<CreateOptions> {
    let Features { lazy_refcounts, extended_l2 } = definition.features.unwrap_or_default();
    // What libvirt makes since 10; 9.0 made 0.10, which has no way to say that a cluster is zero.
    let compat = definition.compat.as_deref().unwrap_or("1.1");
    let version = match compat {
        "0.10" => 2,
        "1.1" => 3,
        other => return Err(unsupported(format!("qcow2 does not have compat level {other}"))),
    };
    if lazy_refcounts && version < 3 {
        let text = format!("lazy_refcounts not supported with compat level {compat}");
        return Err(unsupported(text));
    }
    if extended_l2 && version < 3 {
        let text = format!("'extended_l2' not supported with compat level {compat}");
        return Err(unsupported(text));
    }
    let compression = definition.compression.unwrap_or(Compression::Deflate);
    if compression == Compression::Zstd && version < 3 {
        let text = format!("zstd compression not supported with compat level {compat}");
        return Err(unsupported(text));
    }
    let default = CreateOptions::new(size);
    let cluster_size = definition.cluster_size.unwrap_or(default.cluster_size);
    if !cluster_size.is_power_of_two() || !(512..=2 << 20).contains(&cluster_size) {
        let text = "Cluster size must be a power of two between 512 and 2048k";
        return Err(unsupported(text.into()));
    }
    if extended_l2 && cluster_size < 16384 {
        let text = "Extended L2 entries are only supported with cluster sizes of at least 16384 \
                    bytes";
        return Err(unsupported(text.into()));
    }
    if backing.as_ref().is_some_and(|(name, _)| name.len() > MOST_NAME) {
        return Err(unsupported(format!("a backing path of more than {MOST_NAME} bytes")));
    }
    Ok(CreateOptions {
        version,
        cluster_size,
        lazy_refcounts,
        extended_l2,
        compression,
        backing,
        ..default
    })
}

fn too_large(size: u64) -> Error {
    unsupported(format!("the image size of {size} bytes is too large for file format 'qcow2'"))
}

fn unsupported(text: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(target: &str) -> Result<CreateOptions> {
        let text = format!(
            "<volume><name>v</name><capacity>1</capacity>\
             <target><format type='qcow2'/>{target}</target></volume>"
        );
        image_options(&VolumeDefinition::parse(&text).unwrap(), 1 << 20, None)
    }

    #[test]
    fn what_is_not_said_is_as_libvirt_has_it() {
        let plain = options("").unwrap();
        assert_eq!((plain.version, plain.cluster_size, plain.size), (3, 65536, 1 << 20));
        assert!(!plain.lazy_refcounts && !plain.extended_l2);
        assert_eq!(options("<compat>0.10</compat>").unwrap().version, 2);
        assert_eq!(options("<compat>1.1</compat>").unwrap().version, 3);
        assert_eq!(options("<features/>").unwrap().version, 3);
    }

    #[test]
    fn what_is_said_is_taken() {
        let all = options(
            "<clusterSize unit='KiB'>16</clusterSize>\
             <features><lazy_refcounts/><extended_l2/></features>",
        )
        .unwrap();
        assert_eq!((all.version, all.cluster_size), (3, 16384));
        assert!(all.lazy_refcounts && all.extended_l2);
    }

    #[test]
    fn what_no_image_can_be_is_refused() {
        for (target, problem) in [
            (
                "<compat>0.10</compat><features><extended_l2/><lazy_refcounts/></features>",
                "lazy_refcounts not supported with compat level 0.10",
            ),
            (
                "<compat>0.10</compat><features><extended_l2/></features>",
                "'extended_l2' not supported with compat level 0.10",
            ),
            (
                "<compat>0.10</compat>\
                 <s:compression xmlns:s='urn:virsparse:volume:1' type='zstd'/>",
                "zstd compression not supported with compat level 0.10",
            ),
            ("<compat>9.9</compat>", "qcow2 does not have compat level 9.9"),
            (
                "<clusterSize>1000</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize>256</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize unit='MiB'>4</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize unit='KiB'>8</clusterSize><features><extended_l2/></features>",
                "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes",
            ),
        ] {
            let error = options(target).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE));
            assert_eq!(error.message, format!("unsupported configuration: {problem}"));
        }
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(asked_size(1000001), Ok(1000448));
        assert_eq!(asked_size(1024), Ok(1024));
        assert_eq!(size_for(196616), Ok(197120));
        assert_eq!(size_for(0), Ok(0));
        assert_eq!(asked_size(u64::MAX).unwrap_err().code, VIR_ERR_CONFIG_UNSUPPORTED);
        assert_eq!(size_for(u64::MAX).unwrap_err().code, VIR_ERR_CONFIG_UNSUPPORTED);
    }
}
