//! Every kind of image that QEMU makes is read as QEMU reads it: the data matches `qemu-img
//! convert`, and the extents match `qemu-img map`.

use std::path::{Path, PathBuf};
use std::process::Command;

use virsparse_block::{ExtentKind, Format, Node, OpenOptions, open};

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Writes, zeroes and discards at random, in units that are mostly not clusters.
fn scribble(random: &mut Random, image: &Path, size: u64, unit: u64, count: u64) {
    let mut commands = Vec::new();
    for _ in 0..count {
        let aligned = random.below(2) == 0;
        let grain = if aligned { unit } else { 512 };
        let offset = random.below(size / grain) * grain;
        let length = ((random.below(6) + 1) * grain).min(size - offset);
        let command = match random.below(8) {
            0 => format!("write -z {offset} {length}"),
            1 => format!("write -z -u {offset} {length}"),
            2 => format!("discard {offset} {length}"),
            _ => format!("write -P {} {offset} {length}", random.below(255) + 1),
        };
        commands.push(command);
    }
    let mut arguments = vec!["-f", "qcow2"];
    for command in &commands {
        arguments.extend(["-c", command]);
    }
    arguments.push(text(image));
    run("qemu-io", &arguments);
}

/// The value of a member of a flat JSON object.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let start = object.find(&format!("\"{name}\":"))? + name.len() + 3;
    Some(object[start..].split([',', '}']).next()?.trim())
}

/// The output of `qemu-img map` for a range.
struct Mapped {
    start: u64,
    length: u64,
    depth: u64,
    present: bool,
    zero: bool,
    data: bool,
    offset: Option<u64>,
}

fn mapped_by_qemu(image: &Path) -> Vec<Mapped> {
    let json = run("qemu-img", &["map", "-f", "qcow2", "--output=json", text(image)]);
    let number = |object, name| member(object, name).and_then(|v| v.parse().ok());
    json.split('{')
        .skip(1)
        .map(|object| Mapped {
            start: number(object, "start").expect("start"),
            length: number(object, "length").expect("length"),
            depth: number(object, "depth").expect("depth"),
            present: member(object, "present") == Some("true"),
            zero: member(object, "zero") == Some("true"),
            data: member(object, "data") == Some("true"),
            offset: number(object, "offset"),
        })
        .collect()
}

fn check(image: &Path, what: &str) {
    let node = open(image, OpenOptions::new(Format::Qcow2))
        .unwrap_or_else(|e| panic!("{what}: {}: {}", e.what, e.errno));
    let raw = image.with_extension("raw");
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", text(image), text(&raw)]);
    let expected = std::fs::read(&raw).expect("the converted image");
    let length = node.length().expect("length");
    assert_eq!(length, expected.len() as u64, "{what}");
    let mut bytes = vec![0xaa; length as usize];
    assert_eq!(node.read_at(&mut bytes, 0).expect(what), bytes.len());
    if let Some(at) = bytes.iter().zip(&expected).position(|(a, b)| a != b) {
        panic!("{what}: byte {at} is {} and should be {}", bytes[at], expected[at]);
    }
    std::fs::remove_file(&raw).expect("remove");
    check_extents(&*node, image, &bytes, what);
}

/// Both lists cover the image; wherever one begins an extent, the other must agree.
fn check_extents(node: &dyn Node, image: &Path, bytes: &[u8], what: &str) {
    let length = node.length().expect("length");
    for Mapped { start, length: mapped, depth, present, zero, data, offset } in
        mapped_by_qemu(image)
    {
        let mut at = start;
        while at < start + mapped {
            let ours = node.extent_at(at, length).expect(what);
            assert!(ours.length > 0, "{what}: empty extent at {at}");
            assert_eq!(ours.present, present, "{what}: at {at}");
            if present {
                assert_eq!(u64::from(ours.depth), depth, "{what}: at {at}");
            }
            if zero {
                assert!(ours.kind.is_zero(), "{what}: data at {at}");
            } else if ours.kind.is_zero() {
                // More is known than QEMU tells: where the image's own file has a hole.
                let range = at as usize..ours.end() as usize;
                assert!(bytes[range].iter().all(|byte| *byte == 0), "{what}: zeros at {at}");
            }
            if data
                && ours.kind == ExtentKind::Data
                && let (Some(offset), Some(host)) = (offset, ours.host)
            {
                assert_eq!(host, offset + (at - start), "{what}: at {at}");
            }
            at = ours.end();
        }
    }
}

