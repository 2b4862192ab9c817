//! The NBD client with qemu-nbd, nbdkit and our own server, and with hostile servers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use virsparse_block::Errno;
use virsparse_block::nbd::protocol::*;
use virsparse_block::nbd::{NbdNode, NbdOptions};
use virsparse_block::{Extent, ExtentKind, Node, Space};

mod nbd;
use nbd::*;

fn nbdkit(place: &Place, arguments: &[&str]) -> Foreign {
    let socket = place.text("s");
    Foreign::start(&[&["nbdkit", "-f", "-U", &socket], arguments].concat(), &place.path("s"))
}

fn qemu_nbd(place: &Place, arguments: &[&str]) -> Foreign {
    let socket = place.text("s");
    let fixed = ["qemu-nbd", "-t", "-e", "16", "-x", "disk", "-k", &socket];
    Foreign::start(&[&fixed[..], arguments].concat(), &place.path("s"))
}

fn extents(node: &dyn Node) -> Vec<(u64, u64, ExtentKind)> {
    let length = node.length().unwrap();
    let mut at = 0;
    std::iter::from_fn(|| {
        (at < length).then(|| {
            let Extent { offset, length, kind, .. } = node.extent_at(at, length).unwrap();
            at += length;
            (offset, length, kind)
        })
    })
    .collect()
}

/// Everything that a node does, on a disk of 40 MiB whose second half is empty.
fn exercise(node: &dyn Node, image: &std::path::Path) {
    let start = fs::read(image).unwrap();
    let mut all = vec![1; start.len() + 100];
    assert_eq!(node.read_at(&mut all, 0).unwrap(), start.len());
    assert!(all[..start.len()] == start);
    assert_eq!(node.read_at(&mut all, start.len() as u64 - 10).unwrap(), 10);
    assert_eq!(node.read_at(&mut all, start.len() as u64 + 10).unwrap(), 0);

    let data = noise(3 << 20, 5);
    node.write_at(&data, 20 * MIB + 1).unwrap();
    let mut expected = start;
    expected[20 * MIB as usize + 1..][..data.len()].copy_from_slice(&data);
    node.write_zeroes(21 * MIB + 5, MIB, true).unwrap();
    node.write_zeroes(100, 5000, false).unwrap();
    expected[21 * MIB as usize + 5..][..MIB as usize].fill(0);
    expected[100..5100].fill(0);
    // What a discarded range reads as is not promised; here it is overwritten.
    node.discard(30 * MIB, MIB).unwrap();
    node.write_zeroes(30 * MIB, MIB, true).unwrap();
    expected[30 * MIB as usize..][..MIB as usize].fill(0);
    if node.write_zeroes_fast(2 * MIB, MIB, true).unwrap() {
        expected[2 * MIB as usize..][..MIB as usize].fill(0);
    }
    node.flush().unwrap();
    let mut all = vec![1; expected.len()];
    node.read_at(&mut all, 0).unwrap();
    assert!(all == expected);

    let error = node.write_at(&[1; 2], expected.len() as u64 - 1).unwrap_err();
    assert_eq!(error.errno, Errno::ENOSPC);
    let error = node.resize(1).unwrap_err();
    assert_eq!(error.errno, Errno::EOPNOTSUPP);
    assert!(error.what.contains(node.name()));
}

