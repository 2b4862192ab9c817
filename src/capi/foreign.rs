//! Calls of a program's own functions. A thread may end inside one: by pthread_exit or pthread_cancel, as
//! Python's do when the interpreter has come to its end. Such an end unwinds the stack, and what contains
//! our panics would take it for one, and the process would be aborted. So such calls go through a frame
//! that says nothing about how it is unwound: there the C library stops unwinding, leaves out all frames
//! behind it, which are ours, and ends the thread. No lock of ours is held while a program's function runs.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong, c_void};

/// What fits into one of the registers and places in which whole numbers and pointers are passed.
pub trait Word {
    fn word(self) -> u64;
}

macro_rules! words {
    ($($number:ty)*) => {$(
        impl Word for $number {
            fn word(self) -> u64 {
                // Smaller ones are extended; who is called looks at the part that it knows.
                self as u64
            }
        }
    )*};
}

words!(c_int c_uint c_longlong c_ulonglong usize);

impl<T> Word for *mut T {
    fn word(self) -> u64 {
        self as u64
    }
}

impl<T> Word for *const T {
    fn word(self) -> u64 {
        self as u64
    }
}

macro_rules! callbacks {
    ($($name:ident($($parameter:ty),*);)*) => {$(
        impl Word for Option<unsafe extern "C" fn($($parameter),*)> {
            fn word(self) -> u64 {
                self.map_or(0, |function| function as usize as u64)
            }
        }
    )*};
}

// Those that are given to a program's event loop.
callbacks! {
    handle(c_int, c_int, c_int, *mut c_void);
    timeout(c_int, *mut c_void);
    free(*mut c_void);
}

/// The most arguments that a function is called with.
pub const MOST: usize = 8;

/// Calls a function of the program's with whole numbers and pointers; what it returns is one, too, to be cut
/// to its type.
macro_rules! foreign {
    ($function:expr $(, $argument:expr)* $(,)?) => {{
        let given = [$($crate::capi::foreign::Word::word($argument)),*];
        let mut words = [0; $crate::capi::foreign::MOST];
        words[..given.len()].copy_from_slice(&given);
        $crate::capi::foreign::call($function as *const (), &words)
    }};
}
pub(crate) use foreign;

/// # Safety
/// `function` is a C function, which takes what the first of these words are.
pub unsafe fn call(function: *const (), words: &[u64; MOST]) -> u64 {
    // SAFETY: the caller's promise; words that it does not take are left where they are.
    unsafe { virsparse_call_foreign(function, words.as_ptr()) }
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

#[cfg(test)]
mod tests {
    use std::ffi::c_char;

    use super::*;

    unsafe extern "C" fn sum(
        a: c_int,
        b: *const c_char,
        c: c_uint,
        d: c_ulonglong,
        e: c_longlong,
        f: c_int,
        g: c_ulonglong,
        h: c_int,
    ) -> c_longlong {
        assert_eq!((a, b as usize, c, d, e), (-1, 2, u32::MAX, u64::MAX, i64::MIN));
        assert_eq!((f, g, h), (6, 1 << 40, -8));
        -9
    }

    unsafe extern "C" fn nothing() -> c_int {
        -3
    }

    #[test]
    fn arguments_arrive_and_results_return() {
        let pointer = 2 as *const c_char;
        // SAFETY: functions of these types.
        let (eight, none) = unsafe {
            let eight = foreign!(
                sum as unsafe extern "C" fn(_, _, _, _, _, _, _, _) -> _,
                -1 as c_int,
                pointer,
                u32::MAX,
                u64::MAX,
                i64::MIN,
                6 as c_int,
                1u64 << 40,
                -8 as c_int,
            );
            (eight, call(nothing as *const (), &[0; MOST]))
        };
        assert_eq!((eight as c_longlong, none as c_int), (-9, -3));
    }
}
