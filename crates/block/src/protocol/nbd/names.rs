//! The spellings in which QEMU writes down in an image that its backing image is an NBD export.

use super::{Address, Transport, parse_uri};
use crate::backing_name::{Options, Parsed, local};

/// Understands a name; `None` if it is not one of an NBD export.
pub fn parse(name: &str) -> Option<Parsed<Address>> {
    if name.starts_with("nbd") && name.contains("://") {
        return Some(parse_uri(name).map_err(str::to_string));
    }
    name.strip_prefix("nbd:").map(short)
}

/// The oldest spelling, behind `nbd:`: `HOST:PORT` or `unix:PATH`, and `:exportname=NAME`.
fn short(rest: &str) -> Parsed<Address> {
    let (place, export) = match rest.split_once(":exportname=") {
        Some((_, "")) => return Err("the name of its export is empty".to_string()),
        Some((place, export)) => (place, export),
        None => (rest, ""),
    };
    let transport = match place.strip_prefix("unix:") {
        Some(path) => Transport::Unix(local(path)?),
        None => {
            let (host, port) = place.rsplit_once(':').ok_or("it has no port")?;
            let host =
                host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            tcp(host, port)?
        }
    };
    Ok(Address { transport, export: export.to_string() })
}

fn tcp(host: &str, port: &str) -> Parsed<Transport> {
    let port = port.parse().map_err(|_| "its port is not a number below 65536")?;
    let host = if host.is_empty() { "localhost" } else { host };
    Ok(Transport::Tcp { host: host.to_string(), port })
}

/// Takes the options of QEMU's driver `nbd`.
pub fn from_options(options: &mut Options) -> Parsed<Address> {
    let kind = options.take("server.type");
    let export = options.take("export").unwrap_or_default();
    let mut either = |name: &str| {
        let long = options.take(&format!("server.{name}"));
        long.or_else(|| options.take(name))
    };
    let (path, host, port) = (either("path"), either("host"), either("port"));
    let transport = match (kind.as_deref(), path, host) {
        (None | Some("unix"), Some(path), None) => Transport::Unix(local(&path)?),
        (None | Some("inet"), None, Some(host)) => tcp(&host, port.as_deref().unwrap_or("10809"))?,
        _ => return Err("it does not say where its server is".to_string()),
    };
    Ok(Address { transport, export })
}
