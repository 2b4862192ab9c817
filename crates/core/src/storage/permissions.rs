//! Mode, owner and group of a pool's directory or a volume's file.

use crate::error::*;
use crate::units::whole_number;
use crate::xml::Element;

/// What a definition asks for, or what a file has. What is None is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The nine bits for owner, group and others.
    pub mode: Option<u32>,
    /// The owner's user id.
    pub owner: Option<u32>,
    /// The group's id.
    pub group: Option<u32>,
    /// The security label.
    pub label: Option<String>,
}

impl Permissions {
    /// Reads the `<permissions>` in `parent`, if there is one.
    pub fn parse(parent: &Element) -> Result<Permissions> {
        let Some(element) = parent.child("permissions") else {
            return Ok(Permissions::default());
        };
        Ok(Permissions {
            mode: element.text_of("mode").map(|text| mode(&text)).transpose()?,
            owner: element.child("owner").map(|e| id(&e.text(), "owner")).transpose()?.flatten(),
            group: element.child("group").map(|e| id(&e.text(), "group")).transpose()?.flatten(),
            label: element.text_of("label"),
        })
    }

    /// The element, unless there is nothing to say.
    pub fn to_element(&self) -> Option<Element> {
        if *self == Permissions::default() {
            return None;
        }
        let mut element = Element::new("permissions");
        if let Some(mode) = self.mode {
            element.push(Element::new("mode").with_text(format_args!("0{mode:o}")));
        }
        if let Some(owner) = self.owner {
            element.push(Element::new("owner").with_text(owner));
        }
        if let Some(group) = self.group {
            element.push(Element::new("group").with_text(group));
        }
        if let Some(label) = &self.label {
            element.push(Element::new("label").with_text(label));
        }
        Some(element)
    }
}

fn mode(text: &str) -> Result<u32> {
    let mode = whole_number(text, 8).and_then(|mode| u32::try_from(mode).ok());
    mode.filter(|mode| mode & !0o777 == 0).ok_or_else(|| malformed("octal mode"))
}

/// chown's -1, in either notation, says nothing.
fn id(text: &str, element: &str) -> Result<Option<u32>> {
    if text.trim_start() == "-1" {
        return Ok(None);
    }
    match whole_number(text, 10).map(u32::try_from) {
        Some(Ok(u32::MAX)) => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        _ => Err(malformed(&format!("{element} element"))),
    }
}

fn malformed(what: &str) -> Error {
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, format!("malformed {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn parsed(inside: &str) -> Result<Permissions> {
        let text = format!("<target><permissions>{inside}</permissions></target>");
        Permissions::parse(&parse(&text, "w", VIR_FROM_STORAGE).unwrap())
    }

    fn said(mode: Option<u32>, owner: Option<u32>, group: Option<u32>) -> Permissions {
        Permissions { mode, owner, group, label: None }
    }

    #[test]
    fn what_is_said_is_read_and_the_rest_left_open() {
        let all = "<mode>0644</mode><owner>5</owner><group>010</group>";
        assert_eq!(parsed(all), Ok(said(Some(0o644), Some(5), Some(10))));
        assert_eq!(parsed(""), Ok(Permissions::default()));
        assert_eq!(parsed("<mode/><owner>-1</owner>"), Ok(Permissions::default()));
        assert_eq!(parsed("<group>4294967295</group>"), Ok(Permissions::default()));
        assert_eq!(parsed("<owner>4294967294</owner>"), Ok(said(None, Some(u32::MAX - 1), None)));
        assert_eq!(parsed("<mode> 7</mode>"), Ok(said(Some(7), None, None)));
        assert_eq!(parsed("<label>sys:x</label>").unwrap().label.as_deref(), Some("sys:x"));
        assert_eq!(Permissions::parse(&Element::new("target")), Ok(Permissions::default()));
    }

    #[test]
    fn malformed_values_are_refused() {
        for (inside, problem) in [
            ("<mode>9</mode>", "octal mode"),
            ("<mode>x</mode>", "octal mode"),
            ("<mode>-1</mode>", "octal mode"),
            ("<mode>02755</mode>", "octal mode"),
            ("<mode>755 </mode>", "octal mode"),
            ("<mode>0o755</mode>", "octal mode"),
            ("<mode>777777777777</mode>", "octal mode"),
            ("<owner>abc</owner>", "owner element"),
            ("<owner/>", "owner element"),
            ("<owner>-2</owner>", "owner element"),
            ("<owner>0x10</owner>", "owner element"),
            ("<owner>5 </owner>", "owner element"),
            ("<owner>4294967296</owner>", "owner element"),
            ("<group>x</group>", "group element"),
        ] {
            let error = parsed(inside).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_XML_ERROR, VIR_FROM_STORAGE));
            assert_eq!(error.message, format!("XML error: malformed {problem}"), "{inside}");
        }
    }

    #[test]
    fn only_what_is_known_is_written() {
        assert!(Permissions::default().to_element().is_none());
        let element = said(Some(0o711), Some(0), None).to_element().unwrap();
        let written = "<permissions>\n  <mode>0711</mode>\n  <owner>0</owner>\n</permissions>\n";
        assert_eq!(element.to_xml(), written);
        let element = said(Some(0), None, None).to_element().unwrap();
        assert_eq!(element.text_of("mode").as_deref(), Some("00"));
    }
}
