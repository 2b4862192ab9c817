//! Our exports with the clients nbdinfo, nbdcopy, qemu-img, qemu-io and fio.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use virsparse_block::Errno;
use virsparse_block::export::nbd::{ExportOptions, NbdExport};
use virsparse_block::export::{Address, Export};
use virsparse_block::nbd::NbdNode;
use virsparse_block::nbd::protocol::*;
use virsparse_block::{BlockBackend, ExtentKind, Gate, Node};

mod nbd;
use nbd::*;

#[test]
fn nbdinfo_reports_name_size_and_flags() {
    let place = Place::new();
    let image = place.image("image", 5 * MIB + 1);
    let _export = place.export(file_node(&image));
    let all = run(&["nbdinfo", "--json", &place.uri()]);
    for line in [
        "\"export-name\": \"disk\"",
        "\"export-size\": 5242881",
        "\"base:allocation\"",
        "\"is_read_only\": false",
        "\"can_multi_conn\": true",
        "\"can_fua\": true",
        "\"can_flush\": true",
        "\"can_trim\": true",
        "\"can_zero\": true",
        "\"can_fast_zero\": true",
        "\"can_cache\": true",
        "\"can_df\": true",
        "\"block_size_minimum\": 1",
        "\"block_size_preferred\": 4096",
        "\"block_size_maximum\": 33554432",
    ] {
        assert!(all.contains(line), "{line} is not in {all}");
    }
    let list = run(&["nbdinfo", "--list", "--json", &place.uri()]);
    assert!(list.contains("\"export-name\": \"disk\""), "{list}");
    let unnamed = place.uri().replace("disk", "");
    assert_eq!(run(&["nbdinfo", "--size", &unnamed]).trim(), "5242881");
    let other = place.uri().replace("disk", "other");
    assert!(!output(&["nbdinfo", &other]).status.success());
}

#[test]
fn the_exports_map_matches_the_file() {
    let place = Place::new();
    let image = place.image("image", 6 * MIB);
    let _export = place.export(file_node(&image));
    let map = run(&["nbdinfo", "--map", &place.uri()]);
    let lines: Vec<Vec<&str>> = map.lines().map(|l| l.split_whitespace().collect()).collect();
    let expected: Vec<[String; 4]> = (0..6)
        .map(|n| {
            let (kind, text) = if n % 2 == 0 { ("0", "data") } else { ("3", "hole,zero") };
            [(n * MIB).to_string(), MIB.to_string(), kind.to_string(), text.to_string()]
        })
        .collect();
    assert_eq!(lines, expected);
    let ours = run(&["qemu-img", "map", "--output=json", "-f", "raw", &place.uri()]);
    let theirs = run(&["qemu-img", "map", "--output=json", "-f", "raw", image.to_str().unwrap()]);
    let zeros = |map: &str| map.matches("\"zero\": true, \"data\": false").count();
    assert_eq!((zeros(&ours), ours.lines().count()), (3, theirs.lines().count()));
}

#[test]
fn nbdcopy_keeps_holes_in_both_directions() {
    let place = Place::new();
    let image = place.image("image", 40 * MIB + 513);
    let export = place.export(file_node(&image));
    run(&["nbdcopy", &place.uri(), &place.text("out")]);
    assert_same(&image, &place.path("out"));
    assert_eq!(space(&place, "out"), space(&place, "image"));
    export.stop(Duration::from_secs(10));
    drop(export);

    let target = place.empty("target", 40 * MIB + 513);
    let export = place.export(file_node(&target));
    run(&["nbdcopy", "--flush", &place.text("out"), &place.uri()]);
    export.stop(Duration::from_secs(10));
    assert_same(&image, &target);
    assert_eq!(space(&place, "target"), space(&place, "image"));
}

fn space(place: &Place, name: &str) -> u64 {
    let metadata = fs::metadata(place.path(name)).unwrap();
    File::open(place.path(name)).unwrap().sync_all().unwrap();
    metadata.blocks() * 512 / MIB
}

#[test]
fn nbdcopy_overwrites_old_data() {
    let place = Place::new();
    let image = place.image("image", 20 * MIB);
    let target = place.path("target");
    fs::write(&target, noise(20 * MIB as usize, 9)).unwrap();
    let _export = place.export(file_node(&target));
    run(&["nbdcopy", "--flush", image.to_str().unwrap(), &place.uri()]);
    assert_same(&image, &target);
}

