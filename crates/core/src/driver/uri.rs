//! What a connection URI names.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::{Place, SharedPlace};
use crate::error::*;
use crate::session::Hold;
use crate::sys;

/// What begins the URIs that there are drivers for.
const DRIVERS: &str = "sparse:/// and test:///";

/// The URI that is meant when the caller gives none.
pub fn default_uri() -> String {
    env::var("LIBVIRT_DEFAULT_URI")
        .ok()
        .filter(|uri| !uri.is_empty())
        .unwrap_or_else(|| "sparse:///session".to_string())
}

/// What a URI says.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    pub place: Place,
    /// Whether volumes are brought to stable storage, if it says so.
    pub sync: Option<bool>,
    /// Which process domains run in.
    pub hold: Hold,
}

impl From<Place> for Address {
    fn from(place: Place) -> Address {
        Address { place, sync: None, hold: Hold::Caller }
    }
}

/// Whether volumes are brought to stable storage where the URI does not say so.
pub fn default_sync() -> bool {
    let Some(value) = sys::secure_env("VIRSPARSE_SYNC").filter(|value| !value.is_empty()) else {
        return true;
    };
    if value != "no" && value != "yes" {
        log::warn!("VIRSPARSE_SYNC is '{}', which is neither yes nor no", value.display());
    }
    value != "no"
}

/// Which process runs domains where the URI does not say so; `None` if the environment does not either.
fn default_hold() -> Option<Hold> {
    let value = sys::secure_env("VIRSPARSE_HOLD").filter(|value| !value.is_empty())?;
    let hold = value.to_str().and_then(hold_of);
    if hold.is_none() {
        log::warn!("VIRSPARSE_HOLD is '{}', which is neither caller nor process", value.display());
    }
    hold
}

fn hold_of(word: &str) -> Option<Hold> {
    match word {
        "caller" => Some(Hold::Caller),
        "process" => Some(Hold::Process { required: true }),
        _ => None,
    }
}

/// The place that a URI names, and what it says of how to work there.
pub fn parse(uri: &str) -> Result<Address> {
    let unavailable = |detail: String| Error::new(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, detail);
    if uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::internal(VIR_FROM_URI, format!("Unable to parse URI {uri}")));
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        let text =
            format!("URI '{uri}' does not include a driver name (there are drivers for {DRIVERS})");
        return Err(unavailable(text));
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match rest.strip_prefix("//") {
        Some(rest) => match rest.find('/') {
            Some(0) => rest,
            // A host: everything happens in this process, on this machine.
            _ if matches!(scheme, "sparse" | "test") => {
                let text = format!("{uri} (there are drivers for {DRIVERS}, on this machine)");
                return Err(unavailable(text));
            }
            // Not ours, whatever its path is.
            _ => "",
        },
        None => rest,
    };
    match scheme {
        "sparse" => parse_sparse(path, query),
        "test" => parse_test(path, uri).map(Address::from),
        _ => Err(unavailable(format!("{uri} (there are drivers for {DRIVERS})"))),
    }
}

fn parse_test(path: &str, uri: &str) -> Result<Place> {
    if matches!(path, "" | "/") {
        let text = "testOpen: supply a path or use test:///default";
        return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_TEST, text));
    }
    let path: Vec<u8> = percent_decode_str(path).collect();
    match path.as_slice() {
        b"/default" => Ok(Place::Shared(SharedPlace::Test)),
        path if path.contains(&0) || !path.starts_with(b"/") => {
            Err(Error::internal(VIR_FROM_URI, format!("Unable to parse URI {uri}")))
        }
        path => Ok(Place::TestFile(PathBuf::from(OsString::from_vec(path.to_vec())))),
    }
}

fn parse_sparse(path: &str, query: &str) -> Result<Address> {
    let known = parse_query(query)?;
    let root = match path {
        "/embed" => embed_root(known.root)?,
        "/session" => session_root()?,
        "/system" => PathBuf::from("/var/lib/virsparse"),
        _ => {
            return Err(Error::internal(
                VIR_FROM_NONE,
                format!("unexpected sparse URI path '{path}', try sparse:///session"),
            ));
        }
    };
    if path != "/embed" && known.root.is_some() {
        return Err(bad_query(query));
    }
    let Query { sync, hold, .. } = known;
    // A root that the URI names is embedded in the program, as libvirt's drivers can be.
    let usual = match path {
        "/embed" => Hold::Caller,
        _ => Hold::Process { required: false },
    };
    let hold = hold.or_else(default_hold).unwrap_or(usual);
    Ok(Address { place: Place::Shared(SharedPlace::Embed(root)), sync, hold })
}

fn bad_query(query: &str) -> Error {
    let text = format!("unexpected sparse URI query '{query}', try sparse:///embed?root=DIR");
    Error::internal(VIR_FROM_NONE, text)
}

/// The parameters of a `sparse:` URI.
#[derive(Default)]
struct Query<'a> {
    root: Option<&'a str>,
    sync: Option<bool>,
    hold: Option<Hold>,
}

fn parse_query(query: &str) -> Result<Query<'_>> {
    let mut known = Query::default();
    for part in query.split('&').filter(|_| !query.is_empty()) {
        match part.split_once('=') {
            Some(("root", value)) if known.root.is_none() => known.root = Some(value),
            Some(("sync", "no")) if known.sync.is_none() => known.sync = Some(false),
            Some(("sync", "yes")) if known.sync.is_none() => known.sync = Some(true),
            Some(("hold", word)) if known.hold.is_none() && hold_of(word).is_some() => {
                known.hold = hold_of(word);
            }
            _ => return Err(bad_query(query)),
        }
    }
    Ok(known)
}

