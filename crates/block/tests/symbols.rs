//! A Rust program that uses this crate, as this test is one, exports no function of libvirt's: calls of a
//! program that links libvirt as well go to that.

use object::{Object, ObjectSymbol};
use virsparse_block::{MemoryNode, Node};

#[test]
fn a_program_exports_no_symbol_of_libvirt() {
    // Something of the crate is used, so it is linked.
    assert_eq!(MemoryNode::new("memory", 512).length(), Ok(512));
    let program = std::env::current_exe().expect("the path of this program");
    let bytes = std::fs::read(program).expect("read this program");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let exported: Vec<&str> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| symbol.name().ok())
        .filter(|name| name.starts_with("vir"))
        .collect();
    assert!(exported.is_empty(), "{exported:?}");
    assert!(file.dynamic_symbols().count() > 0, "no dynamic symbols were found at all");
}
