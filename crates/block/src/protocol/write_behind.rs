//! Writing back to the medium while data still arrives: the flush at the end then has little left to wait for.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

use virsparse_base::errno::{Errno, SysResult};

use virsparse_base::sys;

/// So many bytes are written before the kernel is told to bring them to the medium.
const WINDOW: u64 = 8 << 20;

/// So many windows may be on their way to the medium before the writer waits for the oldest.
const MOST_UNDER_WAY: usize = 16;

/// What has been written to a file and may not be on its medium yet.
#[derive(Default)]
pub struct WriteBehind {
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// What the window that is being filled spans. Writers that take turns leave gaps between them,
    /// which cost nothing: the kernel looks for changed pages only.
    span: Option<Range<u64>>,
    /// The bytes that have been written in it.
    filled: u64,
    /// Windows whose writing has begun, the oldest first.
    under_way: VecDeque<Range<u64>>,
    /// The kernel tells an error once; what it was about is lost for good.
    failed: Option<Errno>,
}

impl WriteBehind {
    /// Notes that a range has been written. Starts the writing of a full window, and waits for an older
    /// one where too many are under way.
    pub fn wrote(&self, file: &File, offset: u64, length: u64) -> SysResult<()> {
        let (full, oldest) = {
            let mut progress = self.progress();
            match progress.failed {
                Some(errno) => return Err(errno),
                None => progress.note(offset, length),
            }
        };
        let Some(full) = full else { return Ok(()) };
        let mut done = sys::begin_write_back(file, full.start, full.end - full.start);
        if let Some(oldest) = oldest {
            let waited = sys::await_write_back(file, oldest.start, oldest.end - oldest.start);
            done = done.and(waited);
        }
        done.inspect_err(|errno| self.progress().failed = Some(*errno))
    }

    /// Fails if something that was written has not got to the medium.
    pub fn check(&self) -> SysResult<()> {
        self.progress().failed.map_or(Ok(()), Err)
    }

    /// An fsync has failed: the next one may succeed without what was lost.
    pub fn fail(&self, errno: Errno) {
        self.progress().failed.get_or_insert(errno);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Progress {
    /// The window that is full now, and the one to wait for.
    fn note(&mut self, offset: u64, length: u64) -> (Option<Range<u64>>, Option<Range<u64>>) {
        let end = offset.saturating_add(length);
        let span = self.span.take().unwrap_or(offset..end);
        let span = span.start.min(offset)..span.end.max(end);
        self.filled += length;
        if self.filled < WINDOW {
            self.span = Some(span);
            return (None, None);
        }
        self.filled = 0;
        self.under_way.push_back(span.clone());
        let too_many = self.under_way.len() > MOST_UNDER_WAY;
        let oldest = if too_many { self.under_way.pop_front() } else { None };
        (Some(span), oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_spans_what_was_written_in_it_by_whom_ever() {
        let mut progress = Progress::default();
        let half = WINDOW / 2;
        assert_eq!(progress.note(half, half), (None, None));
        assert_eq!(progress.note(0, half), (Some(0..WINDOW), None));
        assert_eq!(progress.note(5 * WINDOW, half), (None, None));
        assert_eq!(progress.note(9 * WINDOW, WINDOW), (Some(5 * WINDOW..10 * WINDOW), None));
    }

    #[test]
    fn the_writer_waits_for_the_oldest_window_when_many_are_under_way() {
        let mut progress = Progress::default();
        for number in 0..MOST_UNDER_WAY as u64 {
            let at = number * WINDOW;
            assert_eq!(progress.note(at, WINDOW), (Some(at..at + WINDOW), None));
        }
        let at = MOST_UNDER_WAY as u64 * WINDOW;
        assert_eq!(progress.note(at, WINDOW), (Some(at..at + WINDOW), Some(0..WINDOW)));
        assert_eq!(progress.under_way.len(), MOST_UNDER_WAY);
    }

    #[test]
    fn an_error_is_told_to_everybody_who_comes_after_it() {
        let behind = WriteBehind::default();
        let file = tempfile::tempfile().unwrap();
        behind.wrote(&file, 0, WINDOW).unwrap();
        assert_eq!(behind.check(), Ok(()));
        behind.fail(Errno::EIO);
        behind.fail(Errno::ENOSPC);
        assert_eq!(behind.check(), Err(Errno::EIO));
        assert_eq!(behind.wrote(&file, 0, 1), Err(Errno::EIO));
    }
}
