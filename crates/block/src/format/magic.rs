//! What the first bytes of a file say that it is. That decides nothing here: an image is opened in the
//! format that somebody has said. It tells when what was said, or assumed, cannot be true.

use super::Format;
use crate::{Node, Result};

/// Where a format has its mark, and what that is.
const MARKS: [(usize, &[u8], &str); 10] = [
    (0, b"QFI\xfb", "qcow2"),
    (0, b"QED\0", "qed"),
    (0, b"KDMV", "vmdk"),
    (0, b"# Disk DescriptorFile", "vmdk"),
    (0, b"conectix", "vpc"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"LUKS\xba\xbe", "luks"),
    (0, b"Bochs Virtual HD Image", "bochs"),
    (0, b"OOOM", "cow"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
];

/// The format that a node's first bytes are the mark of, if they are one.
pub fn marked(node: &dyn Node) -> Result<Option<&'static str>> {
    let mut head = [0; 72];
    let got = node.read_at(&mut head, 0)?;
    let head = &head[..got];
    let has = |at: usize, mark: &[u8]| head.get(at..at + mark.len()) == Some(mark);
    let found = MARKS.iter().find(|(at, mark, _)| has(*at, mark)).map(|(_, _, name)| *name);
    // The first version of qcow has the mark of the second.
    Ok(match found {
        Some("qcow2") if has(4, &[0, 0, 0, 1]) => Some("qcow"),
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
    use crate::MemoryNode;

    fn node(at: u64, bytes: &[u8]) -> MemoryNode {
        let node = MemoryNode::new("m", 4096);
        node.write_at(bytes, at).unwrap();
        node
    }

    #[test]
    fn marks_are_found_where_they_belong() {
        for (at, mark, name) in MARKS {
            assert_eq!(marked(&node(at as u64, mark)), Ok(Some(name)));
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
}
