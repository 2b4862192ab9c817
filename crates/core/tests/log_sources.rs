//! The sources that docs/debugging.md names are modules that log something: a filter for another name would
//! match nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files of a module: its file, or all of its folder.
fn files_of(module: &Path) -> Vec<PathBuf> {
    let file = module.with_extension("rs");
    if file.is_file() {
        return vec![file];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(module).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(files_of(&path)),
            false => files.push(path),
        }
    }
    files
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
        let logs = files.iter().any(|file| {
            let text = fs::read_to_string(file).expect("a source file");
            ["debug", "info", "warn", "error"].iter().any(|m| text.contains(&format!("log::{m}!")))
        });
        // A module that has another name now and keeps that of its messages says so.
        let target = format!("target: \"virsparse::{module}\"");
        let kept = || {
            let text = |file: &PathBuf| fs::read_to_string(file).expect("a source file");
            files_of(&root.join("src")).iter().any(|file| text(file).contains(&target))
        };
        assert!(logs || layer == "src" && kept(), "nothing logs as '{name}'");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
