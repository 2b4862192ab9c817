//! The promises of the default loop, on loops of the tests' own.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;

use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::{close, pipe, read, write};

use super::*;

const READABLE: i32 = Ready::READABLE.bits();
const WRITABLE: i32 = Ready::WRITABLE.bits();

fn new_loop() -> Arc<PollLoop> {
    Arc::new(PollLoop::new().unwrap())
}

/// A pipe with a byte in it: both its ends.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = pipe().unwrap();
    write(&writer, b"x").unwrap();
    (reader, writer)
}

/// What a watch's callback was called with: watch, descriptor, events.
type Calls = Arc<Mutex<Vec<(i32, RawFd, i32)>>>;

/// A callback that keeps what it was called with.
fn recorder() -> (OnHandle, Calls) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    (Arc::new(move |watch, fd, events| seen.lock().unwrap().push((watch, fd, events))), calls)
}

/// A callback that counts its calls.
fn counter() -> (OnTimeout, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let on_timeout: OnTimeout = Arc::new(move |_| {
        seen.fetch_add(1, SeqCst);
    });
    (on_timeout, calls)
}

fn nothing() -> OnTimeout {
    Arc::new(|_| {})
}

/// A callback that does nothing, but owns something.
fn owning<T: Send + Sync + 'static>(owned: T) -> OnTimeout {
    Arc::new(move |_| {
        let _ = &owned;
    })
}

/// Tells when it is dropped.
struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Runs one iteration that ends at once, whatever is ready.
fn run_now(event_loop: &PollLoop) {
    let timer = event_loop.add_timeout(0, nothing()).unwrap();
    event_loop.run_once().unwrap();
    event_loop.remove_timeout(timer);
}

#[test]
fn watches_and_timers_are_numbered_apart_from_one() {
    let event_loop = new_loop();
    let (on_handle, _) = recorder();
    assert_eq!(event_loop.add_handle(0, 0, on_handle.clone()), Some(1));
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(1));
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(2));
    assert!(event_loop.remove_handle(1));
    assert!(!event_loop.remove_handle(1));
    assert!(event_loop.remove_timeout(2));
    assert!(!event_loop.remove_timeout(2));
    // Ids are not used again while there are others.
    assert_eq!(event_loop.add_handle(0, 0, on_handle), Some(2));
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(3));
}

#[test]
fn ids_start_again_without_those_in_use() {
    let event_loop = new_loop();
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(1));
    event_loop.lock().last_timer = i32::MAX - 1;
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(i32::MAX));
    assert_eq!(event_loop.add_timeout(-1, nothing()), Some(2));
}

#[test]
fn a_ready_descriptor_is_reported_at_every_iteration_to_all_its_watches() {
    let event_loop = new_loop();
    let (reader, _writer) = full_pipe();
    let (first, first_calls) = recorder();
    let (second, second_calls) = recorder();
    let fd = reader.as_raw_fd();
    event_loop.add_handle(fd, READABLE, first);
    event_loop.add_handle(fd, READABLE | WRITABLE, second);
    event_loop.run_once().unwrap();
    event_loop.run_once().unwrap();
    assert_eq!(*first_calls.lock().unwrap(), [(1, fd, READABLE); 2]);
    assert_eq!(*second_calls.lock().unwrap(), [(2, fd, READABLE); 2]);
    read(&reader, &mut [0]).unwrap();
    run_now(&event_loop);
    assert_eq!(first_calls.lock().unwrap().len(), 2);
}

#[test]
fn hangup_and_error_are_reported_to_whoever_waits_for_anything() {
    let event_loop = new_loop();
    let (reader, writer) = pipe().unwrap();
    drop(writer);
    let (on_handle, calls) = recorder();
    let watch = event_loop.add_handle(reader.as_raw_fd(), READABLE, on_handle).unwrap();
    event_loop.run_once().unwrap();
    event_loop.update_handle(watch, WRITABLE);
    event_loop.run_once().unwrap();
    let hangup = (watch, reader.as_raw_fd(), Ready::HANGUP.bits());
    assert_eq!(*calls.lock().unwrap(), [hangup; 2]);
    event_loop.remove_handle(watch);

    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let (on_handle, calls) = recorder();
    let watch = event_loop.add_handle(writer.as_raw_fd(), READABLE, on_handle).unwrap();
    event_loop.run_once().unwrap();
    let error = (watch, writer.as_raw_fd(), Ready::ERROR.bits());
    assert_eq!(*calls.lock().unwrap(), [error]);
}

#[test]
fn a_muted_watch_hears_nothing_until_it_is_updated() {
    let event_loop = new_loop();
    let (reader, writer) = full_pipe();
    drop(writer);
    let (on_handle, calls) = recorder();
    let watch = event_loop.add_handle(reader.as_raw_fd(), 0, on_handle).unwrap();
    run_now(&event_loop);
    assert!(calls.lock().unwrap().is_empty());
    event_loop.update_handle(watch, READABLE);
    event_loop.run_once().unwrap();
    assert_eq!(calls.lock().unwrap().len(), 1);
    event_loop.update_handle(watch, 0);
    run_now(&event_loop);
    assert_eq!(calls.lock().unwrap().len(), 1);
}