#[test]
fn qemu_img_converts_and_compares() {
    let place = Place::new();
    let image = place.image("image", 20 * MIB);
    let image_text = image.to_str().unwrap();
    let _export = place.export(file_node(&image));
    let uri = place.uri();
    assert!(run(&["qemu-img", "info", "-f", "raw", &uri]).contains("virtual size: 20 MiB"));
    run(&["qemu-img", "compare", "-f", "raw", "-F", "raw", &uri, image_text]);
    let qcow2 = place.text("out.qcow2");
    run(&["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-W", "-m", "16", &uri, &qcow2]);
    run(&["qemu-img", "compare", "-f", "raw", "-F", "qcow2", image_text, &qcow2]);
    run(&["qemu-io", "-f", "qcow2", "-c", "write -P 5 3M 1M", &qcow2]);
    run(&["qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw", &qcow2, &uri]);
    run(&["qemu-img", "compare", "-f", "raw", "-F", "qcow2", image_text, &qcow2]);
}

#[test]
fn qemu_io_writes_zeroes_discards_and_flushes() {
    let place = Place::new();
    let image = place.image("image", 64 * MIB);
    let node = file_node(&image);
    let _export = place.export(node.clone());
    let io = |commands: &[&str]| {
        let mut argv = vec!["qemu-io", "-f", "raw", "-t", "none", "-d", "unmap"];
        commands.iter().for_each(|command| argv.extend(["-c", command]));
        let uri = place.uri();
        argv.push(&uri);
        let text = run(&argv);
        assert!(!text.contains("rror") && !text.contains("ailed"), "{text}");
    };
    io(&["write -P 7 0 32M", "read -P 7 0 32M", "write -f -P 8 100 1000", "read -P 8 100 1000"]);
    io(&["aio_write -P 9 33M 3M", "aio_write -P 10 40M 3M", "aio_flush", "read -P 9 33M 3M"]);
    io(&["read -P 10 40M 3M", "flush"]);
    let kind = |offset| node.extent_at(offset, 64 * MIB).unwrap().kind;
    io(&["write -z -u 4M 1M", "read -P 0 4M 1M", "write -z 8M 1M", "read -P 0 8M 1M"]);
    assert_eq!(kind(4 * MIB), ExtentKind::Hole);
    io(&["discard 12M 1M", "read -P 7 13M 1M", "write -f -z 20480001 12345"]);
    assert_eq!(kind(12 * MIB), ExtentKind::Hole);
    io(&["read -P 0 20480001 12345", "read -P 7 20480000 1", "read -P 7 20492346 4096"]);
}

#[test]
fn fio_reads_back_what_it_wrote() {
    let place = Place::new();
    let image = place.empty("image", 64 * MIB);
    let _export = place.export(file_node(&image));
    let uri = format!("--uri={}", place.uri());
    let fio = |options: &[&str]| {
        let fixed = ["fio", "--name=verify", "--ioengine=nbd", &uri, "--thread", "--size=16m"];
        run(&[&fixed, options].concat());
    };
    let verified =
        ["--verify=crc32c", "--verify_fatal=1", "--do_verify=1", "--verify_state_save=0"];
    fio(&[&verified[..], &["--rw=randwrite", "--bsrange=512-128k", "--iodepth=16"]].concat());
    // Four connections, each with a part of the disk.
    let parts = ["--numjobs=4", "--offset_increment=16m", "--rw=randrw", "--bs=4k"];
    fio(&[&verified[..], &parts, &["--iodepth=8", "--fsync=64"]].concat());
}

#[test]
fn a_read_only_export_refuses_writes() {
    let place = Place::new();
    let image = place.image("image", 4 * MIB);
    let before = fs::read(&image).unwrap();
    let options = ExportOptions { read_only: true, ..ExportOptions::default() };
    let _export = place.export_with(file_node(&image), options);
    let info = run(&["nbdinfo", "--json", &place.uri()]);
    assert!(info.contains("\"is_read_only\": true") && info.contains("\"can_trim\": false"));
    assert!(!output(&["qemu-io", "-f", "raw", "-c", "write 0 4k", &place.uri()]).status.success());
    let mut raw = Raw::ready(&place);
    for command in [1, 4, 6] {
        raw.request(command, 0, 0, 512);
        if command == 1 {
            raw.send(&[0; 512]);
        }
        assert_eq!(raw.status(), 1);
    }
    assert_eq!(fs::read(&image).unwrap(), before);
}

