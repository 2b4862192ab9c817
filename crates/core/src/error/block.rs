//! Failed operations on images, as libvirt's callers see them.

use virsparse_block::BlockError;

use super::{Error, virErrorDomain};

/// What becomes an [`Error`] of one of the library's parts.
pub trait Report {
    /// The error as libvirt's callers see it, who are told that it is of that part.
    fn report(&self, domain: virErrorDomain) -> Error;
}

impl Report for BlockError {
    fn report(&self, domain: virErrorDomain) -> Error {
        Error::system(domain, self.errno, &self.what)
    }
}
