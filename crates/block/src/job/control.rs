//! What steers a job while it runs: commands, the speed limit, and how far it is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::copy::Supervisor;
use crate::filter::mirror::Wake;
use crate::{Extent, Result};

/// Pieces are at most so large, and at most so much of a second's worth: the limit then holds over
/// a second, and also over less.
const PIECE: u64 = 256 * 1024;
const PIECES_PER_SECOND: u64 = 40;
const SMALLEST_PIECE: u64 = 4096;

/// What a job has been told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// To go on with its work.
    GoOn,
    /// Make the target of the copy the disk.
    Pivot,
    /// To end; nothing that comes later changes that.
    Cancel,
}

struct State {
    command: Command,
    /// The copy is complete, apart from what the guest has changed since.
    ready: bool,
    /// Bytes a second; 0 for no limit.
    speed: u64,
    /// When the next piece may begin.
    next: Instant,
    /// Somebody has something for the job to do.
    poked: bool,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are done; as many as `end` only when the job is ready.
    pub done: u64,
    /// All there is to do; it grows with what has to be done again.
    pub end: u64,
}

/// See the module's text.
pub struct Control {
    state: Mutex<State>,
    changed: Condvar,
    length: u64,
    passed: AtomicU64,
    /// Bytes of data that were let through.
    moved: AtomicU64,
    /// The most bytes that are on their way at a time.
    window: u64,
    under_way: Mutex<u64>,
    window_opens: Condvar,
    /// Which ranges are done, as starts and ends. Threads end their pieces in no order, so there are a few.
    ranges_done: Mutex<BTreeMap<u64, u64>>,
}

impl Control {
    /// For a job over `length` bytes, with at most `window` bytes on their way (0: as many as there
    /// are threads for).
    pub fn new(length: u64, speed: u64, window: u64) -> Control {
        let (command, next) = (Command::GoOn, Instant::now());
        Control {
            state: Mutex::new(State { command, ready: false, speed, next, poked: false }),
            changed: Condvar::new(),
            length,
            passed: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            window: if window == 0 { u64::MAX } else { window },
            under_way: Mutex::new(0),
            window_opens: Condvar::new(),
            ranges_done: Mutex::default(),
        }
    }

    /// Tells the job to end, or to pivot. To end comes before everything else.
    pub fn command(&self, command: Command) {
        let mut state = self.lock();
        if state.command != Command::Cancel {
            state.command = command;
        }
        drop(state);
        self.changed.notify_all();
        // Not between a look at the command and the wait that follows it.
        drop(self.under_way.lock().unwrap_or_else(|p| p.into_inner()));
        self.window_opens.notify_all();
    }

    /// What the job shall do now.
    pub fn commanded(&self) -> Command {
        self.lock().command
    }

    /// A pivot that was commanded has not worked, or has been taken up.
    pub fn resume(&self) {
        let mut state = self.lock();
        if state.command == Command::Pivot {
            state.command = Command::GoOn;
        }
    }

    /// Limits the speed to so many bytes a second, from now on; 0 for no limit.
    pub fn set_speed(&self, speed: u64) {
        let mut state = self.lock();
        state.speed = speed;
        state.next = Instant::now();
        drop(state);
        self.changed.notify_all();
    }

    /// The limit in bytes a second.
    pub fn speed(&self) -> u64 {
        self.lock().speed
    }

    /// Says that the copy is complete.
    pub fn set_ready(&self) {
        self.lock().ready = true;
    }

    /// Whether the copy is complete.
    pub fn is_ready(&self) -> bool {
        self.lock().ready
    }

    /// How far the job is, when `again` bytes have to be done again.
    pub fn progress(&self, again: u64) -> Progress {
        let end = self.length.max(1);
        let done = match (self.passed.load(Ordering::Acquire), self.is_ready()) {
            // There is nothing of an empty disk.
            (_, true) if self.length == 0 => 1,
            (passed, _) => passed.saturating_sub(again).min(end),
        };
        // All done is what only a job that is ready says.
        let done = if done == end && !self.is_ready() { end - 1 } else { done };
        Progress { done, end }
    }

    /// What a mirror runs when there is something to copy.
    pub fn waker(self: &Arc<Control>) -> Wake {
        let control = self.clone();
        Box::new(move || control.poke())
    }

    /// Wakes the job.
    pub fn poke(&self) {
        self.lock().poked = true;
        self.changed.notify_all();
    }

    /// Waits until somebody pokes, or commands something.
    pub fn wait(&self) -> Command {
        let mut state = self.lock();
        while !state.poked && state.command == Command::GoOn {
            state = self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        state.poked = false;
        state.command
    }

    /// How much of the range the job has come to the end of.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Acquire)
    }

    /// The position before which everything from `start` on is done.
    pub fn done_from(&self, start: u64) -> u64 {
        let ranges = self.ranges_done.lock().unwrap_or_else(|p| p.into_inner());
        let before = ranges.range(..=start).next_back();
        before.map_or(start, |(_, end)| start.max(*end))
    }

