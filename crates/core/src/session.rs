//! A connection without its driver: what pools, volumes, domains and streams need to know of the connection
//! that they were made on. The driver, which stands above them, opens it.

use std::ffi::CString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::*;
use crate::event::broker::{Broker, Interest, OnEvent};
use crate::event::brokers::Brokers;
use crate::event::current;

/// A close callback: never called, because there is no transport that could break, but kept, and
/// released when it is taken back.
pub struct CloseCallback {
    /// The address of the caller's function, by which it is taken back.
    pub function: usize,
    /// What the registration owns: dropping it releases the caller's data.
    pub owned: Box<dyn Send>,
}

/// Which process the domains run in that a session starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// The one that starts them.
    #[default]
    Caller,
    /// One of their own each. Where that cannot be, the one that starts them, unless it is `required`.
    Process { required: bool },
}

/// What the driver does when a session ends, given the session's number.
pub type OnEnd = Box<dyn FnOnce(u64) -> Result<()> + Send + Sync>;

/// An open connection's own rights, events and handlers. The objects that are made on it share it, and it
/// ends with the last of them.
pub struct Session {
    id: u64,
    uri: String,
    c_uri: CString,
    read_only: bool,
    sync: bool,
    hold: Hold,
    events: Arc<Broker>,
    shared_events: Arc<Brokers>,
    close_callback: Mutex<Option<CloseCallback>>,
    on_end: Option<OnEnd>,
}

/// What a session begins with.
pub struct NewSession {
    pub uri: String,
    pub c_uri: CString,
    pub read_only: bool,
    pub sync: bool,
    pub hold: Hold,
    /// The events of all sessions with the same driver.
    pub shared_events: Arc<Brokers>,
    pub on_end: OnEnd,
}

impl Session {
    /// Begins a session, which hears of events from now on.
    pub fn new(new: NewSession) -> Arc<Session> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let NewSession { uri, c_uri, read_only, sync, hold, shared_events, on_end } = new;
        let events = Broker::new();
        shared_events.attach(&events);
        Arc::new(Session {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            uri,
            c_uri,
            read_only,
            sync,
            hold,
            events,
            shared_events,
            close_callback: Mutex::new(None),
            on_end: Some(on_end),
        })
    }

    /// One without a driver.
    #[cfg(test)]
    pub fn alone() -> Arc<Session> {
        Session::new(NewSession {
            uri: "test:///default".to_string(),
            c_uri: c"test:///default".to_owned(),
            read_only: false,
            sync: true,
            hold: Hold::Caller,
            shared_events: Arc::default(),
            on_end: Box::new(|_| Ok(())),
        })
    }

    /// Ends the session. It has ended after an error, too: then something that guests have written is
    /// lost.
    pub fn end(mut self) -> Result<()> {
        let id = self.id;
        self.on_end.take().map_or(Ok(()), |on_end| on_end(id))
    }

    /// A number that no other session of the process has or had.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The URI that was opened, which may have been asked for by another name.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same, for C.
    pub fn c_uri(&self) -> &CString {
        &self.c_uri
    }

    /// Whether changes are refused.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether what is done to volumes is on stable storage when it is said to be done.
    pub fn syncs(&self) -> bool {
        self.sync
    }

    /// Which process its domains run in.
    pub fn hold(&self) -> Hold {
        self.hold
    }

    /// Whether both are one session.
    pub fn is(&self, other: &Session) -> bool {
        std::ptr::eq(self, other)
    }

    /// The event callbacks of this connection.
    pub fn events(&self) -> &Arc<Broker> {
        &self.events
    }

    /// Registers an event callback and returns its id, which is never used again. `registered` runs when
    /// that has succeeded, and before the callback can.
    pub fn subscribe(
        &self,
        interest: Interest,
        callback: OnEvent,
        registered: impl FnOnce(),
    ) -> Result<i32> {
        let listening = match current() {
            Some(_) => self.shared_events.listen()?,
            // The broker says so.
            None => None,
        };
        self.events.subscribe(interest, callback, listening, registered)
    }

    /// The event callbacks of all connections with the same driver.
    pub fn shared_events(&self) -> &Arc<Brokers> {
        &self.shared_events
    }

    /// Keeps a close callback; there can be one.
    pub fn register_close_callback(&self, callback: CloseCallback) -> Result<()> {
        let mut slot = self.close_callback.lock().unwrap_or_else(|p| p.into_inner());
        if slot.is_some() {
            return Err(Error::invalid_operation(
                VIR_FROM_NONE,
                "A close callback is already registered",
            ));
        }
        *slot = Some(callback);
        Ok(())
    }

    /// Takes the close callback back, for the caller to drop.
    pub fn unregister_close_callback(&self, function: usize) -> Result<CloseCallback> {
        let mut slot = self.close_callback.lock().unwrap_or_else(|p| p.into_inner());
        match slot.take() {
            Some(callback) if callback.function == function => Ok(callback),
            other => {
                *slot = other;
                Err(Error::invalid_operation(VIR_FROM_NONE, "A different callback was requested"))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(on_end) = self.on_end.take() else { return };
        if let Err(error) = on_end(self.id) {
            log::error!("nobody is told, because '{}' is closed: {error}", self.uri);
        }
    }
}
