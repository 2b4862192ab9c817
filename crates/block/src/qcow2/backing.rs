//! The backing image: what is read where the image itself says nothing. It can be exchanged, and
//! what it has can be brought into the image, while others use that.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::fields::{EXTENSION_BACKING_FORMAT, EXTENSION_BITMAPS, EXTENSION_END};
use super::problem::buffer;
use super::{Problem, Qcow2Node};
use crate::{Extent, ExtentKind, Layers, Node, Result};

/// Where the header says where the backing file's name is.
const NAME_AT: usize = 8;

/// So much is read at once.
pub(super) const MOST: u64 = 1 << 20;

/// So much is looked at at once.
const LOOK: u64 = 16 << 20;

/// A backing node and its length.
pub(super) type Below = (Arc<dyn Node>, u64);

impl Qcow2Node {
    /// Up to where zeros must be said to be there: to the end of the backing node, and of the one that
    /// is to take its place.
    pub(super) fn below(&self) -> std::result::Result<u64, Problem> {
        let length = self.backing_with_length()?.map_or(0, |(_, length)| length);
        Ok(length.max(self.next_backing.load(Ordering::Acquire)))
    }

    /// The backing node and its length.
    pub(super) fn backing_with_length(&self) -> std::result::Result<Option<Below>, Problem> {
        let Some(backing) = self.backing() else { return Ok(None) };
        let length = backing.length()?;
        Ok(Some((backing, length)))
    }

    /// Reads what is below from another node from now on. The header keeps what it says.
    pub fn set_backing(&self, backing: Option<Arc<dyn Node>>) {
        *self.backing.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = backing;
        self.solid_backing.forget();
        self.next_backing.store(0, Ordering::Release);
    }

    /// Makes the header say which file, of which format, is the backing image. What was written
    /// before is durable before that is, and that is durable when this returns.
    pub fn record_backing(&self, backing: Option<(&str, &str)>) -> Result<()> {
        self.try_record_backing(backing).map_err(|problem| problem.report(&self.name))
    }

    fn try_record_backing(
        &self,
        backing: Option<(&str, &str)>,
    ) -> std::result::Result<(), Problem> {
        self.begin_changes()?;
        let mut map = self.map();
        map.commit(&*self.file)?;
        let mut start = buffer(self.header.cluster_size())?;
        let got = self.file.read_at(&mut start, 0)?;
        start.truncate(got);
        let start = with_backing(start, self.header.version, backing)?;
        if start.len() as u64 > self.header.cluster_size() {
            return Err(Problem::unsupported("names that are longer than a cluster".into()));
        }
        // All of it at once: a name and its length must not be of two images.
        map.write_header(&*self.file, 0, &start)
    }

    /// Brings what is read from the images below into the image, where it is one of those of
    /// `above` that says it. What others write meanwhile stays.
    pub fn populate(&self, offset: u64, length: u64, above: Layers) -> Result<()> {
        // What others zero from now on must hide the image that is to be there, too.
        self.next_backing.fetch_max(above.length, Ordering::AcqRel);
        let end = offset.saturating_add(length).min(self.size());
        self.change(offset.min(end), end.saturating_sub(offset), || {
            self.begin_changes()?;
            let size = self.header.cluster_size();
            let _alone = self.ranges.exclusive(offset / size * size, end.next_multiple_of(size));
            self.populate_alone(offset, end, above)
        })
    }

    fn populate_alone(
        &self,
        offset: u64,
        end: u64,
        above: Layers,
    ) -> std::result::Result<(), Problem> {
        let mut at = offset;
        while at < end {
            let extent = self.extent(at, end)?;
            let own = extent.present && extent.depth == 0;
            if own || !above.affect(&extent) {
                at = extent.end();
            } else if extent.kind.is_zero() {
                at = self.hide(at, extent.end(), above.length)?;
            } else {
                at = self.bring(&extent)?;
            }
        }
        Ok(())
    }

    /// Writes what is read at the beginning of an extent that has no space here; how far it came.
    fn bring(&self, extent: &Extent) -> std::result::Result<u64, Problem> {
        let mut bytes = buffer(extent.length.min(MOST))?;
        if !extent.kind.is_zero() {
            self.read_exactly(&mut bytes, extent.offset)?;
        }
        let mut done = 0;
        while done < bytes.len() {
            done += self.write_new(&bytes[done..], extent.offset + done as u64)? as usize;
        }
        Ok(extent.offset + done as u64)
    }

    /// The first part of a range that may have no space here: at most `most` bytes and what they need
    /// to be whole clusters. Empty if there is none.
    pub fn next_unallocated_range(&self, offset: u64, end: u64, most: u64) -> Result<Range<u64>> {
        let size = self.header.cluster_size();
        let mut at = offset;
        while at < end {
            // All of what is alike may be the whole image, and is asked for again for the next part.
            let extent = self.extent_at(at, end.min(at.saturating_add(most.max(LOOK))))?;
            if !is_own_data(&extent) {
                let reach = extent.end().min(at.saturating_add(most));
                return Ok(at..reach.next_multiple_of(size).min(end));
            }
            at = extent.end();
        }
        Ok(end..end)
    }

