//! Reading and writing compressed clusters. Their bytes are packed densely: several share a cluster
//! of the file, or one begins in one cluster and ends in the next.

use std::io::Read;

use flate2::read::DeflateDecoder;
use flate2::{Compress, FlushCompress, Status};

use super::entry::{Entry, Packed};
use super::header::Header;
use super::problem::buffer;
use super::{Problem, Qcow2Node};
use crate::Compression;
use crate::Node;

/// log2 of how far back deflate may refer: QEMU's, which is all that it can read.
const DEFLATE_WINDOW_LOG: u8 = 12;

/// log2 of the memory that uncompressing may take: the largest cluster.
const MOST_WINDOW_LOG: u32 = 21;

/// The uncompressed bytes of a cluster.
pub fn unpack(header: &Header, file: &dyn Node, packed: Packed) -> Result<Vec<u8>, Problem> {
    // Compressed bytes are fewer than the cluster has, or it would not have been compressed.
    let most = header.cluster_size() + 512;
    let mut bytes = buffer(packed.length.min(most))?;
    let got = file.read_at(&mut bytes, packed.offset)?;
    bytes.truncate(got);
    let size = header.cluster_size() as usize;
    let mut cluster = buffer(size as u64)?;
    let broken = |_| Problem::corrupt("a compressed cluster cannot be uncompressed");
    match header.compression {
        Compression::Deflate => DeflateDecoder::new(&bytes[..]).read_exact(&mut cluster),
        Compression::Zstd => {
            zstd::stream::read::Decoder::new(&bytes[..]).and_then(|mut decoder| {
                // A stranger's frame may ask for far more memory than a cluster can need.
                decoder.window_log_max(MOST_WINDOW_LOG)?;
                decoder.read_exact(&mut cluster)
            })
        }
    }
    .map_err(broken)?;
    Ok(cluster)
}

/// The compressed bytes of a cluster, if they are fewer.
pub fn pack(header: &Header, cluster: &[u8]) -> Option<Vec<u8>> {
    let mut packed = vec![0; cluster.len() - 1];
    let length = match header.compression {
        Compression::Deflate => {
            let level = flate2::Compression::default();
            let mut deflate = Compress::new_with_window_bits(level, false, DEFLATE_WINDOW_LOG);
            match deflate.compress(cluster, &mut packed, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => deflate.total_out() as usize,
                _ => return None,
            }
        }
        Compression::Zstd => {
            let level = zstd::DEFAULT_COMPRESSION_LEVEL;
            zstd::bulk::compress_to_buffer(cluster, &mut packed, level).ok()?
        }
    };
    packed.truncate(length);
    Some(packed)
}

impl Qcow2Node {
    /// Writes whole clusters, of which the last may be cut off by the image's end, compressed where
    /// that makes them smaller.
    pub(super) fn write_packed(&self, data: &[u8], offset: u64) -> Result<(), Problem> {
        let size = self.header.cluster_size();
        let end = offset + data.len() as u64;
        let whole = offset.is_multiple_of(size) && (end.is_multiple_of(size) || end == self.size());
        // A data file has the guest's bytes as they are.
        if !whole || self.header.has_data_file() {
            return self.write(data, offset);
        }
        self.begin_changes()?;
        let mut at = offset;
        for part in data.chunks(size as usize) {
            let packed = match part.len() as u64 == size {
                true => pack(&self.header, part),
                false => {
                    let mut cluster = part.to_vec();
                    cluster.resize(size as usize, 0);
                    pack(&self.header, &cluster)
                }
            };
            match packed {
                Some(bytes) => self.write_packed_cluster(&bytes, at, part.len() as u64)?,
                None => self.write(part, at)?,
            }
            at += part.len() as u64;
        }
        Ok(())
    }

    fn write_packed_cluster(&self, bytes: &[u8], at: u64, length: u64) -> Result<(), Problem> {
        let _alone = self.ranges.exclusive(at, at + self.header.cluster_size());
        self.inside(at + length)?;
        let (old, packed) = {
            let mut map = self.map();
            map.commit_if_full(&*self.file)?;
            let old = map.entry(&self.header, &*self.file, at)?;
            (old, map.take_packed(&self.header, &*self.file, bytes.len() as u64)?)
        };
        let entry = Entry::Packed(packed);
        let written = self.file.write_at(bytes, packed.offset).map_err(Problem::from);
        let mut map = self.map();
        let result = written.and_then(|()| {
            self.forget_unpacked(packed);
            map.replace(&self.header, &*self.file, at, old, entry)
        });
        if let (Err(_), Some((first, count))) = (&result, entry.clusters(&self.header)) {
            map.give_back(first, count)?;
        }
        result
    }
}
