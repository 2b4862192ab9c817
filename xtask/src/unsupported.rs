//! Which exported functions have nothing behind them: what the macros of `src/unsupported.rs` and
//! `src/absent.rs` define, read from their syntax.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::Item;

use crate::{Result, fail};

const SOURCE: &str = "src/unsupported.rs";
const ABSENT: &str = "src/absent.rs";

/// The functions that only refuse, those that find none of their kind, and those that would free what
/// nobody gets.
pub struct Unsupported {
    pub refuse: BTreeSet<String>,
    pub find_none: BTreeSet<String>,
    pub do_nothing: BTreeSet<String>,
}

impl Unsupported {
    pub fn read(root: &Path) -> Result<Unsupported> {
        let file = syn::parse_file(&fs::read_to_string(root.join(SOURCE))?)?;
        let defined_by = |name: &str| {
            let mut items = file.items.iter();
            let body = items.find_map(|item| match item {
                Item::Macro(item) if item.mac.path.is_ident(name) => Some(&item.mac.tokens),
                _ => None,
            });
            body.map_or(fail(format!("{SOURCE} has no {name}!")), |b| Ok(names(&b.to_string())))
        };
        Ok(Unsupported {
            refuse: defined_by("unsupported")?,
            find_none: defined_by_any_macro(root)?,
            do_nothing: defined_by("nothing_to_free")?,
        })
    }

    pub fn contains(&self, name: &str) -> bool {
        [&self.refuse, &self.find_none, &self.do_nothing].iter().any(|set| set.contains(name))
    }
}

/// All that the macros of the file about absent objects define.
fn defined_by_any_macro(root: &Path) -> Result<BTreeSet<String>> {
    let file = syn::parse_file(&fs::read_to_string(root.join(ABSENT))?)?;
    let used = file.items.iter().filter_map(|item| match item {
        Item::Macro(item) if !item.mac.path.is_ident("macro_rules") => Some(&item.mac.tokens),
        _ => None,
    });
    let found: BTreeSet<String> = used.flat_map(|body| names(&body.to_string())).collect();
    if found.is_empty() { fail(format!("{ABSENT} defines nothing")) } else { Ok(found) }
}

/// Every name that follows a `fn`.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !is_part(c)).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[0] == "fn").map(|pair| pair[1].to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_follows_fn() {
        let text = "VIR_FROM_A { fn virA(Connect, change) -> *mut c_char; fn virB (X) -> c_int ; }";
        assert_eq!(names(text), ["virA", "virB"].map(String::from).into());
    }
}
