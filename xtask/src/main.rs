//! Makes what is derived from the C boundary's source files, and checks that it is fresh:
//!
//!     cargo run -p xtask -- headers [--check]    include/

mod headers;
mod source;
mod tree;

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
        _ => fail("usage: xtask headers [--check]"),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
