//! Finish, abort and the threads that are in the midst of something then.

use super::*;

#[test]
fn abort_waits_for_a_write_and_nothing_is_written_after_it() {
    in_time(|| {
        let node = TestNode::new(8 * MIB, Some((10, Fate::Wait)));
        let stream = upload_to(raw(&node));
        send(&stream, &vec![7; MIB]).unwrap();
        node.gate.wait_for_visitor();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        a_moment();
        assert!(!aborting.is_finished(), "the abort returned while the disk was writing");
        node.gate.open();
        aborting.join().unwrap().unwrap();
        let after = node.bytes();
        assert!(after[pipe::CHUNK..].iter().all(|b| *b == 0), "dropped data was written");
        a_moment();
        assert!(node.bytes() == after);
        assert!(is_aborted(&stream.finish().unwrap_err()));
    });
}

/// The end of a transfer is not confused by another end at the same time.
#[test]
fn abort_during_a_finish_waits_for_the_write_as_well() {
    in_time(|| {
        let node = TestNode::new(8 * MIB, Some((10, Fate::Wait)));
        let stream = upload_to(raw(&node));
        send(&stream, &vec![7; MIB]).unwrap();
        node.gate.wait_for_visitor();
        let finishing = {
            let stream = stream.clone();
            thread::spawn(move || stream.finish())
        };
        a_moment();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        a_moment();
        assert!(!finishing.is_finished());
        assert!(!aborting.is_finished(), "the abort returned while the disk was writing");
        node.gate.open();
        aborting.join().unwrap().unwrap();
        assert!(is_aborted(&finishing.join().unwrap().unwrap_err()));
    });
}

#[test]
fn a_finish_that_an_abort_overtakes_writes_nothing() {
    let node = TestNode::new(MIB, None);
    let upload = Upload::new(raw(&node), true, Arc::default(), Arc::default()).expect("an upload");
    upload.send(&[7; 100]).unwrap();
    upload.stop(super::super::closed());
    assert!(is_closed(&upload.finish().unwrap_err()));
    assert!(node.bytes().iter().all(|b| *b == 0));
}

#[test]
fn a_sender_that_waits_for_the_disk_is_released_by_an_abort() {
    in_time(|| {
        let node = TestNode::new(64 * MIB, Some((10, Fate::Wait)));
        let stream = upload_to(raw(&node));
        let sending = {
            let stream = stream.clone();
            thread::spawn(move || send(&stream, &vec![7; 64 * MIB]))
        };
        node.gate.wait_for_visitor();
        a_moment();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        // The sender need not wait for the write.
        assert!(is_aborted(&sending.join().unwrap().unwrap_err()));
        node.gate.open();
        aborting.join().unwrap().unwrap();
    });
}

#[test]
fn a_receiver_that_waits_for_the_disk_is_released_by_an_abort() {
    in_time(|| {
        let node = TestNode::full(4 * MIB, 7, Some((2 * MIB, Fate::Wait)));
        let stream = download_from(&node, false);
        let receiving = {
            let stream = stream.clone();
            thread::spawn(move || receive_all(&stream, 64 * KIB))
        };
        node.gate.wait_for_visitor();
        a_moment();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        let (got, end) = receiving.join().unwrap();
        assert_eq!(got.len(), 2 * MIB);
        assert!(is_aborted(&end.unwrap_err()));
        node.gate.open();
        aborting.join().unwrap().unwrap();
    });
}

/// Whoever made a hole on a device wait: an abort need not wait until all of it is zeroed.
#[test]
fn a_hole_on_a_device_is_made_in_steps() {
    let size = 1 << 40;
    let node =
        Arc::new(TestNode { knows_holes: false, ..TestNode::build(size, Some((0, Fate::Wait))) });
    // A device has all its space.
    node.memory.write_at(&[1], 0).unwrap();
    in_time(move || {
        let stream = upload_to(raw(&node));
        stream.send_hole(size as i64).unwrap();
        let finishing = {
            let stream = stream.clone();
            thread::spawn(move || stream.finish())
        };
        node.gate.wait_for_visitor();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        while !matches!(&*stream.state(), State::Aborted(_)) {
            thread::yield_now();
        }
        a_moment();
        node.gate.open();
        aborting.join().unwrap().unwrap();
        assert!(is_aborted(&finishing.join().unwrap().unwrap_err()));
        assert!(stream.progress().holes < size as u64);
        assert!(*node.longest_zeroes.lock().unwrap() < 1 << 30);
    });
}

#[test]
fn threads_that_all_use_one_stream_end_and_lose_nothing() {
    in_time(|| {
        for round in 0..20 {
            let node = TestNode::new(16 * MIB, None);
            let stream = upload_to(raw(&node));
            let sent = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..50 {
                            match stream.send(&[7; 10_000]) {
                                Ok(Some(count)) => sent.fetch_add(count, SeqCst),
                                Ok(None) => panic!("would block"),
                                Err(error) => {
                                    let finished = round % 2 == 0 && is_closed(&error);
                                    assert!(finished || is_aborted(&error), "{error}");
                                    break;
                                }
                            };
                        }
                    });
                }
                scope.spawn(|| {
                    for _ in 0..1000 {
                        if stream.send_hole(5000).is_err() {
                            break;
                        }
                    }
                });
                scope.spawn(|| {
                    while sent.load(SeqCst) < 500_000 {
                        thread::yield_now();
                    }
                    if round % 2 == 0 {
                        stream.finish().unwrap();
                    } else {
                        stream.abort().unwrap();
                    }
                });
            });
            if round % 2 == 0 {
                assert_eq!(stream.progress().data, sent.load(SeqCst) as u64);
                let data = node.bytes().iter().filter(|b| **b == 7).count();
                assert_eq!(data, sent.load(SeqCst));
            }
        }
    });
}
