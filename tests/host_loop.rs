//! Streams on an event loop of the host program, which behaves in the worst ways that are allowed.

use std::collections::BTreeMap;
use std::ffi::{CString, c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, Once};
use std::thread;

use virsparse::event::{virEventRegisterImpl, virEventTimeoutCallback};
use virsparse::host::*;
use virsparse::storage::pool::*;
use virsparse::storage::pool_lookup::*;
use virsparse::storage::volume::*;
use virsparse::stream::*;
use virsparse::typed_params::virFreeCallback;
use virsparse_core::enums::stream::virStreamEventType;

const READABLE: c_int = virStreamEventType::VIR_STREAM_EVENT_READABLE as c_int;
const WRITABLE: c_int = virStreamEventType::VIR_STREAM_EVENT_WRITABLE as c_int;

#[derive(Clone, Copy)]
struct Timer {
    callback: virEventTimeoutCallback,
    opaque: usize,
    free: virFreeCallback,
}

static TIMERS: Mutex<BTreeMap<c_int, Timer>> = Mutex::new(BTreeMap::new());

/// Whether a timer that is armed runs at once, in a thread of the loop's, before the arming returns.
static EAGER: AtomicBool = AtomicBool::new(false);

/// How often a timer was armed from a thread of the library's.
static ARMED_BY_LIBRARY: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn add_timeout(
    _timeout: c_int,
    callback: virEventTimeoutCallback,
    opaque: *mut c_void,
    free: virFreeCallback,
) -> c_int {
    let mut timers = TIMERS.lock().unwrap();
    let id = timers.last_key_value().map_or(1, |(last, _)| last + 1);
    timers.insert(id, Timer { callback, opaque: opaque as usize, free });
    id
}

unsafe extern "C" fn update_timeout(id: c_int, timeout: c_int) {
    if thread::current().name().is_some_and(|name| name.starts_with("virsparse")) {
        // As much as a host written in a scripting language may need.
        let mut stack = [0u8; 700 * 1024];
        std::hint::black_box(&mut stack);
        ARMED_BY_LIBRARY.fetch_add(1, SeqCst);
    }
    if timeout < 0 || !EAGER.swap(false, SeqCst) {
        return;
    }
    let Some(timer) = TIMERS.lock().unwrap().get(&id).copied() else { return };
    let run = move || unsafe { timer.callback.unwrap()(id, timer.opaque as *mut c_void) };
    thread::spawn(run).join().unwrap();
    free_removed();
}

static REMOVED: Mutex<Vec<Timer>> = Mutex::new(Vec::new());

unsafe extern "C" fn remove_timeout(id: c_int) -> c_int {
    let Some(timer) = TIMERS.lock().unwrap().remove(&id) else { return -1 };
    REMOVED.lock().unwrap().push(timer);
    0
}

/// What the loop's thread does sooner or later.
fn free_removed() {
    let free = || {
        for timer in std::mem::take(&mut *REMOVED.lock().unwrap()) {
            unsafe { timer.free.unwrap()(timer.opaque as *mut c_void) };
        }
    };
    thread::spawn(free).join().unwrap();
}

/// One test at a time: they share the loop.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    static LOOP: Once = Once::new();
    LOOP.call_once(|| {
        virEventRegisterImpl(
            None,
            None,
            None,
            Some(add_timeout),
            Some(update_timeout),
            Some(remove_timeout),
        );
    });
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A volume in memory, and what it is in.
struct Volume {
    conn: virConnectPtr,
    pool: virStoragePoolPtr,
    vol: virStorageVolPtr,
}

impl Volume {
    fn new(name: &str, capacity: usize) -> Volume {
        let xml = format!("<volume><name>{name}</name><capacity>{capacity}</capacity></volume>");
        let xml = CString::new(xml).unwrap();
        unsafe {
            let conn = virConnectOpen(c"test:///default".as_ptr());
            let pool = virStoragePoolLookupByName(conn, c"default-pool".as_ptr());
            let vol = virStorageVolCreateXML(pool, xml.as_ptr(), 0);
            assert!(!vol.is_null());
            Volume { conn, pool, vol }
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        virStorageVolFree(self.vol);
        virStoragePoolFree(self.pool);
        virConnectClose(self.conn);
    }
}

/// How often, and by whom, the data of the test below was freed.
struct Freed {
    called: usize,
    /// In the thread that registered.
    by_caller: usize,
}

static FREED: Mutex<Freed> = Mutex::new(Freed { called: 0, by_caller: 0 });

unsafe extern "C" fn remove_itself(stream: virStreamPtr, _events: c_int, _opaque: *mut c_void) {
    assert_eq!(virStreamEventRemoveCallback(stream), 0);
}

unsafe extern "C" fn count_free(opaque: *mut c_void) {
    let mut freed = FREED.lock().unwrap();
    freed.called += 1;
    let caller = unsafe { *opaque.cast::<thread::ThreadId>() };
    freed.by_caller += usize::from(thread::current().id() == caller);
}

#[test]
fn data_is_freed_once_by_the_loop_if_a_callback_removes_itself() {
    let _turn = turn();
    let volume = Volume::new("eager", 1000);
    let mut caller = thread::current().id();
    let stream = virStreamNew(volume.conn, 0);
    assert_eq!(virStorageVolDownload(volume.vol, stream, 0, 0, 0), 0);
    EAGER.store(true, SeqCst);
    let opaque = (&raw mut caller).cast();
    let added = unsafe {
        virStreamEventAddCallback(stream, READABLE, Some(remove_itself), opaque, Some(count_free))
    };
    assert_eq!(added, 0);
    free_removed();
    let freed = FREED.lock().unwrap();
    assert_eq!((freed.called, freed.by_caller), (1, 0));
    drop(freed);
    assert_eq!(virStreamFree(stream), 0);
}

unsafe extern "C" fn ignore(_stream: virStreamPtr, _events: c_int, _opaque: *mut c_void) {}

#[test]
fn a_host_loops_functions_have_enough_stack_on_a_library_thread() {
    let _turn = turn();
    let volume = Volume::new("room", 4 << 20);
    let stream = virStreamNew(volume.conn, 0);
    assert_eq!(virStorageVolUpload(volume.vol, stream, 0, 0, 0), 0);
    let added =
        unsafe { virStreamEventAddCallback(stream, WRITABLE, Some(ignore), null_mut(), None) };
    assert_eq!(added, 0);
    let data = vec![7u8; 4 << 20];
    assert_eq!(unsafe { virStreamSend(stream, data.as_ptr().cast(), data.len()) }, 4 << 20);
    assert_eq!(virStreamFinish(stream), 0);
    assert!(ARMED_BY_LIBRARY.load(SeqCst) > 0);
    assert_eq!(virStreamFree(stream), 0);
}
