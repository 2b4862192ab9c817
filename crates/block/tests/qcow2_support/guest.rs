//! Images as QEMU makes them, and a guest that changes them at random.

use std::path::{Path, PathBuf};

use virsparse_block::{Node, Result};

use super::{Random, qemu_io, run, text};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Plain,
    Backing,
    Snapshot,
    Compressed,
    DataFile,
    /// With persistent bitmaps, of which one has noted what was written.
    Bitmaps,
}

pub struct Scenario {
    pub cluster: u64,
    pub options: &'static str,
    pub kind: Kind,
    /// Sizes: of the disk, and how much of it is written before the recording begins.
    pub size: u64,
    pub filled: u64,
    pub changes: u64,
}

/// What a guest did.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Fill { offset: u64, length: u64, byte: u8 },
    Size(u64),
}

pub fn lower(size: u64) -> Vec<u8> {
    (0..size).map(|at| (at / 700 % 250) as u8 + 1).collect()
}

/// Makes the image with QEMU's tools, in files of `folder`.
pub fn make(scenario: &Scenario, folder: &Path) -> PathBuf {
    let image = folder.join("image.qcow2");
    let size = scenario.size.to_string();
    let mut options = format!("cluster_size={}{}", scenario.cluster, scenario.options);
    let data = folder.join("image.data");
    let below = folder.join("lower.raw");
    if scenario.kind == Kind::DataFile {
        options = format!("{options},data_file={}", text(&data));
    }
    let create = ["create", "-q", "-f", "qcow2", "-o", &options];
    match scenario.kind {
        Kind::Backing => {
            // Longer than the image: what the image grows by must not show it.
            std::fs::write(&below, lower(scenario.size * 2)).expect("lower");
            let backing = ["-F", "raw", "-b", "lower.raw", text(&image), &size];
            run("qemu-img", &[&create[..], &backing].concat());
        }
        Kind::Compressed => {
            std::fs::write(&below, lower(scenario.size)).expect("lower");
            let convert = ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", &options];
            run("qemu-img", &[&convert[..], &[text(&below), text(&image)]].concat());
        }
        _ => run("qemu-img", &[&create[..], &[text(&image), &size]].concat()),
    }
    if scenario.kind == Kind::Bitmaps {
        let add = |arguments: &[&str]| {
            run("qemu-img", &[&["bitmap", "--add", "-g", "512"], arguments].concat());
        };
        add(&[text(&image), "enabled"]);
        add(&["--disable", text(&image), "disabled"]);
        add(&[text(&image), "another"]);
    }
    if scenario.filled > 0 {
        qemu_io(&image, &[format!("write -P 201 0 {}", scenario.filled)]);
    }
    if scenario.kind == Kind::Snapshot {
        run("qemu-img", &["snapshot", "-c", "before", text(&image)]);
    }
    image
}

/// Makes one random change. Returns the change and whether it succeeded; the model is changed if it
/// did.
pub fn change(
    random: &mut Random,
    scenario: &Scenario,
    node: &dyn Node,
    model: &mut Vec<u8>,
) -> (Option<Change>, Result<()>) {
    let size = model.len() as u64;
    let grain = [scenario.cluster, 4096, 512, 100][random.below(4) as usize];
    let offset = (random.below(size.div_ceil(grain)) * grain).min(size - 1);
    let many = if random.below(6) == 0 { 40 } else { 4 };
    let length = ((random.below(many) + 1) * grain).min(size - offset);
    let range = offset as usize..(offset + length) as usize;
    let fill = |byte| Some(Change::Fill { offset, length, byte });
    match random.below(20) {
        0..3 => {
            let done = node.write_zeroes(offset, length, random.below(2) == 0);
            if done.is_ok() {
                model[range].fill(0);
            }
            (fill(0), done)
        }
        3..5 => {
            let done = node.discard(offset, length);
            let mut bytes = vec![0; range.len()];
            let read = node.read_at(&mut bytes, offset);
            if done.is_ok() && read.is_ok() {
                model[range].copy_from_slice(&bytes);
            }
            (fill(0), done.and(read.map(|_| ())))
        }
        5..8 => (None, node.flush()),
        8 if random.below(2) == 0 => {
            let bytes = scenario.size / 2 + random.below(scenario.size * 5 / 4);
            let size = bytes / 512 * 512;
            let done = node.resize(size);
            if done.is_ok() {
                model.resize(size as usize, 0);
            }
            (Some(Change::Size(size)), done)
        }
        9..12 if scenario.kind == Kind::Compressed => {
            // Whole clusters, several of which share one of the file.
            let byte = random.below(200) as u8 + 1;
            let offset = offset / scenario.cluster * scenario.cluster;
            let length = (scenario.cluster * (random.below(3) + 1)).min(size - offset);
            let done = node.write_compressed(&vec![byte; length as usize], offset);
            if done.is_ok() {
                model[offset as usize..(offset + length) as usize].fill(byte);
            }
            (Some(Change::Fill { offset, length, byte }), done)
        }
        _ => {
            let byte = random.below(200) as u8 + 1;
            let done = node.write_at(&vec![byte; length as usize], offset);
            if done.is_ok() {
                model[range].fill(byte);
            }
            (fill(byte), done)
        }
    }
}

/// Whether each byte of an image is the flushed one or one that was written since.
pub fn check_bytes<'a>(
    base: &[u8],
    pending: impl Iterator<Item = &'a Change> + Clone,
    bytes: &[u8],
) -> std::result::Result<(), String> {
    let size = bytes.len() as u64;
    let resized = pending.clone().any(|change| matches!(change, Change::Size(new) if *new == size));
    if bytes.len() != base.len() && !resized {
        return Err(format!("its size is {size}"));
    }
    let allowed = |at: usize, byte: u8| {
        base.get(at).copied().unwrap_or(0) == byte
            || pending.clone().any(|change| match *change {
                Change::Fill { offset, length, byte: new } => {
                    new == byte && (offset..offset + length).contains(&(at as u64))
                }
                Change::Size(size) => byte == 0 && at as u64 >= size,
            })
    };
    // Most of it is as it was, which a comparison of slices sees much sooner.
    let piece = 4096;
    let same = |at: usize| {
        let end = (at + piece).min(bytes.len());
        base.get(at..end).is_some_and(|base| *base == bytes[at..end])
    };
    let changed = (0..bytes.len()).step_by(piece).filter(|&at| !same(at));
    let mut changed = changed.flat_map(|at| at..(at + piece).min(bytes.len()));
    match changed.find(|&at| !allowed(at, bytes[at])) {
        None => Ok(()),
        Some(at) => {
            Err(format!("byte {at} is {}, and was flushed as {:?}", bytes[at], base.get(at)))
        }
    }
}
