//! What can be wrong with an image.

use virsparse_base::errno::Errno;

use crate::BlockError;
use virsparse_base::sys;

/// Why an operation on an image has failed.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The file behind it could not be read or written.
    File(BlockError),
    /// It says something that cannot be true.
    Corrupt(String),
    /// It asks for something that is not supported.
    Unsupported(String),
    /// It is no such image at all.
    NotQcow2,
    /// There is no memory.
    Memory,
    /// It was opened for reading.
    ReadOnly,
    /// An earlier error has left open what is on the medium.
    Lost,
}

impl Problem {
    pub fn corrupt(what: impl Into<String>) -> Problem {
        Problem::Corrupt(what.into())
    }

    pub fn unsupported(what: String) -> Problem {
        Problem::Unsupported(what)
    }

    pub fn not_qcow2() -> Problem {
        Problem::NotQcow2
    }

    /// The same as a failed operation on a node called `name`.
    pub fn report(self, name: &str) -> BlockError {
        match self {
            Problem::File(error) => error,
            Problem::Corrupt(what) => {
                BlockError { what: format!("image '{name}' is corrupt: {what}"), errno: Errno::EIO }
            }
            Problem::Unsupported(what) => {
                BlockError { what: format!("image '{name}' uses {what}"), errno: Errno::EOPNOTSUPP }
            }
            Problem::Memory => {
                BlockError { what: format!("Unable to use {name}"), errno: Errno::ENOMEM }
            }
            Problem::ReadOnly => {
                BlockError { what: format!("Unable to write {name}"), errno: Errno::EROFS }
            }
            Problem::Lost => BlockError {
                what: format!("Unable to flush {name} after an earlier write or flush failed"),
                errno: Errno::EIO,
            },
            Problem::NotQcow2 => BlockError {
                what: format!("image '{name}' is not in qcow2 format"),
                errno: Errno::EINVAL,
            },
        }
    }
}

/// Zeros, in memory that may not be there.
pub fn buffer<T: sys::Number>(length: u64) -> Result<Vec<T>, Problem> {
    let length = usize::try_from(length).map_err(|_| Problem::Memory)?;
    sys::zeroed(length).map_err(|_| Problem::Memory)
}

impl From<BlockError> for Problem {
    fn from(error: BlockError) -> Problem {
        Problem::File(error)
    }
}
