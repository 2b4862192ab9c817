//! One transfer after another on one stream: neither meddles with the other.

use super::*;

fn counting(count: &Arc<AtomicUsize>) -> OnClose {
    let count = count.clone();
    Box::new(move || {
        count.fetch_add(1, SeqCst);
    })
}

#[test]
fn a_late_failure_of_one_transfer_is_not_that_of_the_next() {
    let stream = upload_to(raw(&TestNode::new(MIB, None)));
    let first = stream.transfer().unwrap();
    stream.abort().unwrap();
    let node = TestNode::new(MIB, None);
    stream.attach_upload(raw(&node), 0, nothing()).unwrap();
    // What a thread gets that was still sending into the first.
    assert!(stream.settled::<()>(&first, Err(closed())).is_err());
    send(&stream, &[7; 100]).unwrap();
    stream.finish().unwrap();
    assert_eq!(node.bytes()[..100], [7; 100]);
}

#[test]
fn a_callback_may_end_its_transfer_and_begin_another() {
    let second = TestNode::new(MIB, None);
    let stream = upload_to(raw(&TestNode::new(MIB, None)));
    let mut source = Pieces {
        pieces: vec![vec![1; 100], vec![2; 100]],
        next: 0,
        act_before: 1,
        act: || {
            stream.abort().unwrap();
            stream.attach_upload(raw(&second), 0, nothing()).unwrap();
            send(&stream, &[7; 100]).unwrap();
        },
    };
    // The helper's own transfer is over; that is no reason to end the other.
    assert!(is_aborted(&stream.send_all(&mut source).unwrap_err()));
    send(&stream, &[8; 100]).unwrap();
    stream.finish().unwrap();
    assert_eq!(second.bytes()[..100], [7; 100]);
    assert_eq!(second.bytes()[100..200], [8; 100]);
}

#[test]
fn each_transfer_tells_its_own_end_once() {
    in_time(|| {
        let (first, second) = (Arc::default(), Arc::default());
        let node = TestNode::new(8 * MIB, Some((10, Fate::Wait)));
        let stream = stream();
        stream.attach_upload(raw(&node), 0, counting(&first)).unwrap();
        send(&stream, &vec![7; MIB]).unwrap();
        node.gate.wait_for_visitor();
        let aborting = {
            let stream = stream.clone();
            thread::spawn(move || stream.abort())
        };
        while stream.check_attachable().is_err() {
            thread::yield_now();
        }
        stream.attach_upload(raw(&TestNode::new(MIB, None)), 0, counting(&second)).unwrap();
        node.gate.open();
        aborting.join().unwrap().unwrap();
        assert_eq!((first.load(SeqCst), second.load(SeqCst)), (1, 0));
        stream.finish().unwrap();
        assert_eq!((first.load(SeqCst), second.load(SeqCst)), (1, 1));
        drop(stream);
        assert_eq!((first.load(SeqCst), second.load(SeqCst)), (1, 1));
    });
}

#[test]
fn what_has_failed_is_closed_at_its_end_and_its_stream_can_be_used_again() {
    for aborted in [false, true] {
        let node = TestNode::new(4 * MIB, Some((50, Fate::Fail(Errno::EIO))));
        let closed = Arc::new(AtomicUsize::new(0));
        let stream = stream();
        stream.attach_upload(raw(&node), 0, counting(&closed)).unwrap();
        while send(&stream, &[7; 100 * KIB]).is_ok() {}
        assert_eq!(stream.check_attachable().unwrap_err().errno(), Some(Errno::EIO));
        let ended = if aborted { stream.abort() } else { stream.finish() };
        assert_eq!(ended.unwrap_err().errno(), Some(Errno::EIO));
        assert_eq!((closed.load(SeqCst), Arc::strong_count(&node)), (1, 1));
        // Who asks later is told as well.
        assert_eq!(stream.abort().unwrap_err().errno(), Some(Errno::EIO));
        let next = TestNode::new(MIB, None);
        stream.attach_upload(raw(&next), 0, counting(&closed)).unwrap();
        send(&stream, &[8; 100]).unwrap();
        stream.finish().unwrap();
        assert_eq!(next.bytes()[..100], [8; 100]);
        assert_eq!(closed.load(SeqCst), 2);
    }
}
