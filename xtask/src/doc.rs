//! The form that the doc comments of exported functions have, and the check that they have it:
//!
//! ```text
//! What the function does, in one sentence. More sentences.
//!
//! More paragraphs, lists (`- item`) and indented examples.
//!
//! @name: a parameter
//! @other: another
//!
//! Return Value: what the function returns, and who owns it.
//!
//! Errors: which VIR_ERR_* it reports, and when.
//!
//! Since 0.7.2.
//! ```

use std::fs;
use std::path::Path;

use crate::source::Function;
use crate::symbols_map::{self, Symbol};
use crate::tree::Header;
use crate::unsupported::Unsupported;
use crate::{Result, fail, tree};

/// The labels that begin a section of the manual page of their own.
const LABELS: &[&str] = &["Return Value", "Errors", "Threads", "Example"];

/// A doc comment taken apart.
#[derive(Default)]
pub struct Doc {
    /// Paragraphs before and between the labelled ones.
    pub description: Vec<String>,
    pub parameters: Vec<(String, String)>,
    /// Labelled paragraphs; paragraphs that follow one of a list belong to it.
    pub sections: Vec<(&'static str, Vec<String>)>,
    /// The version after "Since".
    pub since: Option<String>,
}

impl Doc {
    pub fn parse(text: &str) -> Doc {
        let mut doc = Doc::default();
        for paragraph in text.split("\n\n").map(|p| p.trim_matches('\n')) {
            let label = LABELS
                .iter()
                .find_map(|l| Some((*l, paragraph.strip_prefix(l)?.strip_prefix(':')?.trim())));
            if paragraph.trim().is_empty() {
                continue;
            } else if paragraph.starts_with('@') {
                doc.add_parameters(paragraph);
            } else if let Some((label, rest)) = label {
                let first = (!rest.is_empty()).then(|| sentence(rest));
                doc.sections.push((label, first.into_iter().collect()));
            } else if let Some(version) = paragraph.strip_prefix("Since ") {
                doc.since = Some(version.trim_end_matches('.').to_string());
            } else if let Some((_, section)) = doc.sections.last_mut() {
                section.push(paragraph.to_string());
            } else {
                doc.description.push(paragraph.to_string());
            }
        }
        doc
    }

    pub fn section(&self, label: &str) -> Option<&[String]> {
        self.sections.iter().find(|(l, _)| *l == label).map(|(_, text)| &text[..])
    }

    fn add_parameters(&mut self, paragraph: &str) {
        for line in paragraph.lines() {
            match line.strip_prefix('@').and_then(|l| l.split_once(':')) {
                Some((name, text)) => {
                    self.parameters.push((name.to_string(), text.trim().to_string()));
                }
                None => {
                    if let Some((_, text)) = self.parameters.last_mut() {
                        *text += "\n";
                        *text += line.trim();
                    }
                }
            }
        }
    }
}

/// `text` as it reads without the label before it.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().to_string() + letters.as_str())
}

/// Checks that every exported symbol is documented, but for those that have nothing behind them:
/// they are in no header.
pub fn check(root: &Path) -> Result<()> {
    let interfaces = tree::interfaces(root)?;
    let functions: Vec<(&Header, &Function)> = interfaces
        .iter()
        .flat_map(|(header, interface)| interface.functions.iter().map(move |f| (*header, f)))
        .collect();
    let symbols = symbols_map::parse(&fs::read_to_string(root.join("symbols.map"))?);
    // A design's function is in its node, a released one in any other.
    let is_of = |header: &Header, symbol: &Symbol| match header.node {
        Some(node) => symbol.node == node,
        None => !symbol.is_superseded(),
    };
    let unsupported = Unsupported::read(root)?;
    let mut faults = Vec::new();
    for symbol in &symbols {
        if unsupported.contains(&symbol.name) || symbol.is_private() {
            continue;
        }
        let mut same = functions.iter().filter(|(_, function)| function.name == symbol.name);
        match same.find(|(header, _)| is_of(header, symbol)) {
            Some((_, function)) => {
                let of_this = faults_of(function, &symbol.node);
                faults.extend(of_this.into_iter().map(|fault| format!("{}: {fault}", symbol.name)));
            }
            None => faults.push(format!("{}@{}: in no header", symbol.name, symbol.node)),
        }
    }
    for (header, function) in &functions {
        if !symbols.iter().any(|s| s.name == function.name && is_of(header, s)) {
            faults.push(format!("{} of {}: not in symbols.map", function.name, header.path));
        }
        if unsupported.contains(&function.name) {
            faults.push(format!("{}: in a header, but not supported", function.name));
        }
    }
    if faults.is_empty() { Ok(()) } else { fail(faults.join("\n")) }
}

