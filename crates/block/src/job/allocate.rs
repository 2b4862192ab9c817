//! Giving a disk that is in use all the space that it may need.

use std::ops::Range;
use std::time::Instant;

use super::End;
use super::control::Control;
use super::live::LiveChain;
use super::stride::Stride;
use crate::copy::Supervisor;
use crate::{Overlay, Result};

/// Space in a raw image is asked for in ranges, the first of this size.
const FIRST: u64 = 16 << 20;

/// Gives a range of the image on top of a chain space of its own: with what is read from the images
/// below it, or with zeros.
pub fn allocate(live: &LiveChain, range: Range<u64>, control: &Control) -> Result<End> {
    let top = live.images().images.first().and_then(|image| image.overlay().cloned());
    let done = match top {
        Some(top) => fill(&*top, range, control),
        None => reserve(live, range, control),
    };
    let done = done?;
    if !done {
        return Ok(End::Cancelled);
    }
    let node = live.gate.node();
    node.flush().and_then(|()| node.settle())?;
    Ok(End::Completed)
}

/// The same for an image. False if the job is to end.
pub fn fill(top: &dyn Overlay, range: Range<u64>, control: &Control) -> Result<bool> {
    let mut at = range.start;
    while at < range.end {
        let part = top.next_unallocated_range(at, range.end, control.most())?;
        control.advance(part.start - at);
        at = part.end;
        if !control.admit(part.end - part.start) {
            return Ok(false);
        }
        top.copy_up(&part)?;
        control.advance(part.end - part.start);
    }
    Ok(true)
}

/// The same for a raw image. Data is included: filesystems that cannot tell where holes are call them
/// data, and only the node knows what to do then. The guest waits meanwhile: where a filesystem cannot
/// reserve space, zeros are written into holes, which must not go over what a guest has just written
/// there.
fn reserve(live: &LiveChain, range: Range<u64>, control: &Control) -> Result<bool> {
    let (mut at, mut stride) = (range.start, Stride::new(FIRST));
    while at < range.end {
        if !control.admit(0) {
            return Ok(false);
        }
        let end = stride.reach(at, range.end);
        {
            let _closed = live.gate.closed();
            let begun = Instant::now();
            live.gate.node().allocate(at, end - at)?;
            stride.took(begun.elapsed());
        }
        control.advance(end - at);
        at = end;
    }
    Ok(true)
}
