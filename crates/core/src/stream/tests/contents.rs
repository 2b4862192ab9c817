//! What is in the volume afterwards.

use super::*;

#[test]
fn zeros_and_holes_replace_what_somebody_wrote_since_the_upload_began() {
    let node = TestNode::new(2 * MIB, None);
    let (first, second) = (upload_to(raw(&node)), upload_to(raw(&node)));
    send(&second, &vec![7; 2 * MIB]).unwrap();
    second.finish().unwrap();
    send(&first, &vec![0; MIB]).unwrap();
    first.send_hole(MIB as i64).unwrap();
    first.finish().unwrap();
    assert!(node.bytes().iter().all(|b| *b == 0));
}

#[test]
fn a_single_block_that_somebody_wrote_is_replaced_as_well() {
    for at in [0, 4096, 300 * KIB + 17, MIB, 2 * MIB - 1] {
        let node = TestNode::new(2 * MIB, None);
        let (first, second) = (upload_to(raw(&node)), {
            let stream = stream();
            let target = Target { offset: at as u64, ..raw(&node) };
            stream.attach_upload(target, 0, nothing()).unwrap();
            stream
        });
        send(&second, &[7]).unwrap();
        second.finish().unwrap();
        for _ in 0..4 {
            first.send_hole(100_000).unwrap();
            send(&first, &vec![0; 2 * MIB / 4 - 100_000]).unwrap();
        }
        first.finish().unwrap();
        assert!(node.bytes().iter().all(|b| *b == 0), "{at}");
    }
}

#[test]
fn zeros_bring_back_what_somebody_cut_off_since_the_upload_began() {
    for hole in [false, true] {
        let node = TestNode::new(2 * MIB, None);
        let stream = upload_to(raw(&node));
        node.resize(100).unwrap();
        if hole {
            stream.send_hole(2 * MIB as i64).unwrap();
        } else {
            send(&stream, &vec![0; 2 * MIB]).unwrap();
        }
        stream.finish().unwrap();
        assert_eq!(node.length().unwrap(), 2 * MIB as u64);
    }
}

#[test]
fn zeros_sent_in_small_pieces_take_no_space() {
    let node = TestNode::new(4 * MIB, None);
    let stream = upload_to(raw(&node));
    for _ in 0..4 * MIB / 1000 {
        send(&stream, &[0; 1000]).unwrap();
    }
    stream.finish().unwrap();
    // The pages of such a node are of 64 KiB; a chunk may begin within one.
    assert!(node.memory.allocated() <= 512 * KIB as u64, "{}", node.memory.allocated());
    assert!(node.bytes().iter().all(|b| *b == 0));
}

/// A hole that cannot be is no reason to cut off what is there.
#[test]
fn a_hole_too_large_for_an_image_loses_nothing() {
    let node = Arc::new(TestNode::build(0, None));
    node.memory.write_at(&[1; 1000], 0).unwrap();
    struct Limited(Arc<TestNode>);
    impl Node for Limited {
        crate::block::plain!(
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
            self.0.name()
        }
        fn length(&self) -> crate::block::Result<u64> {
            self.0.length()
        }
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> crate::block::Result<usize> {
            self.0.read_at(buffer, offset)
        }
        fn write_at(&self, data: &[u8], offset: u64) -> crate::block::Result<()> {
            self.0.write_at(data, offset)
        }
        fn write_zeroes(&self, o: u64, l: u64, may_unmap: bool) -> crate::block::Result<()> {
            self.0.write_zeroes(o, l, may_unmap)
        }
        fn discard(&self, offset: u64, length: u64) -> crate::block::Result<()> {
            self.0.discard(offset, length)
        }
        fn extent_at(&self, offset: u64, limit: u64) -> crate::block::Result<Extent> {
            self.0.extent_at(offset, limit)
        }
        fn space(&self) -> crate::block::Result<Space> {
            self.0.space()
        }
        fn allocate(&self, offset: u64, length: u64) -> crate::block::Result<()> {
            self.0.allocate(offset, length)
        }
        fn resize(&self, length: u64) -> crate::block::Result<()> {
            if length > 1 << 44 {
                return Err(BlockError { what: "Unable to resize".into(), errno: Errno::EFBIG });
            }
            self.0.resize(length)
        }
        fn flush(&self) -> crate::block::Result<()> {
            self.0.flush()
        }
    }
    let limited = Arc::new(Limited(node.clone()));
    let stream = upload_to(Target { node: limited, ..image(&node) });
    send(&stream, &[2; 10]).unwrap();
    stream.send_hole(i64::MAX - 10).unwrap();
    assert_eq!(stream.finish().unwrap_err().errno(), Some(Errno::EFBIG));
    assert_eq!(node.bytes()[..10], [2; 10]);
    assert_eq!(node.bytes()[10..], [1; 990]);
}

