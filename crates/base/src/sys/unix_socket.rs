//! Unix sockets that are listened on.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use nix::sys::stat::{Mode, fchmod};

use crate::errno::{Errno, SysResult, errno_of};

/// Clients that may wait to be accepted.
const BACKLOG: i32 = 128;

/// How often another process is given time to get its own socket ready, and how much.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A listening unix socket, whose file goes with it.
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file, as it was made.
    identity: (u64, u64),
}

impl UnixSocket {
    /// Listens at `path`, which only this user may connect to. A socket that is there already is
    /// replaced if nobody listens on it; anything else is left alone.
    pub fn listen(path: &Path) -> SysResult<UnixSocket> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Between bind and listen a socket looks like one that is left over. So all of this library
        // take turns in one folder, and none removes what another is about to use.
        let turn = Turn(lock(folder)?);
        // By its folder: the address has room for a name, and not for every path.
        let name = path.file_name().ok_or(Errno::EINVAL)?;
        let place = format!("/proc/self/fd/{}", turn.0.as_raw_fd());
        let place = Path::new(&place).join(name);
        let socket = match bound(&place) {
            Err(Errno::EADDRINUSE) => {
                remove_left_over(&place)?;
                bound(&place)?
            }
            other => other?,
        };
        listen(&socket, Backlog::new(BACKLOG)?)?;
        let listener = UnixListener::from(socket);
        listener.set_nonblocking(true).map_err(|e| errno_of(&e))?;
        let made = fs::symlink_metadata(path).map_err(|e| errno_of(&e))?;
        let identity = (made.dev(), made.ino());
        Ok(UnixSocket { listener, path: path.to_path_buf(), identity })
    }

    /// The next client, if one waits. Never waits for one.
    pub fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(client, _)| client)
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path);
        let is_ours = now.is_ok_and(|now| (now.dev(), now.ino()) == self.identity);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            log::warn!("the socket '{}' stays: {error}", self.path.display());
        }
    }
}

/// A socket bound to a new file. Linux makes the file with the mode that the socket itself has, so
/// it is 0600 from its first moment. umask could do that, too, but belongs to the whole process.
fn bound(path: &Path) -> SysResult<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(socket)
}

/// The right to look after the sockets of a folder.
struct Turn(File);

impl Drop for Turn {
    fn drop(&mut self) {
        // Closing does so too, but not while a child that was just forked has the file open.
        if let Err(error) = self.0.unlock() {
            log::debug!("the lock of a folder ends when it is closed: {error}");
        }
    }
}

/// The lock of a folder.
fn lock(folder: &Path) -> SysResult<File> {
    let file = File::open(folder).map_err(|e| errno_of(&e))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(e)) => return Err(errno_of(&e)),
        }
    }
    Err(Errno::EBUSY)
}

/// Removes a socket that nobody listens on.
fn remove_left_over(path: &Path) -> SysResult<()> {
    let there = fs::symlink_metadata(path).map_err(|e| errno_of(&e))?;
    if !there.file_type().is_socket() {
        return Err(Errno::EEXIST);
    }
    // Not to wait where somebody listens who is slow to accept.
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let probe = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(probe.as_raw_fd(), &UnixAddr::new(path)?).map_err(Errno::from) {
        Err(Errno::ECONNREFUSED) => fs::remove_file(path).map_err(|e| errno_of(&e)),
        _ => Err(Errno::EADDRINUSE),
    }
}
