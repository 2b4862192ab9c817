//! The sources that docs/debugging.md names are modules that log something: a filter for another name would
//! match nothing.

mod source_tree;

use std::fs;
use std::path::{Path, PathBuf};

use source_tree::rust_files;

/// The Rust files of a module: its file, or all of its folder.
fn files_of(module: &Path) -> Vec<PathBuf> {
    let file = module.with_extension("rs");
    match (file.is_file(), module.is_dir()) {
        (true, _) => vec![file],
        (false, true) => rust_files(module),
        (false, false) => Vec::new(),
    }
}

/// Whether one of the files has one of the texts in it.
fn any_has(files: &[PathBuf], texts: &[&str]) -> bool {
    files.iter().any(|file| {
        let source = fs::read_to_string(file).expect("a source file");
        texts.iter().any(|text| source.contains(text))
    })
}

#[test]
fn documented_log_sources_are_modules_that_log() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/debugging.md")).expect("docs/debugging.md");
    let (_, table) = text.split_once("| source |").expect("the table of sources");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let names = rows.flat_map(|(names, _)| names.split("`, `")).map(|n| n.trim_end_matches('`'));
    let mut seen = 0;
    for name in names {
        let (layer, module) = match name.split_once('.') {
            Some(("capi", module)) => ("src", module),
            Some(("block", module)) => ("crates/block/src", module),
            _ => ("crates/core/src", name),
        };
        let files = files_of(&root.join(layer).join(module.replace('.', "/")));
        let logs = any_has(&files, &["log::debug!", "log::info!", "log::warn!", "log::error!"]);
        // A module that has another name now and keeps that of its messages says so.
        let target = format!("target: \"virsparse::{module}\"");
        let kept = || any_has(&rust_files(&root.join("src")), &[&target]);
        assert!(logs || layer == "src" && kept(), "nothing logs as '{name}'");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
