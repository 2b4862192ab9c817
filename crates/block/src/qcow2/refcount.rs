//! Which clusters of an image are in use, and finding free ones.

use super::Problem;
use super::cache::{Cache, Step};
use super::header::Header;
use super::problem::buffer;
use super::tables::Tables;
use crate::Node;

/// A refcount block's place in an entry of the refcount table.
pub const BLOCK_OFFSET: u64 = 0xffff_ffff_ffff_fe00;
/// Freed clusters that wait for a commit, at most: the commit is made then.
const MOST_FREED: usize = 4096;

/// Clusters in a row that have been taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub first: u64,
    pub count: u64,
    /// They read as zeros.
    pub fresh: bool,
}

/// The refcounts of an image that is written.
pub struct Refcounts {
    cluster_bits: u32,
    order: u32,
    table_offset: u64,
    table_clusters: u64,
    /// No cluster before this one is free.
    hint: u64,
    /// There has never been anything from this cluster on: a new cluster there reads as zeros.
    untouched: u64,
    /// The file is at least so long.
    length: u64,
    /// Where the compressed cluster that was written last ends: the next may begin there, unless
    /// that is where a cluster begins.
    packed_end: u64,
    /// Clusters that nothing refers to any more, once what is changed now is durable.
    freed: Vec<u64>,
    tables: Tables,
}

impl Refcounts {
    /// The refcounts of the image in `file`.
    pub fn new(header: &Header, file: &dyn Node) -> Result<Refcounts, Problem> {
        Ok(Refcounts {
            cluster_bits: header.cluster_bits,
            order: header.refcount_order,
            table_offset: header.refcount_table_offset,
            table_clusters: header.refcount_table_clusters.into(),
            hint: 0,
            untouched: file.length()?.div_ceil(header.cluster_size()),
            length: 0,
            packed_end: 0,
            freed: Vec::new(),
            tables: Tables::read(header, file)?,
        })
    }

    /// Says that new clusters are a table.
    pub fn claim(&mut self, first: u64, clusters: u64) -> Result<(), Problem> {
        self.tables.claim(first, clusters)
    }

    /// Refuses to take clusters of tables for data.
    pub fn check(&self, first: u64, clusters: u64) -> Result<(), Problem> {
        self.tables.check(first, clusters)
    }

    /// Refuses what would write data over tables.
    pub fn check_data(&self, host: u64, length: u64) -> Result<(), Problem> {
        let first = host >> self.cluster_bits;
        let last = (host + length - 1) >> self.cluster_bits;
        self.tables.check(first, last - first + 1)
    }

    fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Refcounts in a block.
    fn per_block(&self) -> u64 {
        (self.cluster_size() * 8) >> self.order
    }

    fn block(
        &self,
        cache: &mut Cache,
        file: &dyn Node,
        index: u64,
    ) -> Result<Option<u64>, Problem> {
        if index >= self.table_clusters * self.cluster_size() / 8 {
            return Ok(None);
        }
        let offset = cache.be64(file, self.table_offset + index * 8)? & BLOCK_OFFSET;
        if !offset.is_multiple_of(self.cluster_size()) {
            return Err(Problem::corrupt("a refcount block is not where a cluster can be"));
        }
        Ok((offset != 0).then_some(offset))
    }

    /// How often a cluster is referred to.
    pub fn get(&self, cache: &mut Cache, file: &dyn Node, cluster: u64) -> Result<u64, Problem> {
        let per_block = self.per_block();
        let Some(block) = self.block(cache, file, cluster / per_block)? else { return Ok(0) };
        self.read(cache, file, block, cluster % per_block)
    }

    /// Where the last cluster ends that something refers to.
    pub fn used_end(&self, cache: &mut Cache, file: &dyn Node) -> Result<u64, Problem> {
        let per_block = self.per_block();
        let entries = self.table_clusters * self.cluster_size() / 8;
        // No cluster begins behind the end of the file.
        let blocks = file.length()?.div_ceil(self.cluster_size()).div_ceil(per_block);
        for index in (0..blocks.min(entries)).rev() {
            let Some(block) = self.block(cache, file, index)? else { continue };
            for at in (0..per_block).rev() {
                if self.read(cache, file, block, at)? != 0 {
                    return Ok((index * per_block + at + 1) << self.cluster_bits);
                }
            }
        }
        Ok(0)
    }

