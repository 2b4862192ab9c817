//! JSON as far as it is needed to read options: an object of texts, numbers and words, and of such objects.

/// Objects in each other, at most.
const DEPTH: usize = 8;
/// Options of one name, at most.
const MOST: usize = 64;

/// The members of an object, those of objects in it with the names of both and a dot between. Numbers and
/// words are texts. A list, or a name that comes twice, is an error.
pub fn flatten(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut reader = Reader { rest: text, found: Vec::new() };
    reader.object("", 0)?;
    reader.space();
    match reader.rest {
        "" => Ok(reader.found),
        _ => Err(malformed()),
    }
}

fn malformed() -> String {
    "it is not well-formed JSON".to_string()
}

struct Reader<'a> {
    rest: &'a str,
    found: Vec<(String, String)>,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn next_is(&mut self, token: char) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        if self.next_is(token) { Ok(()) } else { Err(malformed()) }
    }

    fn object(&mut self, prefix: &str, depth: usize) -> Result<(), String> {
        if depth >= DEPTH {
            return Err("its JSON is nested too deeply".to_string());
        }
        self.expect('{')?;
        if self.next_is('}') {
            return Ok(());
        }
        loop {
            self.space();
            let name = format!("{prefix}{}", self.string()?);
            self.expect(':')?;
            self.space();
            if self.rest.starts_with('{') {
                self.object(&format!("{name}."), depth + 1)?;
            } else {
                let value = self.value()?;
                if self.found.len() >= MOST || self.found.iter().any(|(other, _)| *other == name) {
                    return Err(malformed());
                }
                self.found.push((name, value));
            }
            if self.next_is('}') {
                return Ok(());
            }
            self.expect(',')?;
        }
    }

    fn value(&mut self) -> Result<String, String> {
        if self.rest.starts_with('"') {
            return self.string();
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let is_word = matches!(word, "true" | "false" | "null");
        if !is_word && !word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(malformed());
        }
        self.rest = rest;
        Ok(word.to_string())
    }

    fn string(&mut self) -> Result<String, String> {
        let mut chars = self.rest.strip_prefix('"').ok_or_else(malformed)?.chars();
        let mut text = String::new();
        loop {
            match chars.next().ok_or_else(malformed)? {
                '"' => break,
                '\\' => text.push(match chars.next().ok_or_else(malformed)? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => {
                        let digits: String = chars.by_ref().take(4).collect();
                        // Names beyond the first plane need no escapes: half a pair is refused.
                        let code = u32::from_str_radix(&digits, 16).ok();
                        code.filter(|_| digits.len() == 4)
                            .and_then(char::from_u32)
                            .ok_or_else(malformed)?
                    }
                    other @ ('"' | '\\' | '/') => other,
                    _ => return Err(malformed()),
                }),
                c if c < ' ' => return Err(malformed()),
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_with_the_names_around_them() {
        let text = r#" { "a" : {"b": "x\"\u00e4\n", "c": {"d": -1.5}}, "e":true , "f":{} } "#;
        let expected = [("a.b", "x\"ä\n"), ("a.c.d", "-1.5"), ("e", "true")];
        let expected = expected.map(|(name, value)| (name.to_string(), value.to_string()));
        assert_eq!(flatten(text), Ok(expected.to_vec()));
    }

    #[test]
    fn what_is_no_object_of_options_is_refused() {
        let deep = format!("{}1{}", "{\"a\":".repeat(9), "}".repeat(9));
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":[1]}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"",
            "{a:1}",
            "{\"a\":x}",
            &deep,
        ] {
            assert!(flatten(text).is_err(), "{text}");
        }
    }
}
