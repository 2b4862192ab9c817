//! What is known of the snapshots of a domain: their descriptions, the tree that they form, and the files
//! that keep both.

pub mod description;
pub mod store;
pub mod tree;
