//! The block backend of a disk in use: exports serve it, and the node and the filters behind it can be
//! changed while guests use it.

use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::gate::{Gate, Inside};
use crate::{BlockError, Extent, Node, Profile, Result, Space, total_length};

/// A node that passes every request on through a gate to the node that is behind it at the moment.
pub struct BlockBackend {
    name: String,
    gate: Arc<Gate>,
}

impl BlockBackend {
    /// A backend in front of a gate; `name` is what messages call it.
    pub fn new(name: impl Into<String>, gate: Arc<Gate>) -> Arc<BlockBackend> {
        Arc::new(BlockBackend { name: name.into(), gate })
    }

    /// The node behind the gate, with its filters. Requests to it do not wait while the gate is closed.
    pub fn node(&self) -> Arc<dyn Node> {
        self.gate.node()
    }

    fn enter(&self) -> Result<Inside<'_>> {
        self.gate.enter().ok_or_else(|| BlockError {
            what: format!("{} is being closed", self.name),
            errno: Errno::ESHUTDOWN,
        })
    }
}

impl BlockBackend {
    /// Lets a change in, unless it would make a disk longer again that has been cut.
    fn enter_range(&self, offset: u64, length: u64) -> Result<Inside<'_>> {
        let inside = self.enter()?;
        match inside.has(offset, length) {
            true => Ok(inside),
            false => Err(BlockError {
                what: format!("Unable to write {} beyond its end", self.name),
                errno: Errno::ENOSPC,
            }),
        }
    }
}

/// Questions about the node as a whole do not wait at the gate.
impl Node for BlockBackend {
    crate::plain!(queue, compression_unit, write_compressed, file);

    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        self.node().length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.enter()?.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.enter_range(offset, data.len() as u64)?.write_at(data, offset)
    }

    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.enter()?.read_vectored_at(buffers, offset)
    }

    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let length = total_length(data.iter().map(|data| &**data));
        self.enter_range(offset, length)?.write_vectored_at(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.enter_range(offset, length)?.write_zeroes(offset, length, may_unmap)
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.enter_range(offset, length)?.write_zeroes_fast(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.enter_range(offset, length)?.discard(offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.enter()?.extent_at(offset, limit)
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.enter()?.space_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.node().space()
    }

    fn profile(&self) -> Profile {
        self.node().profile()
    }

    fn knows_holes(&self) -> bool {
        self.node().knows_holes()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.enter()?.allocate(offset, length)
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.enter()?.resize(length)
    }

    fn flush(&self) -> Result<()> {
        self.enter()?.flush()
    }

    fn write_behind(&self) {
        self.node().write_behind();
    }

    fn settle(&self) -> Result<()> {
        self.enter()?.settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    fn node(byte: u8) -> Arc<dyn Node> {
        let node = MemoryNode::new("memory", 4096);
        node.write_at(&[byte; 4096], 0).unwrap();
        Arc::new(node)
    }

    fn first_byte(backend: &BlockBackend) -> Result<u8> {
        let mut byte = [0];
        backend.read_at(&mut byte, 0).map(|_| byte[0])
    }

    #[test]
    fn requests_wait_for_the_end_of_a_pause_and_go_to_the_new_node() {
        let gate = Arc::new(Gate::new(node(1)));
        let backend = BlockBackend::new("vda", gate.clone());
        assert_eq!(first_byte(&backend), Ok(1));
        gate.close();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| first_byte(&backend));
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!waiting.is_finished());
            assert_eq!(backend.length(), Ok(4096));
            gate.swap(node(2));
            gate.open();
            assert_eq!(waiting.join().unwrap(), Ok(2));
        });
    }

    #[test]
    fn a_disk_that_has_been_cut_does_not_grow_again() {
        let gate = Arc::new(Gate::new(node(1)));
        let backend = BlockBackend::new("vda", gate.clone());
        {
            let closed = gate.closed();
            gate.node().resize(1024).unwrap();
            closed.set_end(1024);
        }
        backend.write_at(&[2; 512], 512).unwrap();
        for refused in [
            backend.write_at(&[2; 512], 1024),
            backend.write_at(&[2; 1024], 512),
            backend.write_zeroes(2048, 512, true),
            backend.discard(u64::MAX, 512),
        ] {
            assert_eq!(refused.unwrap_err().errno, Errno::ENOSPC);
        }
        assert_eq!(backend.length(), Ok(1024));
    }

    #[test]
    fn a_waiting_request_fails_when_the_backend_ends() {
        let gate = Arc::new(Gate::new(node(1)));
        let backend = BlockBackend::new("vda", gate.clone());
        gate.close();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| first_byte(&backend));
            std::thread::sleep(std::time::Duration::from_millis(20));
            gate.end();
            assert_eq!(waiting.join().unwrap().unwrap_err().errno, Errno::ESHUTDOWN);
        });
    }
}
