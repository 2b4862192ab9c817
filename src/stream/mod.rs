//! `libvirt-stream.h`: streams.

mod all;
mod end;
mod event;
mod transfer;

pub use all::*;
pub use end::*;
pub use event::*;
pub use transfer::*;
