//! What is known of the descriptions of pools and volumes, for the VALIDATE flags.

use super::own_elements::NAMESPACE;
use crate::error::*;
use crate::xml::schema::{ElementSchema, NO_ATTRIBUTES, TEXT, check, invalid};
use crate::xml::{self, Element, Node};

const SIZE: &[&str] = &["unit"];

const PERMISSIONS: ElementSchema = ElementSchema(
    "permissions",
    NO_ATTRIBUTES,
    Some(&[
        ElementSchema("mode", NO_ATTRIBUTES, TEXT),
        ElementSchema("owner", NO_ATTRIBUTES, TEXT),
        ElementSchema("group", NO_ATTRIBUTES, TEXT),
        ElementSchema("label", NO_ATTRIBUTES, TEXT),
    ]),
);

const TIMESTAMPS: ElementSchema = ElementSchema(
    "timestamps",
    NO_ATTRIBUTES,
    Some(&[
        ElementSchema("atime", NO_ATTRIBUTES, TEXT),
        ElementSchema("mtime", NO_ATTRIBUTES, TEXT),
        ElementSchema("ctime", NO_ATTRIBUTES, TEXT),
        ElementSchema("btime", NO_ATTRIBUTES, TEXT),
    ]),
);

const FORMAT: ElementSchema = ElementSchema("format", &["type"], TEXT);
const PATH: ElementSchema = ElementSchema("path", NO_ATTRIBUTES, TEXT);

const VOLUME: ElementSchema = ElementSchema(
    "volume",
    &["type"],
    Some(&[
        ElementSchema("name", NO_ATTRIBUTES, TEXT),
        ElementSchema("key", NO_ATTRIBUTES, TEXT),
        ElementSchema("source", NO_ATTRIBUTES, None),
        ElementSchema("capacity", SIZE, TEXT),
        ElementSchema("allocation", SIZE, TEXT),
        ElementSchema("physical", SIZE, TEXT),
        ElementSchema(
            "target",
            NO_ATTRIBUTES,
            Some(&[
                PATH,
                FORMAT,
                PERMISSIONS,
                TIMESTAMPS,
                ElementSchema("encryption", &["format"], None),
                ElementSchema("compat", NO_ATTRIBUTES, TEXT),
                ElementSchema("clusterSize", SIZE, TEXT),
                ElementSchema("nocow", NO_ATTRIBUTES, TEXT),
                ElementSchema(
                    "features",
                    NO_ATTRIBUTES,
                    Some(&[
                        ElementSchema("lazy_refcounts", NO_ATTRIBUTES, TEXT),
                        ElementSchema("extended_l2", NO_ATTRIBUTES, TEXT),
                    ]),
                ),
            ]),
        ),
        ElementSchema(
            "backingStore",
            NO_ATTRIBUTES,
            Some(&[PATH, FORMAT, PERMISSIONS, TIMESTAMPS]),
        ),
    ]),
);

const POOL: ElementSchema = ElementSchema(
    "pool",
    &["type"],
    Some(&[
        ElementSchema("name", NO_ATTRIBUTES, TEXT),
        ElementSchema("uuid", NO_ATTRIBUTES, TEXT),
        ElementSchema("capacity", SIZE, TEXT),
        ElementSchema("allocation", SIZE, TEXT),
        ElementSchema("available", SIZE, TEXT),
        ElementSchema("features", NO_ATTRIBUTES, None),
        ElementSchema("source", NO_ATTRIBUTES, None),
        ElementSchema("target", NO_ATTRIBUTES, Some(&[PATH, PERMISSIONS])),
    ]),
);

/// Refuses a volume's description with anything unknown, or without a target.
pub fn check_volume(text: &str) -> Result<()> {
    let mut root = xml::parse(text, "storage_volume_definition", VIR_FROM_STORAGE)?;
    let Some(target) = root.child("target") else {
        return Err(invalid("Expecting an element target, got nothing"));
    };
    let own = |element: &Element| element.is_in(NAMESPACE, "compression", &[target, &root]);
    for element in target.elements().filter(|element| own(element)) {
        check(element, &ElementSchema("compression", &["type"], TEXT))?;
    }
    let others = |node: &Node| !matches!(node, Node::Element(element) if own(element));
    let nodes = target.nodes.iter().filter(|node| others(node)).cloned().collect();
    if let Some(target) = root.child_mut("target") {
        target.nodes = nodes;
    }
    check(&root, &VOLUME)
}

/// Refuses a pool's description with anything unknown.
pub fn check_pool(text: &str) -> Result<()> {
    check(&xml::parse(text, "storage_pool_definition", VIR_FROM_STORAGE)?, &POOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unknown_is_refused_wherever_it_is() {
        let good = "<volume><name>a</name><capacity unit='M'>1</capacity>\
                    <target><format type='raw'/></target></volume>";
        check_volume(good).unwrap();
        for bad in [
            "<volume><name>a</name></volume>",
            "<volume><target/><nmae>a</nmae></volume>",
            "<volume><target><format typ='raw'/></target></volume>",
            "<volume><target><features><x/></features></target></volume>",
        ] {
            assert_eq!(check_volume(bad).unwrap_err().code, VIR_ERR_XML_INVALID_SCHEMA, "{bad}");
        }
        let own = |inside: &str| {
            check_volume(&format!(
                "<volume xmlns:s='urn:virsparse:volume:1'><target>{inside}</target></volume>"
            ))
        };
        own("<s:compression type='zstd'/>").unwrap();
        own("<compression xmlns='urn:virsparse:volume:1' type='zstd'/>").unwrap();
        assert!(own("<s:compression level='9'/>").is_err());
        assert!(own("<s:compression><x/></s:compression>").is_err());
        assert!(own("<s:other/>").is_err());
        check_pool("<pool type='dir'><name>p</name><target><path>/p</path></target></pool>")
            .unwrap();
        assert!(check_pool("<pool type='dir'><nam>p</nam></pool>").is_err());
    }
}
