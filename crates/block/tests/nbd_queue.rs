//! Requests to an NBD server that one thread has under way.

mod nbd;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nbd::{Odd, Place, good_words, memory_node, noise};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use virsparse_block::export::Export;
use virsparse_block::export::nbd::ExportOptions;
use virsparse_block::nbd::protocol::{self, chunk, chunk_head};
use virsparse_block::nbd::{NbdNode, NbdOptions};
use virsparse_block::queue::{Completion, Request, RequestQueue, queue_of};
use virsparse_block::{Errno, Node};

const MIB: u64 = 1 << 20;
const BLOCK: usize = 4096;

fn connect(place: &Place) -> Arc<NbdNode> {
    Arc::new(NbdNode::connect(&place.uri()).unwrap())
}

fn read(offset: u64, length: usize) -> Request {
    Request::Read { offset, buffer: vec![0xee; length] }
}

fn next(queue: &mut dyn RequestQueue) -> Completion {
    queue.complete(Some(Duration::from_secs(60))).expect("a completion in time")
}

/// nbdkit, until it is dropped.
struct Server(Child);

impl Server {
    fn start(place: &Place, arguments: &[&str]) -> Server {
        let socket = place.path("kit");
        let mut command = Command::new("nbdkit");
        command.args(["--foreground", "--unix"]).arg(&socket).args(arguments);
        let server = Server(command.stderr(Stdio::null()).spawn().expect("nbdkit"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "nbdkit does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        server
    }

    fn uri(place: &Place) -> String {
        format!("nbd+unix:///?socket={}", place.text("kit"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn one_thread_has_many_requests_under_way() {
    let place = Place::new();
    let memory = memory_node(MIB);
    memory.write_at(&noise(MIB as usize, 1), 0).unwrap();
    let odd = Odd::new(memory.clone(), 100);
    let _export = place.export(odd.clone());
    let node = connect(&place);
    let mut queue = node.queue().expect("a queue of its own");
    for number in 0..12 {
        queue.submit(number, read(number * 8192, BLOCK));
    }
    assert_eq!(queue.under_way(), 12);
    for _ in 0..12 {
        let completion = next(&mut *queue);
        assert_eq!(completion.result, Ok(BLOCK));
        let mut expected = vec![0; BLOCK];
        memory.read_at(&mut expected, completion.token * 8192).unwrap();
        assert!(completion.buffer == expected);
    }
    assert_eq!(queue.complete(None), None);
    assert!(odd.most_reads.load(Ordering::SeqCst) >= 6, "{:?}", odd.most_reads);
}

/// What is done to a model is done to the node in another order, but no two of one block at a time.
fn check_model(queue: &mut dyn RequestQueue, node: &dyn Node, seed: u64) {
    let random = noise(4000, seed);
    let mut model = vec![0u8; MIB as usize];
    let mut under_way: HashMap<u64, (u64, Option<Vec<u8>>)> = HashMap::new();
    let finish = |queue: &mut dyn RequestQueue, under_way: &mut HashMap<_, _>| {
        let completion = next(queue);
        let (_, expected) = under_way.remove(&completion.token).expect("once");
        let expected: Option<Vec<u8>> = expected;
        completion.result.expect("done");
        if let Some(expected) = expected {
            assert!(completion.buffer == expected, "what is read");
        }
    };
    for (token, bytes) in random.chunks_exact(4).enumerate() {
        let block = u64::from(bytes[0]);
        while under_way.len() >= 16 || under_way.values().any(|(other, _)| *other == block) {
            finish(queue, &mut under_way);
        }
        let offset = block * BLOCK as u64;
        let there = &mut model[offset as usize..][..BLOCK];
        let (request, expected) = match bytes[1] % 8 {
            0..=2 => (read(offset, BLOCK), Some(there.to_vec())),
            3..=5 => {
                there.fill(bytes[2]);
                (Request::Write { offset, data: there.to_vec() }, Some(there.to_vec()))
            }
            6 => {
                there.fill(0);
                let may_unmap = bytes[2] % 2 == 0;
                let length = BLOCK as u64;
                (Request::WriteZeroes { offset, length, may_unmap }, Some(Vec::new()))
            }
            _ => (Request::Flush, Some(Vec::new())),
        };
        under_way.insert(token as u64, (block, expected));
        queue.submit(token as u64, request);
    }
    while queue.under_way() > 0 {
        finish(queue, &mut under_way);
    }
    let mut all = vec![1; MIB as usize];
    node.read_at(&mut all, 0).unwrap();
    assert!(all == model, "the whole");
}

#[test]
fn requests_in_any_order_leave_what_they_have_written() {
    let place = Place::new();
    let _export = place.export(memory_node(MIB));
    let node = connect(&place);
    check_model(&mut *node.queue().unwrap(), &*node, 7);
}

#[test]
fn servers_without_zeroes_and_structured_replies_get_data() {
    for (seed, arguments) in [
        &["--filter=nozero", "memory", "1M"][..],
        &["--filter=nozero", "memory", "1M", "zeromode=notrim"],
        &["--no-sr", "memory", "1M"],
    ]
    .into_iter()
    .enumerate()
    {
        let place = Place::new();
        let _server = Server::start(&place, arguments);
        let node = Arc::new(NbdNode::connect(&Server::uri(&place)).unwrap());
        check_model(&mut *node.queue().unwrap(), &*node, seed as u64);
    }
}

#[test]
fn threads_and_queues_share_one_connection() {
    let place = Place::new();
    let _export = place.export(memory_node(8 * MIB));
    let node = connect(&place);
    thread::scope(|scope| {
        for worker in 0..3u64 {
            let node = &node;
            scope.spawn(move || {
                for round in 0..300u64 {
                    let offset = MIB * (1 + worker) + round % 16 * 65536;
                    let data = noise(1 + (round * 977 % 65536) as usize, round);
                    node.write_at(&data, offset).unwrap();
                    let mut read = vec![0; data.len()];
                    node.read_at(&mut read, offset).unwrap();
                    assert!(read == data);
                }
            });
        }
        for worker in 0..2u64 {
            let node = &node;
            scope.spawn(move || {
                let mut queue = queue_of(node.clone()).unwrap();
                for round in 0..60u64 {
                    let base = MIB * (4 + worker);
                    let data = |number: u64| noise(32768, round * 16 + number);
                    for number in 0..16 {
                        let offset = base + number * 32768;
                        queue.submit(number, Request::Write { offset, data: data(number) });
                    }
                    (0..16).for_each(|_| assert_eq!(next(&mut *queue).result, Ok(0)));
                    (0..16).for_each(|n| queue.submit(n, read(base + n * 32768, 32768)));
                    for _ in 0..16 {
                        let completion = next(&mut *queue);
                        assert!(completion.buffer == data(completion.token));
                    }
                }
            });
        }
    });
}

#[test]
fn a_descriptor_tells_of_replies_beside_other_users() {
    let place = Place::new();
    let _export = place.export(memory_node(MIB));
    let node = connect(&place);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            for round in 0..2000u64 {
                node.read_at(&mut [0; 512], round % 128 * 512).unwrap();
            }
        });
        let mut queue = node.queue().unwrap();
        let (mut begun, mut done) = (0, 0);
        while done < 2000 {
            while begun - done < 16 && begun < 2000 {
                queue.submit(begun, read(begun % 256 * BLOCK as u64, BLOCK));
                begun += 1;
            }
            let mut fds = [PollFd::new(queue.descriptor(), PollFlags::POLLIN)];
            let ready = poll(&mut fds, PollTimeout::from(30_000u16)).unwrap();
            assert_eq!(ready, 1, "{done} of {begun} are done, and nothing is told");
            while let Some(completion) = queue.complete(Some(Duration::ZERO)) {
                assert_eq!(completion.result, Ok(BLOCK));
                done += 1;
            }
        }
        busy.join().unwrap();
    });
}

#[test]
fn large_requests_both_ways_do_not_wait_for_each_other() {
    // The server stops reading when its replies are not taken.
    for server in ["ours", "nbdkit", "qemu-nbd"] {
        let place = Place::new();
        let size = 64 * MIB;
        let export = (server == "ours").then(|| place.export(memory_node(size)));
        let _server = match server {
            "ours" => None,
            "nbdkit" => Some(Server::start(&place, &["memory", "64M"])),
            _ => {
                let image = place.empty("image", size);
                let child = Command::new("qemu-nbd")
                    .args(["--persistent", "--format=raw", "--socket"])
                    .args([&place.path("kit"), &image])
                    .spawn()
                    .expect("qemu-nbd");
                Some(Server(child))
            }
        };
        let uri = if export.is_some() { place.uri() } else { Server::uri(&place) };
        let deadline = Instant::now() + Duration::from_secs(20);
        let node = loop {
            match NbdNode::connect(&uri) {
                Ok(node) => break node,
                Err(error) => assert!(Instant::now() < deadline, "{server}: {error:?}"),
            }
            thread::sleep(Duration::from_millis(5));
        };
        let mut queue = node.queue().unwrap();
        let half = size / 2;
        for number in 0..64 {
            queue.submit(2 * number, read(number * 512 * 1024, 512 * 1024));
            let (offset, data) = (half + number * 512 * 1024, vec![number as u8; 512 * 1024]);
            queue.submit(2 * number + 1, Request::Write { offset, data });
        }
        (0..128).for_each(|_| assert!(next(&mut *queue).result.is_ok(), "{server}"));
        let mut bytes = vec![0; half as usize];
        node.read_at(&mut bytes, half).unwrap();
        for (number, part) in bytes.chunks(512 * 1024).enumerate() {
            assert!(part.iter().all(|byte| *byte == number as u8), "{server}");
        }
    }
}

#[test]
fn a_large_write_does_not_wait_for_replies_that_a_queue_has_not_taken() {
    let place = Place::new();
    let _server = Server::start(&place, &["--threads=1", "memory", "64M"]);
    let options = NbdOptions::default();
    let node = NbdNode::connect_with(&Server::uri(&place), &options).unwrap();
    let mut queue = node.queue().unwrap();
    (0..32).for_each(|number| queue.submit(number, read(number * MIB, MIB as usize)));
    let data = noise(16 << 20, 3);
    let parts: Vec<_> = data.chunks(4096).map(std::io::IoSlice::new).collect();
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let (node, data, parts) = (&node, &data, &parts);
        scope.spawn(move || {
            let written = node.write_at(data, 32 * MIB);
            tell.send(written.and_then(|()| node.write_vectored_at(parts, 48 * MIB))).unwrap();
        });
        let written = told.recv_timeout(Duration::from_secs(30));
        if written.is_err() {
            options.connections.cut();
        }
        assert_eq!(written, Ok(Ok(())));
    });
    (0..32).for_each(|_| assert_eq!(next(&mut *queue).result, Ok(MIB as usize)));
    for offset in [32 * MIB, 48 * MIB] {
        let mut there = vec![0; data.len()];
        node.read_at(&mut there, offset).unwrap();
        assert!(there == data);
    }
}

