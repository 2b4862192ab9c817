//! Readiness callbacks, with an event loop that does only what a test tells it to.

use std::collections::BTreeMap;

use super::*;
use crate::event::{self, EventLoop, OnHandle, OnTimeout};

/// The timers of a loop that never runs by itself: how often each is to fire, and what it runs.
type Timers = BTreeMap<i32, (i32, OnTimeout)>;

static TIMERS: Mutex<Timers> = Mutex::new(BTreeMap::new());

struct ManualLoop;

impl EventLoop for ManualLoop {
    fn add_handle(&self, _fd: i32, _events: i32, _callback: OnHandle) -> Option<i32> {
        None
    }
    fn update_handle(&self, _watch: i32, _events: i32) {}
    fn remove_handle(&self, _watch: i32) -> bool {
        false
    }
    fn add_timeout(&self, frequency: i32, callback: OnTimeout) -> Option<i32> {
        static LAST: AtomicI32 = AtomicI32::new(0);
        let id = LAST.fetch_add(1, SeqCst) + 1;
        TIMERS.lock().unwrap().insert(id, (frequency, callback));
        Some(id)
    }
    fn update_timeout(&self, timer: i32, frequency: i32) {
        if let Some(timer) = TIMERS.lock().unwrap().get_mut(&timer) {
            timer.0 = frequency;
        }
    }
    fn remove_timeout(&self, timer: i32) -> bool {
        TIMERS.lock().unwrap().remove(&timer).is_some()
    }
}

/// A callback that counts its calls, on a stream; with the function that the loop would call.
fn watched(stream: &Arc<Stream>, events: Readiness) -> (Arc<AtomicUsize>, i32, OnTimeout) {
    event::register(Box::new(ManualLoop));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let callback = Arc::new(move |_| {
        counted.fetch_add(1, SeqCst);
    });
    stream.add_callback(events, callback, || {}).unwrap();
    let timers = TIMERS.lock().unwrap();
    let (id, (_, run)) = timers.last_key_value().unwrap();
    (calls, *id, run.clone())
}

fn is_armed(timer: i32) -> bool {
    TIMERS.lock().unwrap().get(&timer).is_some_and(|timer| timer.0 >= 0)
}

/// The tests of this file take turns, so that the last timer is their own.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn a_callback_that_looks_while_another_thread_receives_is_called_later() {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    in_time(|| {
        let node = TestNode::full(100, 7, Some((10, Fate::Wait)));
        let stream = download_from(&node, false);
        let (calls, timer, run) = watched(&stream, Readiness::READABLE);
        let receiving = {
            let stream = stream.clone();
            thread::spawn(move || stream.receive(&mut [0; 10], false))
        };
        node.gate.wait_for_visitor();
        run(timer);
        assert_eq!(calls.load(SeqCst), 0);
        assert!(!is_armed(timer), "the loop spins while there is nothing");
        node.gate.open();
        assert_eq!(receiving.join().unwrap().unwrap(), Received::Bytes(10));
        assert!(is_armed(timer), "nobody tells of the 90 bytes that are left");
        run(timer);
        assert_eq!(calls.load(SeqCst), 1);
    });
}

#[test]
fn a_removed_callback_is_not_run_in_the_name_of_the_next() {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let stream = download_from(&TestNode::full(100, 7, None), false);
    let (first, first_timer, run_first) = watched(&stream, Readiness::READABLE);
    run_first(first_timer);
    assert_eq!(first.load(SeqCst), 1);
    stream.remove_callback().unwrap();
    let (second, second_timer, run_second) = watched(&stream, Readiness::READABLE);
    // The loop has taken the first callback up just before it was removed.
    run_first(first_timer);
    assert_eq!((first.load(SeqCst), second.load(SeqCst)), (1, 0));
    run_second(second_timer);
    assert_eq!((first.load(SeqCst), second.load(SeqCst)), (1, 1));
}