    fn read(
        &self,
        cache: &mut Cache,
        file: &dyn Node,
        block: u64,
        index: u64,
    ) -> Result<u64, Problem> {
        let at = block + (index << self.order) / 8;
        Ok(match self.order {
            0..=2 => {
                let [byte] = cache.bytes(file, at)?;
                let width = 1 << self.order;
                let shift = (index << self.order) % 8;
                u64::from(byte >> shift) & ((1 << width) - 1)
            }
            3 => u8::from_be_bytes(cache.bytes(file, at)?).into(),
            4 => u16::from_be_bytes(cache.bytes(file, at)?).into(),
            5 => u32::from_be_bytes(cache.bytes(file, at)?).into(),
            _ => u64::from_be_bytes(cache.bytes(file, at)?),
        })
    }

    fn write(
        &self,
        cache: &mut Cache,
        file: &dyn Node,
        block: u64,
        index: u64,
        value: u64,
    ) -> Result<(), Problem> {
        let width = 1u64 << self.order;
        if width < 64 && value >> width != 0 {
            return Err(Problem::unsupported("more references to a cluster than fit".into()));
        }
        let at = block + (index << self.order) / 8;
        match self.order {
            0..=2 => {
                let [byte] = cache.bytes::<1>(file, at)?;
                let shift = (index << self.order) % 8;
                let mask = (((1u64 << width) - 1) << shift) as u8;
                let byte = byte & !mask | (value << shift) as u8;
                cache.set(file, at, &[byte], Step::First)
            }
            3 => cache.set(file, at, &(value as u8).to_be_bytes(), Step::First),
            4 => cache.set(file, at, &(value as u16).to_be_bytes(), Step::First),
            5 => cache.set(file, at, &(value as u32).to_be_bytes(), Step::First),
            _ => cache.set(file, at, &value.to_be_bytes(), Step::First),
        }
    }

    /// Sets a refcount, for which there is a block.
    fn set(
        &self,
        cache: &mut Cache,
        file: &dyn Node,
        cluster: u64,
        value: u64,
    ) -> Result<(), Problem> {
        let per_block = self.per_block();
        let block = self.block(cache, file, cluster / per_block)?;
        let block = block.ok_or_else(|| Problem::corrupt("a refcount block is missing"))?;
        self.write(cache, file, block, cluster % per_block, value)
    }

    /// Takes up to `wanted` free clusters in a row.
    pub fn allocate(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        wanted: u64,
    ) -> Result<Taken, Problem> {
        let first = self.find(cache, file, 1)?;
        self.set(cache, file, first, 1)?;
        let mut count = 1;
        // What fails here, fails again when it is asked for alone.
        while count < wanted
            && self.is_free(cache, file, first + count).unwrap_or(false)
            && self.set(cache, file, first + count, 1).is_ok()
        {
            count += 1;
        }
        self.hint = first + count;
        self.taken(file, first, count)
    }

    /// Takes exactly `count` clusters in a row.
    pub fn allocate_exactly(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        count: u64,
    ) -> Result<Taken, Problem> {
        let first = self.find(cache, file, count)?;
        for cluster in first..first + count {
            if let Err(problem) = self.set(cache, file, cluster, 1) {
                (first..cluster).for_each(|taken| self.release(taken));
                return Err(problem);
            }
        }
        // One that is free has been looked for cluster by cluster; several may have left some out.
        if first == self.hint || count == 1 {
            self.hint = first + count;
        }
        self.taken(file, first, count)
    }

    fn taken(&mut self, file: &dyn Node, first: u64, count: u64) -> Result<Taken, Problem> {
        let fresh = first >= self.untouched;
        self.untouched = self.untouched.max(first + count);
        if let Err(problem) = self.reach(file, (first + count) << self.cluster_bits) {
            (first..first + count).for_each(|cluster| self.release(cluster));
            return Err(problem);
        }
        Ok(Taken { first, count, fresh })
    }

    /// Makes the file at least so long. Whoever writes to clusters writes inside of the file then:
    /// if it grew by that, to set its length could cut off what another is just writing.
    fn reach(&mut self, file: &dyn Node, end: u64) -> Result<(), Problem> {
        if self.length < end {
            if file.length()? < end {
                file.resize(end)?;
            }
            self.length = end;
        }
        Ok(())
    }

