//! Block jobs: work on a disk that goes on while a guest uses it.
//!
//! A job has a thread of its own. It is created, runs, may become ready, and ends completed, cancelled
//! or failed. What a job does with the chain and the definition of its disk is told to it as steps to
//! call at the right moment; it knows of neither.

mod control;
mod copy;
mod live;
mod mirror;

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use nix::errno::Errno;

pub use control::{Command, Control, Progress};
pub use copy::Copy;
pub use live::{LiveChain, relative_name};
pub use mirror::Mirror;

use crate::block::{Above, BlockError, Node, Result, qcow2::Qcow2Node};
use crate::copy::{Copier, in_pieces};
use crate::panic::contain_panic;
use crate::sys;

/// What a job is, as libvirt numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    Pull = 1,
    Copy = 2,
    Commit = 3,
    ActiveCommit = 4,
}

/// How a job's work has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Completed,
    Cancelled,
}

/// How a job has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Cancelled,
    Failed(BlockError),
}

/// Makes another node the disk while nobody uses it, and returns that.
pub type PivotStep = Box<dyn FnMut() -> Result<Arc<dyn Node>> + Send>;

/// A job on a disk.
pub struct Job {
    pub kind: Kind,
    control: Arc<Control>,
    mirror: Option<Arc<Mirror>>,
    ended: Arc<Ended>,
}

#[derive(Default)]
struct Ended {
    outcome: Mutex<Option<Outcome>>,
    changed: Condvar,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Job {
    /// Starts `work` on a thread of its own. `concluded` runs there when it has ended, whatever the
    /// end; only then the job is over for those who wait for it.
    pub fn start(
        kind: Kind,
        control: Arc<Control>,
        mirror: Option<Arc<Mirror>>,
        work: impl FnOnce(&Control) -> Result<End> + Send + 'static,
        concluded: impl FnOnce(&Outcome) + Send + 'static,
    ) -> Result<Job> {
        let ended = Arc::new(Ended::default());
        let job = Job { kind, control: control.clone(), mirror, ended: ended.clone() };
        let body = move || {
            let done = contain_panic(|| Ok(work(&control)));
            let outcome = match done {
                Ok(Ok(End::Completed)) => Outcome::Completed,
                Ok(Ok(End::Cancelled)) => Outcome::Cancelled,
                Ok(Err(error)) => Outcome::Failed(error),
                Err(panic) => {
                    Outcome::Failed(BlockError { what: panic.message, errno: Errno::EIO })
                }
            };
            let _ = contain_panic(|| Ok(concluded(&outcome)));
            *ended.lock() = Some(outcome);
            ended.changed.notify_all();
        };
        sys::spawn("virsparse-job", body).map(|_detached| job).ok_or_else(|| BlockError {
            what: "Unable to start a thread for a block job".to_string(),
            errno: Errno::EAGAIN,
        })
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let again = self.mirror.as_ref().map_or(0, |mirror| mirror.dirty.bytes());
        self.control.progress(again)
    }

    /// Whether the copy could take the place of the disk.
    pub fn is_ready(&self) -> bool {
        self.control.is_ready()
    }

    /// What steers it.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// How it has ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.ended.lock().clone()
    }

    /// Waits for its end.
    pub fn wait(&self) -> Outcome {
        let mut outcome = self.ended.lock();
        loop {
            match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => {
                    let waited = self.ended.changed.wait(outcome);
                    outcome = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
                }
            }
        }
    }
}

/// Brings what the images below have into the one on top.
pub fn pull(top: &Qcow2Node, above: Above, control: &Control) -> Result<End> {
    let done = in_pieces(top, 0..top.length()?, control, |piece, _buffer| {
        top.populate(piece.offset, piece.length, above)
    })?;
    Ok(if done { End::Completed } else { End::Cancelled })
}

/// Brings what the images of a chain have into the one below them, which nobody else writes.
pub fn commit(
    source: &dyn Node,
    target: &dyn Node,
    above: Above,
    control: &Control,
) -> Result<End> {
    let (length, below) = (source.length()?, target.length()?);
    let copier = Copier {
        source,
        target,
        above: Some(above),
        unmap: true,
        detect_zeros: !source.knows_holes(),
        zeroed: false,
    };
    if below < length {
        target.resize(length)?;
    }
    let work = |piece, buffer: &mut [u8]| copier.copy_piece(piece, buffer);
    if !in_pieces(source, 0..length, control, work)? {
        return Ok(End::Cancelled);
    }
    // Behind the end of an image zeros are read, whatever is below.
    if length < below {
        target.write_zeroes(length, below - length, true)?;
    }
    target.flush()?;
    target.settle()?;
    Ok(End::Completed)
}
