//! Why a domain that ran in this boot does not run any more, as it is kept for all processes of the root.

use crate::domain::machine::condition::{Condition, State};
use crate::error::*;
use crate::xml::{self, Element};

pub fn to_xml(off: Condition) -> String {
    Element::new("off").with_attr("reason", off.reason).to_xml()
}

pub fn parse(text: &str) -> Result<Condition> {
    let root = xml::parse_stored(text, "domain_off", VIR_FROM_DOMAIN)?;
    let reason = root.attr("reason").and_then(|text| text.parse::<i32>().ok());
    let missing = || Error::internal(VIR_FROM_DOMAIN, "no reason why it does not run");
    Ok(Condition { state: State::Shutoff, reason: reason.ok_or_else(missing)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_comes_back() {
        for off in [Condition::SHUT_DOWN, Condition::CRASHED, Condition::OFF_FOR_SNAPSHOT] {
            assert_eq!(parse(&to_xml(off)), Ok(off));
        }
        for text in ["", "<off/>", "<off reason='x'/>", "<off reason='1'>"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
