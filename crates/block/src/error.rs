//! Errors of operations on nodes.

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
pub type Result<T> = std::result::Result<T, BlockError>;
