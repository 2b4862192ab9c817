//! The events of a place: each is told to all its connections, in this process and, where the place is a
//! root, in all others.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use super::broker::{Broker, Event};
use super::journal::Journal;
use super::listening::Listening;
use crate::error::*;

/// The brokers of all connections that share a driver: each is told of every event.
#[derive(Default)]
pub struct Brokers {
    all: Mutex<Vec<Weak<Broker>>>,
    /// `None`: there are no other processes.
    journal: Option<Arc<Journal>>,
    /// There while a connection has callbacks, which keep it.
    listening: Mutex<Weak<Listening>>,
}

impl Brokers {
    /// Those of a place that other processes use as well: they find events in the file `journal`.
    pub fn between_processes(journal: PathBuf) -> Arc<Brokers> {
        let journal = Some(Arc::new(Journal::new(journal)));
        Arc::new(Brokers { journal, ..Brokers::default() })
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
        let brokers = Arc::downgrade(self);
        let on_wake = Arc::new(move || {
            if let Some(brokers) = brokers.upgrade() {
                brokers.wake();
            }
        });
        let made = Arc::new(Listening::new(journal, on_wake)?);
        let mut listening = lock(&self.listening);
        // Another thread may have been faster; then this one ends when the lock is free again.
        let present = listening.upgrade();
        let kept = present.unwrap_or_else(|| {
            *listening = Arc::downgrade(&made);
            made.clone()
        });
        drop(listening);
        Ok(Some(kept))
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

    /// Runs on the loop when another process may have told something.
    fn wake(&self) {
        let Some(listening) = lock(&self.listening).upgrade() else { return };
        listening.take();
        self.catch_up();
        self.deliver();
    }

    /// Queues what other processes have told.
    fn catch_up(&self) {
        let Some(journal) = &self.journal else { return };
        if let Err(error) = journal.catch_up(|event| self.queue_here(event)) {
            log::warn!("events of other processes come later: {error}");
        }
    }

    fn queue_here(&self, event: &Event) {
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
