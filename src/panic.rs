//! A panic must not leave the library: it becomes an error, and prints nothing.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::*;

/// Runs code of ours on any thread so that a panic becomes an error.
pub fn contain_panic<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    silence_panics();
    let nested = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    CONTAINED.set(nested);
    result.unwrap_or_else(|panic| Err(panic_error(&*panic)))
}

thread_local! {
    /// This thread is inside [`contain_panic`].
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// A library writes nothing to its host's stderr: panics that we turn into errors are not printed.
/// Others (a Rust host's own) go to the hook that was there before.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CONTAINED.get() {
                previous(info);
            }
        }));
    });
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic");
    Error::internal(VIR_FROM_NONE, format!("unexpected condition: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let e = contain_panic(|| -> Result<()> { panic!("broken {}", 7) }).unwrap_err();
        assert_eq!(e.message, "internal error: unexpected condition: broken 7");
        assert_eq!(contain_panic(|| Ok(3)), Ok(3));
    }
}
