//! Writes a manual page for each exported function, from its doc comment and the prototype in its
//! header. A design's function has a page under its name with the design's, and under its name alone
//! where no released function has that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::doc::Doc;
use crate::roff::{self, Roff};
use crate::source::Function;
use crate::tree::{self, Header};
use crate::{Result, fail, headers};

/// Writes `DIR/<function>.3` for all functions.
pub fn run(root: &Path, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    let interfaces = tree::interfaces(root)?;
    let names: BTreeSet<&str> =
        interfaces.iter().flat_map(|(_, i)| &i.functions).map(|f| f.name.as_str()).collect();
    let mut designs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let released: BTreeSet<&str> = interfaces
        .iter()
        .filter(|(header, _)| header.node.is_none())
        .flat_map(|(_, interface)| interface.functions.iter().map(|f| f.name.as_str()))
        .collect();
    for (header, interface) in &interfaces {
        let text = headers::text(root, header, interface, &interfaces)?;
        for function in &interface.functions {
            let title = format!("{}{}", function.name, header.suffix().unwrap_or_default());
            let prototype = prototype(&text, &function.name)?;
            let reached = header.node.map(|node| {
                let is_released = released.contains(function.name.as_str());
                reached(header, &function.name, &title, node, is_released)
            });
            let page = page(header, function, &title, prototype, &names, reached.as_deref());
            fs::write(directory.join(format!("{title}.3")), page)?;
            if header.node.is_some() && !released.contains(function.name.as_str()) {
                designs.entry(&function.name).or_default().push(title);
            }
        }
    }
    for (name, titles) in designs {
        fs::write(directory.join(format!("{name}.3")), reference(name, &titles))?;
    }
    Ok(())
}

/// How a program gets a design's function, and not the released one of the same name.
fn reached(header: &Header, name: &str, title: &str, node: &str, is_released: bool) -> Vec<String> {
    let other = match is_released {
        true => {
            format!("A program that does not include it gets the released function, {name}.")
        }
        false => "A program that does not include it finds no function of that name.".to_string(),
    };
    vec![
        format!(
            "A function of a design, which libvirt has released in another form or not at all. \
             `<{}>` declares it: in a program that includes that header {name} stands for {title}. \
             {other}",
            header.path
        ),
        format!(
            "In the library its symbol is `{name}@{node}`, which is not the default version of that \
             name. The header binds the program to it; a program that looks functions up at run time \
             asks dlvsym for both. Link with `-lvirsparse`, as for all functions."
        ),
    ]
}

/// The page of a name that only designs have: the page of the one that has it, or a list of them.
fn reference(name: &str, titles: &[String]) -> String {
    if let [only] = titles {
        return format!(".so man3/{only}.3\n");
    }
    let list: Vec<String> = titles.iter().map(|title| format!(".BR {title} (3)")).collect();
    format!(
        ".\\\" SPDX-License-Identifier: MIT OR Apache-2.0\n\
         .TH {name} 3 \"\" libvirsparse \"C interface\"\n\
         .SH NAME\n{name} \\- a function of more than one design, with a page for each\n\
         .SH SEE ALSO\n{}\n",
        list.join(",\n")
    )
}

/// The declaration of `name` in a header's text.
fn prototype<'a>(header: &'a str, name: &str) -> Result<&'a str> {
    for (at, _) in header.match_indices(name) {
        let start = header[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let is_declaration = !header[start..].starts_with([' ', '/', '#'])
            && header[..at].ends_with([' ', '*'])
            && header[at + name.len()..].starts_with(['(', ';']);
        if is_declaration && let Some(end) = header[at..].find(';') {
            return Ok(&header[start..=at + end]);
        }
    }
    fail(format!("{name}: no prototype"))
}

/// `title`: the function's name, with what tells a design's from a released one. `reached`: how that is
/// called.
fn page(
    header: &Header,
    function: &Function,
    title: &str,
    prototype: &str,
    names: &BTreeSet<&str>,
    reached: Option<&[String]>,
) -> String {
    let doc = Doc::parse(&function.doc);
    let mut page = Roff::new(title, names);
    page.raw(".\\\" SPDX-License-Identifier: MIT OR Apache-2.0");
    page.raw(&format!(".TH {title} 3 \"\" libvirsparse \"C interface\""));
    // Names that are cut or stretched cannot be copied.
    // groff 1.23 goes back to the adjustment of AD at each paragraph, and warns of lines without space.
    page.raw(".nh\n.ad l\n.ds AD l\n.SH NAME");
    page.raw(&format!("{title} \\- {}", summary(&doc)));
    page.raw(".SH SYNOPSIS\n.nf");
    page.raw(&format!(".B #include <{}>\n.PP", header.to_include()));
    for line in prototype.lines() {
        page.raw(&declaration(line, &function.parameters));
    }
    page.raw(".fi");
    section(&mut page, "DESCRIPTION", &doc.description);
    if !doc.parameters.is_empty() {
        page.raw(".SH PARAMETERS");
    }
    for (name, text) in &doc.parameters {
        page.raw(&format!(".TP\n.I {name}"));
        page.text(text);
    }
    for (label, paragraphs) in &doc.sections {
        section(&mut page, &label.to_uppercase(), paragraphs);
    }
    if let Some(reached) = reached {
        section(&mut page, "AVAILABILITY", reached);
    }
    if let Some(since) = &doc.since {
        section(&mut page, "HISTORY", &[format!("Since {since}.")]);
    }
    page.finish()
}

fn section(page: &mut Roff, title: &str, paragraphs: &[String]) {
    page.raw(&format!(".SH {title}"));
    for (i, paragraph) in paragraphs.iter().enumerate() {
        if i > 0 {
            page.raw(".PP");
        }
        page.paragraph(paragraph);
    }
}

/// The first sentence, plain, as it stands behind the name for `apropos` to find.
fn summary(doc: &Doc) -> String {
    let text = doc.description.first().map_or(String::new(), |text| text.replace('\n', " "));
    let sentence = text.split(". ").next().unwrap_or("").trim_end_matches('.');
    let plain = roff::escape(sentence).replace(['`', '@'], "");
    let mut letters = plain.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_lowercase().to_string() + letters.as_str())
}

/// A line of a prototype, bold, with the parameters' names in italics.
fn declaration(line: &str, parameters: &[String]) -> String {
    let mut out = String::from("\\fB");
    let mut word = String::new();
    for letter in line.chars().chain(['\n']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        match parameters.contains(&word) {
            true => out += &format!("\\fI{word}\\fB"),
            false => out += &word,
        }
        word.clear();
        out.extend((letter != '\n').then_some(letter));
    }
    out + "\\fR"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::HEADERS;

    #[test]
    fn pages_of_designs_say_by_which_header_and_node_they_are_reached() {
        let header = HEADERS.iter().find(|header| header.node.is_some()).expect("a design");
        let (name, node) = ("virStorageVolWipe", header.node.expect("a node"));
        let [first, second] = &reached(header, name, "virStorageVolWipe_x", node, true)[..] else {
            panic!("two paragraphs");
        };
        assert!(first.contains(header.path) && first.contains("the released function"));
        assert!(second.contains(&format!("`{name}@{node}`")));
        let alone = &reached(header, name, "virStorageVolWipe_x", node, false)[0];
        assert!(alone.contains("finds no function of that name"));
    }
}
