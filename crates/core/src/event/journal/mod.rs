//! The journal of a root: a file to which each process appends the events that it causes, for all other
//! processes of the root. There is no process in the middle.
//!
//! Who appends holds a lock on the file, and reads first what others have appended. So all processes tell of
//! all events in one order, that of the file, and what another process has told before it returned to a
//! caller comes before what that caller does next.
//!
//! A process that was killed may leave a line that is cut off; the next one ends it. When the file has become
//! long, the one who has the lock gives its name to a new one. A file that does not have the name any more is
//! never written to, so those who read it go on to the new one at its end. Who does not look for so long that
//! a whole file comes and goes misses its events; that is logged.

mod lock;
mod record;
mod tail;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use virsparse_base::errno::Errno;

use self::lock::Locked;
use self::record::Record;
use self::tail::{Tail, is_of, number_of, open};
use super::broker::Event;
use crate::error::*;

/// A file that has become longer than this is followed by a new one, in bytes.
const LONG: u64 = 1 << 20;

/// A file does not become longer than this, where none can follow it.
const LONGEST: u64 = 4 << 20;

/// The longest line, in bytes.
const LONGEST_LINE: usize = 256 << 10;

/// How long another process can delay an event: it has the lock for a line, unless it is stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the file may get a new one between two steps of ours.
const MOST_ATTEMPTS: usize = 100;

/// The events of all processes that use a root.
pub struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many want to know what others append.
    followers: usize,
    /// Up to where it has been read. `None` while nobody wants to know.
    tail: Option<Tail>,
    /// The lock was waited for in vain: the next ones do not wait until it was free once.
    is_stuck: bool,
}

impl Journal {
    /// The journal in that file, which need not be there.
    pub fn new(path: PathBuf) -> Journal {
        Journal { path, state: Mutex::default() }
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Reads from now on what others append. To be ended with [`Journal::unfollow`].
    pub fn follow(&self) -> Result<()> {
        let mut state = self.lock();
        if state.tail.is_none() {
            let tail = Tail::begin(&self.path).map_err(|e| {
                let path = self.path.display();
                Error::io(VIR_FROM_EVENT, &e, format!("cannot read events in '{path}'"))
            })?;
            state.tail = Some(tail);
        }
        state.followers += 1;
        Ok(())
    }

    /// Ends what [`Journal::follow`] has begun.
    pub fn unfollow(&self) {
        let mut state = self.lock();
        state.followers -= 1;
        if state.followers == 0 {
            state.tail = None;
        }
    }

    /// Gives what others have appended to `tell`, in order. It runs with a lock of ours, and must not
    /// come back here.
    pub fn catch_up(&self, tell: impl FnMut(&Event)) -> Result<()> {
        let mut state = self.lock();
        let Some(tail) = &mut state.tail else { return Ok(()) };
        tail.read_on(&self.path, tell).map_err(|e| {
            let path = self.path.display();
            Error::io(VIR_FROM_EVENT, &e, format!("cannot read events in '{path}'"))
        })
    }

    /// Appends an event of this process. `tell` gets first what others have appended, and then this event,
    /// also if it could not be appended: that costs others the event, and is logged.
    pub fn append(&self, event: &Event, mut tell: impl FnMut(&Event)) {
        let mut state = self.lock();
        if let Err(e) = self.try_append(&mut state, event, &mut tell) {
            let Event { kind, name, .. } = event;
            let path = self.path.display();
            log::warn!(
                "other processes are not told of an event of {kind:?} '{name}': '{path}': {e}"
            );
        }
        tell(event);
    }

    fn try_append(
        &self,
        state: &mut State,
        event: &Event,
        tell: &mut impl FnMut(&Event),
    ) -> io::Result<()> {
        let mut line = Record::Event(event.clone()).to_line()?;
        if line.len() > LONGEST_LINE {
            return Err(Errno::EMSGSIZE.into());
        }
        let file = self.locked(state)?;
        if let Some(tail) = &mut state.tail {
            tail.read_on(&self.path, tell)?;
        }
        let before = file.metadata()?.len();
        let first = match before {
            0 => Record::File(0).to_line()?,
            _ if !ends_a_line(&file, before)? => b"\n".to_vec(),
            _ => Vec::new(),
        };
        line.splice(0..0, first);
        let end = before + line.len() as u64;
        if end > LONGEST {
            return Err(Errno::EFBIG.into());
        }
        write_whole(&file, before, &line)?;
        if let Some(tail) = &mut state.tail {
            tail.pass(&file, end)?;
        }
        if end > LONG
            && let Err(e) = self.begin_file(number_of(&file)?.map_or(0, |number| number + 1))
        {
            log::warn!("'{}' grows: {e}", self.path.display());
        }
        Ok(())
    }

    /// The file that has the name, locked.
    fn locked(&self, state: &mut State) -> io::Result<Locked> {
        let patience = if state.is_stuck { Duration::ZERO } else { PATIENCE };
        for _ in 0..MOST_ATTEMPTS {
            let file = open(OpenOptions::new().read(true).append(true).create(true), &self.path)?;
            let locked = Locked::take(file, patience);
            state.is_stuck = locked.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::TimedOut);
            let locked = locked?;
            // It may have lost its name before.
            if self.path.symlink_metadata().is_ok_and(|found| is_of(&found, &locked)) {
                return Ok(locked);
            }
        }
        Err(Errno::EBUSY.into())
    }

    /// Gives the name to a new file. The caller has the lock of the one that has it.
    fn begin_file(&self, number: u64) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let file = open(OpenOptions::new().write(true).create(true).truncate(true), &new)?;
        write_whole(&file, 0, &Record::File(number).to_line()?)?;
        std::fs::rename(&new, &self.path)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether the last line of a file of that length is whole.
fn ends_a_line(file: &File, length: u64) -> io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

/// Writes a line at the end of a file, which is `before` bytes long: all of it, or nothing.
fn write_whole(mut file: &File, before: u64, line: &[u8]) -> io::Result<()> {
    crate::sys::allow_file_size(before + line.len() as u64)?;
    let written = loop {
        match file.write(line) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            written => break written?,
        }
    };
    if written == line.len() {
        return Ok(());
    }
    // The rest did not fit. What stays of the line would only be passed over.
    crate::sys::truncate(file, before)?;
    Err(Errno::ENOSPC.into())
}

#[cfg(test)]
mod tests;
