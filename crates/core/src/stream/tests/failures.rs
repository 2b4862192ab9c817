//! A disk that fails or panics, and a system without threads.

use super::*;

#[test]
fn without_a_thread_the_caller_writes_and_reads() {
    NO_THREADS.set(true);
    let node = TestNode::new(5 * MIB, None);
    let stream = upload_to(raw(&node));
    send(&stream, &vec![7; 3 * MIB]).unwrap();
    stream.send_hole(MIB as i64).unwrap();
    send(&stream, &vec![8; MIB]).unwrap();
    stream.finish().unwrap();
    let bytes = node.bytes();
    assert!(bytes[..3 * MIB].iter().all(|b| *b == 7));
    assert!(bytes[3 * MIB..4 * MIB].iter().all(|b| *b == 0));
    assert!(bytes[4 * MIB..].iter().all(|b| *b == 8));

    let stream = download_from(&node, false);
    let (got, end) = receive_all(&stream, 300_000);
    end.unwrap();
    assert!(got == bytes);
    stream.finish().unwrap();

    // Nor does a stream that never waits lose anything.
    let stream = Stream::new(Session::alone(), false);
    stream.attach_upload(raw(&node), 0, nothing()).unwrap();
    send(&stream, &vec![9; 5 * MIB]).unwrap();
    stream.finish().unwrap();
    let source = DownloadRange { node: node.clone(), offset: 0, end: 5 << 20, sparse: false };
    stream.attach_download(source, nothing()).unwrap();
    assert!(receive_all(&stream, 300_000).0 == vec![9; 5 * MIB]);
    NO_THREADS.set(false);
}

#[test]
fn without_a_thread_a_failure_is_told_all_the_same() {
    NO_THREADS.set(true);
    let node = TestNode::new(4 * MIB, Some((MIB, Fate::Fail(Errno::EIO))));
    let stream = upload_to(raw(&node));
    let mut sent = Ok(());
    for _ in 0..4 {
        sent = sent.and_then(|()| send(&stream, &vec![7; MIB]));
    }
    let error = stream.finish().unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EIO));
    assert_eq!(sent.unwrap_err(), error);
    NO_THREADS.set(false);
}

#[test]
fn a_failed_write_is_what_finish_and_all_after_it_report() {
    // In the first chunk and in the last one, which is written by the finish.
    for at in [0, 3 * MIB + 100] {
        let node = TestNode::new(4 * MIB, Some((at, Fate::Fail(Errno::ENOSPC))));
        let stream = upload_to(raw(&node));
        for _ in 0..8 {
            // Whether it is told here already depends on how fast the disk is.
            let _ = send(&stream, &vec![7; 400 * KIB]);
        }
        let error = stream.finish().unwrap_err();
        assert_eq!(error.code, VIR_ERR_SYSTEM_ERROR);
        assert_eq!(error.message, "Unable to use the test node: No space left on device");
        assert_eq!(stream.finish().unwrap_err(), error);
        assert_eq!(stream.send(b"x").unwrap_err(), error);
        assert_eq!(stream.send_hole(1).unwrap_err(), error);
        assert_eq!(stream.abort().unwrap_err(), error);
    }
}

#[test]
fn what_is_small_enough_to_be_written_by_finish_fails_there_too() {
    let node = TestNode::new(MIB, Some((50, Fate::Fail(Errno::EDQUOT))));
    let stream = upload_to(raw(&node));
    send(&stream, &[7; 100]).unwrap();
    let error = stream.finish().unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EDQUOT));
    // A hole alone as well.
    let node = TestNode::full(MIB, 1, Some((50, Fate::Fail(Errno::EDQUOT))));
    let stream = upload_to(raw(&node));
    stream.send_hole(100).unwrap();
    assert_eq!(stream.finish().unwrap_err().errno(), Some(Errno::EDQUOT));
}

#[test]
fn a_panic_of_either_end_is_an_error_of_the_stream() {
    for (size, at) in [(MIB, 10), (4 * MIB, 10), (4 * MIB, 3 * MIB)] {
        let node = TestNode::new(size, Some((at, Fate::Panic)));
        let stream = upload_to(raw(&node));
        let sent = send(&stream, &vec![7; size]);
        let error = stream.finish().unwrap_err();
        assert_eq!(error.code, VIR_ERR_INTERNAL_ERROR);
        assert!(sent.is_ok() || sent.unwrap_err() == error);

        let node = TestNode::full(size, 7, Some((at, Fate::Panic)));
        let stream = download_from(&node, true);
        let (got, end) = receive_all(&stream, 100_000);
        assert_eq!(end.unwrap_err().code, VIR_ERR_INTERNAL_ERROR);
        assert!(got.len() <= at && got.iter().all(|b| *b == 7));
        // Nothing is left out after it.
        assert!(stream.receive(&mut [0; 10], false).is_err());
    }
}

#[test]
fn what_was_read_before_a_failure_is_received_before_it() {
    for at in [300 * KIB, MIB + 300 * KIB] {
        let trap = Some((at, Fate::Fail(Errno::EIO)));
        let node = TestNode::full(4 * MIB, 7, trap);
        // A buffer that takes it all in one go must not lose it to the failure behind it.
        let stream = download_from(&node, false);
        let (got, end) = receive_all(&stream, 4 * MIB);
        assert_eq!(end.unwrap_err().errno(), Some(Errno::EIO));
        assert_eq!(got.len(), at / pipe::CHUNK * pipe::CHUNK);
        assert_eq!(stream.progress().data, got.len() as u64);
        assert!(stream.finish().is_err());
    }
}
