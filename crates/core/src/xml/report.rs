//! Where in a document something is wrong: libvirt's message with the line's number, the line
//! itself and a pointer below it.

use std::fmt;

use virsparse_base::text::floor;

use crate::error::*;

/// How much of a line is shown on either side of the place.
const CONTEXT: usize = 80;

/// The document, and how messages name it.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub text: &'a str,
    /// As messages begin: a path, or `(what it is)`.
    pub what: &'a str,
    pub domain: virErrorDomain,
}

impl Document<'_> {
    /// The problem found at byte `at`.
    pub fn error(&self, at: usize, problem: impl fmt::Display) -> Error {
        let at = floor(self.text, at);
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[at..].find('\n').map_or(self.text.len(), |len| at + len);
        let from = floor(self.text, at.saturating_sub(CONTEXT)).max(line_start);
        let to = floor(self.text, at + CONTEXT).min(line_end);
        let context: String = self.text[from..to].chars().map(printable).collect();
        let pointer: String = self.text[from..at].chars().map(pointer_below).collect();
        let (what, line) = (self.what, self.line(at));
        let message = format!("{what}:{line}: {problem}\n{context}\n{pointer}^");
        Error::new(VIR_ERR_XML_DETAIL, self.domain, message)
    }

    /// The number of the line that byte `at` is in, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|&b| b == b'\n').count()
    }
}

fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '?' } else { c }
}

/// A tab below a tab keeps the pointer in line.
fn pointer_below(c: char) -> char {
    if c == '\t' { '\t' } else { '-' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, at: usize) -> String {
        Document { text, what: "(w)", domain: VIR_FROM_STORAGE }.error(at, "bad").message
    }

    #[test]
    fn the_pointer_stands_below_the_place() {
        assert_eq!(message("<a>\n<b\tc>\n</a>", 7), "(w):2: bad\n<b\tc>\n--\t^");
        assert_eq!(message("", 0), "(w):1: bad\n\n^");
        assert_eq!(message("a\n", 2), "(w):2: bad\n\n^");
        assert_eq!(message("a\n", 1), "(w):1: bad\na\n-^");
        assert_eq!(message("a", 99), "(w):1: bad\na\n-^");
    }

    #[test]
    fn long_lines_and_control_characters_do_not_fill_the_log() {
        let text = format!("{}\u{1}{}", "é".repeat(5000), "y".repeat(5000));
        let message = message(&text, 10_000);
        assert!(message.chars().count() < 300, "{message}");
        assert!(message.contains("é?y") && !message.contains('\u{1}'), "{message}");
    }
}
