//! Filters over a node in use: they are put in and taken out while a guest writes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use virsparse_block::copy::DirtyUnits;
use virsparse_block::filter::meter::{Meter, Rules};
use virsparse_block::filter::mirror::{Mirror, MirrorGuard};
use virsparse_block::filter::{Filter, Filtered};
use virsparse_block::{BlockBackend, Gate, MemoryNode, Node, Result};

const RECORD: u64 = 512;
const RECORDS: u64 = 64;
const SIZE: u64 = RECORD * RECORDS;

/// Notes which records have been written through it, and that it is never asked while it is out.
struct Watch {
    bit: u8,
    is_in: AtomicBool,
    passed: AtomicU64,
    writes: Mutex<Vec<u64>>,
}

impl Watch {
    fn new(bit: u8) -> Arc<Watch> {
        let (is_in, passed) = (AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Watch { bit, is_in, passed, writes: Mutex::default() })
    }
}

impl Filter for Watch {
    virsparse_block::pass_on!(
        read_vectored_at,
        profile,
        name,
        length,
        read_at,
        write_zeroes,
        discard,
        extent_at,
        space_at,
        space,
        knows_holes,
        allocate,
        resize,
        flush,
        write_behind,
        settle
    );
    virsparse_block::hide!(
        write_vectored_at,
        compression_unit,
        write_compressed,
        write_zeroes_fast,
        file
    );

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        assert!(self.is_in.load(SeqCst), "filter {} is asked while it is out", self.bit);
        self.passed.fetch_add(1, SeqCst);
        self.writes.lock().unwrap().push(offset);
        // Every record tells through which filters it has come.
        let mut marked = data.to_vec();
        marked[0] |= 1 << self.bit;
        below.write_at(&marked, offset)?;
        assert!(self.is_in.load(SeqCst), "filter {} is out before its request is done", self.bit);
        Ok(())
    }
}

/// Guests that write numbered records without a rest, each its own, and read them back.
fn with_guests(gate: &Arc<Gate>, change: impl FnOnce(&AtomicU64)) {
    let backend = BlockBackend::new("disk", gate.clone());
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for guest in 0..3u64 {
            let (backend, stop, written) = (&backend, &stop, &written);
            scope.spawn(move || {
                let mut number = 0u64;
                while !stop.load(SeqCst) {
                    number += 1;
                    let offset = (number % (RECORDS / 3) * 3 + guest) * RECORD;
                    let mut record = [0; RECORD as usize];
                    record[8..16].copy_from_slice(&number.to_le_bytes());
                    backend.write_at(&record, offset).unwrap();
                    let mut read = [0; RECORD as usize];
                    assert_eq!(backend.read_at(&mut read, offset), Ok(RECORD as usize));
                    assert_eq!(read[8..], record[8..], "a write is lost");
                    written.fetch_add(1, SeqCst);
                }
            });
        }
        change(&written);
        stop.store(true, SeqCst);
    });
}

/// Lets the guests write some more.
fn some_writes(written: &AtomicU64) {
    let before = written.load(SeqCst);
    while written.load(SeqCst) < before + 30 {
        thread::yield_now();
    }
}

fn new_gate() -> Arc<Gate> {
    Arc::new(Gate::new(Arc::new(MemoryNode::new("memory", SIZE))))
}

fn orders() -> Vec<[usize; 3]> {
    let all = (0..27).map(|n| [n / 9, n / 3 % 3, n % 3]);
    all.filter(|order| order[0] != order[1] && order[1] != order[2] && order[0] != order[2])
        .collect()
}

#[test]
fn filters_go_in_and_out_in_every_order_under_writing_guests() {
    let gate = new_gate();
    let filters = [0, 1, 2].map(Watch::new);
    with_guests(&gate, |written| {
        for into in orders() {
            for out in orders() {
                for (position, index) in into.into_iter().enumerate() {
                    let closed = gate.closed();
                    filters[index].is_in.store(true, SeqCst);
                    match position {
                        2 => closed.add_under_all(filters[index].clone()),
                        _ => closed.add(filters[index].clone()),
                    }
                }
                some_writes(written);
                for index in out {
                    let filter: Arc<dyn Filter> = filters[index].clone();
                    let closed = gate.closed();
                    assert!(closed.remove(&filter));
                    assert!(!closed.remove(&filter));
                    filters[index].is_in.store(false, SeqCst);
                    drop(closed);
                    some_writes(written);
                }
            }
        }
    });
    for filter in &filters {
        assert!(filter.passed.load(SeqCst) > 0);
    }
    assert_eq!(gate.node().name(), "memory");
    assert!(Arc::ptr_eq(&gate.node(), &gate.base()));
}

