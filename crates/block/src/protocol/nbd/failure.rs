//! Why something did not work on a connection.

use virsparse_base::errno::Errno;

/// The longest part of a server's text that is shown.
const SHOWN: usize = 200;

/// An errno, and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub errno: Errno,
    pub text: String,
}

impl Failure {
    pub fn new(errno: Errno, text: impl Into<String>) -> Failure {
        Failure { errno, text: text.into() }
    }

    /// A system call that failed, whose errno says it all.
    pub fn system(errno: Errno) -> Failure {
        Failure::new(errno, "")
    }

    /// The connection is gone, or does not answer in time.
    pub fn connection(errno: Errno) -> Failure {
        let text = match errno {
            Errno::ECONNRESET => "the server has closed the connection",
            Errno::ETIMEDOUT => "the server does not answer",
            _ => "the connection is broken",
        };
        Failure::new(errno, text)
    }

    /// The server does not keep to the protocol.
    pub fn protocol(text: impl Into<String>) -> Failure {
        Failure::new(Errno::EPROTO, text)
    }

    /// A text of the server, fit to be shown.
    pub fn readable(text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let shown = text.chars().take(SHOWN);
        shown.map(|c| if c.is_control() { '?' } else { c }).collect()
    }
}
