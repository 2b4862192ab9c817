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
    let Unsupported { refuse, find_none, do_nothing } = unsupported;
    let names = refuse.iter().chain(find_none).chain(do_nothing);
    let lost: Vec<_> = names.filter(|name| !symbols.iter().any(|s| s.name == **name)).collect();
    if !lost.is_empty() {
        return fail(format!("not in symbols.map: {lost:?}"));
    }
    symbols.retain(|symbol| symbol.node.starts_with("LIBVIRT_"));
    symbols.sort_by(|a, b| a.name.cmp(&b.name));
    let (refused, none, idle) = (refuse.len(), find_none.len(), do_nothing.len());
    let works = symbols.len() - refused - none - idle;
    let mut text = format!(
        "Of libvirt's {} symbols {works} work, {none} find none of their kind, {refused} refuse, and \
         {idle} have nothing to free.\n\
         \n| function | node | here |\n| --- | --- | --- |\n",
        symbols.len()
    );
    for Symbol { name, node } in &symbols {
        let here = if refuse.contains(name) {
            "refuses"
        } else if find_none.contains(name) {
            "finds none"
        } else if do_nothing.contains(name) {
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
            symbol("virD", "LIBVIRT_0.0.6"),
            symbol("virOurs", "VIRSPARSE_0.1"),
        ];
        let [refuse, find_none, do_nothing] =
            ["virA", "virD", "virC"].map(|name| [name.to_string()].into());
        let text = list(symbols, &Unsupported { refuse, find_none, do_nothing }).unwrap();
        let begin =
            "Of libvirt's 4 symbols 1 work, 1 find none of their kind, 1 refuse, and 1 have";
        assert!(text.starts_with(begin), "{text}");
        let rows = "| `virA` | LIBVIRT_0.0.5 | refuses |\n| `virB` | LIBVIRT_0.0.3 | works |\n\
                    | `virC` | LIBVIRT_0.0.5 | nothing to free |\n\
                    | `virD` | LIBVIRT_0.0.6 | finds none |\n";
        assert!(text.ends_with(rows), "{text}");
    }

    #[test]
    fn an_unsupported_function_must_be_exported() {
        let (refuse, find_none, do_nothing) = (["virA".into()].into(), [].into(), [].into());
        let unsupported = Unsupported { refuse, find_none, do_nothing };
        assert!(list(Vec::new(), &unsupported).is_err());
    }
}
