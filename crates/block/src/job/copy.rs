//! Copying a disk that is in use, until the copy can take its place.

use std::ops::Range;
use std::time::Instant;

use super::control::{Command, Control};
use super::stride::Stride;
use super::{End, PivotStep};
use crate::copy::{Copier, Supervisor, data_in, in_pieces, reflink_range};
use crate::filter::mirror::{Mirror, MirrorGuard};
use crate::{BlockError, Extent, Layers, Result, buffer};

/// Blocks are shared in ranges, the first of this size. The guest cannot write meanwhile.
const SHARED_FIRST: u64 = 64 << 20;
/// A pivot makes the guest wait while the last changes are copied; before that, they are made fewer
/// than this.
const FEW: u64 = 8 << 20;
/// Who ends a copy that is ready does not wait for more than this to be copied.
const MUCH: u64 = 256 << 20;
/// How often that is tried: a guest may write faster than they are copied.
const ROUNDS: u32 = 4;

/// A copy that is to be made.
pub struct Copy<E = BlockError> {
    /// The mirror whose source is copied to its target.
    pub guard: MirrorGuard,
    /// What is to be copied, if the target has the rest.
    pub above: Option<Layers>,
    /// The target reads as zeros where nothing has been written.
    pub zeroed: bool,
    /// Runs once, when the target is equal to the disk for the first time.
    pub ready: Box<dyn Fn() + Send>,
    /// Makes the target the disk.
    pub pivot: Option<PivotStep<E>>,
}

impl<E: From<BlockError>> Copy<E> {
    /// Copies until told to pivot or to end.
    pub fn run(mut self, control: &Control) -> Result<End, E> {
        self.copy(control)
    }

    fn mirror(&self) -> &Mirror {
        self.guard.mirror()
    }

