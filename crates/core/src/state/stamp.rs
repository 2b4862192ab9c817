//! When a connection's folders have changed, so that they are read again only then.

use std::time::{Duration, Instant};

/// A change that is younger than this may be followed by another with the same time: the kernel's
/// clock ticks for files.
pub(super) const RACY: Duration = Duration::from_millis(50);

/// The same where the filesystem keeps whole seconds (ext3), or every other second (FAT).
const RACY_SECONDS: Duration = Duration::from_millis(2100);

/// When the folders had last changed, as seen at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The times of the folders' last changes (s, ns), and the mark of the last one made under the
    /// lock.
    changed: Vec<(i64, i64)>,
    /// All changes were old enough to be told from later ones.
    settled: bool,
    /// Until when it may be relied on if it is not settled.
    reliable_until: Option<Instant>,
}

impl Stamp {
    /// From the times of the folders' last changes and the mark of the last one made under the lock,
    /// as seen at the time `now`, since the epoch.
    pub(super) fn new(folders: &[(i64, i64)], mark: (i64, i64), now: Duration) -> Stamp {
        let is_settled = |&(seconds, nanoseconds): &(i64, i64)| {
            let age = now.saturating_sub(Duration::new(seconds.max(0) as u64, nanoseconds as u32));
            age > if nanoseconds == 0 { RACY_SECONDS } else { RACY }
        };
        let mut changed = folders.to_vec();
        changed.push(mark);
        Stamp { changed, settled: folders.iter().all(is_settled), reliable_until: None }
    }

    /// As seen by who has made the last change and still holds the lock. Another change of a holder
    /// of the lock has another mark, so that it is told from this one at any time. What is changed
    /// without the lock, by hand, is only told when the clock has ticked: so this is relied on for
    /// a moment, which is long enough for a change that follows at once.
    pub(super) fn of_own_change(self, at: Instant) -> Stamp {
        Stamp { reliable_until: Some(at + RACY), ..self }
    }

    /// Whether nothing has changed since `before`, as seen `at` that time.
    pub fn is_same(&self, before: &Stamp, at: Instant) -> bool {
        let reliable = before.reliable_until.is_some_and(|end| at < end);
        (before.settled || reliable) && self.changed == before.changed
    }

    #[cfg(test)]
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }
}
