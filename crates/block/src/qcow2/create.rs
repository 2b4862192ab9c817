//! Making new images.

use super::Problem;
use super::entry::COPIED;
use super::header::{Compatible, Header, Incompatible};
use super::problem::buffer;
use crate::{Compression, Node, Preallocation, Result, SECTOR};

/// What a new image is like.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// Bytes that a guest sees. The format counts in sectors, so the image has the next multiple of 512.
    pub size: u64,
    /// 2 for what old programs read, 3 for everything else.
    pub version: u32,
    /// Bytes of a cluster: a power of two, from 512 to 2 MiB.
    pub cluster_size: u64,
    /// The width of a refcount: a power of two, up to 64.
    pub refcount_bits: u32,
    /// Refcounts may be written late: whoever opens the image after a crash makes them right. Not
    /// in version 2.
    pub lazy_refcounts: bool,
    /// Clusters have 32 subclusters each, which are allocated one by one. Clusters of 16 KiB at
    /// least; not in version 2.
    pub extended_l2: bool,
    /// How clusters are compressed, if that is asked for when they are written.
    pub compression: Compression,
    /// How much of it has space from the beginning.
    pub preallocation: Preallocation,
    /// The name of the backing image as it is recorded, and its format.
    pub backing: Option<(String, String)>,
    /// The name of the file for the data, as it is recorded.
    pub data_file: Option<String>,
    /// It is made in what keeps its size, whatever is there: a block device.
    pub in_place: bool,
}

impl CreateOptions {
    /// An image of `size` bytes as QEMU makes it unless told otherwise.
    pub fn new(size: u64) -> CreateOptions {
        CreateOptions {
            size,
            version: 3,
            cluster_size: 65536,
            refcount_bits: 16,
            lazy_refcounts: false,
            extended_l2: false,
            compression: Compression::Deflate,
            preallocation: Preallocation::Off,
            backing: None,
            data_file: None,
            in_place: false,
        }
    }

    /// Refuses what cannot be, or what nothing could be made of.
    fn check(&self) -> std::result::Result<(), Problem> {
        let size = self.cluster_size;
        let in_range = size.is_power_of_two() && (512..=2 << 20).contains(&size);
        if !in_range || (self.extended_l2 && size < 16384) {
            return Err(Problem::unsupported(format!("clusters of {size} bytes")));
        }
        if !self.refcount_bits.is_power_of_two() || self.refcount_bits > 64 {
            return Err(Problem::unsupported(format!("refcounts of {} bits", self.refcount_bits)));
        }
        if self.version < 3
            && (self.lazy_refcounts
                || self.extended_l2
                || self.data_file.is_some()
                || self.refcount_bits != 16
                || self.compression != Compression::Deflate)
        {
            return Err(Problem::unsupported("features that version 2 does not have".into()));
        }
        // What has a place hides what is below it, unless its subclusters say otherwise.
        let hides = self.preallocation != Preallocation::Off && !self.extended_l2;
        if hides && self.backing.is_some() {
            let what = "preallocation over a backing image without extended L2 entries";
            return Err(Problem::unsupported(what.into()));
        }
        Ok(())
    }
}

const VERSION_3_HEADER: u32 = 112;
/// Tables and zeros are written in pieces of this size.
const PIECE: u64 = 1 << 20;

/// Where everything is in a new image, in clusters: the header, the refcount table, the refcount
/// blocks, the L1 table, and, if they are preallocated, the L2 tables and the data.
struct Layout {
    cluster_bits: u32,
    table_clusters: u64,
    blocks: u64,
    l1_entries: u64,
    l1_clusters: u64,
    l2_tables: u64,
    data_clusters: u64,
}

impl Layout {
    fn new(options: &CreateOptions) -> std::result::Result<Layout, Problem> {
        options.check()?;
        let size = options.cluster_size;
        let entry_size = if options.extended_l2 { 16 } else { 8 };
        let coverage = (size / entry_size) * size;
        let l1_entries = options.size.div_ceil(coverage);
        if l1_entries * 8 > super::header::MOST_L1_BYTES {
            return Err(Problem::unsupported(format!("a size of {} bytes", options.size)));
        }
        let l1_clusters = (l1_entries * 8).div_ceil(size);
        let l2_tables = if options.preallocation == Preallocation::Off { 0 } else { l1_entries };
        let data_clusters = match &options.data_file {
            None if l2_tables > 0 => options.size.div_ceil(size),
            _ => 0,
        };
        let per_block = size * 8 / u64::from(options.refcount_bits);
        let (mut table_clusters, mut blocks) = (1, 1);
        loop {
            let used = 1 + table_clusters + blocks + l1_clusters + l2_tables + data_clusters;
            let need_blocks = used.div_ceil(per_block);
            let need_table = (need_blocks * 8).div_ceil(size);
            if need_blocks <= blocks && need_table <= table_clusters {
                break;
            }
            (blocks, table_clusters) = (need_blocks.max(blocks), need_table.max(table_clusters));
        }
        if table_clusters * size > super::header::MOST_REFCOUNT_TABLE_BYTES {
            return Err(Problem::unsupported("more clusters than can be counted".into()));
        }
        Ok(Layout {
            cluster_bits: size.trailing_zeros(),
            table_clusters,
            blocks,
            l1_entries,
            l1_clusters,
            l2_tables,
            data_clusters,
        })
    }

