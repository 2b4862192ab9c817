//! `virsparse-domain NAME LIBRARY`: the process of one running domain; `virsparse-domain --autostart LIBRARY URI`:
//! starts the domains of a connection that are marked to start by themselves, for a service manager to run when
//! the machine or the session of a user starts.
//!
//! The library starts it, with one end of a pair of sockets as descriptor 3, to hold a domain that is to
//! outlive the program that has started it. It loads the same library again and calls its private entry,
//! which does everything else. So this program need not be of the library's version. NAME is for who looks
//! at a list of processes.

use std::env;
use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
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

/// virConnectOpen and virConnectClose, and the node that they are of.
const OPEN: &CStr = c"virConnectOpen";
const CLOSE: &CStr = c"virConnectClose";
const PUBLIC_NODE: &CStr = c"LIBVIRT_0.0.3";

type Open = unsafe extern "C" fn(*const c_char) -> *mut c_void;
type Close = unsafe extern "C" fn(*mut c_void) -> c_int;

/// What this program is told to do with the wrong arguments.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (first, second, more) = (arguments.next(), arguments.next(), arguments.next());
    let library = match (first, second, more) {
        (Some(option), Some(library), Some(uri)) if option == "--autostart" => {
            return match autostart(library, uri) {
                Ok(()) => ExitCode::SUCCESS,
                Err(text) => {
                    eprintln!("virsparse-domain: {text}");
                    ExitCode::FAILURE
                }
            };
        }
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
    match load(library).and_then(|library| library.entry()) {
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

fn load(library: OsString) -> Result<Library, String> {
    let shown = library.display().to_string();
    let path = CString::new(library.into_vec()).map_err(|_| format!("'{shown}' is no path"))?;
    // SAFETY: the library is the one that has started this program.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(format!("cannot load '{shown}': {}", last_error()));
    }
    Ok(Library { handle, shown })
}

/// The library, which stays loaded.
struct Library {
    handle: *mut c_void,
    shown: String,
}

impl Library {
    fn symbol(&self, name: &CStr, node: &CStr) -> Result<*mut c_void, String> {
        // SAFETY: a handle, and two texts that end with a NUL.
        let symbol = unsafe { libc::dlvsym(self.handle, name.as_ptr(), node.as_ptr()) };
        match symbol.is_null() {
            true => Err(format!("'{}' cannot hold domains: {}", self.shown, last_error())),
            false => Ok(symbol),
        }
    }

    fn entry(&self) -> Result<Entry, String> {
        let entry = self.symbol(ENTRY, NODE)?;
        // SAFETY: the symbol of this node is such a function.
        Ok(unsafe { std::mem::transmute::<*mut c_void, Entry>(entry) })
    }
}

/// Opens a connection that may change something: whatever is marked is started then. The library has told of
/// an error.
fn autostart(library: OsString, uri: OsString) -> Result<(), String> {
    let shown = uri.display().to_string();
    let uri = CString::new(uri.into_vec()).map_err(|_| format!("'{shown}' is no URI"))?;
    let library = load(library)?;
    let (open, close) = (library.symbol(OPEN, PUBLIC_NODE)?, library.symbol(CLOSE, PUBLIC_NODE)?);
    // SAFETY: the symbols of this node are such functions; the connection is closed once.
    unsafe {
        let open = std::mem::transmute::<*mut c_void, Open>(open);
        let close = std::mem::transmute::<*mut c_void, Close>(close);
        let connection = open(uri.as_ptr());
        if connection.is_null() || close(connection) < 0 {
            return Err(format!("cannot open or close '{shown}'"));
        }
    }
    Ok(())
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
