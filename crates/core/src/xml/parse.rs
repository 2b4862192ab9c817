//! Text into tree. quick-xml finds the borders of tags, text and comments; what XML says about
//! the inside of each, and the limits, is checked here. The words of the messages are those of
//! libxml2, because people search for them.

use std::fmt;
use std::mem;

use quick_xml::Reader;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};

use super::excerpt;
use super::markup::TOO_MANY;
use super::report::Document;
use super::syntax::{is_char, is_space, name_len};
use super::{Element, Node};
use crate::error::*;

/// The longest document that is accepted, in bytes: what libvirt lets a client send.
pub const MAX_TEXT: usize = 4 << 20;

/// How deep elements may stand inside the root: libxml2's limit.
pub const MAX_DEPTH: usize = 256;

/// How many elements, attributes, comments and the like there may be: it bounds the memory that a
/// document of `<a/><a/>...` takes. Texts are not counted, because each stands between two of the
/// others, and because a tree must not have more nodes when it was written with white space.
pub const MAX_NODES: usize = 1 << 18;

/// Parses a caller's document. `what` names it in messages: `storage_pool_definition`.
///
/// Errors: VIR_ERR_XML_DETAIL of the given domain.
pub fn parse(text: &str, what: &str, domain: virErrorDomain) -> Result<Element> {
    if text.len() > MAX_TEXT {
        let problem = format!("({what}):1: document is longer than {MAX_TEXT} bytes");
        return Err(Error::new(VIR_ERR_XML_DETAIL, domain, problem));
    }
    parse_stored(text, what, domain)
}

/// The same for a document that we have written ourselves: references and indentation can make
/// it longer than the one that was accepted.
pub fn parse_stored(text: &str, what: &str, domain: virErrorDomain) -> Result<Element> {
    parse_nested(text, &format!("({what})"), domain, MAX_DEPTH)
}

/// The same for what is in the file at `path`, of at most [`MAX_TEXT`] bytes.
pub fn parse_file(text: &str, path: &str, domain: virErrorDomain) -> Result<Element> {
    parse_nested(text, path, domain, MAX_DEPTH)
}

pub(super) fn parse_nested(
    text: &str,
    what: &str,
    domain: virErrorDomain,
    max_depth: usize,
) -> Result<Element> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Document { text, what, domain };
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| !is_char(c)) {
        return Err(source.error(at, format!("Char 0x{:X} out of allowed range", u32::from(c))));
    }
    let parser =
        Parser { source, max_depth, open: Vec::new(), text: String::new(), root: None, nodes: 0 };
    let mut root = parser.run()?;
    drop_white_space(&mut root);
    Ok(root)
}

/// An element whose start tag was read and whose end tag was not.
struct Open {
    element: Element,
    /// Where its start tag is.
    at: usize,
}

