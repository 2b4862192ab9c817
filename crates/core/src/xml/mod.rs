//! XML as a small tree that owns its text: what a caller hands in is parsed, the parts that are
//! known are read, and what is not known comes back untouched when the tree is written again.
//!
//! Documents come from strangers. Nothing here recurses, so that no document can exhaust a
//! caller's stack, and the work is linear in the length of the text.

mod markup;
mod parse;
mod report;
pub mod schema;
mod syntax;
mod uuid;
mod write;

pub use self::uuid::parse_uuid;
pub use parse::{MAX_DEPTH, MAX_NODES, MAX_TEXT, parse, parse_file, parse_stored};
pub use syntax::is_c_space;
pub use virsparse_base::text::excerpt;
use write::Style;

use std::fmt;
use std::mem;

use crate::error::*;

/// One `name='value'` of an element; the value is plain text, without references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name with its prefix, as written.
    pub name: String,
    /// The value with every reference resolved.
    pub value: String,
}

/// One thing inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element, with everything in it.
    Element(Element),
    /// Text with every reference resolved.
    Text(String),
    /// The text of a CDATA section.
    CData(String),
    /// What stands between `<!--` and `-->`.
    Comment(String),
    /// What stands between `<?` and `?>`.
    Instruction(String),
}

/// An element and everything in it.
pub struct Element {
    /// The name with its prefix, as written.
    pub name: String,
    /// In the order in which they were written; names are unique.
    pub attributes: Vec<Attribute>,
    /// In the order in which they were written. White space between elements is not kept.
    pub nodes: Vec<Node>,
}

/// Reading.
impl Element {
    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }

    /// All elements directly inside this one.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The elements of that name directly inside this one.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// The first element of that name directly inside this one.
    pub fn child<'a>(&'a self, name: &'a str) -> Option<&'a Element> {
        self.children(name).next()
    }

    /// The same, to be changed in place.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.nodes.iter_mut().find_map(|node| match node {
            Node::Element(element) if element.name == name => Some(element),
            _ => None,
        })
    }

    /// All text in this element and the elements in it, as XPath's `string()` gives it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut open = vec![self.nodes.iter()];
        while let Some(nodes) = open.last_mut() {
            match nodes.next() {
                Some(Node::Text(part) | Node::CData(part)) => text.push_str(part),
                Some(Node::Element(element)) => open.push(element.nodes.iter()),
                Some(Node::Comment(_) | Node::Instruction(_)) => {}
                None => {
                    open.pop();
                }
            }
        }
        text
    }

    /// The text of the first child of that name. An empty one counts as absent, as in libvirt.
    pub fn text_of(&self, name: &str) -> Option<String> {
        self.child(name).map(Element::text).filter(|text| !text.is_empty())
    }

    /// Whether it is that element of a namespace: with a prefix that stands for it, or without one
    /// where that does, be it declared here or by one of `around`, from the inside out.
    pub fn is_in(&self, namespace: &str, name: &str, around: &[&Element]) -> bool {
        let (declaration, local) = match self.name.split_once(':') {
            Some((prefix, local)) => (format!("xmlns:{prefix}"), local),
            None => ("xmlns".to_string(), self.name.as_str()),
        };
        let declared = std::iter::once(&self).chain(around).find_map(|e| e.attr(&declaration));
        local == name && declared == Some(namespace)
    }

    /// Refuses a document whose root is another element.
    pub fn expect_name(&self, name: &str) -> Result<()> {
        if self.name == name {
            return Ok(());
        }
        let found = excerpt(&self.name);
        let problem = format!("expecting root element of '{name}', not '{found}'");
        Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, problem))
    }

    /// The document: libvirt's indentation by two spaces, a newline at the end.
    pub fn to_xml(&self) -> String {
        write::write(self, Style::Libvirt)
    }

    /// The element as libxml2 writes one, which libvirt shows where it keeps what others have written:
    /// values in double quotes, and no newline at the end.
    pub fn to_plain_xml(&self) -> String {
        let mut text = write::write(self, Style::Libxml);
        text.truncate(text.trim_end_matches('\n').len());
        text
    }
}

/// Building and changing.
impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Element { name: name.into(), attributes: Vec::new(), nodes: Vec::new() }
    }

    /// The element with one more attribute.
    pub fn with_attr(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.set_attr(name, value);
        self
    }

    /// The element with that text behind what is in it.
    pub fn with_text(mut self, text: impl fmt::Display) -> Self {
        let text = text.to_string();
        if !text.is_empty() {
            self.nodes.push(Node::Text(text));
        }
        self
    }

    /// The element with that child behind what is in it.
    pub fn with_child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// Puts a child behind what is in the element.
    pub fn push(&mut self, child: Element) {
        self.nodes.push(Node::Element(child));
    }

    /// Puts the child in place of the first of its name, or behind what is in the element.
    pub fn set_child(&mut self, child: Element) {
        match self.child_mut(&child.name) {
            Some(old) => *old = child,
            None => self.push(child),
        }
    }

    /// Removes all children of that name.
    pub fn remove_children(&mut self, name: &str) {
        self.nodes.retain(|node| !matches!(node, Node::Element(child) if child.name == name));
    }

    /// Sets an attribute, in its place if it is there already.
    pub fn set_attr(&mut self, name: &str, value: impl fmt::Display) {
        let value = value.to_string();
        match self.attributes.iter_mut().find(|a| a.name == name) {
            Some(attribute) => attribute.value = value,
            None => self.attributes.push(Attribute { name: name.to_string(), value }),
        }
    }

    /// Removes an attribute.
    pub fn remove_attr(&mut self, name: &str) {
        self.attributes.retain(|a| a.name != name);
    }

    /// Whether white space in the element means something: it stands between words, or alone.
    fn has_text(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::Text(_) | Node::CData(_)))
    }

    /// The element without what is in it.
    fn head(&self) -> Element {
        Element { name: self.name.clone(), attributes: self.attributes.clone(), nodes: Vec::new() }
    }
}

// What the compiler would derive walks down the tree by recursion.

impl Drop for Element {
    fn drop(&mut self) {
        let mut pending = mem::take(&mut self.nodes);
        while let Some(node) = pending.pop() {
            if let Node::Element(mut element) = node {
                pending.append(&mut element.nodes);
            }
        }
    }
}

impl Clone for Element {
    fn clone(&self) -> Self {
        let mut outer = Vec::new();
        let mut copy = self.head();
        let mut nodes = self.nodes.iter();
        loop {
            match nodes.next() {
                Some(Node::Element(child)) => {
                    let parent = mem::replace(&mut copy, child.head());
                    outer.push((parent, mem::replace(&mut nodes, child.nodes.iter())));
                }
                Some(leaf) => copy.nodes.push(leaf.clone()),
                None => {
                    let Some((parent, rest)) = outer.pop() else { return copy };
                    let child = mem::replace(&mut copy, parent);
                    copy.push(child);
                    nodes = rest;
                }
            }
        }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        let mut pending = vec![(self, other)];
        while let Some((a, b)) = pending.pop() {
            if a.name != b.name || a.attributes != b.attributes || a.nodes.len() != b.nodes.len() {
                return false;
            }
            for pair in a.nodes.iter().zip(&b.nodes) {
                match pair {
                    (Node::Element(a), Node::Element(b)) => pending.push((a, b)),
                    (a, b) if a == b => {}
                    _ => return false,
                }
            }
        }
        true
    }
}

impl Eq for Element {}

/// The element as XML.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_xml())
    }
}

#[cfg(test)]
mod tests;
