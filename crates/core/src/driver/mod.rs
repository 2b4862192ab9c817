//! Connections: what a URI names, and the storage and domains that all connections to it share. Nothing
//! below knows of this layer: it hands its parts down ([`crate::session`]).

mod aliases;
mod connect;
mod credentials;
mod holder;
mod test_file;
mod uri;

pub use connect::{Connect, Opening};
pub use credentials::{Credentials, Wanted};
pub use holder::hold;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use test_file::TestFile;

use crate::domain::{Domains, launch};
use crate::error::*;
use crate::event::brokers::Brokers;
use crate::host::Host;
use crate::state;
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

/// What is behind the URI of one connection.
pub struct Driver {
    domains: Arc<Domains>,
}

/// What connections to one place share.
struct Shared {
    domains: Weak<Domains>,
    /// How many have it open.
    connections: usize,
}

/// The places that are open.
static SHARED: PerGeneration<Mutex<Option<HashMap<SharedPlace, Shared>>>> =
    PerGeneration([const { Mutex::new(None) }; GENERATIONS]);

impl Driver {
    /// The driver for a place, with the domains and pools that other connections have open, or new ones.
    /// Those of a file have yet to be filled with what the file describes.
    fn open(place: Place) -> Result<(Driver, Option<TestFile>)> {
        fork::watch();
        match place {
            Place::Shared(place) => Ok((Driver { domains: open_shared(place)? }, None)),
            Place::TestFile(path) => {
                // Nobody waits for SHARED while it is read: that may take its time.
                let file = TestFile::read(&path)?;
                let (storage, events) = (Arc::new(Storage::in_memory()), Arc::<Brokers>::default());
                let domains = Domains::in_memory(file.host()?, launch, storage, events);
                Ok((Driver { domains }, Some(file)))
            }
        }
    }

    /// Ends what is to end with a connection, the session of that number. What guests have written and
    /// could not be brought to stable storage is told; the connection is closed all the same.
    fn connection_closed(&self, session: u64) -> Result<()> {
        let stopped = self.domains.stop_of_connection(session);
        match self.leave() {
            true => {
                let all = self.domains.stop_all();
                stopped.and(all)
            }
            false => stopped,
        }
    }

    /// Notes that a connection is closed. True if what is in memory is to end with it: then nobody
    /// else gets it any more, also if something that works on it has yet to be ended.
    fn leave(&self) -> bool {
        let mut shared = SHARED.lock().unwrap_or_else(|p| p.into_inner());
        let shared = shared.get_or_insert_default();
        let is_ours = |(_, shared): &(&SharedPlace, &mut Shared)| {
            std::ptr::eq(shared.domains.as_ptr(), Arc::as_ptr(&self.domains))
        };
        let place = match shared.iter_mut().find(is_ours) {
            Some((place, shared)) => {
                shared.connections -= 1;
                if shared.connections > 0 || !self.host().is_test() {
                    return false;
                }
                place.clone()
            }
            // Of a file, which each connection has for itself.
            None => return self.host().is_test(),
        };
        shared.remove(&place);
        true
    }

    /// The name that virConnectGetType gives.
    pub fn type_name(&self) -> &'static std::ffi::CStr {
        if self.host().is_test() { c"TEST" } else { c"SPARSE" }
    }

    /// This library's version, coded as libvirt's is; that of libvirt's test driver is 2.
    pub fn version(&self) -> u64 {
        if self.host().is_test() {
            return 2;
        }
        let part = |text: &str| text.parse::<u64>().unwrap_or(0);
        part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
            + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
            + part(env!("CARGO_PKG_VERSION_PATCH"))
    }

    /// The machine.
    pub fn host(&self) -> &Host {
        self.domains.host()
    }
}

/// The domains of a place: those that other connections have open, or new ones.
fn open_shared(place: SharedPlace) -> Result<Arc<Domains>> {
    let mut shared = SHARED.lock().unwrap_or_else(|p| p.into_inner());
    let shared = shared.get_or_insert_default();
    if let Some(shared) = shared.get_mut(&place)
        && let Some(domains) = shared.domains.upgrade()
    {
        shared.connections += 1;
        return Ok(domains);
    }
    shared.retain(|_, shared| shared.domains.strong_count() > 0);
    let domains = match &place {
        SharedPlace::Embed(root) => {
            let events = Brokers::between_processes(state::journal(root));
            Domains::embed(root, launch, Arc::new(Storage::embed(root)?), events)?
        }
        SharedPlace::Test => Domains::test(launch, Arc::new(Storage::test()?), Arc::default())?,
    };
    shared.insert(place, Shared { domains: Arc::downgrade(&domains), connections: 1 });
    Ok(domains)
}
