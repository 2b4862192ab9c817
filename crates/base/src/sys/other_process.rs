//! Another process, by a descriptor: a number could by now be somebody else's.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};

use crate::errno::{Errno, SysResult, errno_of};

/// A process.
pub struct OtherProcess(OwnedFd);

impl OtherProcess {
    /// The one at the other end of a connected unix socket: the one that listens, if that has not accepted it
    /// yet; the one that has made both ends, if they are a pair. ESRCH if it has ended.
    pub fn behind(socket: &impl AsFd) -> SysResult<OtherProcess> {
        // Linux 6.5 and later.
        match getsockopt(socket, sockopt::PeerPidfd) {
            Ok(process) => return Ok(OtherProcess(process)),
            Err(nix::errno::Errno::ENOPROTOOPT) => {}
            // Some kernels say this of one that has ended and been waited for.
            Err(nix::errno::Errno::EINVAL) => return Err(Errno::ESRCH),
            Err(errno) => return Err(errno.into()),
        }
        let number = getsockopt(socket, sockopt::PeerCredentials)?.pid();
        let process = open(number)?;
        // Had that process ended before, and its number been given to another, the connection would have
        // ended with it.
        let mut connection = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut connection, PollTimeout::ZERO)?;
        let ended = PollFlags::POLLHUP | PollFlags::POLLERR;
        match connection[0].revents() {
            Some(events) if !events.intersects(ended) => Ok(OtherProcess(process)),
            _ => Err(Errno::ESRCH),
        }
    }

    /// The one of a number, if it has that file open; `None` if there is no such process.
    pub fn with_file(number: u32, file: &Path) -> SysResult<Option<OtherProcess>> {
        let looked_for = fs::metadata(file).map_err(|e| errno_of(&e))?;
        // From here on the number is that process's, or the descriptor says that it has ended.
        let process = match open(number as libc::pid_t) {
            Err(Errno::ESRCH) => return Ok(None),
            process => process?,
        };
        let all = fs::read_dir(format!("/proc/{number}/fd")).map_err(|e| errno_of(&e))?;
        let has_it = all.filter_map(Result::ok).any(|fd| {
            let found = fs::metadata(fd.path());
            found.is_ok_and(|found| {
                (found.dev(), found.ino()) == (looked_for.dev(), looked_for.ino())
            })
        });
        let process = OtherProcess(process);
        Ok((has_it && !process.wait(Duration::ZERO)?).then_some(process))
    }

    /// Can be read when it has ended.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Ends it at once. It may have ended before.
    pub fn kill(&self) -> SysResult<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a descriptor that is open, numbers, and no information about the signal.
        let sent = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), libc::SIGKILL, none, 0)
        };
        match Errno::result(sent) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Waits until it has ended. False if it has not within that time.
    pub fn wait(&self, timeout: Duration) -> SysResult<bool> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        loop {
            match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(ready) => return Ok(ready > 0),
                Err(errno) if errno_of(&errno.into()) == Errno::EINTR => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn open(number: libc::pid_t) -> SysResult<OwnedFd> {
    // SAFETY: two numbers; the descriptor that it returns is nobody else's.
    unsafe {
        let fd = Errno::result(libc::syscall(libc::SYS_pidfd_open, number, 0))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_found_behind_its_socket_and_ended() {
        let folder = std::env::temp_dir().join(format!("other-process-{}", std::process::id()));
        let script = "import socket, sys, time; s = socket.socket(socket.AF_UNIX); \
                      s.bind(sys.argv[1]); s.listen(); print('up', flush=True); time.sleep(600)";
        let mut child = Command::new("python3")
            .args(["-c", script])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = [0; 2];
        std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut up).unwrap();
        // It never accepts the connection.
        let socket = UnixStream::connect(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let process = OtherProcess::behind(&socket).unwrap();
        assert!(!process.wait(Duration::from_millis(1)).unwrap());
        // By its number it is found only with a file that it has open.
        assert!(
            OtherProcess::with_file(child.id(), Path::new("/proc/self/exe")).unwrap().is_none()
        );
        let null = OtherProcess::with_file(child.id(), Path::new("/dev/null")).unwrap();
        assert!(!null.unwrap().wait(Duration::ZERO).unwrap());
        process.kill().unwrap();
        assert!(process.wait(Duration::from_secs(600)).unwrap());
        assert!(!child.wait().unwrap().success());
        process.kill().unwrap();
    }
}
