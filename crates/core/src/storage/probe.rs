//! What an image's header says of itself. It tells the format that a volume is shown and copied in;
//! where the names in it may lead is `chain`'s to say.

use super::volume_format::VolumeFormat;
use crate::block::{BlockError, Node};

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub format: VolumeFormat,
    /// Bytes that a guest sees; `None` where the header does not say, or there is none.
    pub capacity: Option<u64>,
    pub backing: Option<Backing>,
    /// Details of qcow2.
    pub qcow2: Option<Qcow2>,
}

/// The backing image that a header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backing {
    /// The name as it is recorded.
    pub path: String,
    /// The recorded format.
    pub format: Option<String>,
}

/// What only qcow2 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qcow2 {
    pub version: u32,
    pub cluster_size: u64,
    pub lazy_refcounts: bool,
    pub extended_l2: bool,
}

impl Image {
    /// An image without a header.
    pub const RAW: Image =
        Image { format: VolumeFormat::Raw, capacity: None, backing: None, qcow2: None };

    /// An image whose header this process may not read.
    pub const UNKNOWN: Image = Image { format: VolumeFormat::Unknown, ..Image::RAW };

    fn of(format: VolumeFormat, capacity: Option<u64>) -> Image {
        Image { format, capacity, ..Image::RAW }
    }
}

/// More of an image than this is never looked at, but for its end and the backing name.
const HEAD: usize = 1024;
/// Where the volume descriptor of a CD image has its mark.
const ISO_MARK: u64 = 32769;

/// Looks at a node's header. A failure to read it says nothing of the format.
pub fn probe(node: &dyn Node) -> Result<Image, BlockError> {
    let mut head = [0; HEAD];
    let got = node.read_at(&mut head, 0)?;
    Ok(probe_head(node, Fields(&head[..got]))?.unwrap_or(Image::RAW))
}

/// The numbers of a header, with every access checked.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }
    fn be32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_be_bytes)
    }
    fn be64(self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_be_bytes)
    }
    fn le32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }
    fn le64(self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }
}

/// What a header says, if it is one of an image.
type Probed = Result<Option<Image>, BlockError>;

fn probe_head(node: &dyn Node, head: Fields<'_>) -> Probed {
    let Some(magic) = head.bytes::<4>(0) else { return Ok(None) };
    match &magic {
        b"QFI\xfb" => return qcow(node, head),
        b"QED\0" => return qed(node, head).map(Some),
        b"KDMV" => return Ok(Some(vmdk(head))),
        b"OOOM" => return Ok(Some(Image::of(VolumeFormat::Cow, None))),
        _ => {}
    }
    if head.0.starts_with(b"conectix") {
        return Ok(Some(Image::of(VolumeFormat::Vpc, head.be64(40))));
    }
    if head.0.starts_with(b"Bochs Virtual HD Image") {
        return Ok(Some(Image::of(VolumeFormat::Bochs, None)));
    }
    if head.le32(64) == Some(0xbeda_107f) {
        return Ok(Some(Image::of(VolumeFormat::Vdi, head.le64(368))));
    }
    let mut mark = [0; 5];
    if node.read_at(&mut mark, ISO_MARK)? == mark.len() && &mark == b"CD001" {
        return Ok(Some(Image::of(VolumeFormat::Iso, None)));
    }
    Ok(None)
}

/// qcow (version 1) and qcow2 (versions 2 and 3). A header that cannot be true makes it raw.
fn qcow(node: &dyn Node, head: Fields<'_>) -> Probed {
    let (Some(offset), Some(length)) = (head.be64(8), head.be32(16)) else { return Ok(None) };
    let backing_name = backing_name(node, offset, length)?;
    Ok(qcow_over(head, backing_name))
}

/// The same when the name of the backing image is known.
fn qcow_over(head: Fields<'_>, backing_name: Option<String>) -> Option<Image> {
    let version = head.be32(4)?;
    let capacity = head.be64(24).filter(|size| *size <= i64::MAX as u64)?;
    if version == 1 {
        let backing = backing_name.map(|path| Backing { path, format: None });
        return Some(Image { backing, ..Image::of(VolumeFormat::Qcow, Some(capacity)) });
    }
    let cluster_bits = head.be32(20).filter(|bits| (9..=21).contains(bits))?;
    let (incompatible, compatible, header_length) = match version {
        2 => (0, 0, 72),
        3 => (head.be64(72)?, head.be64(80)?, head.be32(100)?),
        _ => return None,
    };
    let qcow2 = Qcow2 {
        version,
        cluster_size: 1 << cluster_bits,
        lazy_refcounts: compatible & 1 != 0,
        extended_l2: incompatible & (1 << 4) != 0,
    };
    let backing = backing_name
        .map(|path| Backing { path, format: backing_format(head, header_length as usize) });
    Some(Image { backing, qcow2: Some(qcow2), ..Image::of(VolumeFormat::Qcow2, Some(capacity)) })
}

/// The format in qcow2's header extensions, as far as they are in the head.
fn backing_format(head: Fields<'_>, mut at: usize) -> Option<String> {
    const BACKING_FORMAT: u32 = 0xe279_2aca;
    // An extension is at least 8 bytes, so this ends.
    while let (Some(kind), Some(length)) = (head.be32(at), head.be32(at.checked_add(4)?)) {
        let (start, length) = (at.checked_add(8)?, length as usize);
        match kind {
            0 => return None,
            BACKING_FORMAT => {
                let name = head.0.get(start..start.checked_add(length)?)?;
                return String::from_utf8(name.to_vec()).ok();
            }
            _ => at = start.checked_add(length.checked_next_multiple_of(8)?)?,
        }
    }
    None
}

fn qed(node: &dyn Node, head: Fields<'_>) -> Result<Image, BlockError> {
    let backing = match (head.le64(16), head.le32(56), head.le32(60)) {
        (Some(features), Some(offset), Some(length)) if features & 1 != 0 => {
            backing_name(node, offset.into(), length)?
        }
        _ => None,
    };
    Ok(Image {
        backing: backing.map(|path| Backing { path, format: None }),
        ..Image::of(VolumeFormat::Qed, head.le64(48))
    })
}

fn vmdk(head: Fields<'_>) -> Image {
    let sectors = head.le64(12);
    Image::of(VolumeFormat::Vmdk, sectors.and_then(|sectors| sectors.checked_mul(512)))
}

/// The name at `offset` of the image; formats allow 1,023 bytes.
fn backing_name(node: &dyn Node, offset: u64, length: u32) -> Result<Option<String>, BlockError> {
    if offset == 0 || !(1..=1023).contains(&length) || offset > i64::MAX as u64 {
        return Ok(None);
    }
    let mut name = vec![0; length as usize];
    // A header that names what is behind the end of the file cannot be true.
    if node.read_at(&mut name, offset)? < name.len() {
        return Ok(None);
    }
    Ok(String::from_utf8(name).ok().filter(|name| !name.contains('\0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::MemoryNode;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_header_makes_it_panic(
            magic in proptest::sample::select(vec![
                &b"QFI\xfb"[..], b"QED\0", b"KDMV", b"conectix", b"OOOM", b"",
            ]),
            rest in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            let node = MemoryNode::new("m", 0);
            node.write_at(&[magic, &rest].concat(), 0).unwrap();
            probe(&node).unwrap();
        }
    }

    #[test]
    fn a_short_file_is_raw() {
        let node = MemoryNode::new("m", 0);
        assert_eq!(probe(&node), Ok(Image::RAW));
        node.write_at(b"QFI\xfb", 0).unwrap();
        assert_eq!(probe(&node), Ok(Image::RAW));
    }
}
