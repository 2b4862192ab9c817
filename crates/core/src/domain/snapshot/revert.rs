//! Reverting a domain in memory to a snapshot of everything.

use std::sync::Arc;
use std::time::Duration;

use super::{RevertFlags, Snapshot};
use crate::domain::config::definition::Definition;
use crate::domain::events::Lifecycle;
use crate::domain::lifecycle::StartFlags;
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::condition::{Condition, State};
use crate::domain::machine::origin::Origin;
use crate::domain::snapshot_store::contents::bring_back;
use crate::error::*;
use crate::xml::Element;

impl Snapshot {
    /// Makes the domain what it was when the snapshot was taken: it is stopped, and started anew if it
    /// was running then, or is to.
    pub(in crate::domain) fn revert_whole(&self, flags: RevertFlags) -> Result<()> {
        let domain = &self.domain;
        let entry = domain.entry()?;
        let store = domain.connect().domains().snapshots(entry.uuid);
        let snapshot = store.load()?.find(&self.name)?.description()?.clone();
        let Some(contents) = store.contents(&self.name) else {
            let text =
                format!("snapshot '{}' was not taken here: its data is not known", self.name);
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        };
        if !entry.is_persistent() {
            let text = "transient domains are not reverted: they are gone when they stop";
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let wanted = flags.contains(RevertFlags::RUNNING) || flags.contains(RevertFlags::PAUSED);
        let online = snapshot.is_online();
        if wanted && !online && entry.is_active() && !flags.contains(RevertFlags::FORCE) {
            let text = "must respawn guest to start inactive snapshot";
            return Err(Error::new(VIR_ERR_SNAPSHOT_REVERT_RISKY, VIR_FROM_DOMAIN, text));
        }
        let again = |element: &Element| {
            let mut root = element.clone();
            root.name = "domain".to_string();
            Definition::from_xml(root).map(Arc::new)
        };
        let missing = || Error::internal(VIR_FROM_DOMAIN, "missing domain in snapshot");
        let live = again(snapshot.domain.as_ref().ok_or_else(missing)?)?;
        let kept = snapshot.inactive.as_ref().map_or(Ok(live.clone()), again)?;
        if entry.is_active() {
            domain.machine_of(&entry)?.stop(&StopRequest {
                drain: Duration::ZERO,
                forced: false,
                off: Condition::OFF_FOR_SNAPSHOT,
                events: vec![Lifecycle::STOPPED_FOR_SNAPSHOT],
            })?;
        }
        {
            let mut changing = domain.connect().domains().change()?;
            let entry = changing.by_uuid(domain.uuid(), domain.name())?;
            changing.check_off(&entry)?;
            bring_back(&**domain.connect().domains().images().files(), &contents)?;
            changing.set_config(&entry, kept)?;
            changing.snapshots(&entry).set_current(&[&self.name])?;
        }
        if !online && !wanted {
            domain.connect().shared_events().deliver();
            return Ok(());
        }
        let was_paused = snapshot.state == State::Paused.word();
        let paused = flags.contains(RevertFlags::PAUSED)
            || was_paused && !flags.contains(RevertFlags::RUNNING);
        let flags = if paused { StartFlags::PAUSED } else { StartFlags::empty() };
        domain.connect().start(live, Origin::Snapshot, &flags)
    }
}
