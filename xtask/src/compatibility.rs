//! Writes the list of `docs/compatibility.md`: what becomes of each function of libvirt. What stands
//! before the mark is written by hand.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::symbols_map::Symbol;
use crate::unsupported::Unsupported;
use crate::{Result, doc, fail};

const PAGE: &str = "docs/compatibility.md";
const MARK: &str = "<!-- Made by `make headers` from here to the end: do not edit. -->\n";

/// Writes the list, or only tells whether it is stale.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let path = root.join(PAGE);
    let page = fs::read_to_string(&path).map_err(|e| format!("{PAGE}: {e}"))?;
    let Some((by_hand, _)) = page.split_once(MARK) else {
        return fail(format!("{PAGE} has no line {MARK}"));
    };
    let list = list(doc::exported(root)?, &Unsupported::read(root)?)?;
    let fresh = format!("{by_hand}{MARK}\n{list}");
    if fresh == page {
        return Ok(());
    }
    if check {
        return fail(format!("stale, run `make headers`: {PAGE}"));
    }
    Ok(fs::write(&path, fresh)?)
}

fn list(mut symbols: Vec<Symbol>, unsupported: &Unsupported) -> Result<String> {
    let names = unsupported.refuse.union(&unsupported.do_nothing);
    let lost: Vec<_> = names.filter(|name| !symbols.iter().any(|s| s.name == **name)).collect();
    if !lost.is_empty() {
        return fail(format!("not in symbols.map: {lost:?}"));
    }
    symbols.retain(|symbol| symbol.node.starts_with("LIBVIRT_"));
    symbols.sort_by(|a, b| a.name.cmp(&b.name));
    let (refused, idle) = (unsupported.refuse.len(), unsupported.do_nothing.len());
    let works = symbols.len() - refused - idle;
    let mut text = format!(
        "Of libvirt's {} symbols {works} work, {refused} refuse, and {idle} have nothing to free.\n\
         \n| function | node | here |\n| --- | --- | --- |\n",
        symbols.len()
    );
    for Symbol { name, node } in &symbols {
        let here = if unsupported.refuse.contains(name) {
            "refuses"
        } else if unsupported.do_nothing.contains(name) {
            "nothing to free"
        } else {
            "works"
        };
        let _ = writeln!(text, "| `{name}` | {node} | {here} |");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_of_libvirt_is_in_the_list_once() {
        let symbol = |name: &str, node: &str| Symbol { name: name.into(), node: node.into() };
        let symbols = vec![
            symbol("virB", "LIBVIRT_0.0.3"),
            symbol("virA", "LIBVIRT_0.0.5"),
            symbol("virC", "LIBVIRT_0.0.5"),
            symbol("virOurs", "VIRSPARSE_0.1"),
        ];
        let unsupported =
            Unsupported { refuse: ["virA".into()].into(), do_nothing: ["virC".into()].into() };
        let text = list(symbols, &unsupported).unwrap();
        assert!(text.starts_with("Of libvirt's 3 symbols 1 work, 1 refuse, and 1 have nothing"));
        let rows = "| `virA` | LIBVIRT_0.0.5 | refuses |\n| `virB` | LIBVIRT_0.0.3 | works |\n\
                    | `virC` | LIBVIRT_0.0.5 | nothing to free |\n";
        assert!(text.ends_with(rows), "{text}");
    }

    #[test]
    fn an_unsupported_function_must_be_exported() {
        let unsupported = Unsupported { refuse: ["virA".into()].into(), do_nothing: [].into() };
        assert!(list(Vec::new(), &unsupported).is_err());
    }
}
