//! Writes C files that a compiler refuses when our headers and libvirt's disagree. They are made
//! anew for each test, from libvirt's headers as they are installed; nothing of them is kept. What is newer
//! than those is held against a table.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::newer::{self, Newer, Value};
use crate::source::Interface;
use crate::{Result, fail, layout, tree};

const INCLUDES: &str = "#include <libvirt/libvirt.h>\n#include <libvirt/virterror.h>\n";

/// Declared after the includes, to learn which version they are of.
const VERSION: &str = "virsparse_version";

/// Writes `layout.c`, to be compiled with either set of headers, and `newer.c` and `prototypes.c`, to be
/// compiled with ours.
pub fn run(root: &Path, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    let interfaces = tree::interfaces(root)?.into_iter();
    let ours: Vec<Interface> = interfaces.filter(|(h, _)| h.is_libvirts()).map(|i| i.1).collect();

    let newer = newer::read(root)?;
    let assertions = newer::guarded(&layout::assertions(&ours)?, &newer);
    let text = format!("#define VIR_ENUM_SENTINELS\n{INCLUDES}#include <stddef.h>\n{assertions}");
    fs::write(directory.join("layout.c"), text)?;

    let version = tree::libvirt_version(root)?;
    let table: String = newer.iter().filter_map(Newer::assertion).collect();
    let text = format!(
        "#define VIR_ENUM_SENTINELS\n{INCLUDES}{}SAME(LIBVIR_VERSION_NUMBER, {version});\n{table}",
        layout::MACROS
    );
    fs::write(directory.join("newer.c"), text)?;

    let theirs = Headers::read(directory)?;
    if theirs.version > version {
        println!("libvirt's headers are of version {}, ours of {version}", theirs.version);
    }
    let declarations = declarations(&ours, &theirs, &newer, version)?;
    let text = format!("{INCLUDES}{declarations}");
    fs::write(directory.join("prototypes.c"), text)?;
    Ok(())
}

/// libvirt's headers as they are installed.
struct Headers {
    /// Of libvirt, as it counts them.
    version: u32,
    statements: Vec<String>,
}

impl Headers {
    fn read(directory: &Path) -> Result<Headers> {
        let statements = preprocessed(directory)?;
        let version = statements.iter().find_map(|s| {
            let (_, value) = s.split_once(VERSION)?;
            value.trim_start_matches([' ', '=']).parse().ok()
        });
        let Some(version) = version else { return fail("libvirt's headers tell no version") };
        Ok(Headers { version, statements })
    }
}

/// libvirt's headers after the preprocessor: statements without their semicolons.
fn preprocessed(directory: &Path) -> Result<Vec<String>> {
    let source = directory.join("libvirt.c");
    fs::write(&source, format!("{INCLUDES}int {VERSION} = LIBVIR_VERSION_NUMBER;\n"))?;
    let compiler = std::env::var("CC").unwrap_or("cc".to_string());
    let output = Command::new(compiler)
        .args(["-E", "-P", "-DVIR_ENUM_SENTINELS"])
        .arg(&source)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return fail("libvirt's headers cannot be preprocessed");
    }
    Ok(statements(&String::from_utf8(output.stdout)?))
}

