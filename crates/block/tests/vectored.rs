//! Reads and writes of several buffers at once.

use std::io::{IoSlice, IoSliceMut};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use virsparse_block::filter::flushed::Flushed;
use virsparse_block::filter::meter::{Meter, Rules, Zeros};
use virsparse_block::filter::{Filter, Filtered};
use virsparse_block::nbd::NbdNode;
use virsparse_block::qcow2::{CreateOptions, Qcow2Node, create};
use virsparse_block::{BlockBackend, FileNode, Gate, MemoryNode, Node, WholeSectors};

const SIZE: u64 = 1 << 20;

/// Buffers of these lengths, whose bytes are numbers.
fn buffers(lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut next = 0u32;
    let mut byte = || {
        next = next.wrapping_mul(1664525).wrapping_add(1013904223);
        (next >> 24) as u8
    };
    lengths.iter().map(|length| (0..*length).map(|_| byte()).collect()).collect()
}

/// What is written by several buffers is what one buffer reads, and the other way round.
fn check(node: &dyn Node, block: usize) {
    let many = vec![block; 1500];
    let cases: [&[usize]; 6] =
        [&[block], &[block, 0, 3 * block, block], &[], &[0], &many, &[65536, block, 131072]];
    for (case, lengths) in cases.into_iter().enumerate() {
        let offset = (case * block * 7) as u64;
        let data = buffers(lengths);
        let flat = data.concat();
        node.write_at(&vec![0xee; flat.len() + block], offset).unwrap();
        let slices: Vec<_> = data.iter().map(|data| IoSlice::new(data)).collect();
        node.write_vectored_at(&slices, offset).unwrap();
        let mut read = vec![0; flat.len() + block];
        assert_eq!(node.read_at(&mut read, offset), Ok(flat.len() + block), "case {case}");
        assert_eq!(read[..flat.len()], flat, "case {case}");
        assert!(read[flat.len()..].iter().all(|byte| *byte == 0xee), "case {case}");
        let mut scattered: Vec<_> = lengths.iter().map(|length| vec![0; *length]).collect();
        let mut slices: Vec<_> = scattered.iter_mut().map(|part| IoSliceMut::new(part)).collect();
        assert_eq!(node.read_vectored_at(&mut slices, offset), Ok(flat.len()), "case {case}");
        assert_eq!(scattered.concat(), flat, "case {case}");
    }
    // At the end less is read.
    let end = node.length().unwrap();
    let mut parts = [vec![7; block], vec![7; block], vec![7; block]];
    let mut slices: Vec<_> = parts.iter_mut().map(|part| IoSliceMut::new(part)).collect();
    let got = node.read_vectored_at(&mut slices, end - 2 * block as u64);
    assert_eq!(got, Ok(2 * block));
    assert!(parts[2].iter().all(|byte| *byte == 7));
}

fn file(folder: &tempfile::TempDir, name: &str, direct: bool) -> FileNode {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.path().join(name);
    let flags = if direct { libc::O_DIRECT } else { 0 };
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(flags)
        .open(path)
        .unwrap();
    let node = FileNode::new(file, name).unwrap();
    node.resize(SIZE).unwrap();
    node
}

#[test]
fn files_and_memory_take_several_buffers() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    check(&MemoryNode::new("memory", SIZE), 512);
    check(&file(&folder, "file", false), 512);
    check(&file(&folder, "file", false), 100);
    check(&file(&folder, "direct", true), 512);
}

/// With aligned buffers a file that is opened past the page cache takes all of them at once.
#[test]
fn a_file_past_the_page_cache_takes_aligned_buffers() {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let node = file(&folder, "direct", true);
    let mut memory = noise(17 * PAGE);
    let start = memory.as_ptr().align_offset(PAGE);
    let pages = &mut memory[start..][..16 * PAGE];
    let data: Vec<u8> = pages.to_vec();
    let slices: Vec<_> = pages.chunks(PAGE).rev().map(IoSlice::new).collect();
    // At the end, and beyond: the file grows.
    for offset in [0, SIZE - 8 * PAGE as u64] {
        node.write_vectored_at(&slices, offset).unwrap();
    }
    assert_eq!(node.length(), Ok(SIZE + 8 * PAGE as u64));
    let mut read = vec![0; 16 * PAGE];
    for offset in [0, SIZE - 8 * PAGE as u64] {
        assert_eq!(node.read_at(&mut read, offset), Ok(16 * PAGE));
        let expected: Vec<u8> = data.chunks(PAGE).rev().flatten().copied().collect();
        assert!(read == expected);
    }
    pages.fill(0);
    let mut slices: Vec<_> = pages.chunks_mut(PAGE).map(IoSliceMut::new).collect();
    let got = node.read_vectored_at(&mut slices, SIZE - 4 * PAGE as u64);
    assert_eq!(got, Ok(12 * PAGE));
    assert!(pages[..12 * PAGE] == read[4 * PAGE..]);
    assert!(pages[12 * PAGE..].iter().all(|byte| *byte == 0));
}

