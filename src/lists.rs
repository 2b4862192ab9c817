//! Lists that C programs get: of handles, and of names.

use std::ffi::{c_char, c_int};
use std::sync::Arc;

use crate::call::Call;
use crate::handle::{self, Cell};
use crate::strings;
use virsparse_core::error::*;

/// Stores handles of objects as a list that the caller frees; their number. With no place to store
/// them they are only counted.
///
/// # Safety
/// `list` is NULL or points at a pointer of the caller's.
pub unsafe fn list<T: handle::Handled>(
    call: &Call,
    beside: *const Cell,
    objects: Vec<Arc<T>>,
    list: *mut *mut *mut Cell,
) -> Result<c_int> {
    let count = objects.len() as c_int;
    if list.is_null() {
        return Ok(count);
    }
    let mut handles = Vec::with_capacity(objects.len());
    let made = objects.into_iter().try_for_each(|object| {
        handles.push(call.publish(object, beside)?);
        Ok(())
    });
    match made.and_then(|()| strings::to_array(&handles)) {
        Ok(array) => {
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { list.write(array) };
            Ok(count)
        }
        Err(error) => {
            for handle in handles {
                handle::release::<T>(handle);
            }
            Err(error)
        }
    }
}

/// Stores names in an array of the caller's, each to be freed by it; how many.
///
/// # Safety
/// `array` is NULL or has room for `most` pointers.
pub unsafe fn store_names<'a>(
    call: &Call,
    domain: virErrorDomain,
    names: impl Iterator<Item = &'a str>,
    array: *mut *mut c_char,
    most: c_int,
) -> Result<c_int> {
    // SAFETY: the caller's promise.
    unsafe { store_names_as(call, domain, names, array, most, "maxnames") }
}

/// The same where the number of pointers has another name.
///
/// # Safety
/// `array` is NULL or has room for `most` pointers.
pub unsafe fn store_names_as<'a>(
    call: &Call,
    domain: virErrorDomain,
    names: impl Iterator<Item = &'a str>,
    array: *mut *mut c_char,
    most: c_int,
    argument: &str,
) -> Result<c_int> {
    call.non_null(array, domain, "names")?;
    let most = call.non_negative(most, domain, argument)?;
    let mut stored = 0;
    for name in names.take(most) {
        match strings::to_c(name) {
            // SAFETY: `stored` is less than `most`.
            Ok(copy) => unsafe { array.add(stored).write(copy) },
            Err(error) => {
                for i in 0..stored {
                    // SAFETY: written above, with malloc'd strings.
                    unsafe { libc::free((*array.add(i)).cast()) };
                }
                return Err(error);
            }
        }
        stored += 1;
    }
    Ok(stored as c_int)
}
