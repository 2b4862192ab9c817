//! Calls of a program's own functions. A thread may end inside one: by pthread_exit or pthread_cancel, as
//! Python's do when the interpreter has come to its end. Such an end unwinds the stack, and what contains
//! our panics would take it for one, and the process would be aborted. So such calls go through
//! [`virsparse_base::sys::foreign::call`], where that ends well.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong, c_void};

pub use virsparse_base::sys::foreign::{MOST, call};

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

/// Calls a function of the program's with whole numbers and pointers; what it returns is one, too, to be cut
/// to its type.
macro_rules! foreign {
    ($function:expr $(, $argument:expr)* $(,)?) => {{
        let given = [$($crate::foreign::Word::word($argument)),*];
        let mut words = [0; $crate::foreign::MOST];
        words[..given.len()].copy_from_slice(&given);
        $crate::foreign::call($function as *const (), &words)
    }};
}
pub(crate) use foreign;

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
