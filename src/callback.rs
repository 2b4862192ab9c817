//! Calls of a program's callbacks. A thread may end inside of a callback: by pthread_exit or pthread_cancel,
//! as Python's threads do when the interpreter ends. That unwinds the stack; the code that catches our panics
//! would take it for a panic and abort the process. So callbacks are called through
//! [`virsparse_base::sys::foreign::call`], where the C library can end the thread.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong, c_void};

pub use virsparse_base::sys::foreign::{MOST, call};

/// An argument of a C function that fits into one register or stack slot: an integer or a pointer.
pub trait AbiArg {
    fn into_word(self) -> u64;
}

macro_rules! words {
    ($($number:ty)*) => {$(
        impl AbiArg for $number {
            fn into_word(self) -> u64 {
                // Smaller integers are extended; the callee looks at the bits of its type.
                self as u64
            }
        }
    )*};
}

words!(c_int c_uint c_longlong c_ulonglong usize);

impl<T> AbiArg for *mut T {
    fn into_word(self) -> u64 {
        self as u64
    }
}

impl<T> AbiArg for *const T {
    fn into_word(self) -> u64 {
        self as u64
    }
}

macro_rules! callbacks {
    ($($name:ident($($parameter:ty),*);)*) => {$(
        impl AbiArg for Option<unsafe extern "C" fn($($parameter),*)> {
            fn into_word(self) -> u64 {
                self.map_or(0, |function| function as usize as u64)
            }
        }
    )*};
}

// Callbacks of ours that are passed to a program's event loop.
callbacks! {
    handle(c_int, c_int, c_int, *mut c_void);
    timeout(c_int, *mut c_void);
    free(*mut c_void);
}

/// Calls a C function of the program with integers and pointers. The result is a whole register, to be
/// cast to the function's type.
macro_rules! call_c {
    ($function:expr $(, $argument:expr)* $(,)?) => {{
        let given = [$($crate::callback::AbiArg::into_word($argument)),*];
        let mut words = [0; $crate::callback::MOST];
        words[..given.len()].copy_from_slice(&given);
        $crate::callback::call($function as *const (), &words)
    }};
}
pub(crate) use call_c;

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
            let eight = call_c!(
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
