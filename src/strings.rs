//! Strings and arrays across the boundary. What the caller frees comes from libc's malloc, because
//! that is what its `free()` belongs to, whichever library it calls it through.

use std::ffi::c_char;

use virsparse_base::memory::fallible;
use virsparse_core::error::*;
use virsparse_core::xml::MAX_TEXT;

/// A malloc'd, NUL-terminated copy. A text with a NUL inside ends there, as C would see it.
pub fn to_c(text: &str) -> Result<*mut c_char> {
    let bytes = text.as_bytes();
    let len = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    // SAFETY: len + 1 bytes are allocated, and written below.
    unsafe {
        let copy = libc::malloc(len + 1).cast::<c_char>();
        if copy.is_null() {
            return Err(Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, format!("{len} bytes")));
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), copy, len);
        *copy.add(len) = 0;
        Ok(copy)
    }
}

/// A copy inside a record, cut off where it does not fit.
pub fn to_field<const N: usize>(text: &str) -> [c_char; N] {
    let mut field = [0; N];
    for (to, byte) in field.iter_mut().take(N.saturating_sub(1)).zip(text.bytes()) {
        *to = byte as c_char;
    }
    field
}

/// A malloc'd copy of bytes; at least one byte is allocated.
pub fn to_bytes(bytes: &[u8]) -> Result<*mut u8> {
    // SAFETY: as many bytes are allocated as are written.
    unsafe {
        let copy = libc::malloc(bytes.len().max(1)).cast::<u8>();
        if copy.is_null() {
            return Err(Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "result bytes"));
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
        Ok(copy)
    }
}

/// A copy of the caller's string; bytes that are not UTF-8 are refused by name.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
pub unsafe fn from_c(
    text: *const c_char,
    domain: virErrorDomain,
    argument: &str,
) -> Result<Option<String>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let Some(bytes) = (unsafe { within(text) }) else {
        return Err(too_long(domain, argument));
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        let text = format!("{argument} in {FUNCTION} must be valid UTF-8");
        return Err(Error::argument(domain, argument, text));
    };
    let mut copy = String::new();
    fallible(|| copy.try_reserve_exact(text.len()))
        .map_err(|_| Error::new(VIR_ERR_NO_MEMORY, domain, format!("{} bytes", text.len())))?;
    copy.push_str(text);
    Ok(Some(copy))
}

/// The bytes of a string; `None` if it is longer than any document or name can be, which is found out
/// without a look at more of it.
///
/// # Safety
/// `text` is a NUL-terminated string that lives as long as the result is used.
pub unsafe fn within<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise; so many bytes are there, none of them NUL.
    unsafe {
        let length = libc::strnlen(text, MAX_TEXT + 1);
        (length <= MAX_TEXT).then(|| std::slice::from_raw_parts(text.cast::<u8>(), length))
    }
}

/// The error for a string that is longer than all that can be used: that of the parser for a document.
pub fn too_long(domain: virErrorDomain, argument: &str) -> Error {
    let text = format!("is longer than {MAX_TEXT} bytes");
    match argument.to_ascii_lowercase().contains("xml") {
        true => Error::new(VIR_ERR_XML_DETAIL, domain, format!("({argument}):1: document {text}")),
        false => {
            let text = format!("{argument} in {FUNCTION} {text}");
            Error::argument(domain, argument, text)
        }
    }
}

/// A malloc'd array of handles with NULL behind the last, as the ListAll functions return it.
pub fn to_array<T>(items: &[*mut T]) -> Result<*mut *mut T> {
    // SAFETY: one more than the number of items is allocated; all of them are written.
    unsafe {
        let array = libc::calloc(items.len() + 1, size_of::<*mut T>()).cast::<*mut T>();
        if array.is_null() {
            return Err(Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "result array"));
        }
        std::ptr::copy_nonoverlapping(items.as_ptr(), array, items.len());
        Ok(array)
    }
}

/// A malloc'd array of malloc'd texts with NULL behind the last; NULL if there are none.
pub fn to_texts(texts: &[String]) -> Result<*mut *mut c_char> {
    if texts.is_empty() {
        return Ok(std::ptr::null_mut());
    }
    let mut copies = Vec::with_capacity(texts.len());
    let copied = texts.iter().try_for_each(|text| {
        copies.push(to_c(text)?);
        Ok(())
    });
    copied.and_then(|()| to_array(&copies)).inspect_err(|_| {
        for copy in copies {
            // SAFETY: from to_c, and nobody else's.
            unsafe { libc::free(copy.cast()) };
        }
    })
}

/// A malloc'd array of records; NULL if there are none.
pub fn to_records<T: Copy>(records: impl ExactSizeIterator<Item = T>) -> Result<*mut T> {
    if records.len() == 0 {
        return Ok(std::ptr::null_mut());
    }
    // SAFETY: as many records as there are are allocated; all of them are written.
    unsafe {
        let array = libc::calloc(records.len(), size_of::<T>()).cast::<T>();
        if array.is_null() {
            return Err(Error::new(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "result array"));
        }
        for (index, record) in records.enumerate() {
            array.add(index).write(record);
        }
        Ok(array)
    }
}
