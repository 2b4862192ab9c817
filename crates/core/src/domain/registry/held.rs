//! Domains in processes of their own that end with a connection of this process.

use std::sync::MutexGuard;

use super::domains::Domains;
use crate::domain::holder::Held;

impl Domains {
    /// Keeps one until its connection is closed.
    pub fn keep_held(&self, new: Held) {
        let mut held = self.held();
        held.retain(|one| !one.is_over());
        held.push(new);
    }

    /// Those of a connection, which are not kept any more. Those that a process has started from which this one
    /// was forked end with that process, and are only forgotten.
    pub fn take_held(&self, session: u64) -> Vec<Held> {
        let taken = self.held().extract_if(.., |one| one.session == session).collect::<Vec<_>>();
        taken.into_iter().filter(Held::is_of_this_process).collect()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