struct Parser<'a> {
    source: Document<'a>,
    max_depth: usize,
    /// From the root to the element that is being read.
    open: Vec<Open>,
    /// The text being read, put together from its parts and references.
    text: String,
    /// The root when it is complete.
    root: Option<Element>,
    nodes: usize,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Element> {
        let mut reader = Reader::from_str(self.source.text);
        let config = reader.config_mut();
        config.check_comments = true;
        // Ours says on which line the element began.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        loop {
            let at = reader.buffer_position() as usize;
            self.refuse_doctype(at)?;
            let event = reader.read_event().map_err(|e| self.broken_markup(at, e))?;
            match event {
                Event::Text(part) => self.plain_text(at, &part, &part.xml10_content())?,
                Event::GeneralRef(_) => self.reference_in_text(at)?,
                Event::Start(tag) => self.start(at, &tag, false)?,
                Event::Empty(tag) => self.start(at, &tag, true)?,
                Event::End(tag) => self.end(at, &tag)?,
                Event::CData(part) => {
                    self.inside_root(at)?;
                    self.leaf(at, Node::CData(part.xml10_content().into_owned()))?;
                }
                Event::Comment(part) => {
                    self.leaf(at, Node::Comment(part.xml10_content().into_owned()))?;
                }
                Event::PI(part) => self.instruction(at, &part)?,
                Event::Decl(part) => self.declaration(at, &part)?,
                Event::DocType(_) => return Err(self.error(at, DOCTYPE)),
                Event::Eof => return self.finish(at),
            }
        }
    }

    fn error(&self, at: usize, problem: impl fmt::Display) -> Error {
        self.source.error(at, problem)
    }

    /// The rest of the document.
    fn rest(&self, at: usize) -> &str {
        self.source.text.get(at..).unwrap_or_default()
    }

    fn count(&mut self, at: usize) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(at, TOO_MANY));
        }
        Ok(())
    }

    /// Only the root, comments and instructions stand at the top.
    fn inside_root(&self, at: usize) -> Result<()> {
        match (self.open.is_empty(), &self.root) {
            (false, _) => Ok(()),
            (true, None) => Err(self.error(at, "Start tag expected, '<' not found")),
            (true, Some(_)) => Err(self.error(at, "Extra content at the end of the document")),
        }
    }

    fn plain_text(&mut self, at: usize, raw: &str, normalised: &str) -> Result<()> {
        if self.open.is_empty() {
            return match raw.find(|c| !is_space(c)) {
                Some(offset) => self.inside_root(at + offset),
                None => Ok(()),
            };
        }
        if let Some(offset) = raw.find("]]>") {
            return Err(self.error(at + offset, "Sequence ']]>' not allowed in content"));
        }
        self.text.push_str(normalised);
        Ok(())
    }

    fn reference_in_text(&mut self, at: usize) -> Result<()> {
        self.inside_root(at)?;
        let (c, _) = self.source.reference(at)?;
        self.text.push(c);
        Ok(())
    }

    /// Adds the text that was read to its element.
    fn flush_text(&mut self) {
        if !self.text.is_empty() {
            let text = mem::take(&mut self.text);
            self.append(Node::Text(text));
        }
    }

    fn leaf(&mut self, at: usize, node: Node) -> Result<()> {
        self.flush_text();
        self.count(at)?;
        self.append(node);
        Ok(())
    }

    /// What stands before or behind the root is not kept.
    fn append(&mut self, node: Node) {
        if let Some(open) = self.open.last_mut() {
            open.element.nodes.push(node);
        }
    }

    fn start(&mut self, at: usize, tag: &BytesStart<'_>, empty: bool) -> Result<()> {
        if self.root.is_some() {
            return self.inside_root(at);
        }
        self.flush_text();
        self.count(at)?;
        if self.open.len() > self.max_depth {
            let problem = format!("Excessive depth in document: {}", self.max_depth);
            return Err(self.error(at, problem));
        }
        let name = tag.name();
        let name = name.as_ref();
        self.check_element_name(at + 1, name)?;
        let mut element = Element::new(name);
        let limit = MAX_NODES - self.nodes;
        element.attributes =
            self.source.attributes(tag.attributes_raw(), at + 1 + name.len(), limit)?;
        self.nodes += element.attributes.len();
        self.open.push(Open { element, at });
        if empty {
            self.close();
        }
        Ok(())
    }

    fn end(&mut self, at: usize, name: &str) -> Result<()> {
        self.flush_text();
        let Some(open) = self.open.last() else {
            return self.inside_root(at);
        };
        if name_len(name) != name.len() {
            return Err(self.error(at + "</".len() + name_len(name), "expected '>'"));
        }
        if open.element.name != name {
            let expected = excerpt(&open.element.name);
            let found = if name.is_empty() { "unparsable".into() } else { excerpt(name) };
            let line = self.source.line(open.at);
            let problem =
                format!("Opening and ending tag mismatch: {expected} line {line} and {found}");
            return Err(self.error(at + "</>".len() + name.len(), problem));
        }
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        if let Some(Open { element, .. }) = self.open.pop() {
            if self.open.is_empty() {
                self.root = Some(element);
            } else {
                self.append(Node::Element(element));
            }
        }
    }

    fn finish(mut self, at: usize) -> Result<Element> {
        if let Some(open) = self.open.last() {
            let (name, line) = (excerpt(&open.element.name), self.source.line(open.at));
            let problem = format!("Premature end of data in tag {name} line {line}");
            return Err(self.error(at, problem));
        }
        match self.root.take() {
            Some(root) => Ok(root),
            None if at == 0 => Err(self.error(at, "Document is empty")),
            None => Err(self.error(at, "Start tag expected, '<' not found")),
        }
    }

    fn check_element_name(&self, at: usize, name: &str) -> Result<()> {
        match name_len(name) {
            len if len == name.len() && len > 0 => Ok(()),
            0 => Err(self.error(at, "StartTag: invalid element name")),
            len => Err(self.error(at + len, "error parsing attribute name")),
        }
    }

    fn instruction(&mut self, at: usize, raw: &str) -> Result<()> {
        let target = &raw[..name_len(raw)];
        let problem = if target.is_empty() {
            "xmlParsePI : no target name".to_string()
        } else if target.eq_ignore_ascii_case("xml") {
            DECLARATION_PLACE.to_string()
        } else if raw[target.len()..].starts_with(|c| !is_space(c)) {
            format!("ParsePI: PI {} space expected", excerpt(target))
        } else {
            let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
            return self.leaf(at, Node::Instruction(raw));
        };
        Err(self.error(at + "<?".len(), problem))
    }

    /// The text is UTF-8 whatever it says of itself, so what it says must come to the same.
    fn declaration(&self, at: usize, raw: &str) -> Result<()> {
        if at != 0 {
            return Err(self.error(at + "<?xml".len(), DECLARATION_PLACE));
        }
        let raw = raw.strip_prefix("xml").unwrap_or(raw);
        let attributes = self.source.attributes(raw, at + "<?xml".len(), MAX_NODES)?;
        let mut attributes = attributes.iter().map(|a| (a.name.as_str(), a.value.as_str()));
        match attributes.next() {
            Some(("version", version)) if is_version_1(version) => {}
            Some(("version", version)) => {
                let problem = format!("Unsupported version '{}'", excerpt(version));
                return Err(self.error(at, problem));
            }
            _ => return Err(self.error(at, "Malformed declaration expecting version")),
        }
        for attribute in attributes {
            let problem = match attribute {
                ("standalone", "yes" | "no") => continue,
                ("standalone", _) => "standalone accepts only 'yes' or 'no'".to_string(),
                ("encoding", name) if name.eq_ignore_ascii_case("utf-8") => continue,
                ("encoding", name) if self.source.text.is_ascii() && extends_ascii(name) => {
                    continue;
                }
                ("encoding", name) => format!("Unsupported encoding {}", excerpt(name)),
                _ => "parsing XML declaration: '?>' expected".to_string(),
            };
            return Err(self.error(at, problem));
        }
        Ok(())
    }

    /// Before quick-xml looks into it: what is refused need not be parsed.
    fn refuse_doctype(&self, at: usize) -> Result<()> {
        match self.rest(at).as_bytes() {
            [b'<', b'!', b'D' | b'd', ..] => Err(self.error(at, DOCTYPE)),
            _ => Ok(()),
        }
    }

    /// What is wrong with the markup at `at`, of which quick-xml found no end.
    fn broken_markup(&self, at: usize, error: quick_xml::Error) -> Error {
        let end = self.source.text.len();
        match error {
            quick_xml::Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
                self.error(at, "Double hyphen within comment")
            }
            quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => {
                match self.inside_root(at).and_then(|()| self.source.reference(at)) {
                    Err(error) => error,
                    Ok(_) => self.error(at, "EntityRef: expecting ';'"),
                }
            }
            quick_xml::Error::Syntax(syntax) => match (syntax, self.rest(at)) {
                (SyntaxError::UnclosedComment, rest) if rest.starts_with("<!--") => {
                    self.error(end, "Comment not terminated")
                }
                (SyntaxError::UnclosedCData, rest) if rest.starts_with("<![CDATA[") => {
                    match self.inside_root(at) {
                        Err(error) => error,
                        Ok(()) => self.error(end, "CData section not finished"),
                    }
                }
                (SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl, rest) => {
                    let target = rest.get("<?".len()..).unwrap_or_default();
                    let target = excerpt(&target[..name_len(target)]);
                    self.error(end, format!("ParsePI: PI {target} never end ..."))
                }
                _ => self.unclosed_tag(at),
            },
            other => self.error(at, other),
        }
    }

    fn unclosed_tag(&self, at: usize) -> Error {
        let text = self.source.text;
        let rest = text.get(at + 1..).unwrap_or_default();
        if rest.starts_with('/') {
            return self.error(text.len(), "expected '>'");
        }
        let (name, behind) = rest.split_at(name_len(rest));
        if name.is_empty() {
            return self.error(at + 1, "StartTag: invalid element name");
        }
        if behind.starts_with(|c| !is_space(c)) {
            return self.error(at + 1 + name.len(), "error parsing attribute name");
        }
        if let Err(error) = self.source.attributes(behind, at + 1 + name.len(), MAX_NODES) {
            return error;
        }
        let line = self.source.line(at);
        let problem = format!("Couldn't find end of Start Tag {} line {line}", excerpt(name));
        self.error(text.len(), problem)
    }
}

