//! Readiness callbacks of a stream, delivered from the event loop while the stream is ready.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::enums::flags;
use crate::enums::stream::virStreamEventType;
use crate::event::Timer;

flags! {
    /// What a stream can be ready for: the values of virStreamEventType.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Readiness: i32 = virStreamEventType {
        const READABLE = VIR_STREAM_EVENT_READABLE;
        const WRITABLE = VIR_STREAM_EVENT_WRITABLE;
        const ERROR = VIR_STREAM_EVENT_ERROR;
        const HANGUP = VIR_STREAM_EVENT_HANGUP;
    }
}

/// A registered callback: what it waits for, and the timer that runs it.
pub struct Watch {
    pub interest: AtomicI32,
    pub timer: Timer,
}

/// Wakes a stream's callback when the disk's end has made progress.
#[derive(Default)]
pub struct Wakeup {
    watch: Mutex<Option<Arc<Watch>>>,
}

impl Wakeup {
    /// The callback should look again.
    pub fn notify(&self) {
        let watch = self.lock().clone();
        if let Some(watch) = watch
            && watch.interest.load(Ordering::Relaxed) != 0
        {
            watch.timer.arm();
        }
    }

    /// The registered callback.
    pub fn watch(&self) -> Option<Arc<Watch>> {
        self.lock().clone()
    }

    /// Registers a callback; gives it back if there is one already. `registered` runs when it is
    /// certain that there is none, and before the callback can.
    pub fn set(&self, watch: Arc<Watch>, registered: impl FnOnce()) -> Result<(), Arc<Watch>> {
        let mut slot = self.lock();
        if slot.is_some() {
            return Err(watch);
        }
        registered();
        *slot = Some(watch);
        Ok(())
    }

    /// Takes the callback back.
    pub fn take(&self) -> Option<Arc<Watch>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Watch>>> {
        self.watch.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
