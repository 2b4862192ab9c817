//! Metadata: a title, a description, and elements of other programs, each in a namespace of its
//! own.

use super::config::definition::Definition;
use super::config::layout;
use super::events;
use super::impact::Impact;
use super::object::Domain;
use crate::enums::domain::virDomainMetadataType;
use crate::error::*;
use crate::event::broker::Payload;
use crate::xml::{self, Element, Node};

/// Which metadata: virDomainMetadataType.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Description,
    Title,
    /// The element of that namespace.
    Element(String),
}

impl Kind {
    fn number(&self) -> i32 {
        match self {
            Kind::Description => virDomainMetadataType::VIR_DOMAIN_METADATA_DESCRIPTION as i32,
            Kind::Title => virDomainMetadataType::VIR_DOMAIN_METADATA_TITLE as i32,
            Kind::Element(_) => virDomainMetadataType::VIR_DOMAIN_METADATA_ELEMENT as i32,
        }
    }
}

impl Domain {
    /// A piece of metadata.
    pub fn metadata(&self, kind: &Kind, flags: u32) -> Result<String> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let root = definition.root();
        let found = match kind {
            Kind::Description => root.text_of("description"),
            Kind::Title => root.text_of("title"),
            Kind::Element(uri) => {
                let metadata = root.child("metadata");
                metadata.and_then(|metadata| {
                    let element = metadata.elements().find(|e| is_of(e, metadata, root, uri))?;
                    Some(without_namespace(element.clone(), uri).to_plain_xml())
                })
            }
        };
        found.ok_or_else(|| {
            let text = "Requested metadata element is not present";
            Error::new(VIR_ERR_NO_DOMAIN_METADATA, VIR_FROM_DOMAIN, text)
        })
    }

    /// Sets a piece of metadata, or removes it. `key` is the prefix that an element is written
    /// with.
    pub fn set_metadata(
        &self,
        kind: &Kind,
        value: Option<&str>,
        key: Option<&str>,
        flags: u32,
    ) -> Result<()> {
        let element = match (kind, value) {
            (Kind::Element(uri), Some(text)) => {
                let element = xml::parse(text, "metadata_xml", VIR_FROM_DOMAIN)?;
                Some(with_namespace(element, key.unwrap_or_default(), uri)?)
            }
            _ => None,
        };
        let change = |definition: &Definition| {
            definition.changed(|root| match kind {
                Kind::Description => set_text(root, "description", value),
                Kind::Title => set_text(root, "title", value),
                Kind::Element(uri) => set_element(root, uri, element.as_ref()),
            })
        };
        // An event is told with the name that it has now.
        let domain = Domain::of(self.connect(), &self.entry()?);
        self.change_definition(flags, change, change)?;
        let uri = match kind {
            Kind::Element(uri) => Some(uri.clone()),
            _ => None,
        };
        domain.queue(events::METADATA_CHANGE, Payload::Metadata { kind: kind.number(), uri });
        self.connect().shared_events().deliver();
        Ok(())
    }
}

/// An empty text is none.
fn set_text(root: &mut Element, name: &str, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return root.remove_children(name);
    };
    layout::change(root, name, |element| *element = Element::new(name).with_text(text));
}

fn set_element(root: &mut Element, uri: &str, element: Option<&Element>) {
    let head = clone_head(root);
    if element.is_some() {
        layout::change(root, "metadata", |_| ());
    }
    let Some(metadata) = root.child_mut("metadata") else { return };
    let around = clone_head(metadata);
    metadata.nodes.retain(|node| match node {
        Node::Element(e) => !is_of(e, &around, &head, uri),
        _ => true,
    });
    if let Some(element) = element {
        metadata.push(element.clone());
    }
    if metadata.nodes.is_empty() {
        root.remove_children("metadata");
    }
}

fn clone_head(element: &Element) -> Element {
    let mut head = Element::new(element.name.clone());
    head.attributes = element.attributes.clone();
    head
}

fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// The attribute that declares a prefix, or the namespace of names without one.
fn declaration(prefix: Option<&str>) -> String {
    prefix.map_or("xmlns".to_string(), |prefix| format!("xmlns:{prefix}"))
}

/// Whether an element is in that namespace, which it or what it is in declares.
fn is_of(element: &Element, parent: &Element, root: &Element, uri: &str) -> bool {
    let declaration = declaration(prefix(&element.name));
    [element, parent, root].iter().find_map(|e| e.attr(&declaration)) == Some(uri)
}

/// The element as it would be written in no namespace: so libvirt shows it.
fn without_namespace(mut element: Element, uri: &str) -> Element {
    let of = prefix(&element.name).map(str::to_string);
    let declaration = declaration(of.as_deref());
    let mut pending = vec![&mut element];
    while let Some(element) = pending.pop() {
        if let (Some(of), Some((prefix, local))) = (&of, element.name.split_once(':'))
            && of == prefix
        {
            element.name = local.to_string();
        }
        element.attributes.retain(|a| !(a.name == declaration && a.value == uri));
        pending.extend(element.nodes.iter_mut().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            _ => None,
        }));
    }
    element
}

/// The element with what is in no namespace put into that one, under that prefix.
fn with_namespace(mut element: Element, key: &str, uri: &str) -> Result<Element> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !key.starts_with(|c: char| c.is_alphabetic() || c == '_') || !key.chars().all(plain) {
        let text = format!("'{}' is no prefix of a namespace", xml::excerpt(key));
        return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text));
    }
    if element.attr(&declaration(prefix(&element.name))).is_none() {
        let mut pending = vec![&mut element];
        while let Some(element) = pending.pop() {
            // What declares a namespace of its own is left alone, with all that is in it.
            if prefix(&element.name).is_some() || element.attr("xmlns").is_some() {
                continue;
            }
            element.name = format!("{key}:{}", element.name);
            pending.extend(element.nodes.iter_mut().filter_map(|node| match node {
                Node::Element(child) => Some(child),
                _ => None,
            }));
        }
    } else if element.attr(&declaration(prefix(&element.name))) != Some(uri) {
        // It would not be found again, nor removed.
        let text = format!("the metadata is not in the namespace '{}'", xml::excerpt(uri));
        return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text));
    }
    if element.attr(&declaration(prefix(&element.name))).is_none() {
        let name = declaration(prefix(&element.name));
        element.set_attr(&name, uri);
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(text: &str) -> Element {
        xml::parse(text, "metadata_xml", VIR_FROM_DOMAIN).unwrap()
    }

    #[test]
    fn elements_are_kept_in_a_namespace_and_shown_without() {
        let kept = with_namespace(element("<z q='1'><y/></z>"), "k", "urn:k").unwrap();
        let expected = element("<k:z q='1' xmlns:k='urn:k'><k:y/></k:z>");
        assert_eq!(kept, expected);
        assert_eq!(without_namespace(kept, "urn:k"), element("<z q='1'><y/></z>"));
        let own = element("<bar xmlns='urn:d'>t</bar>");
        assert_eq!(with_namespace(own.clone(), "k", "urn:d"), Ok(own.clone()));
        assert_eq!(without_namespace(own, "urn:d"), element("<bar>t</bar>"));
        assert!(with_namespace(element("<w:z xmlns:w='urn:w'/>"), "k", "urn:k").is_err());
        assert!(with_namespace(element("<z/>"), "a b", "urn:k").is_err());
    }

    #[test]
    fn elements_are_told_apart_by_namespace() {
        let text = "<domain><name>n</name></domain>";
        let mut root = element(text);
        for uri in ["urn:a", "urn:b", "urn:a"] {
            let new = with_namespace(element("<z/>"), "k", uri).unwrap();
            set_element(&mut root, uri, Some(&new));
        }
        assert_eq!(root.child("metadata").unwrap().elements().count(), 2);
        set_element(&mut root, "urn:a", None);
        set_element(&mut root, "urn:b", None);
        assert_eq!(root, element(text));
    }
}
