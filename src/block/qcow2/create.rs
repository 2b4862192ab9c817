//! Making new images.

use super::Problem;
use super::header::{Compatible, Header, Incompatible};
use crate::block::{Node, Result};

/// What a new image is like.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// Bytes that a guest sees; a multiple of 512.
    pub size: u64,
    /// 2 for what old programs read, 3 for everything else.
    pub version: u32,
    pub cluster_size: u64,
    pub lazy_refcounts: bool,
    pub extended_l2: bool,
    /// The name of the backing image as it is recorded, and its format.
    pub backing: Option<(String, String)>,
    /// The name of the file for the data, as it is recorded.
    pub data_file: Option<String>,
}

impl CreateOptions {
    /// An image of `size` bytes as QEMU makes it unless told otherwise.
    pub fn new(size: u64) -> CreateOptions {
        CreateOptions {
            size,
            version: 3,
            cluster_size: 65536,
            lazy_refcounts: false,
            extended_l2: false,
            backing: None,
            data_file: None,
        }
    }
}

const VERSION_3_HEADER: u32 = 112;
const REFCOUNT_ORDER: u32 = 4;

/// Where the tables of a new image are, in clusters: the header, the refcount table, the refcount
/// blocks, the L1 table.
struct Layout {
    cluster_bits: u32,
    table_clusters: u64,
    blocks: u64,
    l1_entries: u64,
    l1_clusters: u64,
}

impl Layout {
    fn new(options: &CreateOptions) -> std::result::Result<Layout, Problem> {
        let size = options.cluster_size;
        let in_range = size.is_power_of_two() && (512..=2 << 20).contains(&size);
        if !in_range || (options.extended_l2 && size < 16384) {
            return Err(Problem::unsupported(format!("clusters of {size} bytes")));
        }
        if options.version < 3
            && (options.lazy_refcounts || options.extended_l2 || options.data_file.is_some())
        {
            return Err(Problem::unsupported("features that version 2 does not have".into()));
        }
        let entry_size = if options.extended_l2 { 16 } else { 8 };
        let coverage = (size / entry_size) * size;
        let l1_entries = options.size.div_ceil(coverage);
        if l1_entries * 8 > super::header::MOST_L1_BYTES {
            return Err(Problem::unsupported(format!("a size of {} bytes", options.size)));
        }
        let l1_clusters = (l1_entries * 8).div_ceil(size);
        let per_block = (size * 8) >> REFCOUNT_ORDER;
        let (mut table_clusters, mut blocks) = (1, 1);
        loop {
            let used = 1 + table_clusters + blocks + l1_clusters;
            let need_blocks = used.div_ceil(per_block);
            let need_table = (need_blocks * 8).div_ceil(size);
            if need_blocks <= blocks && need_table <= table_clusters {
                break;
            }
            (blocks, table_clusters) = (need_blocks.max(blocks), need_table.max(table_clusters));
        }
        Ok(Layout {
            cluster_bits: size.trailing_zeros(),
            table_clusters,
            blocks,
            l1_entries,
            l1_clusters,
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

    fn end(&self) -> u64 {
        self.first_l1() + self.l1_clusters
    }
}

/// Makes `file`, which is empty, an image in which nothing is allocated.
pub fn create(file: &dyn Node, options: &CreateOptions) -> Result<()> {
    write_image(file, options).map_err(|problem| problem.report(file.name()))
}

fn write_image(file: &dyn Node, options: &CreateOptions) -> std::result::Result<(), Problem> {
    let layout = Layout::new(options)?;
    file.resize(0)?;
    // All that is not written below is zero.
    file.resize(layout.offset(layout.end()))?;
    file.write_at(&header(options, &layout)?, 0)?;
    let mut table = Vec::new();
    for block in 0..layout.blocks {
        let offset = layout.offset(layout.first_block() + block);
        table.extend_from_slice(&offset.to_be_bytes());
    }
    file.write_at(&table, layout.offset(1))?;
    // The blocks are in a row, and so are the refcounts in them.
    let counts: Vec<u8> = (0..layout.end()).flat_map(|_| 1u16.to_be_bytes()).collect();
    file.write_at(&counts, layout.offset(layout.first_block()))?;
    // What has been made is an image: whoever reads it next must agree.
    Header::read(file).map(drop)
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
        let mut compatible = Compatible::empty();
        compatible.set(Compatible::LAZY_REFCOUNTS, options.lazy_refcounts);
        bytes.extend_from_slice(&incompatible.bits().to_be_bytes());
        bytes.extend_from_slice(&compatible.bits().to_be_bytes());
        bytes.extend_from_slice(&0u64.to_be_bytes());
        bytes.extend_from_slice(&REFCOUNT_ORDER.to_be_bytes());
        bytes.extend_from_slice(&VERSION_3_HEADER.to_be_bytes());
        bytes.resize(VERSION_3_HEADER as usize, 0);
    }
    let mut extension = |kind: u32, text: &str| {
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    };
    if let Some((_, format)) = &options.backing {
        extension(super::header::EXTENSION_BACKING_FORMAT, format);
    }
    if let Some(name) = &options.data_file {
        extension(super::header::EXTENSION_DATA_FILE, name);
    }
    extension(super::header::EXTENSION_END, "");
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
