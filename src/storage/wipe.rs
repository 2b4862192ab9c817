//! Overwriting volumes.

use std::io::Read;
use std::sync::Arc;

use super::volume::{Volume, report};
use crate::block::{Node, Space};
use crate::copy::ExtentCursor;
use crate::error::*;

/// How a volume is wiped: the values of virStorageVolWipeAlgorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WipeAlgorithm(pub u32);

/// What one pass writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Random,
    /// A pattern that repeats every three bytes.
    Pattern([u8; 3]),
}

const fn byte(byte: u8) -> Pass {
    Pass::Pattern([byte; 3])
}

use Pass::{Pattern, Random};

/// Overwriting is done in pieces of this size; a multiple of three, so that patterns go on.
const PIECE: usize = 3 * 64 * 1024;

/// NNSA Policy Letter NAP-14.1-C for removable and non-removable disks: 4 passes.
const NNSA: &[Pass] = &[Random, Random, byte(0x00), byte(0x00)];
/// DoD 5220.22-M section 8-306: 4 passes.
const DOD: &[Pass] = &[Random, byte(0x00), byte(0xff), byte(0xff)];
/// German Center of Security in Information Technologies: 9 passes.
const BSI: &[Pass] = &[
    byte(0xff),
    byte(0xfe),
    byte(0xfd),
    byte(0xfb),
    byte(0xf7),
    byte(0xef),
    byte(0xdf),
    byte(0xbf),
    byte(0x7f),
];
/// Peter Gutmann's paper: 35 passes, the first and last four at random.
const GUTMANN: &[Pass] = &[
    Random,
    Random,
    Random,
    Random,
    byte(0x55),
    byte(0xaa),
    Pattern([0x92, 0x49, 0x24]),
    Pattern([0x49, 0x24, 0x92]),
    Pattern([0x24, 0x92, 0x49]),
    byte(0x00),
    byte(0x11),
    byte(0x22),
    byte(0x33),
    byte(0x44),
    byte(0x55),
    byte(0x66),
    byte(0x77),
    byte(0x88),
    byte(0x99),
    byte(0xaa),
    byte(0xbb),
    byte(0xcc),
    byte(0xdd),
    byte(0xee),
    byte(0xff),
    Pattern([0x92, 0x49, 0x24]),
    Pattern([0x49, 0x24, 0x92]),
    Pattern([0x24, 0x92, 0x49]),
    Pattern([0x6d, 0xb6, 0xdb]),
    Pattern([0xb6, 0xdb, 0x6d]),
    Pattern([0xdb, 0x6d, 0xb6]),
    Random,
    Random,
    Random,
    Random,
];
/// Bruce Schneier, Applied Cryptography: 7 passes.
const SCHNEIER: &[Pass] = &[byte(0x00), byte(0xff), Random, Random, Random, Random, Random];

impl WipeAlgorithm {
    /// Zeros, which is what virStorageVolWipe does.
    pub const ZERO: WipeAlgorithm = WipeAlgorithm(0);

    /// The passes; none for zeros, which need no overwriting to be there.
    fn passes(self) -> Result<&'static [Pass]> {
        Ok(match self.0 {
            0 => &[],
            1 => NNSA,
            2 => DOD,
            3 => BSI,
            4 => GUTMANN,
            5 => SCHNEIER,
            6 => &[Random; 7],
            7 => &[Random; 33],
            8 => &[Random],
            9 => {
                return Err(Error::new(
                    VIR_ERR_ARGUMENT_UNSUPPORTED,
                    VIR_FROM_STORAGE,
                    "'trim' algorithm not supported",
                ));
            }
            other => {
                let text = format!("wiping algorithm {} not supported", other as i32);
                return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text));
            }
        })
    }
}

impl Volume {
    /// Overwrites what the volume holds: zeros leave a sparse file as one hole, the other
    /// algorithms overwrite the data where it is, pass by pass.
    pub fn wipe(self: &Arc<Self>, algorithm: WipeAlgorithm) -> Result<()> {
        let passes = algorithm.passes()?;
        let failed = |errno| {
            let text = format!(
                "Failed to open storage volume with path '{}'",
                self.c_key().to_string_lossy()
            );
            Error::system(VIR_FROM_STORAGE, errno, text)
        };
        let node = self.open(true).map_err(|e| e.errno().map_or(e, failed))?;
        let length = node.length().map_err(report)?;
        if passes.is_empty() {
            let sparse = node.space().map_err(report)? != Space::Full;
            return zero(&*node, length, sparse);
        }
        for pass in passes {
            overwrite(&*node, length, *pass)?;
            // Or the next pass would only overwrite the page cache.
            node.flush().map_err(report)?;
        }
        Ok(())
    }
}

/// Leaves zeros: as a hole, or written over what is there.
fn zero(node: &dyn Node, length: u64, sparse: bool) -> Result<()> {
    if sparse {
        return node.write_zeroes(0, length, true).map_err(report);
    }
    overwrite(node, length, byte(0x00))?;
    node.settle().map_err(report)
}

/// Writes one pass over all that is data. Holes have nothing that could be left over.
fn overwrite(node: &dyn Node, length: u64, pass: Pass) -> Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut random = match pass {
        Random => Some(
            std::fs::File::open("/dev/urandom")
                .map_err(|e| Error::io(VIR_FROM_STORAGE, &e, "cannot open '/dev/urandom'"))?,
        ),
        Pattern(pattern) => {
            for triple in buffer.chunks_exact_mut(3) {
                triple.copy_from_slice(&pattern);
            }
            None
        }
    };
    let mut cursor = ExtentCursor::new(0, length);
    while let Some(extent) = cursor.next(node, PIECE as u64).map_err(report)? {
        if extent.kind.is_zero() {
            continue;
        }
        let piece = &mut buffer[..extent.length as usize];
        if let Some(random) = &mut random {
            random
                .read_exact(piece)
                .map_err(|e| Error::io(VIR_FROM_STORAGE, &e, "cannot read '/dev/urandom'"))?;
        }
        node.write_at(piece, extent.offset).map_err(report)?;
    }
    Ok(())
}
