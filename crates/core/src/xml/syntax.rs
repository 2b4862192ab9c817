//! The characters and names of XML 1.0, and C's white space.

/// White space between the parts of markup.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What C's isspace() accepts: libvirt skips it where it reads numbers.
pub fn is_c_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// A character that may stand in a document.
pub fn is_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// How many bytes at the start of the text are a name; 0 when there is none.
pub fn name_len(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    text.find(|c| !is_name_char(c)).unwrap_or(text.len())
}

fn is_name_start(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{b7}'
            | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_xml_says() {
        assert_eq!(name_len("a:b-c.1 x"), 7);
        assert_eq!(name_len("é=''"), 2);
        for none in ["", "1a", "-a", ".", " a", "\u{b7}", "&"] {
            assert_eq!(name_len(none), 0, "{none:?}");
        }
    }

    #[test]
    fn control_characters_and_noncharacters_are_not_xml() {
        assert!("\t\n\r ~\u{7f}\u{85}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}".chars().all(is_char));
        assert!(!"\0\u{1}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}".chars().any(is_char));
    }
}
