//! What becomes of the library in a child process that was forked.
//!
//! The child has the thread that forked, and no other. Had the process more threads, one of them may have
//! held a lock, or have been changing something, that nobody will ever finish. So the child of such a
//! process leaves everything as it was and begins anew: what is global has one instance for each
//! generation of processes ([`PerGeneration`]), and objects of an earlier one are refused. The child of a
//! process without other threads goes on with what there is, as a daemon does that has left its terminal.

use std::ops::Deref;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

/// Generations that can be told apart; what is forked from the last one shares its instance.
pub const GENERATIONS: usize = 8;

static GENERATION: AtomicUsize = AtomicUsize::new(0);
static PARENT: AtomicI32 = AtomicI32::new(0);
/// The process that forks has more threads than the one that does.
static HAD_THREADS: AtomicBool = AtomicBool::new(false);

/// Something global, of which the child of a process with threads has another one.
pub struct PerGeneration<T>(pub [T; GENERATIONS]);

impl<T> Deref for PerGeneration<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0[generation()]
    }
}

/// The generation of this process.
pub fn generation() -> usize {
    GENERATION.load(Ordering::Relaxed).min(GENERATIONS - 1)
}

/// The process that this one was forked from.
pub fn parent() -> i32 {
    PARENT.load(Ordering::Relaxed)
}

/// Sees to it that forks are noticed, from the first call on.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: functions without arguments that stay. Without memory for them nothing is noticed.
        unsafe { libc::pthread_atfork(Some(before), None, Some(in_child)) };
    });
}

/// Only what a signal handler may do: a fork may be in one.
extern "C" fn before() {
    HAD_THREADS.store(has_threads(), Ordering::Relaxed);
    // SAFETY: it cannot fail.
    PARENT.store(unsafe { libc::getpid() }, Ordering::Relaxed);
}

extern "C" fn in_child() {
    if HAD_THREADS.load(Ordering::Relaxed) {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether this process has more than one thread: each is a folder there. Where that is not known, it has.
fn has_threads() -> bool {
    // SAFETY: all bytes of it may be zero; a path that is NUL-terminated, and a place for the result.
    unsafe {
        let mut found: libc::stat = std::mem::zeroed();
        libc::stat(c"/proc/self/task".as_ptr(), &mut found) != 0 || found.st_nlink != 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_seen() {
        std::thread::scope(|scope| {
            let (stop, wait) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || wait.recv());
            assert!(has_threads());
            drop(stop);
        });
    }
}
