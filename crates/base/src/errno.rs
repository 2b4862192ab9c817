//! Errors of the system by their numbers.

use std::io;

use nix::errno::Errno;

/// The errno behind an error of the standard library, or EIO.
pub fn errno_of(error: &io::Error) -> Errno {
    match (error.raw_os_error(), error.kind()) {
        (Some(errno), _) => Errno::from_raw(errno),
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
