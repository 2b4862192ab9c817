//! Block jobs: work on a disk that goes on while a guest uses it.
//!
//! A job has a thread of its own. It is created, runs, may become ready, and ends completed, cancelled
//! or failed. What else is to change when the chain does is given to it as steps to call at the right
//! moment. Such a step may fail in its own way, so the error of a job is a type of its starter's choice,
//! into which a [`BlockError`] can be converted.

mod allocate;
mod control;
mod copy;
mod live;
mod stride;

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use virsparse_base::errno::Errno;
use virsparse_base::{Panicked, contain_panic, sys};

pub use crate::filter::mirror::{Mirror, MirrorGuard};
pub use allocate::{allocate, fill};
pub use control::{Command, Control, Progress};
pub use copy::Copy;
pub use live::{LiveChain, relative_name};

use crate::copy::{Copier, in_pieces};
use crate::{BlockError, Extent, Layers, Overlay, Result};

/// How a job's work has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it was done.
    Completed,
    /// It was told to end before all of it was done.
    Cancelled,
}

/// How a job has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<E = BlockError> {
    /// Its work was done.
    Completed,
    /// It was told to end before its work was done.
    Cancelled,
    /// Its work could not be done, for this reason.
    Failed(E),
}

/// Makes the target of a copy the disk: closes the gate, calls what it is given to copy the rest,
/// and puts the target behind the gate. False if it must not be done any more.
pub type PivotStep<E = BlockError> =
    Box<dyn FnMut(&mut dyn FnMut() -> Result<()>) -> Result<bool, E> + Send>;

/// A job on a disk.
pub struct Job<E = BlockError> {
    control: Arc<Control>,
    /// Whoever still looks at a job that has ended must not keep its target locked.
    mirror: Option<Weak<Mirror>>,
    ended: Arc<Ended<E>>,
}

struct Ended<E> {
    outcome: Mutex<Option<Outcome<E>>>,
    changed: Condvar,
}

impl<E> Ended<E> {
    fn lock(&self) -> MutexGuard<'_, Option<Outcome<E>>> {
        self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<E: From<Panicked> + Clone + Send + 'static> Job<E> {
    /// Starts `work` on a thread of its own. `concluded` runs there when it has ended, whatever the
    /// end; only then the job is over for those who wait for it.
    pub fn start(
        control: Arc<Control>,
        mirror: Option<&Arc<Mirror>>,
        work: impl FnOnce(&Control) -> Result<End, E> + Send + 'static,
        concluded: impl FnOnce(&Outcome<E>) + Send + 'static,
    ) -> Result<Job<E>> {
        let ended = Arc::new(Ended { outcome: Mutex::new(None), changed: Condvar::new() });
        let mirror = mirror.map(Arc::downgrade);
        let job = Job { control: control.clone(), mirror, ended: ended.clone() };
        let body = move || {
            let done = contain_panic(|| work(&control));
            let outcome = match done.unwrap_or_else(|panic| Err(panic.into())) {
                Ok(End::Completed) => Outcome::Completed,
                Ok(End::Cancelled) => Outcome::Cancelled,
                // It was cut off: its target did not answer any more.
                Err(_) if control.commanded() == Command::Cancel => Outcome::Cancelled,
                Err(error) => Outcome::Failed(error),
            };
            if let Err(error) = contain_panic(|| concluded(&outcome)) {
                log::error!("the end of a block job is not told: {error}");
            }
            *ended.lock() = Some(outcome);
            ended.changed.notify_all();
        };
        sys::spawn("virsparse-job", body).map(|_detached| job).ok_or_else(|| {
            let what = "Unable to start a thread for a block job".to_string();
            BlockError { what, errno: Errno::EAGAIN }
        })
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.control.progress(self.again())
    }

    /// Bytes that guests have changed, and that are to be copied again.
    pub fn again(&self) -> u64 {
        let mirror = self.mirror.as_ref().and_then(Weak::upgrade);
        mirror.map_or(0, |mirror| mirror.dirty.bytes())
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
    pub fn outcome(&self) -> Option<Outcome<E>> {
        self.ended.lock().clone()
    }

    /// Waits for its end.
    pub fn wait(&self) -> Outcome<E> {
        loop {
            if let Some(outcome) = self.wait_for(Duration::from_secs(3600)) {
                return outcome;
            }
        }
    }

    /// Waits so long for its end.
    pub fn wait_for(&self, time: Duration) -> Option<Outcome<E>> {
        let outcome = self.ended.lock();
        let running = |outcome: &mut Option<Outcome<E>>| outcome.is_none();
        match self.ended.changed.wait_timeout_while(outcome, time, running) {
            Ok((outcome, _)) => outcome.clone(),
            Err(poisoned) => poisoned.into_inner().0.clone(),
        }
    }
}

/// Brings what the images below have in a range into the one on top.
pub fn pull(top: &dyn Overlay, range: Range<u64>, above: Layers, control: &Control) -> Result<End> {
    // What the top image has itself stays there, and what is below the base stays below.
    let moves = |extent: &Extent| extent.depth > 0 && above.affect(extent);
    let populate = |piece: Extent, _: &mut [u8]| top.populate(piece.offset, piece.length, above);
    let done = in_pieces(top, top.profile(), range, control, moves, populate)?;
    Ok(if done { End::Completed } else { End::Cancelled })
}

/// Commits the images from `top` down to the one above `base` into that, which is open for writing and
/// which nobody else writes. What is left is to relink the image above `top` to `base`.
///
/// The base may become longer, but never shorter: what it has behind the end of `top` stays. Until now
/// the image above `top` was read as zeros there, so these are written into it.
pub fn commit(live: &LiveChain, top: usize, base: usize, control: &Control) -> Result<End> {
    match copy_into_base(live, top, base, control)? {
        End::Completed => hide_end(live, top, base, control),
        End::Cancelled => Ok(End::Cancelled),
    }
}

fn copy_into_base(live: &LiveChain, top: usize, base: usize, control: &Control) -> Result<End> {
    let (source, target, above) = {
        let chain = live.images();
        let node = |index: usize| chain.images[index].node.clone();
        (node(top), node(base), chain.above(top, base)?)
    };
    let length = source.length()?;
    if target.length()? < length {
        target.resize(length)?;
    }
    let copier = Copier {
        source: &*source,
        target: &*target,
        above: Some(above),
        compress: None,
        unmap: true,
        detect_zeros: !source.knows_holes(),
        zeroed: false,
    };
    let moves = |extent: &Extent| above.affect(extent);
    let work = |piece, buffer: &mut [u8]| copier.copy_piece(piece, buffer);
    let profile = source.profile().with(target.profile());
    if !in_pieces(&*source, profile, 0..length, control, moves, work)? {
        return Ok(End::Cancelled);
    }
    target.flush()?;
    target.settle()?;
    Ok(End::Completed)
}

/// Writes zeros into the image above `top` where it has only read them because `top` ends.
fn hide_end(live: &LiveChain, top: usize, base: usize, control: &Control) -> Result<End> {
    let range = live.images().hidden_by_end(top, base)?;
    let Some(over) = top.checked_sub(1).filter(|_| !range.is_empty()) else {
        return Ok(End::Completed);
    };
    let (above, writable) = {
        let chain = live.images();
        (chain.above(over, base)?, chain.images[over].writable)
    };
    live.reopen(over, true)?;
    let image = live.images().images[over].overlay().cloned();
    let done = image.map_or(Ok(End::Completed), |image| pull(&*image, range, above, control));
    live.reopen(over, writable)?;
    done
}
