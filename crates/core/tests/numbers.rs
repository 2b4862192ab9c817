//! Numbers that C programs know are in `src/enums` and `src/error/codes.rs` alone, which are compared with
//! libvirt's headers. What the rest of the crate does with such a number, it takes from there.

mod source_tree;

use std::fs;
use std::path::Path;

use source_tree::rust_files;

/// Constants with a number of their own, which no enumeration has: sizes, limits, magic numbers.
const OWN: [&str; 4] = ["DEFAULT_WEIGHT", "WIDTH", "HEIGHT", "BACKING_FORMAT"];

fn is_number(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '(', ' ']);
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// What a line says that gives a member of an enumeration, a flag or a small constant a number.
fn numbered(line: &str) -> Option<&str> {
    let line = line.trim();
    let constant = line.trim_start_matches("pub ").strip_prefix("const ");
    if let Some(constant) = constant {
        let (name, value) = constant.trim_end_matches(';').split_once(" = ")?;
        let (name, ty) = name.split_once(": ").unwrap_or((name, "flag"));
        let is_code = matches!(ty, "i32" | "u32" | "c_int" | "c_uint" | "flag");
        return (is_code && is_number(value) && !OWN.contains(&name)).then_some(name);
    }
    let (name, value) = line.strip_suffix(',')?.split_once(" = ")?;
    let is_member = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric());
    (is_member && is_number(value)).then_some(name)
}

#[test]
fn numbers_that_programs_know_stand_in_the_enumerations_alone() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let layers = ["domain", "storage", "stream", "event"];
    let mut found: Vec<_> = layers.iter().flat_map(|l| rust_files(&source.join(l))).collect();
    found.push(source.join("typed_params.rs"));
    assert!(found.len() > 80, "{} files", found.len());
    let mut repeated = Vec::new();
    for path in &found {
        let text = fs::read_to_string(path).expect("a readable file");
        // What tests expect is told by number, so that a wrong enumeration does not pass.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for name in code.lines().filter_map(numbered) {
            let inside = path.strip_prefix(&source).expect("below the folder");
            repeated.push(format!("{}: {name}", inside.display()));
        }
    }
    assert!(repeated.is_empty(), "take these from crate::enums: {repeated:#?}");
}

#[test]
fn numbers_are_told_from_other_values() {
    assert_eq!(numbered("        const ACTIVE = 1;"), Some("ACTIVE"));
    assert_eq!(numbered("    const RBD = 1 << 14;"), Some("RBD"));
    assert_eq!(numbered("pub const LIFECYCLE: i32 = 0;"), Some("LIFECYCLE"));
    assert_eq!(numbered("    Running = 2,"), Some("Running"));
    assert_eq!(numbered("    const ACTIVE = VIR_CONNECT_LIST_DOMAINS_ACTIVE;"), None);
    assert_eq!(numbered("const PIECE: usize = 3 * 64;"), None);
    assert_eq!(numbered("    Running = virDomainState::VIR_DOMAIN_RUNNING as isize,"), None);
}
