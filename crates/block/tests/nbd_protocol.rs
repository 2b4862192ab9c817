//! The export with clients that violate the protocol, byte by byte.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use virsparse_block::export::Export;
use virsparse_block::export::nbd::{ExportOptions, NbdExport};
use virsparse_block::nbd::protocol::*;

mod nbd;
use nbd::*;

fn place() -> (Place, NbdExport) {
    let place = Place::new();
    let export = place.export(file_node(&place.image("image", 4 * MIB)));
    (place, export)
}

/// Another client can use the export as usual.
fn assert_serves(place: &Place) {
    let mut raw = Raw::ready(place);
    raw.request(0, 0, 0, 512);
    assert_eq!(raw.chunks(), [(1, [&[0; 8][..], &noise(MIB as usize, 0)[..512]].concat())]);
}

fn codes(replies: &[(u32, Vec<u8>)]) -> Vec<u32> {
    replies.iter().map(|(reply, _)| *reply).collect()
}

#[test]
fn options_get_the_replies_of_the_specification() {
    let (place, _export) = place();
    let mut raw = Raw::greeted(&place);
    let mut ask = |option, data: &[u8]| raw.option(option, data);
    assert_eq!(codes(&ask(option::STARTTLS, &[])), [reply::ERR_UNSUP]);
    assert_eq!(codes(&ask(4711, b"what?")), [reply::ERR_UNSUP]);
    assert_eq!(codes(&ask(11, &[])), [reply::ERR_UNSUP]);
    assert_eq!(codes(&ask(option::LIST, b"x")), [reply::ERR_INVALID]);
    assert_eq!(
        ask(option::LIST, &[]),
        [(reply::SERVER, b"\0\0\0\x04disk".to_vec()), (reply::ACK, vec![])]
    );
    assert_eq!(codes(&ask(option::INFO, &information("nodisk", &[]))), [reply::ERR_UNKNOWN]);
    assert_eq!(codes(&ask(option::GO, &information("nodisk", &[]))), [reply::ERR_UNKNOWN]);

    // Export, name, and block size; what is unknown is passed over.
    let told = ask(option::INFO, &information("", &[info::NAME, info::BLOCK_SIZE, 999]));
    assert_eq!(codes(&told), [3, 3, 3, 1]);
    assert_eq!(told[0].1[..10], [&[0, 0][..], &(4 * MIB).to_be_bytes()].concat());
    assert_eq!(told[1].1, b"\0\x01disk");
    assert_eq!(told[2].1, [0, 3, 0, 0, 0, 1, 0, 0, 16, 0, 2, 0, 0, 0]);

    // Contexts need structured replies.
    let choose = contexts("disk", &[BASE_ALLOCATION, "x-mine:thing"]);
    assert_eq!(codes(&ask(option::SET_META_CONTEXT, &choose)), [reply::ERR_INVALID]);
    assert_eq!(codes(&ask(option::STRUCTURED_REPLY, b"x")), [reply::ERR_INVALID]);
    assert_eq!(codes(&ask(option::STRUCTURED_REPLY, &[])), [reply::ACK]);
    assert_eq!(codes(&ask(option::SET_META_CONTEXT, &choose)), [4, 1]);
    for (queries, found) in [
        (&[][..], 1),
        (&["base:"], 1),
        (&["base:allocation"], 1),
        (&["base:other"], 0),
        (&["qemu:allocation-depth"], 0),
        (&["no colon"], 0),
    ] {
        let replies = ask(option::LIST_META_CONTEXT, &contexts("disk", queries));
        assert_eq!(replies.len(), found + 1, "{queries:?}");
    }
    for queries in [&[][..], &["base:"]] {
        assert_eq!(codes(&ask(option::SET_META_CONTEXT, &contexts("disk", queries))), [1]);
    }
    let elsewhere = contexts("nodisk", &[BASE_ALLOCATION]);
    assert_eq!(codes(&ask(option::SET_META_CONTEXT, &elsewhere)), [reply::ERR_UNKNOWN]);
    assert_eq!(codes(&ask(option::ABORT, b"whatever")), [reply::ACK]);
    assert!(raw.is_closed());
}

