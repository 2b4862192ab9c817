//! A machine with one filesystem, whose power fails.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Cut, Disk, Promises, Write};
use crate::job_support::{random, run, show};

/// Where the filesystem of the machine is mounted, before a power cut and after it.
pub struct Machine {
    folder: PathBuf,
    pub place: PathBuf,
    pub disk: Disk,
    filesystem: String,
    begin: Vec<u8>,
}

/// How thoroughly is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// After the flushes that are followed by a new promise, and only for that promise.
    Short,
    /// After every flush, and also with some of the writes after it; all promises are checked now
    /// and then.
    Long,
}

/// What was found after power cuts.
#[derive(Default)]
pub struct Found {
    pub cuts: usize,
    pub checks: usize,
    pub lost: Vec<String>,
}

impl Machine {
    /// Makes its filesystem, and mounts it.
    pub fn new(folder: &Path, filesystem: &str) -> Machine {
        let place = folder.join("place");
        fs::create_dir(&place).expect("create");
        // mkfs.xfs makes nothing smaller.
        let size = if filesystem == "xfs" { 300 << 20 } else { 96 << 20 };
        let path = folder.join("disk");
        let disk = Disk::new(&path, size);
        let force = if filesystem == "xfs" { "-f" } else { "-F" };
        run(&format!("mkfs.{filesystem}"), &["-q", force, show(&path)]);
        run("mount", &["-o", "loop", show(&path), show(&place)]);
        run("sync", &["-f", show(&place)]);
        let begin = disk.begin();
        let (folder, filesystem) = (folder.to_path_buf(), filesystem.to_string());
        Machine { folder, place, disk, filesystem, begin }
    }

    /// Cuts the power after the recorded flushes, and checks the state each time.
    pub fn cut_power(&self, depth: Depth) -> Found {
        // What unmounting writes is no part of it.
        let (cuts, rest) = self.disk.end();
        run("umount", &[show(&self.place)]);
        let state = File::create(self.folder.join("state")).expect("create");
        write_sparse(&state, &self.begin);
        let (mut found, mut looked_at, mut seed) = (Found::default(), Promises::new(), 1);
        for (number, cut) in cuts.iter().enumerate() {
            apply(&state, &cut.writes);
            let is_last = number + 1 == cuts.len();
            let what = format!("{} after flush {number} of {}", self.filesystem, cuts.len() - 1);
            let everything = is_last || depth == Depth::Long && number.is_multiple_of(10);
            let promised = if everything { cut.promised.clone() } else { new(cut, &looked_at) };
            if depth == Depth::Long || !promised.is_empty() {
                self.look(&what, &[], &promised, &mut found);
                looked_at = cut.promised.clone();
            }
            if depth == Depth::Short {
                continue;
            }
            let next = cuts.get(number + 1).map_or(&rest, |cut| &cut.writes);
            let mut part: Vec<&Write> =
                next.iter().filter(|_| random(&mut seed).is_multiple_of(2)).collect();
            // In an order of the disk's own.
            for at in (1..part.len()).rev() {
                part.swap(at, random(&mut seed) as usize % (at + 1));
            }
            let what = format!("{what} and {} writes", part.len());
            self.look(&what, &part, &promised, &mut found);
        }
        found
    }

    /// Starts the machine with the state of the disk, and compares it with the promises.
    fn look(&self, what: &str, more: &[&Write], promised: &Promises, found: &mut Found) {
        // A name of its own: the kernel lets go of a loop device a little after it was unmounted.
        let after = self.folder.join(format!("after-{}", found.cuts));
        let state = self.folder.join("state");
        run("cp", &["--sparse=always", show(&state), show(&after)]);
        let file = File::options().write(true).open(&after).expect("open");
        more.iter().for_each(|write| file.write_all_at(&write.bytes, write.offset).expect("write"));
        drop(file);
        run("mount", &["-o", "loop", show(&after), show(&self.place)]);
        // It is another boot.
        let _ = fs::remove_file(self.place.join("root/run/boot"));
        found.cuts += 1;
        for (key, check) in promised {
            found.checks += 1;
            if let Err(why) = check(&self.place) {
                found.lost.push(format!("{what}: {key}: {why}"));
            }
        }
        run("umount", &[show(&self.place)]);
        fs::remove_file(&after).expect("remove");
    }
}

/// The promises at a cut that were not checked in their current form.
fn new(cut: &Cut, looked_at: &Promises) -> Promises {
    let is_new = |(key, check): &(&String, &Arc<_>)| {
        !looked_at.get(*key).is_some_and(|before| Arc::ptr_eq(before, check))
    };
    cut.promised.iter().filter(is_new).map(|(key, check)| (key.clone(), check.clone())).collect()
}

fn apply(file: &File, writes: &[Write]) {
    writes.iter().for_each(|write| file.write_all_at(&write.bytes, write.offset).expect("write"));
}

fn write_sparse(file: &File, bytes: &[u8]) {
    file.set_len(bytes.len() as u64).expect("resize");
    for (number, piece) in bytes.chunks(64 * 1024).enumerate() {
        if piece.iter().any(|byte| *byte != 0) {
            file.write_all_at(piece, number as u64 * 64 * 1024).expect("write");
        }
    }
}
