//! `rfc-2011-03.h`: volumes up and down, as reviewed in March 2011.

use std::ffi::{c_int, c_uint, c_ulonglong};

use super::{Bytes, in_node};
use crate::call::entry;
use crate::storage::volume::virStorageVolPtr;
use crate::stream::virStreamPtr;
use virsparse_core::error::*;
use virsparse_core::storage::{self, DownloadFlags, Volume};
use virsparse_core::stream::Stream;

in_node!("VIRSPARSE_RFC_2011_03": virStorageVolDownload, virStorageVolUpload, virStorageVolWipe);

/// What virStorageVolUpload does to the range.
#[repr(C)]
pub enum virStorageVolumeUploadFlags {
    /// Zero it, and give back the space that it takes.
    VIR_STORAGE_VOLUME_UPLOAD_WIPE = 1 << 0,
}

bitflags::bitflags! {
    struct UploadFlags: u32 {
        const WIPE = virStorageVolumeUploadFlags::VIR_STORAGE_VOLUME_UPLOAD_WIPE as u32;
    }
}

/// Lets a stream read a volume, and tells how much it will get.
///
/// @vol: the volume
/// @stream: a stream of the same connection, without an active transfer
/// @offset: where the first byte is, in bytes
/// @length: how many bytes to receive; 0 for all to the end
/// @flags: 0
///
/// Return Value: how many bytes go to the stream, or (unsigned long long)-1, which leaves the stream
/// as it was.
///
/// Errors: as the released virStorageVolDownload.
///
/// Since virsparse 0.1.
pub extern "C" fn virStorageVolDownload(
    vol: virStorageVolPtr,
    stream: virStreamPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_ulonglong {
    let bytes = entry("virStorageVolDownload", |call| {
        let volume = call.object::<Volume>(vol)?;
        let stream = call.object::<Stream>(stream)?;
        call.writable(&volume, VIR_FROM_STORAGE)?;
        volume.check_stream(&stream)?;
        call.no_flags(flags, VIR_FROM_STORAGE)?;
        let whole = DownloadFlags::empty();
        volume.download(&stream, offset, length, whole).map(Bytes)
    });
    bytes.0
}

/// Lets a stream write into a volume; with VIR_STORAGE_VOLUME_UPLOAD_WIPE the range is zeroed first,
/// which gives its space back.
///
/// @vol: the volume
/// @stream: a stream of the same connection, without an active transfer; may be NULL with
/// VIR_STORAGE_VOLUME_UPLOAD_WIPE, which then is all that is done
/// @offset: where the first byte goes, in bytes
/// @length: how many bytes are expected at most; 0 for all to the end
/// @flags: virStorageVolumeUploadFlags
///
/// Return Value: 0, or -1, when the range may have been zeroed.
///
/// Errors: as the released virStorageVolUpload, and as virSparseVolWipeRange.
///
/// Since virsparse 0.1.
pub extern "C" fn virStorageVolUpload(
    vol: virStorageVolPtr,
    stream: virStreamPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virStorageVolUpload", |call| {
        let volume = call.object::<Volume>(vol)?;
        let wipe = flags & UploadFlags::WIPE.bits() != 0;
        let stream = match wipe && stream.is_null() {
            true => None,
            false => Some(call.object::<Stream>(stream)?),
        };
        call.writable(&volume, VIR_FROM_STORAGE)?;
        call.flags::<UploadFlags>(flags, VIR_FROM_STORAGE)?;
        if let Some(stream) = &stream {
            volume.check_stream(stream)?;
        }
        if wipe {
            volume.wipe_range(offset, length)?;
        }
        if let Some(stream) = stream {
            let whole = storage::UploadFlags::empty();
            volume.upload(&stream, offset, length, whole)?;
        }
        Ok(0)
    })
}

/// Zeroes a volume and gives back the space that it takes: virStorageVolUpload with
/// VIR_STORAGE_VOLUME_UPLOAD_WIPE for the whole of it, and without a stream.
///
/// @vol: the volume
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: as virSparseVolWipeRange.
///
/// Since virsparse 0.1.
pub extern "C" fn virStorageVolWipe(vol: virStorageVolPtr, flags: c_uint) -> c_int {
    entry("virStorageVolWipe", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.writable(&volume, VIR_FROM_STORAGE)?;
        call.no_flags(flags, VIR_FROM_STORAGE)?;
        volume.wipe_range(0, 0)?;
        Ok(0)
    })
}