#[test]
fn a_reply_that_was_received_with_those_of_others_is_told() {
    let place = Place::new();
    let listener = UnixListener::bind(place.path("s")).unwrap();
    let (tell, told) = mpsc::channel();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut reader = client.try_clone().unwrap();
        client.write_all(&good_words()).unwrap();
        // What the client says before its first request has no fixed length.
        let mut said: Vec<u8> = Vec::new();
        while said.windows(4).filter(|word| *word == [0x25, 0x60, 0x95, 0x13]).count() < 10 {
            let mut some = [0; 4096];
            let count = reader.read(&mut some).unwrap();
            said.extend(&some[..count]);
        }
        // Those that wait do so by now.
        thread::sleep(Duration::from_millis(300));
        let mut replies = Vec::new();
        // In this order: to those that wait for the turn, to the one that has it, to the last.
        for cookie in [1, 2, 3, 4, 5, 6, 7, 8, 0, 9u64] {
            let kind = chunk::OFFSET_DATA;
            replies.extend(chunk_head(chunk::DONE, kind, cookie, 8 + BLOCK as u32));
            replies.extend(0u64.to_be_bytes());
            replies.resize(replies.len() + BLOCK, cookie as u8);
        }
        client.write_all(&replies).unwrap();
        thread::sleep(Duration::from_millis(300));
        tell.send(()).unwrap();
        assert_eq!(reader.read(&mut [0; 64]).unwrap(), protocol::Request::SIZE);
    });
    let node = connect(&place);
    let mut queues: Vec<_> = (0..10).map(|_| node.queue().unwrap()).collect();
    queues.iter_mut().for_each(|queue| queue.submit(7, read(0, BLOCK)));
    let mut last = queues.pop().unwrap();
    thread::scope(|scope| {
        for queue in queues {
            scope.spawn(move || {
                let mut queue = queue;
                assert_eq!(next(&mut *queue).result, Ok(BLOCK));
            });
            // The first has the turn.
            thread::sleep(Duration::from_millis(50));
        }
    });
    told.recv().unwrap();
    let mut fds = [PollFd::new(last.descriptor(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(5000u16)).unwrap(), 1);
    let completion = last.complete(Some(Duration::ZERO)).expect("a reply");
    assert!(completion.buffer.iter().all(|byte| *byte == 9));
    drop((last, node));
    server.join().unwrap();
}

