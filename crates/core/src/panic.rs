//! A panic must not leave the library: it becomes an error, and prints nothing.

use crate::error::*;

/// Runs code of ours on any thread so that a panic becomes an error.
pub fn contain_panic<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    virsparse_base::contain_panic(body).unwrap_or_else(|panic| Err(panic.into()))
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
