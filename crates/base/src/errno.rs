//! Errors of the system by their numbers.

use std::{error, fmt, io};

/// An error number of the system, as `errno` holds it.
///
/// It is shown as C programs know it: by name with `{:?}` (`ENOENT`), by name and text with `{}`
/// (`ENOENT: No such file or directory`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(i32);

/// The result of a system call.
pub type SysResult<T> = Result<T, Errno>;

macro_rules! numbers {
    ($($name:ident)*) => {
        /// The numbers that this library tells apart.
        #[allow(missing_docs, reason = "they are the system's own names")]
        impl Errno {
            $(pub const $name: Errno = Errno(libc::$name);)*
        }
    };
}

numbers! {
    EACCES EADDRINUSE EAGAIN EBADF EBUSY ECANCELED ECONNREFUSED ECONNRESET EDQUOT EEXIST EFBIG
    EHOSTUNREACH EILSEQ EINTR EINVAL EIO EISDIR ELOOP EMFILE EMSGSIZE ENAMETOOLONG ENFILE ENOENT ENOLCK
    ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM EPIPE EPROTO
    EPROTONOSUPPORT EROFS ESHUTDOWN ESPIPE ESRCH ESTALE ETIMEDOUT EXDEV
}

impl Errno {
    /// The error of this number.
    pub const fn from_raw(number: i32) -> Errno {
        Errno(number)
    }

    /// What a system call returned: anything but -1, or the errno of this thread.
    pub(crate) fn result<T: PartialEq + From<i8>>(returned: T) -> SysResult<T> {
        match returned == T::from(-1) {
            true => Err(errno_of(&io::Error::last_os_error())),
            false => Ok(returned),
        }
    }

    /// Its number.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// Whether the process or the machine lacks something, as opposed to the file that a call is about:
    /// what the call was to find is unknown then, and the next attempt may succeed.
    pub fn is_shortage(self) -> bool {
        matches!(self, Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EINTR)
    }

    /// Whether the kernel or the filesystem has no such operation, or not for such a file.
    pub fn is_unsupported(self) -> bool {
        matches!(self, Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL)
    }

    /// strerror's text: "No such file or directory".
    pub fn text(self) -> String {
        errno_text(self.0)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nix::errno::Errno::from_raw(self.0) {
            nix::errno::Errno::UnknownErrno => write!(f, "errno {}", self.0),
            known => write!(f, "{known:?}"),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nix::errno::Errno::from_raw(self.0) {
            nix::errno::Errno::UnknownErrno => write!(f, "errno {}", self.0),
            known => write!(f, "{known}"),
        }
    }
}

impl error::Error for Errno {}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.0)
    }
}

/// For the crates of this workspace, which make some system calls by nix: programs cannot rely on its
/// version.
#[doc(hidden)]
impl From<nix::errno::Errno> for Errno {
    fn from(errno: nix::errno::Errno) -> Errno {
        Errno(errno as i32)
    }
}

/// The errno behind an error of the standard library, or EIO.
pub fn errno_of(error: &io::Error) -> Errno {
    match (error.raw_os_error(), error.kind()) {
        (Some(errno), _) => Errno(errno),
        (None, io::ErrorKind::OutOfMemory) => Errno::ENOMEM,
        (None, _) => Errno::EIO,
    }
}

/// strerror's text, which users search for; the standard library adds "(os error N)" to it.
pub fn errno_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errno_is_shown_by_name_and_text() {
        assert_eq!(format!("{:?}", Errno::ENOENT), "ENOENT");
        assert_eq!(Errno::ENOENT.to_string(), "ENOENT: No such file or directory");
        assert_eq!(Errno::ENOENT.text(), "No such file or directory");
        assert_eq!(Errno::from_raw(4095).to_string(), "errno 4095");
    }

    #[test]
    fn an_errno_survives_the_way_through_the_standard_library() {
        let error = io::Error::from(Errno::EXDEV);
        assert_eq!(errno_of(&error), Errno::EXDEV);
        assert_eq!(errno_of(&io::Error::other("x")), Errno::EIO);
    }
}