fn noise(length: usize) -> Vec<u8> {
    buffers(&[length]).concat()
}

#[test]
fn a_write_of_several_buffers_that_a_file_cannot_take_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, [1; 4096]).unwrap();
    let node = FileNode::new(std::fs::File::open(&path).unwrap(), "a").unwrap();
    let error = node.write_vectored_at(&[IoSlice::new(&[2; 512])], 0).unwrap_err();
    assert_eq!(error.what, "Unable to write a");
    let beyond = node.read_vectored_at(&mut [IoSliceMut::new(&mut [0; 512])], u64::MAX);
    assert_eq!(beyond.unwrap_err().what, "Unable to read a");
}

#[test]
fn an_image_takes_several_buffers() {
    let below: Arc<dyn Node> = Arc::new(MemoryNode::new("image", 0));
    create(&*below, &CreateOptions { cluster_size: 4096, ..CreateOptions::new(SIZE) }).unwrap();
    let header = Qcow2Node::read_header("image", &*below).unwrap();
    let node = Qcow2Node::new("image", header, below, None, None, true).unwrap();
    check(&node, 512);
}

#[test]
fn filters_take_several_buffers() {
    let memory = || Arc::new(MemoryNode::new("memory", SIZE));
    let odd = Arc::new(MemoryNode::new("odd", SIZE - 100));
    let shown = WholeSectors::of(odd.clone()).unwrap();
    check(&*shown, 512);
    assert_eq!(odd.length(), Ok(SIZE - 100));
    shown
        .write_vectored_at(&[IoSlice::new(&[1; 100]), IoSlice::new(&[2; 412])], SIZE - 512)
        .unwrap();
    assert_eq!(odd.length(), Ok(SIZE));
    check(&Filtered::new(Arc::new(Flushed), memory()), 512);
    let gate = Arc::new(Gate::new(memory()));
    let rules = Rules { zeros: Zeros::Unmap, ..Rules::default() };
    let meter = Meter::new(rules, Box::new(|_| ()));
    let metered = Filtered::new(meter.clone(), BlockBackend::new("disk", gate));
    check(&metered, 512);
    let before = meter.stats();
    let zeros = [0; 65536];
    metered.write_vectored_at(&[IoSlice::new(&zeros), IoSlice::new(&zeros)], 0).unwrap();
    let after = meter.stats();
    assert_eq!((after.writes - before.writes, after.write_bytes - before.write_bytes), (1, 131072));
    assert!(metered.extent_at(0, 65536).unwrap().kind.is_zero(), "zeros give space back");
    fn is_filter(_: &impl Filter) {}
    is_filter(&*meter);
}

/// nbdkit, until it is dropped.
struct Server(Child);

impl Server {
    fn start(folder: &tempfile::TempDir, arguments: &[&str]) -> (Server, String) {
        let socket = folder.path().join("socket");
        let child = Command::new("nbdkit")
            .args(["--foreground", "--unix"])
            .arg(&socket)
            .args(arguments)
            .stderr(Stdio::null())
            .spawn()
            .expect("nbdkit");
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "nbdkit does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        (Server(child), format!("nbd+unix:///?socket={}", socket.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_nbd_server_takes_several_buffers() {
    for arguments in [&["memory", "1M"][..], &["--no-sr", "memory", "1M"]] {
        let folder = tempfile::tempdir().unwrap();
        let (_server, uri) = Server::start(&folder, arguments);
        check(&NbdNode::connect(&uri).unwrap(), 512);
    }
}

#[test]
fn a_sparse_reply_is_spread_over_several_buffers() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let image = folder.path().join("image");
    std::fs::write(&image, vec![0; SIZE as usize]).unwrap();
    let file = std::fs::File::options().write(true).open(&image).unwrap();
    file.set_len(0).unwrap();
    file.set_len(SIZE).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[5; 4096], 8192).unwrap();
    // qemu-nbd answers reads of holes by chunks without data.
    let child = Command::new("qemu-nbd")
        .args(["--persistent", "--format=raw", "--socket"])
        .args([&socket, &image])
        .spawn()
        .expect("qemu-nbd");
    let _server = Server(child);
    let deadline = Instant::now() + Duration::from_secs(20);
    let uri = format!("nbd+unix:///?socket={}", socket.display());
    let node = loop {
        match NbdNode::connect(&uri) {
            Ok(node) => break node,
            Err(error) => assert!(Instant::now() < deadline, "{error:?}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut parts = [vec![9; 5000], vec![9; 4000], vec![9; 9000]];
    let mut slices: Vec<_> = parts.iter_mut().map(|part| IoSliceMut::new(part)).collect();
    assert_eq!(node.read_vectored_at(&mut slices, 0), Ok(18000));
    let flat = parts.concat();
    assert!(flat[8192..12288].iter().all(|byte| *byte == 5));
    assert!(flat[..8192].iter().chain(&flat[12288..]).all(|byte| *byte == 0));
}