    fn offset(&self, cluster: u64) -> u64 {
        cluster << self.cluster_bits
    }

    fn first_block(&self) -> u64 {
        1 + self.table_clusters
    }

    fn first_l1(&self) -> u64 {
        self.first_block() + self.blocks
    }

    fn first_l2(&self) -> u64 {
        self.first_l1() + self.l1_clusters
    }

    fn first_data(&self) -> u64 {
        self.first_l2() + self.l2_tables
    }

    fn end(&self) -> u64 {
        self.first_data() + self.data_clusters
    }
}

/// Makes `file`, which is empty, an image that reads as zeros, or as its backing image.
pub fn create(file: &dyn Node, options: &CreateOptions) -> Result<()> {
    write_image(file, None, options).map_err(|problem| problem.report(file.name()))
}

/// Makes `file` an image with its data in `data`; both are empty. What is preallocated is so there.
pub fn create_with_data(file: &dyn Node, data: &dyn Node, options: &CreateOptions) -> Result<()> {
    write_image(file, Some(data), options).map_err(|problem| problem.report(file.name()))
}

fn write_image(
    file: &dyn Node,
    data: Option<&dyn Node>,
    options: &CreateOptions,
) -> std::result::Result<(), Problem> {
    let options = &CreateOptions { size: whole_sectors(options.size)?, ..options.clone() };
    let layout = Layout::new(options)?;
    // All that is not written below is zero.
    let end = layout.offset(layout.end());
    if options.in_place {
        file.write_zeroes(0, end, false)?;
    } else {
        file.resize(end)?;
    }
    if let Some(data) = data {
        data.resize(options.size)?;
    }
    file.write_at(&header(options, &layout)?, 0)?;
    let blocks = layout.offset(layout.first_block());
    let size = options.cluster_size;
    write_entries(file, layout.offset(1), layout.blocks, 8, |block| blocks + block * size)?;
    // The blocks are in a row, and so are the refcounts in them.
    write_ones(file, blocks, layout.end(), options.refcount_bits)?;
    if layout.l2_tables > 0 {
        preallocate(file, options, &layout)?;
        let (data, offset, length) = match (&options.data_file, data) {
            (None, _) => {
                let start = layout.offset(layout.first_data());
                (file, start, layout.offset(layout.data_clusters))
            }
            (Some(_), Some(data)) => (data, 0, options.size),
            (Some(_), None) => {
                let what = "preallocation in a data file that is not given".into();
                return Err(Problem::unsupported(what));
            }
        };
        if options.preallocation != Preallocation::Metadata {
            // Tables have their space as well.
            file.allocate(0, layout.offset(layout.first_data()))?;
            data.allocate(offset, length)?;
        }
        if options.preallocation == Preallocation::Full {
            write_zero_bytes(data, offset, length)?;
        }
    }
    // What has been made is an image: whoever reads it next must agree.
    Header::read(file).map(drop)
}

/// A size as an image can have it. QEMU reads any other one rounded down, which would cut off the end.
pub(super) fn whole_sectors(size: u64) -> std::result::Result<u64, Problem> {
    size.checked_next_multiple_of(SECTOR)
        .ok_or_else(|| Problem::unsupported(format!("a size of {size} bytes")))
}

/// Writes the L1 and L2 tables of an image in which each cluster has its place.
fn preallocate(
    file: &dyn Node,
    options: &CreateOptions,
    layout: &Layout,
) -> std::result::Result<(), Problem> {
    let size = options.cluster_size;
    let tables = layout.offset(layout.first_l2());
    let l1 = layout.offset(layout.first_l1());
    write_entries(file, l1, layout.l2_tables, 8, |table| (tables + table * size) | COPIED)?;
    // The guest's clusters are in a data file as they are in the guest.
    let first = if options.data_file.is_some() { 0 } else { layout.offset(layout.first_data()) };
    let entry_size = if options.extended_l2 { 16 } else { 8 };
    let clusters = options.size.div_ceil(size);
    write_entries(file, tables, clusters, entry_size, |cluster| (first + cluster * size) | COPIED)
}

