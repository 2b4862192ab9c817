//! Overwriting volumes.

use std::io::Read;
use std::sync::Arc;

use super::volume::{Volume, report};
use crate::block::{Node, Space, buffer};
use crate::copy::ExtentCursor;
use crate::enums::storage_vol::virStorageVolWipeAlgorithm;
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
    pub const ZERO: WipeAlgorithm =
        WipeAlgorithm(virStorageVolWipeAlgorithm::VIR_STORAGE_VOL_WIPE_ALG_ZERO as u32);

    /// The passes; none for zeros, which need no overwriting to be there.
    fn passes(self) -> Result<&'static [Pass]> {
        use virStorageVolWipeAlgorithm::*;
        const NUMBERS: [(u32, &[Pass]); 9] = [
            (VIR_STORAGE_VOL_WIPE_ALG_ZERO as u32, &[]),
            (VIR_STORAGE_VOL_WIPE_ALG_NNSA as u32, NNSA),
            (VIR_STORAGE_VOL_WIPE_ALG_DOD as u32, DOD),
            (VIR_STORAGE_VOL_WIPE_ALG_BSI as u32, BSI),
            (VIR_STORAGE_VOL_WIPE_ALG_GUTMANN as u32, GUTMANN),
            (VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER as u32, SCHNEIER),
            (VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7 as u32, &[Random; 7]),
            (VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33 as u32, &[Random; 33]),
            (VIR_STORAGE_VOL_WIPE_ALG_RANDOM as u32, &[Random]),
        ];
        if let Some((_, passes)) = NUMBERS.iter().find(|(number, _)| *number == self.0) {
            return Ok(passes);
        }
        if self.0 == VIR_STORAGE_VOL_WIPE_ALG_TRIM as u32 {
            let text = "'trim' algorithm not supported";
            return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        let text = format!("wiping algorithm {} not supported", self.0 as i32);
        Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text))
    }
}

impl Volume {
    /// Overwrites what the volume holds: zeros leave a sparse file as one hole, the other
    /// algorithms overwrite the data where it is, pass by pass.
    pub fn wipe(self: &Arc<Self>, algorithm: WipeAlgorithm) -> Result<()> {
        let passes = algorithm.passes()?;
        let node = self.open_to_change("wiped").map_err(|e| self.not_open_to_wipe(e))?;
        self.begin_writing(&*node);
        let length = node.length().map_err(report)?;
        if passes.is_empty() {
            let sparse = node.space().map_err(report)? != Space::Full;
            zero(&*node, length, sparse)?;
            return self.written(&*node);
        }
        run(&*node, length, passes)?;
        node.settle().map_err(report)
    }

    /// Makes a range (to the end if `length` is 0) a hole, whether the volume is sparse or not. Where
    /// there can be no holes, zeros are written.
    pub fn wipe_range(&self, offset: u64, length: u64) -> Result<()> {
        let node = self.store()?.open(self.name(), true).map_err(|e| self.not_open_to_wipe(e))?;
        let size = node.length().map_err(report)?;
        let range = self.range_inside(offset, length, size)?;
        self.lock_to_change(&*node, "wiped")?;
        self.begin_writing(&*node);
        node.write_zeroes(range.start, range.end - range.start, true).map_err(report)?;
        self.written(&*node)
    }

    /// What is written from now on is brought to the medium meanwhile.
    fn begin_writing(&self, node: &dyn Node) {
        if self.connect().syncs() {
            node.write_behind();
        }
    }

    fn not_open_to_wipe(&self, error: Error) -> Error {
        let failed = |errno| {
            let text = format!(
                "Failed to open storage volume with path '{}'",
                self.c_key().to_string_lossy()
            );
            Error::system(VIR_FROM_STORAGE, errno, text)
        };
        error.errno().map_or(error, failed)
    }
}

fn run(node: &dyn Node, length: u64, passes: &[Pass]) -> Result<()> {
    for pass in passes {
        overwrite(node, length, *pass)?;
        // Or the next pass would only overwrite the page cache.
        node.flush().map_err(report)?;
    }
    Ok(())
}

/// Leaves zeros: as a hole, or written over what is there.
fn zero(node: &dyn Node, length: u64, sparse: bool) -> Result<()> {
    if sparse {
        return node.write_zeroes(0, length, true).map_err(report);
    }
    overwrite(node, length, byte(0x00))
}

