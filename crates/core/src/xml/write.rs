//! The tree as text: two spaces for each level, an element with nothing in it as `<a/>`, text on the line
//! of its element. Quotes are single, in the style of libvirt, or double, in that of libxml2.

use std::fmt::Write;
use std::slice;

use super::syntax::is_char;
use super::{Element, Node};

/// Deeper levels are not indented further: with the deepest nesting that is accepted, indentation
/// would make the text a hundred times longer than what came in.
const MAX_INDENT: usize = 16;

/// How values and texts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In single quotes; both kinds of quotes are written as references.
    Libvirt,
    /// In double quotes, which are references inside a value; beyond ASCII a value has numbers.
    Libxml,
}

/// An element whose start tag is written and whose end tag is not.
struct Open<'a> {
    element: &'a Element,
    rest: slice::Iter<'a, Node>,
    /// Somewhere around here is text, so white space must not be added.
    verbatim: bool,
}

pub fn write(root: &Element, style: Style) -> String {
    let mut out = String::new();
    let mut open = Vec::new();
    start(&mut out, &mut open, root, (false, style));
    while let Some(parent) = open.last_mut() {
        let verbatim = parent.verbatim;
        let node = parent.rest.next();
        if !verbatim {
            let level = if node.is_some() { open.len() } else { open.len() - 1 };
            new_line(&mut out, level);
        }
        match node {
            Some(Node::Element(element)) => {
                start(&mut out, &mut open, element, (verbatim, style));
            }
            Some(Node::Text(text)) => escape_text(&mut out, text, style),
            Some(Node::CData(text)) => cdata(&mut out, text),
            Some(Node::Comment(text)) => enclose(&mut out, "<!--", text, "-->"),
            Some(Node::Instruction(text)) => enclose(&mut out, "<?", text, "?>"),
            None => end(&mut out, &mut open),
        }
    }
    out.push('\n');
    out
}

fn start<'a>(
    out: &mut String,
    open: &mut Vec<Open<'a>>,
    element: &'a Element,
    (around_verbatim, style): (bool, Style),
) {
    let quote = if style == Style::Libvirt { '\'' } else { '"' };
    out.push('<');
    out.push_str(&element.name);
    for attribute in &element.attributes {
        out.push(' ');
        out.push_str(&attribute.name);
        out.push('=');
        out.push(quote);
        escape_value(out, &attribute.value, style);
        out.push(quote);
    }
    if element.nodes.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let verbatim = around_verbatim || element.has_text();
    open.push(Open { element, rest: element.nodes.iter(), verbatim });
}

fn end(out: &mut String, open: &mut Vec<Open<'_>>) {
    if let Some(done) = open.pop() {
        enclose(out, "</", &done.element.name, ">");
    }
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level.min(MAX_INDENT) {
        out.push_str("  ");
    }
}

fn enclose(out: &mut String, before: &str, text: &str, after: &str) {
    out.push_str(before);
    out.push_str(text);
    out.push_str(after);
}

/// What would end the section is divided between two.
fn cdata(out: &mut String, text: &str) {
    enclose(out, "<![CDATA[", &text.replace("]]>", "]]]]><![CDATA[>"), "]]>");
}

fn escape_text(out: &mut String, text: &str, style: Style) {
    for c in text.chars() {
        match c {
            '\t' | '\n' => out.push(c),
            '\'' | '"' if style == Style::Libxml => out.push(c),
            _ => escape(out, c),
        }
    }
}

/// A reader turns the white space of a value into spaces, unless it is written by number.
fn escape_value(out: &mut String, value: &str, style: Style) {
    for c in value.chars() {
        match c {
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\'' if style == Style::Libxml => out.push(c),
            _ if style == Style::Libxml && !c.is_ascii() && is_char(c) => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            _ => escape(out, c),
        }
    }
}

fn escape(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\'' => out.push_str("&apos;"),
        '"' => out.push_str("&quot;"),
        '\r' => out.push_str("&#13;"),
        _ if is_char(c) => out.push(c),
        // File names may contain what XML cannot express in any way.
        _ => out.push(char::REPLACEMENT_CHARACTER),
    }
}
