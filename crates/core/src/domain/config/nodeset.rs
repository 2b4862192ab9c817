//! Sets of NUMA nodes or CPUs, as libvirt writes them: `0-3,^2,8`.

use std::fmt;

use crate::error::*;
use crate::xml::excerpt;

/// How many nodes there can be.
const MOST: usize = 16384;

/// The longest text, which bounds how often a node can be put in and taken out.
const LONGEST: usize = 32768;

/// Which nodes are in a set, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSet(Vec<bool>);

impl NodeSet {
    /// The set of a text, which may be empty. What follows takes precedence: `^2` takes out what
    /// was put in before.
    pub fn parse(text: &str) -> Result<NodeSet> {
        let mut nodes = vec![false; MOST];
        let trimmed = text.trim_matches(is_space);
        // One comma may stand at the end.
        let list = trimmed.strip_suffix(',').unwrap_or(trimmed);
        let parsed = text.len() <= LONGEST
            && list.split(',').all(|part| {
                let part = part.trim_matches(is_space);
                let (range, is_in) = match part.strip_prefix('^') {
                    Some(out) => (number(out).map(|node| (node, node)), false),
                    None => (range(part), true),
                };
                let range = range.and_then(|(first, last)| nodes.get_mut(first..=last));
                range.map(|nodes| nodes.fill(is_in)).is_some()
            });
        if !parsed {
            let text = format!("Failed to parse bitmap '{}'", excerpt(text));
            return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text));
        }
        Ok(NodeSet(nodes))
    }

    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// Of each number whether it is in, up to the last that is.
    pub fn into_flags(self) -> Vec<bool> {
        let NodeSet(mut flags) = self;
        flags.truncate(flags.iter().rposition(|is_in| *is_in).map_or(0, |last| last + 1));
        flags
    }
}

/// Not all that C calls a space.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace()
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => {
            (first.trim_end_matches(is_space), last.trim_start_matches(is_space))
        }
        None => (text, text),
    };
    number(first).zip(number(last)).filter(|(first, last)| first <= last)
}

fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number < MOST)
}

/// The text of the set, as short as can be.
impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (node, _) in self.0.iter().enumerate().filter(|(_, is_in)| **is_in) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == node => *last = node,
                _ => ranges.push((node, node)),
            }
        }
        for (index, (first, last)) in ranges.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of libvirt 9.0.
    #[test]
    fn sets_are_read_as_libvirt_reads_them() {
        for (text, expected) in [
            ("0-3,^2", "0-1,3"),
            ("1024", "1024"),
            (" 0 , 2 ", "0,2"),
            ("0,0-2", "0-2"),
            ("5,4,3", "3-5"),
            ("0,^0", ""),
            ("^1", ""),
            ("0-3,", "0-3"),
            (" 0 , ", "0"),
            ("0 - 2", "0-2"),
            ("16383", "16383"),
        ] {
            assert_eq!(
                NodeSet::parse(text).map(|nodes| nodes.to_string()).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        for text in [
            "",
            ",",
            "x",
            "3-1",
            "0-",
            "1,,2",
            "1,,",
            ",0",
            "-1",
            "16384",
            "4294967296",
            "+1",
            "1-2-3",
            "0-3,^ 1",
            "0 1",
            "1\u{b}",
        ] {
            assert_eq!(NodeSet::parse(text).unwrap_err().code, VIR_ERR_INVALID_ARG, "{text}");
        }
    }

    #[test]
    fn a_text_takes_no_more_time_than_its_length_allows() {
        let text = "0-16383,".repeat(LONGEST / 8 - 1) + "16383";
        assert_eq!(NodeSet::parse(&text).map(|nodes| nodes.to_string()).as_deref(), Ok("0-16383"));
        let text = "0,".repeat(LONGEST / 2) + "0";
        assert_eq!(NodeSet::parse(&text).unwrap_err().code, VIR_ERR_INVALID_ARG);
    }
}
