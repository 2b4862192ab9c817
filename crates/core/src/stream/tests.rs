//! Both ends of a stream against a disk that fails, panics or waits, and against callers that use a
//! stream from several threads or out of its own callbacks.

mod callbacks;
mod contents;
mod ends;
mod failures;
mod reuse;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use virsparse_base::errno::Errno;

use super::*;
use crate::block::{BlockError, Extent, MemoryNode, Node, Space};
use crate::sys::testing::NO_THREADS;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What happens to whoever touches a certain byte.
#[derive(Clone, Copy)]
enum Fate {
    Fail(Errno),
    Panic,
    /// Waits at the gate.
    Wait,
}

/// A door that is shut until it is opened.
#[derive(Default)]
struct Gate {
    /// How many have come to it, and whether it is open.
    state: Mutex<(usize, bool)>,
    changed: std::sync::Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.1).unwrap());
    }

    fn wait_for_visitor(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.0 == 0).unwrap());
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// A node in memory with a trap at one byte.
struct TestNode {
    memory: MemoryNode,
    trap: Option<(u64, Fate)>,
    gate: Gate,
    knows_holes: bool,
    /// The length of the longest range that was zeroed at once.
    longest_zeroes: Mutex<u64>,
}

impl TestNode {
    fn new(length: usize, trap: Option<(usize, Fate)>) -> Arc<TestNode> {
        Arc::new(Self::build(length, trap))
    }

    fn build(length: usize, trap: Option<(usize, Fate)>) -> TestNode {
        TestNode {
            memory: MemoryNode::new("test node", length as u64),
            trap: trap.map(|(offset, fate)| (offset as u64, fate)),
            gate: Gate::default(),
            knows_holes: true,
            longest_zeroes: Mutex::default(),
        }
    }

    /// Full of `byte`, without a trap on the way.
    fn full(length: usize, byte: u8, trap: Option<(usize, Fate)>) -> Arc<TestNode> {
        let node = Self::new(length, trap);
        node.memory.write_at(&vec![byte; length], 0).unwrap();
        node
    }

    fn touch(&self, offset: u64, length: u64) -> crate::block::Result<()> {
        match self.trap {
            Some((at, fate)) if (offset..offset + length).contains(&at) => match fate {
                Fate::Fail(errno) => {
                    Err(BlockError { what: "Unable to use the test node".into(), errno })
                }
                Fate::Panic => panic!("trapped"),
                Fate::Wait => {
                    self.gate.pass();
                    Ok(())
                }
            },
            _ => Ok(()),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.memory.length().unwrap() as usize];
        self.memory.read_at(&mut bytes, 0).unwrap();
        bytes
    }
}

impl Node for TestNode {
    crate::block::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        profile,
        compression_unit,
        write_compressed,
        write_zeroes_fast,
        space_at,
        file,
        write_behind,
        settle
    );

    fn name(&self) -> &str {
        self.memory.name()
    }

    fn length(&self) -> crate::block::Result<u64> {
        self.memory.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> crate::block::Result<usize> {
        self.touch(offset, buffer.len() as u64)?;
        self.memory.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> crate::block::Result<()> {
        self.touch(offset, data.len() as u64)?;
        self.memory.write_at(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> crate::block::Result<()> {
        let mut longest = self.longest_zeroes.lock().unwrap();
        *longest = length.max(*longest);
        drop(longest);
        self.touch(offset, length)?;
        self.memory.write_zeroes(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> crate::block::Result<()> {
        self.memory.discard(offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> crate::block::Result<Extent> {
        self.memory.extent_at(offset, limit)
    }

    fn space(&self) -> crate::block::Result<Space> {
        self.memory.space()
    }

    fn knows_holes(&self) -> bool {
        self.knows_holes
    }

    fn allocate(&self, offset: u64, length: u64) -> crate::block::Result<()> {
        self.memory.allocate(offset, length)
    }

    fn resize(&self, length: u64) -> crate::block::Result<()> {
        self.memory.resize(length)
    }

    fn flush(&self) -> crate::block::Result<()> {
        self.memory.flush()
    }
}

/// Runs `body`, and fails if it hangs.
fn in_time(body: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = thread::spawn(move || {
        body();
        // Whoever waits no longer has failed already.
        let _ = done.send(());
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(Duration::from_secs(60)) {
        panic!("it hangs");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Long enough for another thread to go wrong in.
fn a_moment() {
    thread::sleep(Duration::from_millis(100));
}

fn stream() -> Arc<Stream> {
    Stream::new(Session::alone(), true)
}

/// A target like that of a raw volume.
fn raw(node: &Arc<TestNode>) -> Target {
    let end = Some(node.length().unwrap());
    Target {
        node: node.clone(),
        offset: 0,
        end,
        sparse: true,
        clamps: false,
        cuts: false,
        sync: true,
    }
}

/// A target like that of a volume in an image format.
fn image(node: &Arc<TestNode>) -> Target {
    Target { end: None, cuts: true, ..raw(node) }
}

fn nothing() -> OnClose {
    Box::new(|| {})
}

fn upload_to(target: Target) -> Arc<Stream> {
    let stream = stream();
    stream.attach_upload(target, 0, nothing()).unwrap();
    stream
}

fn download_from(node: &Arc<TestNode>, sparse: bool) -> Arc<Stream> {
    let stream = stream();
    let end = node.length().unwrap();
    let source = DownloadRange { node: node.clone(), offset: 0, end, sparse };
    stream.attach_download(source, nothing()).unwrap();
    stream
}

fn send(stream: &Stream, data: &[u8]) -> Result<()> {
    let sent = stream.send(data)?;
    assert_eq!(sent, Some(data.len()), "a stream that waits takes all");
    Ok(())
}

/// What is received until the end or an error, with a buffer of that size.
fn receive_all(stream: &Stream, size: usize) -> (Vec<u8>, Result<()>) {
    let mut all = Vec::new();
    let mut buffer = vec![0xaa; size];
    loop {
        match stream.receive(&mut buffer, false) {
            Ok(Received::Bytes(0)) => return (all, Ok(())),
            Ok(Received::Bytes(count)) => all.extend_from_slice(&buffer[..count]),
            Ok(other) => panic!("{other:?} from a stream that waits"),
            Err(error) => return (all, Err(error)),
        }
    }
}

fn is_closed(error: &Error) -> bool {
    error.code == VIR_ERR_OPERATION_FAILED && error.message.contains("stream is closed")
}

fn is_aborted(error: &Error) -> bool {
    error.code == VIR_ERR_OPERATION_ABORTED && error.message.contains("stream was aborted")
}

/// Gives the pieces of a list, and runs a function before a certain one.
struct Pieces<F> {
    pieces: Vec<Vec<u8>>,
    next: usize,
    act_before: usize,
    act: F,
}

impl<F: FnMut()> DataSource for Pieces<F> {
    fn data(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        if self.next == self.act_before {
            (self.act)();
        }
        let Some(piece) = self.pieces.get(self.next) else { return Ok(0) };
        self.next += 1;
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }

    fn section(&mut self) -> Result<(bool, i64), Errno> {
        Ok((true, i64::MAX))
    }

    fn skip(&mut self, _length: i64) -> Result<(), Errno> {
        Ok(())
    }
}
