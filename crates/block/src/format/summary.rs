//! What a file's first bytes say that it is: its format, its size, its backing image. Volumes are listed with
//! that, whether images of the format can be opened or not. It decides nothing about how an image is opened,
//! which is in the format that somebody has said; it tells when what was said, or assumed, cannot be true.

use super::Format;
use super::fields::Fields;
use crate::{ImageFeatures, Node, Result, qcow2};

/// What an image's header says, as far as it can be told without opening the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSummary {
    /// The format by name: QEMU's, or `iso`.
    pub format: &'static str,
    /// Bytes that a guest sees; `None` where the header does not say, or there is none.
    pub size: Option<u64>,
    /// The backing image that is recorded.
    pub backing: Option<RecordedBacking>,
    /// The version of the format, unless it is the first one.
    pub compat: Option<&'static str>,
    /// Bytes of a cluster.
    pub cluster_size: Option<u64>,
    /// What the image can do beyond the minimum; `None` for versions that have no such features.
    pub features: Option<ImageFeatures>,
}

/// The backing image that a header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedBacking {
    /// The name as it is recorded.
    pub name: String,
    /// The recorded format.
    pub format: Option<String>,
}

impl ImageSummary {
    /// The summary of an image whose header says nothing else.
    pub fn of(format: &'static str, size: Option<u64>) -> ImageSummary {
        let (backing, compat, cluster_size, features) = (None, None, None, None);
        ImageSummary { format, size, backing, compat, cluster_size, features }
    }

    /// Reads the header of the image in `file`, if that has one. A header that cannot be true is none.
    pub fn read(file: &dyn Node) -> Result<Option<ImageSummary>> {
        let mut head = [0; HEAD];
        let got = file.read_at(&mut head, 0)?;
        let head = &head[..got];
        if let Some(signature) = Signature::of(head) {
            return (signature.read)(file, head);
        }
        let mut mark = [0; 5];
        let has_iso_mark = file.read_at(&mut mark, ISO_MARK)? == mark.len() && &mark == b"CD001";
        Ok(has_iso_mark.then(|| ImageSummary::of("iso", None)))
    }
}

/// No more of an image than this is read, but for its end and the name of its backing image.
const HEAD: usize = 1024;
/// Where the volume descriptor of a CD image has its mark. Such an image is raw to whoever opens it.
const ISO_MARK: u64 = 32769;

/// Where a format has its mark, and how its header is read.
struct Signature {
    at: usize,
    mark: &'static [u8],
    format: &'static str,
    read: fn(&dyn Node, &[u8]) -> Result<Option<ImageSummary>>,
}

/// One a line; the first version of qcow has the mark of the second.
const SIGNATURES: [Signature; 10] = [
    signature(0, b"QFI\xfb", "qcow2", qcow2::summary),
    signature(0, b"QED\0", "qed", qed),
    signature(0, b"KDMV", "vmdk", vmdk),
    signature(0, b"# Disk DescriptorFile", "vmdk", not_listed),
    signature(0, b"conectix", "vpc", |_, head| with_size("vpc", Fields(head).be64(40))),
    signature(0, b"vhdxfile", "vhdx", not_listed),
    signature(0, b"LUKS\xba\xbe", "luks", not_listed),
    signature(0, b"Bochs Virtual HD Image", "bochs", |_, _| with_size("bochs", None)),
    signature(0, b"OOOM", "cow", |_, _| with_size("cow", None)),
    signature(64, b"\x7f\x10\xda\xbe", "vdi", |_, head| with_size("vdi", Fields(head).le64(368))),
];

const fn signature(
    at: usize,
    mark: &'static [u8],
    format: &'static str,
    read: fn(&dyn Node, &[u8]) -> Result<Option<ImageSummary>>,
) -> Signature {
    Signature { at, mark, format, read }
}

impl Signature {
    fn of(head: &[u8]) -> Option<&'static Signature> {
        SIGNATURES.iter().find(|one| Fields(head).slice(one.at, one.mark.len()) == Some(one.mark))
    }
}

fn with_size(format: &'static str, size: Option<u64>) -> Result<Option<ImageSummary>> {
    Ok(Some(ImageSummary::of(format, size)))
}

/// libvirt has no word for volumes of such a format, and lists them as raw.
fn not_listed(_file: &dyn Node, _head: &[u8]) -> Result<Option<ImageSummary>> {
    Ok(None)
}

fn qed(file: &dyn Node, head: &[u8]) -> Result<Option<ImageSummary>> {
    let head = Fields(head);
    let name = match (head.le64(16), head.le32(56), head.le32(60)) {
        (Some(features), Some(offset), Some(length)) if features & 1 != 0 => {
            qcow2::name_at_offset(file, offset.into(), length)?
        }
        _ => None,
    };
    let backing = name.map(|name| RecordedBacking { name, format: None });
    Ok(Some(ImageSummary { backing, ..ImageSummary::of("qed", head.le64(48)) }))
}

