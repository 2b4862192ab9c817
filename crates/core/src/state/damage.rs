//! Definitions whose files cannot be used. The object is there all the same: its name is taken, and
//! whoever asks for more is told which file it is and what is wrong with it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use uuid::{Builder, Uuid};

use super::Kind;
use crate::error::*;
use crate::xml::{excerpt, parse_uuid};

/// What is kept of an object: its definition, or why its file cannot be used.
pub type Kept<T> = Result<Arc<T>, Arc<Damage>>;

/// A definition whose file is empty, damaged, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The UUID in the file. Where it cannot be known, one that is made from the name, so that
    /// handles find the object again.
    pub uuid: Uuid,
    /// Whether the UUID is the one in the file.
    pub uuid_is_known: bool,
    /// The file and the cause.
    pub error: Error,
}

impl Damage {
    /// Of a file that cannot be read.
    pub fn unreadable(kind: Kind, name: &str, path: &Path, cause: &io::Error) -> Damage {
        let error = match cause.raw_os_error() {
            Some(_) => Error::io(kind.domain, cause, format!("cannot read '{}'", path.display())),
            None => damaged(kind.domain, path, &cause.to_string()),
        };
        Damage::new(kind, name, None, error)
    }

    /// Of a file whose text is no definition of that object.
    pub fn invalid(kind: Kind, name: &str, path: &Path, text: &str, cause: &Error) -> Damage {
        let what = match text.trim().is_empty() {
            true => "the file is empty",
            // The code that comes with the sentence is given again.
            false => cause.message.strip_prefix("XML error: ").unwrap_or(&cause.message),
        };
        Damage::new(kind, name, uuid_in(text), damaged(kind.domain, path, what))
    }

    /// Of an object of which it cannot be found out what it is.
    pub fn unknown(kind: Kind, name: &str, error: Error) -> Damage {
        Damage::new(kind, name, None, error)
    }

    /// The same without the UUID in its file, which is another object's.
    pub fn without_uuid(&self, kind: Kind, name: &str) -> Damage {
        let uuid = uuid_from_name(kind, name);
        Damage { uuid, uuid_is_known: false, error: self.error.clone() }
    }

    fn new(kind: Kind, name: &str, uuid: Option<Uuid>, error: Error) -> Damage {
        log::warn!("{} '{}' is damaged: {error}", kind.word, excerpt(name));
        Damage {
            uuid: uuid.unwrap_or_else(|| uuid_from_name(kind, name)),
            uuid_is_known: uuid.is_some(),
            error,
        }
    }
}

fn damaged(domain: virErrorDomain, path: &Path, cause: &str) -> Error {
    let text = format!("definition '{}' is damaged: {cause}", path.display());
    Error::new(VIR_ERR_XML_ERROR, domain, text)
}

/// The UUID that a text seems to give its object.
fn uuid_in(text: &str) -> Option<Uuid> {
    let (_, rest) = text.split_once("<uuid>")?;
    let (uuid, _) = rest.split_once("</uuid>")?;
    parse_uuid(uuid)
}

/// The same for every process: a hash of the name (FNV-1a).
fn uuid_from_name(kind: Kind, name: &str) -> Uuid {
    let parts = [kind.folder, "/", name];
    let bytes = parts.iter().flat_map(|part| part.bytes());
    let hash = bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    });
    Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{DOMAINS, POOLS};
    use virsparse_base::errno::Errno;

    const UUID: &str = "7f307396-f344-4837-9dc5-110ce400d1b9";

    #[test]
    fn a_uuid_is_found_in_a_text_that_is_cut_off_behind_it() {
        let path = Path::new("/d/n.xml");
        let cause = Error::internal(VIR_FROM_XML, "x");
        let text = format!("<domain><name>n</name>\n<uuid>{UUID}</uuid><mem");
        let damage = Damage::invalid(DOMAINS, "n", path, &text, &cause);
        assert_eq!((damage.uuid.to_string().as_str(), damage.uuid_is_known), (UUID, true));
        for text in ["", "<domain><uuid>7f307396-f3", "<uuid>x</uuid>"] {
            assert!(!Damage::invalid(DOMAINS, "n", path, text, &cause).uuid_is_known, "{text}");
        }
    }

    #[test]
    fn an_unknown_uuid_is_made_from_kind_and_name() {
        let of = |kind, name| uuid_from_name(kind, name);
        assert_eq!(of(DOMAINS, "a"), of(DOMAINS, "a"));
        assert_ne!(of(DOMAINS, "a"), of(DOMAINS, "b"));
        assert_ne!(of(DOMAINS, "a"), of(POOLS, "a"));
        assert!(!of(DOMAINS, "a").is_nil());
    }

    #[test]
    fn errors_name_the_file_and_the_cause() {
        let path = Path::new("/d/n.xml");
        let eio = io::Error::from_raw_os_error(libc::EIO);
        let error = Damage::unreadable(DOMAINS, "n", path, &eio).error;
        assert_eq!(error.message, "cannot read '/d/n.xml': Input/output error");
        assert_eq!(error.errno(), Some(Errno::EIO));
        let cause =
            Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "an os <type> must be specified");
        for (text, cause_text) in
            [("<x/>", "an os <type> must be specified"), (" ", "the file is empty")]
        {
            let error = Damage::invalid(DOMAINS, "n", path, text, &cause).error;
            let message = format!("XML error: definition '/d/n.xml' is damaged: {cause_text}");
            assert_eq!(error.message, message);
        }
    }
}
