//! One connection: a session, and what it is a session with.

use std::ffi::CString;
use std::ops::Deref;
use std::sync::Arc;

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
        let (driver, file) = Driver::open(address.place)?;
        if let Some(file) = &file {
            file.authenticate(credentials)?;
        }
        let driver = Arc::new(driver);
        let closed = driver.clone();
        let session = Session::new(NewSession {
            uri,
            c_uri,
            read_only,
            sync: address.sync.unwrap_or_else(uri::default_sync),
            shared_events: driver.domains.events().clone(),
            on_end: Box::new(move |session| closed.connection_closed(session)),
        });
        let pools = driver.domains.storage().clone();
        let connect = Arc::new(Connect {
            storage: storage::Connection::new(session.clone(), pools),
            domains: domain::Connection::new(session.clone(), driver.domains.clone()),
            session,
            driver,
        });
        if let Some(file) = file {
            file.fill(&connect)?;
        }
        Ok(connect)
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