#[test]
fn an_export_over_tcp_has_the_same_data() {
    let place = Place::new();
    let image = place.image("image", 8 * MIB);
    let options =
        ExportOptions { tcp: Some(([127, 0, 0, 1], 0).into()), ..ExportOptions::default() };
    let export = place.export_with(file_node(&image), options);
    let endpoint = export.endpoints().remove(1);
    let Address::Tcp(address) = endpoint.address else { panic!("{endpoint:?}") };
    let uri = format!("nbd://{address}/disk");
    assert_eq!(endpoint.uri, uri);
    run(&["nbdcopy", &uri, &place.text("out")]);
    assert_same(&image, &place.path("out"));
    let node = NbdNode::connect(&uri).unwrap();
    let mut byte = [0; 4096];
    node.read_at(&mut byte, 2 * MIB).unwrap();
    assert_eq!(byte[..], fs::read(&image).unwrap()[2 * MIB as usize..][..4096]);
    assert_eq!(export.connections(), 1);
}

#[test]
fn only_a_socket_that_nobody_listens_on_is_replaced() {
    let place = Place::new();
    let options = ExportOptions { socket: Some(place.path("s")), ..ExportOptions::default() };
    let start = || NbdExport::new(memory_node(MIB), &options);
    drop(UnixListener::bind(place.path("s")).unwrap());
    let export = start().unwrap();
    let error = start().err().unwrap();
    assert_eq!(error.errno, Errno::EADDRINUSE);
    assert!(error.what.contains("Unable to export memory on /"), "{}", error.what);
    UnixStream::connect(place.path("s")).unwrap();

    // What others have put in its place meanwhile stays.
    fs::remove_file(place.path("s")).unwrap();
    fs::write(place.path("s"), "precious").unwrap();
    drop(export);
    assert_eq!(start().err().unwrap().errno, Errno::EEXIST);
    assert_eq!(fs::read(place.path("s")).unwrap(), b"precious");

    let far = ExportOptions { socket: Some(place.path(&"x".repeat(200))), ..options.clone() };
    assert_eq!(NbdExport::new(memory_node(MIB), &far).err().unwrap().errno, Errno::ENAMETOOLONG);
}

#[test]
fn a_stop_completes_the_requests_under_way() {
    let place = Place::new();
    let node = Odd::new(memory_node(MIB), 20);
    let export = place.export(node.clone());
    let mut raw = Raw::ready(&place);
    for n in 0..10 {
        raw.request(0, 0, n * 4096, 4096);
    }
    wait_until("requests are being done", || node.reads.load(Ordering::SeqCst) > 0);
    export.stop(Duration::from_secs(60));
    for _ in 0..10 {
        assert_eq!(raw.chunks()[0].1.len(), 8 + 4096);
    }
    assert!(raw.is_closed());
    assert!(!place.path("s").exists());
    let (_, theirs) = UnixStream::pair().unwrap();
    assert_eq!(export.attach(theirs), Err(Errno::ESHUTDOWN));
    export.stop(Duration::from_secs(60));
}

#[test]
fn a_stop_does_not_wait_for_a_client_that_does_not_read() {
    let place = Place::new();
    let export = place.export(memory_node(64 * MIB));
    let mut raw = Raw::ready(&place);
    for _ in 0..8 {
        raw.request(0, 4, 0, 8 << 20);
    }
    let _idle = Raw::ready(&place);
    let _silent = Raw::connect(&place);
    wait_until("all are there", || export.connections() == 3);
    let start = Instant::now();
    export.stop(Duration::from_millis(300));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(export.connections(), 0);
}

#[test]
fn slow_requests_of_one_client_run_in_parallel() {
    let place = Place::new();
    let node = Odd::new(memory_node(MIB), 20);
    let export = place.export(node.clone());
    let mut raw = Raw::ready(&place);
    // The first few show that this node is slow.
    for _ in 0..20 {
        raw.request(0, 0, 0, 512);
        raw.chunks();
    }
    for n in 0..64 {
        raw.request(0, 0, n * 512, 512);
    }
    (0..64).for_each(|_| drop(raw.chunks()));
    assert!(node.most_reads.load(Ordering::SeqCst) >= 2, "at one time");
    drop(export);
}

#[test]
fn a_panic_in_the_node_fails_only_one_request() {
    let place = Place::new();
    let _export = place.export(Odd::new(memory_node(MIB), 0));
    let mut raw = Raw::ready(&place);
    raw.request(3, 0, 0, 0);
    assert_eq!(raw.status(), 5);
    raw.request(0, 0, 0, 512);
    assert_eq!(raw.chunks().len(), 1);
}

