//! Connections: what a URI names, and the state that all connections to it share.

mod aliases;
mod connect;
mod credentials;
mod node;
mod test_file;
mod uri;

pub use connect::{CloseCallback, Connect, Opening};
pub use credentials::{Credentials, Wanted};
pub use node::{Asked, Node, NodeInfo, Stats};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use node::TestNode;
use test_file::TestFile;

use crate::domain::Domains;
use crate::error::*;
use crate::event::broker::Brokers;
use crate::job::LiveChain;
use crate::storage::Storage;
use crate::sys::fork::{self, GENERATIONS, PerGeneration};

/// Where a driver keeps what it manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One for all connections of the process.
    Shared(SharedPlace),
    /// `test:///...`: memory, with the contents that this file describes; each connection has its own.
    TestFile(PathBuf),
}

/// A place that all connections of the process share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SharedPlace {
    /// `sparse:///...`: files under this folder.
    Embed(PathBuf),
    /// `test:///default`: memory; gone with the last connection.
    Test,
}

/// The state behind a URI, shared by all connections of the process to it.
pub struct Driver {
    node: Node,
    storage: Arc<Storage>,
    domains: Domains,
    events: Arc<Brokers>,
    /// How many connections have it open. Changed while DRIVERS is held.
    connections: AtomicUsize,
}

/// Drivers that are kept though nobody may be connected.
static STAYING: PerGeneration<Mutex<Vec<Arc<Driver>>>> =
    PerGeneration([const { Mutex::new(Vec::new()) }; GENERATIONS]);

/// The drivers that are open.
type Drivers = HashMap<SharedPlace, Weak<Driver>>;

static DRIVERS: PerGeneration<Mutex<Option<Drivers>>> =
    PerGeneration([const { Mutex::new(None) }; GENERATIONS]);

impl Driver {
    /// The driver for a place: the one that other connections have open, or a new one. That of a file
    /// has yet to be filled with what the file describes.
    fn open(place: Place) -> Result<(Arc<Driver>, Option<TestFile>)> {
        fork::watch();
        match place {
            Place::Shared(place) => Ok((Driver::open_shared(place)?, None)),
            Place::TestFile(path) => {
                // Nobody waits for DRIVERS while it is read: that may take its time.
                let file = TestFile::read(&path)?;
                let node = Node::Test(file.node()?);
                let (storage, events) = (Arc::new(Storage::in_memory()), Arc::<Brokers>::default());
                let domains = Domains::in_memory(storage.clone(), events.clone());
                Ok((Driver::new(node, storage, domains, events), Some(file)))
            }
        }
    }

    fn open_shared(place: SharedPlace) -> Result<Arc<Driver>> {
        let mut drivers = DRIVERS.lock().unwrap_or_else(|p| p.into_inner());
        let drivers = drivers.get_or_insert_default();
        if let Some(driver) = drivers.get(&place).and_then(Weak::upgrade) {
            driver.connections.fetch_add(1, Ordering::Relaxed);
            return Ok(driver);
        }
        drivers.retain(|_, driver| driver.strong_count() > 0);
        let events: Arc<Brokers> = Arc::default();
        let (node, storage, domains) = match &place {
            SharedPlace::Embed(root) => {
                let storage = Arc::new(Storage::embed(root)?);
                let domains = Domains::embed(root, storage.clone(), events.clone())?;
                (Node::Real, storage, domains)
            }
            SharedPlace::Test => {
                let storage = Arc::new(Storage::test()?);
                let domains = Domains::test(storage.clone(), events.clone())?;
                (Node::Test(TestNode::new()), storage, domains)
            }
        };
        let driver = Driver::new(node, storage, domains, events);
        drivers.insert(place, Arc::downgrade(&driver));
        Ok(driver)
    }

    /// A driver that one connection has open.
    fn new(
        node: Node,
        storage: Arc<Storage>,
        domains: Domains,
        events: Arc<Brokers>,
    ) -> Arc<Driver> {
        Arc::new(Driver { node, storage, domains, events, connections: AtomicUsize::new(1) })
    }

    /// Notes that a connection is closed. True if what is in memory is to end with it: then nobody
    /// else gets it any more, also if something that works on it has yet to be ended.
    fn leave(self: &Arc<Self>) -> bool {
        let mut drivers = DRIVERS.lock().unwrap_or_else(|p| p.into_inner());
        let last = self.connections.fetch_sub(1, Ordering::Relaxed) == 1 && self.is_test();
        if last && let Some(drivers) = drivers.as_mut() {
            drivers.retain(|_, driver| !std::ptr::eq(driver.as_ptr(), Arc::as_ptr(self)));
        }
        last
    }

    /// Ends what was to end with a connection. What guests have written and could not be brought to
    /// stable storage is told; the connection is closed all the same.
    fn connection_closed(self: &Arc<Self>, id: u64) -> Result<()> {
        let stopped = self.stop_of_connection(id);
        match self.leave() {
            true => {
                let all = self.stop_all();
                stopped.and(all)
            }
            false => stopped,
        }
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

    /// The running domain that uses an image, as far as this process can know: behind this URI, or
    /// another that is open here. `besides`: that disk does not count.
    pub fn user_of(&self, identity: (u64, u64), besides: Option<&LiveChain>) -> Option<String> {
        let others: Vec<Arc<Driver>> = {
            let drivers = DRIVERS.lock().unwrap_or_else(|p| p.into_inner());
            drivers.iter().flat_map(HashMap::values).filter_map(Weak::upgrade).collect()
        };
        let others = others.iter().map(|driver| &**driver);
        let others = others.filter(|driver| !std::ptr::eq(*driver, self));
        [self].into_iter().chain(others).find_map(|driver| {
            // The image is in use in any case; by whom helps whoever reads the error.
            driver.domains.user_of(identity, besides).unwrap_or_else(|e| {
                log::debug!("users of an image are not known: {}", e.message);
                None
            })
        })
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
