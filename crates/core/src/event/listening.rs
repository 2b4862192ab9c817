//! Listening to other processes: a descriptor in the host's event loop that becomes readable when another
//! process has appended to the journal, or has closed a file that it has open as long as it lives. No thread is
//! needed for that, and nothing wakes up before.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use virsparse_base::errno::Errno;

use super::journal::Journal;
use super::{Handle, Ready, Timer};
use crate::error::*;

/// How often a loop that takes no descriptors looks.
const LOOK: Duration = Duration::from_millis(500);

/// How long after a file was closed it is looked for the first time whether its process has ended. The time
/// doubles until it is the last one.
const AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(512)];

/// What happens in a folder when a file in it gets longer, or gets the name of another one.
const CHANGES: AddWatchFlags =
    AddWatchFlags::IN_MODIFY.union(AddWatchFlags::IN_CREATE).union(AddWatchFlags::IN_MOVED_TO);

/// Runs on the host's loop.
pub type OnLoop = Arc<dyn Fn() + Send + Sync>;

/// Keeps the process listening. What is registered in the loop is removed when this is dropped, so no lock
/// may be held then.
pub struct Listening {
    /// Ends before its descriptor is closed.
    _wake: Wake,
    /// Looks again after a while.
    again: Timer,
    inotify: Inotify,
    files: Mutex<Files>,
    journal: Arc<Journal>,
}

/// What the loop waits for.
enum Wake {
    /// Is kept for its end.
    Readable { _handle: Handle },
    /// For a loop that takes no descriptors. Is kept for its end as well.
    Time { _timer: Timer },
}

/// Files whose close is told.
#[derive(Default)]
struct Files {
    watched: BTreeMap<WatchDescriptor, PathBuf>,
    /// Closed, and yet said to be open the last time: by another one who has opened it, or the kernel has not
    /// taken the lock away yet.
    in_doubt: BTreeSet<PathBuf>,
    /// After which time it is looked again.
    pause: Option<Duration>,
    /// The timer for that is armed.
    is_armed: bool,
}

impl Listening {
    /// Listens from now on: `on_wake` runs on the loop when another process may have told something or ended.
    /// Calls the host's loop.
    ///
    /// Errors: VIR_ERR_SYSTEM_ERROR for the descriptor (EMFILE: also where the user has too many of its kind)
    /// and the journal; VIR_ERR_INTERNAL_ERROR for a loop that takes no timers.
    pub fn new(journal: &Arc<Journal>, on_wake: OnLoop) -> Result<Listening> {
        let path = journal.folder();
        let failed = |e: nix::errno::Errno| {
            let text = format!("cannot watch the events in '{}'", path.display());
            Error::system(VIR_FROM_EVENT, Errno::from(e), text)
        };
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let inotify = Inotify::init(flags).map_err(failed)?;
        inotify.add_watch(path, CHANGES | AddWatchFlags::IN_ONLYDIR).map_err(failed)?;
        let again = timer(on_wake.clone())?;
        let fd = inotify.as_fd().as_raw_fd();
        let on_handle = on_wake.clone();
        let handle = Handle::new(fd, Ready::READABLE, Arc::new(move |_, _, _| on_handle()));
        let wake = match handle {
            Some(handle) => Wake::Readable { _handle: handle },
            None => {
                log::info!(
                    "the event loop takes no descriptors: events are looked for each {LOOK:?}"
                );
                let timer = timer(on_wake)?;
                timer.arm_every(LOOK);
                Wake::Time { _timer: timer }
            }
        };
        journal.follow()?;
        let files = Mutex::default();
        Ok(Listening { _wake: wake, again, inotify, files, journal: journal.clone() })
    }

    /// Takes what the descriptor is readable for: otherwise it stays readable. True if a process may have
    /// ended.
    pub fn take(&self) -> bool {
        let mut may_have_ended = false;
        // The child of a process without other threads has the same descriptor. So there need not be
        // anything left to take.
        while let Ok(events) = self.inotify.read_events()
            && !events.is_empty()
        {
            may_have_ended |= self.files().note(&events);
        }
        let is_in_doubt = !self.files().in_doubt.is_empty();
        if !is_in_doubt {
            // It may be here because of that.
            self.look_after(None);
        }
        may_have_ended || is_in_doubt
    }

    /// Watches these files from now on; one that is removed ends by itself. True if one is new. Where they
    /// cannot be watched, a process that ends is noticed by the next call.
    pub fn watch(&self, paths: &[PathBuf]) -> bool {
        let mut files = self.files();
        let mut is_any_new = false;
        for path in paths {
            let flags = AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_DONT_FOLLOW;
            match self.inotify.add_watch(path, flags) {
                Ok(watch) => is_any_new |= files.watched.insert(watch, path.clone()).is_none(),
                // It is gone, which is told otherwise.
                Err(nix::errno::Errno::ENOENT) => {}
                Err(e) => log::warn!("cannot watch '{}': {e}", path.display()),
            }
        }
        files.in_doubt.retain(|path| paths.contains(path));
        let pause = files.next_pause();
        drop(files);
        self.look_after(pause);
        is_any_new
    }

    /// Has `on_wake` run in a while: something has failed.
    pub fn look_again(&self) {
        self.look_after(Some(AGAIN[1]));
    }

    fn look_after(&self, pause: Option<Duration>) {
        let was_armed = std::mem::replace(&mut self.files().is_armed, pause.is_some());
        match pause {
            Some(pause) => self.again.arm_every(pause),
            None if was_armed => self.again.disarm(),
            None => {}
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.journal.unfollow();
    }
}

impl Files {
    /// Whether one of them was closed, or it is not known.
    fn note(&mut self, events: &[InotifyEvent]) -> bool {
        let mut is_any_closed = false;
        for event in events {
            if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                self.watched.remove(&event.wd);
            }
            if event.mask.contains(AddWatchFlags::IN_CLOSE_WRITE)
                && let Some(path) = self.watched.get(&event.wd)
            {
                self.in_doubt.insert(path.clone());
                self.pause = None;
                is_any_closed = true;
            }
            is_any_closed |= event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW);
        }
        is_any_closed
    }

    /// How long after this look the next one is, if one of them is in doubt.
    fn next_pause(&mut self) -> Option<Duration> {
        let [first, last] = AGAIN;
        self.pause = match self.pause {
            _ if self.in_doubt.is_empty() => None,
            None => Some(first),
            Some(pause) if pause < last => Some(pause * 2),
            // Somebody has only opened it, and closed it again.
            Some(_) => None,
        };
        if self.pause.is_none() {
            self.in_doubt.clear();
        }
        self.pause
    }
}

fn timer(on_loop: OnLoop) -> Result<Timer> {
    Timer::new(Arc::new(move |_| on_loop())).ok_or_else(super::no_timer)
}
