//! Generates the headers: cbindgen writes what it can; what it has no words for (handles, string
//! macros, function-like macros, integers that C declares as enumerations) is written here.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{Function, Handle, Interface, Variable};
use crate::tree::{self, HEADERS, Header};
use crate::{Result, fail};

/// Writes all headers, or only tells which are stale.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    let interfaces = tree::interfaces(root)?;
    for (header, interface) in &interfaces {
        let path = root.join("include").join(header.path);
        let text = text(root, header, interface, &interfaces)?;
        if fs::read_to_string(&path).ok().as_deref() == Some(&text) {
            continue;
        }
        stale.push(header.path);
        if !check {
            fs::create_dir_all(path.parent().expect("a folder under include"))?;
            fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    if check && !stale.is_empty() {
        return fail(format!("stale, run `make headers`: {}", stale.join(" ")));
    }
    Ok(())
}

/// The text of one header among `all`.
pub fn text(
    root: &Path,
    header: &Header,
    interface: &Interface,
    all: &[(&'static Header, Interface)],
) -> Result<String> {
    let handles = tree::handles(all);
    let version = tree::libvirt_version(root)?;
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    config.include_guard = Some(guard(header.path));
    config.header = Some(opening(header));
    config.after_includes = Some(preamble(root, header, interface, version));
    if header.path == "libvirt/libvirt-common.h" {
        config.after_includes.get_or_insert_default().push_str(&declared(&handles));
    }
    if let (Some(node), Some(suffix)) = (header.node, header.suffix()) {
        let rivals = tree::rivals(header, interface, all);
        config
            .after_includes
            .get_or_insert_default()
            .push_str(&bound(interface, node, &suffix, &rivals));
    }
    config.export.include = interface.type_names().map(str::to_string).collect();
    for handle in &handles {
        config.export.exclude.push(handle.pointer.clone());
    }
    for variable in &interface.variables {
        config.export.exclude.push(variable.name.clone());
    }
    for (value, name) in &interface.values {
        config.export.exclude.push(value.clone());
        config.export.rename.insert(value.clone(), name.clone());
    }
    let mut builder = cbindgen::Builder::new().with_config(config);
    let scratch = Scratch::new()?;
    for source in header.sources {
        let path = root.join(source);
        builder = builder.with_src(match header.node {
            Some(_) => scratch.with_linked_functions(&path)?,
            None => path,
        });
    }
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    let mut text = tidy(&String::from_utf8(text)?);
    let end = text.rfind("#endif").expect("the include guard's end");
    let mut ending: String = interface.variables.iter().map(declaration).collect();
    let file = Path::new(header.path).file_name().expect("a file");
    if let Ok(more) = fs::read_to_string(root.join("xtask/endings").join(file)) {
        let _ = writeln!(ending, "{more}");
    }
    text.insert_str(end, &ending);
    Ok(text)
}

/// A folder for sources that cbindgen reads in place of ours.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch> {
        let path = std::env::temp_dir().join(format!("virsparse-xtask-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    /// A copy of a design's source whose functions look as if the linker found them by their names:
    /// cbindgen knows no other sign that a function is for C.
    fn with_linked_functions(&self, source: &Path) -> Result<PathBuf> {
        let mut text = fs::read_to_string(source)?;
        for function in ["pub extern \"C\" fn vir", "pub unsafe extern \"C\" fn vir"] {
            text = text.replace(function, &format!("#[unsafe(no_mangle)]\n{function}"));
        }
        let path = self.0.join(source.file_name().expect("a file"));
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What binds the names of a design's functions to its node. Each becomes another name for C, because
/// the released declarations are there as well.
fn bound(interface: &Interface, node: &str, suffix: &str, rivals: &[&Header]) -> String {
    let mut text = String::new();
    for rival in rivals {
        let _ = writeln!(
            text,
            "\n#ifdef {}\n# error \"<{}> declares other things of the same names\"\n#endif",
            guard(rival.path),
            rival.path
        );
    }
    text += "\n/* From here on these names are this design's. */\n";
    for Function { name, .. } in &interface.functions {
        let _ = writeln!(text, "#define {name} {name}{suffix}");
    }
    text += "\n/* In the library they are in a version node of their own. */\n";
    for Function { name, .. } in &interface.functions {
        let _ = writeln!(text, "__asm__(\".symver {name}{suffix}, {name}@{node}\");");
    }
    text
}

/// The include guard, which is libvirt's own for libvirt's headers.
fn guard(path: &str) -> String {
    let (folder, file) = path.split_once('/').expect("headers are in folders");
    let name = if file.starts_with(folder) { file.to_string() } else { format!("{folder}_{file}") };
    name.to_uppercase().replace(['-', '.'], "_")
}

fn opening(header: &Header) -> String {
    let mut text = String::from("/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n");
    if !header.sources.is_empty() {
        let _ = write!(text, "/* Made by `make headers` from {}. */", header.sources.join(" and "));
    }
    text
}

/// What stands between the includes and cbindgen's part.
fn preamble(root: &Path, header: &Header, interface: &Interface, version: u32) -> String {
    let mut text = String::new();
    if header.is_part() {
        text += "\n#ifndef __VIR_LIBVIRT_H_INCLUDES__\n\
                 # error \"Include libvirt/libvirt.h instead, which includes this file\"\n#endif\n";
    } else if header.path == "libvirt/libvirt.h" {
        text += "\n#define __VIR_LIBVIRT_H_INCLUDES__\n";
        for part in HEADERS.iter().filter(|h| h.is_part()) {
            let _ = writeln!(text, "#include <{}>", part.path);
        }
        text += "#undef __VIR_LIBVIRT_H_INCLUDES__\n";
    } else {
        text += "#include <libvirt/libvirt.h>\n";
        if header.path != "libvirt/virterror.h" {
            text += "#include <libvirt/virterror.h>\n";
        }
    }
    let file = Path::new(header.path).file_name().expect("a file");
    if let Ok(macros) = fs::read_to_string(root.join("xtask/macros").join(file)) {
        let macros = macros.replace("@LIBVIR_VERSION_NUMBER@", &version.to_string());
        let _ = write!(text, "\n{macros}");
    }
    for item in &interface.texts {
        let _ = write!(text, "\n{}#define {} \"{}\"\n", comment(&item.doc), item.name, item.value);
    }
    text
}

/// The declaration of the handle types. They are all in one header, because most headers mention
/// those of others.
fn declared(handles: &[&Handle]) -> String {
    let mut text = String::new();
    for handle in handles {
        let (doc, name, pointer) = (comment(&handle.doc), handle.target(), &handle.pointer);
        let _ = writeln!(text, "\n{doc}typedef struct _{name} {name};\ntypedef {name} *{pointer};");
    }
    text
}

/// The declaration of a variable, after the types of the header.
fn declaration(variable: &Variable) -> String {
    let Variable { name, doc, ty } = variable;
    format!(
        "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n{}extern {ty} {name};\n\n\
         #ifdef __cplusplus\n}}\n#endif\n\n",
        comment(doc)
    )
}

fn comment(doc: &str) -> String {
    let lines = doc.lines().map(|line| format!(" * {line}").trim_end().to_string() + "\n");
    format!("/**\n{} */\n", lines.collect::<String>())
}

/// Comments of one line on one line, comments of C only, and no typedef of a struct's tag to
/// itself (`_virError` beside `virError`).
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() == "/**"
            && let [only, end] = &lines[i + 1..lines.len().min(i + 3)]
            && end.trim() == "*/"
        {
            let text = only.trim_start().trim_start_matches("* ");
            let _ = writeln!(out, "{indent}/** {text} */");
            i += 3;
            continue;
        }
        if let Some(tag) = line.strip_prefix("typedef struct _") {
            if line.ends_with('{') {
                let _ = writeln!(out, "struct _{tag}");
                i += 1;
                continue;
            }
        } else if line.starts_with("} _") {
            out += "};\n";
            i += 1;
            continue;
        }
        match line.split_once("// ") {
            Some((code, remark)) if code.starts_with(['#', '}']) => {
                let _ = writeln!(out, "{code}/* {remark} */");
            }
            // Nowhere two empty lines.
            _ if line.is_empty() && out.ends_with("\n\n") => {}
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
        i += 1;
    }
    out
}
