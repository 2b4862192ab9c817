//! Which images a description of a disk refers to.

use std::path::Path;

use crate::block::Files;
use crate::xml::Element;

/// Whether a `<source>` in an element, or further in it, leads to the image. It is as deep as the chain
/// is long.
pub fn leads_to(element: &Element, files: &dyn Files, identity: (u64, u64)) -> bool {
    let source = element.child("source");
    let path = source.and_then(|source| source.attr("file").or_else(|| source.attr("dev")));
    let is_it = |path: &str| files.identity(Path::new(path)) == Ok(identity);
    path.is_some_and(is_it)
        || ["backingStore", "mirror"]
            .iter()
            .flat_map(|name| element.children(name))
            .any(|below| leads_to(below, files, identity))
}
