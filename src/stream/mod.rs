//! Streams.
use crate::driver::Connect;
use std::sync::Arc;
pub struct Stream {
    connect: Arc<Connect>,
}
impl Stream {
    pub fn connect(&self) -> &Arc<Connect> {
        &self.connect
    }
}
