//! `libvirt-storage.h`: pools and volumes.

pub mod pool;
pub mod pool_event;
pub mod pool_lookup;
pub mod volume;
