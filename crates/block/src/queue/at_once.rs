//! A queue whose requests are done when they are submitted.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::{Completion, Request, RequestQueue, execute};
use crate::{Node, SysResult};

/// See the module's text.
pub struct AtOnce {
    node: Arc<dyn Node>,
    done: VecDeque<Completion>,
    /// Readable while there are completions.
    event: EventFd,
}

impl AtOnce {
    pub fn new(node: Arc<dyn Node>) -> SysResult<AtOnce> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(AtOnce { node, done: VecDeque::new(), event })
    }
}

impl RequestQueue for AtOnce {
    fn submit(&mut self, token: u64, request: Request) {
        self.done.push_back(execute(&*self.node, token, request));
        if self.done.len() == 1 {
            // It cannot overflow: it is 0 or 1.
            let _ = self.event.write(1);
        }
    }

    fn complete(&mut self, _timeout: Option<Duration>) -> Option<Completion> {
        let completion = self.done.pop_front();
        if completion.is_some() && self.done.is_empty() {
            let _ = self.event.read();
        }
        completion
    }

    fn under_way(&self) -> usize {
        self.done.len()
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
