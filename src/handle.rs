//! Handles: what a `virConnectPtr` or `virStreamPtr` points at.
//!
//! A handle is the address of a cell in memory that is never unmapped and whose first words are
//! always zero (another library that inspects them sees nothing it would follow). Whether a cell
//! is live, of which kind, and how many references it has is kept behind the cell's lock, so that
//! a NULL, freed, foreign or wrong handle is told apart without following anything the caller
//! gave us: [`cell_at`] compares addresses, nothing more.
//!
//! Freed cells are used again only after [`QUARANTINE`] others have been freed, so that a stale
//! handle is reported as such for a while instead of naming a stranger.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use virsparse_base::sys::fork::{self, GENERATIONS, PerGeneration};
use virsparse_core::domain::{Domain, Snapshot};
use virsparse_core::driver::Connect;
use virsparse_core::error::*;
use virsparse_core::session::Session;
use virsparse_core::storage::{Pool, Volume};
use virsparse_core::stream::Stream;

/// An object that C programs hold handles of.
#[derive(Clone)]
pub enum Object {
    Connect(Arc<Connect>),
    Domain(Arc<Domain>),
    Pool(Arc<Pool>),
    Volume(Arc<Volume>),
    Snapshot(Arc<Snapshot>),
    Stream(Arc<Stream>),
}

/// What the boundary knows about each kind of object.
pub trait Handled: Sized {
    /// The error for a handle that is not a live one of this kind.
    const INVALID: (virErrorNumber, virErrorDomain);
    /// Whether a handle keeps that of its domain alive, too.
    const OF_DOMAIN: bool = false;
    fn of(object: &Object) -> Option<&Arc<Self>>;
    fn wrap(self: Arc<Self>) -> Object;
    /// The session of the connection that the object belongs to.
    fn owner(self: &Arc<Self>) -> &Arc<Session>;
}

macro_rules! handled {
    ($type:ty, $variant:ident, $code:ident, $invalid_domain:ident, |$s:ident| $session:expr) => {
        impl Handled for $type {
            const INVALID: (virErrorNumber, virErrorDomain) = ($code, $invalid_domain);
            fn of(object: &Object) -> Option<&Arc<Self>> {
                match object {
                    Object::$variant(object) => Some(object),
                    _ => None,
                }
            }
            fn wrap(self: Arc<Self>) -> Object {
                Object::$variant(self)
            }
            fn owner(self: &Arc<Self>) -> &Arc<Session> {
                let $s = self;
                $session
            }
        }
    };
}

handled!(Connect, Connect, VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, |s| s.session());
handled!(Domain, Domain, VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOM, |s| s.connect().session());
handled!(Pool, Pool, VIR_ERR_INVALID_STORAGE_POOL, VIR_FROM_STORAGE, |s| s.connect().session());
handled!(Volume, Volume, VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE, |s| s.connect().session());
handled!(Stream, Stream, VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, |s| s.session());

impl Handled for Snapshot {
    const INVALID: (virErrorNumber, virErrorDomain) =
        (VIR_ERR_INVALID_DOMAIN_SNAPSHOT, VIR_FROM_DOMAIN_SNAPSHOT);
    const OF_DOMAIN: bool = true;
    fn of(object: &Object) -> Option<&Arc<Self>> {
        match object {
            Object::Snapshot(object) => Some(object),
            _ => None,
        }
    }
    fn wrap(self: Arc<Self>) -> Object {
        Object::Snapshot(self)
    }
    fn owner(self: &Arc<Self>) -> &Arc<Session> {
        self.domain().connect().session()
    }
}

/// One handle's memory. Its size keeps neighbours' locks on cache lines of their own.
#[repr(C, align(64))]
pub struct Cell {
    /// Always zero: see the module's text.
    zero: [usize; 2],
    slot: Mutex<Option<Slot>>,
}

