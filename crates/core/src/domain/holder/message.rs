//! What the starter of a domain and the process that holds it tell each other, as JSON objects that end with
//! a NUL.

use serde::{Deserialize, Serialize};

use crate::domain::control::wire;
use crate::domain::machine::origin::Origin;

/// The version of these messages. Whoever does not know a version refuses it.
pub const VERSION: u64 = 1;

/// The first message: what is to be run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub version: u64,
    /// The library that sends it, for messages.
    pub library: String,
    /// Where the connection keeps its state.
    pub root: wire::Path,
    /// The definition of the domain, complete.
    pub definition: String,
    /// Where that comes from.
    pub origin: Origin,
    /// It begins paused.
    pub paused: bool,
    /// It ends when the starter closes the sockets, or says so.
    pub autodestroy: bool,
    /// What is done to volumes is brought to stable storage.
    pub sync: bool,
}

/// Another message of the starter: the domain is to end.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    pub stop: bool,
}

/// The answer to either. The error of a stop is one of a domain that has ended all the same.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<wire::Error>,
}

/// What [`Answer`] begins with where the program could not even load the library: then a text follows.
pub const COMPLAINT: u8 = b'!';