#[test]
fn everything_works_with_qemu_nbd() {
    let place = Place::new();
    let image = place.image("image", 40 * MIB);
    let _server = qemu_nbd(&place, &["-f", "raw", "--discard=unmap", image.to_str().unwrap()]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    assert!(node.knows_holes());
    assert_eq!(node.space().unwrap(), Space::Sparse);
    exercise(&node, &image);
    let mut all = vec![0; 40 << 20];
    node.read_at(&mut all, 0).unwrap();
    assert!(fs::read(&image).unwrap() == all);
    fs::write(place.path("copy"), all).unwrap();
    run(&["qemu-img", "compare", "-f", "raw", "-F", "raw", &place.uri(), &place.text("copy")]);
}

#[test]
fn everything_works_with_nbdkit() {
    let place = Place::new();
    let image = place.image("image", 40 * MIB);
    for filter in [
        &[][..],
        &["--filter=nozero"],
        &["--filter=noextents"],
        &["--filter=fua", "fuamode=force"],
        &["--no-sr"],
        &["--filter=delay", "delay-read=5ms", "delay-write=5ms"],
    ] {
        let _ = fs::remove_file(place.path("s"));
        place.image("image", 40 * MIB);
        let options: Vec<&str> = filter.iter().copied().filter(|o| o.starts_with("--")).collect();
        let parameters: Vec<&str> =
            filter.iter().copied().filter(|o| !o.starts_with("--")).collect();
        let file = ["file", image.to_str().unwrap()];
        let mut server = nbdkit(&place, &[&options[..], &file, &parameters].concat());
        let node = NbdNode::connect(&place.uri()).unwrap();
        exercise(&node, &image);
        server.kill();
    }
}

#[test]
fn extents_match_the_servers_map() {
    let place = Place::new();
    let image = place.image("image", 8 * MIB);
    let mut server = nbdkit(&place, &["file", image.to_str().unwrap()]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    let expected: Vec<_> = (0..8)
        .map(|n| (n * MIB, MIB, [ExtentKind::Data, ExtentKind::Hole][n as usize % 2]))
        .collect();
    assert_eq!(extents(&node), expected);
    // Within a second of that, a write of ours must be seen.
    node.write_at(&[1; 4096], 3 * MIB).unwrap();
    let extent = node.extent_at(3 * MIB, 8 * MIB).unwrap();
    assert_eq!((extent.kind, extent.length), (ExtentKind::Data, 4096));
    assert_eq!(node.extent_at(MIB + 7, MIB + 9).unwrap().length, 2);
    server.kill();

    let _ = fs::remove_file(place.path("s"));
    let _server = nbdkit(&place, &["--filter=noextents", "file", image.to_str().unwrap()]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    assert_eq!(extents(&node), [(0, 8 * MIB, ExtentKind::Data)]);
}

#[test]
fn walking_many_extents_takes_few_requests() {
    let place = Place::new();
    // 8 GiB in extents of 64 KiB, of which the server tells 50,000 at a time.
    let script = "get_size) echo 8G ;; can_extents) exit 0 ;; pread) exit 1 ;; \
                  extents) echo asked >> LOG; \
                  awk -v o=\"$4\" -v n=\"$3\" 'BEGIN { for (i = 0; i < 50000 && n > 0; i++) \
                  { printf \"%.0f 65536 %s\\n\", o, (o / 65536) % 2 ? \"hole,zero\" : \"\"; \
                  o += 65536; n -= 65536 } }' ;; *) exit 2 ;;"
        .replace("LOG", &place.text("log"));
    fs::write(place.path("sh"), format!("#!/bin/sh\ncase \"$1\" in {script} esac\n")).unwrap();
    run(&["chmod", "+x", &place.text("sh")]);
    let _server = nbdkit(&place, &["sh", &place.text("sh")]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    assert_eq!(extents(&node).len(), 131_072);
    let asked = fs::read_to_string(place.path("log")).unwrap().lines().count();
    assert!(asked < 20, "{asked}");
}

#[test]
fn names_of_exports_and_sockets_are_decoded() {
    let place = Place::new();
    let image = place.image("an image", MIB);
    let socket = place.path("a socket");
    let command = ["qemu-nbd", "-t", "-f", "raw", "-x", "my disk/1", "-k"];
    let arguments = [socket.to_str().unwrap(), image.to_str().unwrap()];
    let _server = Foreign::start(&[&command[..], &arguments].concat(), &socket);
    let folder = place.folder.path().display();
    let uri = format!("nbd+unix:///my%20disk/1?socket={folder}/a%20socket");
    wait_until("it serves", || NbdNode::connect(&uri).is_ok());
    let error = NbdNode::connect(&uri.replace("my", "your")).err().unwrap();
    assert_eq!(error.errno, Errno::ENOENT);
    assert!(error.what.contains("your disk/1"), "{}", error.what);
}

#[test]
fn a_server_over_tcp_has_the_same_data() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _server = {
        let argv = ["nbdkit", "-f", "-i", "127.0.0.1", "-p", &port.to_string(), "memory", "8M"];
        let uri = format!("nbd://localhost:{port}/");
        let child = std::process::Command::new(argv[0]).args(&argv[1..]).spawn().unwrap();
        wait_until("it serves", || NbdNode::connect(&uri).is_ok());
        ended_with_test(child)
    };
    let node = NbdNode::connect(&format!("nbd://127.0.0.1:{port}/x")).unwrap();
    assert_eq!(node.space().unwrap(), Space::Fresh);
    let data = noise(MIB as usize, 1);
    node.write_at(&data, MIB).unwrap();
    let mut back = vec![0; MIB as usize];
    node.read_at(&mut back, MIB).unwrap();
    assert!(back == data);
    drop(place);
}

/// Ends a child with the test.
fn ended_with_test(child: std::process::Child) -> impl Drop {
    struct Guard(std::process::Child);
    impl Drop for Guard {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    Guard(child)
}

#[test]
fn many_threads_share_one_connection() {
    let place = Place::new();
    let _server = nbdkit(&place, &["memory", "64M"]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    thread::scope(|scope| {
        for worker in 0..16u64 {
            let node = &node;
            scope.spawn(move || {
                for round in 0..200u64 {
                    let length = [512, 4096, 70_000, 300_000][(round % 4) as usize];
                    let offset = worker * 4 * MIB + round * 4099;
                    let data = noise(length, worker << 32 | round);
                    node.write_at(&data, offset).unwrap();
                    let mut back = vec![0; length];
                    node.read_at(&mut back, offset).unwrap();
                    assert!(back == data, "{worker} {round}");
                    if round % 50 == 0 {
                        node.flush().unwrap();
                        node.extent_at(offset, 64 * MIB).unwrap();
                    }
                }
            });
        }
    });
}

#[test]
fn an_error_of_the_server_keeps_its_errno_and_the_connection() {
    let place = Place::new();
    let file = place.text("fail");
    let filter = ["--filter=error", "memory", "8M", "error=ENOSPC", "error-pwrite-rate=100%"];
    let trigger = format!("error-file={file}");
    let _server = nbdkit(&place, &[&filter[..], &[&trigger]].concat());
    let node = NbdNode::connect(&place.uri()).unwrap();
    node.write_at(&[1; 512], 0).unwrap();
    fs::write(&file, "").unwrap();
    let error = node.write_at(&[2; 512], 0).unwrap_err();
    assert_eq!(error.errno, Errno::ENOSPC);
    assert!(error.what.starts_with("Unable to write nbd+unix:///"), "{}", error.what);
    fs::remove_file(&file).unwrap();
    node.write_at(&[3; 512], 0).unwrap();
}

#[test]
fn a_read_only_export_is_not_written_to() {
    let place = Place::new();
    let _server = nbdkit(&place, &["-r", "memory", "8M"]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    assert!(node.is_read_only());
    for result in [
        node.write_at(&[1], 0),
        node.write_zeroes(0, 1, true),
        node.write_zeroes_fast(0, 1, true).map(|_| ()),
    ] {
        assert_eq!(result.unwrap_err().errno, Errno::EROFS);
    }
    // Advice is not needed there.
    node.discard(0, 512).unwrap();
}

#[test]
fn a_server_that_dies_fails_all_pending_requests() {
    let place = Place::new();
    let mut server = nbdkit(&place, &["--filter=delay", "memory", "8M", "rdelay=60"]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..8).map(|_| scope.spawn(|| node.read_at(&mut [0; 512], 0))).collect();
        thread::sleep(Duration::from_millis(300));
        server.kill();
        for thread in waiting {
            let error = thread.join().unwrap().unwrap_err();
            assert!([Errno::ECONNRESET, Errno::ESHUTDOWN].contains(&error.errno), "{error:?}");
        }
    });
    assert_eq!(node.flush().unwrap_err().errno, Errno::ECONNRESET);
}

#[test]
fn an_abort_or_a_timeout_fails_pending_requests() {
    let place = Place::new();
    let _server = nbdkit(&place, &["--filter=delay", "memory", "8M", "rdelay=60"]);
    let node = NbdNode::connect(&place.uri()).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..4).map(|_| scope.spawn(|| node.read_at(&mut [0; 512], 0))).collect();
        thread::sleep(Duration::from_millis(200));
        node.abort();
        for thread in waiting {
            assert_eq!(thread.join().unwrap().unwrap_err().errno, Errno::ECANCELED);
        }
    });
    // Another server: the first may still be busy with giving up what it was asked for.
    let place = Place::new();
    let _server = nbdkit(&place, &["--filter=delay", "memory", "8M", "rdelay=60"]);
    let reply_timeout = Some(Duration::from_millis(300));
    let options = NbdOptions { reply_timeout, ..NbdOptions::default() };
    let node = NbdNode::connect_with(&place.uri(), &options).unwrap();
    let error = node.read_at(&mut [0; 512], 0).unwrap_err();
    assert_eq!(error.errno, Errno::ETIMEDOUT);
    assert!(error.what.contains("does not answer"), "{}", error.what);
}

#[test]
fn an_unreachable_server_is_named_in_the_error() {
    let place = Place::new();
    let error = NbdNode::connect(&place.uri()).err().unwrap();
    assert_eq!(error.errno, Errno::ENOENT);
    assert!(error.what.contains(&place.uri()));
    fs::write(place.path("s"), "").unwrap();
    assert_eq!(NbdNode::connect(&place.uri()).err().unwrap().errno, Errno::ECONNREFUSED);
    let error = NbdNode::connect("nbds://host/").err().unwrap();
    assert_eq!(error.errno, Errno::EINVAL);
    assert!(error.what.contains("TLS is not supported"), "{}", error.what);
}

// ---- Servers that mean no good ----

/// A server for one client that sends `words`, whatever the client sends, and then disconnects, or
/// keeps the connection open if `hang`.
fn evil(place: &Place, words: Vec<u8>, hang: bool) -> JoinHandle<()> {
    let _ = fs::remove_file(place.path("s"));
    let listener = UnixListener::bind(place.path("s")).unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut reader = client.try_clone().unwrap();
        let swallow = thread::spawn(move || {
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        });
        // The client may have had enough at any time.
        let _ = client.write_all(&words);
        if !hang {
            let _ = client.shutdown(std::net::Shutdown::Both);
        }
        swallow.join().unwrap();
    })
}

