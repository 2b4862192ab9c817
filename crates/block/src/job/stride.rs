//! How much is done at a time where the guest has to wait for it.

use std::time::Duration;

/// The guest shall not wait for longer than about this.
const BRIEF: Duration = Duration::from_millis(4);
const LEAST: u64 = 1 << 20;
const MOST: u64 = 1 << 30;

/// A length that grows while what is done takes less than `BRIEF`, and shrinks where it takes twice
/// that.
pub struct Stride(u64);

impl Stride {
    /// One that begins with so many bytes.
    pub fn new(first: u64) -> Stride {
        Stride(first)
    }

    /// The end of the next range from `at` on, at most `end`.
    pub fn reach(&self, at: u64, end: u64) -> u64 {
        at.saturating_add(self.0).min(end)
    }

    /// Says how long the last range has taken.
    pub fn took(&mut self, time: Duration) {
        self.0 = match time {
            time if time < BRIEF => (self.0 * 2).min(MOST),
            time if time > BRIEF * 2 => (self.0 / 2).max(LEAST),
            _ => self.0,
        };
    }
}
