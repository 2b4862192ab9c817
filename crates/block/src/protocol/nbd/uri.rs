//! NBD URIs, as the NBD project's doc/uri.md defines them, without TLS.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::protocol::text;

/// What stands for itself in the parts of a URI.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The port that is NBD's.
const PORT: u16 = 10809;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// On a port of a host.
    Tcp {
        /// The name or the address of the host, without brackets.
        host: String,
        /// The port's number.
        port: u16,
    },
    /// On a unix socket, by its path.
    Unix(PathBuf),
}

/// A name, or a path, as a part of a URI.
pub fn uri_part(bytes: &[u8]) -> String {
    percent_encode(bytes, PLAIN).to_string()
}

/// What a URI names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Where the server listens.
    pub transport: Transport,
    /// The name of the export; empty for the one that the server chooses.
    pub export: String,
}

impl Address {
    /// As a URI: however it was written down, the same address is the same text.
    pub fn uri(&self) -> String {
        let export = uri_part(self.export.as_bytes());
        match &self.transport {
            Transport::Unix(path) => {
                format!("nbd+unix:///{export}?socket={}", uri_part(path.as_os_str().as_bytes()))
            }
            Transport::Tcp { host, port } => {
                // An address of IP version 6 needs its brackets, everything else is escaped.
                let host = match host.parse::<std::net::Ipv6Addr>() {
                    Ok(address) => format!("[{address}]"),
                    Err(_) => uri_part(host.as_bytes()).replace('/', "%2F"),
                };
                format!("nbd://{host}:{port}/{export}")
            }
        }
    }
}

/// Takes a URI apart; an error says what is wrong with it.
pub fn parse(uri: &str) -> Result<Address, &'static str> {
    let (scheme, rest) = uri.split_once("://").ok_or("it is no URI")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let export = percent_decode_str(path).collect::<Vec<u8>>();
    let export = text(&export).ok_or("the name of its export is not a text")?.to_string();
    let transport = match scheme {
        "nbd" | "nbd+tcp" if query.is_empty() => tcp(authority)?,
        "nbd" | "nbd+tcp" => return Err("it has parameters that are not known"),
        "nbd+unix" if authority.is_empty() => unix(query)?,
        "nbd+unix" => return Err("it has both a host and a socket"),
        "nbds" | "nbds+unix" => return Err("TLS is not supported"),
        _ => return Err("its scheme is neither nbd nor nbd+unix"),
    };
    Ok(Address { transport, export })
}

fn tcp(authority: &str) -> Result<Transport, &'static str> {
    // A user's name is for TLS only.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("a bracket is missing")?;
            match rest.strip_prefix(':') {
                None if !rest.is_empty() => return Err("its host is malformed"),
                port => (host, port),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        None | Some("") => PORT,
        Some(port) => port.parse().map_err(|_| "its port is not a number below 65536")?,
    };
    let host = percent_decode_str(host).decode_utf8().map_err(|_| "its host is not a text")?;
    // The URI's specification leaves the host out for this machine.
    let host = if host.is_empty() { "localhost".into() } else { host.into_owned() };
    Ok(Transport::Tcp { host, port })
}

fn unix(query: &str) -> Result<Transport, &'static str> {
    let path = match query.split_once('=') {
        Some(("socket", path)) if !path.contains('&') => path,
        _ => return Err("it needs a socket, and no other parameter"),
    };
    let path: Vec<u8> = percent_decode_str(path).collect();
    if path.is_empty() || path.contains(&0) {
        return Err("its socket is not a path");
    }
    Ok(Transport::Unix(OsString::from_vec(path).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16, export: &str) -> Result<Address, &'static str> {
        let transport = Transport::Tcp { host: host.to_string(), port };
        Ok(Address { transport, export: export.to_string() })
    }

    #[test]
    fn uris_are_taken_apart() {
        assert_eq!(parse("nbd://h"), tcp("h", 10809, ""));
        assert_eq!(parse("nbd://h:7/a%20b/c"), tcp("h", 7, "a b/c"));
        assert_eq!(parse("nbd://me@[::1]:7/"), tcp("::1", 7, ""));
        assert_eq!(parse("nbd:///x"), tcp("localhost", 10809, "x"));
        let transport = Transport::Unix("/run/a b".into());
        let address = Address { transport, export: "vda".to_string() };
        assert_eq!(parse("nbd+unix:///vda?socket=/run/a%20b"), Ok(address));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for uri in [
            "",
            "h:7",
            "nbd:h:7",
            "http://h/",
            "nbds://h/",
            "nbd://h:99999/",
            "nbd://[::1/",
            "nbd://[::1]7/",
            "nbd://h/x?tls=1",
            "nbd+unix:///x",
            "nbd+unix:///x?socket=",
            "nbd+unix:///x?socket=%00",
            "nbd+unix://h/x?socket=/s",
            "nbd+unix:///x?sock=/s",
            "nbd+unix:///x?socket=/s&a=b",
            "nbd://h/%ff",
            "nbd://h/%00",
        ] {
            assert!(parse(uri).is_err(), "{uri}");
        }
    }
}
