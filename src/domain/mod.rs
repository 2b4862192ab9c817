//! Domains: what is defined, what runs, and the disks of what runs.
//!
//! A running domain is one whose disks are open, locked and exported: [`disk`]. What the XML says
//! of a disk is a [`DiskDefinition`]; how its images are opened is in [`chain`].

mod chain;
mod disk;
mod disk_definition;

pub use disk::Disk;
pub use disk_definition::{Backing, Device, DiskDefinition, ImageDefinition, Source};
