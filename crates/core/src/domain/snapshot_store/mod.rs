//! What snapshots consist of: what is known of them, as a tree and in files, and the images and definitions
//! that taking one makes.

pub mod change;
pub mod contents;
pub mod description;
pub mod metadata;
pub mod overlay;
pub mod plan;
pub mod store;
pub mod tree;