/// Writes `count` table entries from `offset` on, each of `entry_size` bytes that begin with what
/// `value` says.
fn write_entries(
    file: &dyn Node,
    offset: u64,
    count: u64,
    entry_size: u64,
    value: impl Fn(u64) -> u64,
) -> std::result::Result<(), Problem> {
    let most = PIECE / entry_size;
    for first in (0..count).step_by(most as usize) {
        let entries = first..count.min(first + most);
        let mut bytes = Vec::with_capacity((entries.end - first) as usize * entry_size as usize);
        for number in entries {
            bytes.extend_from_slice(&value(number).to_be_bytes());
            bytes.resize(bytes.len().next_multiple_of(entry_size as usize), 0);
        }
        file.write_at(&bytes, offset + first * entry_size)?;
    }
    Ok(())
}

/// Writes `count` refcounts of one.
fn write_ones(
    file: &dyn Node,
    offset: u64,
    count: u64,
    bits: u32,
) -> std::result::Result<(), Problem> {
    let per_piece = PIECE * 8 / u64::from(bits);
    for first in (0..count).step_by(per_piece as usize) {
        let here = per_piece.min(count - first);
        let mut bytes = buffer((here * u64::from(bits)).div_ceil(8))?;
        for number in 0..here {
            super::refcount::put(&mut bytes, number, bits.into(), 1);
        }
        file.write_at(&bytes, offset + first * u64::from(bits) / 8)?;
    }
    Ok(())
}

fn write_zero_bytes(data: &dyn Node, offset: u64, length: u64) -> std::result::Result<(), Problem> {
    let zeros = buffer(length.min(PIECE))?;
    for at in (0..length).step_by(PIECE as usize) {
        data.write_at(&zeros[..PIECE.min(length - at) as usize], offset + at)?;
    }
    Ok(())
}

fn header(options: &CreateOptions, layout: &Layout) -> std::result::Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut put32 = |value: u32| bytes.extend_from_slice(&value.to_be_bytes());
    put32(0x5146_49fb);
    put32(options.version);
    // The backing name's place, filled in below.
    (0..3).for_each(|_| put32(0));
    put32(layout.cluster_bits);
    let mut put64 = |value: u64| bytes.extend_from_slice(&value.to_be_bytes());
    put64(options.size);
    put64(layout.l1_entries);
    put64(layout.offset(layout.first_l1()));
    put64(layout.offset(1));
    bytes.extend_from_slice(&(layout.table_clusters as u32).to_be_bytes());
    bytes.extend_from_slice(&[0; 12]);
    if options.version >= 3 {
        let mut incompatible = Incompatible::empty();
        incompatible.set(Incompatible::EXTENDED_L2, options.extended_l2);
        incompatible.set(Incompatible::DATA_FILE, options.data_file.is_some());
        let zstd = options.compression == Compression::Zstd;
        incompatible.set(Incompatible::COMPRESSION, zstd);
        let mut compatible = Compatible::empty();
        compatible.set(Compatible::LAZY_REFCOUNTS, options.lazy_refcounts);
        bytes.extend_from_slice(&incompatible.bits().to_be_bytes());
        bytes.extend_from_slice(&compatible.bits().to_be_bytes());
        bytes.extend_from_slice(&0u64.to_be_bytes());
        bytes.extend_from_slice(&options.refcount_bits.trailing_zeros().to_be_bytes());
        bytes.extend_from_slice(&VERSION_3_HEADER.to_be_bytes());
        bytes.push(u8::from(zstd));
        bytes.resize(VERSION_3_HEADER as usize, 0);
    }
    let mut extension = |kind: u32, text: &str| {
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    };
    if let Some((_, format)) = &options.backing {
        extension(super::fields::EXTENSION_BACKING_FORMAT, format);
    }
    if let Some(name) = &options.data_file {
        extension(super::fields::EXTENSION_DATA_FILE, name);
    }
    extension(super::fields::EXTENSION_END, "");
    if let Some((name, _)) = &options.backing {
        let at = bytes.len() as u64;
        bytes[8..16].copy_from_slice(&at.to_be_bytes());
        bytes[16..20].copy_from_slice(&(name.len() as u32).to_be_bytes());
        bytes.extend_from_slice(name.as_bytes());
    }
    if bytes.len() as u64 > options.cluster_size {
        return Err(Problem::unsupported("names that are longer than a cluster".into()));
    }
    Ok(bytes)
}
