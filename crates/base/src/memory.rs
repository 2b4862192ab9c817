//! What happens when there is no memory left. An allocation of Rust's collections that fails ends the
//! process, and before that the standard library writes a message to stderr, which is the host's: a
//! program can only keep it from doing so by not returning to it. So the library's allocator ends the
//! process itself, unless the code that allocates handles the failure, and says so with [`fallible`].
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// This thread is inside [`fallible`].
    static FALLIBLE: Cell<bool> = const { Cell::new(false) };
}

/// Runs an allocation whose failure is handled: `Vec::try_reserve`, for example, or reading a file,
/// which fails with [`OutOfMemory`](std::io::ErrorKind::OutOfMemory).
pub fn fallible<R>(allocate: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            FALLIBLE.set(self.0);
        }
    }
    let _restore = Restore(FALLIBLE.replace(true));
    allocate()
}

/// The system's allocator. When it has no memory, the process ends by SIGABRT, without a message, except
/// in [`fallible`].
pub struct QuietAllocator;

/// What the system has returned, if the caller can go on with that.
#[inline(always)]
fn checked(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        end_unless_fallible();
    }
    memory
}

#[cold]
#[inline(never)]
fn end_unless_fallible() {
    // A thread that is ending may have no such variables any more; what it allocates then is small.
    if !FALLIBLE.try_with(Cell::get).unwrap_or(false) {
        std::process::abort();
    }
}

// SAFETY: every call is passed to the system's allocator, which keeps what the trait promises. A null
// pointer is either returned or never seen. Neither the thread's variable, which has no destructor and
// is initialized by the compiler, nor abort allocates.
unsafe impl GlobalAlloc for QuietAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        checked(unsafe { System.alloc(layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        checked(unsafe { System.alloc_zeroed(layout) })
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        checked(unsafe { System.realloc(memory, layout, new_size) })
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than the address space has.
    fn too_much() -> Layout {
        Layout::from_size_align(isize::MAX as usize - 4096, 1).unwrap()
    }

    #[test]
    fn a_failed_allocation_is_returned_where_it_is_handled() {
        let memory = fallible(|| {
            // SAFETY: the layout is not empty.
            fallible(|| unsafe { QuietAllocator.alloc(too_much()) });
            // SAFETY: the layout is not empty.
            unsafe { QuietAllocator.alloc_zeroed(too_much()) }
        });
        assert!(memory.is_null());
        assert!(!FALLIBLE.get());
    }

    #[test]
    fn the_end_of_a_panic_is_the_end_of_handling_failures() {
        let panicked = std::panic::catch_unwind(|| fallible(|| panic!("within")));
        assert!(panicked.is_err());
        assert!(!FALLIBLE.get());
    }

    #[test]
    fn memory_grows_with_its_contents() {
        let (small, large) =
            (Layout::array::<u8>(16).unwrap(), Layout::array::<u8>(1 << 20).unwrap());
        // SAFETY: the layouts are not empty, and are those of the memory.
        unsafe {
            let memory = QuietAllocator.alloc(small);
            memory.write_bytes(7, 16);
            let memory = QuietAllocator.realloc(memory, small, large.size());
            assert_eq!(std::slice::from_raw_parts(memory, 16), [7; 16]);
            QuietAllocator.dealloc(memory, large);
        }
    }
}
