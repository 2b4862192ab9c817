//! Sets of NUMA nodes, as libvirt writes them: `0-3,^2,8`.

use std::collections::BTreeSet;

use crate::error::*;
use crate::xml::{excerpt, is_c_space};

/// No node has a number that is higher: a set cannot be made to take all memory.
const HIGHEST: u32 = 65535;

/// The nodes of a text, which may be none. What follows takes precedence: `^2` takes one out that
/// was put in before.
pub fn parse(text: &str) -> Result<BTreeSet<u32>> {
    let mut nodes = BTreeSet::new();
    for part in text.split(',') {
        let part = part.trim_matches(is_c_space);
        let (part, out) = match part.strip_prefix('^') {
            Some(part) => (part, true),
            None => (part, false),
        };
        let range = match part.split_once('-') {
            Some((first, last)) if !out => number(first).zip(number(last)),
            _ => number(part).map(|number| (number, number)),
        };
        match range.filter(|(first, last)| first <= last) {
            Some((node, _)) if out => drop(nodes.remove(&node)),
            Some((first, last)) => nodes.extend(first..=last),
            None => {
                let text = format!("Failed to parse bitmap '{}'", excerpt(text));
                return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text));
            }
        }
    }
    Ok(nodes)
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= HIGHEST)
}

/// The text of a set, as short as can be.
pub fn format(nodes: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &node in nodes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == node => *last = node,
            _ => ranges.push((node, node)),
        }
    }
    let text = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
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
        ] {
            assert_eq!(parse(text).map(|nodes| format(&nodes)).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "x", "3-1", "0-", "1,,2", "-1", "4294967296", "+1", "1-2-3"] {
            assert_eq!(parse(text).unwrap_err().code, VIR_ERR_INVALID_ARG, "{text}");
        }
    }
}
