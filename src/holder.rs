//! The private entry of the program that holds a domain, in a version node of its own and in no header.

use std::ffi::c_int;
use std::os::fd::{FromRawFd, OwnedFd};

use virsparse_core::logging;
use virsparse_core::panic::contain_panic;

/// Holds one running domain in this process, as the message on the socket `fd` says, and returns when
/// that has ended. Only virsparse-domain calls it, with a descriptor that is the library's from then on.
///
/// Return Value: 0 if the domain has run, or 1.
#[unsafe(no_mangle)]
pub extern "C" fn virSparseHolderRun(fd: c_int) -> c_int {
    logging::init();
    // SAFETY: the program gives the descriptor away.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    match contain_panic(|| virsparse_core::driver::hold(socket)) {
        Ok(()) => 0,
        Err(error) => {
            log::error!("virSparseHolderRun: {error}");
            1
        }
    }
}