#[test]
fn a_request_passes_both_filters_of_a_pair_or_none() {
    let gate = new_gate();
    let pair = [Watch::new(0), Watch::new(1)];
    let base = gate.base();
    let set = |is_in: bool| {
        let closed = gate.closed();
        for filter in &pair {
            filter.is_in.store(is_in, SeqCst);
            let filter: Arc<dyn Filter> = filter.clone();
            match is_in {
                true => closed.add(filter),
                false => assert!(closed.remove(&filter)),
            }
        }
        // What the guests' last writes have left says through which filters they came.
        for record in 0..RECORDS {
            let mut marks = [0];
            base.read_at(&mut marks, record * RECORD).unwrap();
            assert!([0, 0b11].contains(&marks[0]), "record {record}: {:#b}", marks[0]);
        }
    };
    with_guests(&gate, |written| {
        for round in 0..200 {
            set(round % 2 == 0);
            if round % 10 == 0 {
                some_writes(written);
            }
        }
    });
    let [first, second] = pair.map(|filter| filter.passed.load(SeqCst));
    assert_eq!(first, second);
    assert!(first > 0);
}

#[test]
fn the_filter_in_the_middle_is_removed_and_the_others_stay() {
    let gate = new_gate();
    let [bottom, middle, top] = [0, 1, 2].map(Watch::new);
    let guards: Vec<_> = [&bottom, &middle, &top]
        .map(|filter| {
            filter.is_in.store(true, SeqCst);
            gate.install(filter.clone())
        })
        .into();
    let node = BlockBackend::new("disk", gate.clone());
    let marks = || {
        node.write_at(&[0; 512], 0).unwrap();
        let mut mark = [0];
        gate.base().read_at(&mut mark, 0).unwrap();
        mark[0]
    };
    assert_eq!(marks(), 0b111);
    let mut guards = guards.into_iter();
    let (first, second) = (guards.next(), guards.next());
    drop(second);
    assert_eq!(marks(), 0b101);
    gate.swap(Arc::new(MemoryNode::new("another", SIZE)));
    assert_eq!(marks(), 0b101, "filters stay over another node");
    assert_eq!(gate.node().name(), "another");
    drop(first);
    assert_eq!(marks(), 0b100);
    drop(guards);
    assert_eq!(marks(), 0);
}

#[test]
fn a_mirror_works_between_other_filters() {
    let gate = new_gate();
    let target: Arc<dyn Node> = Arc::new(MemoryNode::new("target", SIZE));
    let meter = Meter::new(Rules::default(), Box::new(|_| ()));
    let watch = Watch::new(0);
    watch.is_in.store(true, SeqCst);
    let _watch = gate.install(watch.clone());
    let dirty = DirtyUnits::new(SIZE, RECORD);
    let mirror = Mirror::new(gate.base(), target.clone(), dirty, true, Box::new(|| ()));
    let guard = MirrorGuard::new(&gate, Arc::new(mirror));
    let metered = gate.install(meter.clone());
    with_guests(&gate, some_writes);
    let mirror = guard.mirror().clone();
    while let Some(range) = mirror.dirty.take(0, SIZE) {
        mirror.dirty.done(&range);
    }
    let (mut disk, mut copy) = ([0; SIZE as usize], [0; SIZE as usize]);
    gate.base().read_at(&mut disk, 0).unwrap();
    target.read_at(&mut copy, 0).unwrap();
    for record in 0..RECORDS as usize {
        let at = record * RECORD as usize + 8..(record + 1) * RECORD as usize;
        assert_eq!(disk[at.clone()], copy[at], "record {record}");
    }
    let passed = watch.passed.load(SeqCst);
    assert_eq!(meter.stats().writes, passed);
    guard.remove();
    gate.node().write_at(&[9; 512], 0).unwrap();
    assert_eq!(mirror.dirty.bytes(), 0);
    assert_eq!(meter.stats().writes, passed + 1);
    drop(metered);
    gate.node().write_at(&[9; 512], 0).unwrap();
    assert_eq!((meter.stats().writes, watch.passed.load(SeqCst)), (passed + 1, passed + 2));
}

#[test]
fn a_filter_of_a_node_that_nobody_changes_needs_no_gate() {
    let watch = Watch::new(3);
    watch.is_in.store(true, SeqCst);
    let below: Arc<dyn Node> = Arc::new(MemoryNode::new("memory", SIZE));
    let node = Filtered::new(watch, below.clone());
    node.write_at(&[0; 512], 0).unwrap();
    let mut mark = [0];
    below.read_at(&mut mark, 0).unwrap();
    assert_eq!(mark[0], 8);
    assert_eq!(*node.filter().writes.lock().unwrap(), [0]);
}
