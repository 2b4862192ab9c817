//! The fields of a header as they are written. Nothing in them has been checked: [`super::Header`] is for an
//! image that is opened, [`mod@super::summary`] for one that is only listed.

use crate::format::fields::Fields;

/// "QFI\xfb".
pub const MAGIC: u32 = 0x5146_49fb;
/// The longest name of a backing image.
pub const MOST_NAME: usize = 1023;
/// Bytes that all versions have.
pub const VERSION_2_LENGTH: usize = 72;

pub const EXTENSION_END: u32 = 0;
pub const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
pub const EXTENSION_DATA_FILE: u32 = 0x4441_5441;
pub const EXTENSION_BITMAPS: u32 = 0x2385_2875;

/// The part of a header whose length is fixed. For each version, what it does not have is what it means without.
pub struct HeaderFields {
    pub version: u32,
    pub backing_offset: u64,
    pub backing_length: u32,
    pub cluster_bits: u32,
    pub size: u64,
    pub encryption: u32,
    pub l1_entries: u32,
    pub l1_offset: u64,
    pub refcount_table_offset: u64,
    pub refcount_table_clusters: u32,
    pub snapshots: u32,
    pub snapshots_offset: u64,
    pub incompatible: u64,
    pub compatible: u64,
    pub autoclear: u64,
    pub refcount_order: u32,
    pub header_length: u32,
    pub compression: u8,
}

impl HeaderFields {
    /// The fields in an image's first bytes; `None` if some are missing.
    pub fn read(start: &[u8]) -> Option<HeaderFields> {
        let fields = Fields(start);
        let version = fields.be32(4)?;
        let in_version_3 = version >= 3;
        let be64 = |at| if in_version_3 { fields.be64(at) } else { Some(0) };
        let be32 = |at, before| if in_version_3 { fields.be32(at) } else { Some(before) };
        let header_length = be32(100, VERSION_2_LENGTH as u32)?;
        let compression =
            if header_length > 104 { fields.slice(104, 1).map_or(0, |byte| byte[0]) } else { 0 };
        Some(HeaderFields {
            version,
            backing_offset: fields.be64(8)?,
            backing_length: fields.be32(16)?,
            cluster_bits: fields.be32(20)?,
            size: fields.be64(24)?,
            encryption: fields.be32(32)?,
            l1_entries: fields.be32(36)?,
            l1_offset: fields.be64(40)?,
            refcount_table_offset: fields.be64(48)?,
            refcount_table_clusters: fields.be32(56)?,
            snapshots: fields.be32(60)?,
            snapshots_offset: fields.be64(64)?,
            incompatible: be64(72)?,
            compatible: be64(80)?,
            autoclear: be64(88)?,
            refcount_order: be32(96, 4)?,
            header_length,
            compression,
        })
    }

    /// The header extensions in an image's first bytes. They end where the name of the backing image begins.
    pub fn extensions<'a>(&self, start: &'a [u8]) -> Extensions<'a> {
        let end = match usize::try_from(self.backing_offset) {
            Ok(0) | Err(_) => start.len(),
            Ok(name) => name.min(start.len()),
        };
        Extensions { fields: Fields(start), at: self.header_length as usize, end }
    }
}

/// One header extension.
pub struct Extension {
    pub kind: u32,
    /// Where it begins.
    pub at: usize,
    /// Where its contents begin, and how long they are.
    pub contents: usize,
    pub length: usize,
}

/// Header extensions, one after the other.
pub struct Extensions<'a> {
    fields: Fields<'a>,
    at: usize,
    end: usize,
}

/// An extension reaches beyond the bytes that there are.
pub struct OutOfRange;

impl Iterator for Extensions<'_> {
    type Item = Result<Extension, OutOfRange>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let contents = at.checked_add(8).filter(|contents| *contents <= self.end)?;
        let (kind, length) = (self.fields.be32(at)?, self.fields.be32(at + 4)? as usize);
        let all = self.fields.0.len().next_multiple_of(8);
        let next = length
            .checked_next_multiple_of(8)
            .and_then(|padded| padded.checked_add(contents))
            .filter(|next| *next <= all);
        match (next, kind) {
            // It is nothing to go on from, however long it says that it is.
            (None, _) => {
                self.at = self.end;
                Some(Err(OutOfRange))
            }
            (_, EXTENSION_END) => None,
            (Some(next), _) => {
                self.at = next;
                Some(Ok(Extension { kind, at, contents, length }))
            }
        }
    }
}
