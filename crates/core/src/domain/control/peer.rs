//! Whom a control connection leads to: a process of the same user, through a folder that is that user's alone.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use nix::unistd::{Uid, geteuid};
use virsparse_base::errno::Errno;

/// The user and the process at the other end.
pub struct Peer {
    pub user: Uid,
    pub process: i32,
}

/// Who is at the other end: of a listening socket, who has begun to listen.
pub fn peer(socket: &impl AsFd) -> io::Result<Peer> {
    let credentials = getsockopt(socket, sockopt::PeerCredentials)?;
    Ok(Peer { user: Uid::from_raw(credentials.uid()), process: credentials.pid() })
}

/// Whether a user may do what this process can.
pub fn may_connect(user: Uid) -> bool {
    user == geteuid() || user.is_root()
}

/// How long it may take until there is room for another connection.
const CONNECTS: TimeVal = TimeVal::new(5, 0);

fn refused(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, what)
}

/// Connects to a socket in a folder. Nothing is followed on the way into the folder, which must be its
/// owner's alone; the owner is who runs this, unless that is root.
pub fn connect_in(folder: &Path, name: &str) -> io::Result<OwnedFd> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_PATH)
        .open(folder)?;
    let owner = owner_of(&opened, folder)?;
    // However long the folder's path is, and whatever has its name by now.
    let path: PathBuf = format!("/proc/self/fd/{}/{name}", opened.as_raw_fd()).into();
    let file =
        OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_PATH).open(path)?;
    let found = file.metadata()?;
    if !found.file_type().is_socket() || found.uid() != owner.as_raw() {
        return Err(refused(format!(
            "'{name}' in '{}' is no socket of user {owner}",
            folder.display()
        )));
    }
    let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    // So many may wait already for a process that takes nobody that one more would wait for ever.
    setsockopt(&socket, sockopt::SendTimeout, &CONNECTS)?;
    let path: PathBuf = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
    connect(socket.as_raw_fd(), &UnixAddr::new(&path)?).map_err(Errno::from)?;
    let peer = peer(&socket)?;
    if peer.user != owner {
        let text = format!("process {} of user {} listens there", peer.process, peer.user);
        return Err(refused(text));
    }
    Ok(socket)
}

fn owner_of(opened: &File, folder: &Path) -> io::Result<Uid> {
    let found = opened.metadata()?;
    let (owner, mode) = (Uid::from_raw(found.uid()), found.mode() & 0o777);
    if owner != geteuid() && !geteuid().is_root() {
        return Err(refused(format!("'{}' belongs to user {owner}", folder.display())));
    }
    if mode & 0o077 != 0 {
        return Err(refused(format!("others may use '{}' (mode {mode:o})", folder.display())));
    }
    Ok(owner)
}