/// A server that takes everything, and says nothing after the handshake.
fn silent(place: &Place) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(place.path("s")).unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(&good_words()).unwrap();
        let _ = std::io::copy(&mut client, &mut std::io::sink());
    })
}

/// Begins two requests to such a server, which has 200 ms for each.
fn with_a_silent_server(wait: impl FnOnce(&mut dyn RequestQueue)) {
    let place = Place::new();
    let server = silent(&place);
    let reply_timeout = Some(Duration::from_millis(200));
    let options = NbdOptions { reply_timeout, ..NbdOptions::default() };
    let node = NbdNode::connect_with(&place.uri(), &options).unwrap();
    // Before the first request there is nothing to reply to.
    thread::sleep(Duration::from_millis(300));
    let mut queue = node.queue().unwrap();
    (0..2).for_each(|number| queue.submit(number, read(0, BLOCK)));
    wait(&mut *queue);
    drop((queue, node));
    server.join().unwrap();
}

#[test]
fn a_server_that_does_not_reply_in_time_is_given_up() {
    with_a_silent_server(|queue| {
        assert_eq!(queue.complete(Some(Duration::from_millis(20))), None);
        for _ in 0..2 {
            assert_eq!(next(queue).result.unwrap_err().errno, Errno::ETIMEDOUT);
        }
    });
}

