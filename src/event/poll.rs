//! The default event loop.
