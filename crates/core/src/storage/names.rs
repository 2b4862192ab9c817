//! Which names and paths pools and volumes may have.

use crate::error::*;

/// The longest name of a file on Linux, in bytes.
pub const MAX_NAME: usize = 255;

/// Refuses what no file or listing can show: too long a name, and control characters. Slashes are
/// the caller's, because pools and volumes report them differently.
///
/// `what` is `pool` or `volume`. The messages don't repeat the name.
pub fn check_name(what: &str, name: &str) -> Result<()> {
    let problem = if name.len() > MAX_NAME {
        format!("{what} name is longer than {MAX_NAME} bytes")
    } else if let Some(c) = name.chars().find(|c| c.is_control()) {
        format!("{what} name contains the control character 0x{:02x}", u32::from(c))
    } else {
        return Ok(());
    };
    Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, problem))
}

/// The path without repeated slashes and without one at its end. What `..` means depends on the
/// file system, so it stays.
pub fn normalise_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !normal.ends_with('/') {
            normal.push(c);
        }
    }
    if normal.len() > 1 && normal.ends_with('/') {
        normal.pop();
    }
    normal
}

/// The path of a volume in a folder.
pub fn path_in(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// The name of the volume in a folder that has that path, if it is one.
pub fn name_in<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    let (above, name) = path.rsplit_once('/')?;
    (above == folder.trim_end_matches('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_and_control_characters_are_refused_without_repeating_them() {
        let longest = "é".repeat(127) + "x";
        for name in ["a", " a ", "a/b", "..", "ünï 'cödé'", longest.as_str()] {
            assert_eq!(check_name("volume", name), Ok(()), "{name:?}");
        }
        for (name, problem) in [
            (longest.clone() + "y", "name is longer than 255 bytes"),
            ("q".repeat(4096), "name is longer than 255 bytes"),
            ("a\nb".to_string(), "name contains the control character 0x0a"),
            ("a\0".to_string(), "name contains the control character 0x00"),
            ("\u{7f}".to_string(), "name contains the control character 0x7f"),
            ("\u{85}".to_string(), "name contains the control character 0x85"),
        ] {
            let error = check_name("volume", &name).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_XML_ERROR, VIR_FROM_STORAGE));
            assert_eq!(error.message, format!("XML error: volume {problem}"));
        }
    }

    #[test]
    fn slashes_are_normalised() {
        for (path, normal) in [
            ("", ""),
            ("/", "/"),
            ("//", "/"),
            ("/a//b/../c///", "/a/b/../c"),
            ("//a//b/", "/a/b"),
            ("rel", "rel"),
            ("rel//", "rel"),
            ("/é b/", "/é b"),
        ] {
            assert_eq!(normalise_path(path), normal, "{path:?}");
        }
    }
}
