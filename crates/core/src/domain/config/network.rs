//! Images on servers, as a `<source>` of type network has them. This is the table of protocols: each is
//! read and described here.

use crate::block::Remote;
use crate::block::nbd::{Address, Transport};
use crate::domain::config::source::Source;
use crate::error::*;
use crate::xml::{Element, excerpt};

/// The protocols that libvirt has words for.
const PROTOCOLS: [&str; 14] = [
    "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp", "ssh",
    "vxhs", "nfs", "none",
];

/// What a `<source>` of type network says.
///
/// Errors: VIR_ERR_XML_ERROR.
pub fn parse(source: &Element) -> Result<Source> {
    let protocol = source.attr("protocol").filter(|word| !word.is_empty()).ok_or_else(|| {
        let text = "missing network source protocol type";
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text)
    })?;
    if !PROTOCOLS.contains(&protocol) {
        let protocol = excerpt(protocol);
        let text =
            format!("Invalid value for attribute 'protocol' in element 'source': '{protocol}'.");
        return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text));
    }
    match protocol {
        "nbd" => nbd(source),
        other => Ok(Source::Other(format!("network of protocol {}", excerpt(other)))),
    }
}

fn nbd(source: &Element) -> Result<Source> {
    if source.attr("tls") == Some("yes") {
        return Ok(Source::Other("network of protocol nbd with TLS".to_string()));
    }
    let mut hosts = source.children("host");
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        _ => {
            let text = "protocol 'nbd' accepts only one host";
            return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text));
        }
    };
    let export = source.attr("name").unwrap_or_default().to_string();
    let needed = |attr: &'static str| {
        host.attr(attr).filter(|value| !value.is_empty()).ok_or_else(|| {
            let text = format!("missing {attr} for host");
            Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text)
        })
    };
    let transport = match host.attr("transport").unwrap_or("tcp") {
        "tcp" => {
            let host_name = needed("name")?.to_string();
            let port = host.attr("port").unwrap_or("10809");
            let port: u16 = port.parse().map_err(|_| {
                let text = format!("failed to parse port number '{}'", excerpt(port));
                Error::new(VIR_ERR_INTERNAL_ERROR, VIR_FROM_DOMAIN, text)
            })?;
            Transport::Tcp { host: host_name, port }
        }
        "unix" => Transport::Unix(needed("socket")?.into()),
        other => {
            let text = format!("unknown protocol transport type '{}'", excerpt(other));
            return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text));
        }
    };
    Ok(Source::Remote(Remote::Nbd(Address { transport, export })))
}

/// The `<source>` of an image on a server.
pub fn describe(remote: &Remote) -> Element {
    match remote {
        Remote::Nbd(Address { transport, export }) => {
            let host = match transport {
                Transport::Unix(path) => Element::new("host")
                    .with_attr("transport", "unix")
                    .with_attr("socket", path.display()),
                Transport::Tcp { host, port } => {
                    Element::new("host").with_attr("name", host).with_attr("port", port)
                }
            };
            let source = Element::new("source").with_attr("protocol", "nbd");
            source.with_attr("name", export).with_child(host)
        }
    }
}
