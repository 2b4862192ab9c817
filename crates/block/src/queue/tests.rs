use std::sync::Barrier;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::*;
use crate::filter::{Filter, Filtered};
use crate::{MemoryNode, Profile};

/// Makes each read wait for a number of others, and says that many at a time are best.
struct Together(Barrier, usize);

impl Filter for Together {
    crate::pass_on!(
        name,
        length,
        write_at,
        write_zeroes,
        write_zeroes_fast,
        discard,
        extent_at,
        space_at,
        space,
        knows_holes,
        allocate,
        resize,
        flush,
        write_behind,
        settle,
    );
    crate::hide!(read_vectored_at, write_vectored_at, compression_unit, write_compressed, file);

    fn read_at(&self, below: &dyn Node, buffer: &mut [u8], offset: u64) -> Result<usize> {
        assert!(offset < 1 << 30, "a read that panics");
        self.0.wait();
        below.read_at(buffer, offset)
    }

    fn profile(&self, _: &dyn Node) -> Profile {
        Profile { depth: self.1, ..Profile::NETWORK }
    }
}

fn node(depth: usize) -> Arc<dyn Node> {
    let memory = MemoryNode::new("memory", 1 << 20);
    for block in 0..16u8 {
        memory.write_at(&[block; 4096], u64::from(block) * 4096).unwrap();
    }
    Arc::new(Filtered::new(Arc::new(Together(Barrier::new(depth), depth)), Arc::new(memory)))
}

fn readable(queue: &dyn RequestQueue) -> bool {
    let mut fds = [PollFd::new(queue.descriptor(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap() == 1
}

fn read(number: u64) -> Request {
    Request::Read { offset: number * 4096, buffer: vec![0xff; 4096] }
}

#[test]
fn requests_are_under_way_together_and_complete_with_their_tokens() {
    // Every read waits for all others.
    let mut queue = queue_of(node(8)).unwrap();
    assert_eq!(queue.complete(None), None);
    for round in 0..20 {
        (0..8).for_each(|number| queue.submit(100 + number, read(number)));
        let mut seen = [false; 8];
        for left in (0..8).rev() {
            let completion = queue.complete(None).unwrap();
            let number = completion.token - 100;
            assert_eq!(completion.result, Ok(4096), "round {round}");
            assert!(completion.buffer.iter().all(|byte| u64::from(*byte) == number));
            assert!(!std::mem::replace(&mut seen[number as usize], true));
            assert_eq!(queue.under_way(), left);
        }
        assert!(!readable(&*queue));
        assert_eq!(queue.complete(Some(Duration::ZERO)), None);
    }
}

#[test]
fn the_descriptor_tells_when_there_are_completions() {
    for depth in [1, 3] {
        let node = node(depth);
        let mut queue = queue_of(node.clone()).unwrap();
        assert!(!readable(&*queue));
        (0..depth as u64).for_each(|number| queue.submit(number, read(number)));
        while !readable(&*queue) {
            thread::yield_now();
        }
        for _ in 0..depth {
            assert!(queue.complete(Some(Duration::from_secs(60))).is_some());
        }
        assert!(!readable(&*queue));
    }
}

#[test]
fn every_kind_of_request_is_done() {
    for depth in [1, 3] {
        let node = node(depth);
        let mut queue = queue_of(node.clone()).unwrap();
        let mut done = |token, request| {
            queue.submit(token, request);
            let completion = queue.complete(None).unwrap();
            assert_eq!(completion.token, token);
            completion
        };
        let written = done(1, Request::Write { offset: 0, data: vec![7; 8192] });
        assert_eq!((written.result, written.buffer.len()), (Ok(0), 8192));
        let zeroed = Request::WriteZeroes { offset: 4096, length: 4096, may_unmap: true };
        assert_eq!(done(2, zeroed).result, Ok(0));
        assert_eq!(done(3, Request::Discard { offset: 65536, length: 65536 }).result, Ok(0));
        assert_eq!(done(4, Request::Flush).result, Ok(0));
        assert_eq!(node.extent_at(0, 1 << 20).unwrap().kind, crate::ExtentKind::Data);
        let failed = done(5, Request::Write { offset: u64::MAX - 1, data: vec![1; 8] });
        assert_eq!(failed.result.unwrap_err().errno, Errno::EFBIG);
    }
}

#[test]
fn a_request_that_panics_completes_with_an_error() {
    for depth in [1, 3] {
        let mut queue = queue_of(node(depth)).unwrap();
        queue.submit(9, Request::Read { offset: 1 << 30, buffer: vec![0; 1] });
        let completion = queue.complete(None).unwrap();
        assert_eq!((completion.token, completion.result.unwrap_err().errno), (9, Errno::EIO));
    }
}

#[test]
fn what_has_been_submitted_is_done_when_the_queue_is_dropped() {
    let node = node(4);
    let mut queue = queue_of(node.clone()).unwrap();
    for number in 0..40u64 {
        queue.submit(number, Request::Write { offset: number * 512, data: vec![3; 512] });
    }
    drop(queue);
    let mut bytes = vec![0; 40 * 512];
    for (index, part) in bytes.chunks_mut(4096).enumerate() {
        // The reads wait for each other.
        thread::scope(|scope| {
            (0..3).for_each(|_| {
                let node = &node;
                scope.spawn(move || node.read_at(&mut [0; 1], 0).unwrap());
            });
            node.read_at(part, index as u64 * 4096).unwrap();
        });
    }
    assert!(bytes.iter().all(|byte| *byte == 3));
}

#[test]
fn completions_are_waited_for_no_longer_than_wanted() {
    let mut queue = queue_of(node(3)).unwrap();
    queue.submit(0, read(0));
    assert_eq!(queue.complete(Some(Duration::from_millis(20))), None);
    assert_eq!(queue.under_way(), 1);
    (1..3).for_each(|number| queue.submit(number, read(number)));
    (0..3).for_each(|_| assert!(queue.complete(None).is_some()));
}
