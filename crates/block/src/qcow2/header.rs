//! The header of a qcow2 image: what it says, checked against what can be true before anything is
//! done with it.

use super::Problem;
use super::problem::buffer;
use crate::{ImageInfo, Node};

/// "QFI\xfb".
const MAGIC: u32 = 0x5146_49fb;
/// Header extensions are looked for in this much of the image: real ones fit the first cluster, and
/// no cluster is larger.
const MOST_HEADER: usize = 2 << 20;
/// QEMU's limits, which no honest image exceeds.
pub const MOST_L1_BYTES: u64 = 32 << 20;
pub const MOST_REFCOUNT_TABLE_BYTES: u64 = 8 << 20;
const MOST_BITMAPS: u32 = 65535;
const MOST_NAME: usize = 1023;

pub const EXTENSION_END: u32 = 0;
pub const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
pub const EXTENSION_DATA_FILE: u32 = 0x4441_5441;
pub const EXTENSION_BITMAPS: u32 = 0x2385_2875;

bitflags::bitflags! {
    /// What a reader must know to read the image at all.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Incompatible: u64 {
        /// Refcounts may be wrong: somebody crashed with lazy refcounts.
        const DIRTY = 1;
        /// Somebody found the image corrupt.
        const CORRUPT = 1 << 1;
        /// Data is in another file.
        const DATA_FILE = 1 << 2;
        /// Compressed clusters are not deflate.
        const COMPRESSION = 1 << 3;
        /// L2 entries have a bitmap of subclusters.
        const EXTENDED_L2 = 1 << 4;
    }

    /// What a reader may ignore.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Compatible: u64 {
        /// Refcounts may be written late.
        const LAZY_REFCOUNTS = 1;
    }

    /// What is true until somebody writes who does not know it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Autoclear: u64 {
        /// The bitmaps are up to date.
        const BITMAPS = 1;
        /// The external data file can be read as a raw image.
        const DATA_FILE_RAW = 1 << 1;
    }
}

/// How compressed clusters are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// With deflate, as all versions of the format can.
    Deflate,
    /// With Zstandard; not in version 2.
    Zstd,
}

/// Where the directory of persistent bitmaps is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bitmaps {
    /// How many there are.
    pub count: u32,
    /// Where the directory begins in the file, in bytes.
    pub offset: u64,
    /// Bytes of the directory.
    pub length: u64,
    /// Where the header extension begins that says so.
    pub extension: u64,
}

impl Bitmaps {
    /// Bytes of what that extension says.
    pub const EXTENSION_LENGTH: u64 = 24;
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// log2 of the size of a cluster in bytes.
    pub cluster_bits: u32,
    /// Bytes that a guest sees.
    pub size: u64,
    /// Where the L1 table begins in the file, in bytes.
    pub l1_offset: u64,
    /// Entries of the L1 table.
    pub l1_entries: u32,
    /// Where the refcount table begins in the file, in bytes.
    pub refcount_table_offset: u64,
    /// Clusters that the refcount table takes.
    pub refcount_table_clusters: u32,
    /// log2 of the width of a refcount in bits.
    pub refcount_order: u32,
    /// Internal snapshots.
    pub snapshots: u32,
    /// Where the table of the snapshots begins in the file, in bytes.
    pub snapshots_offset: u64,
    /// What must be known to read the image.
    pub incompatible: Incompatible,
    /// What may be ignored.
    pub compatible: Compatible,
    /// What is true if nobody has written who does not know it.
    pub autoclear: Autoclear,
    /// How compressed clusters are compressed.
    pub compression: Compression,
    /// What the image calls its backing image.
    pub backing_file: Option<String>,
    /// The format that it records of that, by name.
    pub backing_format: Option<String>,
    /// What it calls its external data file.
    pub data_file: Option<String>,
    /// The bitmaps, if nobody has written who does not know them.
    pub bitmaps: Option<Bitmaps>,
}

/// The numbers of a header, with every access checked.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn be32(&self, at: usize) -> Result<u32, Problem> {
        let bytes = self.0.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map(u32::from_be_bytes).ok_or(Problem::corrupt("the header is cut off"))
    }

    fn be64(&self, at: usize) -> Result<u64, Problem> {
        Ok(u64::from(self.be32(at)?) << 32 | u64::from(self.be32(at + 4)?))
    }

    fn text(&self, at: usize, length: usize) -> Result<String, Problem> {
        let bytes = at.checked_add(length).and_then(|end| self.0.get(at..end));
        let bytes = bytes.ok_or(Problem::corrupt("a name lies outside of the header"))?;
        String::from_utf8(bytes.to_vec())
            .ok()
            .filter(|name| !name.contains('\0'))
            .ok_or(Problem::corrupt("a name is not text"))
    }
}

