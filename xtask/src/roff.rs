//! The markup of manual pages: escapes, fonts, lists and examples.

use std::collections::BTreeSet;

/// A page in the making.
pub struct Roff<'a> {
    out: String,
    own: &'a str,
    names: &'a BTreeSet<&'a str>,
    /// The functions that the text mentions.
    mentioned: BTreeSet<&'a str>,
}

impl<'a> Roff<'a> {
    /// A page about `own`; mentions of others of `names` refer to their pages.
    pub fn new(own: &'a str, names: &'a BTreeSet<&'a str>) -> Self {
        Roff { out: String::new(), own, names, mentioned: BTreeSet::new() }
    }

    /// Adds a line that is roff already.
    pub fn raw(&mut self, line: &str) {
        self.out += line;
        self.out.push('\n');
    }

    /// Adds a paragraph: running text, a list of `- item`, or an indented example.
    pub fn paragraph(&mut self, text: &str) {
        if text.starts_with("    ") {
            self.raw(".RS 4\n.EX");
            for line in text.lines() {
                self.raw(&guarded(escape(line.strip_prefix("    ").unwrap_or(line))));
            }
            self.raw(".EE\n.RE");
            return;
        }
        for line in text.lines() {
            match line.strip_prefix("- ") {
                Some(item) => {
                    self.raw(".IP \\(bu 2");
                    self.text(item);
                }
                None => self.text(line.trim_start()),
            }
        }
    }

    /// Adds running text.
    pub fn text(&mut self, text: &str) {
        for line in text.lines() {
            let line = self.inline(line);
            self.raw(&line);
        }
    }

    /// The page, with references to what was mentioned.
    pub fn finish(mut self) -> String {
        let see: Vec<String> = self.mentioned.iter().map(|n| format!(".BR {n} (3)")).collect();
        if !see.is_empty() {
            self.raw(".SH SEE ALSO");
            self.raw(&see.join(",\n"));
        }
        self.out
    }

    /// `code` in bold, @parameters in italics, other functions as references.
    fn inline(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let len = if first == '`' {
                rest[1..].find('`').map_or(1, |end| end + 2)
            } else if first == '@' || is_word(first) {
                let end = rest[1..].find(|c| !is_word(c));
                end.map_or(rest.len(), |end| end + 1)
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(len);
            out += &self.token(token, after);
            rest = after;
        }
        guarded(out)
    }

    fn token(&mut self, token: &str, after: &str) -> String {
        let code = token.trim_matches('`');
        if let Some(name) = token.strip_prefix('@').filter(|name| !name.is_empty()) {
            return format!("\\fI{name}\\fR");
        }
        if code == self.own {
            return format!("\\fB{code}\\fR");
        }
        if let Some(name) = self.names.get(code) {
            self.mentioned.insert(name);
            let section = if after.starts_with('(') { "" } else { "(3)" };
            return format!("\\fB{name}\\fR{section}");
        }
        if token.len() > code.len() && !code.is_empty() {
            return format!("\\fB{}\\fR", escape(code));
        }
        // A minus, not a hyphen.
        if token == "-" && after.starts_with(|c: char| c.is_ascii_digit()) {
            return "\\-".to_string();
        }
        escape(token)
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

pub fn escape(text: &str) -> String {
    text.replace('\\', "\\e")
}

/// A line of text that begins like a request, but is none.
fn guarded(line: String) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_other_functions_are_referred_to() {
        let names = BTreeSet::from(["virFree", "virSend"]);
        let mut page = Roff::new("virSend", &names);
        page.paragraph(".virSend(`a\\b`) of @data is -1; see `virFree`.");
        assert_eq!(
            page.finish(),
            "\\&.\\fBvirSend\\fR(\\fBa\\eb\\fR) of \\fIdata\\fR is \\-1; see \\fBvirFree\\fR(3).\n\
             .SH SEE ALSO\n.BR virFree (3)\n"
        );
    }
}