    fn copier(&self, above: Option<Layers>, zeroed: bool) -> Copier<'_> {
        Copier {
            source: &*self.mirror().source,
            target: &*self.mirror().target,
            above,
            compress: None,
            unmap: true,
            // Also in data: a copy is at least as sparse as the disk, and writes less.
            detect_zeros: true,
            zeroed,
        }
    }

    /// Has the target share the source's blocks instead of copying them, as far as both are files of
    /// a filesystem that can. Returns where the rest begins; `None` if the job is to end.
    fn share(&self, control: &Control, length: u64) -> Option<u64> {
        // A limit is one for what is moved; who sets one does not want this.
        if !self.zeroed || self.above.is_some() || control.speed() != 0 {
            return Some(0);
        }
        let Mirror { source, target, .. } = self.mirror();
        let (mut at, mut stride) = (0, Stride::new(SHARED_FIRST));
        while at < length {
            if !control.admit(0) {
                return None;
            }
            let range = at..stride.reach(at, length);
            let held = self.mirror().hold(range.start, range.end);
            let begun = Instant::now();
            if !reflink_range(&**source, &**target, &range) {
                break;
            }
            drop(held);
            stride.took(begun.elapsed());
            control.advance(range.end - range.start);
            at = range.end;
        }
        Some(at)
    }

    fn copy(&mut self, control: &Control) -> Result<End, E> {
        let mirror = self.guard.mirror().clone();
        let length = mirror.source.length()?;
        let Some(shared) = self.share(control, length) else { return Ok(End::Cancelled) };
        let bulk = {
            let copier = self.copier(self.above, self.zeroed);
            let above = self.above;
            let moves = move |extent: &Extent| above.is_none_or(|above| above.affect(extent));
            let profile = mirror.source.profile().with(mirror.target.profile());
            in_pieces(&*mirror.source, profile, shared..length, control, moves, |piece, buffer| {
                let held = mirror.hold(piece.offset, piece.end());
                // What was a hole when the extents were asked for may be data now that the guest's
                // writes are held off.
                match held.is_some() && piece.kind.is_zero() {
                    true => copier.copy_range(piece.offset..piece.end(), buffer),
                    false => copier.copy_piece(piece, buffer),
                }
            })?
        };
        if !bulk {
            return Ok(End::Cancelled);
        }
        let mut buffer = buffer(control.most_at_once() as usize)?;
        let mut at = 0;
        loop {
            if !self.catch_up(control, &mut at, &mut buffer)? {
                return Ok(self.cancel(control, &mut buffer)?);
            }
            if !control.is_ready() {
                mirror.target.settle()?;
                control.set_ready();
                (self.ready)();
            }
            match control.wait() {
                Command::GoOn => {}
                Command::Cancel => return Ok(self.cancel(control, &mut buffer)?),
                Command::Pivot => {
                    if let Some(end) = self.pivot(control, &mut buffer)? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// Copies what the guest has changed, until there is nothing more. False if the job is to end.
    fn catch_up(&self, control: &Control, at: &mut u64, buffer: &mut [u8]) -> Result<bool> {
        loop {
            match self.mirror().dirty.take(*at, control.most()) {
                Some(range) => {
                    *at = range.end;
                    // What the guest has discarded or zeroed is copied, too, and moves no data.
                    let moved = match data_in(&*self.mirror().source, range.clone(), |_| true) {
                        Ok(moved) => moved,
                        Err(error) => {
                            self.mirror().dirty.put_back(&range);
                            return Err(error);
                        }
                    };
                    if !control.admit(moved) {
                        self.mirror().dirty.put_back(&range);
                        return Ok(false);
                    }
                    self.copy_again(&range, buffer)?;
                }
                None => return self.sound().map(|()| true),
            }
            self.sound()?;
            match control.commanded() {
                Command::Cancel => return Ok(false),
                // Who wants to pivot does not wait until a busy guest has a rest.
                Command::Pivot if control.is_ready() => return Ok(true),
                _ => {}
            }
        }
    }

    /// Copies a range that was taken from the dirty ones.
    fn copy_again(&self, range: &Range<u64>, buffer: &mut [u8]) -> Result<()> {
        let _held = self.mirror().hold(range.start, range.end);
        // The target may have what the guest had there before.
        let copier = self.copier(None, false);
        let copied = copier.copy_range(range.clone(), buffer);
        match copied {
            Ok(()) => self.mirror().dirty.done(range),
            Err(_) => self.mirror().dirty.put_back(range),
        }
        copied
    }

    fn sound(&self) -> Result<()> {
        self.mirror().failure().map_or(Ok(()), Err)
    }

    /// Copies all that is left, which the guest does not add to: the gate is closed.
    fn catch_up_alone(&self, buffer: &mut [u8]) -> Result<()> {
        while let Some(range) = self.mirror().dirty.take(0, buffer.len() as u64) {
            self.copy_again(&range, buffer)?;
        }
        self.sound()
    }

    /// Makes the target equal to the disk, durably, and takes the mirror out; the gate is closed.
    fn finish(&self, buffer: &mut [u8]) -> Result<()> {
        self.catch_up_alone(buffer)?;
        self.make_durable()?;
        self.guard.remove();
        Ok(())
    }

    fn make_durable(&self) -> Result<()> {
        self.mirror().target.flush().and_then(|()| self.mirror().target.settle())
    }

    /// `None` if the pivot is off because the caller has thought better of it.
    fn pivot(&mut self, control: &Control, buffer: &mut [u8]) -> Result<Option<End>, E> {
        // The guest waits for what is left; so most of it is done before.
        let goes_on = || control.commanded() != Command::Cancel;
        if !self.make_few(buffer, goes_on, || self.mirror().target.flush())? {
            return Ok(None);
        }
        let Some(mut pivot) = self.pivot.take() else { return Ok(None) };
        let done = pivot(&mut || self.finish(buffer));
        self.pivot = Some(pivot);
        // What must not be done any more is over: the domain is being stopped.
        done.map(|done| Some(if done { End::Completed } else { End::Cancelled }))
    }

    /// Copies most of what the guest has changed, while it goes on. False if that is to end.
    fn make_few(
        &self,
        buffer: &mut [u8],
        goes_on: impl Fn() -> bool,
        after_round: impl Fn() -> Result<()>,
    ) -> Result<bool> {
        for _ in 0..ROUNDS {
            let mut at = 0;
            while let Some(range) = self.mirror().dirty.take(at, buffer.len() as u64) {
                if range.start < at {
                    self.mirror().dirty.put_back(&range);
                    break;
                }
                at = range.end;
                self.copy_again(&range, buffer)?;
                if !goes_on() {
                    return Ok(false);
                }
            }
            after_round()?;
            if self.mirror().dirty.bytes() <= FEW {
                break;
            }
        }
        Ok(true)
    }

    /// Ends the copy. One that was ready is left as the disk is at one instant, unless so much has been
    /// changed since that whoever ends it would have to wait for long.
    fn cancel(&self, control: &Control, buffer: &mut [u8]) -> Result<End> {
        if control.is_ready() && self.mirror().dirty.bytes() <= MUCH {
            // The job ends in any case; a copy that could not be finished is given up.
            let finished = self.make_equal(buffer).and_then(|()| self.make_durable());
            if let Err(error) = finished {
                log::warn!("what has been copied is not what the disk was at its end: {error}");
            }
        }
        Ok(End::Cancelled)
    }

    fn make_equal(&self, buffer: &mut [u8]) -> Result<()> {
        self.make_few(buffer, || true, || Ok(()))?;
        let closed = self.guard.gate().closed();
        let equal = self.catch_up_alone(buffer);
        // Nothing more goes to the copy.
        self.guard.remove();
        drop(closed);
        equal
    }
}
