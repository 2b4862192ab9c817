//! Calls of functions in which a thread may end: a program's own, and those that wait for it.
//!
//! A thread ends by pthread_exit or pthread_cancel, which unwind its stack. What contains our panics would
//! take that for one, and the process would be aborted. So such calls go through a frame that says nothing
//! about how it is unwound: there the C library stops unwinding, leaves out all frames behind it, which are
//! ours, and ends the thread. No lock of ours is held meanwhile.
//!
//! Everywhere else in the library a thread must not end, because any system call could be the place. So
//! cancellation is off in the library ([`Uncancelled`]), and as the caller had it in such a call.

use std::cell::Cell;
use std::ffi::c_int;

use crate::errno::{Errno, SysResult};
use nix::poll::{PollFd, PollTimeout};

/// The most arguments that a function is called with.
pub const MOST: usize = 8;

const DISABLE: c_int = 1;
const ENABLE: c_int = 0;

unsafe extern "C" {
    // The C library has it on every system, the libc crate on some.
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

fn set_cancel_state(state: c_int) -> c_int {
    let mut old = ENABLE;
    // SAFETY: a valid state, and a place for the old one. It is no cancellation point.
    unsafe { pthread_setcancelstate(state, &mut old) };
    old
}

thread_local! {
    /// What the caller wants, while cancellation is off.
    static CALLERS: Cell<c_int> = const { Cell::new(ENABLE) };
}

/// The thread cannot be cancelled while this lives; a request waits until it is dropped.
pub struct Uncancelled {
    /// What the caller's caller wants, where a callback has called the library.
    outer: c_int,
}

impl Uncancelled {
    #[allow(clippy::new_without_default, reason = "it does something")]
    pub fn new() -> Uncancelled {
        Uncancelled { outer: CALLERS.replace(set_cancel_state(DISABLE)) }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        set_cancel_state(CALLERS.replace(self.outer));
    }
}

/// # Safety
/// `function` is a C function, which takes what the first of these words are.
pub unsafe fn call(function: *const (), words: &[u64; MOST]) -> u64 {
    // Where the frame has a description, only what the function does itself may end the thread.
    let may_end = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    let inside = set_cancel_state(if may_end { CALLERS.get() } else { DISABLE });
    // SAFETY: the caller's promise; words that it does not take are left where they are.
    let result = unsafe { virsparse_call_foreign(function, words.as_ptr()) };
    let after = set_cancel_state(inside);
    if may_end {
        // The function may have changed it for good.
        CALLERS.set(after);
    }
    result
}

/// poll(2), in which the thread may be cancelled.
pub fn poll(fds: &mut [PollFd<'_>], timeout: PollTimeout) -> SysResult<usize> {
    let words =
        [fds.as_mut_ptr() as u64, fds.len() as u64, i32::from(timeout) as u64, 0, 0, 0, 0, 0];
    // SAFETY: so many descriptors, each in the form that poll takes.
    let ready = unsafe { call(libc::poll as *const (), &words) } as c_int;
    Errno::result(ready).map(|ready| ready as usize)
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
unsafe extern "C" {
    fn virsparse_call_foreign(function: *const (), words: *const u64) -> u64;
}

/// Elsewhere threads must not end in callbacks. That more is passed than is taken does no harm: who calls
/// cleans up.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn virsparse_call_foreign(function: *const (), words: *const u64) -> u64 {
    type Function = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
    // SAFETY: a C function, and so many words.
    unsafe {
        let function = std::mem::transmute::<*const (), Function>(function);
        let [a, b, c, d, e, f, g, h] = *words.cast::<[u64; MOST]>();
        function(a, b, c, d, e, f, g, h)
    }
}

// Without any .cfi directive there is no description of the frame: see above.
#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .text.virsparse_call_foreign, \"ax\", @progbits",
    ".hidden virsparse_call_foreign",
    ".globl virsparse_call_foreign",
    ".type virsparse_call_foreign, @function",
    "virsparse_call_foreign:",
    "push rbp",
    "mov rbp, rsp",
    "mov rax, rdi",
    "mov r10, rsi",
    "push qword ptr [r10 + 56]",
    "push qword ptr [r10 + 48]",
    "mov rdi, [r10]",
    "mov rsi, [r10 + 8]",
    "mov rdx, [r10 + 16]",
    "mov rcx, [r10 + 24]",
    "mov r8, [r10 + 32]",
    "mov r9, [r10 + 40]",
    "call rax",
    "leave",
    "ret",
    ".size virsparse_call_foreign, . - virsparse_call_foreign",
    ".popsection",
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".pushsection .text.virsparse_call_foreign, \"ax\", @progbits",
    ".hidden virsparse_call_foreign",
    ".globl virsparse_call_foreign",
    ".type virsparse_call_foreign, @function",
    "virsparse_call_foreign:",
    "stp x29, x30, [sp, #-16]!",
    "mov x29, sp",
    "mov x9, x0",
    "mov x10, x1",
    "ldp x0, x1, [x10]",
    "ldp x2, x3, [x10, #16]",
    "ldp x4, x5, [x10, #32]",
    "ldp x6, x7, [x10, #48]",
    "blr x9",
    "ldp x29, x30, [sp], #16",
    "ret",
    ".size virsparse_call_foreign, . - virsparse_call_foreign",
    ".popsection",
);
