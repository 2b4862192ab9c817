//! Block nodes.