fn impatient() -> NbdOptions {
    NbdOptions {
        connect_timeout: Duration::from_millis(500),
        reply_timeout: Some(Duration::from_millis(500)),
        ..NbdOptions::default()
    }
}

#[test]
fn servers_with_a_broken_handshake_are_refused() {
    let place = Place::new();
    let mut huge = good_words();
    huge.truncate(18);
    huge.extend(&encode_option_reply(option::STRUCTURED_REPLY, reply::ACK, &[])[..16]);
    huge.extend([0xff; 4]);
    let mut endless = good_words();
    endless.truncate(18 + 20);
    for _ in 0..1000 {
        endless.extend(encode_option_reply(option::SET_META_CONTEXT, reply::META_CONTEXT, &[0; 9]));
    }
    let oldstyle = [NBDMAGIC.to_be_bytes(), 0x0000_4202_8186_1253u64.to_be_bytes()].concat();
    let other = [good_words()[..18].to_vec(), encode_option_reply(4711, reply::ACK, &[])].concat();
    for (words, errno) in [
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Errno::EPROTO),
        (vec![0; 100], Errno::EPROTO),
        (oldstyle, Errno::EPROTONOSUPPORT),
        (huge, Errno::EPROTO),
        (endless, Errno::EPROTO),
        (other, Errno::EPROTO),
    ] {
        let server = evil(&place, words, true);
        let error = NbdNode::connect_with(&place.uri(), &impatient()).err().unwrap();
        assert_eq!(error.errno, errno, "{}", error.what);
        server.join().unwrap();
    }
    let good = good_words();
    for length in 0..good.len() {
        let server = evil(&place, good[..length].to_vec(), false);
        let error = NbdNode::connect_with(&place.uri(), &impatient()).err().unwrap();
        let expected = [Errno::ECONNRESET, Errno::EPIPE];
        assert!(expected.contains(&error.errno), "{length}: {error:?}");
        server.join().unwrap();
    }
    let start = Instant::now();
    let server = evil(&place, good[..30].to_vec(), true);
    let error = NbdNode::connect_with(&place.uri(), &impatient()).err().unwrap();
    assert_eq!(error.errno, Errno::ETIMEDOUT);
    assert!(start.elapsed() < Duration::from_secs(10));
    server.join().unwrap();
}

