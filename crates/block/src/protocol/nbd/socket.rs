//! Sockets for both ends of the protocol. No call here raises SIGPIPE, which would end the host.

use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockaddrLike, SockaddrStorage, getsockname, recv, send,
    sendmsg, setsockopt, shutdown, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use virsparse_base::errno::{Errno, SysResult};

/// A connected stream socket.
pub struct Socket {
    fd: OwnedFd,
    /// This end has given the connection up.
    disconnected: AtomicBool,
}

impl Socket {
    /// Takes a connected socket over.
    pub fn new(socket: impl Into<OwnedFd>) -> Socket {
        let socket = Socket { fd: socket.into(), disconnected: AtomicBool::new(false) };
        let address = getsockname::<SockaddrStorage>(socket.fd.as_raw_fd());
        if address.is_ok_and(|address| address.family() != Some(AddressFamily::Unix)) {
            // Without these it works as well, if less fast and tidy.
            let _ = setsockopt(&socket.fd, sockopt::TcpNoDelay, &true);
            let _ = setsockopt(&socket.fd, sockopt::KeepAlive, &true);
        }
        socket
    }

    fn receive_with(&self, buffer: &mut [u8], flags: MsgFlags) -> SysResult<usize> {
        loop {
            match recv(self.fd.as_raw_fd(), buffer, flags).map_err(Errno::from) {
                Err(Errno::EINTR) => continue,
                // A blocking socket says so when its timeout is over.
                Err(Errno::EAGAIN) => return Err(Errno::ETIMEDOUT),
                other => return other,
            }
        }
    }

