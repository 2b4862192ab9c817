//! Makes what is derived from the C boundary's source files, and checks that it is fresh:
//!
//! ```text
//! cargo run -p xtask -- headers [--check]          include/
//! cargo run -p xtask -- compatibility [--check]    the list in docs/compatibility.md
//! cargo run -p xtask -- doc --check                every function in a header is documented
//! cargo run -p xtask -- man DIR                    manual pages
//! cargo run -p xtask -- abi DIR                    C files that compare us with libvirt's
//!                                                  headers
//! ```

mod abi;
mod compatibility;
mod doc;
mod headers;
mod layout;
#[path = "../../build/libvirt_version.rs"]
mod libvirt_version;
mod man;
mod newer;
mod roff;
mod source;
#[path = "../../build/symbols_map.rs"]
mod symbols_map;
mod tree;
mod unsupported;

use std::path::Path;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(text.into().into())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = tree::root();
    let result = match arguments[..] {
        ["headers"] => headers::run(&root, false),
        ["headers", "--check"] => headers::run(&root, true),
        ["compatibility"] => compatibility::run(&root, false),
        ["compatibility", "--check"] => compatibility::run(&root, true),
        ["doc", "--check"] => doc::check(&root),
        ["man", directory] => man::run(&root, Path::new(directory)),
        ["abi", directory] => abi::run(&root, Path::new(directory)),
        _ => fail(
            "usage: xtask headers [--check] | compatibility [--check] | doc --check | man DIR | \
             abi DIR",
        ),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
