//! Who opens a connection, where that is asked.

use crate::error::*;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Name,
    Password,
}

/// Asks the user.
pub trait Credentials {
    /// Shows `prompt`, which is about `about`; fails if there is no answer.
    fn ask(&self, wanted: Wanted, prompt: &str, about: &str) -> Result<String>;
}