struct Case {
    cluster: u64,
    options: &'static str,
    /// How the image is made from what was written: as it is, or compressed, or with snapshots.
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    Backing,
    Compressed(&'static str),
    Snapshot,
    DataFile(&'static str),
}

fn make(random: &mut Random, folder: &Path, number: usize, case: &Case) -> PathBuf {
    let image = folder.join(format!("{number}.qcow2"));
    let size = (case.cluster * 40).max(300 * 1024) / 512 * 512 + 512 * random.below(3);
    let options = format!("cluster_size={},{}", case.cluster, case.options);
    let options = options.trim_end_matches(',');
    let size_text = size.to_string();
    let create = |path: &Path, options: &str, backing: Option<&Path>| {
        let mut arguments = vec!["create", "-q", "-f", "qcow2", "-o", options];
        if let Some(backing) = backing {
            let name = backing.file_name().and_then(|n| n.to_str()).expect("name");
            arguments.extend(["-F", "qcow2", "-b", name]);
        }
        arguments.extend([text(path), size_text.as_str()]);
        run("qemu-img", &arguments);
    };
    match case.kind {
        Kind::Backing => {
            let lower = folder.join(format!("{number}-lower.qcow2"));
            let middle = folder.join(format!("{number}-middle.qcow2"));
            create(&lower, "cluster_size=65536", None);
            scribble(random, &lower, size, 65536, 10);
            create(&middle, "cluster_size=4096", Some(&lower));
            scribble(random, &middle, size, 4096, 6);
            create(&image, options, Some(&middle));
            scribble(random, &image, size, case.cluster, 12);
        }
        Kind::Compressed(compression) => {
            let plain = folder.join(format!("{number}-plain.qcow2"));
            create(&plain, "cluster_size=65536", None);
            scribble(random, &plain, size, 65536, 15);
            let options = format!("{options},compression_type={compression}");
            let options = if case.options.contains("0.10") {
                options.split(",compression_type").next().unwrap_or_default().to_string()
            } else {
                options
            };
            run(
                "qemu-img",
                &[
                    "convert",
                    "-c",
                    "-f",
                    "qcow2",
                    "-O",
                    "qcow2",
                    "-o",
                    &options,
                    text(&plain),
                    text(&image),
                ],
            );
            scribble(random, &image, size, case.cluster, 5);
        }
        Kind::Snapshot => {
            create(&image, options, None);
            scribble(random, &image, size, case.cluster, 8);
            run("qemu-img", &["snapshot", "-c", "one", text(&image)]);
            scribble(random, &image, size, case.cluster, 8);
        }
        Kind::DataFile(raw) => {
            let data = format!("{number}.data");
            let options =
                format!("{options},data_file={},data_file_raw={raw}", text(&folder.join(&data)));
            create(&image, &options, None);
            scribble(random, &image, size, case.cluster, 12);
        }
        Kind::Plain => {
            create(&image, options, None);
            scribble(random, &image, size, case.cluster, 12);
        }
    }
    image
}

#[test]
fn images_of_every_kind_read_as_with_qemu() {
    let mut cases = Vec::new();
    let kinds = [
        Kind::Plain,
        Kind::Backing,
        Kind::Compressed("zlib"),
        Kind::Compressed("zstd"),
        Kind::Snapshot,
        Kind::DataFile("off"),
        Kind::DataFile("on"),
    ];
    let options = [
        "",
        "compat=0.10",
        "lazy_refcounts=on",
        "refcount_bits=1",
        "refcount_bits=64",
        "extended_l2=on",
        "preallocation=metadata",
    ];
    for cluster in [512, 4096, 16384, 65536, 2 << 20] {
        for options in options {
            for kind in kinds {
                let impossible = (options == "extended_l2=on" && cluster < 16384)
                    || (options == "compat=0.10"
                        && matches!(kind, Kind::DataFile(_) | Kind::Compressed("zstd")))
                    || (options == "refcount_bits=1" && kind == Kind::Snapshot)
                    || (options == "preallocation=metadata"
                        && matches!(kind, Kind::Compressed(_) | Kind::Backing))
                    || (options == "lazy_refcounts=on" && kind != Kind::Plain)
                    || (options == "refcount_bits=64" && cluster > 65536)
                    || (cluster > 65536 && matches!(kind, Kind::Backing) && !options.is_empty());
                if !impossible {
                    cases.push(Case { cluster, options, kind });
                }
            }
        }
    }
    // A part of them in short runs; all with VIRSPARSE_LONG=1.
    let long = std::env::var_os("VIRSPARSE_LONG").is_some();
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random(7);
    for (number, case) in cases.iter().enumerate() {
        if !long && number % 2 == 1 && case.cluster > 65536 {
            continue;
        }
        let what = format!("case {number}: {} {} {:?}", case.cluster, case.options, case.kind);
        let image = make(&mut random, folder.path(), number, case);
        check(&image, &what);
        for file in std::fs::read_dir(folder.path()).expect("list") {
            std::fs::remove_file(file.expect("entry").path()).expect("remove");
        }
    }
    println!("{} cases", cases.len());
}