/// The symbols that programs are meant to call.
pub fn exported(root: &Path) -> Result<Vec<Symbol>> {
    let map = fs::read_to_string(root.join("symbols.map"))?;
    let mut symbols = symbols_map::parse(&map);
    symbols.retain(|s| !s.is_superseded() && !s.is_private());
    Ok(symbols)
}

fn faults_of(function: &Function, node: &str) -> Vec<String> {
    let doc = Doc::parse(&function.doc);
    let mut faults = Vec::new();
    if doc.description.is_empty() {
        faults.push("no description".to_string());
    }
    if function.returns && doc.section("Return Value").is_none() {
        faults.push("no `Return Value:`".to_string());
    }
    // A node's version is also when the function came: LIBVIRT_0.7.2 is "Since 0.7.2", and
    // VIRSPARSE_0.1.0, which counts for itself, "Since virsparse 0.1.0". Those of designs tell when
    // they were posted, which was in no release.
    let version = match node.strip_prefix("VIRSPARSE_") {
        Some(design) if design.starts_with("RFC_") => "virsparse 0.1".to_string(),
        Some(version) => format!("virsparse {version}"),
        None => node.trim_start_matches("LIBVIRT_").to_string(),
    };
    if doc.since.as_ref() != Some(&version) {
        faults.push(format!("must say `Since {version}.`, the version of its node {node}"));
    }
    let documented: Vec<&str> = doc.parameters.iter().map(|(name, _)| name.as_str()).collect();
    if documented != function.parameters {
        faults.push(format!(
            "documents the parameters ({}) but has ({})",
            documented.join(", "),
            function.parameters.join(", ")
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Sends bytes. Waits.\n\n@data: the bytes,\nall of them\n@flags: 0\n\n\
                        Return Value: how many, or\n-1.\n\nErrors:\n\n- one\n- two\n\nSince 0.7.2.\n";

    fn function(parameters: &[&str]) -> Function {
        Function {
            name: "virSend".to_string(),
            doc: TEXT.to_string(),
            parameters: parameters.iter().map(|p| p.to_string()).collect(),
            returns: true,
        }
    }

    #[test]
    fn comment_is_taken_apart() {
        let doc = Doc::parse(TEXT);
        assert_eq!(doc.description, ["Sends bytes. Waits."]);
        assert_eq!(doc.parameters[0], ("data".to_string(), "the bytes,\nall of them".to_string()));
        assert_eq!(doc.section("Return Value").unwrap(), ["How many, or\n-1."]);
        assert_eq!(doc.section("Errors").unwrap(), ["- one\n- two"]);
        assert_eq!(doc.since.as_deref(), Some("0.7.2"));
    }

    #[test]
    fn missing_parameters_and_other_versions_are_faults() {
        assert!(faults_of(&function(&["data", "flags"]), "LIBVIRT_0.7.2").is_empty());
        assert_eq!(faults_of(&function(&["data"]), "LIBVIRT_0.7.2").len(), 1);
        assert_eq!(faults_of(&function(&["data", "flags"]), "LIBVIRT_0.7.3").len(), 1);
    }
}
