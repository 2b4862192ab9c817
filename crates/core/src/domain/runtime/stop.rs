//! The end of a running domain, and what lies between its start and that.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::running::Running;
use crate::domain::events::{self, Lifecycle};
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::condition::{Condition, State};
use crate::error::*;
use crate::sys;

/// How long a disk's server that does not answer can delay the forced end of a domain.
const FORCED: Duration = Duration::from_secs(10);

impl Running {
    /// Stops the domain, and tells so.
    pub fn end(&self, request: &StopRequest) -> Result<()> {
        let disks = self.disks();
        if !request.forced || disks.iter().all(|disk| disk.connections.is_empty()) {
            return self.end_now(request);
        }
        let (stopped, wait) = mpsc::channel::<()>();
        let timeout = request.drain + FORCED;
        let watch = sys::spawn("virsparse-stop", move || {
            if wait.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                disks.iter().for_each(|disk| disk.cut_off());
            }
        });
        if watch.is_none() {
            // Nobody could do it later.
            self.disks().iter().for_each(|disk| disk.cut_off());
        }
        let result = self.end_now(request);
        drop(stopped);
        if let Some(watch) = watch {
            // It contains no code that panics.
            let _ = watch.join();
        }
        result
    }

    fn end_now(&self, request: &StopRequest) -> Result<()> {
        let domains = self.domains()?;
        let stopped = {
            let changing = self.stopping()?;
            let stopped = self.stop(&changing, request.drain);
            let identity = &self.identity;
            // It has stopped, whatever cannot be written down.
            let noted = domains.change().and_then(|mut change| {
                let entry = change.by_uuid(identity.uuid, &identity.name)?;
                change.set_off(&entry, request);
                self.release();
                Ok(())
            });
            if let Err(error) = noted {
                log::warn!("domain '{}' has stopped, its status stays: {error}", identity.name);
                for event in &request.events {
                    self.queue(events::LIFECYCLE, event.payload());
                }
                self.release();
                domains.forget(identity, request.off);
            }
            stopped
        };
        self.close_control();
        domains.stay_while_busy();
        domains.events().deliver();
        stopped
    }

    /// Closes the disks of a domain of which nobody has been told that it runs.
    pub fn abandon(&self) {
        let stopped = self.changing().and_then(|changing| self.stop(&changing, Duration::ZERO));
        if let Err(error) = stopped {
            log::error!("domain '{}' was not started: {error}", self.identity.name);
        }
        self.close_control();
        self.release();
    }

    /// Lets guests' requests wait. It may be so already.
    pub fn suspend(&self) -> Result<()> {
        {
            let changing = self.changing()?;
            if self.condition().state == State::Paused {
                return Ok(());
            }
            self.pause(&changing, Condition::PAUSED);
            self.note();
            self.queue(events::LIFECYCLE, Lifecycle::SUSPENDED.payload());
        }
        self.deliver();
        Ok(())
    }

    /// Serves guests again.
    pub fn go_on(&self) -> Result<()> {
        {
            let changing = self.changing()?;
            if self.condition().state == State::Running {
                let text = "domain is already running";
                return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
            }
            self.resume(&changing);
            self.note();
            self.queue(events::LIFECYCLE, Lifecycle::RESUMED.payload());
        }
        self.deliver();
        Ok(())
    }

    /// Writes down, for other processes, how the domain runs now. Domains that are gone have nobody who
    /// reads it.
    pub fn note(&self) {
        if let (Ok(domains), Ok(this)) = (self.domains(), self.this()) {
            domains.note_live(this);
        }
    }
}
