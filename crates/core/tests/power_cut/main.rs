//! Power cuts: changes that calls have acknowledged are on the disk.
//!
//! A machine is a filesystem on a disk that this process serves, and that records every flush.
//! After some work on it, the power is cut at each of those flushes, in simulation, and everything
//! that was promised before must be there. POWER_CUT=long checks everything after every flush.

#[path = "../job_support/mod.rs"]
mod job_support;

mod disk;
mod machine;
mod work;

use std::path::Path;
use std::process::Command;

use machine::{Depth, Machine};

/// Checks a promise in the filesystem that is mounted at a path; returns why it is broken.
pub type Check = Box<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

/// Why no such machine can be had here.
fn missing() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        return Some("only root can mount");
    }
    for (path, why) in
        [("/dev/fuse", "there is no /dev/fuse"), ("/dev/loop-control", "there are no loop devices")]
    {
        if std::fs::File::open(path).is_err() {
            return Some(why);
        }
    }
    let unshared = Command::new("unshare").args(["--mount", "true"]).status();
    if !unshared.is_ok_and(|status| status.success()) {
        return Some("mounts cannot be had for oneself (unshare --mount)");
    }
    None
}

/// Runs a machine in a process of its own, whose mounts end with it. Returns what was lost.
fn run_machine(filesystem: &str, uri_more: &str) -> Option<Vec<String>> {
    if let Some(why) = missing() {
        println!("NOT RUN: {why}");
        return None;
    }
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "the_machine_whose_power_fails", "--nocapture"])
        .env("POWER_CUT_MACHINE", filesystem)
        .env("POWER_CUT_URI", uri_more)
        .env_remove("VIRSPARSE_SYNC")
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    let lines = |word: &str| -> Vec<String> {
        let split = said.lines().filter_map(|line| line.split_once(word));
        split.map(|(_, rest)| rest.to_string()).collect()
    };
    let summary = lines("MACHINE looked").pop().expect("a summary");
    println!("{filesystem}{uri_more}: looked{summary}");
    Some(lines("MACHINE lost "))
}

fn nothing_is_lost(filesystem: &str) {
    if let Some(lost) = run_machine(filesystem, "") {
        assert!(lost.is_empty(), "{} losses:\n{}", lost.len(), lost.join("\n"));
    }
}

#[test]
fn acknowledged_changes_survive_a_power_cut_on_ext4() {
    nothing_is_lost("ext4");
}

#[test]
fn acknowledged_changes_survive_a_power_cut_on_xfs() {
    nothing_is_lost("xfs");
}

/// With sync=no changes are lost, or the test above could not fail.
#[test]
fn with_sync_no_a_power_cut_loses_volumes_but_no_definition() {
    let Some(lost) = run_machine("ext4", "&sync=no") else { return };
    let about = |what: &str| lost.iter().any(|line| line.contains(what));
    assert!(["upload", "clone", "conversion"].iter().any(|volume| about(volume)), "{lost:#?}");
    for kept in ["domain", "snapshot", "disk"] {
        assert!(!about(kept), "{kept}: {lost:#?}");
    }
}

/// Not a test by itself: the process that the others start.
#[test]
fn the_machine_whose_power_fails() {
    let Ok(filesystem) = std::env::var("POWER_CUT_MACHINE") else { return };
    let uri_more = std::env::var("POWER_CUT_URI").expect("the rest of the URI");
    let long = std::env::var("POWER_CUT").is_ok_and(|how| how == "long");
    let folder = tempfile::tempdir().expect("folder");
    let machine = Machine::new(folder.path(), &filesystem);
    work::work(&machine, &uri_more);
    let found = machine.cut_power(if long { Depth::Long } else { Depth::Short });
    for lost in &found.lost {
        println!("MACHINE lost {}", lost.replace('\n', " "));
    }
    println!(
        "MACHINE looked at {} things after {} cuts; {} lost",
        found.checks,
        found.cuts,
        found.lost.len()
    );
    job_support::run("umount", &[job_support::show(&folder.path().join("disk"))]);
}
