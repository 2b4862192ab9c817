//! The sparse copy core: where data is, what of it is zero, and moving it.

mod cursor;
mod dirty;
mod engine;
mod zero;

pub use cursor::{ExtentCursor, data_in};
pub use dirty::DirtyUnits;
pub use engine::{Copier, CopyOptions, Supervisor, copy, in_pieces, reflink, reflink_range};
pub use zero::{GRAIN, Run, is_zero, runs};