struct Slot {
    /// References that callers hold: what they may release.
    refs: usize,
    /// References that other objects hold, to a connection or a domain. It lives as long as there
    /// are any of either kind.
    links: usize,
    object: Object,
    /// Every object but a connection keeps its connection's handle alive.
    connection: Option<Link>,
    /// The domain's handle, of a snapshot.
    domain: Option<Link>,
}

/// A counted reference of one object to the handle of another.
pub struct Link(&'static Cell);

impl Link {
    /// One more reference to the object behind `handle`, if that is one of this kind.
    pub fn new<T: Handled>(handle: *const Cell) -> Option<Link> {
        let cell = cell_at(handle)?;
        let mut guard = lock(cell);
        let slot = guard.as_mut()?;
        T::of(&slot.object)?;
        slot.links += 1;
        Some(Link(cell))
    }

    /// The handle, as C knows it. Valid while this reference lives.
    pub fn handle(&self) -> *mut Cell {
        std::ptr::from_ref(self.0).cast_mut()
    }
}

impl Clone for Link {
    fn clone(&self) -> Self {
        if let Some(slot) = &mut *lock(self.0) {
            slot.links += 1;
        }
        Link(self.0)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let mut guard = lock(self.0);
        if let Some(slot) = &mut *guard {
            slot.links -= 1;
        }
        drop(empty_if_unused(self.0, guard));
    }
}

/// Cells are made in chunks of doubling size, so that finding a cell by its address compares with
/// a handful of ranges.
const FIRST_CHUNK: usize = 256;
const CHUNKS: usize = 24;
const QUARANTINE: usize = 128;

struct Chunk {
    cells: AtomicPtr<Cell>,
    len: AtomicUsize,
    /// The generation of processes that uses them.
    generation: AtomicUsize,
}

impl Chunk {
    const fn new() -> Chunk {
        let (len, generation) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Chunk { cells: AtomicPtr::new(std::ptr::null_mut()), len, generation }
    }
}

static ARENA: [Chunk; CHUNKS] = [const { Chunk::new() }; CHUNKS];

static FREE: PerGeneration<Mutex<VecDeque<&'static Cell>>> =
    PerGeneration([const { Mutex::new(VecDeque::new()) }; GENERATIONS]);

/// The cell at an address that the caller claims is a handle; never looks at the memory there.
fn cell_at(handle: *const Cell) -> Option<&'static Cell> {
    let (cell, generation) = find(handle)?;
    // Its lock may be held by a thread that this process does not have.
    (generation == fork::generation()).then_some(cell)
}

/// Whether it is a handle of the process that this one was forked from, which has no use here.
pub fn is_inherited(handle: *const Cell) -> bool {
    find(handle).is_some_and(|(_, generation)| generation != fork::generation())
}

/// The same as [`cell_at`] for a cell of any generation, and that.
fn find(handle: *const Cell) -> Option<(&'static Cell, usize)> {
    let address = handle as usize;
    for chunk in &ARENA {
        let len = chunk.len.load(Ordering::Acquire);
        if len == 0 {
            return None;
        }
        let first = chunk.cells.load(Ordering::Relaxed);
        let offset = address.wrapping_sub(first as usize);
        if offset < len * size_of::<Cell>() {
            if !offset.is_multiple_of(size_of::<Cell>()) {
                return None;
            }
            // SAFETY: the index is within a chunk that was leaked with `len` cells.
            let cell = unsafe { &*first.add(offset / size_of::<Cell>()) };
            return Some((cell, chunk.generation.load(Ordering::Relaxed)));
        }
    }
    None
}

