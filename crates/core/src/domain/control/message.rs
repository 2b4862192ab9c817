//! Messages on a control connection, as varlink has them: JSON objects, each followed by a NUL.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use nix::sys::socket::{self, MsgFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use virsparse_base::errno::Errno;

/// The longest message that is taken. The largest that is sent is the description of a domain, or a part of
/// a list of extents.
pub const MESSAGE_MAX: usize = 32 << 20;

/// What is read at a time.
const PIECE: usize = 16 << 10;

/// A method that is called.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Call {
    /// With its interface before it.
    pub method: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
    /// Several replies are taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// None is waited for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub oneway: bool,
    /// What follows is to be another protocol.
    #[serde(default, skip_serializing_if = "is_false")]
    pub upgrade: bool,
}

/// A reply to one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Reply {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
    /// Another one follows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continues: bool,
    /// Why there is no result, by the name of an error of some interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Reads messages.
pub struct Reader<R> {
    from: R,
    /// What has arrived and is not used yet.
    waiting: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub fn new(from: R) -> Reader<R> {
        Reader { from, waiting: Vec::new() }
    }

    /// Whether all that has come has been taken.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What they come from.
    pub fn source(&self) -> &R {
        &self.from
    }

    /// The same, to be changed between two.
    pub fn source_mut(&mut self) -> &mut R {
        &mut self.from
    }

    /// The next message; `None` if the peer has ended the connection between two. Fails with InvalidData
    /// if what comes is no such message.
    pub fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.waiting[looked_at..].iter().position(|byte| *byte == 0) {
                let end = looked_at + end;
                let message = serde_json::from_slice(&self.waiting[..end])
                    .map_err(|e| io::Error::new(ErrorKind::InvalidData, e));
                self.waiting.drain(..=end);
                // What a long message has taken is not kept for the short ones that follow.
                self.waiting.shrink_to(PIECE);
                return message.map(Some);
            }
            looked_at = self.waiting.len();
            if looked_at > MESSAGE_MAX {
                return Err(io::Error::new(ErrorKind::InvalidData, "the message is too long"));
            }
            let mut piece = [0; PIECE];
            match self.from.read(&mut piece) {
                Ok(0) if self.waiting.is_empty() => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.waiting.extend_from_slice(&piece[..length]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// A socket that is written without a signal to the host if nobody reads any more.
pub struct Quiet<'a>(pub &'a UnixStream);

impl Write for Quiet<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        Ok(socket::send(self.0.as_raw_fd(), from, MsgFlags::MSG_NOSIGNAL).map_err(Errno::from)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a message.
pub fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(message)?;
    text.push(0);
    if text.len() > MESSAGE_MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "the message is too long"));
    }
    to.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_as_they_arrive() {
        // One byte at a time.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                let length = self.0.len().min(1);
                to[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let sent = b"{\"method\":\"a.b\"}\0{\"method\":\"c.d\",\"more\":true}\0";
        let mut reader = Reader::new(Slow(sent));
        let first: Call = reader.next().unwrap().unwrap();
        assert_eq!(
            (first.method.as_str(), first.more, first.parameters),
            ("a.b", false, Value::Null)
        );
        let second: Call = reader.next().unwrap().unwrap();
        assert!(second.more);
        assert!(reader.next::<Call>().unwrap().is_none());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let next = |bytes: &[u8]| Reader::new(bytes).next::<Call>().map_err(|e| e.kind());
        assert_eq!(next(b"GET / HTTP/1.1\r\n\0").err(), Some(ErrorKind::InvalidData));
        assert_eq!(next(b"{\"method\":\"a\"").err(), Some(ErrorKind::UnexpectedEof));
        assert_eq!(next(b"{}\0").err(), Some(ErrorKind::InvalidData));
        let deep =
            [b"{\"method\":\"a\",\"parameters\":".to_vec(), vec![b'['; 1 << 20], vec![0]].concat();
        assert_eq!(next(&deep).err(), Some(ErrorKind::InvalidData));
        let mut endless = Reader::new(io::repeat(b' '));
        assert_eq!(
            endless.next::<Call>().map_err(|e| e.kind()).err(),
            Some(ErrorKind::InvalidData)
        );
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let mut sent = Vec::new();
        let parameters = serde_json::json!({"most": u64::MAX, "least": i64::MIN});
        send(&mut sent, &Reply { parameters: parameters.clone(), ..Reply::default() }).unwrap();
        let reply: Reply = Reader::new(&*sent).next().unwrap().unwrap();
        assert_eq!(reply.parameters, parameters);
        assert!(!reply.continues && reply.error.is_none());
    }
}
