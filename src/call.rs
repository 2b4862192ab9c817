//! The frame of every entry point: clears the thread's last error, contains panics, and turns a
//! failed result into the last error and the function's failure value.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_uint, c_ulong};
use std::sync::Arc;

use super::{strings, virterror};
use crate::handle::{self, Cell as HandleCell, Handled, Link};
use virsparse_base::sys::foreign::Uncancelled;
use virsparse_base::sys::fork;
use virsparse_core::driver::Connect;
use virsparse_core::error::*;
use virsparse_core::logging;
use virsparse_core::panic::contain_panic;

/// What a C function returns when it fails.
pub trait Failure {
    const FAILURE: Self;
}

impl Failure for c_int {
    const FAILURE: Self = -1;
}

/// Sizes, of which none is 0.
impl Failure for c_ulong {
    const FAILURE: Self = 0;
}

impl<T> Failure for *mut T {
    const FAILURE: Self = std::ptr::null_mut();
}

impl<T> Failure for *const T {
    const FAILURE: Self = std::ptr::null();
}

/// One call of a C function: its name for messages, and the object it is about.
pub struct Call {
    pub function: &'static str,
    /// The first handle that was resolved: errors are dispatched on its connection.
    subject: Cell<*const HandleCell>,
}

/// Runs `body` as the C function `function`.
pub fn entry<R: Failure>(function: &'static str, body: impl FnOnce(&Call) -> Result<R>) -> R {
    let _uncancelled = Uncancelled::new();
    virterror::reset_last();
    run(function, body)
}

/// The same for the few functions that leave the last error alone.
pub fn entry_keeping_error<R: Failure>(
    function: &'static str,
    body: impl FnOnce(&Call) -> Result<R>,
) -> R {
    let _uncancelled = Uncancelled::new();
    run(function, body)
}

fn run<R: Failure>(function: &'static str, body: impl FnOnce(&Call) -> Result<R>) -> R {
    let call = Call { function, subject: Cell::new(std::ptr::null()) };
    log::debug!("{function}");
    let outcome = if logging::is_in_listener() {
        // It runs wherever something is logged, also while locks are held.
        let text = format!("{function} must not be called by a log function");
        Err(Error::new(VIR_ERR_OPERATION_INVALID, VIR_FROM_NONE, text))
    } else {
        contain_panic(|| body(&call))
    };
    match outcome {
        Ok(value) => value,
        Err(error) => {
            let error = error.in_function(function);
            log::error!("{function}: {}", error.message);
            virterror::dispatch(&error, call.connect().as_ref());
            R::FAILURE
        }
    }
}

impl Call {
    /// The object behind a handle, or the error that it is not a live one of its kind.
    pub fn object<T: Handled>(&self, handle: *const HandleCell) -> Result<Arc<T>> {
        match handle::resolve::<T>(handle) {
            Some(object) => {
                if self.subject.get().is_null() {
                    self.subject.set(handle);
                }
                Ok(object)
            }
            None => Err(self.invalid::<T>(handle)),
        }
    }

    /// A connection, for a function whose other errors are of `domain`.
    pub fn connect_in(
        &self,
        handle: *const HandleCell,
        domain: virErrorDomain,
    ) -> Result<Arc<Connect>> {
        self.object::<Connect>(handle).map_err(|error| Error { domain, ..error })
    }

    /// One more reference to a handle: what the Ref functions do.
    pub fn retain<T: Handled>(&self, handle: *const HandleCell) -> Result<c_int> {
        self.object::<T>(handle)?;
        if handle::retain::<T>(handle) { Ok(0) } else { Err(self.invalid::<T>(handle)) }
    }

    /// One reference less: what the Free functions do.
    pub fn release<T: Handled>(&self, handle: *const HandleCell) -> Result<c_int> {
        handle::release::<T>(handle).map(|_| 0).ok_or_else(|| self.invalid::<T>(handle))
    }

    /// The error for a handle that is not a live one of its kind.
    pub fn invalid<T: Handled>(&self, handle: *const HandleCell) -> Error {
        if handle::is_inherited(handle) {
            let text = format!(
                "{}: the object is of process {}, from which this process was forked while other \
                 threads were running; it has to open a connection of its own",
                self.function,
                fork::parent()
            );
            return Error::invalid_operation(T::INVALID.1, text);
        }
        Error::new(T::INVALID.0, T::INVALID.1, self.function)
    }

    /// The connection that errors of this call belong to, if one is known and still there.
    fn connect(&self) -> Option<Arc<Connect>> {
        let connection = handle::connection_of(self.subject.get())?;
        handle::resolve::<Connect>(connection.handle())
    }