/// A copy of a descriptor with a number that no other test's descriptors reach.
fn high_copy(fd: &OwnedFd) -> RawFd {
    fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(900)).unwrap()
}

#[test]
fn negative_and_closed_descriptors_are_never_ready_and_do_not_spin() {
    let event_loop = new_loop();
    let (reader, _writer) = full_pipe();
    let (on_handle, calls) = recorder();
    event_loop.add_handle(-1, READABLE, on_handle.clone());
    event_loop.add_handle(i32::MIN, READABLE, on_handle.clone());
    let closed = high_copy(&reader);
    close(closed).unwrap();
    let watch = event_loop.add_handle(closed, READABLE, on_handle).unwrap();
    let (on_timeout, fired) = counter();
    event_loop.add_timeout(50, on_timeout);
    let mut iterations = 0;
    while fired.load(SeqCst) == 0 {
        event_loop.run_once().unwrap();
        iterations += 1;
    }
    // One finds the closed descriptor, one the timer.
    assert!(iterations <= 2, "{iterations}");
    assert!(calls.lock().unwrap().is_empty());
    // A descriptor that is there again is found when the watch is updated.
    assert_eq!(high_copy(&reader), closed);
    event_loop.update_handle(watch, READABLE);
    event_loop.run_once().unwrap();
    close(closed).unwrap();
    assert_eq!(*calls.lock().unwrap(), [(watch, closed, READABLE)]);
}

#[test]
fn a_timer_fires_again_and_again_and_never_early() {
    let event_loop = new_loop();
    let (on_timeout, fired) = counter();
    let start = Instant::now();
    let timer = event_loop.add_timeout(20, on_timeout).unwrap();
    while fired.load(SeqCst) < 3 {
        event_loop.run_once().unwrap();
        let due = Duration::from_millis(20) * fired.load(SeqCst) as u32;
        assert!(start.elapsed() >= due, "{:?}", start.elapsed());
    }
    event_loop.update_timeout(timer, -1);
    thread::sleep(Duration::from_millis(30));
    run_now(&event_loop);
    assert_eq!(fired.load(SeqCst), 3);
}

#[test]
fn a_timer_of_zero_fires_in_every_iteration() {
    let event_loop = new_loop();
    let (on_timeout, fired) = counter();
    let timer = event_loop.add_timeout(-1, on_timeout).unwrap();
    run_now(&event_loop);
    assert_eq!(fired.load(SeqCst), 0);
    event_loop.update_timeout(timer, 0);
    for count in 1..=3 {
        event_loop.run_once().unwrap();
        assert_eq!(fired.load(SeqCst), count);
    }
}

#[test]
fn an_idle_loop_sleeps_until_another_thread_changes_something() {
    let event_loop = new_loop();
    let timer = event_loop.add_timeout(-1, nothing()).unwrap();
    let (iterated, iterations) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let (event_loop, stop) = (event_loop.clone(), stop.clone());
        move || {
            while !stop.load(SeqCst) {
                event_loop.run_once().unwrap();
                iterated.send(()).unwrap();
            }
        }
    });
    let quiet = Duration::from_millis(100);
    let woken = Duration::from_secs(10);
    let change = |change: &dyn Fn()| {
        iterations.recv_timeout(quiet).unwrap_err();
        change();
        iterations.recv_timeout(woken).unwrap();
    };
    let watch = Mutex::new(0);
    let (on_handle, _) = recorder();
    change(&|| *watch.lock().unwrap() = event_loop.add_handle(0, 0, on_handle.clone()).unwrap());
    change(&|| event_loop.update_handle(*watch.lock().unwrap(), 0));
    change(&|| event_loop.update_timeout(timer, 60_000));
    change(&|| assert!(event_loop.remove_handle(*watch.lock().unwrap())));
    change(&|| {
        stop.store(true, SeqCst);
        assert!(event_loop.remove_timeout(timer));
    });
    thread.join().unwrap();
}

