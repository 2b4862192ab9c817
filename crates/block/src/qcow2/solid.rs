//! Remembering where a file has data, for who asks about places in no order.
//!
//! To find where the data around one place ends takes a filesystem in memory a look at every page up
//! to there; asked again for each cluster of 1 GiB it took half a minute. What is remembered may have
//! become a hole since: that costs reading zeros, and nothing else.

use std::ops::Range;
use std::sync::Mutex;

use crate::{Extent, ExtentKind, Node, Result};

/// A range of a file that is no hole, or was none.
#[derive(Default)]
pub struct Solid(Mutex<Range<u64>>);

impl Solid {
    /// It is another file now.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = 0..0;
    }

    /// The state of `file` at `offset`, for as far as it reaches but not beyond `end`, which is not
    /// behind the file's end.
    pub fn extent_at(&self, file: &dyn Node, offset: u64, end: u64) -> Result<Extent> {
        let known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        if known.contains(&offset) {
            let length = known.end.min(end) - offset;
            return Ok(Extent {
                host: Some(offset),
                ..Extent::new(offset, length, ExtentKind::Data)
            });
        }
        let extent = file.extent_at(offset, file.length()?.max(end))?;
        if extent.kind == ExtentKind::Data {
            let found = offset..extent.end();
            *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = found;
        }
        Ok(extent.part(0, end - offset))
    }
}
