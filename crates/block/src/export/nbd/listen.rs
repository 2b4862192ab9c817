//! The sockets that clients connect to.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use virsparse_base::sys::unix_socket::UnixSocket;

/// A listening socket.
pub enum Listener {
    Unix(UnixSocket),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens on a TCP port; port 0 is any that is free.
    pub fn tcp(address: SocketAddr) -> io::Result<(Listener, SocketAddr)> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((Listener::Tcp(listener), bound))
    }

    /// The next client, if one waits. Never waits for one.
    pub fn accept(&self) -> io::Result<OwnedFd> {
        Ok(match self {
            Listener::Unix(unix) => unix.accept()?.into(),
            Listener::Tcp(tcp) => tcp.accept()?.0.into(),
        })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Unix(unix) => unix.as_fd(),
            Listener::Tcp(tcp) => tcp.as_fd(),
        }
    }
}
