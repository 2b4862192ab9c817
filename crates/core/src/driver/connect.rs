//! One connection.

use std::ffi::CString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{Credentials, Driver, aliases, uri};
use crate::error::*;
use crate::event::broker::Broker;

/// A close callback: never called, because there is no transport that could break, but kept, and
/// released when it is taken back.
pub struct CloseCallback {
    /// The address of the caller's function, by which it is taken back.
    pub function: usize,
    /// What the registration owns: dropping it releases the caller's data.
    pub owned: Box<dyn Send>,
}

/// How a connection is opened.
#[derive(Clone, Copy, Default)]
pub struct Opening<'a> {
    /// Changes are refused.
    pub read_only: bool,
    /// The URI is not looked for among the other names of URIs.
    pub literally: bool,
    /// Who the user is can be asked there.
    pub credentials: Option<&'a dyn Credentials>,
}

/// An open connection: its own rights, events and handlers, over the driver's shared state.
pub struct Connect {
    id: u64,
    uri: String,
    c_uri: CString,
    read_only: bool,
    sync: bool,
    driver: Arc<Driver>,
    events: Arc<Broker>,
    close_callback: Mutex<Option<CloseCallback>>,
    is_closed: bool,
}

impl Connect {
    /// Opens `uri`, or the default when that is empty.
    pub fn open(uri: &str, read_only: bool) -> Result<Arc<Connect>> {
        Connect::open_with(uri, Opening { read_only, ..Opening::default() })
    }

    /// The same, with more that may be said.
    pub fn open_with(uri: &str, opening: Opening<'_>) -> Result<Arc<Connect>> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let Opening { read_only, literally, credentials } = opening;
        let uri = if uri.is_empty() { uri::default_uri() } else { uri.to_string() };
        let alias = if literally { None } else { aliases::resolve(&uri)? };
        let uri = alias.unwrap_or(uri);
        let c_uri = CString::new(uri.as_str())
            .map_err(|_| Error::internal(VIR_FROM_URI, "Unable to parse URI"))?;
        let address = uri::parse(&uri)?;
        let (driver, file) = Driver::open(address.place)?;
        if let Some(file) = &file {
            file.authenticate(credentials)?;
        }
        let events = Broker::new();
        driver.events().attach(&events);
        let connect = Arc::new(Connect {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            uri,
            c_uri,
            read_only,
            sync: address.sync.unwrap_or_else(uri::default_sync),
            driver,
            events,
            close_callback: Mutex::new(None),
            is_closed: false,
        });
        if let Some(file) = file {
            file.fill(&connect)?;
        }
        Ok(connect)
    }

    /// Closes the connection, with what was to end with it. It is closed after an error, too: then
    /// something that guests have written is lost.
    pub fn close(mut self) -> Result<()> {
        self.is_closed = true;
        self.driver.connection_closed(self.id)
    }

    /// A number that no other connection of the process has or had.
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

    /// The state that this connection shares with others.
    pub fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// The event callbacks of this connection.
    pub fn events(&self) -> &Arc<Broker> {
        &self.events
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

impl Drop for Connect {
    fn drop(&mut self) {
        if self.is_closed {
            return;
        }
        if let Err(error) = self.driver.connection_closed(self.id) {
            log::error!("nobody is told, because '{}' is closed: {error}", self.uri);
        }
    }
}
