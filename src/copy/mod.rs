//! The sparse copy core: where data is, what of it is zero, and moving it.

mod cursor;
mod engine;
mod zero;

pub use cursor::ExtentCursor;
pub use engine::{CopyOptions, copy, reflink};
pub use zero::{GRAIN, Run, is_zero, runs};
