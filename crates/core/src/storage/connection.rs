//! The pools and volumes of a connection: how they are found and made.

use std::ops::Deref;
use std::sync::Arc;

use super::registry::Storage;
use crate::session::Session;

/// A session, and the storage that it uses.
pub struct Connection {
    session: Arc<Session>,
    storage: Arc<Storage>,
}

impl Connection {
    /// The storage as a session uses it.
    pub fn new(session: Arc<Session>, storage: Arc<Storage>) -> Arc<Connection> {
        Arc::new(Connection { session, storage })
    }

    /// The session.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The pools, as they are known to all connections.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }
}

impl Deref for Connection {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

#[cfg(test)]
impl Connection {
    /// One to the pools that are defined under `root`.
    pub fn embed(root: &std::path::Path) -> Arc<Connection> {
        Connection::new(Session::alone(), Arc::new(Storage::embed(root).unwrap()))
    }

    /// One to the pool of libvirt's test driver.
    pub fn test() -> Arc<Connection> {
        Connection::new(Session::alone(), Arc::new(Storage::test().unwrap()))
    }
}
