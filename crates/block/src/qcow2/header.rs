//! The header of a qcow2 image: what it says, checked against what can be true before anything is
//! done with it.

use super::Problem;
use super::fields::{
    EXTENSION_BACKING_FORMAT, EXTENSION_BITMAPS, EXTENSION_DATA_FILE, HeaderFields, MAGIC,
    MOST_NAME, VERSION_2_LENGTH,
};
use super::problem::buffer;
use crate::format::fields::Fields;
use crate::{Compression, ImageInfo, Node};

/// Header extensions are looked for in this much of the image: real ones fit the first cluster, and
/// no cluster is larger.
const MOST_HEADER: usize = 2 << 20;
/// QEMU's limits, which no honest image exceeds.
pub const MOST_L1_BYTES: u64 = 32 << 20;
pub const MOST_REFCOUNT_TABLE_BYTES: u64 = 8 << 20;
const MOST_BITMAPS: u32 = 65535;

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

    /// What the extension at `at` says.
    fn read(start: &[u8], at: usize, length: usize) -> Result<Bitmaps, Problem> {
        if length as u64 != Bitmaps::EXTENSION_LENGTH {
            return Err(Problem::corrupt("the header extension of bitmaps has another length"));
        }
        let fields = Fields(start);
        match (fields.be32(at + 8), fields.be64(at + 16), fields.be64(at + 24)) {
            (Some(count), Some(length), Some(offset)) => {
                Ok(Bitmaps { count, offset, length, extension: at as u64 })
            }
            _ => Err(Problem::corrupt("the header is cut off")),
        }
    }
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

impl Header {
    /// Reads and checks the header of an image.
    pub fn read(file: &dyn Node) -> Result<Header, Problem> {
        let length = file.length()?;
        let mut start = [0; 112];
        let got = file.read_at(&mut start, 0)?;
        let start = &start[..got];
        if got < VERSION_2_LENGTH || Fields(start).be32(0) != Some(MAGIC) {
            return Err(Problem::not_qcow2());
        }
        let fields = HeaderFields::read(start).ok_or(Problem::corrupt("the header is cut off"))?;
        let header = Header::of(&fields)?;
        header.check(length)?;
        header.with_names(file, &fields)
    }

    /// What the fields say, if this library can use such an image.
    fn of(fields: &HeaderFields) -> Result<Header, Problem> {
        let HeaderFields { version, cluster_bits, refcount_order, header_length, .. } = *fields;
        if !(2..=3).contains(&version) {
            return Err(Problem::unsupported(format!("qcow2 version {version}")));
        }
        if !(9..=21).contains(&cluster_bits) {
            return Err(Problem::corrupt("the cluster size is out of range"));
        }
        if fields.encryption != 0 {
            return Err(Problem::unsupported("encryption".into()));
        }
        let unknown = fields.incompatible & !Incompatible::all().bits();
        if unknown != 0 {
            return Err(Problem::unsupported(format!("incompatible features 0x{unknown:x}")));
        }
        let incompatible = Incompatible::from_bits_retain(fields.incompatible);
        if refcount_order > 6 {
            return Err(Problem::corrupt("the refcount width is out of range"));
        }
        if u64::from(header_length) > 1 << cluster_bits || (version > 2 && header_length < 104) {
            return Err(Problem::corrupt("the header's length is out of range"));
        }
        let compression =
            match (incompatible.contains(Incompatible::COMPRESSION), fields.compression) {
                (false, 0) => Compression::Deflate,
                (true, 1) => Compression::Zstd,
                (_, other) => {
                    return Err(Problem::unsupported(format!("compression type {other}")));
                }
            };
        Ok(Header {
            version,
            cluster_bits,
            size: fields.size,
            l1_entries: fields.l1_entries,
            l1_offset: fields.l1_offset,
            refcount_table_offset: fields.refcount_table_offset,
            refcount_table_clusters: fields.refcount_table_clusters,
            refcount_order,
            snapshots: fields.snapshots,
            snapshots_offset: fields.snapshots_offset,
            incompatible,
            compatible: Compatible::from_bits_retain(fields.compatible),
            autoclear: Autoclear::from_bits_retain(fields.autoclear),
            compression,
            backing_file: None,
            backing_format: None,
            data_file: None,
            bitmaps: None,
        })
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

    /// The same with the backing image's name and the header extensions.
    fn with_names(self, file: &dyn Node, fields: &HeaderFields) -> Result<Header, Problem> {
        let mut start = buffer(self.cluster_size().min(MOST_HEADER as u64))?;
        let got = file.read_at(&mut start, 0)?;
        let start = &start[..got];
        let name = |at: usize, length: usize| {
            let bytes = Fields(start).slice(at, length);
            bytes.ok_or(Problem::corrupt("a name lies outside of the header"))?;
            Fields(start).name(at, length).ok_or(Problem::corrupt("a name is not text"))
        };
        let mut header = self;
        if fields.backing_offset != 0 {
            let length = fields.backing_length as usize;
            if length > MOST_NAME || length == 0 {
                return Err(Problem::corrupt("the backing file's name is out of range"));
            }
            let at = usize::try_from(fields.backing_offset).unwrap_or(usize::MAX);
            header.backing_file = Some(name(at, length)?);
        }
        for extension in fields.extensions(start) {
            let extension =
                extension.map_err(|_| Problem::corrupt("a header extension is out of range"))?;
            let (at, length) = (extension.contents, extension.length);
            match extension.kind {
                EXTENSION_BACKING_FORMAT => header.backing_format = Some(name(at, length)?),
                EXTENSION_DATA_FILE => header.data_file = Some(name(at, length)?),
                EXTENSION_BITMAPS if header.autoclear.contains(Autoclear::BITMAPS) => {
                    header.bitmaps = Some(Bitmaps::read(start, extension.at, length)?);
                }
                _ => {}
            }
        }
        if let Some(bitmaps) = header.bitmaps
            && (bitmaps.count > MOST_BITMAPS
                || !bitmaps.offset.is_multiple_of(header.cluster_size())
                || bitmaps.offset.saturating_add(bitmaps.length) > i64::MAX as u64)
        {
            return Err(Problem::corrupt("the directory of bitmaps is out of range"));
        }
        Ok(header)
    }
}