#[test]
fn a_callback_that_another_one_removed_or_muted_does_not_run() {
    let event_loop = new_loop();
    let (reader, _writer) = full_pipe();
    let fd = reader.as_raw_fd();
    let calls = Arc::new(AtomicUsize::new(0));
    let (target, seen) = (event_loop.clone(), calls.clone());
    // Whichever runs first ends all the others, by one way or another.
    let on_handle: OnHandle = Arc::new(move |watch, _, _| {
        seen.fetch_add(1, SeqCst);
        for other in (1..=3).filter(|&other| other != watch) {
            if other == 2 {
                target.update_handle(other, 0);
            } else {
                target.remove_handle(other);
            }
        }
    });
    for _ in 1..=3 {
        event_loop.add_handle(fd, READABLE, on_handle.clone());
    }
    event_loop.run_once().unwrap();
    assert_eq!(calls.load(SeqCst), 1);

    let calls = Arc::new(AtomicUsize::new(0));
    let (target, seen) = (event_loop.clone(), calls.clone());
    let on_timeout: OnTimeout = Arc::new(move |timer| {
        seen.fetch_add(1, SeqCst);
        for other in (1..=3).filter(|&other| other != timer) {
            if other == 2 {
                target.update_timeout(other, 60_000);
            } else {
                target.remove_timeout(other);
            }
        }
    });
    for _ in 1..=3 {
        event_loop.add_timeout(0, on_timeout.clone());
    }
    event_loop.run_once().unwrap();
    assert_eq!(calls.load(SeqCst), 1);
}

#[test]
fn a_callback_hears_only_what_its_watch_still_waits_for() {
    let event_loop = new_loop();
    let (socket, peer) = UnixStream::pair().unwrap();
    write(&peer, b"x").unwrap();
    let target = event_loop.clone();
    event_loop.add_handle(
        socket.as_raw_fd(),
        READABLE,
        Arc::new(move |_, _, _| target.update_handle(2, WRITABLE)),
    );
    let (on_handle, calls) = recorder();
    event_loop.add_handle(socket.as_raw_fd(), READABLE | WRITABLE, on_handle);
    event_loop.run_once().unwrap();
    assert_eq!(*calls.lock().unwrap(), [(2, socket.as_raw_fd(), WRITABLE)]);
}

#[test]
fn a_removed_callback_is_released_by_a_later_iteration() {
    let event_loop = new_loop();
    let (reader, _writer) = full_pipe();
    let released = Arc::new(AtomicBool::new(false));
    let (target, flag) = (event_loop.clone(), Flag(released.clone()));
    let within = released.clone();
    event_loop.add_handle(
        reader.as_raw_fd(),
        READABLE,
        Arc::new(move |watch, _, _| {
            let _owned = &flag;
            assert!(target.remove_handle(watch));
            assert!(!within.load(SeqCst));
        }),
    );
    event_loop.run_once().unwrap();
    assert!(!released.load(SeqCst));
    // The next iteration has this to do, and does not wait for anything else.
    event_loop.run_once().unwrap();
    assert!(released.load(SeqCst));

    let released = Arc::new(AtomicBool::new(false));
    let flag = Flag(released.clone());
    let timer = event_loop.add_timeout(-1, owning(flag)).unwrap();
    assert!(event_loop.remove_timeout(timer));
    assert!(!released.load(SeqCst));
    event_loop.run_once().unwrap();
    assert!(released.load(SeqCst));
}

#[test]
fn callbacks_and_releases_may_use_the_loop() {
    let event_loop = new_loop();
    let (on_timeout, fired) = counter();
    let target = event_loop.clone();
    event_loop.add_timeout(
        0,
        Arc::new(move |timer| {
            target.remove_timeout(timer);
            let inner = target.add_timeout(0, on_timeout.clone()).unwrap();
            target.run_once().unwrap();
            target.remove_timeout(inner);
        }),
    );
    event_loop.run_once().unwrap();
    assert_eq!(fired.load(SeqCst), 1);

    /// Adds a timer when it is dropped.
    struct Adder(Arc<PollLoop>, Arc<AtomicUsize>);
    impl Drop for Adder {
        fn drop(&mut self) {
            let id = self.0.add_timeout(-1, nothing()).unwrap();
            self.1.store(id as usize, SeqCst);
        }
    }
    let added = Arc::new(AtomicUsize::new(0));
    let adder = Adder(event_loop.clone(), added.clone());
    let timer = event_loop.add_timeout(-1, owning(adder)).unwrap();
    event_loop.remove_timeout(timer);
    event_loop.run_once().unwrap();
    assert_eq!(added.load(SeqCst), timer as usize + 1);
}

#[test]
fn a_second_thread_waits_for_its_turn() {
    let event_loop = new_loop();
    let (on_timeout, fired) = counter();
    let timer = event_loop.add_timeout(-1, on_timeout).unwrap();
    let threads = [0; 2].map(|_| {
        let event_loop = event_loop.clone();
        thread::spawn(move || event_loop.run_once().unwrap())
    });
    thread::sleep(Duration::from_millis(50));
    event_loop.update_timeout(timer, 0);
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(fired.load(SeqCst) >= 1);
}

#[test]
fn a_panicking_callback_leaves_the_loop_usable() {
    let event_loop = new_loop();
    let timer = event_loop.add_timeout(0, Arc::new(|_| std::panic::panic_any(()))).unwrap();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event_loop.run_once()));
    assert!(result.is_err());
    assert!(event_loop.remove_timeout(timer));
    run_now(&event_loop);
}