#[test]
fn options_with_malformed_data_are_refused() {
    let (place, _export) = place();
    let mut raw = Raw::greeted(&place);
    raw.option(option::STRUCTURED_REPLY, &[]);
    let information = information("disk", &[1, 3]);
    let choose = contexts("disk", &[BASE_ALLOCATION]);
    for option in [option::INFO, option::GO] {
        for length in 0..information.len() {
            assert_eq!(codes(&raw.option(option, &information[..length])), [reply::ERR_INVALID]);
        }
        let longer = [&information[..], b"x"].concat();
        assert_eq!(codes(&raw.option(option, &longer)), [reply::ERR_INVALID]);
    }
    for option in [option::LIST_META_CONTEXT, option::SET_META_CONTEXT] {
        for length in 0..choose.len() {
            assert_eq!(codes(&raw.option(option, &choose[..length])), [reply::ERR_INVALID]);
        }
        // Lengths and counts that are far too large.
        for place in [0, 8] {
            let mut lying = choose.clone();
            lying[place..place + 4].fill(0xff);
            assert_eq!(codes(&raw.option(option, &lying)), [reply::ERR_INVALID]);
        }
    }
    let mut name = vec![0xff; 10];
    name[..4].copy_from_slice(&4u32.to_be_bytes());
    assert_eq!(codes(&raw.option(option::GO, &name)), [reply::ERR_INVALID]);
    assert_serves(&place);
}

#[test]
fn export_name_works_and_hangs_up_on_a_wrong_name() {
    let (place, _export) = place();
    for (client_flags, zeroes) in [(0u32, 124), (1, 124), (2, 0), (3, 0)] {
        let mut raw = Raw::connect(&place);
        raw.take(18);
        raw.send(&client_flags.to_be_bytes());
        raw.send(&encode_option(option::EXPORT_NAME, b"disk"));
        assert_eq!(raw.take(8), (4 * MIB).to_be_bytes());
        assert_eq!(raw.take(2 + zeroes).len(), 2 + zeroes);
        raw.request(0, 0, 0, 512);
        assert_eq!(raw.take(SIMPLE_HEAD)[..8], [0x67, 0x44, 0x66, 0x98, 0, 0, 0, 0]);
        assert_eq!(raw.take(512), noise(MIB as usize, 0)[..512]);
    }
    let mut raw = Raw::greeted(&place);
    raw.send(&encode_option(option::EXPORT_NAME, b"nodisk"));
    assert!(raw.is_closed());
}

#[test]
fn a_broken_negotiation_ends_only_its_connection() {
    let (place, _export) = place();
    let option = encode_option(option::LIST, &[]);
    let mut huge = option.clone();
    huge[12..].fill(0xff);
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0; 64], &huge] {
        let mut raw = Raw::greeted(&place);
        raw.send(bytes);
        assert!(raw.is_closed());
    }
    for flags in [4u32, 0xffff_ffff, 1 << 31] {
        let mut raw = Raw::connect(&place);
        raw.take(18);
        raw.send(&flags.to_be_bytes());
        assert!(raw.is_closed(), "{flags}");
    }
    assert_serves(&place);
}

