//! Tells the library whose version it is (`LIBVIRT_VERSION`), and turns `symbols.map` into its ABI: the
//! linker's version script, and one `.symver`
//! directive per exported symbol, which `src/lib.rs` assembles. The version script alone is not
//! enough: rustc exports under its own anonymous script, and only the directive binds a symbol to
//! its node.

use std::path::{Path, PathBuf};
use std::{env, fs};

use symbols_map::Symbol;

#[path = "build/libvirt_version.rs"]
mod libvirt_version;
#[path = "build/symbols_map.rs"]
mod symbols_map;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let map = root.join("symbols.map");
    println!("cargo:rerun-if-changed={}", map.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/symbols_map.rs");
    let version = root.join("LIBVIRT_VERSION");
    println!("cargo:rerun-if-changed={}", version.display());
    println!("cargo:rerun-if-changed=build/libvirt_version.rs");
    let version = fs::read_to_string(version).expect("LIBVIRT_VERSION is readable");
    println!("cargo:rustc-env=LIBVIRT_VERSION_NUMBER={}", libvirt_version::number(&version));

    let text = fs::read_to_string(&map).expect("symbols.map is readable");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("symver.s");
    write_if_changed(&out, &symver_directives(&text));

    // lld, because GNU ld refuses to combine named nodes with the anonymous script of rustc.
    for arg in [
        "-fuse-ld=lld".to_string(),
        format!("-Wl,--version-script={}", map.display()),
        "-Wl,-soname,libvirsparse.so.0".to_string(),
        // Worker threads and thread-local destructors make unloading unsafe.
        "-Wl,-z,nodelete".to_string(),
        "-Wl,-z,now".to_string(),
        "-Wl,-z,relro".to_string(),
    ] {
        println!("cargo:rustc-cdylib-link-arg={arg}");
    }
}

/// One `.symver NAME, NAME@@NODE` line per symbol of the released nodes. Functions of superseded
/// interfaces bind themselves where they are defined.
fn symver_directives(map: &str) -> String {
    symbols_map::parse(map)
        .iter()
        .filter(|symbol| !symbol.is_superseded())
        .map(|Symbol { name, node }| format!(".symver {name}, {name}@@{node}\n"))
        .collect()
}

fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).expect("OUT_DIR is writable");
    }
}
