//! Numbers with units, as definitions give sizes: `<capacity unit='GiB'>10</capacity>`.

use crate::error::*;
use crate::xml::{Element, excerpt, is_c_space};

/// A whole number in C's notation: white space and a plus sign may stand before the digits and
/// nothing behind them. None for anything else and for what exceeds 64 bits.
pub fn whole_number(text: &str, radix: u32) -> Option<u64> {
    let digits = text.trim_start_matches(is_c_space);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    // The standard library would accept another sign.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// The number in bytes. Sizes must fit into a signed 64-bit number, as file offsets must.
///
/// Errors: VIR_ERR_INVALID_ARG for an unknown unit, VIR_ERR_OVERFLOW.
pub fn scaled(number: u64, unit: &str) -> Result<u64> {
    let Some(scale) = scale(unit) else {
        let problem = format!("unknown suffix '{}'", excerpt(unit));
        return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, problem));
    };
    number.checked_mul(scale).filter(|&bytes| bytes <= i64::MAX as u64).ok_or_else(|| {
        let problem = format!("value too large: {number}{unit}");
        Error::new(VIR_ERR_OVERFLOW, VIR_FROM_NONE, problem)
    })
}

/// How many bytes a unit is. The letter alone and with `iB` are powers of 1024, with `B` of 1000.
fn scale(unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_lowercase();
    if matches!(unit.as_str(), "" | "b" | "byte" | "bytes") {
        return Some(1);
    }
    let mut rest = unit.chars();
    let exponent = match rest.next()? {
        'k' => 1,
        'm' => 2,
        'g' => 3,
        't' => 4,
        'p' => 5,
        'e' => 6,
        _ => return None,
    };
    match rest.as_str() {
        "" | "ib" => 1024u64.checked_pow(exponent),
        "b" => 1000u64.checked_pow(exponent),
        _ => None,
    }
}

/// The bytes that an element's text and `unit` attribute stand for. libvirt calls every such
/// element a malformed capacity, and so do its clients' tests.
pub fn size(element: &Element) -> Result<u64> {
    let Some(number) = whole_number(&element.text(), 10) else {
        let problem = "malformed capacity element";
        return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, problem));
    };
    scaled(number, element.attr("unit").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn fails(number: u64, unit: &str, code: virErrorNumber, message: &str) {
        let error = scaled(number, unit).unwrap_err();
        assert_eq!((error.code, error.domain), (code, VIR_FROM_NONE));
        assert_eq!(error.message, message);
    }

    #[test]
    fn numbers_are_read_as_libvirt_reads_them() {
        for (text, number) in [
            ("5", 5),
            ("+5", 5),
            ("05", 5),
            (" 5", 5),
            ("\t\n 5", 5),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(whole_number(text, 10), Some(number), "{text:?}");
        }
        for text in [
            "",
            " ",
            "-5",
            "-0",
            "0x5",
            "5 ",
            "\n5\n",
            "5.0",
            "1e3",
            "5k",
            "+ 5",
            "++5",
            "+-5",
            "x",
            "٥",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            assert_eq!(whole_number(text, 10), None, "{text:?}");
        }
        assert_eq!(whole_number("0755", 8), Some(0o755));
        assert_eq!(whole_number("9", 8), None);
    }

    #[test]
    fn units_ignore_case() {
        for unit in ["", "b", "B", "byte", "Byte", "BYTES"] {
            assert_eq!(scaled(3, unit), Ok(3), "{unit:?}");
        }
        for (unit, bytes) in [
            ("k", 3 << 10),
            ("KIB", 3 << 10),
            ("kb", 3000),
            ("m", 3 << 20),
            ("MB", 3_000_000),
            ("G", 3 << 30),
            ("GiB", 3 << 30),
            ("T", 3 << 40),
            ("P", 3 << 50),
            ("e", 3 << 60),
            ("EB", 3_000_000_000_000_000_000),
        ] {
            assert_eq!(scaled(3, unit), Ok(bytes), "{unit:?}");
        }
    }

    #[test]
    fn unknown_units_are_refused_by_name() {
        for unit in
            ["xx", "Z", "ki", "KiBs", " K", "K ", "bb", "by", "iB", "s", "sector", "é", "kK"]
        {
            let message = format!("invalid argument: unknown suffix '{unit}'");
            fails(1, unit, VIR_ERR_INVALID_ARG, &message);
        }
        let error = scaled(1, &"x".repeat(100_000)).unwrap_err();
        assert!(error.message.len() < 400);
    }

    #[test]
    fn sizes_fit_into_a_file_offset() {
        assert_eq!(scaled(i64::MAX as u64, ""), Ok(i64::MAX as u64));
        assert_eq!(scaled(7, "E"), Ok(7 << 60));
        for (number, unit) in [
            (99, "E"),
            (8, "E"),
            (16, "e"),
            (10, "EB"),
            (8_388_608, "T"),
            (9_223_372_036_854_776, "KB"),
            (i64::MAX as u64 + 1, ""),
            (u64::MAX, "bytes"),
            (u64::MAX, "Eib"),
        ] {
            let message = format!("numerical overflow: value too large: {number}{unit}");
            fails(number, unit, VIR_ERR_OVERFLOW, &message);
        }
    }

    #[test]
    fn elements_carry_number_and_unit() {
        let element = Element::new("capacity").with_attr("unit", "KiB").with_text("2");
        assert_eq!(size(&element), Ok(2048));
        assert_eq!(size(&Element::new("capacity").with_text("2")), Ok(2));
        let error = size(&element.with_text("x")).unwrap_err();
        assert_eq!((error.code, error.domain), (VIR_ERR_XML_ERROR, VIR_FROM_STORAGE));
        assert_eq!(error.message, "XML error: malformed capacity element");
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_128_bits(
            number in prop_oneof![any::<u64>(), 0u64..20_000],
            letter in 0usize..6,
            form in 0usize..3,
        ) {
            let unit = format!("{}{}", &"KMGTPE"[letter..=letter], ["", "iB", "B"][form]);
            let base: u128 = if form == 2 { 1000 } else { 1024 };
            let bytes = u128::from(number) * base.pow(letter as u32 + 1);
            let expected = u64::try_from(bytes).ok().filter(|&bytes| bytes <= i64::MAX as u64);
            prop_assert_eq!(scaled(number, &unit).ok(), expected);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), unit in any::<String>()) {
            let element = Element::new("a").with_attr("unit", unit).with_text(text);
            let _ = size(&element);
        }

        #[test]
        fn printed_numbers_are_read(number in any::<u64>()) {
            prop_assert_eq!(whole_number(&number.to_string(), 10), Some(number));
            prop_assert_eq!(whole_number(&format!("+{number:o}"), 8), Some(number));
        }
    }
}