#[test]
fn those_who_only_look_for_replies_notice_that_none_comes() {
    with_a_silent_server(|queue| {
        assert_eq!(queue.complete(Some(Duration::ZERO)), None);
        let end = Instant::now() + Duration::from_secs(20);
        let mut got = Vec::new();
        while got.len() < 2 {
            assert!(Instant::now() < end, "the server is not given up");
            // More requests, which the server takes, are no reply.
            queue.submit(7, read(0, BLOCK));
            thread::sleep(Duration::from_millis(5));
            got.extend(queue.complete(Some(Duration::ZERO)));
        }
        for completion in got {
            assert_eq!(completion.result.unwrap_err().errno, Errno::ETIMEDOUT);
        }
    });
}

#[test]
fn the_descriptor_tells_of_a_reply_that_is_late() {
    with_a_silent_server(|queue| {
        for _ in 0..2 {
            let completion = loop {
                let mut fds = [PollFd::new(queue.descriptor(), PollFlags::POLLIN)];
                assert_eq!(poll(&mut fds, PollTimeout::from(20_000u16)).unwrap(), 1);
                if let Some(completion) = queue.complete(Some(Duration::ZERO)) {
                    break completion;
                }
            };
            assert_eq!(completion.result.unwrap_err().errno, Errno::ETIMEDOUT);
        }
    });
}

