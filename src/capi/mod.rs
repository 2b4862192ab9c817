//! The C boundary, one file per libvirt header. Each function resolves its handles, checks its
//! arguments, calls safe code and converts the result; nothing is decided here.
//!
//! What C programs must know about a function stands in its doc comment, from which the headers
//! and the manual pages are made.
#![allow(
    unsafe_code,
    non_snake_case,
    non_camel_case_types,
    non_upper_case_globals,
    clippy::missing_safety_doc
)]

pub mod absent;
pub mod auth;
pub mod beside;
pub mod call;
pub mod foreign;
pub mod handle;
pub mod host_loop;
pub mod lists;
pub mod opaque;
pub mod strings;
pub mod typed_array;

pub mod domain;
pub mod domain_block;
pub mod domain_block_job;
pub mod domain_checkpoint;
pub mod domain_control;
pub mod domain_cpus;
pub mod domain_device;
pub mod domain_event;
pub mod domain_event_callbacks;
pub mod domain_event_types;
pub mod domain_guest;
pub mod domain_interface;
pub mod domain_io_tune;
pub mod domain_job;
pub mod domain_snapshot;
pub mod domain_snapshot_list;
pub mod domain_stats;
pub mod domain_stats_names;
pub mod domain_tuning;
pub mod domain_tuning_types;
pub mod domain_types;
pub mod event;
pub mod host;
pub mod host_node;
pub mod rfc;
pub mod sparse;
pub mod storage_pool;
pub mod storage_vol;
pub mod stream;
pub mod typed_params;
pub mod unsupported;
pub mod virterror;