fn lock(cell: &Cell) -> MutexGuard<'_, Option<Slot>> {
    cell.slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn free_list() -> MutexGuard<'static, VecDeque<&'static Cell>> {
    FREE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn take_cell() -> Result<&'static Cell> {
    let mut free = free_list();
    if free.len() <= QUARANTINE {
        let (index, chunk) = ARENA
            .iter()
            .enumerate()
            .find(|(_, chunk)| chunk.len.load(Ordering::Acquire) == 0)
            .ok_or_else(|| Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "no handles left"))?;
        let len = FIRST_CHUNK << index;
        let cells: Vec<Cell> =
            (0..len).map(|_| Cell { zero: [0; 2], slot: Mutex::new(None) }).collect();
        let cells = Vec::leak(cells);
        chunk.generation.store(fork::generation(), Ordering::Relaxed);
        chunk.cells.store(cells.as_mut_ptr(), Ordering::Relaxed);
        chunk.len.store(len, Ordering::Release);
        // New cells go in front: they are nobody's stale handles.
        for cell in cells.iter().rev() {
            free.push_front(cell);
        }
    }
    free.pop_front().ok_or_else(|| Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "no handles left"))
}

/// A new handle with one reference.
pub fn publish<T: Handled>(
    object: Arc<T>,
    connection: Option<Link>,
    domain: Option<Link>,
) -> Result<*mut Cell> {
    let cell = take_cell()?;
    debug_assert_eq!(cell.zero, [0; 2]);
    *lock(cell) = Some(Slot { refs: 1, links: 0, object: T::wrap(object), connection, domain });
    Ok(std::ptr::from_ref(cell).cast_mut())
}

/// The object behind a handle, if it is a live one of the right kind.
pub fn resolve<T: Handled>(handle: *const Cell) -> Option<Arc<T>> {
    let slot = lock(cell_at(handle)?);
    T::of(&slot.as_ref()?.object).cloned()
}

/// A new reference to the connection that the object behind `handle` belongs to (which is the
/// handle itself for a connection).
pub fn connection_of(handle: *const Cell) -> Option<Link> {
    let slot = lock(cell_at(handle)?);
    match slot.as_ref()? {
        Slot { object: Object::Connect(_), .. } => {
            drop(slot);
            Link::new::<Connect>(handle)
        }
        Slot { connection, .. } => connection.clone(),
    }
}

/// A new reference to the domain that the object behind `handle` belongs to, or that it is.
pub fn domain_of(handle: *const Cell) -> Option<Link> {
    let slot = lock(cell_at(handle)?);
    match slot.as_ref()? {
        Slot { object: Object::Domain(_), .. } => {
            drop(slot);
            Link::new::<Domain>(handle)
        }
        Slot { domain, .. } => domain.clone(),
    }
}

/// One more reference. False if `handle` is not a live one of the right kind.
pub fn retain<T: Handled>(handle: *const Cell) -> bool {
    let Some(cell) = cell_at(handle) else { return false };
    match &mut *lock(cell) {
        Some(slot) if T::of(&slot.object).is_some() => {
            slot.refs += 1;
            true
        }
        _ => false,
    }
}

/// One reference less. What is left; `None` if `handle` is not a live one of the
/// right kind, or all that callers held of it have been released. The object is dropped with no lock
/// held.
pub fn release<T: Handled>(handle: *const Cell) -> Option<Released> {
    let cell = cell_at(handle)?;
    let mut guard = lock(cell);
    let slot = guard.as_mut()?;
    T::of(&slot.object)?;
    slot.refs = slot.refs.checked_sub(1)?;
    Some(empty_if_unused(cell, guard))
}

/// What has become of an object.
pub enum Released {
    /// There are other references.
    Kept,
    /// It is gone. A connection may tell what has been lost with it.
    Gone(Result<()>),
}

/// Empties a cell to which there are no references.
fn empty_if_unused(cell: &'static Cell, mut guard: MutexGuard<'_, Option<Slot>>) -> Released {
    let Some(slot) = guard.take_if(|slot| slot.refs == 0 && slot.links == 0) else {
        return Released::Kept;
    };
    drop(guard);
    let Slot { object, connection, domain, .. } = slot;
    let mut closed = Ok(());
    match object {
        Object::Connect(connect) => {
            crate::virterror::forget_connection(connect.id());
            // A thread that has it at the moment closes it later.
            if let Some(connect) = Arc::into_inner(connect) {
                closed = connect.close();
            }
        }
        object => drop(object),
    }
    drop((connection, domain));
    free_list().push_back(cell);
    Released::Gone(closed)
}
