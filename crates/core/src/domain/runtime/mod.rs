//! What runs a domain in this process: its disks, which are open, locked and served, and the jobs on them.

pub mod description;
pub mod disk;
pub mod jobs;
pub mod running;
