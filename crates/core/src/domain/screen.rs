//! The screen of a domain of `test:///`: nothing is executed, so that it is black. libvirt's test driver
//! has a picture of another one.

use std::io::Write;
use std::sync::Arc;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::object::Domain;
use crate::block::{MemoryNode, Node as _};
use crate::error::*;
use crate::stream::{DownloadRange, Stream};

/// The picture's format.
pub const MIME: &str = "image/png";

/// As many pixels as a text screen has.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 400;

/// Pixels in a byte.
const DEPTH: u8 = 1;

impl Domain {
    /// Sends a picture of a screen through a stream that is not in use, as a download.
    pub fn screenshot(&self, stream: &Stream) -> Result<()> {
        self.expect_test()?;
        if !stream.session().is(self.connect()) {
            let text = format!("stream must match connection of domain '{}'", self.name());
            return Err(Error::argument(VIR_FROM_DOMAIN, "stream", text));
        }
        self.entry()?;
        stream.check_attachable()?;
        let picture = black(WIDTH, HEIGHT)?;
        let node = MemoryNode::new(format!("the screen of '{}'", self.name()), 0);
        node.write_at(&picture, 0).map_err(|e| e.report(VIR_FROM_DOMAIN))?;
        let source = DownloadRange {
            node: Arc::new(node),
            offset: 0,
            end: picture.len() as u64,
            sparse: false,
        };
        stream.attach_download(source, Box::new(|| {}))
    }
}

/// A black picture in the Portable Network Graphics format.
fn black(width: u32, height: u32) -> Result<Vec<u8>> {
    let failed = |e: std::io::Error| Error::io(VIR_FROM_DOMAIN, &e, "cannot make a picture");
    // Each row begins with how it is filtered: not at all.
    let row = 1 + width.div_ceil(8 / u32::from(DEPTH)) as usize;
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for _ in 0..height {
        pixels.write_all(&vec![0; row]).map_err(failed)?;
    }
    let pixels = pixels.finish().map_err(failed)?;
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Gray; the only methods that there are; not interlaced.
    header.extend([DEPTH, 0, 0, 0, 0]);
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &header), (b"IDAT", &pixels), (b"IEND", &Vec::new())] {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(data);
        picture.extend((data.len() as u32).to_be_bytes());
        picture.extend(kind);
        picture.extend(data);
        picture.extend(sum.sum().to_be_bytes());
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// The parts of a picture, by their names.
    fn parts(mut rest: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let name = String::from_utf8(rest[4..8].to_vec()).unwrap();
            parts.push((name, rest[8..8 + length].to_vec()));
            rest = &rest[12 + length..];
        }
        parts
    }

    #[test]
    fn a_picture_has_a_row_for_each_line() {
        let picture = black(WIDTH, HEIGHT).unwrap();
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        let parts = parts(&picture[8..]);
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["IHDR", "IDAT", "IEND"]);
        let mut pixels = Vec::new();
        flate2::read::ZlibDecoder::new(&parts[1].1[..]).read_to_end(&mut pixels).unwrap();
        assert_eq!(pixels, vec![0; (1 + 640 / 8) * 400]);
        // The sum of an empty end is in every such file.
        assert_eq!(&picture[picture.len() - 4..], [0xae, 0x42, 0x60, 0x82]);
    }
}