    fn note_done(&self, piece: &Extent) {
        let mut ranges = self.ranges_done.lock().unwrap_or_else(|p| p.into_inner());
        let (mut start, mut end) = (piece.offset, piece.end());
        if let Some((before, until)) = ranges.range(..=start).next_back().map(|(b, u)| (*b, *u))
            && until >= start
        {
            (start, end) = (before, end.max(until));
        }
        if let Some(until) = ranges.remove(&end) {
            end = until;
        }
        ranges.insert(start, end);
    }

    /// How many bytes of data it has moved, or begun to.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// How long it takes to move so many bytes: at the rate that was measured in `elapsed`, but not faster
    /// than the limit. `None` if neither is known.
    pub fn time_for(&self, bytes: u64, elapsed: Duration) -> Option<Duration> {
        if bytes == 0 {
            return Some(Duration::ZERO);
        }
        let measured = (self.moved() > 0).then(|| self.moved() as f64 / elapsed.as_secs_f64());
        let limit = Some(self.speed()).filter(|speed| *speed > 0).map(|speed| speed as f64);
        let rate = match (measured, limit) {
            (Some(measured), Some(limit)) => measured.min(limit),
            (measured, limit) => measured.or(limit)?,
        };
        Duration::try_from_secs_f64(bytes as f64 / rate).ok()
    }

    /// Waits until so many bytes may be moved. False if the job is to end instead.
    pub fn admit(&self, bytes: u64) -> bool {
        let admitted = self.admit_now(bytes);
        if admitted {
            self.moved.fetch_add(bytes, Ordering::Relaxed);
        }
        admitted
    }

    fn admit_now(&self, bytes: u64) -> bool {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.command == Command::Cancel {
                return false;
            }
            // Who wants to pivot does not wait for what little is left to pass a limit.
            let pivots = state.ready && state.command == Command::Pivot;
            if state.speed == 0 || bytes == 0 || pivots {
                return true;
            }
            if state.next <= now {
                let cost = Duration::from_secs_f64(bytes as f64 / state.speed as f64);
                // What was not used is lost: nobody may run ahead by it later.
                let allowance = Duration::from_millis(50);
                state.next = state.next.max(now.checked_sub(allowance).unwrap_or(now)) + cost;
                return true;
            }
            let wait = state.next - now;
            state = match self.changed.wait_timeout(state, wait) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Counts bytes that are done.
    pub fn advance(&self, bytes: u64) {
        self.passed.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The most bytes that one thread has on their way: whole blocks, at least one.
    pub fn most_at_once(&self) -> u64 {
        (PIECE.min(self.window) / SMALLEST_PIECE * SMALLEST_PIECE).max(SMALLEST_PIECE)
    }

    /// Waits until so many bytes fit what may be on its way, and holds them until it is dropped.
    /// `None` if the job is to end instead.
    fn hold(&self, bytes: u64) -> Option<Held<'_>> {
        if self.window == u64::MAX {
            return Some(Held { control: self, bytes: 0 });
        }
        let mut under_way = self.under_way.lock().unwrap_or_else(|p| p.into_inner());
        while *under_way > 0 && *under_way + bytes > self.window {
            if self.commanded() == Command::Cancel {
                return None;
            }
            under_way = self.window_opens.wait(under_way).unwrap_or_else(|p| p.into_inner());
        }
        *under_way += bytes;
        Some(Held { control: self, bytes })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

struct Held<'a> {
    control: &'a Control,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            *self.control.under_way.lock().unwrap_or_else(|p| p.into_inner()) -= self.bytes;
            self.control.window_opens.notify_all();
        }
    }
}

impl Supervisor for Control {
    fn piece(
        &self,
        piece: &Extent,
        moved: u64,
        work: &mut dyn FnMut() -> Result<()>,
    ) -> Result<bool> {
        let Some(_held) = self.hold(moved) else { return Ok(false) };
        if !self.admit(moved) {
            return Ok(false);
        }
        work()?;
        self.note_done(piece);
        self.advance(piece.length);
        Ok(true)
    }

    fn most(&self) -> u64 {
        let piece = match self.speed() {
            0 => PIECE,
            speed => (speed / PIECES_PER_SECOND).clamp(SMALLEST_PIECE, PIECE),
        };
        (piece / SMALLEST_PIECE * SMALLEST_PIECE).min(self.most_at_once())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExtentKind;

    #[test]
    fn pieces_that_end_out_of_order_count_when_those_before_them_have_ended() {
        let control = Control::new(100, 0, 0);
        let end = |offset, length| {
            let piece = Extent::new(offset, length, ExtentKind::Data);
            assert_eq!(control.piece(&piece, length, &mut || Ok(())), Ok(true));
            control.done_from(10)
        };
        assert_eq!(control.done_from(10), 10);
        assert_eq!(end(30, 10), 10);
        assert_eq!(end(50, 10), 10);
        assert_eq!(end(20, 10), 10);
        assert_eq!(end(10, 10), 40);
        assert_eq!(end(40, 10), 60);
        assert_eq!(control.ranges_done.lock().unwrap().len(), 1);
    }
}
