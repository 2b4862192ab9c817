//! What a domain's XML says: the definition as a whole, its disks, and what is changed in it.

pub mod definition;
pub mod disk;
pub mod find_device;
pub mod io_tune;
pub mod layout;
pub mod lookup;
pub mod network;
pub mod nodeset;
pub mod schema;
pub mod source;
