//! What the name of a backing image means: a local file, or an NBD export in one of the spellings in which
//! QEMU writes them down.

use std::path::PathBuf;

use crate::{Location, Remote, json};

/// A name, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingName {
    /// Where it leads. A path may be relative to the folder of the image that has the name.
    pub location: Location,
    /// The format that the name itself says.
    pub format: Option<String>,
}

/// An error says why a name is none that can be opened.
pub(crate) type Parsed<T> = Result<T, String>;

/// Options that change nothing of what is read.
const HARMLESS: [&str; 12] = [
    "read-only",
    "auto-read-only",
    "discard",
    "detect-zeroes",
    "force-share",
    "node-name",
    "aio",
    "locking",
    "reconnect-delay",
    "open-timeout",
    "cache.direct",
    "cache.no-flush",
];

/// Understands a name; an error says why it is none that can be opened.
pub fn parse(name: &str) -> Parsed<BackingName> {
    let plain = |location| Ok(BackingName { location, format: None });
    if let Some(options) = name.strip_prefix("json:") {
        return from_json(options);
    }
    if let Some(path) = name.strip_prefix("file:") {
        return plain(Location::File(absolute(path)?));
    }
    if let Some(remote) = Remote::from_name(name) {
        return plain(Location::Remote(remote?));
    }
    if crate::location::has_protocol(name) {
        return Err("it is neither a local file nor an NBD export".to_string());
    }
    plain(Location::File(local(name)?))
}

/// A path in a name.
pub(crate) fn local(path: &str) -> Parsed<PathBuf> {
    if path.is_empty() || path.contains('\0') {
        return Err("it is not the name of a file".to_string());
    }
    Ok(PathBuf::from(path))
}

/// A path in a spelling that names a driver. QEMU looks for a relative one in the working folder of its
/// process, and not in the image's, so it is another file each time.
fn absolute(path: &str) -> Parsed<PathBuf> {
    let path = local(path)?;
    match path.is_absolute() {
        true => Ok(path),
        false => Err("its path is not absolute".to_string()),
    }
}

/// QEMU's options as JSON, which may be nested or flat, with or without a format around the protocol.
fn from_json(text: &str) -> Parsed<BackingName> {
    let mut options = Options(json::flatten(text)?);
    let format = match options.0.iter().any(|(key, _)| key.starts_with("file.")) {
        true => {
            let format = options.take("driver");
            let mut inner = Vec::new();
            for (key, value) in std::mem::take(&mut options.0) {
                match key.strip_prefix("file.") {
                    Some(key) => inner.push((key.to_string(), value)),
                    None => options.0.push((key, value)),
                }
            }
            options.finish()?;
            options = Options(inner);
            format
        }
        false => None,
    };
    let location = match options.take("driver").as_deref() {
        Some("file" | "host_device") => {
            let path = options.take("filename").ok_or("it names no file")?;
            Location::File(absolute(path.strip_prefix("file:").unwrap_or(&path))?)
        }
        Some(driver) => match Remote::from_options(driver, &mut options) {
            Some(remote) => Location::Remote(remote?),
            None => {
                return Err(format!("its driver is '{}'", virsparse_base::text::excerpt(driver)));
            }
        },
        None => match options.take("filename") {
            Some(name) if !name.starts_with("json:") => parse(&name)?.location,
            _ => return Err("it says no driver".to_string()),
        },
    };
    options.finish()?;
    Ok(BackingName { location, format })
}

/// Options by their names, of which each is used once.
pub(crate) struct Options(Vec<(String, String)>);

impl Options {
    /// Takes an option, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Refuses what is left, unless it changes nothing: an offset would.
    fn finish(&self) -> Parsed<()> {
        match self.0.iter().find(|(key, _)| !HARMLESS.contains(&key.as_str())) {
            Some((key, _)) => {
                Err(format!("its option '{}' is not known", virsparse_base::text::excerpt(key)))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nbd::{Address, Transport};

    fn unix(path: &str, export: &str) -> Location {
        let transport = Transport::Unix(path.into());
        Location::from(Address { transport, export: export.to_string() })
    }

    fn inet(host: &str, port: u16, export: &str) -> Location {
        let transport = Transport::Tcp { host: host.to_string(), port };
        Location::from(Address { transport, export: export.to_string() })
    }

    #[test]
    fn every_spelling_means_the_same() {
        let cases = [
            ("nbd://h:7/x", inet("h", 7, "x")),
            ("nbd+tcp://h:7/x", inet("h", 7, "x")),
            ("nbd:h:7:exportname=x", inet("h", 7, "x")),
            ("nbd:[::1]:7", inet("::1", 7, "")),
            ("nbd+unix:///x?socket=/s", unix("/s", "x")),
            ("nbd:unix:/s:exportname=x", unix("/s", "x")),
            ("nbd:unix:/s", unix("/s", "")),
            (r#"json:{"driver":"nbd","path":"/s","export":"x"}"#, unix("/s", "x")),
            (
                r#"json:{"driver": "nbd", "server": {"type": "unix", "path": "/s"}, "export": "x"}"#,
                unix("/s", "x"),
            ),
            (r#"json:{"server.path":"/s","driver":"nbd","server.type":"unix"}"#, unix("/s", "")),
            (r#"json:{"driver":"nbd","host":"h","port":"7"}"#, inet("h", 7, "")),
            (
                r#"json:{"driver":"nbd","server":{"type":"inet","host":"h","port":7}}"#,
                inet("h", 7, ""),
            ),
            (r#"json:{"driver":"file","filename":"/a b"}"#, Location::File("/a b".into())),
            (r#"json:{"filename":"nbd+unix:///x?socket=/s"}"#, unix("/s", "x")),
            ("a/b", Location::File("a/b".into())),
            ("file:/a", Location::File("/a".into())),
        ];
        for (name, location) in cases {
            assert_eq!(parse(name), Ok(BackingName { location, format: None }), "{name}");
        }
        let wrapped = [
            r#"json:{"driver":"raw","file":{"driver":"nbd","server":{"type":"unix","path":"/s"}}}"#,
            r#"json:{"driver":"raw","file.driver":"nbd","file.path":"/s","read-only":true}"#,
        ];
        for name in wrapped {
            let format = Some("raw".to_string());
            assert_eq!(parse(name), Ok(BackingName { location: unix("/s", ""), format }), "{name}");
        }
    }

    #[test]
    fn what_would_be_read_otherwise_is_refused() {
        for name in [
            "",
            "http://h/x",
            "nbd:h",
            "nbd:h:x",
            "nbd:unix:",
            "nbd:h:7:exportname=",
            "nbds://h/x",
            "json:{",
            "json:{}",
            "json:[]",
            r#"json:{"driver":"nbd"}"#,
            r#"json:{"driver":"nbd","path":"/s","host":"h"}"#,
            r#"json:{"driver":"nbd","path":"/s","tls-creds":"t"}"#,
            r#"json:{"driver":"raw","offset":512,"file":{"driver":"file","filename":"/a"}}"#,
            r#"json:{"driver":"raw","file":"node"}"#,
            r#"json:{"driver":"https","url":"https://h/"}"#,
            r#"json:{"filename":"json:{}"}"#,
            r#"json:{"driver":"file","filename":"/a"} "#,
        ] {
            let parsed = parse(name);
            // Space behind the value is allowed by JSON.
            assert_eq!(parsed.is_err(), !name.ends_with("} "), "{name}: {parsed:?}");
        }
    }
}
