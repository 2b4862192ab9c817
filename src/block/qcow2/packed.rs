//! Reading compressed clusters.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::Problem;
use super::entry::Packed;
use super::header::{Compression, Header};
use crate::block::Node;

/// log2 of the memory that uncompressing may take: the largest cluster.
const MOST_WINDOW_LOG: u32 = 21;

/// The uncompressed bytes of a cluster.
pub fn unpack(header: &Header, file: &dyn Node, packed: Packed) -> Result<Vec<u8>, Problem> {
    // Compressed bytes are fewer than the cluster has, or it would not have been compressed.
    let most = header.cluster_size() + 512;
    let mut bytes = vec![0; packed.length.min(most) as usize];
    let got = file.read_at(&mut bytes, packed.offset)?;
    bytes.truncate(got);
    let size = header.cluster_size() as usize;
    let mut cluster = vec![0; size];
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
