//! What an entry of an L2 table says of a cluster, and of the subclusters in it.

use super::Problem;
use super::header::Header;

/// The cluster is referred to once: it may be written in place.
pub const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
/// In version 3: the cluster reads as zeros, whether or not it has space.
const ALL_ZEROS: u64 = 1;
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// Subclusters of a cluster with extended L2 entries.
pub const SUBCLUSTERS: u64 = 32;

/// The state of a subcluster (without extended L2 entries: of the cluster).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing here: the backing image's turn.
    Unallocated,
    /// Reads as zeros.
    Zero,
    /// In the cluster's space.
    Data,
}

/// Where the compressed bytes of a cluster are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    pub offset: u64,
    /// At most so many bytes: they end somewhere in the last sector.
    pub length: u64,
}

impl Packed {
    /// The first byte after them.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }

    /// An L2 entry can refer to no byte from this one on.
    pub fn limit(header: &Header) -> u64 {
        1 << Packed::split(header)
    }

    /// The bits of an L2 entry that say where the bytes begin; above them is the number of sectors.
    fn split(header: &Header) -> u32 {
        62 - (header.cluster_bits - 8)
    }
}

/// An L2 entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Packed(Packed),
    Plain {
        /// The cluster's space, if it has some.
        host: Option<u64>,
        /// It is referred to once.
        copied: bool,
        /// For each subcluster: it is in the cluster's space.
        allocated: u32,
        /// For each subcluster: it reads as zeros.
        zero: u32,
    },
}

impl Entry {
    /// An entry that says nothing.
    pub const NOTHING: Entry = Entry::Plain { host: None, copied: false, allocated: 0, zero: 0 };

    /// The descriptor and the bitmap that say this.
    pub fn encode(&self, header: &Header) -> (u64, u64) {
        match *self {
            Entry::Packed(packed) => {
                let split = Packed::split(header);
                let sectors = (packed.length + (packed.offset & 511)).div_ceil(512) - 1;
                (COMPRESSED | sectors << split | packed.offset, 0)
            }
            Entry::Plain { host, copied, allocated, zero } => {
                let mut descriptor = host.unwrap_or(0);
                if copied {
                    descriptor |= COPIED;
                }
                if header.extended_l2() {
                    return (descriptor, u64::from(zero) << 32 | u64::from(allocated));
                }
                if zero != 0 {
                    descriptor |= ALL_ZEROS;
                }
                (descriptor, 0)
            }
        }
    }

    /// Understands an entry: its descriptor, and the bitmap of an extended one.
    pub fn parse(header: &Header, descriptor: u64, bitmap: u64) -> Result<Entry, Problem> {
        if descriptor & COMPRESSED != 0 {
            return Self::parse_packed(header, descriptor, bitmap);
        }
        let host = descriptor & OFFSET;
        if !host.is_multiple_of(header.cluster_size()) {
            return Err(Problem::corrupt("a cluster is not where a cluster can be"));
        }
        let copied = descriptor & COPIED != 0;
        // In an external data file offset 0 is a cluster like any other, and COPIED says so.
        let host = (host != 0 || (header.has_data_file() && copied)).then_some(host);
        let (allocated, zero) = if header.extended_l2() {
            (bitmap as u32, (bitmap >> 32) as u32)
        } else {
            let zero = header.version >= 3 && descriptor & ALL_ZEROS != 0;
            (if host.is_some() && !zero { u32::MAX } else { 0 }, if zero { u32::MAX } else { 0 })
        };
        if allocated & zero != 0 || (allocated != 0 && host.is_none()) {
            return Err(Problem::corrupt("the subclusters of a cluster contradict each other"));
        }
        Ok(Entry::Plain { host, copied, allocated, zero })
    }

    fn parse_packed(header: &Header, descriptor: u64, bitmap: u64) -> Result<Entry, Problem> {
        if header.extended_l2() && bitmap != 0 {
            return Err(Problem::corrupt("a compressed cluster has subclusters"));
        }
        let split = Packed::split(header);
        let offset = descriptor & ((1 << split) - 1);
        let sectors = ((descriptor & (COMPRESSED - 1)) >> split) + 1;
        let length = sectors * 512 - (offset & 511);
        Ok(Entry::Packed(Packed { offset, length }))
    }

    /// The clusters of the image that it refers to: the first, and how many.
    pub fn clusters(&self, header: &Header) -> Option<(u64, u64)> {
        let bits = header.cluster_bits;
        match self {
            // Those of a data file are not counted.
            _ if header.has_data_file() => None,
            Entry::Plain { host, .. } => host.map(|host| (host >> bits, 1)),
            Entry::Packed(packed) => {
                let last = (packed.offset + packed.length - 1) >> bits;
                Some((packed.offset >> bits, last - (packed.offset >> bits) + 1))
            }
        }
    }

    /// The state of one subcluster.
    pub fn state(&self, subcluster: u64) -> State {
        match self {
            Entry::Packed(_) => State::Data,
            Entry::Plain { allocated, zero, .. } => {
                let bit = 1u32 << subcluster;
                if allocated & bit != 0 {
                    State::Data
                } else if zero & bit != 0 {
                    State::Zero
                } else {
                    State::Unallocated
                }
            }
        }
    }
}
