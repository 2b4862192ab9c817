//! Copying a disk to another image while guests use it.

use std::sync::Arc;

use super::copy_target::{Destination, Target};
use super::job::{JobContext, NewJob, PivotStep};
use crate::block::{Chain, Format, Layers, Node, SECTOR};
use crate::copy::DirtyUnits;
use crate::domain::failed;
use crate::domain::images::describe::backing_store;
use crate::domain::machine::block_job::{CopyFlags, CopyParameters, CopyRequest, Kind};
use crate::error::*;
use crate::job::{Control, Copy, Mirror, MirrorGuard};
use crate::xml::Element;

/// The unit in which changes are noted, unless the caller wants another.
const GRANULARITY: u64 = 64 * 1024;

/// A copy that is about to be started.
struct Prepared {
    to: Destination,
    chain: Chain,
    /// What a shallow copy has of the chain; `None` for all of it.
    above: Option<Layers>,
    /// The images below a shallow copy are those of the disk, which are open.
    shares_backing: bool,
    /// The target reads as zeros where it has not been written.
    zeroed: bool,
    /// The length of the disk.
    length: u64,
    give_up: Option<Box<dyn Fn() + Send + Sync>>,
}

impl JobContext {
    /// Starts to copy the disk. The copy is kept equal until the job is ended.
    pub fn copy(&self, request: &CopyRequest) -> Result<()> {
        let CopyRequest { destination, parameters, flags } = request;
        let _changing = self.changing_disk()?;
        self.disk.check_no_job()?;
        self.check_kept()?;
        if self.is_persistent()? && !flags.contains(CopyFlags::TRANSIENT_JOB) {
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, "domain is not transient"));
        }
        let (like, images) = {
            let chain = self.disk.live.images();
            (chain.images.first().map_or(Format::Raw, |top| top.format), chain.images.len())
        };
        let to = Destination::new(&self.running.images, destination, like)?;
        let shallow = flags.contains(CopyFlags::SHALLOW) && images > 1;
        if shallow && !to.format.can_have_backing() {
            let (target, format) = (&self.disk.target, to.format.name());
            let text =
                format!("shallow copy of disk '{target}' into a {format} file is not possible");
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let length = self.disk.live.gate.node().length().map_err(failed)?;
        let mut target = self.open_target(&to, *flags, length)?;
        target.check_length(&self.disk.target, length)?;
        let above = if shallow { self.above_next()? } else { None };
        let prepared = self.prepare_copy(to, &mut target, above, length, *flags)?;
        self.start_copy(prepared, *parameters, *flags)?;
        target.keep();
        Ok(())
    }

    fn is_persistent(&self) -> Result<bool> {
        let identity = &self.running.identity;
        Ok(self.domains.by_uuid(identity.uuid, Some(&identity.name))?.is_persistent())
    }

    /// What a shallow copy is to have of the chain.
    fn above_next(&self) -> Result<Option<Layers>> {
        let chain = self.disk.live.images();
        match chain.images.len() {
            0 | 1 => Ok(None),
            _ => chain.above(0, 1).map(Some).map_err(failed),
        }
    }

    /// Puts the images of the target together as they are to be when it is the disk.
    fn prepare_copy(
        &self,
        to: Destination,
        target: &mut Target,
        above: Option<Layers>,
        length: u64,
        flags: CopyFlags,
    ) -> Result<Prepared> {
        let Some(mut chain) = target.chain.take() else {
            return Err(Error::internal(VIR_FROM_DOMAIN, "the copy's target is not open"));
        };
        let live = &self.disk.live;
        live.number(&mut chain);
        // A copy that is made with the same images below it uses those that are open.
        let shares_backing = above.is_some() && !flags.contains(CopyFlags::REUSE_EXT);
        if shares_backing {
            let images = live.images();
            if let (Some(overlay), Some(below)) = (chain.images[0].overlay(), images.images.get(1))
            {
                overlay.set_backing(Some(below.node.clone()));
            }
        }
        // A local file cannot be given up: the kernel answers for it.
        let is_remote = chain.images[0].location.path().is_none();
        let give_up = is_remote.then(|| chain.images[0].disconnector());
        // What has an image below it reads as that, whatever is said of it.
        let zeroed = target.zeroed || flags.contains(CopyFlags::TARGET_ZEROED) && above.is_none();
        Ok(Prepared { to, chain, above, shares_backing, zeroed, length, give_up })
    }

    /// The `<mirror>` that shows a copy while it is made.
    fn describe_copy(&self, copy: &Prepared) -> Element {
        let mut description = copy.to.mirror(&copy.chain);
        description.push(match copy.shares_backing {
            true => backing_store(&**self.files(), &self.disk.live.images().images[1..]),
            false => backing_store(&**self.files(), &copy.chain.images[1..]),
        });
        description
    }

    fn start_copy(
        &self,
        copy: Prepared,
        parameters: CopyParameters,
        flags: CopyFlags,
    ) -> Result<()> {
        let live = &self.disk.live;
        let description = self.describe_copy(&copy);
        let Prepared { above, zeroed, length, .. } = copy;
        let control = Arc::new(Control::new(length, parameters.bandwidth, parameters.buffer_size));
        let unit = match parameters.granularity {
            0 => GRANULARITY,
            unit => u64::from(unit),
        };
        let top = copy.chain.top();
        let mirror = Arc::new(Mirror::new(
            live.gate.node(),
            top.clone(),
            // A guest may write all of a last sector that the disk has only a part of.
            DirtyUnits::new(length.next_multiple_of(SECTOR), unit),
            flags.contains(CopyFlags::SYNCHRONOUS_WRITES),
            control.waker(),
        ));
        let to_ready = self.clone();
        let give_up = copy.give_up;
        let pivot = self.copy_pivot(copy.to, copy.chain, copy.shares_backing, control.clone());
        let work = Copy {
            guard: MirrorGuard::new(&live.gate, mirror.clone()),
            above,
            zeroed,
            ready: Box::new(move || to_ready.tell_ready(Kind::Copy)),
            pivot: Some(pivot),
        };
        let new = NewJob {
            mirror: Some(mirror),
            description: Some(description),
            give_up,
            moves: Some(Box::new(move |extent| above.is_none_or(|above| above.affect(extent)))),
            ..NewJob::new(Kind::Copy, control)
        };
        self.start(new, move |control| {
            if !work.zeroed {
                zero_last_sector(&*top, length)?;
            }
            work.run(control)
        })
    }

    /// Makes the copy the disk: in its definitions, and behind the gate.
    fn copy_pivot(
        &self,
        to: Destination,
        chain: Chain,
        shares_backing: bool,
        control: Arc<Control>,
    ) -> PivotStep {
        let (place, top) = (self.clone(), chain.top());
        let recorded =
            chain.images[0].overlay().and_then(|image| image.info().backing_file.clone());
        let mut chain = Some(chain);
        Box::new(move |finish| {
            let Some(_changing) = place.changing(&control) else { return Ok(false) };
            let live = &place.disk.live;
            let closed = live.gate.closed();
            finish()?;
            let new_end = top.length().map_err(failed)?.next_multiple_of(SECTOR);
            place.redefine(|disk| to.describe(disk))?;
            if let Some(mut new) = chain.take() {
                closed.set_end(new_end);
                closed.swap(new.top());
                let mut images = live.images();
                if shares_backing && images.images.len() > 1 {
                    new.images.extend(images.images.drain(1..));
                    new.images[1].recorded = recorded.clone();
                }
                *images = new;
            }
            Ok(true)
        })
    }
}

/// Writes zeros into the rest of the last sector, of which the disk has only a part.
fn zero_last_sector(target: &dyn Node, length: u64) -> Result<()> {
    let end = length.next_multiple_of(SECTOR).min(target.length().map_err(failed)?);
    if end > length {
        target.write_zeroes(length, end - length, true).map_err(failed)?;
    }
    Ok(())
}
