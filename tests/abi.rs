//! Reads the built library as the loader does: the exported symbols, their version nodes, and the
//! loader flags. No compiler reports it when these break.
//!
//! `VIRSPARSE_LIBRARY` names another build to read, such as an installed one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn, ElfFile64, ProgramHeader, Sym};

#[path = "../build/symbols_map.rs"]
mod symbols_map;

/// The library under test. Cargo puts it beside the folder of the test programs.
fn ours() -> PathBuf {
    env::var_os("VIRSPARSE_LIBRARY").map(PathBuf::from).unwrap_or_else(|| {
        let program = env::current_exe().expect("the test's own path");
        program.parent().expect("it is in a folder").join("libvirsparse.so")
    })
}

/// Symbols of `symbols.map`, written as `nm` writes them: `name@@node`, or `name@node` for one
/// that is only found by who asks for its node.
fn promised() -> BTreeSet<String> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("symbols.map");
    let symbols = symbols_map::parse(&fs::read_to_string(map).expect("symbols.map is readable"));
    let versioned = symbols.iter().map(|symbol| {
        let at = if symbol.is_superseded() { "@" } else { "@@" };
        format!("{}{at}{}", symbol.name, symbol.node)
    });
    versioned.collect()
}

/// Runs `f` on the library at `path`.
fn read<R>(path: &Path, f: impl FnOnce(&ElfFile64) -> R) -> R {
    let data = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    f(&ElfFile64::parse(&*data).expect("an ELF file"))
}

/// Every symbol that the library gives to others, written as in [`promised`].
fn exported(path: &Path) -> BTreeSet<String> {
    read(path, |file| {
        let endian = file.endian();
        let symbols = file.elf_dynamic_symbol_table();
        let versions = file.elf_section_table().versions(endian, file.data()).expect("readable");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut exported = BTreeSet::new();
        for (index, symbol) in symbols.enumerate() {
            // GNU ld makes an absolute symbol for each node; those are no interface.
            if symbol.is_undefined(endian) || symbol.st_shndx(endian) == elf::SHN_ABS {
                continue;
            }
            let name = text(symbol.name(endian, symbols.strings()).expect("a name"));
            let versions = versions.as_ref().expect("a table of versions");
            let version = versions.version_index(endian, index);
            let node = versions.version(version).expect("a valid version").map(|v| text(v.name()));
            let at = if version.is_hidden() { "@" } else { "@@" };
            exported.insert(node.map_or(name.clone(), |node| format!("{name}{at}{node}")));
        }
        exported
    })
}

/// The value of an entry of the dynamic section.
fn dynamic(file: &ElfFile64, tag: u32) -> Option<u64> {
    let endian = file.endian();
    let section = file.elf_section_table().dynamic(endian, file.data()).expect("readable");
    let (entries, _) = section.expect("a dynamic section");
    entries.iter().find(|entry| entry.tag32(endian) == Some(tag)).map(|entry| entry.d_val(endian))
}

#[test]
fn exported_symbols_are_those_of_symbols_map_in_their_nodes() {
    let (promised, exported) = (promised(), exported(&ours()));
    let lost: Vec<_> = promised.difference(&exported).collect();
    let leaked: Vec<_> = exported.difference(&promised).collect();
    assert!(lost.is_empty(), "not exported: {lost:?}");
    assert!(leaked.is_empty(), "exported, but not in symbols.map: {leaked:?}");
}

#[test]
#[ignore = "LIBVIRT_LIBRARY must name libvirt's own library; make check does"]
fn libvirts_version_nodes_hold_only_its_symbols() {
    let (mut ours, theirs) = (of_libvirts_nodes(exported(&ours())), of_libvirts_nodes(libvirts()));
    // It may be older than what ours is made after.
    let nodes: BTreeSet<_> = theirs.iter().map(|symbol| node(symbol)).collect();
    ours.retain(|symbol| nodes.contains(node(symbol)));
    let wrong: Vec<_> = ours.difference(&theirs).collect();
    assert!(wrong.is_empty(), "libvirt has these elsewhere or not at all: {wrong:?}");
}

/// The node of `name@@node`.
fn node(symbol: &str) -> &str {
    symbol.rsplit('@').next().expect("never empty")
}

#[test]
#[ignore = "LIBVIRT_LIBRARY must name libvirt's own library; make check does"]
fn all_symbols_of_the_installed_libvirt_are_exported() {
    let (ours, theirs) = (of_libvirts_nodes(exported(&ours())), of_libvirts_nodes(libvirts()));
    assert!(theirs.len() > 500, "libvirt exports only {}", theirs.len());
    let lost: Vec<_> = theirs.difference(&ours).collect();
    assert!(lost.is_empty(), "a client that needs one of these is not loaded: {lost:?}");
}

/// What libvirt 12.9.0 exports, and how much of it older releases do: a client that was built with one
/// of these is refused by the loader when a node is missing, even if it calls nothing of that.
const SYMBOLS: &str = include_str!("abi/libvirt-12.9.0.symbols");
const RELEASES: [([u32; 3], usize); 3] = [([9, 0, 0], 517), ([11, 3, 0], 525), ([12, 9, 0], 526)];

