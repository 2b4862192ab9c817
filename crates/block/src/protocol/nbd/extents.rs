//! What a server has last told of extents: one answer of it covers many extents, and a walk over a
//! disk asks for them one by one.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::{Extent, ExtentKind};

/// Others may write to the export, so what it told is not believed for longer than this.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Told {
    /// The end and the kind of each extent, in order, alike ones joined.
    extents: Vec<(u64, ExtentKind)>,
    start: u64,
    /// Where in the list the last answer was found.
    position: usize,
    since: Option<Instant>,
    /// How often something has been written.
    generation: u64,
}

/// See the module's text.
#[derive(Default)]
pub struct KnownExtents(Mutex<Told>);

impl KnownExtents {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The extent at `offset`, if it is known.
    pub fn find(&self, offset: u64, limit: u64) -> Option<Extent> {
        let mut told = self.lock();
        if told.since.is_none_or(|since| since.elapsed() > FRESH) || offset < told.start {
            return None;
        }
        // A walk goes forward; anything else is looked for.
        let next = told.extents.get(told.position).is_some_and(|(end, _)| *end > offset);
        let before = told.position.checked_sub(1).map_or(told.start, |i| told.extents[i].0);
        if !next || before > offset {
            told.position = told.extents.partition_point(|(end, _)| *end <= offset);
        }
        let (end, kind) = *told.extents.get(told.position)?;
        if end <= limit {
            told.position += 1;
        }
        Some(Extent::new(offset, end.min(limit) - offset, kind))
    }

    /// To be given to [`KnownExtents::put`] with what the server tells from now on.
    pub fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Keeps what the server told of the extents from `start` on, unless something has been
    /// written since it was asked.
    pub fn put(&self, generation: u64, start: u64, extents: Vec<(u64, ExtentKind)>) {
        let mut told = self.lock();
        if told.generation == generation {
            *told = Told { extents, start, position: 0, since: Some(Instant::now()), generation };
        }
    }

    /// Something has been written.
    pub fn forget(&self) {
        let mut told = self.lock();
        told.generation += 1;
        told.since = None;
        told.extents = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_found_until_something_is_written() {
        let known = KnownExtents::default();
        let generation = known.generation();
        use ExtentKind::*;
        known.put(generation, 100, vec![(200, Data), (300, Hole), (400, Data)]);
        let find = |offset| known.find(offset, 350).map(|e| (e.kind, e.length));
        assert_eq!(find(100), Some((Data, 100)));
        assert_eq!(find(200), Some((Hole, 100)));
        assert_eq!(find(300), Some((Data, 50)));
        assert_eq!(find(250), Some((Hole, 50)));
        assert_eq!(find(110), Some((Data, 90)));
        assert_eq!((find(99), find(400)), (None, None));
        known.forget();
        assert_eq!(find(100), None);
        known.put(generation, 100, vec![(200, Hole)]);
        assert_eq!(find(100), None);
    }
}