/// A whole conversation, cut off after each byte.
#[test]
fn a_client_that_disconnects_at_any_byte_harms_no_other() {
    let (place, export) = place();
    let conversation = conversation();
    for length in 0..=conversation.len() {
        let mut stream = UnixStream::connect(place.path("s")).unwrap();
        stream.write_all(&conversation[..length]).unwrap();
        if length % 2 == 0 {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    }
    wait_until("all have left", || export.connections() == 0);
    assert_serves(&place);
}

/// Everything that a good client sends, with a write at its end.
fn conversation() -> Vec<u8> {
    let request = |command, offset, length| {
        let flags = CommandFlags::empty();
        Request { flags, command, cookie: 1, offset, length }.encode().to_vec()
    };
    [
        3u32.to_be_bytes().to_vec(),
        encode_option(option::STRUCTURED_REPLY, &[]),
        encode_option(option::SET_META_CONTEXT, &contexts("disk", &[BASE_ALLOCATION])),
        encode_option(option::GO, &information("disk", &[3])),
        request(command::READ, 0, 512),
        request(command::BLOCK_STATUS, 0, 1 << 20),
        request(command::WRITE_ZEROES, 1 << 20, 512),
        request(command::TRIM, 1 << 20, 512),
        request(command::CACHE, 0, 4096),
        request(command::FLUSH, 0, 0),
        request(99, 0, 0),
        request(command::WRITE, 3 << 20, 64),
        vec![7; 64],
        request(command::DISC, 0, 0),
    ]
    .concat()
}

#[test]
fn a_failed_request_leaves_the_connection_usable() {
    let (place, _export) = place();
    for structured in [true, false] {
        let mut raw = if structured { Raw::ready(&place) } else { Raw::simple(&place) };
        let end = 4 * MIB;
        for (command, flags, offset, length, error) in [
            (command::READ, 0, end, 1, 22),
            (command::READ, 0, u64::MAX, 512, 22),
            (command::READ, 0x8000, 0, 512, 22),
            (command::WRITE, 0, end - 1, 2, 28),
            (command::WRITE, 0x20, 0, 512, 22),
            (command::WRITE, 0, end, 32 << 20, 28),
            (command::TRIM, 0, end, 512, 22),
            (command::TRIM, 2, 0, 512, 22),
            (command::WRITE_ZEROES, 0, end, 512, 28),
            (command::WRITE_ZEROES, 0, 0, u32::MAX, 28),
            (command::FLUSH, 0, 512, 0, 22),
            (command::CACHE, 0, end, 512, 22),
            (command::BLOCK_STATUS, 0, 0, 0, 22),
            (command::BLOCK_STATUS, 0, end, 512, 22),
            (8, 0, 0, 0, 22),
            (0xffff, 0xffff, 0, 0, 22),
        ] {
            raw.request(command, flags, offset, length);
            if command == command::WRITE {
                raw.send(&vec![1; length as usize]);
            }
            assert_eq!(raw.status(), error, "{command} {flags} {offset} {length}");
        }
        // FUA is allowed everywhere.
        for command in [command::WRITE_ZEROES, command::TRIM, command::FLUSH, command::CACHE] {
            raw.request(command, 1, 0, 0);
            assert_eq!(raw.status(), 0);
        }
    }
    assert_serves(&place);
}

#[test]
fn a_request_without_its_magic_number_ends_only_its_connection() {
    let (place, _export) = place();
    for bytes in [[0u8; 28], [0xff; 28]] {
        let mut raw = Raw::ready(&place);
        raw.send(&bytes);
        assert!(raw.is_closed());
    }
    let mut raw = Raw::ready(&place);
    raw.request(command::WRITE, 0, 0, (32 << 20) + 1);
    assert!(raw.is_closed());
    let mut raw = Raw::ready(&place);
    raw.request(command::DISC, 0, 0, 0);
    assert!(raw.is_closed());
    assert_serves(&place);
}

#[test]
fn requests_of_the_largest_size_succeed() {
    let place = Place::new();
    let _export = place.export(file_node(&place.empty("image", 40 * MIB)));
    let data = noise(32 << 20, 3);
    let mut raw = Raw::ready(&place);
    raw.request(command::WRITE, 0, 12345, 32 << 20);
    raw.send(&data);
    assert_eq!(raw.status(), 0);
    raw.request(command::READ, 4, 12345, 32 << 20);
    let chunks = raw.chunks();
    assert_eq!((chunks.len(), chunks[0].1[8..] == data), (1, true));
    raw.request(command::READ, 0, 0, (32 << 20) + 1);
    assert_eq!(raw.status(), 75);
    let mut raw = Raw::simple(&place);
    raw.request(command::READ, 0, 12345, 32 << 20);
    assert_eq!(raw.status(), 0);
    assert!(raw.take(32 << 20) == data);
    raw.request(command::READ, 0, 0, (32 << 20) + 1);
    assert_eq!(raw.status(), 22);
}

#[test]
fn reads_report_holes_unless_the_client_asks_for_one_chunk() {
    let (place, _export) = place();
    let mut raw = Raw::ready(&place);
    raw.request(command::READ, 0, 0, 4 << 20);
    let chunks = raw.chunks();
    let kinds: Vec<u16> = chunks.iter().map(|chunk| chunk.0).collect();
    assert_eq!(kinds, [1, 2, 1, 2]);
    assert_eq!(chunks[1].1, [&MIB.to_be_bytes()[..], &(MIB as u32).to_be_bytes()].concat());
    assert_eq!(chunks[2].1[8..], noise(MIB as usize, 2 * MIB));
    raw.request(command::READ, 4, 0, 4 << 20);
    let whole = raw.chunks();
    assert_eq!((whole.len(), whole[0].1.len()), (1, 8 + (4 << 20)));
    // Small ones are not worth a question, and one that is all hole is.
    raw.request(command::READ, 0, MIB, 4096);
    assert_eq!(raw.chunks()[0], (1, [&MIB.to_be_bytes()[..], &[0; 4096]].concat()));
    raw.request(command::READ, 0, MIB, 1 << 19);
    assert_eq!(raw.chunks()[0].0, 2);
    raw.request(command::READ, 0, 0, 0);
    assert_eq!(raw.chunks(), [(0, vec![])]);
}

#[test]
fn block_status_has_all_extents_or_one_if_the_client_asks_for_one() {
    let (place, _export) = place();
    let mut raw = Raw::ready(&place);
    let status = |chunks: Vec<(u16, Vec<u8>)>| -> Vec<(u32, u32)> {
        assert_eq!((chunks.len(), chunks[0].0), (1, chunk::BLOCK_STATUS));
        let mut fields = Fields(&chunks[0].1);
        assert_eq!(fields.u32(), Some(1));
        std::iter::from_fn(|| Some((fields.u32()?, fields.u32()?))).collect()
    };
    let mib = MIB as u32;
    raw.request(command::BLOCK_STATUS, 0, 0, 4 << 20);
    assert_eq!(status(raw.chunks()), [(mib, 0), (mib, 3), (mib, 0), (mib, 3)]);
    raw.request(command::BLOCK_STATUS, 8, 0, 4 << 20);
    assert_eq!(status(raw.chunks()), [(mib, 0)]);
    raw.request(command::BLOCK_STATUS, 8, MIB + 1, 7);
    assert_eq!(status(raw.chunks()), [(7, 3)]);
}

#[test]
fn fast_zeroes_are_fast_or_refused() {
    let place = Place::new();
    let _export = place.export(memory_node(4 * MIB));
    let mut raw = Raw::ready(&place);
    raw.request(command::WRITE_ZEROES, 0x10, 0, 4 << 20);
    assert_eq!(raw.status(), 0);
    drop(raw);

    // A node that does not know cannot promise it.
    let memory = memory_node(MIB);
    memory.write_at(&[7; 4096], 0).unwrap();
    let options = ExportOptions { socket: Some(place.path("s2")), ..ExportOptions::default() };
    let export = place.export_with(Odd::new(memory.clone(), 0), options);
    let (ours, theirs) = UnixStream::pair().unwrap();
    export.attach(theirs).unwrap();
    let mut raw = Raw(ours);
    raw.take(18);
    raw.send(&3u32.to_be_bytes());
    raw.option(option::GO, &information("", &[]));
    raw.request(command::WRITE_ZEROES, 0x10, 0, 4096);
    assert_eq!(raw.status(), 95);
    let mut byte = [0];
    memory.read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [7]);
    raw.request(command::WRITE_ZEROES, 0, 0, 4096);
    assert_eq!(raw.status(), 0);
    memory.read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [0]);
}

