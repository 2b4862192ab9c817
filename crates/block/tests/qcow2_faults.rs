//! A disk that fails at any point, or is full from then on: flushed data stays, the image stays
//! intact, and later operations work or fail without harm.

mod qcow2_support;

use std::sync::Arc;

use qcow2_support::guest::*;
use qcow2_support::*;
use virsparse_block::Node;
use virsparse_block::qcow2::Qcow2Node;

/// Runs the workload with that failure; how many changes of the disk it took, and whether the
/// image could be flushed in the end.
fn run_with(scenario: &Scenario, start: &[u8], model: &[u8], failing: Failing) -> (u64, bool) {
    let what = format!("cluster_size={}{} {failing:?}", scenario.cluster, scenario.options);
    let disk = Arc::new(Disk::new(start.to_vec()));
    let backing = (scenario.kind == Kind::Backing)
        .then(|| Arc::new(Disk::new(lower(scenario.size * 2))) as Arc<dyn Node>);
    let node = open_node(disk.clone(), None, backing.clone(), true).expect("open");
    disk.set_failing(failing);
    let mut random = Random(scenario.cluster + 5);
    let mut model = model.to_vec();
    // The flushed data, the changes since then that were made or tried, and whether any has failed.
    let (mut flushed, mut pending, mut failed) = (model.clone(), Vec::new(), Vec::new());
    for _ in 0..scenario.changes {
        let before = disk.changes();
        let (change, done) = change(&mut random, scenario, &node, &mut model);
        match (change, done.is_ok()) {
            (Some(change), true) => pending.push(change),
            (Some(change), false) => {
                pending.push(change);
                failed.push(change);
            }
            (None, true) => {
                flushed.clone_from(&model);
                pending.clone_from(&failed);
            }
            (None, false) => {}
        }
        if done.is_err() {
            let mut bytes = vec![0; model.len()];
            node.read_at(&mut bytes, 0).expect("read");
            check_bytes(&model, failed.iter(), &bytes)
                .unwrap_or_else(|problem| panic!("{what}, after changes {before}..: {problem}"));
        }
    }
    // The first flush may report an earlier error; the second one frees the clusters that can then
    // be freed.
    let in_the_end = (0..3).map(|_| node.flush()).last().is_some_and(|last| last.is_ok());
    if in_the_end {
        flushed.clone_from(&model);
        pending.clone_from(&failed);
    }
    let changes = disk.changes();
    drop(node);
    let left = disk.bytes();
    let report = Qcow2Node::check("image", &Disk::new(left.clone())).expect("check");
    assert_eq!(report.corruptions, 0, "{what}");
    if in_the_end {
        assert_eq!(report.leaks, 0, "{what}");
    }
    let node = open_node(Arc::new(Disk::new(left)), None, backing, true).expect("open again");
    let mut bytes = vec![0; node.length().expect("length") as usize];
    node.read_at(&mut bytes, 0).expect("read");
    check_bytes(&flushed, pending.iter(), &bytes)
        .unwrap_or_else(|problem| panic!("{what}, opened again: {problem}"));
    (changes, in_the_end)
}

#[test]
fn an_io_error_at_any_point_fails_only_the_operation() {
    let scenario = |cluster, options, kind, size, filled| Scenario {
        cluster,
        options,
        kind,
        size,
        filled,
        changes: 24,
    };
    let scenarios = [
        scenario(512, ",refcount_bits=64", Kind::Plain, 200 << 10, 0),
        // The refcount table grows on the way.
        scenario(512, ",refcount_bits=64", Kind::Plain, 2300 << 10, 1_900_000),
        scenario(512, "", Kind::Snapshot, 200 << 10, 100 << 10),
        scenario(4096, ",refcount_bits=1", Kind::Backing, 300 << 10, 50 << 10),
        scenario(4096, "", Kind::Compressed, 300 << 10, 0),
        scenario(512, "", Kind::Bitmaps, 200 << 10, 100 << 10),
        scenario(65536, "", Kind::Bitmaps, 1 << 20, 100 << 10),
        scenario(4096, ",compat=0.10", Kind::Backing, 300 << 10, 50 << 10),
        scenario(16384, ",extended_l2=on", Kind::Snapshot, 500 << 10, 100 << 10),
        scenario(65536, "", Kind::Backing, 1 << 20, 100 << 10),
    ];
    for scenario in scenarios {
        let folder = folder();
        let image = make(&scenario, folder.path());
        let start = std::fs::read(&image).expect("the image");
        let model = qemu_read(&image);
        let (changes, _) = run_with(&scenario, &start, &model, Failing::Never);
        let mut lost = 0;
        // Of the large ones, a part.
        let long = std::env::var_os("VIRSPARSE_LONG").is_some();
        let step = match scenario.size {
            _ if long => 1,
            size if size > 400 << 10 => 3,
            _ => 1,
        };
        for at in (0..changes).step_by(step) {
            lost += u64::from(!run_with(&scenario, &start, &model, Failing::Once(at)).1);
            let (_, flushed) = run_with(&scenario, &start, &model, Failing::Full(at));
            assert!(flushed, "a full disk can be flushed");
        }
        println!("{}{}: {changes} failures, {lost} for good", scenario.cluster, scenario.options);
    }
}
