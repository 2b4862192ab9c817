//! Connections: what a URI names, and the state that all connections to it share.

mod connect;
mod credentials;
mod node;
mod test_file;
mod uri;

pub use connect::{CloseCallback, Connect};
pub use credentials::{Credentials, Wanted};
pub use node::{Node, NodeInfo, Stats};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use node::TestNode;
use test_file::TestFile;

use crate::domain::Domains;
use crate::error::*;
use crate::event::broker::Brokers;
use crate::storage::Storage;

/// Where a driver keeps what it manages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `sparse:///...`: files under this folder.
    Embed(PathBuf),
    /// `test:///default`: memory; gone with the last connection.
    Test,
    /// `test:///...`: memory, with the contents that this file describes; each connection has its own.
    TestFile(PathBuf),
}

/// The state behind a URI, shared by all connections of the process to it.
pub struct Driver {
    node: Node,
    storage: Arc<Storage>,
    domains: Domains,
    events: Arc<Brokers>,
}

/// Drivers that are kept though nobody may be connected.
static STAYING: Mutex<Vec<Arc<Driver>>> = Mutex::new(Vec::new());

static DRIVERS: Mutex<Option<HashMap<Place, Weak<Driver>>>> = Mutex::new(None);

impl Driver {
    /// The driver for a place: the one that other connections have open, or a new one.
    fn open(place: Place) -> Result<Arc<Driver>> {
        let mut drivers = DRIVERS.lock().unwrap_or_else(|p| p.into_inner());
        let drivers = drivers.get_or_insert_default();
        if let Some(driver) = drivers.get(&place).and_then(Weak::upgrade) {
            return Ok(driver);
        }
        drivers.retain(|_, driver| driver.strong_count() > 0);
        let events: Arc<Brokers> = Arc::default();
        let (node, storage, domains) = match &place {
            Place::Embed(root) => {
                let storage = Arc::new(Storage::embed(root)?);
                let domains = Domains::embed(root, storage.clone(), events.clone())?;
                (Node::Real, storage, domains)
            }
            Place::Test => {
                let storage = Arc::new(Storage::test());
                let domains = Domains::test(storage.clone(), events.clone());
                (Node::Test(TestNode::new()), storage, domains)
            }
            // Nobody else has it.
            Place::TestFile(path) => return Driver::of_file(&TestFile::read(path)?),
        };
        let driver = Arc::new(Driver { node, storage, domains, events });
        drivers.insert(place, Arc::downgrade(&driver));
        Ok(driver)
    }

    /// The driver for what a file describes, without any of it yet.
    fn of_file(file: &TestFile) -> Result<Arc<Driver>> {
        let events: Arc<Brokers> = Arc::default();
        let storage = Arc::new(Storage::in_memory());
        let domains = Domains::in_memory(storage.clone(), events.clone());
        let node = Node::Test(file.node()?);
        Ok(Arc::new(Driver { node, storage, domains, events }))
    }

    /// Whether it is one of `test:///`.
    fn is_test(&self) -> bool {
        matches!(self.node, Node::Test(_))
    }

    /// The name that virConnectGetType gives.
    pub fn type_name(&self) -> &'static std::ffi::CStr {
        if self.is_test() { c"TEST" } else { c"SPARSE" }
    }

    /// This library's version, coded as libvirt's is; that of libvirt's test driver is 2.
    pub fn version(&self) -> u64 {
        if self.is_test() {
            return 2;
        }
        let part = |text: &str| text.parse::<u64>().unwrap_or(0);
        part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
            + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
            + part(env!("CARGO_PKG_VERSION_PATCH"))
    }

    /// The machine's name.
    pub fn hostname(&self) -> Result<String> {
        let name = nix::unistd::gethostname().map_err(|errno| {
            Error::system(VIR_FROM_NONE, errno, "failed to determine host name")
        })?;
        Ok(name.to_string_lossy().into_owned())
    }

    /// The machine.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Pools and volumes.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Domains.
    pub fn domains(&self) -> &Domains {
        &self.domains
    }

    /// Whom to tell of events.
    pub fn events(&self) -> &Arc<Brokers> {
        &self.events
    }

    /// Keeps the driver while a domain runs: that goes on when the last connection is closed, as it
    /// does with a daemon. To be called when one has been started, or has stopped.
    pub fn stay_while_busy(self: &Arc<Self>) {
        if self.is_test() {
            return;
        }
        let mut staying = STAYING.lock().unwrap_or_else(|p| p.into_inner());
        let before = staying.iter().position(|driver| Arc::ptr_eq(driver, self));
        match (self.domains.is_busy(), before) {
            (true, None) => staying.push(self.clone()),
            (false, Some(index)) => drop(staying.swap_remove(index)),
            _ => {}
        }
    }
}
