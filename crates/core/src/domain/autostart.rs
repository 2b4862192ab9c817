//! Domains that start by themselves: a first connection after the machine's start does it, if it is one that may
//! change something and whose domains outlive its process.

use std::sync::Arc;

use super::connection::Connection;
use super::holder;
use super::lifecycle::StartFlags;
use super::machine::origin::Origin;
use super::registry::entry::Entry;
use crate::error::*;
use crate::session::Hold;

impl Connection {
    /// Starts the domains that are marked, unless somebody has since the machine was started. What fails is
    /// told by the log alone, as by a daemon: who opens the connection has not asked for it.
    pub fn start_marked(self: &Arc<Self>) {
        if self.is_read_only() || self.hold() == Hold::Caller {
            return;
        }
        if let Err(error) = self.try_start_marked() {
            log::error!("domains that start by themselves may not have been started: {error}");
        }
    }

    fn try_start_marked(self: &Arc<Self>) -> Result<()> {
        let Some(state) = self.domains().state() else { return Ok(()) };
        let Some(right) = state.autostart()? else { return Ok(()) };
        // In this process they would end with it.
        holder::find()?;
        // Whoever may not start them leaves that to whoever may.
        state.expect_own()?;
        for entry in self.domains().all()? {
            if !entry.autostart && !entry.autostart_once {
                continue;
            }
            if let Err(error) = self.start_one(&entry) {
                log::error!("domain '{}' does not start by itself: {error}", entry.name);
            }
        }
        right.done()
    }

    fn start_one(self: &Arc<Self>, entry: &Entry) -> Result<()> {
        if entry.autostart_once {
            // First: it is not to be started twice, and a start that fails was the one.
            let mut change = self.domains().change()?;
            let now = change.by_uuid(entry.uuid, &entry.name)?;
            change.set_autostart_once(&now, false)?;
        }
        match entry.config()? {
            Some(config) if !entry.is_active() => {
                log::info!("domain '{}' is started because it is marked", entry.name);
                self.start(config.clone(), Origin::Kept, &StartFlags::empty())
            }
            _ => Ok(()),
        }
    }
}
