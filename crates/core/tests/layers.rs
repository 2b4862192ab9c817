//! The modules of this crate are layers: each imports only modules below it. Cargo enforces that
//! between crates, and this test between modules.

mod source_tree;

use std::fs;
use std::path::Path;

use source_tree::rust_files;

/// From top to bottom.
const LAYERS: [&str; 16] = [
    "driver",
    "domain",
    "storage",
    "stream",
    "session",
    "host",
    "state",
    "folders",
    "event",
    "logging",
    "panic",
    "typed_params",
    "units",
    "xml",
    "error",
    "enums",
];

/// What comes from the crates below, under a name of its own.
const CRATES: [&str; 4] = ["block", "copy", "job", "sys"];

/// The modules that a line names from the root of the crate: `crate::a::B`, `crate::{a, b::C}`.
fn named(text: &str) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(text.len());
        text[..end].to_string()
    };
    let mut names = Vec::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split(';').next().unwrap_or_default();
                let mut depth = 0;
                let mut start = true;
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if c.is_whitespace() => {}
                        _ if start => {
                            names.push(word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                    if depth < 0 {
                        break;
                    }
                }
            }
            None => names.push(word(rest)),
        }
    }
    // A macro or a type of the root has no layer of its own.
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn modules_import_only_what_is_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = rust_files(&source);
    assert!(found.len() > 100, "{} files", found.len());
    let floor = |module: &str| LAYERS.iter().position(|layer| *layer == module);
    let mut upwards = Vec::new();
    for path in &found {
        let inside = path.strip_prefix(&source).expect("below the folder");
        let first = inside.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = floor(module).unwrap_or_else(|| panic!("'{module}' is in no layer"));
        let text = fs::read_to_string(path).expect("a readable file");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for name in named(&code.collect::<Vec<_>>().join("\n")) {
            if CRATES.contains(&name.as_str()) {
                continue;
            }
            let other = floor(&name).unwrap_or_else(|| panic!("'{name}' is in no layer"));
            if other < own {
                upwards.push(format!("{}: {name}", inside.display()));
            }
        }
    }
    assert!(upwards.is_empty(), "imports that go up: {upwards:#?}");
}

#[test]
fn names_in_lists_are_found() {
    assert_eq!(named("use crate::error::*;"), ["error"]);
    assert_eq!(named("use crate::{domain, storage::{a, b}, xml};"), ["domain", "storage", "xml"]);
    assert_eq!(named("pub(crate) fn x() { crate::state::y() }"), ["state"]);
}

/// The modules of `domain`, from top to bottom. What disks are served by in this process stands above the
/// registry, which makes it through a launcher; nothing else may know of it.
const DOMAIN_FLOORS: [&str; 29] = [
    "runtime",
    "stats",
    "snapshot",
    "autostart",
    "lifecycle",
    "rename",
    "metadata",
    "interfaces",
    "tuning",
    "placement",
    "io_tune",
    "guest",
    "amounts",
    "devices",
    "queries",
    "block_extents",
    "blockjob",
    "screen",
    "impact",
    "object",
    "connection",
    "registry",
    "holder",
    "control",
    "machine",
    "snapshot_store",
    "images",
    "config",
    "events",
];

/// The modules of `domain` that code in a file names: by `crate::domain`, and by `super` where that is
/// `domain`.
fn named_of_domain(code: &str, in_root: bool) -> Vec<String> {
    let mut names = Vec::new();
    for prefix in ["crate::domain::", "super::"].iter().take(if in_root { 2 } else { 1 }) {
        for rest in code.split(prefix).skip(1) {
            let statement = rest.split(';').next().unwrap_or_default();
            let first = named(&format!("crate::{statement}")).into_iter();
            names.extend(if statement.starts_with('{') { first.collect() } else { one(first) });
        }
    }
    // A helper for errors of images lies in the root.
    names.retain(|name| name != "failed");
    names
}

fn one(mut names: impl Iterator<Item = String>) -> Vec<String> {
    names.next().into_iter().collect()
}

#[test]
fn folders_of_domain_import_only_what_is_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    let found = rust_files(&source);
    let floor = |module: &str| DOMAIN_FLOORS.iter().position(|floor| *floor == module);
    let mut upwards = Vec::new();
    for path in &found {
        let inside = path.strip_prefix(&source).expect("below the folder");
        // What domain shows of itself, and tests, may name anything.
        let is_test = inside.ends_with("tests.rs") || inside.starts_with("tests");
        if inside == Path::new("mod.rs") || is_test {
            continue;
        }
        let parts: Vec<_> = inside.iter().filter_map(|part| part.to_str()).collect();
        let module = parts[0].trim_end_matches(".rs");
        let own = floor(module).unwrap_or_else(|| panic!("'{module}' is on no floor"));
        let in_root = parts.len() == 1 || parts.len() == 2 && parts[1] == "mod.rs";
        let text = fs::read_to_string(path).expect("a readable file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for name in named_of_domain(&code.collect::<Vec<_>>().join("\n"), in_root) {
            match floor(&name) {
                Some(other) if other >= own => {}
                // Modules of its own, by `super` from within a file.
                None if in_root => {}
                _ => upwards.push(format!("{}: {name}", inside.display())),
            }
        }
    }
    assert!(upwards.is_empty(), "imports that go up: {upwards:#?}");
}

#[test]
fn modules_of_domain_are_found_in_both_spellings() {
    let code = "use crate::domain::registry::domains::Entry;\nuse super::{config::disk, images};\n\
                use crate::domain::{object, machine::{a, b}};\nlet x = super::events::id(crate::xml::y());";
    assert_eq!(
        named_of_domain(code, true),
        ["registry", "object", "machine", "config", "images", "events"]
    );
    assert_eq!(named_of_domain(code, false), ["registry", "object", "machine"]);
}

/// What a format can do is asked of its table in `block`, so that another one needs no change here. libvirt's
/// words for formats are in two lists.
#[test]
fn no_code_depends_on_which_format_an_image_has() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lists = ["storage/volume_format.rs", "domain/config/disk.rs"].map(Path::new);
    let mut found = Vec::new();
    for path in rust_files(&source) {
        let inside = path.strip_prefix(&source).expect("below the folder");
        let is_test = |part: &str| part == "tests" || part == "tests.rs";
        if inside.iter().filter_map(|part| part.to_str()).any(is_test) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let in_list = lists.contains(&inside);
        let names = |line: &&str| match in_list {
            // The word itself, and nothing that is done about it.
            true => names_a_format(line) && !line.contains("\"qcow2\""),
            false => names_a_format(line),
        };
        found.extend(code.filter(names).map(|line| format!("{}: {line}", inside.display())));
    }
    assert!(found.is_empty(), "code that is for one format: {found:#?}");
}

fn names_a_format(line: &str) -> bool {
    ["::Qcow2", "qcow2::", "\"qcow2\""].iter().any(|name| line.contains(name))
}

#[test]
fn code_for_one_format_is_found() {
    for line in ["if format == Format::Qcow2 {", "word != \"qcow2\"", "use crate::block::qcow2::X;"]
    {
        assert!(names_a_format(line), "{line}");
    }
    for line in ["\"only qcow2 volumes can be compressed\"", "Format::from_name(word)"] {
        assert!(!names_a_format(line), "{line}");
    }
}
