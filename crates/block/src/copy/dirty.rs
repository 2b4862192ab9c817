//! Which parts of a node have changed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

/// Units that one leaf tells of.
const LEAF: u64 = 4096;
const WORDS: usize = LEAF as usize / 64;

/// A set of units of a node that are to be copied again. What is clean takes no memory.
pub struct DirtyUnits {
    unit: u64,
    /// Bytes that the units cover; the last one may be cut off.
    length: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Leaves with units in them, by number.
    leaves: BTreeMap<u64, Box<[u64; WORDS]>>,
    units: u64,
    /// Bytes that somebody has taken to copy them, and not done so yet.
    taken: u64,
}

impl DirtyUnits {
    /// Nothing of `length` bytes is dirty. `unit` is a power of two.
    pub fn new(length: u64, unit: u64) -> DirtyUnits {
        DirtyUnits { unit, length, state: Mutex::default() }
    }

    /// Notes that a range has changed. True if nothing was dirty before.
    pub fn mark(&self, offset: u64, length: u64) -> bool {
        if length == 0 || offset >= self.length {
            return false;
        }
        let mut state = self.lock();
        let first = state.units == 0;
        let last = (offset.saturating_add(length).min(self.length) - 1) / self.unit;
        for unit in offset / self.unit..=last {
            let leaf = state.leaves.entry(unit / LEAF).or_insert_with(|| Box::new([0; WORDS]));
            let (word, bit) = place(unit);
            let before = leaf[word];
            leaf[word] |= bit;
            state.units += u64::from(before & bit == 0);
        }
        first
    }

    /// Bytes that are dirty, or taken and not done yet.
    pub fn bytes(&self) -> u64 {
        let state = self.lock();
        (state.units * self.unit + state.taken).min(self.length)
    }

    /// Takes the first dirty range at or after `from`, or else before it, of at most `most` bytes (or
    /// one unit). It is clean from now on, but counts until [`DirtyUnits::done`].
    pub fn take(&self, from: u64, most: u64) -> Option<Range<u64>> {
        let mut state = self.lock();
        let start = from / self.unit;
        let first = state.first_in(start..u64::MAX).or_else(|| state.first_in(0..start))?;
        let mut unit = first;
        while (unit - first + 1) * self.unit <= most.max(self.unit) && state.clear(unit) {
            unit += 1;
        }
        let range = first * self.unit..(unit * self.unit).min(self.length);
        state.taken += range.end - range.start;
        Some(range)
    }

    /// A range that was taken has been copied.
    pub fn done(&self, range: &Range<u64>) {
        self.lock().taken -= range.end - range.start;
    }

    /// A range that was taken has not been copied.
    pub fn put_back(&self, range: &Range<u64>) {
        self.mark(range.start, range.end - range.start);
        self.done(range);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Word and bit of a unit in its leaf.
fn place(unit: u64) -> (usize, u64) {
    ((unit % LEAF / 64) as usize, 1 << (unit % 64))
}

impl State {
    fn first_in(&self, units: Range<u64>) -> Option<u64> {
        let mut from = units.start;
        for (number, leaf) in self.leaves.range(units.start / LEAF..) {
            let base = number * LEAF;
            from = from.max(base);
            let mut word = ((from - base) / 64) as usize;
            let mut mask = u64::MAX << (from % 64);
            while word < WORDS {
                let bits = leaf[word] & mask;
                if bits != 0 {
                    let found = base + word as u64 * 64 + u64::from(bits.trailing_zeros());
                    return (found < units.end).then_some(found);
                }
                (word, mask) = (word + 1, u64::MAX);
            }
        }
        None
    }

    /// Makes a unit clean; whether it was dirty.
    fn clear(&mut self, unit: u64) -> bool {
        let Some(leaf) = self.leaves.get_mut(&(unit / LEAF)) else { return false };
        let (word, bit) = place(unit);
        if leaf[word] & bit == 0 {
            return false;
        }
        leaf[word] &= !bit;
        self.units -= 1;
        if leaf[word] == 0 && leaf.iter().all(|word| *word == 0) {
            self.leaves.remove(&(unit / LEAF));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_range_is_taken_in_parts() {
        let dirty = DirtyUnits::new(1000, 64);
        dirty.mark(100, 300);
        dirty.mark(990, 10);
        assert_eq!(dirty.bytes(), 7 * 64);
        assert_eq!(dirty.take(200, 128), Some(192..320));
        assert_eq!(dirty.take(320, 1 << 20), Some(320..448));
        assert_eq!(dirty.take(448, 1), Some(960..1000));
        assert_eq!(dirty.take(0, 1), Some(64..128));
        assert_eq!(dirty.take(700, 64), Some(128..192));
        assert_eq!(dirty.take(0, 64), None);
        assert_eq!(dirty.bytes(), 4 * 64 + 128 + 40);
        dirty.put_back(&(320..448));
        assert_eq!(dirty.take(0, 4096), Some(320..448));
        assert!(dirty.lock().leaves.is_empty());
    }

    proptest! {
        #[test]
        fn it_is_a_set(
            marks in proptest::collection::vec((0u64..40_000, 1u64..600), 1..40),
            takes in proptest::collection::vec((0u64..40_000, 1u64..600), 1..40),
        ) {
            let dirty = DirtyUnits::new(1 << 40, 1);
            let mut model = BTreeSet::new();
            for (offset, length) in marks {
                dirty.mark(offset, length);
                model.extend(offset..offset + length);
            }
            prop_assert_eq!(dirty.bytes(), model.len() as u64);
            for (from, most) in takes {
                let expected = model.range(from..).next().or(model.first()).copied();
                let range = dirty.take(from, most);
                prop_assert_eq!(range.as_ref().map(|range| range.start), expected);
                let Some(range) = range else { break };
                dirty.done(&range);
                prop_assert!(range.end - range.start <= most);
                for unit in range.clone() {
                    prop_assert!(model.remove(&unit));
                }
                prop_assert!(range.end - range.start == most || !model.contains(&range.end));
            }
            prop_assert_eq!(dirty.bytes(), model.len() as u64);
        }
    }
}
