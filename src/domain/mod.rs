//! libvirt-domain.h and the two headers behind it, by subject.

pub mod amounts;
pub mod block;
pub mod block_job;
pub mod checkpoint;
pub mod control;
pub mod cpus;
pub mod device;
pub mod event;
pub mod event_callbacks;
pub mod guest;
pub mod interface;
pub mod io_tune;
pub mod job;
pub mod object;
pub mod snapshot;
pub mod snapshot_list;
pub mod stats;
pub mod stats_names;
pub mod stats_names_absent;
pub mod tunable;
pub mod tuning;
pub mod tuning_types;
