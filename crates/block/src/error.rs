//! Errors of operations on nodes.

use std::fmt;

use virsparse_base::Panicked;
use virsparse_base::errno::Errno;

/// A failed operation on a node: what could not be done to which image, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockError {
    /// What could not be done, with the image's name: "Unable to write /pool/disk".
    pub what: String,
    /// Why.
    pub errno: Errno,
}

/// The result of an operation on a node.
pub type Result<T, E = BlockError> = std::result::Result<T, E>;

impl BlockError {
    /// What kind of failure it is, as the standard library sorts them.
    pub fn kind(&self) -> std::io::ErrorKind {
        std::io::Error::from(self.errno).kind()
    }
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.errno.text())
    }
}

impl std::error::Error for BlockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.errno)
    }
}

impl From<Panicked> for BlockError {
    fn from(panic: Panicked) -> BlockError {
        BlockError { what: panic.to_string(), errno: Errno::EIO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn an_error_has_a_kind_a_source_and_a_text() {
        let error = BlockError { what: "Unable to open /a".to_string(), errno: Errno::ENOENT };
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert_eq!(error.to_string(), "Unable to open /a: No such file or directory");
        let source = error.source().expect("a source").downcast_ref::<Errno>();
        assert_eq!(source, Some(&Errno::ENOENT));
    }
}
