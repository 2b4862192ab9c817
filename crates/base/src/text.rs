//! Parts of texts that others have written, as messages repeat them.

use std::borrow::Cow;

/// How much of a caller's text a message repeats. Every valid name fits.
const EXCERPT: usize = 256;

/// The text as a message may repeat it: cut where a hostile one would fill the log.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= EXCERPT {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}...", &text[..floor(text, EXCERPT)]))
}

/// The character boundary at or before `at`.
pub fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt("short"), "short");
        let long = excerpt(&"é".repeat(4096)).into_owned();
        assert_eq!(long, format!("{}...", "é".repeat(128)));
        assert_eq!(excerpt(&format!("a{}", "é".repeat(4096))).chars().count(), 1 + 127 + 3);
    }
}
