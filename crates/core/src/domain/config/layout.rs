//! Where elements go in a definition that do not have a place in it yet: libvirt's order.

use std::fmt;

use crate::xml::{Element, Node};

const ORDER: [&str; 28] = [
    "name",
    "uuid",
    "genid",
    "title",
    "description",
    "metadata",
    "maxMemory",
    "memory",
    "currentMemory",
    "blkiotune",
    "memtune",
    "memoryBacking",
    "vcpu",
    "vcpus",
    "iothreads",
    "iothreadids",
    "cputune",
    "numatune",
    "resource",
    "sysinfo",
    "bootloader",
    "os",
    "features",
    "cpu",
    "clock",
    "on_poweroff",
    "on_reboot",
    "on_crash",
];

/// Changes the element of that name, or adds it.
pub fn change(root: &mut Element, name: &str, change: impl FnOnce(&mut Element)) {
    if let Some(element) = root.child_mut(name) {
        return change(element);
    }
    let mut element = Element::new(name);
    change(&mut element);
    let before = ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    let is_before = |node: &Node| match node {
        Node::Element(e) => ORDER[..before].contains(&e.name.as_str()),
        _ => false,
    };
    let behind = root.nodes.iter().rposition(is_before).map_or(0, |index| index + 1);
    root.nodes.insert(behind, Node::Element(element));
}

/// Puts a text in the place of what is in an element.
pub fn set_text(element: &mut Element, text: impl fmt::Display) {
    element.nodes = vec![Node::Text(text.to_string())];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::VIR_FROM_DOMAIN;

    fn element(text: &str) -> Element {
        crate::xml::parse(text, "domain_definition", VIR_FROM_DOMAIN).unwrap()
    }

    #[test]
    fn what_is_new_stands_where_libvirt_writes_it() {
        let mut root = element("<domain><memory/><name/><os/><devices/></domain>");
        for name in ["on_crash", "vcpu", "title", "on_reboot"] {
            change(&mut root, name, |e| set_text(e, 1));
        }
        change(&mut root, "memory", |e| e.set_attr("unit", "KiB"));
        let expected = "<domain><memory unit='KiB'/><name/><title>1</title><vcpu>1</vcpu><os/>\
                        <on_reboot>1</on_reboot><on_crash>1</on_crash><devices/></domain>";
        assert_eq!(root, element(expected));
    }

    #[test]
    fn what_has_nothing_before_it_comes_first() {
        let mut root = element("<domain><devices/></domain>");
        change(&mut root, "memory", |_| ());
        assert_eq!(root, element("<domain><memory/><devices/></domain>"));
    }
}