    /// Waits until there is something to receive, the end included, or until the time is over.
    pub fn wait_readable(&self, deadline: Instant) -> SysResult<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match nix::poll::poll(&mut fds, timeout).map_err(Errno::from) {
                Ok(0) if left.is_zero() => return Err(Errno::ETIMEDOUT),
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Sends everything.
    pub fn send(&self, message: &[u8]) -> SysResult<()> {
        self.send_all(&mut [IoSlice::new(message)])
    }

    /// Sends everything, in one system call where the kernel takes it at once.
    pub fn send_all(&self, parts: &mut [IoSlice]) -> SysResult<()> {
        self.send_in_steps(parts, usize::MAX, || {})
    }

    /// Sends everything, at most `step` bytes with one system call; `progress` runs after each.
    pub fn send_in_steps(
        &self,
        mut parts: &mut [IoSlice],
        step: usize,
        mut progress: impl FnMut(),
    ) -> SysResult<()> {
        IoSlice::advance_slices(&mut parts, 0);
        while let Some(first) = parts.first() {
            let flags = MsgFlags::MSG_NOSIGNAL;
            let result = if first.len() > step {
                let part = [IoSlice::new(&first[..step])];
                sendmsg::<()>(self.fd.as_raw_fd(), &part, &[], flags, None)
            } else {
                let ends = parts.iter().scan(0usize, |end, part| {
                    *end = end.saturating_add(part.len());
                    Some(*end)
                });
                let count = ends.take_while(|end| *end <= step).count();
                sendmsg::<()>(self.fd.as_raw_fd(), &parts[..count], &[], flags, None)
            };
            match result.map_err(Errno::from) {
                Ok(sent) => {
                    IoSlice::advance_slices(&mut parts, sent);
                    progress();
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Err(Errno::ETIMEDOUT),
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Sends what the kernel takes at once, and returns how much that is. EAGAIN if it takes nothing.
    pub fn send_some(&self, parts: &[IoSlice]) -> SysResult<usize> {
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        // The kernel takes a limited number of parts at once.
        let parts = &parts[..parts.len().min(libc::UIO_MAXIOV as usize)];
        Ok(sendmsg::<()>(self.fd.as_raw_fd(), parts, &[], flags, None)?)
    }

    /// Waits until something can be sent, or, if wanted, received. Returns whether each can be; neither
    /// when the time is over.
    pub fn wait_for_room(&self, or_readable: bool, time: Duration) -> SysResult<(bool, bool)> {
        let wanted = if or_readable { PollFlags::POLLIN } else { PollFlags::empty() };
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT | wanted)];
        match nix::poll::poll(&mut fds, PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let found = fds[0].revents().unwrap_or(PollFlags::empty());
        let over = found.intersects(PollFlags::POLLERR | PollFlags::POLLHUP);
        let writable = found.contains(PollFlags::POLLOUT) || over;
        Ok((writable, found.contains(PollFlags::POLLIN)))
    }

    /// Sends what the kernel takes without waiting.
    pub fn try_send(&self, message: &[u8]) {
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        let _ = send(self.fd.as_raw_fd(), message, flags);
    }

    /// How long a send may wait for the other end to make room; `None` for ever.
    pub fn set_send_timeout(&self, timeout: Option<Duration>) -> SysResult<()> {
        setsockopt(&self.fd, sockopt::SendTimeout, &time_value(timeout)).map_err(Errno::from)
    }

    /// How long a receive may wait; `None` for ever.
    pub fn set_receive_timeout(&self, timeout: Option<Duration>) -> SysResult<()> {
        setsockopt(&self.fd, sockopt::ReceiveTimeout, &time_value(timeout)).map_err(Errno::from)
    }

    /// Takes no more from the other end. What it has sent already can still be received.
    pub fn stop_receiving(&self) {
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Read);
    }

    /// Ends the connection, also for the threads that are just using it.
    pub fn disconnect(&self) {
        self.disconnected.store(true, Ordering::Release);
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Both);
    }

    /// Whether this end has given the connection up. What the other end has sent before may still
    /// arrive.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected.load(Ordering::Acquire)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The kernel takes 0 for no limit.
fn time_value(timeout: Option<Duration>) -> TimeVal {
    let limited = |time: Duration| time.as_micros().clamp(1, i64::MAX as u128 / 2) as i64;
    TimeVal::microseconds(timeout.map_or(0, limited))
}

/// The receiving end of a socket, which takes as much as there is at once: a client with several
/// requests under way costs one system call for many.
pub struct Receiver {
    socket: Arc<Socket>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// How much is received ahead of what is needed.
    ahead: usize,
    deadline: Option<Instant>,
}

/// A payload of up to this size is received with what follows it; a larger one is received where
/// it is wanted, and little of what follows it, which would have to be copied.
const SMALL: usize = 64 * 1024;
const BUFFER: usize = 2 * SMALL;
const LITTLE: usize = 4096;

/// How often a receiver looks again before it sleeps: some 20 us.
const LINGER: usize = 32;

impl Receiver {
    pub fn new(socket: Arc<Socket>) -> Receiver {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Receiver { socket, buffer, start: 0, end: 0, ahead: BUFFER, deadline: None }
    }

    /// The socket that it receives from.
    pub fn socket(&self) -> Arc<Socket> {
        self.socket.clone()
    }

    /// Until when everything must be received.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Whether so many bytes can be taken without waiting.
    pub fn has(&self, count: usize) -> bool {
        self.end - self.start >= count
    }

    /// Whether nothing has been received that was not taken.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether [`Receiver::fill`] takes so many bytes.
    pub fn fits(count: usize) -> bool {
        count <= SMALL
    }

    /// Waits until `count` bytes can be taken. False if the other end closed before the first.
    pub fn fill(&mut self, count: usize) -> SysResult<bool> {
        debug_assert!(Receiver::fits(count));
        while !self.has(count) {
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            } else if self.start + count > BUFFER {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            let limit = (self.start + count + self.ahead).min(BUFFER);
            let received = self.receive(limit, MsgFlags::empty())?;
            if received == 0 {
                return if self.is_empty() { Ok(false) } else { Err(Errno::ECONNRESET) };
            }
        }
        Ok(true)
    }

    fn receive(&mut self, limit: usize, flags: MsgFlags) -> SysResult<usize> {
        if let Some(deadline) = self.deadline {
            self.socket.wait_readable(deadline)?;
        }
        let received = self.socket.receive_with(&mut self.buffer[self.end..limit], flags)?;
        self.end += received;
        Ok(received)
    }

    /// Receives what is there now, if anything is.
    pub fn poll(&mut self) -> bool {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        self.end < BUFFER && matches!(self.receive(BUFFER, MsgFlags::MSG_DONTWAIT), Ok(1..))
    }

    /// Gives the other end a moment to send so many bytes, which it is about to do.
    pub fn linger(&mut self, count: usize) {
        for _ in 0..LINGER {
            if self.has(count) {
                return;
            }
            if !self.poll() {
                std::thread::yield_now();
            }
        }
    }

    /// The four bytes that are next, which [`Receiver::fill`] has made sure of.
    pub fn peek(&self) -> [u8; 4] {
        let next = &self.buffer[self.start..self.end];
        next.first_chunk().copied().unwrap_or_default()
    }

    /// Takes bytes that [`Receiver::fill`] has made sure of.
    pub fn take(&mut self, count: usize) -> &[u8] {
        self.ahead = BUFFER;
        let from = self.start;
        self.start = (from + count).min(self.end);
        &self.buffer[from..self.start]
    }

    /// Receives exactly what fills `target`.
    pub fn receive_into(&mut self, target: &mut [u8]) -> SysResult<()> {
        let here = target.len().min(self.end - self.start);
        target[..here].copy_from_slice(&self.buffer[self.start..self.start + here]);
        self.start += here;
        if !Receiver::fits(target.len()) {
            self.ahead = LITTLE;
        }
        let mut done = here;
        while done < target.len() {
            if let Some(deadline) = self.deadline {
                self.socket.wait_readable(deadline)?;
            }
            // All at once: the other end sends it in pieces, and each would wake us.
            let flags = match self.deadline {
                None => MsgFlags::MSG_WAITALL,
                Some(_) => MsgFlags::empty(),
            };
            match self.socket.receive_with(&mut target[done..], flags)? {
                0 => return Err(Errno::ECONNRESET),
                received => done += received,
            }
        }
        Ok(())
    }

    /// Receives bytes and forgets them.
    pub fn skip(&mut self, mut count: u64) -> SysResult<()> {
        while count > 0 {
            let part = count.min(LITTLE as u64) as usize;
            if !self.fill(part)? {
                return Err(Errno::ECONNRESET);
            }
            self.take(part);
            count -= part as u64;
        }
        Ok(())
    }
}