fn data_chunk(flags: u16, offset: u64, length: u32) -> Vec<u8> {
    let mut bytes = chunk_head(flags, chunk::OFFSET_DATA, 0, length + 8).to_vec();
    bytes.extend(offset.to_be_bytes());
    bytes.resize(bytes.len() + length as usize, 7);
    bytes
}

fn chunk_with(flags: u16, kind: u16, cookie: u64, payload: &[u8]) -> Vec<u8> {
    [&chunk_head(flags, kind, cookie, payload.len() as u32)[..], payload].concat()
}

#[test]
fn a_reply_that_violates_the_protocol_closes_the_connection() {
    let place = Place::new();
    let none = |flags| chunk_with(flags, chunk::NONE, 0, &[]);
    let hole = |offset: u64, size: u32| {
        chunk_with(0, 2, 0, &[&offset.to_be_bytes()[..], &size.to_be_bytes()].concat())
    };
    for (what, words) in [
        ("no reply at all", vec![0; 32]),
        ("a simple one", simple_head(0, 0).to_vec()),
        ("to no request", chunk_with(1, 0, 99, &[])),
        ("not all of the data", [data_chunk(0, 512, 100), none(1)].concat()),
        ("too much data", data_chunk(1, 512, 513)),
        ("data twice", [data_chunk(0, 512, 512), data_chunk(1, 512, 512)].concat()),
        ("data from before", data_chunk(1, 511, 512)),
        ("data from far away", data_chunk(1, u64::MAX, 512)),
        ("no data", chunk_with(0, 1, 0, &512u64.to_be_bytes())),
        ("a chunk of 4 GiB", chunk_head(1, chunk::OFFSET_DATA, 0, u32::MAX).to_vec()),
        ("an empty hole", hole(512, 0)),
        ("a large hole", hole(512, u32::MAX)),
        ("a hole far away", hole(u64::MAX, 512)),
        ("a status", chunk_with(1, 5, 0, &[0, 0, 0, 7, 0, 0, 2, 0, 0, 0, 0, 0])),
        ("an unknown kind", chunk_with(1, 77, 0, &[])),
        ("an end that is none", none(0)),
        ("a short error", chunk_with(1, chunk::ERROR, 0, &[0; 5])),
        ("an error of 4 GiB", chunk_head(1, chunk::ERROR, 0, u32::MAX).to_vec()),
        ("a long text", chunk_with(1, chunk::ERROR, 0, &[0, 0, 0, 5, 0xff, 0xff])),
        ("errors without end", chunk_with(0, chunk::ERROR, 0, &[0, 0, 0, 5, 0, 0]).repeat(1000)),
    ] {
        let server = evil(&place, [good_words(), words].concat(), true);
        let node = NbdNode::connect_with(&place.uri(), &impatient()).unwrap();
        let error = node.read_at(&mut [0; 512], 512).unwrap_err();
        assert_eq!(error.errno, Errno::EPROTO, "{what}: {}", error.what);
        assert_eq!(node.flush().unwrap_err().errno, Errno::EPROTO, "{what}");
        drop(node);
        server.join().unwrap();
    }
}