fn embed_root(root: Option<&str>) -> Result<PathBuf> {
    let written = root.unwrap_or_default();
    let root = percent_decode_str(written)
        .decode_utf8()
        .map_err(|_| bad_query(&format!("root={written}")))?
        .into_owned();
    if !Path::new(&root).is_absolute() || root.contains('\0') {
        let text = format!("root in URI must be an absolute path, not '{root}'");
        return Err(Error::internal(VIR_FROM_NONE, text));
    }
    Ok(PathBuf::from(root))
}

/// The folder that a variable of the environment names, else one in `$HOME`.
pub fn folder_of_user(variable: &str, in_home: &str) -> Option<PathBuf> {
    let folder = |name| sys::secure_env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder(variable).or_else(|| folder("HOME").map(|home| home.join(in_home)))
}

/// `$XDG_STATE_HOME/virsparse`, else `~/.local/state/virsparse`.
fn session_root() -> Result<PathBuf> {
    folder_of_user("XDG_STATE_HOME", ".local/state")
        .map_or_else(home_of_user, |state| Ok(Some(state)))?
        .map(|state| state.join("virsparse"))
        .ok_or_else(|| {
            Error::internal(VIR_FROM_NONE, "sparse:///session needs HOME or XDG_STATE_HOME")
        })
}

fn home_of_user() -> Result<Option<PathBuf>> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid())
        .map_err(|errno| Error::system(VIR_FROM_NONE, errno, "cannot look up who the user is"))?;
    let state = user.map(|user| user.dir.join(".local/state"));
    Ok(state.filter(|state| state.is_absolute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embed_root_is_decoded_and_must_be_absolute() {
        let place = parse("sparse:///embed?root=/a%20b/c").unwrap().place;
        assert_eq!(place, Place::Shared(SharedPlace::Embed("/a b/c".into())));
        for uri in [
            "sparse:///embed",
            "sparse:///embed?root=rel",
            "sparse:///embed?x=/a",
            "sparse:///embed?root=/a&root=/b",
            "sparse:///embed?root=/%00",
            "sparse:///embed?root=/a&sync",
            "sparse:///embed?root=/a&sync=maybe",
            "sparse:///embed?sync=no&root=/a&sync=no",
            "sparse:///session?sync=",
            "sparse:///session?root=/a",
        ] {
            assert_eq!(parse(uri).unwrap_err().code, VIR_ERR_INTERNAL_ERROR, "{uri}");
        }
    }

    #[test]
    fn a_uri_may_say_whether_volumes_are_synced() {
        for (uri, sync) in [
            ("sparse:///embed?root=/a", None),
            ("sparse:///embed?root=/a&sync=no", Some(false)),
            ("sparse:///embed?sync=yes&root=/a", Some(true)),
            ("sparse:///system?sync=no", Some(false)),
        ] {
            let address = parse(uri).unwrap();
            assert_eq!(address.sync, sync, "{uri}");
        }
        // It is the same place all the same.
        let [one, other] = ["", "&sync=no"].map(|more| format!("sparse:///embed?root=/a{more}"));
        assert_eq!(parse(&one).unwrap().place, parse(&other).unwrap().place);
    }

    #[test]
    fn a_uri_may_say_which_process_runs_domains() {
        let process = Hold::Process { required: true };
        for (uri, hold) in [
            ("sparse:///embed?root=/a", Hold::Caller),
            ("sparse:///embed?root=/a&hold=process", process),
            ("sparse:///embed?hold=caller&root=/a", Hold::Caller),
            ("sparse:///system?hold=process&sync=no", process),
            ("sparse:///system?hold=caller", Hold::Caller),
            ("sparse:///system", Hold::Process { required: false }),
        ] {
            assert_eq!(parse(uri).unwrap().hold, hold, "{uri}");
        }
        for query in ["hold=", "hold=me", "hold", "hold=caller&hold=caller"] {
            let error = parse(&format!("sparse:///system?{query}")).unwrap_err();
            assert_eq!(error.code, VIR_ERR_INTERNAL_ERROR, "{query}");
        }
    }

    #[test]
    fn a_path_behind_test_is_a_file() {
        let place = |uri| parse(uri).unwrap().place;
        assert_eq!(place("test:///default"), Place::Shared(SharedPlace::Test));
        assert_eq!(place("test:///a%20b/c.xml"), Place::TestFile("/a b/c.xml".into()));
        assert_eq!(parse("test:///a%00b").unwrap_err().code, VIR_ERR_INTERNAL_ERROR);
        assert_eq!(parse("test:a.xml").unwrap_err().code, VIR_ERR_INTERNAL_ERROR);
    }

    #[test]
    fn refusals_are_worded_as_libvirt_words_them() {
        let text = |uri| parse(uri).unwrap_err().message;
        let drivers = "(there are drivers for sparse:/// and test:///)";
        let none = "no connection driver available for URI 'zzz' does not include a driver name";
        assert_eq!(text("zzz"), format!("{none} {drivers}"));
        for uri in ["foo:///bar", "foo://host/bar", "qemu+ssh://host/session"] {
            assert_eq!(text(uri), format!("no connection driver available for {uri} {drivers}"));
        }
        assert_eq!(text("not a uri"), "internal error: Unable to parse URI not a uri");
        assert_eq!(
            text("sparse:///bogus"),
            "internal error: unexpected sparse URI path '/bogus', try sparse:///session"
        );
        assert!(text("sparse://host/session").contains("sparse://host/session"));
        assert_eq!(
            text("test:///"),
            "invalid argument: testOpen: supply a path or use test:///default"
        );
    }
}
