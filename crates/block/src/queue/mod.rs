//! Requests that are begun and completed later: one thread can have many of them under way.
//!
//! A node that can do so natively (a server on a network) has a queue of its own. For every other node there
//! is one that does requests at once, or on a few threads: see [`queue_of`].

mod at_once;
mod pool;

use at_once::AtOnce;
use pool::Pool;

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use crate::{BlockError, Errno, Node, Result};
use virsparse_base::contain_panic;

/// What is to be done. Buffers belong to the request until its completion gives them back.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// See [`Node::read_at`].
    Read {
        /// Where the range begins, in bytes.
        offset: u64,
        /// What is read into; its length says how much.
        buffer: Vec<u8>,
    },
    /// See [`Node::write_at`].
    Write {
        /// Where the range begins, in bytes.
        offset: u64,
        /// What is written.
        data: Vec<u8>,
    },
    /// See [`Node::write_zeroes`].
    WriteZeroes {
        /// Where the range begins, in bytes.
        offset: u64,
        /// Bytes of the range.
        length: u64,
        /// The space of the range may be given back.
        may_unmap: bool,
    },
    /// See [`Node::discard`].
    Discard {
        /// Where the range begins, in bytes.
        offset: u64,
        /// Bytes of the range.
        length: u64,
    },
    /// See [`Node::flush`]. It covers the requests whose completions have been taken before.
    Flush,
}

/// How a request has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// What the request was submitted with.
    pub token: u64,
    /// How many bytes were read; 0 for other requests.
    pub result: Result<usize>,
    /// The buffer of a read or write; empty for other requests.
    pub buffer: Vec<u8>,
}

/// The requests that one user has under way at a node. Those under way at one time are done in any order.
/// What has been submitted is done even if the queue is dropped.
pub trait RequestQueue: Send {
    /// Begins a request. Its completion carries `token`, whatever becomes of it.
    fn submit(&mut self, token: u64, request: Request);

    /// Takes the next completion, and waits for one no longer than `timeout` (`None`: as long as it takes).
    /// `None` if there was none in that time, or if nothing is under way.
    fn complete(&mut self, timeout: Option<Duration>) -> Option<Completion>;

    /// Requests whose completions have not been taken.
    fn under_way(&self) -> usize;

    /// Becomes readable when [`RequestQueue::complete`] may have something; then it is to be called, with no
    /// time to wait, until it has nothing. It may be readable for nothing.
    fn descriptor(&self) -> BorrowedFd<'_>;
}

/// A queue of a node: its own if it has one, else one whose requests are done when they are submitted, or,
/// where many requests at a time make the node faster, on as many threads.
pub fn queue_of(node: Arc<dyn Node>) -> Result<Box<dyn RequestQueue>> {
    if let Some(queue) = node.queue() {
        return Ok(queue);
    }
    let depth = node.profile().depth;
    let failed = |errno| BlockError { what: "Unable to make a queue of requests".into(), errno };
    // Two at a time are no gain over one without a thread to wake.
    Ok(match depth {
        0..=2 => Box::new(AtOnce::new(node).map_err(failed)?),
        _ => Box::new(Pool::new(node, depth).map_err(failed)?),
    })
}

/// Does a request.
fn execute(node: &dyn Node, token: u64, request: Request) -> Completion {
    let done = |result: Result<()>, buffer| (result.map(|()| 0), buffer);
    let body = || match request {
        Request::Read { offset, mut buffer } => (node.read_at(&mut buffer, offset), buffer),
        Request::Write { offset, data } => done(node.write_at(&data, offset), data),
        Request::WriteZeroes { offset, length, may_unmap } => {
            done(node.write_zeroes(offset, length, may_unmap), Vec::new())
        }
        Request::Discard { offset, length } => done(node.discard(offset, length), Vec::new()),
        Request::Flush => done(node.flush(), Vec::new()),
    };
    // Whoever waits for the completion must get one.
    let (result, buffer) = contain_panic(body).unwrap_or_else(|panicked| {
        let what = format!("a request to {} failed: {panicked}", node.name());
        (Err(BlockError { what, errno: Errno::EIO }), Vec::new())
    });
    Completion { token, result, buffer }
}

#[cfg(test)]
mod tests;
