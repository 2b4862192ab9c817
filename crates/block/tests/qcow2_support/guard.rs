//! Runs code on a hostile image, on a thread with a small stack, and checks memory and processor
//! time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Less than hosts give their threads.
pub const STACK: usize = 256 << 10;
/// The processor time of the thread: far more than anything here takes. How long it has to wait for a
/// processor does not count, because the machine may be busy.
const TIME: Duration = Duration::from_secs(120);

/// The memory of the process is looked at, so there is one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Bytes of the process in memory: now ("VmRSS"), or the most since it was reset ("VmHWM").
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status");
    let line = status.lines().find(|line| line.starts_with(what)).expect("the line");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number") << 10
}

/// Runs `body`; it may take that many bytes at a time.
pub fn guarded<T: Send>(bytes: u64, what: &str, body: impl FnOnce() -> T + Send) -> T {
    guarded_with(STACK, bytes, what, body)
}

/// The same, with a stack of another size.
pub fn guarded_with<T: Send>(
    stack: usize,
    bytes: u64,
    what: &str,
    body: impl FnOnce() -> T + Send,
) -> T {
    let (result, took, most) = measured(stack, body);
    if std::env::var_os("VIRSPARSE_SHOW").is_some() {
        println!("{what}: {} KiB, {took:?}", most >> 10);
    }
    assert!(took < TIME, "{what}: it took {took:?}");
    assert!(most < bytes, "{what}: it took {} KiB, not {}", most >> 10, bytes >> 10);
    result.unwrap_or_else(|_| panic!("{what}: it panics"))
}

/// The processor time of this thread.
fn worked() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    nix::time::clock_gettime(clock).expect("a clock that every Linux has").into()
}

/// What comes of `body`, the processor time and the memory that it takes.
pub fn measured<T: Send>(
    stack: usize,
    body: impl FnOnce() -> T + Send,
) -> (std::thread::Result<T>, Duration, u64) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Makes the most that which it is now.
    std::fs::write("/proc/self/clear_refs", "5").expect("to reset the peak");
    let before = memory("VmRSS");
    let mut took = Duration::ZERO;
    let result = std::thread::scope(|scope| {
        let body = || {
            let result = body();
            took = worked();
            result
        };
        let thread = std::thread::Builder::new().stack_size(stack);
        thread.spawn_scoped(scope, body).expect("a thread").join()
    });
    (result, took, memory("VmHWM").saturating_sub(before))
}