#[test]
fn requests_beyond_a_node_that_became_shorter_fail() {
    let place = Place::new();
    let node = memory_node(4 * MIB);
    let _export = place.export(node.clone());
    let mut raw = Raw::ready(&place);
    node.resize(MIB).unwrap();
    for length in [512, 1 << 20] {
        raw.request(command::READ, 0, 2 * MIB, length);
        assert_eq!(raw.status(), 5);
        raw.request(command::BLOCK_STATUS, 0, 2 * MIB, length);
        assert_eq!(raw.status(), 5);
    }
    raw.request(command::READ, 0, 0, 512);
    assert_eq!(raw.chunks().len(), 1);
}

// ---- Clients that send anything ----

static SERVED: LazyLock<NbdExport> = LazyLock::new(|| {
    let options = ExportOptions { name: "disk".to_string(), ..ExportOptions::default() };
    NbdExport::new(memory_node(8 * MIB), &options).unwrap()
});

/// Sends bytes to the export, reads what comes until it hangs up, and returns how much that was.
fn throw(bytes: &[u8]) -> usize {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    SERVED.attach(theirs).unwrap();
    let mut sender = ours.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may hang up on us at any time.
            let _ = sender.write_all(bytes);
            let _ = sender.shutdown(std::net::Shutdown::Write);
        });
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0;
        loop {
            match ours.read(&mut buffer) {
                Ok(0) => return total,
                Ok(read) => total += read,
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return total,
                Err(e) => panic!("the server hangs: {e}"),
            }
        }
    })
}

