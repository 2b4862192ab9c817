//! UUIDs as libvirt reads them.

use uuid::Uuid;

use super::syntax::is_c_space;

/// 16 bytes in hexadecimal, each of two digits that stand together. Hyphens and spaces may stand
/// before any byte, white space at either end; nothing else may.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let mut rest = text.trim_start_matches(is_c_space);
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        rest = rest.trim_start_matches(['-', ' ']);
        let digits = rest.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
        rest = &rest[2..];
    }
    rest.chars().all(is_c_space).then(|| Uuid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "7f307396-f344-4837-9dc5-110ce400d1b9";

    #[test]
    fn hyphens_and_spaces_are_optional() {
        for text in [
            UUID,
            "7F307396F34448379DC5110CE400D1B9",
            "\t7f307396-f344-4837-9dc5-110ce400d1b9 \n",
            " 7f30 7396-f344-4837-9dc5-110ce400d1b9",
            "--7f307396--f344 - 4837-9dc5-110ce400d1b9",
            " - 7f307396-f344-4837-9dc5-110ce400d1b9",
        ] {
            assert_eq!(parse_uuid(text).map(|u| u.to_string()).as_deref(), Some(UUID), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "x",
            "7f307396-f344-4837-9dc5-110ce400d1b",
            "7f307396-f344-4837-9dc5-110ce400d1b9a",
            "7f307396-f344-4837-9dc5-110ce400d1b9-",
            "7f307396-f344-4837-9dc5-110ce400d1b9 -",
            "7f30739-6f344-4837-9dc5-110ce400d1b9",
            "{7f307396-f344-4837-9dc5-110ce400d1b9}",
            "7f307396_f344-4837-9dc5-110ce400d1b9",
            "7f307396\tf344-4837-9dc5-110ce400d1b9",
            "+f307396-f344-4837-9dc5-110ce400d1b9",
            "é7f307396-f344-4837-9dc5-110ce400d1b9",
            "７f307396-f344-4837-9dc5-110ce400d1b9",
        ] {
            assert_eq!(parse_uuid(text), None, "{text:?}");
        }
    }
}
