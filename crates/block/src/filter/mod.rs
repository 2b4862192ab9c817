//! Filters: nodes that pass requests on to the node below them, and do something about some of them.

pub mod flushed;
pub mod gate;
pub mod meter;
pub mod mirror;
pub mod skip_unchanged;
pub mod slot;
pub mod throttle;
pub mod whole_sectors;
