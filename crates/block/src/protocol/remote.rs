//! Images that servers have. This is the table of protocols: each variant has one way to be opened, a URI,
//! and the spellings in which images refer to it.

use std::sync::Arc;

use super::nbd::{self, Address, NbdNode};
use crate::backing_name::{Options, Parsed};
use crate::{Access, ImageFile, Result};

/// An image on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// An export of an NBD server.
    Nbd(Address),
}

impl Remote {
    /// Connects to the server.
    pub(crate) fn open(&self, access: &Access) -> Result<Arc<dyn ImageFile>> {
        match self {
            Remote::Nbd(address) => {
                let options = (&access.remote).into();
                Ok(Arc::new(NbdNode::open(address, access.writable, &options)?))
            }
        }
    }

    /// Its URI, which callers, events and messages call it by.
    pub fn uri(&self) -> String {
        match self {
            Remote::Nbd(address) => address.uri(),
        }
    }

    /// What a name in an image means that begins with a protocol; `None` if that is none of these.
    pub(crate) fn from_name(name: &str) -> Option<Parsed<Remote>> {
        nbd::names::parse(name).map(|address| address.map(Remote::Nbd))
    }

    /// What QEMU's options for a driver mean; `None` if that is none of these.
    pub(crate) fn from_options(driver: &str, options: &mut Options) -> Option<Parsed<Remote>> {
        match driver {
            "nbd" => Some(nbd::names::from_options(options).map(Remote::Nbd)),
            _ => None,
        }
    }
}

impl From<Address> for Remote {
    fn from(address: Address) -> Remote {
        Remote::Nbd(address)
    }
}
