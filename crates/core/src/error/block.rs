//! Failed operations on images, as libvirt's callers see them.

use virsparse_base::Panicked;
use virsparse_block::BlockError;

use super::{Error, VIR_FROM_NONE, VIR_FROM_STORAGE, virErrorDomain};

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

/// What fails in a block job is storage's, whoever has started that.
impl From<BlockError> for Error {
    fn from(error: BlockError) -> Error {
        error.report(VIR_FROM_STORAGE)
    }
}

impl From<Panicked> for Error {
    fn from(panic: Panicked) -> Error {
        Error::internal(VIR_FROM_NONE, panic.to_string())
    }
}
