//! One connection: a session, and what it is a session with.

use std::ffi::{CStr, CString};
use std::ops::Deref;
use std::sync::Arc;

use super::uri::Address;
use super::{Credentials, Driver, aliases, uri};
use crate::error::*;
use crate::host::Host;
use crate::session::{NewSession, Session};
use crate::{domain, storage};

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

/// An open connection: its own rights, events and handlers, over what the driver shares.
pub struct Connect {
    session: Arc<Session>,
    driver: Arc<Driver>,
    storage: Arc<storage::Connection>,
    domains: Arc<domain::Connection>,
}

impl Connect {
    /// Opens `uri`, or the default when that is empty.
    pub fn open(uri: &str, read_only: bool) -> Result<Arc<Connect>> {
        Connect::open_with(uri, Opening { read_only, ..Opening::default() })
    }

    /// The same, with more that may be said.
    pub fn open_with(uri: &str, opening: Opening<'_>) -> Result<Arc<Connect>> {
        let Opening { read_only, literally, credentials } = opening;
        let uri = if uri.is_empty() { uri::default_uri() } else { uri.to_string() };
        let alias = if literally { None } else { aliases::resolve(&uri)? };
        let uri = alias.unwrap_or(uri);
        let c_uri = CString::new(uri.as_str())
            .map_err(|_| Error::internal(VIR_FROM_URI, "Unable to parse URI"))?;
        let address = uri::parse(&uri)?;
        let (driver, file) = Driver::open(address.place.clone())?;
        if let Some(file) = &file {
            file.authenticate(credentials)?;
        }
        let connect = Connect::of(driver, uri, c_uri, read_only, &address);
        if let Some(file) = file {
            file.fill(&connect)?;
        }
        connect.domains.start_marked();
        Ok(connect)
    }

    /// Opens what an address says, for a program of ours.
    pub(super) fn open_address(uri: &'static CStr, address: &Address) -> Result<Arc<Connect>> {
        let (driver, _) = Driver::open(address.place.clone())?;
        let text = uri.to_string_lossy().into_owned();
        Ok(Connect::of(driver, text, uri.to_owned(), false, address))
    }

    fn of(
        driver: Driver,
        uri: String,
        c_uri: CString,
        read_only: bool,
        address: &Address,
    ) -> Arc<Connect> {
        let driver = Arc::new(driver);
        let closed = driver.clone();
        let session = Session::new(NewSession {
            uri,
            c_uri,
            read_only,
            sync: address.sync.unwrap_or_else(uri::default_sync),
            hold: address.hold,
            shared_events: driver.domains.events().clone(),
            on_end: Box::new(move |session| closed.connection_closed(session)),
        });
        let pools = driver.domains.storage().clone();
        Arc::new(Connect {
            storage: storage::Connection::new(session.clone(), pools),
            domains: domain::Connection::new(session.clone(), driver.domains.clone()),
            session,
            driver,
        })
    }

    /// Closes the connection, with what was to end with it: at once if nothing that was made on it is
    /// used any more, else when that is so. It is closed after an error, too: then something that guests
    /// have written is lost.
    pub fn close(self) -> Result<()> {
        let Connect { session, storage, domains, .. } = self;
        drop((storage, domains));
        Arc::into_inner(session).map_or(Ok(()), Session::end)
    }

    /// The session.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// What is behind the URI.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// The machine.
    pub fn host(&self) -> &Host {
        self.driver.host()
    }

    /// Pools and volumes.
    pub fn storage(&self) -> &Arc<storage::Connection> {
        &self.storage
    }

    /// Domains.
    pub fn domains(&self) -> &Arc<domain::Connection> {
        &self.domains
    }
}

impl Deref for Connect {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