    /// The first part of a range that is read from the images below: at most `MOST` bytes, but at least
    /// a cluster. Empty, and at the end, if there is none.
    pub fn next_backing_range(&self, offset: u64, end: u64) -> Result<Range<u64>> {
        let size = self.header.cluster_size();
        let (mut at, mut look) = (offset / size * size, LOOK);
        while at < end {
            let extent = self.extent_at(at, end.min(at.saturating_add(look)))?;
            if extent.depth > 0 && extent.kind == ExtentKind::Data {
                let start = at / size * size;
                let reach = extent.end().min(start.saturating_add(MOST.max(size)));
                return Ok(start..reach.next_multiple_of(size).min(end));
            }
            at = extent.end();
            // What owes nothing may be long; what does, is looked at only once.
            look = look.saturating_mul(2);
        }
        Ok(end..end)
    }

    /// Gives a range space here, and writes there what is read. What others write meanwhile stays.
    pub fn copy_up(&self, range: &Range<u64>) -> Result<()> {
        self.change(range.start, range.end.saturating_sub(range.start), || {
            self.begin_changes()?;
            let size = self.header.cluster_size();
            let first = range.start / size * size;
            let _alone = self.ranges.exclusive(first, range.end.next_multiple_of(size));
            let mut at = range.start;
            while at < range.end {
                let extent = self.extent(at, range.end)?;
                at = match extent.host {
                    _ if is_own_data(&extent) => extent.end(),
                    // A cluster whose place in the file is a hole.
                    Some(host) if extent.depth == 0 => {
                        self.data.allocate(host, extent.length)?;
                        extent.end()
                    }
                    _ => self.bring(&extent)?,
                };
            }
            Ok(())
        })
    }

    /// Writes zeros where they are read already, so that another image of `below` bytes can be put
    /// there; how far it came.
    fn hide(&self, offset: u64, end: u64, below: u64) -> std::result::Result<u64, Problem> {
        let size = self.header.cluster_size();
        // The image may end inside of its last cluster, which is then whole.
        let reach = if end == self.size() { end.next_multiple_of(size) } else { end };
        let start = offset % size;
        if start == 0 && reach - offset >= size {
            let stop = offset + (reach - offset) / size * size;
            return Ok(self.zero_clusters(offset, stop, true, below)?.min(end));
        }
        let length = (size - start).min(end - offset);
        Ok(offset + self.write_new(&buffer(length)?, offset)?)
    }
}

/// Whether an extent of an image is data that has space in that.
fn is_own_data(extent: &Extent) -> bool {
    extent.depth == 0 && extent.kind == ExtentKind::Data
}

/// The start of an image whose header names another backing file.
fn with_backing(
    mut start: Vec<u8>,
    version: u32,
    backing: Option<(&str, &str)>,
) -> std::result::Result<Vec<u8>, Problem> {
    let cut = || Problem::corrupt("the header is cut off");
    let be32 = |bytes: &[u8], at: usize| {
        let bytes = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map(u32::from_be_bytes).ok_or_else(cut)
    };
    let length = if version < 3 { 72 } else { be32(&start, 100)? as usize };
    // Behind 4 GiB there is none; the header was checked when the image was opened.
    let old_name = be32(&start, NAME_AT + 4)? as usize;
    let end = if old_name == 0 { start.len() } else { old_name.min(start.len()) };
    let mut extensions = Vec::new();
    let mut put = |kind: u32, content: &[u8]| {
        extensions.extend_from_slice(&kind.to_be_bytes());
        extensions.extend_from_slice(&(content.len() as u32).to_be_bytes());
        extensions.extend_from_slice(content);
        extensions.resize(extensions.len().next_multiple_of(8), 0);
    };
    if let Some((_, format)) = backing {
        put(EXTENSION_BACKING_FORMAT, format.as_bytes());
    }
    let mut at = length;
    while at + 8 <= end {
        let (kind, size) = (be32(&start, at)?, be32(&start, at + 4)? as usize);
        if kind == EXTENSION_END {
            break;
        }
        let content = (at + 8).checked_add(size).and_then(|stop| start.get(at + 8..stop));
        let content = content.ok_or_else(cut)?;
        // Of bitmaps there are none any more: the image has been changed.
        if kind != EXTENSION_BACKING_FORMAT && kind != EXTENSION_BITMAPS {
            put(kind, content);
        }
        at += 8 + size.next_multiple_of(8);
    }
    put(EXTENSION_END, &[]);
    start.truncate(length);
    if start.len() < length {
        return Err(cut());
    }
    start.extend_from_slice(&extensions);
    let (name_at, name) = match backing {
        Some((name, _)) => (start.len() as u64, name),
        None => (0, ""),
    };
    start.extend_from_slice(name.as_bytes());
    start[NAME_AT..NAME_AT + 8].copy_from_slice(&name_at.to_be_bytes());
    start[NAME_AT + 8..NAME_AT + 12].copy_from_slice(&(name.len() as u32).to_be_bytes());
    Ok(start)
}