#[test]
fn a_status_reply_that_violates_the_protocol_closes_the_connection() {
    let place = Place::new();
    let good = [0, 0, 0, 7, 0, 0, 2, 0, 0, 0, 0, 3];
    for (what, words) in [
        ("no extent", chunk_with(1, 5, 0, &good[..4])),
        ("nothing", chunk_with(1, 0, 0, &[])),
        ("half an extent", chunk_with(1, 5, 0, &good[..8])),
        ("another context", chunk_with(1, 5, 0, &[0; 12])),
        ("an empty extent", chunk_with(1, 5, 0, &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3])),
        ("two answers", [chunk_with(0, 5, 0, &good), chunk_with(1, 5, 0, &good)].concat()),
        ("4 GiB of them", chunk_head(1, 5, 0, u32::MAX - 3).to_vec()),
        ("a simple reply", simple_head(0, 0).to_vec()),
    ] {
        let server = evil(&place, [good_words(), words].concat(), true);
        let node = NbdNode::connect_with(&place.uri(), &impatient()).unwrap();
        assert_eq!(node.extent_at(0, MIB).unwrap_err().errno, Errno::EPROTO, "{what}");
        drop(node);
        server.join().unwrap();
    }
    // More than the disk has is as much as it has.
    let long = [0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3];
    let server = evil(&place, [good_words(), chunk_with(1, 5, 0, &long)].concat(), true);
    let node = NbdNode::connect_with(&place.uri(), &impatient()).unwrap();
    assert_eq!(node.extent_at(0, MIB).unwrap(), Extent::new(0, MIB, ExtentKind::Hole));
    drop(node);
    server.join().unwrap();
}

