//! Listening to other processes: a descriptor in the host's event loop that becomes readable when another
//! process has appended to the journal. No thread is needed for that, and nothing wakes up before.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use virsparse_base::errno::Errno;

use super::journal::Journal;
use super::{Handle, Ready, Timer};
use crate::error::*;

/// How often a loop that takes no descriptors looks.
const LOOK: Duration = Duration::from_millis(500);

/// What happens in a folder when a file in it gets longer, or gets the name of another one.
const CHANGES: AddWatchFlags =
    AddWatchFlags::IN_MODIFY.union(AddWatchFlags::IN_CREATE).union(AddWatchFlags::IN_MOVED_TO);

/// Runs on the loop when another process may have told something.
pub type OnWake = Arc<dyn Fn() + Send + Sync>;

/// Keeps the process listening. What is registered in the loop is removed when this is dropped, so no lock
/// may be held then.
pub struct Listening {
    /// Ends before its descriptor is closed.
    _wake: Wake,
    inotify: Inotify,
    journal: Arc<Journal>,
}

/// What the loop waits for.
enum Wake {
    /// Is kept for its end.
    Readable { _handle: Handle },
    /// For a loop that takes no descriptors. Is kept for its end as well.
    Time { _timer: Timer },
}

impl Listening {
    /// Listens from now on. Calls the host's loop.
    ///
    /// Errors: VIR_ERR_SYSTEM_ERROR for the descriptor (EMFILE: also where the user has too many of its kind)
    /// and the journal; VIR_ERR_INTERNAL_ERROR for a loop that takes neither descriptors nor timers.
    pub fn new(journal: &Arc<Journal>, on_wake: OnWake) -> Result<Listening> {
        let path = journal.folder();
        let failed = |e: nix::errno::Errno| {
            let text = format!("cannot watch the events in '{}'", path.display());
            Error::system(VIR_FROM_EVENT, Errno::from(e), text)
        };
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let inotify = Inotify::init(flags).map_err(failed)?;
        inotify.add_watch(path, CHANGES | AddWatchFlags::IN_ONLYDIR).map_err(failed)?;
        let fd = inotify.as_fd().as_raw_fd();
        let on_handle = on_wake.clone();
        let handle = Handle::new(fd, Ready::READABLE, Arc::new(move |_, _, _| on_handle()));
        let wake = match handle {
            Some(handle) => Wake::Readable { _handle: handle },
            None => Wake::Time { _timer: look_now_and_then(on_wake)? },
        };
        journal.follow()?;
        Ok(Listening { _wake: wake, inotify, journal: journal.clone() })
    }

    /// Takes what the descriptor is readable for: otherwise it stays readable.
    pub fn take(&self) {
        // The child of a process without other threads has the same descriptor. So there need not be
        // anything left to take.
        while self.inotify.read_events().is_ok_and(|events| !events.is_empty()) {}
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.journal.unfollow();
    }
}

fn look_now_and_then(on_wake: OnWake) -> Result<Timer> {
    let timer = Timer::new(Arc::new(move |_| on_wake())).ok_or_else(super::no_timer)?;
    log::info!("the event loop takes no descriptors: it looks for events every {LOOK:?}");
    timer.arm_every(LOOK);
    Ok(timer)
}