/// Time passes only while something is under way, and each reply gives the server new time.
#[test]
fn a_queue_that_rests_or_gets_replies_is_not_given_up() {
    let place = Place::new();
    let server = Server::start(&place, &["memory", "1M"]);
    let reply_timeout = Some(Duration::from_secs(1));
    let options = NbdOptions { reply_timeout, ..NbdOptions::default() };
    let node = NbdNode::connect_with(&Server::uri(&place), &options).unwrap();
    let mut queue = node.queue().unwrap();
    for number in 0..3 {
        queue.submit(number, read(0, BLOCK));
        assert_eq!(next(&mut *queue).result, Ok(BLOCK));
        thread::sleep(Duration::from_millis(1200));
        assert_eq!(queue.complete(Some(Duration::ZERO)), None);
        let mut fds = [PollFd::new(queue.descriptor(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::ZERO).unwrap(), 0, "there is nothing to be late");
    }
    // A reply that has come in time is good, however late it is looked for.
    queue.submit(3, read(0, BLOCK));
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(queue.complete(Some(Duration::ZERO)).expect("a reply").result, Ok(BLOCK));
    drop((queue, node, server));
}

#[test]
fn what_cannot_be_done_completes_with_an_error() {
    let place = Place::new();
    let options = ExportOptions { read_only: true, ..ExportOptions::default() };
    let _export = place.export_with(memory_node(MIB), options);
    let node = connect(&place);
    let mut queue = node.queue().unwrap();
    let mut done = |request| {
        queue.submit(5, request);
        next(&mut *queue)
    };
    let refused = done(Request::Write { offset: 0, data: vec![1; 512] });
    let error = refused.result.unwrap_err();
    assert_eq!((error.errno, refused.buffer.len()), (Errno::EROFS, 512));
    assert!(error.what.starts_with("Unable to write nbd+unix:"), "{}", error.what);
    // At the end less is read, and behind it nothing.
    assert_eq!(done(read(MIB - 512, 1024)).result, Ok(512));
    assert_eq!(done(read(MIB, 1024)).result, Ok(0));
    assert_eq!(done(read(u64::MAX, 1)).result, Ok(0));
    let large = done(read(0, 0)).result;
    assert_eq!(large, Ok(0));
    let place = Place::new();
    let _export = place.export(memory_node(MIB));
    let node = connect(&place);
    let mut queue = node.queue().unwrap();
    let beyond = [
        Request::Write { offset: MIB - 256, data: vec![1; 512] },
        Request::WriteZeroes { offset: u64::MAX, length: 512, may_unmap: true },
    ];
    for request in beyond {
        queue.submit(0, request);
        assert_eq!(next(&mut *queue).result.unwrap_err().errno, Errno::ENOSPC);
    }
    queue.submit(0, Request::Discard { offset: MIB - 256, length: u64::MAX });
    assert_eq!(next(&mut *queue).result, Ok(0));
}

#[test]
fn a_connection_that_breaks_ends_all_requests() {
    for by in ["the server", "a cut"] {
        let place = Place::new();
        let export = place.export(Odd::new(memory_node(MIB), 300));
        let options = NbdOptions::default();
        let node = NbdNode::connect_with(&place.uri(), &options).unwrap();
        let mut queue = node.queue().unwrap();
        (0..10).for_each(|number| queue.submit(number, read(number * 4096, BLOCK)));
        let ends = thread::spawn({
            let connections = options.connections.clone();
            move || {
                thread::sleep(Duration::from_millis(50));
                match by {
                    "a cut" => drop(connections.cut()),
                    _ => export.stop(Duration::ZERO),
                }
            }
        });
        for _ in 0..10 {
            assert!(next(&mut *queue).result.is_err(), "{by}");
        }
        queue.submit(11, read(0, BLOCK));
        assert!(next(&mut *queue).result.is_err(), "{by}");
        assert_eq!(queue.complete(None), None);
        ends.join().unwrap();
    }
}

#[test]
fn replies_to_a_queue_that_is_gone_are_passed_over() {
    let place = Place::new();
    let _export = place.export(Odd::new(memory_node(MIB), 50));
    let node = connect(&place);
    for _ in 0..3 {
        let mut queue = node.queue().unwrap();
        (0..8).for_each(|number| queue.submit(number, read(number * 4096, BLOCK)));
        drop(queue);
        assert_eq!(node.read_at(&mut [0; 512], 0), Ok(512));
    }
}
