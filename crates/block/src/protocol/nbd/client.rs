//! A node whose bytes are on an NBD server.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use virsparse_base::errno::Errno;

use super::channel::Channel;
use super::dial::dial;
use super::failure::Failure;
use super::requests::{Requests, block_error};
use super::uri::{self, Address};
use crate::filter::Filtered;
use crate::filter::whole_blocks::WholeBlocks;
use crate::protocol::connections::{Connection, Connections, RemoteOptions};
use crate::queue::RequestQueue;
use crate::{BlockError, Extent, ImageFile, Node, Profile, Result, Space};

/// How to talk to a server.
#[derive(Clone, Debug)]
pub struct NbdOptions {
    /// How long reaching the server and agreeing with it may take.
    pub connect_timeout: Duration,
    /// How long no byte may come while a reply is awaited. `None`: any time, a disk may be slow.
    pub reply_timeout: Option<Duration>,
    /// Where the connection can be cut from.
    pub connections: Arc<Connections>,
}

impl Connection for Channel {
    fn cut(&self) {
        self.fail(given_up());
    }
}

fn given_up() -> Failure {
    Failure::new(Errno::ECANCELED, "the connection was given up")
}

impl Default for NbdOptions {
    fn default() -> NbdOptions {
        let (reply_timeout, connections) = (None, Arc::default());
        NbdOptions { connect_timeout: Duration::from_secs(10), reply_timeout, connections }
    }
}

impl From<&RemoteOptions> for NbdOptions {
    fn from(options: &RemoteOptions) -> NbdOptions {
        let RemoteOptions { reply_timeout, connections } = options.clone();
        NbdOptions { reply_timeout, connections, ..NbdOptions::default() }
    }
}

/// An export of an NBD server. All threads share one connection. When that breaks, everything
/// fails from then on.
pub struct NbdNode {
    /// How it was reached.
    options: NbdOptions,
    requests: Arc<Requests>,
    /// The same, with requests of any shape.
    node: Arc<dyn Node>,
}

/// Who else uses an export is the server's affair: there are no locks.
impl ImageFile for NbdNode {
    fn is_device(&self) -> bool {
        // Its size is not ours to change.
        true
    }

    fn lock(&self, _writable: bool) -> Result<()> {
        Ok(())
    }

    fn lock_shared(&self, _writable: bool) -> Result<()> {
        Ok(())
    }

    fn lock_part(&self, _part: &Range<u64>) -> Result<()> {
        Ok(())
    }

    fn unlock(&self) {}

    fn has_locks(&self) -> bool {
        false
    }

    fn has_part_writers(&self) -> Result<bool> {
        Ok(false)
    }

    fn has_other_users(&self) -> Result<bool> {
        Ok(false)
    }

    fn open_again(&self, writable: bool) -> Result<Arc<dyn ImageFile>> {
        let fail = |text| block_error("connect to", self.name(), Failure::new(Errno::EINVAL, text));
        let address = uri::parse(self.name()).map_err(fail)?;
        Ok(Arc::new(NbdNode::open(&address, writable, &self.options)?))
    }

    fn disconnect(&self) {
        self.abort();
    }

    fn identity(&self) -> Result<(u64, u64)> {
        // No file is on such a device.
        let mut hasher = DefaultHasher::new();
        self.name().hash(&mut hasher);
        Ok((u64::MAX, hasher.finish()))
    }
}

impl NbdNode {
    /// Connects to what `nbd://host[:port]/export` or `nbd+unix:///export?socket=PATH` names. Fails if
    /// that is no such URI (`EINVAL`), if the server cannot be reached in time, or if it does not have the
    /// export. There is an example at [`NbdExport::new`](crate::export::nbd::NbdExport::new).
    pub fn connect(uri: &str) -> Result<NbdNode> {
        NbdNode::connect_with(uri, &NbdOptions::default())
    }

    /// The same, with options.
    pub fn connect_with(uri: &str, options: &NbdOptions) -> Result<NbdNode> {
        let fail = |failure| block_error("connect to", uri, failure);
        let address = uri::parse(uri).map_err(|text| fail(Failure::new(Errno::EINVAL, text)))?;
        let (receiver, agreed) = dial(&address, options.connect_timeout).map_err(fail)?;
        let channel = Channel::new(receiver, options.reply_timeout);
        let channel = Arc::new(channel.map_err(|errno| fail(Failure::system(errno)))?);
        let connection: Arc<dyn Connection> = channel.clone();
        options.connections.add(Arc::downgrade(&connection));
        let (name, options) = (uri.to_string(), options.clone());
        let requests = Arc::new(Requests { name, channel, agreed, known: Arc::default() });
        let node: Arc<dyn Node> = match agreed.block {
            1 => requests.clone(),
            block => {
                log::info!("'{uri}' takes only whole blocks of {block} bytes");
                let blocks = Arc::new(WholeBlocks::new(block.into()));
                Arc::new(Filtered::new(blocks, requests.clone()))
            }
        };
        Ok(NbdNode { options, requests, node })
    }

    /// Breaks the connection: what waits for the server fails, in all threads.
    pub fn abort(&self) {
        self.requests.channel.cut();
    }

    /// Connects to an export that an image is in.
    pub fn open(address: &Address, writable: bool, options: &NbdOptions) -> Result<NbdNode> {
        let node = NbdNode::connect_with(&address.uri(), options)?;
        if writable && node.is_read_only() {
            let what = format!("Unable to write {}", node.name());
            return Err(BlockError { what, errno: Errno::EROFS });
        }
        Ok(node)
    }

    /// Whether the server takes no writes.
    pub fn is_read_only(&self) -> bool {
        self.requests.is_read_only()
    }
}

impl Node for NbdNode {
    fn name(&self) -> &str {
        &self.requests.name
    }

    fn length(&self) -> Result<u64> {
        self.node.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.node.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.node.write_at(data, offset)
    }

    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.node.read_vectored_at(buffers, offset)
    }

    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        self.node.write_vectored_at(data, offset)
    }

    fn compression_unit(&self) -> Option<u64> {
        self.node.compression_unit()
    }

    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()> {
        self.node.write_compressed(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.node.write_zeroes(offset, length, may_unmap)
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.node.write_zeroes_fast(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.node.discard(offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.node.extent_at(offset, limit)
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.node.space_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.node.space()
    }

    fn profile(&self) -> Profile {
        self.node.profile()
    }

    fn queue(&self) -> Option<Box<dyn RequestQueue>> {
        self.node.queue()
    }

    fn knows_holes(&self) -> bool {
        self.node.knows_holes()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.node.allocate(offset, length)
    }

    fn file(&self) -> Option<&File> {
        self.node.file()
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.node.resize(length)
    }

    fn flush(&self) -> Result<()> {
        self.node.flush()
    }

    fn write_behind(&self) {
        self.node.write_behind();
    }

    fn settle(&self) -> Result<()> {
        self.node.settle()
    }
}

impl Drop for NbdNode {
    fn drop(&mut self) {
        self.requests.channel.close();
    }
}
