//! Attaching streams to volumes.
//!
//! A volume's file is what is moved, whatever format its bytes are in. A raw volume has the size
//! that it has, so a range must lie in it; one in an image format is a file of whatever size the
//! image needs.

use std::sync::Arc;

use super::header::VolumeHeader;
use super::pool::Pool;
use super::volume::Volume;
use super::volume_format::VolumeFormat;
use crate::block::BlockError;
use crate::enums::flags;
use crate::enums::sparse::virSparseVolUploadFlags;
use crate::enums::storage_vol::{virStorageVolDownloadFlags, virStorageVolUploadFlags};
use crate::error::*;
use crate::stream::{DownloadRange, Stream, Target};

bitflags::bitflags! {
    /// How virStorageVolUpload moves.
    #[derive(Clone, Copy)]
    pub struct UploadFlags: u32 {
        const SPARSE_STREAM =
            virStorageVolUploadFlags::VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM as u32;
        /// Ours: what is written gets to stable storage when the system likes.
        const NO_SYNC = virSparseVolUploadFlags::VIR_SPARSE_VOL_UPLOAD_NO_SYNC as u32;
    }
}

flags! {
    /// How virStorageVolDownload moves.
    #[derive(Clone, Copy)]
    pub struct DownloadFlags: u32 = virStorageVolDownloadFlags {
        const SPARSE_STREAM = VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM;
    }
}

fn streamed(error: BlockError) -> Error {
    error.report(VIR_FROM_STREAMS)
}

impl Volume {
    /// Lets a stream write into the volume.
    pub fn upload(
        self: &Arc<Self>,
        stream: &Stream,
        offset: u64,
        length: u64,
        flags: UploadFlags,
    ) -> Result<()> {
        let node = self.store()?.open(self.name(), true)?;
        let raw = VolumeHeader::read(&*node).map_err(streamed)?.format == VolumeFormat::Raw;
        let size = node.length().map_err(streamed)?;
        let range = self.range(offset, length, raw.then_some(size))?;
        self.lock_to_upload(&*node, offset, range)?;
        let target = Target {
            node: node.clone(),
            offset,
            end: range,
            // A caller that gave a length knows what is cut off; one that did not must be told.
            clamps: length > 0,
            sparse: flags.contains(UploadFlags::SPARSE_STREAM),
            // With a length, what lies behind the range is not the caller's.
            cuts: range.is_none(),
            sync: self.connect().syncs() && !flags.contains(UploadFlags::NO_SYNC),
        };
        let total = range.map_or(0, |end| end - offset);
        let volume = self.clone();
        // The image may be another one now.
        let on_close = move || {
            // Whoever is told of the change below may begin the next upload.
            node.unlock();
            match Pool::of_volume(&volume) {
                Ok(pool) => pool.tell_refresh(),
                Err(error) => log::warn!("nobody is told of the upload: {error}"),
            }
        };
        stream.attach_upload(target, total, Box::new(on_close))
    }

    /// Lets a stream read the volume: how many bytes it gets.
    pub fn download(
        self: &Arc<Self>,
        stream: &Stream,
        offset: u64,
        length: u64,
        flags: DownloadFlags,
    ) -> Result<u64> {
        let node = self.open(false)?;
        let raw = VolumeHeader::read(&*node).map_err(streamed)?.format == VolumeFormat::Raw;
        let size = node.length().map_err(streamed)?;
        let range = self.range(offset, length, raw.then_some(size))?;
        let end = range.unwrap_or(size).min(size);
        let source = DownloadRange {
            node,
            offset: offset.min(end),
            end,
            sparse: flags.contains(DownloadFlags::SPARSE_STREAM),
        };
        let length = source.end - source.offset;
        stream.attach_download(source, Box::new(|| {}))?;
        Ok(length)
    }

    /// Refuses a stream of another connection, or with an active transfer.
    pub fn check_stream(&self, stream: &Stream) -> Result<()> {
        if !stream.session().is(self.connect()) {
            let text =
                format!("stream in {FUNCTION} must match connection of volume '{}'", self.name());
            return Err(Error::argument(VIR_FROM_STORAGE, "stream", text));
        }
        stream.check_attachable()
    }

    /// Where a range ends: `None` if it is open. `size` is that of a volume that cannot change it.
    fn range(&self, offset: u64, length: u64, size: Option<u64>) -> Result<Option<u64>> {
        let name = self.name();
        let refuse = |text: String| Err(Error::argument(VIR_FROM_STORAGE, "length", text));
        let most = size.unwrap_or(i64::MAX as u64);
        match offset.checked_add(length).filter(|end| *end <= most) {
            Some(end) if length > 0 => Ok(Some(end)),
            Some(_) => Ok(size),
            None => refuse(match size {
                Some(size) => format!(
                    "offset {offset} and length {length} in {FUNCTION} reach beyond the end of \
                     volume '{name}' of {size} bytes"
                ),
                None => format!(
                    "offset {offset} and length {length} in {FUNCTION} are more than volume \
                     '{name}' can have"
                ),
            }),
        }
    }
}
