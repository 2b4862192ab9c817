//! What is known of a snapshot that is being taken.

use super::description::Description;
use super::store::{Store, Written};
use crate::error::*;

/// What is known of a new snapshot, written down and not yet kept.
pub struct Metadata {
    name: String,
    staged: Option<Written>,
}

impl Metadata {
    /// Writes it down, unless there is to be no metadata. Whoever calls holds the lock of all domains.
    pub fn stage(store: &Store, mut snapshot: Description, no_metadata: bool) -> Result<Metadata> {
        let tree = store.load()?;
        tree.check_new(&snapshot.name)?;
        let current = tree.current_if_any()?;
        snapshot.parent = current.map(str::to_string);
        let staged = match no_metadata {
            true => None,
            false => {
                let names = [snapshot.name.as_str()].into_iter().chain(current);
                store.set_current(&names.collect::<Vec<_>>())?;
                Some(store.stage(&snapshot)?)
            }
        };
        Ok(Metadata { name: snapshot.name, staged })
    }

    /// Makes it a snapshot of the domain, and the current one.
    pub fn keep(self) -> Result<()> {
        let Metadata { name, staged } = self;
        let Some(staged) = staged else { return Ok(()) };
        staged.keep().map_err(|error| {
            let text = format!("unable to save metadata for snapshot {name}: {error}");
            Error::internal(VIR_FROM_DOMAIN, text)
        })
    }
}