/// Writes one pass over all that is data. Holes have nothing that could be left over.
fn overwrite(node: &dyn Node, length: u64, pass: Pass) -> Result<()> {
    let mut buffer = buffer(PIECE).map_err(report)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{BlockError, Extent, MemoryNode, Result as BlockResult};
    use std::sync::Mutex;

    const PAGE: u64 = 64 * 1024;

    /// Notes what is done to a volume, and in which order.
    struct Recorder {
        node: MemoryNode,
        done: Mutex<Vec<Done>>,
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Done {
        Write(u64, Vec<u8>),
        Flush,
    }

    impl Recorder {
        fn new(length: u64, data: &[(u64, u64)]) -> Recorder {
            let node = MemoryNode::new("m", length);
            for &(offset, length) in data {
                node.write_at(&vec![7; length as usize], offset).unwrap();
            }
            Recorder { node, done: Mutex::default() }
        }

        /// What one pass has left in the file.
        fn after(&self, pass: Pass) -> Vec<u8> {
            overwrite(self, self.length().unwrap(), pass).unwrap();
            let mut bytes = vec![0; self.length().unwrap() as usize];
            self.node.read_at(&mut bytes, 0).unwrap();
            bytes
        }
    }

    impl Node for Recorder {
        crate::block::plain!(
            queue,
            read_vectored_at,
            write_vectored_at,
            profile,
            compression_unit,
            write_compressed,
            write_zeroes_fast,
            space_at,
            knows_holes,
            file,
            write_behind,
            settle
        );

        fn name(&self) -> &str {
            self.node.name()
        }
        fn length(&self) -> BlockResult<u64> {
            self.node.length()
        }
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> BlockResult<usize> {
            self.node.read_at(buffer, offset)
        }
        fn write_at(&self, data: &[u8], offset: u64) -> BlockResult<()> {
            self.done.lock().unwrap().push(Done::Write(offset, data.to_vec()));
            self.node.write_at(data, offset)
        }
        fn write_zeroes(&self, _: u64, _: u64, _: bool) -> BlockResult<()> {
            Err(BlockError {
                what: "not a pass".into(),
                errno: virsparse_base::errno::Errno::EINVAL,
            })
        }
        fn discard(&self, _: u64, _: u64) -> BlockResult<()> {
            Ok(())
        }
        fn extent_at(&self, offset: u64, limit: u64) -> BlockResult<Extent> {
            self.node.extent_at(offset, limit)
        }
        fn space(&self) -> BlockResult<Space> {
            self.node.space()
        }
        fn allocate(&self, _: u64, _: u64) -> BlockResult<()> {
            Ok(())
        }
        fn resize(&self, length: u64) -> BlockResult<()> {
            self.node.resize(length)
        }
        fn flush(&self) -> BlockResult<()> {
            self.done.lock().unwrap().push(Done::Flush);
            Ok(())
        }
    }

    #[test]
    fn algorithms_have_the_passes_that_they_are_known_for() {
        let counts: Vec<usize> =
            (0..=8).map(|value| WipeAlgorithm(value).passes().unwrap().len()).collect();
        assert_eq!(counts, [0, 4, 4, 9, 35, 7, 7, 33, 1]);
        assert_eq!(
            WipeAlgorithm(9).passes().unwrap_err().message,
            "argument unsupported: 'trim' algorithm not supported"
        );
        for (value, shown) in [(10, "10"), (u32::MAX, "-1")] {
            let error = WipeAlgorithm(value).passes().unwrap_err();
            let text = format!("invalid argument: wiping algorithm {shown} not supported");
            assert_eq!((error.code, error.message), (VIR_ERR_INVALID_ARG, text));
        }
    }

    #[test]
    fn a_pass_overwrites_all_data_where_it_is_and_no_hole() {
        let length = 40 * PAGE + 5;
        let data = [(PAGE, 10 * PAGE), (20 * PAGE, 3 * PAGE), (40 * PAGE, 5)];
        let is_data = |at: u64| data.iter().any(|&(from, len)| (from..from + len).contains(&at));
        let volume = Recorder::new(length, &data);
        let allocated = volume.node.allocated();
        let bytes = volume.after(byte(0xa5));
        assert!((0..).zip(&bytes).all(|(at, b)| *b == if is_data(at) { 0xa5 } else { 0 }));
        assert_eq!((volume.node.length(), volume.node.allocated()), (Ok(length), allocated));
        // Each byte once.
        let done = volume.done.lock().unwrap();
        let written: u64 = done.iter().map(|done| matches!(done, Done::Write(..)) as u64).sum();
        assert_eq!(written, 4 + 1 + 1);
    }

    #[test]
    fn a_pattern_goes_on_through_a_stretch_of_data() {
        let length = 7 * PAGE + 1;
        let bytes = Recorder::new(length, &[(0, length)]).after(Pattern([1, 2, 3]));
        assert!(bytes.iter().zip([1, 2, 3].iter().cycle()).all(|(is, wanted)| is == wanted));
    }

    #[test]
    fn random_passes_differ_and_leave_nothing_of_what_was_there() {
        let length = 5 * PAGE;
        let volume = Recorder::new(length, &[(0, length)]);
        let (one, two) = (volume.after(Random), volume.after(Random));
        let same = |a: &[u8], b: &[u8]| a.iter().zip(b).filter(|(a, b)| a == b).count() as u64;
        assert!(same(&one, &two) < length / 128);
        assert!(same(&one, &vec![7; length as usize]) < length / 128);
    }

    #[test]
    fn zeros_make_a_sparse_volume_one_hole_and_keep_the_space_of_a_full_one() {
        let sparse = MemoryNode::new("m", 10 * PAGE);
        sparse.write_at(&[7; 10], PAGE).unwrap();
        zero(&sparse, 10 * PAGE, true).unwrap();
        assert_eq!((sparse.length(), sparse.allocated()), (Ok(10 * PAGE), 0));
        let full = MemoryNode::new("m", PAGE + 1);
        full.write_at(&[7; PAGE as usize + 1], 0).unwrap();
        zero(&full, PAGE + 1, false).unwrap();
        let mut bytes = [1; PAGE as usize + 1];
        full.read_at(&mut bytes, 0).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 0));
        assert_eq!((full.length(), full.allocated()), (Ok(PAGE + 1), PAGE + 1));
    }

    #[test]
    fn every_pass_reaches_the_medium_before_the_next_begins() {
        let volume = Recorder::new(PAGE, &[(0, PAGE)]);
        run(&volume, PAGE, DOD).unwrap();
        let done = volume.done.lock().unwrap();
        let kinds: Vec<bool> = done.iter().map(|done| *done == Done::Flush).collect();
        assert_eq!(kinds, [false, true].repeat(DOD.len()));
        assert_eq!(done[6], Done::Write(0, vec![0xff; PAGE as usize]));
    }
}
