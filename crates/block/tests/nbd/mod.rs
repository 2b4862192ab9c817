//! Shared by the tests of NBD: images, programs, and a client that sends arbitrary bytes.
#![allow(dead_code, reason = "each test uses a part")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use virsparse_block::export::nbd::{ExportOptions, NbdExport};
use virsparse_block::nbd::protocol::*;
use virsparse_block::{Extent, FileNode, MemoryNode, Node, Result, Space};

pub const MIB: u64 = 1 << 20;

/// Bytes that differ from place to place.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A folder with an image in it, data and holes of 1 MiB in turn, and room for more.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_string()
    }

    /// Makes an image of `length` bytes.
    pub fn image(&self, name: &str, length: u64) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        file.set_len(length).unwrap();
        for start in (0..length).step_by(2 * MIB as usize) {
            let part = (length - start).min(MIB) as usize;
            file.write_all_at(&noise(part, start), start).unwrap();
        }
        path
    }

    /// Makes an empty image.
    pub fn empty(&self, name: &str, length: u64) -> PathBuf {
        let path = self.path(name);
        File::create(&path).unwrap().set_len(length).unwrap();
        path
    }

    /// Exports a node on the socket `s`, under the name `disk`.
    pub fn export(&self, node: Arc<dyn Node>) -> NbdExport {
        self.export_with(node, ExportOptions::default())
    }

    pub fn export_with(&self, node: Arc<dyn Node>, options: ExportOptions) -> NbdExport {
        let socket = options.socket.or_else(|| Some(self.path("s")));
        let options = ExportOptions { name: "disk".to_string(), socket, ..options };
        NbdExport::new(node, &options).unwrap()
    }

    pub fn uri(&self) -> String {
        format!("nbd+unix:///disk?socket={}", self.text("s"))
    }
}

pub fn file_node(path: &Path) -> Arc<dyn Node> {
    let file = File::options().read(true).write(true).open(path).unwrap();
    Arc::new(FileNode::new(file, path.to_str().unwrap()).unwrap())
}

pub fn memory_node(length: u64) -> Arc<dyn Node> {
    Arc::new(MemoryNode::new("memory", length))
}

/// A node that takes its time to read, cannot say whether zeroes are fast, and does not survive a
/// flush.
pub struct Odd {
    node: Arc<dyn Node>,
    delay: Duration,
    pub reads: AtomicU64,
    /// How many were under way at one time, now and at most.
    reading: AtomicU64,
    pub most_reads: AtomicU64,
}

impl Odd {
    pub fn new(node: Arc<dyn Node>, milliseconds: u64) -> Arc<Odd> {
        let delay = Duration::from_millis(milliseconds);
        let [reads, reading, most_reads] = [0; 3].map(AtomicU64::new);
        Arc::new(Odd { node, delay, reads, reading, most_reads })
    }
}

