//! The starter's end of the sockets. It sees the end of the process at the other end even if a child of this
//! one, forked meanwhile, has that end open.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use virsparse_base::errno::Errno;

/// A connection to a process that may end at any time.
pub struct Conversation {
    stream: UnixStream,
    /// Can be read when the process has ended.
    end: Option<OwnedFd>,
}

/// What has been waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ready {
    Socket,
    /// Only the end of the process.
    End,
    /// The time is over.
    Nothing,
}

impl Conversation {
    pub fn new(stream: UnixStream, end: Option<OwnedFd>) -> Conversation {
        Conversation { stream, end }
    }

    /// Waits until the socket can be read, or written, or the process has ended.
    fn wait(&self, wanted: PollFlags, timeout: PollTimeout) -> io::Result<Ready> {
        loop {
            let mut fds = vec![PollFd::new(self.stream.as_fd(), wanted)];
            fds.extend(self.end.iter().map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)));
            match poll(&mut fds, timeout).map_err(Errno::from) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(0) => return Ok(Ready::Nothing),
                Ok(_) if fds[0].any().unwrap_or(true) => return Ok(Ready::Socket),
                Ok(_) => return Ok(Ready::End),
            }
        }
    }

    /// Whether there is something to be read, or the process has ended, within that time.
    pub fn is_answered(&self, within: Duration) -> io::Result<bool> {
        let timeout = PollTimeout::try_from(within).unwrap_or(PollTimeout::MAX);
        Ok(self.wait(PollFlags::POLLIN, timeout)? != Ready::Nothing)
    }

    /// Whether the process has ended, or has closed its end.
    pub fn is_over(&self) -> bool {
        let mut byte = [0];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK;
        match recv(self.stream.as_raw_fd(), &mut byte, flags).map_err(Errno::from) {
            Err(Errno::EAGAIN) => match &self.end {
                Some(end) => {
                    let mut fds = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
                    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ended| ended > 0)
                }
                None => false,
            },
            Ok(1..) => false,
            Ok(0) | Err(_) => true,
        }
    }
}

impl Read for &Conversation {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut ended = false;
        loop {
            match recv(self.stream.as_raw_fd(), to, MsgFlags::MSG_DONTWAIT).map_err(Errno::from) {
                Err(Errno::EAGAIN) if ended => return Ok(0),
                // What it has said before it ended is still to be read.
                Err(Errno::EAGAIN) => {
                    ended = self.wait(PollFlags::POLLIN, PollTimeout::NONE)? == Ready::End;
                }
                Err(Errno::ECONNRESET) => return Ok(0),
                Err(Errno::EINTR) => {}
                result => return Ok(result?),
            }
        }
    }
}

impl Write for &Conversation {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        // No signal may reach the host.
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        loop {
            match send(self.stream.as_raw_fd(), from, flags).map_err(Errno::from) {
                Err(Errno::EAGAIN) => {
                    if self.wait(PollFlags::POLLOUT, PollTimeout::NONE)? == Ready::End {
                        return Err(ErrorKind::BrokenPipe.into());
                    }
                }
                Err(Errno::EINTR) => {}
                result => return Ok(result?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_sockets_hold_is_sent_and_an_end_is_seen() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let conversation = Conversation::new(ours, None);
        let sent = vec![7; 1 << 20];
        let got = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut got = vec![0; sent.len()];
                (&theirs).read_exact(&mut got).unwrap();
                (&theirs).write_all(b"yes").unwrap();
                got
            });
            (&conversation).write_all(&sent).unwrap();
            let got = reader.join().unwrap();
            assert!(!conversation.is_over());
            got
        });
        assert_eq!(got, sent);
        drop(theirs);
        let mut answer = String::new();
        (&conversation).read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "yes");
        assert!(conversation.is_over());
        assert_eq!((&conversation).write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_process_that_ends_is_seen_though_its_end_stays_open() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        // Stands for the descriptor of a process.
        let (end, process) = UnixStream::pair().unwrap();
        let conversation = Conversation::new(ours, Some(end.into()));
        assert!(!conversation.is_over());
        (&theirs).write_all(b"last").unwrap();
        drop(process);
        let mut answer = String::new();
        (&conversation).read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "last");
        assert!(conversation.is_over());
    }
}
