//! Errors as values: libvirt's code, domain, message and detail fields, with one constructor for
//! each way in which libvirt fills them. The C boundary turns an [`Error`] into the thread's last
//! error; nothing below it knows about that.

mod block;
mod codes;
mod messages;
mod numbers;

pub use block::Report;
pub use codes::{virErrorDomain, virErrorLevel, virErrorNumber};
pub use messages::DOMAIN_NAMES;
pub use virErrorDomain::*;
pub use virErrorNumber::*;

use std::fmt;
use std::io;

use virsparse_base::errno::Errno;

pub use virsparse_base::errno::{errno_of, errno_text};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Stands in a message for the name of the C function that reports it ([`Error::in_function`]). No text that
/// comes from outside can have it in it.
pub const FUNCTION: &str = "\0";

/// One reported error. All fields are what libvirt stores in `virError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub code: virErrorNumber,
    /// The number that callers are told in its place, where the interface has one of its own.
    pub number: Option<i32>,
    /// Which part of the library reports it.
    pub domain: virErrorDomain,
    /// The text for people: names the object, the cause and the errno text.
    pub message: String,
    /// The message's format, or the function's name for a refused argument.
    pub str1: Option<String>,
    /// The detail put into the format, or the argument's name for a refused argument.
    pub str2: Option<String>,
    /// errno of a system error, 0 for a refused argument, else -1.
    pub int1: i32,
    /// 0 for a refused argument, else -1.
    pub int2: i32,
}

impl Error {
    /// The ordinary report: the code's sentence with `detail` in it.
    pub fn new(code: virErrorNumber, domain: virErrorDomain, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let format = messages::with_detail(code);
        Error {
            code,
            number: None,
            domain,
            message: format.replacen("%s", &detail, 1),
            str1: Some(format.to_string()),
            str2: Some(detail),
            int1: -1,
            int2: -1,
        }
    }

    /// A failed system call: `detail: strerror(errno)`. Where there is no memory, libvirt has a code of
    /// its own for that.
    pub fn system(
        domain: virErrorDomain,
        errno: impl Into<Errno>,
        detail: impl fmt::Display,
    ) -> Self {
        let errno = errno.into();
        if errno == Errno::ENOMEM {
            let error = Error::new(VIR_ERR_NO_MEMORY, domain, detail.to_string());
            return Error { int1: errno.raw(), ..error };
        }
        let message = format!("{detail}: {}", errno_text(errno.raw()));
        Error {
            code: VIR_ERR_SYSTEM_ERROR,
            number: None,
            domain,
            str1: Some("%s".to_string()),
            str2: Some(message.clone()),
            message,
            int1: errno.raw(),
            int2: -1,
        }
    }

    /// The same for an error of the standard library; EIO where that carries no errno.
    pub fn io(domain: virErrorDomain, error: &io::Error, detail: impl fmt::Display) -> Self {
        Error::system(domain, errno_of(error), detail)
    }

    /// A refused argument, found by a check that needs no look at any object.
    pub fn argument(domain: virErrorDomain, argument: &str, text: impl Into<String>) -> Self {
        Error {
            code: VIR_ERR_INVALID_ARG,
            number: None,
            domain,
            message: text.into(),
            str1: Some(FUNCTION.to_string()),
            str2: Some(argument.to_string()),
            int1: 0,
            int2: 0,
        }
    }

    /// Our own fault: a state that the code rules out.
    pub fn internal(domain: virErrorDomain, detail: impl Into<String>) -> Self {
        Error::new(VIR_ERR_INTERNAL_ERROR, domain, detail)
    }

    /// An operation that the object's present state does not allow.
    pub fn invalid_operation(domain: virErrorDomain, detail: impl Into<String>) -> Self {
        Error::new(VIR_ERR_OPERATION_INVALID, domain, detail)
    }

    /// The function is known, but not for this kind of connection or object.
    pub fn no_support(domain: virErrorDomain) -> Self {
        Error::new(VIR_ERR_NO_SUPPORT, domain, FUNCTION)
    }

    /// The error as it leaves the library through that function.
    pub fn in_function(self, function: &str) -> Self {
        let named = |text: String| match text.contains(FUNCTION) {
            true => text.replace(FUNCTION, function),
            false => text,
        };
        Error {
            message: named(self.message),
            str1: self.str1.map(named),
            str2: self.str2.map(named),
            ..self
        }
    }

    /// The errno of a system error.
    pub fn errno(&self) -> Option<Errno> {
        let of_system = matches!(self.code, VIR_ERR_SYSTEM_ERROR | VIR_ERR_NO_MEMORY);
        (of_system && self.int1 > 0).then(|| Errno::from_raw(self.int1))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.replace(FUNCTION, "the function"))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_carry_errno_and_its_text() {
        let e = Error::system(VIR_FROM_STREAMS, Errno::ENOSPC, "Unable to write /p/v");
        assert_eq!(e.message, "Unable to write /p/v: No space left on device");
        assert_eq!((e.int1, e.int2), (28, -1));
        assert_eq!(e.errno(), Some(Errno::ENOSPC));
    }

    #[test]
    fn the_function_is_named_when_the_error_leaves() {
        let text = format!("length in {FUNCTION} must be greater than zero");
        let error = Error::argument(VIR_FROM_STREAMS, "length", text);
        assert_eq!(error.to_string(), "length in the function must be greater than zero");
        let error = error.in_function("virStreamSendHole");
        assert_eq!(error.message, "length in virStreamSendHole must be greater than zero");
        assert_eq!(error.str1.as_deref(), Some("virStreamSendHole"));
        let unsupported = Error::no_support(VIR_FROM_STREAMS).in_function("virStreamSend");
        assert!(unsupported.message.ends_with(": virStreamSend"));
    }

    #[test]
    fn no_memory_has_a_code_of_its_own() {
        let e = Error::system(VIR_FROM_STORAGE, Errno::ENOMEM, "Unable to read /p/v");
        assert_eq!(e.code, VIR_ERR_NO_MEMORY);
        assert_eq!(e.message, "out of memory: Unable to read /p/v");
        assert_eq!(e.errno(), Some(Errno::ENOMEM));
    }

    #[test]
    fn detail_goes_into_the_sentence_of_the_code() {
        let e = Error::new(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, "'dup'");
        assert_eq!(e.message, "storage volume 'dup' exists already");
        let e = Error::new(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "x %s");
        assert_eq!(e.message, "internal error: x %s");
    }
}
