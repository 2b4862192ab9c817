//! The sparse copy core: where data is, what of it is zero, and moving it.

mod cursor;
mod dirty;
mod engine;
mod zero;

pub use cursor::{ExtentCursor, data_in};
pub use dirty::DirtyUnits;
pub(crate) use engine::{Copier, Supervisor, in_pieces, reflink_range};
pub use engine::{CopyOptions, copy, reflink};
pub use zero::{GRAIN, Run, is_zero, runs};