impl Header {
    /// Reads and checks the header of an image.
    pub fn read(file: &dyn Node) -> Result<Header, Problem> {
        let length = file.length()?;
        let mut start = [0; 112];
        let got = file.read_at(&mut start, 0)?;
        let fields = Fields(&start[..got]);
        if got < 72 || fields.be32(0)? != MAGIC {
            return Err(Problem::not_qcow2());
        }
        let version = fields.be32(4)?;
        if !(2..=3).contains(&version) {
            return Err(Problem::unsupported(format!("qcow2 version {version}")));
        }
        let cluster_bits = fields.be32(20)?;
        if !(9..=21).contains(&cluster_bits) {
            return Err(Problem::corrupt("the cluster size is out of range"));
        }
        if fields.be32(32)? != 0 {
            return Err(Problem::unsupported("encryption".into()));
        }
        let (incompatible, compatible, autoclear, refcount_order, header_length) = match version {
            2 => (0, 0, 0, 4, 72),
            _ => (
                fields.be64(72)?,
                fields.be64(80)?,
                fields.be64(88)?,
                fields.be32(96)?,
                fields.be32(100)?,
            ),
        };
        let unknown = incompatible & !Incompatible::all().bits();
        if unknown != 0 {
            return Err(Problem::unsupported(format!("incompatible features 0x{unknown:x}")));
        }
        let incompatible = Incompatible::from_bits_retain(incompatible);
        if refcount_order > 6 {
            return Err(Problem::corrupt("the refcount width is out of range"));
        }
        let cluster_size = 1u64 << cluster_bits;
        if u64::from(header_length) > cluster_size || (version > 2 && header_length < 104) {
            return Err(Problem::corrupt("the header's length is out of range"));
        }
        let compression = match (incompatible.contains(Incompatible::COMPRESSION), start[104]) {
            (false, _) if header_length <= 104 => Compression::Deflate,
            (false, 0) => Compression::Deflate,
            (true, 1) => Compression::Zstd,
            (_, other) => {
                return Err(Problem::unsupported(format!("compression type {other}")));
            }
        };
        let mut header = Header {
            version,
            cluster_bits,
            size: fields.be64(24)?,
            l1_entries: fields.be32(36)?,
            l1_offset: fields.be64(40)?,
            refcount_table_offset: fields.be64(48)?,
            refcount_table_clusters: fields.be32(56)?,
            refcount_order,
            snapshots: fields.be32(60)?,
            snapshots_offset: fields.be64(64)?,
            incompatible,
            compatible: Compatible::from_bits_retain(compatible),
            autoclear: Autoclear::from_bits_retain(autoclear),
            compression,
            backing_file: None,
            backing_format: None,
            data_file: None,
            bitmaps: None,
        };
        header.check(length)?;
        let (name_at, name_length) = (fields.be64(8)?, fields.be32(16)? as usize);
        header.read_names(file, header_length as usize, name_at, name_length)?;
        Ok(header)
    }

    /// What users of any format ask of an image.
    pub fn info(&self) -> ImageInfo {
        ImageInfo {
            size: self.size,
            backing_file: self.backing_file.clone(),
            backing_format: self.backing_format.clone(),
            has_data_file: self.has_data_file(),
            data_file: self.data_file.clone(),
            snapshots: self.snapshots,
            bitmaps: self.bitmaps.map_or(0, |bitmaps| bitmaps.count),
        }
    }

    /// Bytes of a cluster.
    pub fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Whether the guest's clusters are in another file.
    pub fn has_data_file(&self) -> bool {
        self.incompatible.contains(Incompatible::DATA_FILE)
    }

    /// Whether L2 entries have a bitmap of subclusters.
    pub fn extended_l2(&self) -> bool {
        self.incompatible.contains(Incompatible::EXTENDED_L2)
    }

    /// Bytes of an L2 entry.
    pub fn l2_entry_size(&self) -> u64 {
        if self.extended_l2() { 16 } else { 8 }
    }

    /// Bytes that are in one state: of a subcluster, or of a cluster without such.
    pub fn unit(&self) -> u64 {
        let parts = if self.extended_l2() { super::entry::SUBCLUSTERS } else { 1 };
        self.cluster_size() / parts
    }

