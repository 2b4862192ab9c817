//! The domains of a connection: how they are found and made.

use std::ops::Deref;
use std::sync::Arc;

use super::registry::domains::Domains;
use crate::session::Session;

/// A session, and the domains that it uses.
pub struct Connection {
    session: Arc<Session>,
    domains: Arc<Domains>,
}

impl Connection {
    /// The domains as a session uses them.
    pub fn new(session: Arc<Session>, domains: Arc<Domains>) -> Arc<Connection> {
        Arc::new(Connection { session, domains })
    }

    /// The session.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The domains, as they are known to all connections.
    pub fn domains(&self) -> &Arc<Domains> {
        &self.domains
    }
}

impl Deref for Connection {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