    /// A reference to the connection handle behind `handle`, for an object to be made for it.
    pub fn connection(&self, handle: *const HandleCell) -> Result<Link> {
        handle::connection_of(handle)
            .ok_or_else(|| Error::new(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, self.function))
    }

    /// A reference to the domain handle behind `handle`, for an object to be made for it.
    pub fn domain(&self, handle: *const HandleCell) -> Result<Link> {
        handle::domain_of(handle)
            .ok_or_else(|| Error::new(VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOM, self.function))
    }

    /// A new handle for `object`, on the connection (and the domain) that `beside` is of.
    pub fn publish<T: Handled>(
        &self,
        object: Arc<T>,
        beside: *const HandleCell,
    ) -> Result<*mut HandleCell> {
        let domain = if T::OF_DOMAIN { Some(self.domain(beside)?) } else { None };
        handle::publish(object, Some(self.connection(beside)?), domain)
    }

    /// Refuses a change through a read-only connection.
    pub fn writable<T: Handled>(&self, object: &Arc<T>, domain: virErrorDomain) -> Result<()> {
        if object.owner().is_read_only() {
            let text = format!("read only access prevents {}", self.function);
            return Err(Error::new(VIR_ERR_OPERATION_DENIED, domain, text));
        }
        Ok(())
    }

    /// Refuses a NULL pointer where the caller must give one.
    pub fn non_null<T>(
        &self,
        pointer: *const T,
        domain: virErrorDomain,
        argument: &str,
    ) -> Result<()> {
        if pointer.is_null() {
            return Err(self.invalid_argument(domain, argument, "not be NULL"));
        }
        Ok(())
    }

    /// Refuses a negative count.
    pub fn non_negative(
        &self,
        value: c_int,
        domain: virErrorDomain,
        argument: &str,
    ) -> Result<usize> {
        usize::try_from(value)
            .map_err(|_| self.invalid_argument(domain, argument, "be zero or greater"))
    }

    /// "`argument` in `function` must `rule`".
    pub fn invalid_argument(&self, domain: virErrorDomain, argument: &str, rule: &str) -> Error {
        let text = format!("{argument} in {} must {rule}", self.function);
        Error::argument(domain, argument, text)
    }

    /// A string that the caller must give.
    ///
    /// # Safety
    /// `text` is NULL or a NUL-terminated string.
    pub unsafe fn string(
        &self,
        text: *const c_char,
        domain: virErrorDomain,
        argument: &str,
    ) -> Result<String> {
        // SAFETY: the caller's promise.
        unsafe { self.optional_string(text, domain, argument)? }
            .ok_or_else(|| self.invalid_argument(domain, argument, "not be NULL"))
    }

    /// A string by which something is looked up. One that is not UTF-8 names nothing that is here:
    /// `missing` makes the error that it is not found.
    ///
    /// # Safety
    /// `text` is NULL or a NUL-terminated string.
    pub unsafe fn lookup_key(
        &self,
        text: *const c_char,
        domain: virErrorDomain,
        argument: &str,
        missing: impl FnOnce(&str) -> Error,
    ) -> Result<String> {
        self.non_null(text, domain, argument)?;
        // SAFETY: the caller's promise.
        match unsafe { strings::within(text) } {
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_string()),
                Err(_) => Err(missing(&String::from_utf8_lossy(bytes))),
            },
            None => Err(strings::too_long(domain, argument)),
        }
    }

    /// A string that the caller may leave out.
    ///
    /// # Safety
    /// `text` is NULL or a NUL-terminated string.
    pub unsafe fn optional_string(
        &self,
        text: *const c_char,
        domain: virErrorDomain,
        argument: &str,
    ) -> Result<Option<String>> {
        // SAFETY: the caller's promise.
        unsafe { strings::from_c(text, domain, argument) }
    }

    /// The flags of this call; bits that the function does not know are refused by number.
    pub fn flags<F: bitflags::Flags<Bits = u32>>(
        &self,
        flags: c_uint,
        domain: virErrorDomain,
    ) -> Result<F> {
        let unknown = flags & !F::all().bits();
        if unknown != 0 {
            let text = format!("unsupported flags (0x{unknown:x}) in function {}", self.function);
            return Err(Error::argument(domain, "flags", text));
        }
        Ok(F::from_bits_retain(flags))
    }

    /// The same for a function that has no flags yet.
    pub fn no_flags(&self, flags: c_uint, domain: virErrorDomain) -> Result<()> {
        self.flags::<NoFlags>(flags, domain).map(drop)
    }
}

bitflags::bitflags! {
    /// The flags of a function that has none.
    struct NoFlags: u32 {}
}