    /// Guest bytes that one L2 table maps.
    pub fn l2_coverage(&self) -> u64 {
        (self.cluster_size() / self.l2_entry_size()) << self.cluster_bits
    }

    /// Refuses what the rest of the code need not think of then.
    fn check(&self, file_length: u64) -> Result<(), Problem> {
        let aligned = |offset: u64| offset.is_multiple_of(self.cluster_size());
        if self.size > i64::MAX as u64 {
            return Err(Problem::corrupt("the image is too large"));
        }
        if self.extended_l2() && self.cluster_bits < 14 {
            return Err(Problem::corrupt("subclusters are smaller than 512 bytes"));
        }
        let l1_bytes = u64::from(self.l1_entries) * 8;
        if l1_bytes > MOST_L1_BYTES || !aligned(self.l1_offset) {
            return Err(Problem::corrupt("the L1 table is out of range"));
        }
        if u64::from(self.l1_entries) < self.size.div_ceil(self.l2_coverage()) {
            return Err(Problem::corrupt("the L1 table is too small"));
        }
        // A table that is not in the file at all would read as zeros, and pretend to be empty.
        if l1_bytes > 0 && self.l1_offset.saturating_add(l1_bytes) > file_length {
            return Err(Problem::corrupt("the L1 table lies outside of the image"));
        }
        let refcount_bytes = u64::from(self.refcount_table_clusters) << self.cluster_bits;
        if refcount_bytes > MOST_REFCOUNT_TABLE_BYTES
            || refcount_bytes == 0
            || !aligned(self.refcount_table_offset)
            || self.refcount_table_offset.saturating_add(refcount_bytes) > i64::MAX as u64
        {
            return Err(Problem::corrupt("the refcount table is out of range"));
        }
        if self.snapshots > 65536
            || !aligned(self.snapshots_offset)
            || self.snapshots_offset > i64::MAX as u64
        {
            return Err(Problem::corrupt("the snapshot table is out of range"));
        }
        Ok(())
    }

    /// Reads the backing file's name and the header extensions.
    fn read_names(
        &mut self,
        file: &dyn Node,
        header_length: usize,
        name_at: u64,
        name_length: usize,
    ) -> Result<(), Problem> {
        let mut start = buffer(self.cluster_size().min(MOST_HEADER as u64))?;
        let got = file.read_at(&mut start, 0)?;
        let fields = Fields(&start[..got]);
        if name_at != 0 {
            if name_length > MOST_NAME || name_length == 0 {
                return Err(Problem::corrupt("the backing file's name is out of range"));
            }
            let at = usize::try_from(name_at).unwrap_or(usize::MAX);
            self.backing_file = Some(fields.text(at, name_length)?);
        }
        // They end where the name begins, or with the cluster.
        let end = if name_at != 0 { (name_at as usize).min(got) } else { got };
        let mut at = header_length;
        while at + 8 <= end {
            let (kind, length) = (fields.be32(at)?, fields.be32(at + 4)? as usize);
            let next = length
                .checked_next_multiple_of(8)
                .and_then(|padded| padded.checked_add(at + 8))
                .filter(|next| *next <= got.next_multiple_of(8))
                .ok_or(Problem::corrupt("a header extension is out of range"))?;
            match kind {
                EXTENSION_END => break,
                EXTENSION_BACKING_FORMAT => {
                    self.backing_format = Some(fields.text(at + 8, length)?);
                }
                EXTENSION_DATA_FILE => self.data_file = Some(fields.text(at + 8, length)?),
                EXTENSION_BITMAPS if self.autoclear.contains(Autoclear::BITMAPS) => {
                    if length as u64 != Bitmaps::EXTENSION_LENGTH {
                        let what = "the header extension of bitmaps has another length";
                        return Err(Problem::corrupt(what));
                    }
                    self.bitmaps = Some(Bitmaps {
                        count: fields.be32(at + 8)?,
                        length: fields.be64(at + 16)?,
                        offset: fields.be64(at + 24)?,
                        extension: at as u64,
                    });
                }
                _ => {}
            }
            at = next;
        }
        if let Some(bitmaps) = self.bitmaps
            && (bitmaps.count > MOST_BITMAPS
                || !bitmaps.offset.is_multiple_of(self.cluster_size())
                || bitmaps.offset.saturating_add(bitmaps.length) > i64::MAX as u64)
        {
            return Err(Problem::corrupt("the directory of bitmaps is out of range"));
        }
        Ok(())
    }
}