fn vmdk(_file: &dyn Node, head: &[u8]) -> Result<Option<ImageSummary>> {
    let sectors = Fields(head).le64(12);
    with_size("vmdk", sectors.and_then(|sectors| sectors.checked_mul(512)))
}

/// The format that a node's first bytes are the mark of, if they are one.
fn marked(node: &dyn Node) -> Result<Option<&'static str>> {
    let mut head = [0; 72];
    let got = node.read_at(&mut head, 0)?;
    let head = &head[..got];
    Ok(match Signature::of(head).map(|signature| signature.format) {
        Some("qcow2") if Fields(head).be32(4) == Some(1) => Some("qcow"),
        other => other,
    })
}

impl Format {
    /// The mark that makes it impossible that a node has this format: one where there should be none, or
    /// another; `Some("")` if one is missing.
    pub fn contradicted_by(self, node: &dyn Node) -> Result<Option<&'static str>> {
        let expected = self.has_header().then(|| self.name());
        let found = marked(node)?;
        Ok(if found == expected { None } else { Some(found.unwrap_or_default()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryNode, NewImage};
    use proptest::prelude::*;

    fn node(at: u64, bytes: &[u8]) -> MemoryNode {
        let node = MemoryNode::new("m", 4096);
        node.write_at(bytes, at).unwrap();
        node
    }

    #[test]
    fn marks_are_found_where_they_belong() {
        for Signature { at, mark, format, .. } in SIGNATURES {
            assert_eq!(marked(&node(at as u64, mark)), Ok(Some(format)));
            assert_eq!(marked(&node(at as u64 + 1, mark)), Ok(None));
        }
        assert_eq!(marked(&node(0, b"QFI\xfb\0\0\0\x01")), Ok(Some("qcow")));
        assert_eq!(marked(&node(0, b"QFI\xfb\0\0\0\x03")), Ok(Some("qcow2")));
        assert_eq!(marked(&MemoryNode::new("m", 0)), Ok(None));
        assert_eq!(marked(&MemoryNode::new("m", 3)), Ok(None));
    }

    #[test]
    fn a_format_is_contradicted_by_another_mark_and_by_none() {
        let qcow2 = node(0, b"QFI\xfb\0\0\0\x03");
        let (zeros, luks) = (node(0, &[]), node(0, b"LUKS\xba\xbe"));
        assert_eq!(Format::Raw.contradicted_by(&zeros), Ok(None));
        assert_eq!(Format::Raw.contradicted_by(&qcow2), Ok(Some("qcow2")));
        assert_eq!(Format::Qcow2.contradicted_by(&qcow2), Ok(None));
        assert_eq!(Format::Qcow2.contradicted_by(&zeros), Ok(Some("")));
        assert_eq!(Format::Qcow2.contradicted_by(&luks), Ok(Some("luks")));
    }

    proptest! {
        #[test]
        fn no_header_causes_a_panic(
            magic in proptest::sample::select(vec![
                &b"QFI\xfb"[..], b"QED\0", b"KDMV", b"conectix", b"OOOM", b"",
            ]),
            version in 0..5u32,
            rest in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            let node = MemoryNode::new("m", 0);
            node.write_at(&[magic, &version.to_be_bytes(), &rest].concat(), 0).unwrap();
            ImageSummary::read(&node).unwrap();
        }
    }

    #[test]
    fn a_short_file_has_no_header() {
        let node = MemoryNode::new("m", 0);
        assert_eq!(ImageSummary::read(&node), Ok(None));
        node.write_at(b"QFI\xfb", 0).unwrap();
        assert_eq!(ImageSummary::read(&node), Ok(None));
    }

    /// What is listed is what is opened.
    #[test]
    fn a_summary_says_what_the_header_says() {
        let node = MemoryNode::new("m", 0);
        let backing = Some(("below".to_string(), "raw".to_string()));
        let new = NewImage { size: 3 << 20, backing, ..NewImage::default() };
        for (compat, is_3) in [("0.10", false), ("1.1", true)] {
            let mut new = new.clone();
            new.options.compat = Some(compat.to_string());
            new.options.cluster_size = Some(16384);
            new.options.features.extended_l2 = is_3;
            node.resize(0).unwrap();
            Format::Qcow2.create(&node, &new).unwrap();
            let summary = ImageSummary::read(&node).unwrap().unwrap();
            let info = Format::Qcow2.read("m", &node).unwrap().info().clone();
            let backing = summary.backing.unwrap();
            assert_eq!((summary.format, summary.size), ("qcow2", Some(info.size)));
            assert_eq!(
                (Some(backing.name), backing.format),
                (info.backing_file, info.backing_format)
            );
            assert_eq!(
                (summary.compat, summary.cluster_size),
                (is_3.then_some("1.1"), Some(16384))
            );
            assert_eq!(summary.features, is_3.then_some(new.options.features));
        }
    }
}
