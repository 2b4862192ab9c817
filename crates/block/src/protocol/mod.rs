//! Where the bytes of images are: in files, in memory, on servers.

pub mod connections;
mod direct;
pub mod file;
pub mod memory;
pub mod nbd;
pub mod open_file;
pub mod remote;
mod write_behind;