#[test]
fn control_characters_in_a_servers_error_are_removed() {
    let place = Place::new();
    let text = b"no \x1b[2J luck\n";
    let mut payload = vec![0, 0, 0, 5, 0, text.len() as u8];
    payload.extend(text);
    let words = chunk_with(1, chunk::ERROR, 0, &payload);
    let server = evil(&place, [good_words(), words].concat(), true);
    let node = NbdNode::connect_with(&place.uri(), &impatient()).unwrap();
    let error = node.read_at(&mut [0; 512], 512).unwrap_err();
    assert_eq!(error.errno, Errno::EIO);
    assert!(error.what.ends_with("(no ?[2J luck?)"), "{}", error.what);
    drop(node);
    server.join().unwrap();
}

static SOCKETS: LazyLock<Place> = LazyLock::new(Place::new);

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever a server sends, every call of the client returns.
    #[test]
    fn any_server_is_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        replies in prop::collection::vec(
            (0u16..2, prop_oneof![0u16..7, 0x8000u16..0x8004], 0u64..3, 0u32..600), 0..6),
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut words = good_words();
        for (index, value) in changes {
            let index = index.index(words.len());
            words[index] = value;
        }
        for (flags, kind, cookie, length) in replies {
            let length = (length as usize).min(noise.len());
            words.extend(chunk_with(flags, kind, cookie, &noise[..length]));
        }
        words.extend(&noise);
        let server = evil(&SOCKETS, words, false);
        if let Ok(node) = NbdNode::connect_with(&SOCKETS.uri(), &impatient()) {
            let _ = node.read_at(&mut vec![0; 600], 0);
            let _ = node.extent_at(0, MIB);
            let _ = node.write_at(&[0; 100], 0);
        }
        // A client that failed before it connected leaves the server waiting for one.
        let _ = UnixStream::connect(SOCKETS.path("s"));
        server.join().unwrap();
    }
}

#[test]
fn our_client_works_with_our_export() {
    let place = Place::new();
    let image = place.image("image", 40 * MIB);
    let _export = place.export(file_node(&image));
    let node = NbdNode::connect(&place.uri()).unwrap();
    exercise(&node, &image);
    let mut stream = UnixStream::connect(place.path("s")).unwrap();
    assert_eq!(stream.read(&mut [0; 18]).unwrap(), 18);
}