#[test]
fn a_hole_cuts_an_image_behind_it() {
    let node = TestNode::full(4 * MIB, 1, None);
    let stream = upload_to(image(&node));
    send(&stream, &[2; 1000]).unwrap();
    stream.send_hole(5000).unwrap();
    send(&stream, &[3; 1000]).unwrap();
    stream.send_hole(200_000).unwrap();
    stream.finish().unwrap();
    let bytes = node.bytes();
    assert_eq!(bytes.len(), 207_000);
    assert_eq!(bytes[..1000], [2; 1000]);
    assert_eq!(bytes[1000..6000], [0; 5000]);
    assert_eq!(bytes[6000..7000], [3; 1000]);
    assert!(bytes[7000..].iter().all(|b| *b == 0));
}

/// What a helper's callback sends by itself comes between the helper's pieces, be it data or a
/// hole, much or little.
#[test]
fn what_a_callback_sends_by_itself_is_in_its_place() {
    for cuts in [false, true] {
        for (hole, amount) in [(true, 70_000), (false, 70_000), (false, 5 * MIB)] {
            let node = TestNode::full(16 * MIB, 1, None);
            let stream = upload_to(if cuts { image(&node) } else { raw(&node) });
            // A hole is waiting when the helper begins.
            stream.send_hole(10_000).unwrap();
            let piece = |byte| vec![byte; pipe::CHUNK];
            let mut source = Pieces {
                pieces: vec![piece(2), piece(3), piece(4)],
                next: 0,
                act_before: 1,
                act: || {
                    if hole {
                        stream.send_hole(amount as i64).unwrap();
                    } else {
                        send(&stream, &vec![9; amount]).unwrap();
                    }
                },
            };
            stream.send_all(&mut source).unwrap();
            stream.send_hole(10_000).unwrap();
            stream.finish().unwrap();
            let extra = vec![if hole { 0 } else { 9 }; amount];
            let gap = vec![0; 10_000];
            let sent = [gap.clone(), piece(2), extra, piece(3), piece(4), gap].concat();
            let bytes = node.bytes();
            let what = (cuts, hole, amount);
            assert!(bytes[..sent.len()] == sent, "{what:?}");
            assert!(bytes[sent.len()..].iter().all(|b| *b == 1), "{what:?}");
            assert_eq!(bytes.len(), if cuts { sent.len() } else { 16 * MIB }, "{what:?}");
        }
    }
}

/// Each of them holds a buffer while its callback runs; the stream has eight.
#[test]
fn more_helpers_at_once_than_the_stream_has_buffers() {
    in_time(|| {
        let node = TestNode::new(16 * MIB, None);
        let stream = upload_to(raw(&node));
        let inside = AtomicUsize::new(0);
        let released = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let mut source = Pieces {
                        pieces: vec![vec![7; 1000]],
                        next: 0,
                        act_before: 0,
                        act: || {
                            inside.fetch_add(1, SeqCst);
                            while !released.load(SeqCst) {
                                thread::yield_now();
                            }
                        },
                    };
                    stream.send_all(&mut source).unwrap();
                });
            }
            while inside.load(SeqCst) < 8 {
                thread::yield_now();
            }
            a_moment();
            released.store(true, SeqCst);
        });
        stream.finish().unwrap();
        assert_eq!(node.bytes()[..12_000], [7; 12_000]);
    });
}
