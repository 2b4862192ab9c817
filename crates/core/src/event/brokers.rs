//! The events of a place: each is told to all its connections, in this process and, where the place is a
//! root, in all others.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use once_cell::sync::OnceCell;

use super::broker::{Broker, Event, ObjectKind, Payload};
use super::journal::Journal;
use super::listening::{Listening, OnLoop};
use crate::error::*;

/// Who knows that a process has ended, because of the files that it has open.
pub trait Observer: Send + Sync {
    /// Looks for processes that have ended, and queues the events of that. Returned are the files that others
    /// have open for writing as long as they live.
    fn look(&self) -> Result<Vec<PathBuf>>;
}

/// The brokers of all connections that share a driver: each is told of every event.
#[derive(Default)]
pub struct Brokers {
    all: Mutex<Vec<Weak<Broker>>>,
    /// `None`: there are no other processes.
    journal: Option<Arc<Journal>>,
    /// There while a connection has callbacks, which keep it.
    listening: Mutex<Weak<Listening>>,
    observer: OnceCell<Weak<dyn Observer>>,
    /// Something has begun or ended that the observer has not looked at.
    is_unseen: AtomicBool,
}

impl Brokers {
    /// Those of a place that other processes use as well: they find events in the file `journal`.
    pub fn between_processes(journal: PathBuf) -> Arc<Brokers> {
        let journal = Some(Arc::new(Journal::new(journal)));
        Arc::new(Brokers { journal, ..Brokers::default() })
    }

    /// Has the observer look when a process may have ended. Only the first one does.
    pub fn observe(&self, observer: Weak<dyn Observer>) {
        if self.observer.set(observer).is_err() {
            log::error!("somebody else observes other processes already");
        }
    }

    /// Adds a connection's.
    pub fn attach(&self, broker: &Arc<Broker>) {
        let mut brokers = lock(&self.all);
        // Where no event ever is, nobody else removes those whose connections are closed.
        if brokers.len() == brokers.capacity() {
            brokers.retain(|b| b.strong_count() > 0);
        }
        brokers.push(Arc::downgrade(broker));
    }

    /// Listens to other processes for as long as what is returned is kept; a callback keeps it. `None`
    /// where there are none. Calls the host's loop, and so does dropping it.
    pub fn listen(self: &Arc<Self>) -> Result<Option<Arc<Listening>>> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let present = lock(&self.listening).upgrade();
        if let Some(present) = present {
            // A new callback is not told what was before.
            self.catch_up();
            return Ok(Some(present));
        }
        let made = Arc::new(Listening::new(journal, self.on_loop(Brokers::wake))?);
        let mut listening = lock(&self.listening);
        // Another thread may have been faster; then this one ends when the lock is free again.
        let present = listening.upgrade();
        let kept = present.unwrap_or_else(|| {
            *listening = Arc::downgrade(&made);
            made.clone()
        });
        drop(listening);
        self.look(&kept);
        Ok(Some(kept))
    }

    fn on_loop(self: &Arc<Self>, what: fn(&Brokers, &Listening)) -> OnLoop {
        let brokers = Arc::downgrade(self);
        Arc::new(move || {
            let Some(brokers) = brokers.upgrade() else { return };
            let listening = lock(&brokers.listening).upgrade();
            if let Some(listening) = listening {
                what(&brokers, &listening);
            }
        })
    }

    /// Queues an event for every connection, here and in other processes. Calls nothing of the host's, so
    /// that it can be done under the lock of what the event is about: then all tell of the changes in the
    /// order in which they were made.
    pub fn queue(&self, event: &Event) {
        event.log();
        match &self.journal {
            Some(journal) => journal.append(event, |event| self.queue_here(event)),
            None => self.queue_here(event),
        }
    }

    /// Has the queued events delivered.
    pub fn deliver(&self) {
        for broker in self.brokers() {
            broker.wake();
        }
    }

    /// Runs on the loop when another process may have told something, or ended, and again a while after it
    /// may have ended.
    fn wake(&self, listening: &Listening) {
        let may_have_ended = listening.take();
        self.catch_up();
        if self.is_unseen.swap(false, Ordering::Relaxed) || may_have_ended {
            self.look(listening);
        }
        self.deliver();
    }

    /// Has the observer look, and the files watched that it names.
    fn look(&self, listening: &Listening) {
        let Some(observer) = self.observer.get().and_then(Weak::upgrade) else { return };
        loop {
            match observer.look() {
                // A process may have ended just before its file was watched.
                Ok(files) if listening.watch(&files) => {}
                Ok(_) => return,
                Err(error) => {
                    log::warn!("whether other processes have ended is not known: {error}");
                    self.is_unseen.store(true, Ordering::Relaxed);
                    return listening.look_again();
                }
            }
        }
    }

    /// Queues what other processes have told.
    fn catch_up(&self) {
        let Some(journal) = &self.journal else { return };
        if let Err(error) = journal.catch_up(|event| self.queue_here(event)) {
            log::warn!("events of other processes come later: {error}");
            let listening = lock(&self.listening).upgrade();
            listening.inspect(|listening| listening.look_again());
        }
    }

    fn queue_here(&self, event: &Event) {
        if let Event { kind: ObjectKind::Domain, payload: Payload::Lifecycle { .. }, .. } = event {
            self.is_unseen.store(true, Ordering::Relaxed);
        }
        for broker in self.brokers() {
            broker.queue(event);
        }
    }

    fn brokers(&self) -> Vec<Arc<Broker>> {
        let mut brokers = lock(&self.all);
        brokers.retain(|b| b.strong_count() > 0);
        brokers.iter().filter_map(Weak::upgrade).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
