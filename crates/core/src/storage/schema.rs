//! What is known of the descriptions of pools and volumes, for the VALIDATE flags.

use super::own_elements::NAMESPACE;
use crate::error::*;
use crate::xml::schema::{Known, NO_ATTRIBUTES, TEXT, check, invalid};
use crate::xml::{self, Element, Node};

const SIZE: &[&str] = &["unit"];

const PERMISSIONS: Known = Known(
    "permissions",
    NO_ATTRIBUTES,
    Some(&[
        Known("mode", NO_ATTRIBUTES, TEXT),
        Known("owner", NO_ATTRIBUTES, TEXT),
        Known("group", NO_ATTRIBUTES, TEXT),
        Known("label", NO_ATTRIBUTES, TEXT),
    ]),
);

const TIMESTAMPS: Known = Known(
    "timestamps",
    NO_ATTRIBUTES,
    Some(&[
        Known("atime", NO_ATTRIBUTES, TEXT),
        Known("mtime", NO_ATTRIBUTES, TEXT),
        Known("ctime", NO_ATTRIBUTES, TEXT),
        Known("btime", NO_ATTRIBUTES, TEXT),
    ]),
);

const FORMAT: Known = Known("format", &["type"], TEXT);
const PATH: Known = Known("path", NO_ATTRIBUTES, TEXT);

const VOLUME: Known = Known(
    "volume",
    &["type"],
    Some(&[
        Known("name", NO_ATTRIBUTES, TEXT),
        Known("key", NO_ATTRIBUTES, TEXT),
        Known("source", NO_ATTRIBUTES, None),
        Known("capacity", SIZE, TEXT),
        Known("allocation", SIZE, TEXT),
        Known("physical", SIZE, TEXT),
        Known(
            "target",
            NO_ATTRIBUTES,
            Some(&[
                PATH,
                FORMAT,
                PERMISSIONS,
                TIMESTAMPS,
                Known("encryption", &["format"], None),
                Known("compat", NO_ATTRIBUTES, TEXT),
                Known("clusterSize", SIZE, TEXT),
                Known("nocow", NO_ATTRIBUTES, TEXT),
                Known(
                    "features",
                    NO_ATTRIBUTES,
                    Some(&[
                        Known("lazy_refcounts", NO_ATTRIBUTES, TEXT),
                        Known("extended_l2", NO_ATTRIBUTES, TEXT),
                    ]),
                ),
            ]),
        ),
        Known("backingStore", NO_ATTRIBUTES, Some(&[PATH, FORMAT, PERMISSIONS, TIMESTAMPS])),
    ]),
);

const POOL: Known = Known(
    "pool",
    &["type"],
    Some(&[
        Known("name", NO_ATTRIBUTES, TEXT),
        Known("uuid", NO_ATTRIBUTES, TEXT),
        Known("capacity", SIZE, TEXT),
        Known("allocation", SIZE, TEXT),
        Known("available", SIZE, TEXT),
        Known("features", NO_ATTRIBUTES, None),
        Known("source", NO_ATTRIBUTES, None),
        Known("target", NO_ATTRIBUTES, Some(&[PATH, PERMISSIONS])),
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
        check(element, &Known("compression", &["type"], TEXT))?;
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
