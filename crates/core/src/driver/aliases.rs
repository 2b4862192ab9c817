//! Other names of our URIs, for programs whose URI cannot be chosen: `qemu:///session` can be
//! `sparse:///session` when the user says so, in the environment or in a file of his own. A name stands for
//! nothing but itself, so that `qemu:///system` is one only where it is written.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::uri::folder_of_user;
use crate::error::*;
use crate::sys;
use crate::xml::excerpt;
use virsparse_base::memory::fallible;

const VARIABLE: &str = "VIRSPARSE_URI_ALIASES";

/// The file, below the folder of the user's settings.
const FILE: &str = "virsparse/uri-aliases";

/// The longest file.
const MOST_BYTES: u64 = 1 << 16;

/// The schemes that there are, by which a URI is one of ours.
const SCHEMES: [&str; 2] = ["sparse:", "test:"];

/// The URI that `name` is another name of. `None`: it is a URI itself, of ours or of somebody else.
pub fn resolve(name: &str) -> Result<Option<String>> {
    if is_ours(name) {
        return Ok(None);
    }
    let Some((text, place)) = settings()? else { return Ok(None) };
    let found = find(&text, &place, name)?;
    if let Some(uri) = &found {
        log::warn!("'{}' is opened as '{uri}', as {place} says", excerpt(name));
    }
    Ok(found)
}

fn is_ours(uri: &str) -> bool {
    SCHEMES.iter().any(|scheme| uri.starts_with(scheme))
}

/// What the user has written, and where. Nothing is read in programs with rights that he does not have.
fn settings() -> Result<Option<(String, String)>> {
    if let Some(text) = sys::secure_env(VARIABLE).filter(|text| !text.is_empty()) {
        let text = text.into_string().map_err(|_| bad(VARIABLE, "it is not UTF-8"))?;
        return Ok(Some((text, VARIABLE.to_string())));
    }
    let settings = folder_of_user("XDG_CONFIG_HOME", ".config");
    let Some(path) = settings.map(|settings| settings.join(FILE)) else { return Ok(None) };
    let place = format!("'{}'", path.display());
    Ok(read(&path, &place)?.map(|text| (text, place)))
}

fn read(path: &Path, place: &str) -> Result<Option<String>> {
    let failed =
        |e: &std::io::Error| Error::io(VIR_FROM_CONF, e, format!("Failed to read file {place}"));
    match fs::metadata(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(failed(&e)),
        Ok(metadata) if !metadata.is_file() => return Err(bad(place, "it is no file")),
        Ok(_) => {}
    }
    // A FIFO may have come into its place, and would wait for its other end.
    let file = sys::open_promptly(path, OpenOptions::new().read(true), 0);
    let mut bytes = Vec::new();
    file.and_then(|file| fallible(|| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)))
        .map_err(|e| failed(&e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(bad(place, &format!("it is longer than {MOST_BYTES} bytes")));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| bad(place, "it is not UTF-8"))
}

/// Looks for a name in a list of `NAME=URI`, separated by white space; the rest of a line behind # is a
/// remark. All of the list must be understood.
fn find(text: &str, place: &str, name: &str) -> Result<Option<String>> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut all: Vec<(&str, &str)> = Vec::new();
    for entry in lines.flat_map(str::split_whitespace) {
        let refused = |why: &str| bad(place, &format!("'{}' {why}", excerpt(entry)));
        let Some((alias, uri)) = entry.split_once('=').filter(|(alias, _)| !alias.is_empty())
        else {
            return Err(refused("is not NAME=URI"));
        };
        if is_ours(alias) {
            return Err(refused("gives another meaning to a URI of this library"));
        }
        if !is_ours(uri) {
            return Err(refused("leads to no URI of this library"));
        }
        if all.iter().any(|(other, _)| *other == alias) {
            return Err(refused("is the second of its name"));
        }
        all.push((alias, uri));
    }
    let found = all.into_iter().find(|(alias, _)| *alias == name);
    Ok(found.map(|(_, uri)| uri.to_string()))
}

fn bad(place: &str, problem: &str) -> Error {
    Error::new(VIR_ERR_CONF_SYNTAX, VIR_FROM_CONF, format!("{place}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Other names\nqemu:///session=sparse:///embed?root=/a&sync=no  here=test:///default\n\
                        \n old=sparse:///session # a remark\n";

    #[test]
    fn a_name_stands_for_what_is_written() {
        let find = |name| find(LIST, "x", name).unwrap();
        assert_eq!(find("qemu:///session").as_deref(), Some("sparse:///embed?root=/a&sync=no"));
        assert_eq!(find("here").as_deref(), Some("test:///default"));
        assert_eq!(find("old").as_deref(), Some("sparse:///session"));
        for name in ["qemu:///system", "qemu:///", "qemu:///session2", "qemu", "", "remark"] {
            assert_eq!(find(name), None, "{name}");
        }
        assert_eq!(resolve("sparse:///session"), Ok(None));
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        for list in [
            "qemu:///session",
            "=sparse:///session",
            "a=b",
            "a=qemu:///session",
            "sparse:///session=test:///default",
            "test:///default=sparse:///session",
            "a=sparse:///session a=sparse:///system",
            "here=test:///default qemu:///session",
        ] {
            let error = find(list, "x", "here").unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_CONF_SYNTAX, VIR_FROM_CONF), "{list}");
        }
    }
}
