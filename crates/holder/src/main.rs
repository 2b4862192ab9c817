//! `virsparse-domain NAME LIBRARY`: the process of one running domain.
//!
//! The library starts it, with one end of a pair of sockets as descriptor 3, to hold a domain that is to
//! outlive the program that has started it. It loads the same library again and calls its private entry,
//! which does everything else. So this program need not be of the library's version. NAME is for who looks
//! at a list of processes.

use std::env;
use std::ffi::{CStr, CString, OsString, c_int};
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// The end of the sockets.
const SOCKET: c_int = 3;

/// The library's entry, and its version node, which is in no header.
const ENTRY: &CStr = c"virSparseHolderRun";
const NODE: &CStr = c"VIRSPARSE_PRIVATE";

type Entry = unsafe extern "C" fn(c_int) -> c_int;

/// What this program is told to do with the wrong arguments.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (first, second, more) = (arguments.next(), arguments.next(), arguments.next());
    let library = match (first, second, more) {
        (Some(option), None, None) if option == "--version" => {
            println!("virsparse-domain {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        (Some(_), Some(library), None) if is_socket() => library,
        _ => {
            eprintln!("virsparse-domain is started by libvirsparse, to hold a running domain.");
            return ExitCode::from(USAGE);
        }
    };
    match load(library) {
        // SAFETY: the library's entry takes the socket, and returns when the domain has ended.
        Ok(entry) => match unsafe { entry(SOCKET) } {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
        Err(text) => {
            complain(&text);
            ExitCode::FAILURE
        }
    }
}

/// Whether somebody has started this program who waits for an answer.
fn is_socket() -> bool {
    // SAFETY: all bytes of it may be zero, and the kernel writes one.
    unsafe {
        let mut found: libc::stat = std::mem::zeroed();
        libc::fstat(SOCKET, &mut found) == 0 && found.st_mode & libc::S_IFMT == libc::S_IFSOCK
    }
}

fn load(library: OsString) -> Result<Entry, String> {
    let shown = library.display().to_string();
    let path = CString::new(library.into_vec()).map_err(|_| format!("'{shown}' is no path"))?;
    // SAFETY: the library is the one that has started this program.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(format!("cannot load '{shown}': {}", last_error()));
    }
    // SAFETY: a handle, and two texts that end with a NUL.
    let entry = unsafe { libc::dlvsym(handle, ENTRY.as_ptr(), NODE.as_ptr()) };
    if entry.is_null() {
        return Err(format!("'{shown}' cannot hold domains: {}", last_error()));
    }
    // SAFETY: the symbol of this node is such a function.
    Ok(unsafe { std::mem::transmute::<*mut libc::c_void, Entry>(entry) })
}

/// What the loader says of its last failure.
fn last_error() -> String {
    // SAFETY: a text of the loader's, which stays until its next call, or NULL.
    unsafe {
        let text = libc::dlerror();
        match text.is_null() {
            true => "the loader does not say why".to_string(),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        }
    }
}

/// Tells the starter why nothing is held: a message that begins with an exclamation mark is a text, and
/// every other is the library's.
fn complain(text: &str) {
    // SAFETY: it is a socket, and is closed when this process ends.
    let mut socket = ManuallyDrop::new(unsafe { File::from_raw_fd(SOCKET) });
    let message: Vec<u8> = [b"!", text.replace('\0', " ").as_bytes(), b"\0"].concat();
    // Where nobody listens any more, nobody wants to know.
    let _ = socket.write_all(&message);
}