#[test]
fn all_symbols_of_released_libvirts_are_exported() {
    let ours = of_libvirts_nodes(exported(&ours()));
    for (release, count) in RELEASES {
        let theirs = of_release(release);
        assert_eq!(theirs.len(), count, "symbols of libvirt {release:?}");
        let lost: Vec<_> = theirs.difference(&ours).collect();
        assert!(lost.is_empty(), "libvirt {release:?} exports {lost:?}");
    }
    let (newest, _) = RELEASES[RELEASES.len() - 1];
    let theirs = of_release(newest);
    let wrong: Vec<_> = ours.difference(&theirs).collect();
    assert!(wrong.is_empty(), "libvirt has these elsewhere or not at all: {wrong:?}");
}

/// What a release of libvirt exports, written as in [`promised`].
fn of_release(release: [u32; 3]) -> BTreeSet<String> {
    let lines = SYMBOLS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let symbols = lines.map(|line| line.split_once(' ').expect("a name and a node"));
    symbols
        .filter(|(_, node)| {
            let numbers: Vec<u32> = node.split('.').map(|n| n.parse().expect("a number")).collect();
            numbers[..] <= release[..]
        })
        .map(|(name, node)| format!("{name}@@LIBVIRT_{node}"))
        .collect()
}

#[test]
#[ignore = "LIBVIRT_LIBRARY must name libvirt's own library; make check does"]
fn all_symbols_of_libvirts_companion_libraries_are_exported() {
    let ours = exported(&ours());
    let library = PathBuf::from(env::var_os("LIBVIRT_LIBRARY").expect("it names libvirt.so.0"));
    for (name, prefix, count) in
        [("libvirt-qemu.so.0", "@@LIBVIRT_QEMU_", 6), ("libvirt-lxc.so.0", "@@LIBVIRT_LXC_", 4)]
    {
        let theirs = exported(&library.with_file_name(name));
        let theirs: Vec<_> = theirs.iter().filter(|symbol| symbol.contains(prefix)).collect();
        assert_eq!(theirs.len(), count, "{name} exports {theirs:?}");
        let lost: Vec<_> = theirs.into_iter().filter(|symbol| !ours.contains(*symbol)).collect();
        assert!(lost.is_empty(), "{name} exports {lost:?}");
        let ours = ours.iter().filter(|symbol| symbol.contains(prefix)).count();
        assert_eq!(ours, count, "in nodes of {name}");
    }
}

/// What libvirt's own library exports.
fn libvirts() -> BTreeSet<String> {
    exported(Path::new(&env::var_os("LIBVIRT_LIBRARY").expect("it names libvirt.so.0")))
}

/// Those that are in a node of a release of libvirt, which promises to keep them.
fn of_libvirts_nodes(mut symbols: BTreeSet<String>) -> BTreeSet<String> {
    let others = ["@@LIBVIRT_PRIVATE_", "@@LIBVIRT_QEMU_", "@@LIBVIRT_LXC_"];
    symbols.retain(|s| s.contains("@@LIBVIRT_") && !others.iter().any(|other| s.contains(other)));
    symbols
}

#[test]
fn the_soname_has_version_0() {
    read(&ours(), |file| {
        let offset = dynamic(file, elf::DT_SONAME).expect("a SONAME");
        let strings = file.elf_dynamic_symbol_table().strings();
        assert_eq!(strings.get(offset as u32), Ok(&b"libvirsparse.so.0"[..]));
    });
}

#[test]
fn symbols_are_bound_at_load_time_and_read_only_afterwards() {
    read(&ours(), |file| {
        let flags = dynamic(file, elf::DT_FLAGS).unwrap_or(0);
        let flags_1 = dynamic(file, elf::DT_FLAGS_1).unwrap_or(0);
        assert_ne!(flags & u64::from(elf::DF_BIND_NOW), 0, "not BIND_NOW");
        assert_ne!(flags_1 & u64::from(elf::DF_1_NOW), 0, "not NOW");
        assert!(segments(file).any(|(kind, _)| kind == elf::PT_GNU_RELRO), "not RELRO");
    });
}

#[test]
fn the_library_is_never_unloaded() {
    read(&ours(), |file| {
        let flags_1 = dynamic(file, elf::DT_FLAGS_1).unwrap_or(0);
        assert_ne!(flags_1 & u64::from(elf::DF_1_NODELETE), 0, "not NODELETE");
    });
}

#[test]
fn no_memory_is_both_writable_and_executable() {
    read(&ours(), |file| {
        let flags = dynamic(file, elf::DT_FLAGS).unwrap_or(0);
        assert_eq!(flags & u64::from(elf::DF_TEXTREL), 0, "relocations in the text");
        assert_eq!(dynamic(file, elf::DT_TEXTREL), None, "relocations in the text");
        assert!(segments(file).any(|(kind, _)| kind == elf::PT_GNU_STACK), "no say on the stack");
        for (kind, flags) in segments(file) {
            let both = elf::PF_W | elf::PF_X;
            assert_ne!(flags & both, both, "segment of type {kind:#x}");
        }
    });
}

/// The type and the flags of each segment.
fn segments(file: &ElfFile64) -> impl Iterator<Item = (u32, u32)> {
    let endian: Endianness = file.endian();
    file.elf_program_headers().iter().map(move |s| (s.p_type(endian), s.p_flags(endian)))
}