    /// Takes `length` bytes, less than a cluster, for a compressed cluster: where that begins.
    pub fn allocate_packed(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        length: u64,
    ) -> Result<u64, Problem> {
        let size = self.cluster_size();
        let (begun, used) = (self.packed_end >> self.cluster_bits, self.packed_end % size);
        if used != 0 {
            let count = self.get(cache, file, begun)?;
            let width = 1u64 << self.order;
            let shareable = width == 64 || count + 1 < 1 << width;
            if shareable && used + length <= size {
                self.set(cache, file, begun, count + 1)?;
                self.packed_end += length;
                return Ok(self.packed_end - length);
            }
            // It may end in the next cluster, if that is free.
            if shareable && self.is_free(cache, file, begun + 1)? {
                self.set(cache, file, begun + 1, 1)?;
                self.taken(file, begun + 1, 1)?;
                if self.hint == begun + 1 {
                    self.hint += 1;
                }
                if let Err(problem) = self.set(cache, file, begun, count + 1) {
                    self.release(begun + 1);
                    return Err(problem);
                }
                self.packed_end += length;
                return Ok(self.packed_end - length);
            }
        }
        let taken = self.allocate_exactly(cache, file, 1)?;
        let offset = taken.first << self.cluster_bits;
        self.packed_end = offset + length;
        Ok(offset)
    }

    /// The first of `count` free clusters in a row that have refcount blocks.
    fn find(&mut self, cache: &mut Cache, file: &dyn Node, count: u64) -> Result<u64, Problem> {
        let (mut first, mut length) = (self.hint, 0);
        while length < count {
            if self.is_free(cache, file, first + length)? {
                length += 1;
            } else {
                first += length + 1;
                length = 0;
            }
        }
        Ok(first)
    }

    /// Whether a cluster can be taken. A part of the file without refcount block gets one, in the
    /// first of its clusters that is asked for, which is then taken.
    fn is_free(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        cluster: u64,
    ) -> Result<bool, Problem> {
        if (cluster << self.cluster_bits) > i64::MAX as u64 / 2 {
            return Err(Problem::unsupported("more clusters than a file can have".into()));
        }
        let index = cluster / self.per_block();
        if self.block(cache, file, index)?.is_some() {
            let free = self.get(cache, file, cluster)? == 0;
            if free {
                self.tables.check(cluster, 1)?;
            }
            return Ok(free);
        }
        if index >= self.table_clusters * self.cluster_size() / 8 {
            self.grow_table(cache, file, cluster)?;
        } else {
            self.add_block(cache, file, index, cluster)?;
        }
        Ok(self.get(cache, file, cluster)? == 0)
    }

    /// Puts a refcount block into `cluster`, which it is for.
    fn add_block(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        index: u64,
        cluster: u64,
    ) -> Result<(), Problem> {
        let block = cluster << self.cluster_bits;
        self.tables.check(cluster, 1)?;
        self.untouched = self.untouched.max(cluster + 1);
        // The block must be there before the table says that it is, and the table before anything
        // that the block counts is referred to: the first barrier of the next commit sees to that.
        let mut first = buffer(self.cluster_size())?;
        let width = 1u64 << self.order;
        put(&mut first, cluster % self.per_block(), width, 1);
        file.write_at(&first, block)?;
        cache.forget(block, self.cluster_size());
        cache.barrier(file)?;
        let at = self.table_offset + index * 8;
        file.write_at(&block.to_be_bytes(), at)?;
        cache.set(file, at, &block.to_be_bytes(), Step::First)?;
        self.claim(cluster, 1)
    }