impl Node for Odd {
    virsparse_block::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        profile,
        compression_unit,
        write_compressed,
        write_zeroes_fast,
        space_at,
        knows_holes,
        file,
        write_behind,
        settle
    );

    fn name(&self) -> &str {
        "odd"
    }

    fn length(&self) -> Result<u64> {
        self.node.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let reading = self.reading.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_reads.fetch_max(reading, Ordering::SeqCst);
        sleep(self.delay);
        self.reading.fetch_sub(1, Ordering::SeqCst);
        self.node.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.node.write_at(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.node.write_zeroes(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.node.discard(offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.node.extent_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.node.space()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.node.allocate(offset, length)
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.node.resize(length)
    }

    fn flush(&self) -> Result<()> {
        panic!("a flush that fails in the worst way")
    }
}

/// Runs a program that must succeed, and returns what it prints.
pub fn run(argv: &[&str]) -> String {
    let output = output(argv);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{argv:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

pub fn output(argv: &[&str]) -> Output {
    let mut command = Command::new(argv[0]);
    let started = command.args(&argv[1..]).stdin(Stdio::null()).output();
    started.unwrap_or_else(|e| panic!("{} is needed for this test: {e}", argv[0]))
}

/// Asserts that two files hold the same.
pub fn assert_same(a: &Path, b: &Path) {
    run(&["cmp", a.to_str().unwrap(), b.to_str().unwrap()]);
}

/// Another program's server, which ends with this.
pub struct Foreign(Child);

impl Foreign {
    /// Starts a server that makes `socket`.
    pub fn start(argv: &[&str], socket: &Path) -> Foreign {
        let mut command = Command::new(argv[0]);
        let child = command.args(&argv[1..]).stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{} is needed: {e}", argv[0]));
        let foreign = Foreign(child);
        wait_until("the server listens", || UnixStream::connect(socket).is_ok());
        foreign
    }

    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "it takes too long until {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A client that sends arbitrary bytes.
pub struct Raw(pub UnixStream);

impl Raw {
    pub fn connect(place: &Place) -> Raw {
        let stream = UnixStream::connect(place.path("s")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Raw(stream)
    }

    /// One that has exchanged greetings.
    pub fn greeted(place: &Place) -> Raw {
        let mut raw = Raw::connect(place);
        let greeting = raw.take(18);
        assert_eq!(greeting[..8], NBDMAGIC.to_be_bytes());
        assert_eq!(greeting[8..16], IHAVEOPT.to_be_bytes());
        assert_eq!(greeting[16..], [0, 3]);
        raw.send(&3u32.to_be_bytes());
        raw
    }

    /// One that has chosen the export, with everything there is.
    pub fn ready(place: &Place) -> Raw {
        let mut raw = Raw::greeted(place);
        assert_eq!(raw.option(option::STRUCTURED_REPLY, &[]).last().unwrap().0, reply::ACK);
        let replies = raw.option(option::SET_META_CONTEXT, &contexts("disk", &[BASE_ALLOCATION]));
        assert_eq!(replies.iter().map(|r| r.0).collect::<Vec<_>>(), [4, 1]);
        raw.go();
        raw
    }

    /// One with simple replies.
    pub fn simple(place: &Place) -> Raw {
        let mut raw = Raw::greeted(place);
        raw.go();
        raw
    }

    fn go(&mut self) {
        let replies = self.option(option::GO, &information("disk", &[]));
        assert_eq!(replies.iter().map(|r| r.0).collect::<Vec<_>>(), [3, 1]);
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Sends an option, and returns the answers to it.
    pub fn option(&mut self, option: u32, data: &[u8]) -> Vec<(u32, Vec<u8>)> {
        self.send(&encode_option(option, data));
        let mut replies = Vec::new();
        loop {
            let head = self.take(OptionReplyHead::SIZE);
            let head = OptionReplyHead::decode(&head).expect("an answer to an option");
            assert_eq!(head.option, option);
            let data = self.take(head.length as usize);
            replies.push((head.reply, data));
            if head.reply == reply::ACK || head.reply & reply::ERROR != 0 {
                return replies;
            }
        }
    }

    pub fn request(&mut self, command: u16, flags: u16, offset: u64, length: u32) {
        let flags = CommandFlags::from_bits_retain(flags);
        let request = Request { flags, command, cookie: offset ^ 0x55, offset, length };
        self.send(&request.encode());
    }

    /// The error of the next reply, which carries no data.
    pub fn status(&mut self) -> u32 {
        let magic = self.take(4);
        let size = ReplyHead::size(magic[..].try_into().unwrap()).expect("a reply");
        let head = [magic, self.take(size - 4)].concat();
        match ReplyHead::decode(&head).unwrap() {
            ReplyHead::Simple { error, .. } => error,
            ReplyHead::Chunk { flags, kind, length, .. } => {
                assert_eq!((flags, kind), (chunk::DONE, chunk::ERROR));
                let payload = self.take(length as usize);
                u32::from_be_bytes(payload[..4].try_into().unwrap())
            }
        }
    }

    /// The chunks of the next structured reply: type and payload.
    pub fn chunks(&mut self) -> Vec<(u16, Vec<u8>)> {
        let mut chunks = Vec::new();
        loop {
            let head = self.take(CHUNK_HEAD);
            let Some(ReplyHead::Chunk { flags, kind, length, .. }) = ReplyHead::decode(&head)
            else {
                panic!("no chunk: {head:x?}");
            };
            chunks.push((kind, self.take(length as usize)));
            if flags & chunk::DONE != 0 {
                return chunks;
            }
        }
    }

    /// Whether the server ends the connection, after whatever it may still say.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

/// The data of an INFO or GO.
pub fn information(name: &str, wanted: &[u16]) -> Vec<u8> {
    let mut data = Vec::new();
    push_string(&mut data, name);
    data.extend((wanted.len() as u16).to_be_bytes());
    data.extend(wanted.iter().flat_map(|w| w.to_be_bytes()));
    data
}

/// The data of a request for metadata contexts.
pub fn contexts(name: &str, queries: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    push_string(&mut data, name);
    data.extend((queries.len() as u32).to_be_bytes());
    for query in queries {
        push_string(&mut data, query);
    }
    data
}

/// The bytes that a correct server sends to our client until the first request.
pub fn good_words() -> Vec<u8> {
    let mut context = 7u32.to_be_bytes().to_vec();
    context.extend(BASE_ALLOCATION.as_bytes());
    let mut export = vec![0, 0];
    export.extend(MIB.to_be_bytes());
    export.extend(
        (TransmissionFlags::HAS_FLAGS | TransmissionFlags::SEND_FLUSH).bits().to_be_bytes(),
    );
    [
        NBDMAGIC.to_be_bytes().to_vec(),
        IHAVEOPT.to_be_bytes().to_vec(),
        vec![0, 3],
        encode_option_reply(option::STRUCTURED_REPLY, reply::ACK, &[]),
        encode_option_reply(option::SET_META_CONTEXT, reply::META_CONTEXT, &context),
        encode_option_reply(option::SET_META_CONTEXT, reply::ACK, &[]),
        encode_option_reply(option::INFO, reply::INFO, &export),
        encode_option_reply(option::INFO, reply::ACK, &[]),
        encode_option_reply(option::GO, reply::INFO, &export),
        encode_option_reply(option::GO, reply::ACK, &[]),
    ]
    .concat()
}