fn some_request() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![8 => 0u16..9, 1 => any::<u16>()];
    let flags = prop_oneof![4 => Just(0u16), 4 => 0u16..32, 1 => any::<u16>()];
    let offset = prop_oneof![8 => 0..8 * MIB, 1 => any::<u64>()];
    let length = prop_oneof![8 => 0u32..70_000, 2 => 0u32..1 << 25, 1 => any::<u32>()];
    (command, flags, offset, length, any::<bool>()).prop_map(|request| {
        let (command, flags, offset, length, whole) = request;
        let flags = CommandFlags::from_bits_retain(flags);
        let head = Request { flags, command, cookie: 1, offset, length };
        let mut bytes = head.encode().to_vec();
        if command == command::WRITE && whole {
            bytes.resize(bytes.len() + (length as usize).min(1 << 20), 7);
        }
        bytes
    })
}

fn some_option() -> impl Strategy<Value = Vec<u8>> {
    let option = prop_oneof![8 => 2u32..12, 1 => any::<u32>()];
    let data = prop_oneof![
        Just(information("disk", &[1, 3])),
        Just(contexts("disk", &[BASE_ALLOCATION])),
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    (option, data).prop_map(|(option, data)| encode_option(option, &data))
}

/// Options, the choice of the export, and requests; some bytes of it then changed.
fn some_conversation() -> impl Strategy<Value = Vec<u8>> {
    let options = prop::collection::vec(some_option(), 0..4);
    let requests = prop::collection::vec(some_request(), 0..12);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (options, requests, changes, any::<bool>()).prop_map(|(options, requests, changes, change)| {
        let mut bytes = 3u32.to_be_bytes().to_vec();
        bytes.extend(encode_option(option::STRUCTURED_REPLY, &[]));
        bytes.extend(options.concat());
        bytes
            .extend(encode_option(option::SET_META_CONTEXT, &contexts("disk", &[BASE_ALLOCATION])));
        bytes.extend(encode_option(option::GO, &information("disk", &[])));
        bytes.extend(requests.concat());
        if change {
            for (index, value) in changes {
                let index = index.index(bytes.len());
                bytes[index] = value;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Random,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_end_a_connection_and_nothing_else(
        bytes in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        throw(&bytes);
        throw(&[&3u32.to_be_bytes()[..], &bytes].concat());
        throw(&[&conversation()[..100], &bytes].concat());
    }

    #[test]
    fn any_conversation_ends_and_nothing_else_does(bytes in some_conversation()) {
        throw(&bytes);
        // A good client is still served.
        prop_assert!(throw(&conversation()) > 512);
    }
}
