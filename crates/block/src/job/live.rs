//! The chain of a disk in use: what becomes of it when jobs and snapshots change it.

use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use virsparse_base::errno::Errno;

use crate::{BlockError, Chain, Gate, Image, Node, Result};

/// A chain, and the gate that the guest passes to get at it.
pub struct LiveChain {
    /// Where the requests of guests come in.
    pub gate: Arc<Gate>,
    chain: Mutex<Chain>,
    /// The number of the next image.
    next: AtomicU32,
}

impl LiveChain {
    /// A chain that nobody uses yet.
    pub fn new(mut chain: Chain) -> LiveChain {
        let next = AtomicU32::new(chain.number(1));
        LiveChain { gate: Arc::new(Gate::new(chain.top())), chain: Mutex::new(chain), next }
    }

    /// Numbers the images of a chain that is to become a part of this one.
    pub fn number(&self, chain: &mut Chain) {
        let count = chain.images.len() as u32;
        chain.number(self.next.fetch_add(count, Ordering::Relaxed));
    }

    /// Closes all images. What comes after them is `node`.
    pub fn close(&self, node: Arc<dyn Node>) {
        let before = self.gate.swap(node);
        self.images().images.clear();
        drop(before);
    }

    /// The images. Who holds them keeps others from changing the chain, not the guest.
    pub fn images(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Puts a new image on top, which has the others below it and calls the next one `recorded`: all
    /// disks of a snapshot are paused by the caller. What was the top is only read from now on.
    pub fn push(&self, overlay: Image, recorded: String) -> Result<()> {
        let closed = self.gate.closed();
        let mut chain = self.images();
        chain.images.insert(0, overlay);
        if let Err(error) = chain.reopen(1, false) {
            chain.images.remove(0);
            return Err(error);
        }
        chain.images[1].recorded = Some(recorded);
        chain.link(1);
        closed.swap(chain.top());
        Ok(())
    }

    /// Takes the image on top off again, which nobody has written since [`LiveChain::push`]: the
    /// gate has been closed since then. After an error it is still there.
    pub fn pop(&self, writable: bool) -> Result<()> {
        let closed = self.gate.closed();
        let mut chain = self.images();
        chain.reopen(1, writable)?;
        chain.images.remove(0);
        chain.images[0].recorded = None;
        closed.swap(chain.top());
        Ok(())
    }

    /// Makes the image at `index` read from the one at `base` (from none), which the ones between
    /// have been brought into or left out of. `recorded`: what it calls that from now on. `first` runs
    /// before the image says so.
    pub fn relink<E: From<BlockError>>(
        &self,
        index: usize,
        base: Option<usize>,
        recorded: Option<&str>,
        first: impl FnOnce() -> Result<(), E>,
    ) -> Result<Vec<Image>, E> {
        let closed = self.gate.closed();
        // Not while the images are held: whoever writes definitions down asks for them.
        first()?;
        let mut chain = self.images();
        let read_only = !chain.images[index].writable;
        if read_only {
            chain.reopen(index, true)?;
        }
        let done = record(&chain, index, base, recorded);
        let removed = match &done {
            Ok(()) => {
                let end = base.unwrap_or(chain.images.len());
                let removed = chain.images.drain(index + 1..end).collect();
                if let Some(below) = chain.images.get_mut(index + 1) {
                    below.recorded = recorded.map(str::to_string);
                }
                chain.link(index + 1);
                removed
            }
            Err(_) => Vec::new(),
        };
        if read_only {
            chain.give_up_writing(index);
        }
        if index == 0 {
            closed.swap(chain.top());
        }
        done?;
        Ok(removed)
    }

    /// Makes the image at `index` writable, or only readable again.
    pub fn reopen(&self, index: usize, writable: bool) -> Result<()> {
        let _closed = self.gate.closed();
        self.images().reopen(index, writable)
    }

    /// Makes the image at `index` only readable again; nobody writes it any more.
    pub fn give_up_writing(&self, index: usize) {
        let _closed = self.gate.closed();
        self.images().give_up_writing(index);
    }

    /// Makes another chain the disk's; the gate is closed, and its node the caller's affair. Returns
    /// the one before.
    pub fn replace(&self, chain: Chain) -> Chain {
        std::mem::replace(&mut self.images(), chain)
    }

    /// Leaves the images above the one at `index` out; the gate is closed. Returns those.
    pub fn cut(&self, index: usize) -> (Arc<dyn Node>, Vec<Image>) {
        let mut chain = self.images();
        let removed = chain.images.drain(..index).collect();
        chain.images[0].recorded = None;
        (chain.top(), removed)
    }
}

fn record(chain: &Chain, index: usize, base: Option<usize>, name: Option<&str>) -> Result<()> {
    let image = &chain.images[index];
    let Some(overlay) = image.overlay() else {
        let what = format!("image '{}' has no backing image", image.location);
        return Err(BlockError { what, errno: Errno::EINVAL });
    };
    let below = base.map(|base| &chain.images[base]);
    overlay.record_backing(below.and_then(|below| Some((name?, below.format.name()))))
}

/// How the image at `index` can call the one at `base`, if all of those from it on call the next one
/// by a name that is relative to themselves.
pub fn relative_name(chain: &Chain, index: usize, base: usize) -> Option<String> {
    let mut name = PathBuf::new();
    for image in &chain.images[index + 1..=base] {
        let recorded = Path::new(image.recorded.as_deref()?);
        if recorded.is_absolute() {
            return None;
        }
        name.pop();
        name.push(recorded);
    }
    // "a/../b" would depend on where links lead.
    let plain = name.components().filter(|part| *part != Component::CurDir);
    plain.collect::<PathBuf>().to_str().map(str::to_string)
}
