//! A panic must not leave the library: it becomes an error, and prints nothing.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What a panic has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unexpected condition: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

/// Runs code of ours on any thread so that a panic becomes an error.
pub fn contain_panic<R>(body: impl FnOnce() -> R) -> Result<R, Panicked> {
    silence_panics();
    let nested = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    CONTAINED.set(nested);
    result.map_err(|panic| panicked(&*panic))
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

fn panicked(panic: &(dyn Any + Send)) -> Panicked {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic");
    Panicked(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let e = contain_panic(|| panic!("broken {}", 7)).unwrap_err();
        assert_eq!(e.to_string(), "unexpected condition: broken 7");
        assert_eq!(contain_panic(|| 3), Ok(3));
    }
}
