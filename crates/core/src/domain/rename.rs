//! Another name for a domain.

use std::sync::Arc;

use super::events::{self, Lifecycle};
use super::object::Domain;
use crate::error::*;

impl Domain {
    /// Gives it another name. Handles keep the name that they were made with, and stay valid.
    pub fn rename(&self, name: &str) -> Result<()> {
        let refused = |text: &str| Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        let broker = self.connect().shared_events();
        {
            let mut change = self.connect().domains().change()?;
            let entry = change.by_uuid(self.uuid(), self.name())?;
            let Some(config) = entry.config()? else {
                return refused("cannot rename active domain");
            };
            match change.check_off(&entry) {
                Err(e) if e.code == VIR_ERR_OPERATION_INVALID => {
                    return refused("cannot rename active domain");
                }
                checked => checked?,
            }
            if change.snapshots(&entry).load()?.len() > 0 {
                return refused("cannot rename domain with snapshots");
            }
            if entry.name == name {
                return refused("Can't rename domain to itself");
            }
            let renamed = config.renamed(name)?;
            change.rename(&entry, Arc::new(renamed))?;
            for (name, event) in [
                (entry.name.as_str(), Lifecycle::UNDEFINED_RENAMED),
                (name, Lifecycle::DEFINED_RENAMED),
            ] {
                let payload = event.payload();
                broker.queue(&events::event(name, entry.uuid, events::LIFECYCLE, payload));
            }
        }
        broker.deliver();
        Ok(())
    }
}