    /// Makes a larger refcount table, one that covers `cluster` and itself, in new clusters from
    /// `cluster` on: first the refcount blocks for these, then the table.
    fn grow_table(
        &mut self,
        cache: &mut Cache,
        file: &dyn Node,
        cluster: u64,
    ) -> Result<(), Problem> {
        let (size, per_block) = (self.cluster_size(), self.per_block());
        let entries = self.table_clusters * size / 8;
        let (mut blocks, mut clusters) = (1, 0);
        // Each depends on the other; both only grow, and settle at once.
        loop {
            let last = cluster + blocks + clusters;
            let need_blocks = last / per_block - cluster / per_block + 1;
            let need_clusters = ((last / per_block + 1).max(entries * 3 / 2) * 8).div_ceil(size);
            if need_blocks == blocks && need_clusters == clusters {
                break;
            }
            (blocks, clusters) = (need_blocks.max(blocks), need_clusters.max(clusters));
        }
        if clusters * size > super::header::MOST_REFCOUNT_TABLE_BYTES {
            return Err(Problem::unsupported("more clusters than can be counted".into()));
        }
        let table = cluster + blocks;
        let end = table + clusters;
        self.tables.check(cluster, end - cluster)?;
        // Whatever comes of it, something has been there then.
        self.untouched = self.untouched.max(end);
        let mut content = buffer(clusters * size)?;
        for index in 0..entries {
            let entry = cache.be64(file, self.table_offset + index * 8)?;
            content[index as usize * 8..][..8].copy_from_slice(&entry.to_be_bytes());
        }
        for number in 0..blocks {
            let index = cluster / per_block + number;
            let mut block = buffer(size)?;
            for used in (cluster..end).filter(|used| used / per_block == index) {
                put(&mut block, used % per_block, 1 << self.order, 1);
            }
            let offset = (cluster + number) << self.cluster_bits;
            file.write_at(&block, offset)?;
            content[index as usize * 8..][..8].copy_from_slice(&offset.to_be_bytes());
        }
        let offset = table << self.cluster_bits;
        file.write_at(&content, offset)?;
        cache.forget(cluster << self.cluster_bits, (end - cluster) * size);
        // All of it must be there before the header says so; and what is in the old table is still
        // right then.
        cache.commit(file)?;
        let mut fields = [0; 12];
        fields[..8].copy_from_slice(&offset.to_be_bytes());
        fields[8..].copy_from_slice(&(clusters as u32).to_be_bytes());
        cache.write_header(file, 48, &fields)?;
        let (old, old_clusters) = (self.table_offset >> self.cluster_bits, self.table_clusters);
        (self.table_offset, self.table_clusters) = (offset, clusters);
        (cluster..table).try_for_each(|block| self.claim(block, 1))?;
        self.claim(table, clusters)?;
        self.release_table(old, old_clusters);
        Ok(())
    }

    /// Takes a reference back, when what is changed now is durable.
    pub fn release(&mut self, cluster: u64) {
        self.freed.push(cluster);
    }

    /// Gives up a table that was claimed, when what is changed now is durable.
    pub fn release_table(&mut self, first: u64, clusters: u64) {
        self.tables.forget(first);
        self.freed.extend(first..first + clusters);
    }

    /// Whether so many clusters wait to be free that a commit should be made.
    pub fn has_many_freed(&self) -> bool {
        self.freed.len() >= MOST_FREED
    }

    /// Frees what nothing refers to any more, after a commit. The space of what is in no other use
    /// goes back to the filesystem.
    pub fn settle(&mut self, cache: &mut Cache, file: &dyn Node) -> Result<(), Problem> {
        self.freed.sort_unstable();
        let mut punched: Option<(u64, u64)> = None;
        // What cannot be freed now waits for the next time.
        while let Some(&cluster) = self.freed.last() {
            let count = self.get(cache, file, cluster)?;
            if count > 0 {
                self.set(cache, file, cluster, count - 1)?;
            }
            self.freed.pop();
            if count == 0 {
                return Err(Problem::corrupt("a cluster is freed that is not in use"));
            }
            if count > 1 {
                continue;
            }
            if cluster == self.packed_end >> self.cluster_bits {
                self.packed_end = 0;
            }
            // An L2 table that was a snapshot's as well.
            self.tables.forget(cluster);
            self.hint = self.hint.min(cluster);
            match &mut punched {
                Some((first, _)) if *first == cluster + 1 => *first = cluster,
                _ => {
                    self.punch(file, punched);
                    punched = Some((cluster, cluster + 1));
                }
            }
        }
        self.punch(file, punched);
        Ok(())
    }

    fn punch(&self, file: &dyn Node, range: Option<(u64, u64)>) {
        if let Some((first, end)) = range {
            let (offset, length) = (first << self.cluster_bits, (end - first) << self.cluster_bits);
            // The clusters are free; that the filesystem keeps the space harms nobody.
            if let Err(error) = file.discard(offset, length) {
                log::debug!("{length} bytes at {offset} keep their space: {error:?}");
            }
        }
    }
}

/// The refcount in the bytes of a block.
pub fn count_in(block: &[u8], index: u64, width: u64) -> u64 {
    let bit = index * width;
    let at = (bit / 8) as usize;
    if width < 8 {
        u64::from(block[at] >> (bit % 8)) & ((1 << width) - 1)
    } else {
        let bytes = &block[at..at + (width / 8) as usize];
        bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// Writes a refcount, where there is none yet, into the bytes of a block.
pub fn put(block: &mut [u8], index: u64, width: u64, value: u64) {
    let bit = index * width;
    let at = (bit / 8) as usize;
    if width < 8 {
        block[at] |= (value << (bit % 8)) as u8;
    } else {
        let bytes = value.to_be_bytes();
        let length = (width / 8) as usize;
        block[at..at + length].copy_from_slice(&bytes[8 - length..]);
    }
}
