//! What the qcow2 targets do with their input. The tests do the same with the corpus and a fixed
//! number of mutations of it.

use std::sync::Arc;

use virsparse_block::qcow2::{Incompatible, Qcow2Node};
use virsparse_block::{MemoryNode, Node, Result, SECTOR};

/// An image may claim any size; so much of it is looked at from each end.
const LOOK: u64 = 256 * 1024;
/// Of an image of many pieces so many are asked for.
const MOST_EXTENTS: u32 = 300;

/// The images that [`ops`] begins with: not dirty, and with no backing image.
const IMAGES: [&[u8]; 8] = [
    include_bytes!("../corpus/qcow2_open_read/plain.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/version2.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/narrow.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/wide.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/snapshot.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/zlib.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/subclusters.qcow2"),
    include_bytes!("../corpus/qcow2_open_read/bitmap.qcow2"),
];

fn memory(bytes: &[u8]) -> Arc<MemoryNode> {
    let node = MemoryNode::new("memory", bytes.len() as u64);
    node.write_at(bytes, 0).expect("memory takes everything");
    Arc::new(node)
}

fn open_image(file: Arc<MemoryNode>, writable: bool) -> Result<Qcow2Node> {
    let header = Qcow2Node::read_header("image", &*file)?;
    let data = header
        .incompatible
        .contains(Incompatible::DATA_FILE)
        .then(|| memory(&[5; 4096]) as Arc<dyn Node>);
    let backing = header.backing_file.as_ref().map(|_| memory(&[3; 9000]) as Arc<dyn Node>);
    Qcow2Node::new("image", header, file, data, backing, writable)
}

fn content(file: &MemoryNode) -> Vec<u8> {
    let mut bytes = vec![0; file.length().expect("length") as usize];
    file.read_at(&mut bytes, 0).expect("read");
    bytes
}

/// Opens the bytes as an image, and reads it.
pub fn open_read(bytes: &[u8]) {
    let file = memory(bytes);
    let Ok(node) = open_image(file.clone(), false) else { return };
    let length = node.length().expect("an image has a length");
    look(&node, 0, length.min(LOOK));
    look(&node, length.saturating_sub(LOOK), length);
    let _ = Qcow2Node::check("image", &*file);
    drop(node);
    assert!(content(&file) == bytes, "reading has changed the image");
}

/// Extents cover the range, and what they say is zero is zero.
fn look(node: &Qcow2Node, start: u64, end: u64) {
    let mut at = start;
    let mut bytes = Vec::new();
    for _ in 0..MOST_EXTENTS {
        let Ok(extent) = node.extent_at(at, end) else { break };
        assert!(extent.offset == at && extent.end() <= end);
        if at == end {
            break;
        }
        assert!(extent.length > 0, "an extent is empty");
        bytes.resize(extent.length as usize, 0xaa);
        let read = node.read_at(&mut bytes, at);
        if extent.kind.is_zero() && read.is_ok() {
            assert!(bytes.iter().all(|byte| *byte == 0), "zeros are not zero");
        }
        at = extent.end();
    }
}

/// The input as numbers, as far as it reaches.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from(self.byte()?) << 16 | u64::from(self.byte()?) << 8 | u64::from(self.byte()?))
    }
}

/// The first byte says which image, the second how much of it is changed: by five bytes each, a place
/// and a value. The rest are operations. An image that was not changed agrees with a model.
pub fn ops(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (Some(which), Some(changes)) = (input.byte(), input.byte()) else { return };
    let mut image = IMAGES[usize::from(which) % IMAGES.len()].to_vec();
    for _ in 0..changes % 16 {
        let (Some(at), Some(a), Some(b)) = (input.number(), input.byte(), input.byte()) else {
            return;
        };
        let at = at as usize % (image.len() - 1);
        (image[at], image[at + 1]) = (a, b);
    }
    let valid = changes % 16 == 0;
    let file = memory(&image);
    let node = match open_image(file.clone(), true) {
        Ok(node) => node,
        Err(error) => {
            assert!(!valid, "a valid image is refused: {error:?}");
            return;
        }
    };
    let length = node.length().expect("an image has a length");
    let mut model = vec![0; length.min(LOOK) as usize];
    let read = node.read_at(&mut model, 0);
    assert!(!valid || read.is_ok());
    while operation(&mut input, &node, &mut model, valid).is_some() {}
    if valid {
        check(&node, &file, &model);
    }
}

/// Does one operation that the input asks for; nothing if it asks for none.
fn operation(
    input: &mut Input<'_>,
    node: &Qcow2Node,
    model: &mut Vec<u8>,
    valid: bool,
) -> Option<()> {
    let kind = input.byte()?;
    let (offset, length) = (input.number()?, input.number()? % 20_000);
    let size = model.len() as u64;
    let offset = offset % (size + 1);
    let length = length.min(size - offset);
    let range = offset as usize..(offset + length) as usize;
    let done = match kind % 8 {
        0 | 1 => node.write_zeroes(offset, length, kind & 8 == 0).map(|()| model[range].fill(0)),
        2 => node.discard(offset, length).and_then(|()| {
            let before = model[range.clone()].to_vec();
            node.read_at(&mut model[range.clone()], offset)?;
            let same = |(new, old): (&u8, &u8)| new == old || *new == 0;
            assert!(!valid || model[range].iter().zip(&before).all(same), "discarded into garbage");
            Ok(())
        }),
        3 => node.flush(),
        4 if kind & 0x30 == 0 => {
            let size = (size + length).saturating_sub(10_000).min(LOOK);
            // Images have whole sectors.
            node.resize(size).map(|()| model.resize(size.next_multiple_of(SECTOR) as usize, 0))
        }
        4 => {
            let mut bytes = vec![0xaa; length as usize];
            node.read_at(&mut bytes, offset).map(|_| assert!(!valid || bytes == model[range]))
        }
        7 if kind & 0x30 != 0 => {
            let unit = node.compression_unit().unwrap_or(1);
            let (start, end) = (offset / unit * unit, (offset + length) / unit * unit);
            let range = start as usize..end.max(start) as usize;
            let data = vec![kind; range.len()];
            let done = node.write_compressed(&data, start);
            done.map(|()| model[range].copy_from_slice(&data))
        }
        _ => {
            let data = vec![kind; length as usize];
            node.write_at(&data, offset).map(|()| model[range].copy_from_slice(&data))
        }
    };
    // A version 2 image with snapshots has one size.
    assert!(!valid || done.is_ok(), "a valid image fails: {done:?}");
    Some(())
}

fn check(node: &Qcow2Node, file: &Arc<MemoryNode>, model: &[u8]) {
    // What the first frees is written by the second.
    node.flush().and_then(|()| node.flush()).expect("flush");
    let report = Qcow2Node::check("image", &**file).expect("check");
    assert_eq!(report.corruptions, 0);
    let again = open_image(memory(&content(file)), false).expect("open again");
    let mut bytes = vec![0xaa; model.len()];
    assert_eq!(again.read_at(&mut bytes, 0).expect("read"), model.len());
    assert!(bytes == model, "the image differs from the model");
}