#[test]
fn a_pause_makes_requests_wait() {
    let place = Place::new();
    let gate = Arc::new(Gate::new(memory_node(MIB)));
    let export = place.export(BlockBackend::new("disk", gate.clone()));
    let mut raw = Raw::ready(&place);
    gate.close();
    raw.request(1, 0, 0, 512);
    raw.send(&[7; 512]);
    raw.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(std::io::Read::read(&mut raw.0, &mut [0; 1]).is_err());
    let mut byte = [1];
    gate.node().read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [0]);
    gate.open();
    raw.0.set_read_timeout(None).unwrap();
    assert_eq!(raw.status(), 0);
    gate.node().read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [7]);

    gate.close();
    raw.request(0, 0, 0, 512);
    gate.end();
    export.stop(Duration::from_secs(60));
    assert_eq!(raw.status(), 108);
}

/// Four clients write and read back while the disk is copied to another node and back, again and
/// again, as a block job does at its pivot.
#[test]
fn swapping_nodes_under_load_loses_no_data() {
    let place = Place::new();
    const LENGTH: u64 = 256 * 1024;
    let gate = Arc::new(Gate::new(memory_node(LENGTH)));
    let _export = place.export(BlockBackend::new("disk", gate.clone()));
    let over = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for client in 0..4u64 {
            let (uri, over, done) = (place.uri(), &over, &done);
            scope.spawn(move || {
                let node = NbdNode::connect(&uri).unwrap();
                let mut round = 0u64;
                while !over.load(Ordering::SeqCst) {
                    round += 1;
                    let offset = client * 64 * 1024 + round % 16 * 4096;
                    let data = noise(4096, client << 32 | round);
                    node.write_at(&data, offset).unwrap();
                    let mut back = vec![0; 4096];
                    node.read_at(&mut back, offset).unwrap();
                    assert_eq!(data, back, "client {client}, round {round}");
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..200 {
            let before = done.load(Ordering::SeqCst);
            let next = memory_node(LENGTH);
            gate.close();
            let mut all = vec![0; LENGTH as usize];
            gate.node().read_at(&mut all, 0).unwrap();
            next.write_at(&all, 0).unwrap();
            let old = gate.swap(next);
            // Whoever still wrote there would be found out by the comparison.
            old.write_at(&noise(LENGTH as usize, 1), 0).unwrap();
            gate.open();
            wait_until("requests go on", || done.load(Ordering::SeqCst) > before);
        }
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn many_clients_are_served_and_those_above_the_limit_refused() {
    let place = Place::new();
    let export = place.export(memory_node(MIB));
    let mut clients: Vec<Raw> = (0..128).map(|_| Raw::ready(&place)).collect();
    assert!(Raw::connect(&place).is_closed());
    for client in &mut clients {
        client.request(0, 0, 0, 512);
        assert_eq!(client.chunks().len(), 1);
    }
    assert_eq!(export.connections(), 128);
    drop(clients);
    wait_until("they have left", || export.connections() == 0);
    Raw::ready(&place);
}

#[test]
fn clients_that_never_negotiate_do_not_block_others() {
    let place = Place::new();
    let export = place.export(memory_node(MIB));
    let silent: Vec<UnixStream> =
        (0..200).map(|_| UnixStream::connect(place.path("s")).unwrap()).collect();
    let mut client = Raw::ready(&place);
    client.request(0, 0, 0, 512);
    assert_eq!(client.chunks().len(), 1);
    assert!(export.connections() < 100, "{} have a place", export.connections());
    drop(silent);
    drop(client);
    wait_until("they have left", || export.connections() == 0);
}

/// Sends so many reads at once.
fn ask(raw: &mut Raw, count: u64) {
    let requests: Vec<u8> = (0..count)
        .flat_map(|n| {
            let (flags, command) = (CommandFlags::empty(), command::READ);
            Request { flags, command, cookie: n, offset: 0, length: 512 }.encode()
        })
        .collect();
    raw.send(&requests);
}

#[test]
fn requests_of_a_disconnected_client_are_dropped() {
    let place = Place::new();
    let node = Odd::new(memory_node(MIB), 5);
    let export = place.export(node.clone());
    let mut raw = Raw::ready(&place);
    ask(&mut raw, 3000);
    drop(raw);
    wait_until("the client is gone", || export.connections() == 0);
    let reads = node.reads.load(Ordering::SeqCst);
    assert!(reads < 1500, "{reads} of 3000 were done for nobody");
}

#[test]
fn requests_not_begun_when_an_export_is_cut_off_are_dropped() {
    let place = Place::new();
    let node = Odd::new(memory_node(MIB), 5);
    let export = place.export(node.clone());
    let mut raw = Raw::ready(&place);
    ask(&mut raw, 3000);
    wait_until("the first is being done", || node.reads.load(Ordering::SeqCst) > 0);
    export.stop(Duration::ZERO);
    let reads = node.reads.load(Ordering::SeqCst);
    assert!(reads < 1500, "{reads} of 3000 were done for nobody");
}
