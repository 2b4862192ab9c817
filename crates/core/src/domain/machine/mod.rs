//! What runs a domain, as those see it who do not care in which process that is.

pub mod condition;
pub mod guest_time;