/// The text cut at the semicolons outside of braces.
fn statements(text: &str) -> Vec<String> {
    let mut depth = 0;
    let mut out = vec![String::new()];
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        out.last_mut().expect("never empty").push(letter);
    }
    out.iter().map(|s| s.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// libvirt's declarations of all that ours declare: functions, variables and typedefs. After our
/// headers, a compiler takes them only if they are compatible. What libvirt's headers are too old for is
/// declared as the table has it; what is in them and not in ours must be newer than ours.
fn declarations(
    ours: &[Interface],
    theirs: &Headers,
    newer: &[Newer],
    version: u32,
) -> Result<String> {
    let mut out = String::new();
    let mut faults = Vec::new();
    let too_old_for = |name: &str| {
        let mut newer = newer.iter().filter(|newer| newer.since > theirs.version);
        newer.find(|newer| newer.name == name)
    };
    for interface in ours {
        let functions = interface.functions.iter().map(|f| f.name.as_str());
        let handles = interface.handles.iter().flat_map(|h| [h.pointer.as_str(), h.target()]);
        let aliases = interface.aliases.iter().map(|(name, _)| name.as_str());
        for name in functions.chain(handles).chain(aliases) {
            let mut statements = theirs.statements.iter().filter(|s| !s.contains('{'));
            match (statements.find(|s| declared(s) == name), too_old_for(name)) {
                (Some(statement), None) => out += &format!("{statement};\n"),
                (None, Some(Newer { value: Value::Declaration(text), .. })) => {
                    out += &format!("{text}\n");
                }
                (None, _) => faults.push(format!("libvirt has no {name}")),
                (Some(_), Some(_)) => faults.push(format!("{name} is no newer than libvirt's")),
            }
        }
        for enumeration in &interface.enums {
            let name = &enumeration.name;
            let members = theirs.statements.iter().find_map(|s| members_of(s, name));
            let theirs = match (members, too_old_for(name)) {
                (Some(members), _) => members,
                (None, Some(_)) => continue,
                (None, None) => {
                    faults.push(format!("libvirt has no {name}"));
                    continue;
                }
            };
            // A second name of a value is a number of its own: enumerations in Rust have none.
            let numbers = interface.numbers.iter().map(|(name, _)| &name[..]);
            let members = enumeration.members.iter().map(|(name, _)| &name[..]);
            let ours: Vec<&str> = members.chain(numbers).collect();
            let absent = theirs.into_iter().filter(|name| !ours.contains(name));
            faults.extend(absent.map(|name| format!("{name} of {} is missing", enumeration.name)));
        }
    }
    if theirs.version > version {
        faults.retain(|fault| {
            println!("{fault}, which may be newer than what ours is made after");
            !fault.ends_with("is missing")
        });
    }
    if faults.is_empty() { Ok(out) } else { fail(faults.join("\n")) }
}

/// The name that a statement declares: in parentheses for pointers to functions, else before the
/// parameters, else the last word.
fn declared(statement: &str) -> &str {
    let declarator = match statement.split_once("(*") {
        Some((before, after)) if !before.contains('(') => after,
        _ => statement,
    };
    let end = declarator.find(['(', ')']).unwrap_or(declarator.len());
    declarator[..end].trim_end().rsplit([' ', '*']).next().unwrap_or("")
}

/// The members of `typedef enum { ... } name`.
fn members_of<'a>(statement: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let (body, own_name) = statement.strip_prefix("typedef enum")?.rsplit_once('}')?;
    if own_name.trim() != name {
        return None;
    }
    let members = body.split_once('{')?.1.split(',');
    let names =
        members.filter_map(|m| m.split('=').next()).map(str::trim).filter(|m| !m.is_empty());
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_name_is_found_in_every_kind_of_declaration() {
        assert_eq!(declared("int virStreamFree (virStreamPtr st)"), "virStreamFree");
        assert_eq!(declared("const char *virGetName(void)"), "virGetName");
        assert_eq!(declared("extern virConnectAuthPtr virAuthDefault"), "virAuthDefault");
        assert_eq!(declared("typedef virError *virErrorPtr"), "virErrorPtr");
        assert_eq!(declared("typedef void (*virFreeCallback)(void *opaque)"), "virFreeCallback");
        assert_eq!(declared("void virListen(void (*cb)(int), int x)"), "virListen");
    }

    #[test]
    fn statements_end_outside_of_braces() {
        let text =
            "typedef enum { A = 0,\n B = 1 << 3, } virE;\nstruct s { int i; };\nint f(void);";
        let statements = statements(text);
        assert_eq!(members_of(&statements[0], "virE"), Some(vec!["A", "B"]));
        assert_eq!(statements[1..], ["struct s { int i; }", "int f(void)", ""]);
    }
}