/// A reader of XML 1.0 reads what says to be of any 1.x.
fn is_version_1(version: &str) -> bool {
    let is_number = |minor: &str| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit());
    version.strip_prefix("1.").is_some_and(is_number)
}

const DOCTYPE: &str = "Document type definitions are not accepted";
const DECLARATION_PLACE: &str = "XML declaration allowed only at the start of the document";

/// Removes the white space between elements. An element with words in it is left as it is, with
/// everything in it, and so is white space that stands alone in its element.
fn drop_white_space(root: &mut Element) {
    let mut pending = vec![root];
    while let Some(element) = pending.pop() {
        let means_something = |node: &Node| match node {
            Node::Text(text) => text.contains(|c| !is_space(c)),
            Node::CData(_) => true,
            _ => false,
        };
        if element.nodes.iter().any(means_something) {
            continue;
        }
        if element.nodes.iter().any(|node| !matches!(node, Node::Text(_))) {
            element.nodes.retain(|node| !matches!(node, Node::Text(_)));
        }
        pending.extend(element.nodes.iter_mut().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            _ => None,
        }));
    }
}

/// Whether an encoding of that name reads ASCII as what it is: no other is told apart from UTF-8
/// as long as a document has nothing but ASCII.
fn extends_ascii(encoding: &str) -> bool {
    let name = encoding.to_ascii_lowercase();
    matches!(name.as_str(), "ascii" | "us-ascii" | "latin1" | "utf8")
        || ["iso-8859-", "windows-125"].iter().any(|family| name.starts_with(family))
}
