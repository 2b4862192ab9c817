//! What a Rust source file shows to C, read from its syntax. C names tell what is public: only
//! items whose names start with `vir`, `_vir` or `VIR` count.

use std::fs;
use std::path::Path;

use syn::ext::IdentExt;
use syn::{Attribute, Expr, Fields, GenericArgument, Ident, Item, Lit, Meta, PathArguments, Type};

use crate::{Result, fail};

/// The public items of one header's sources, in their order.
#[derive(Default)]
pub struct Interface {
    /// Of a design: what is exported is told by its ABI, since it has no name for the linker.
    pub is_design: bool,
    pub functions: Vec<Function>,
    pub variables: Vec<Variable>,
    pub handles: Vec<Handle>,
    /// `virXValue` and `virX`: an alias of an integer that stands for an enumeration in C.
    pub values: Vec<(String, String)>,
    pub texts: Vec<Text>,
    pub numbers: Vec<(String, Expr)>,
    pub enums: Vec<Enumeration>,
    pub records: Vec<Record>,
    pub aliases: Vec<(String, Type)>,
}

/// An exported function; an exported variable is documented as one without parameters.
pub struct Function {
    pub name: String,
    pub doc: String,
    pub parameters: Vec<String>,
    /// There is a return value to document.
    pub returns: bool,
}

/// An exported variable.
pub struct Variable {
    pub name: String,
    pub doc: String,
    /// The name of its type. In Rust a wrapper may stand around that, which makes it shareable.
    pub ty: String,
}

/// `virConnectPtr`: a pointer to something that only the library can look into.
pub struct Handle {
    pub pointer: String,
    pub doc: String,
}

impl Handle {
    /// The name of what it points at: `virConnect`.
    pub fn target(&self) -> &str {
        self.pointer.trim_end_matches("Ptr")
    }
}

/// A constant of type `&CStr`: a string macro in C.
pub struct Text {
    pub name: String,
    pub doc: String,
    pub value: String,
}

/// An enumeration; members without a value count on from the one before.
pub struct Enumeration {
    pub name: String,
    pub members: Vec<(String, Option<Expr>)>,
}

/// A struct or union.
pub struct Record {
    pub name: String,
    pub fields: Vec<(String, Type)>,
    pub is_union: bool,
}

impl Interface {
    /// Adds the public items of a file.
    pub fn read(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut comments = text.lines().filter(|line| line.trim_start().starts_with("///"));
        if let Some(line) = comments.find(|line| line.contains("/*") || line.contains("*/")) {
            return fail(format!("{}: would end C's comment: {line}", path.display()));
        }
        let file = syn::parse_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        for item in file.items {
            self.add(item).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(())
    }

    /// The names that the header declares at its top level.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.iter().map(|f| f.name.as_str());
        let handles = self.handles.iter().map(|h| h.pointer.as_str());
        functions.chain(handles).chain(self.type_names())
    }

    /// The names of types that cbindgen writes, whether or not a function mentions them.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let enums = self.enums.iter().map(|e| e.name.as_str());
        let records = self.records.iter().map(|r| r.name.as_str());
        enums.chain(records).chain(self.aliases.iter().map(|(name, _)| name.as_str()))
    }

    fn add(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Fn(item) if is_exported(&item.attrs) || self.is_design && is_for_c(&item) => {
                let mut parameters = Vec::new();
                for input in &item.sig.inputs {
                    match input {
                        syn::FnArg::Typed(syn::PatType { pat, .. }) => match &**pat {
                            syn::Pat::Ident(name) => parameters.push(c_name(&name.ident)),
                            _ => return fail(format!("{}: unnamed parameter", item.sig.ident)),
                        },
                        syn::FnArg::Receiver(_) => return fail("a method cannot be exported"),
                    }
                }
                self.functions.push(Function {
                    name: c_name(&item.sig.ident),
                    doc: doc(&item.attrs),
                    parameters,
                    returns: matches!(item.sig.output, syn::ReturnType::Type(..)),
                });
            }
            Item::Static(item) if is_exported(&item.attrs) => {
                let (name, doc) = (c_name(&item.ident), doc(&item.attrs));
                let Some(ty) = innermost(&item.ty) else {
                    return fail(format!("{name}: a variable's type needs a name"));
                };
                self.variables.push(Variable { name: name.clone(), doc: doc.clone(), ty });
                self.functions.push(Function { name, doc, parameters: Vec::new(), returns: false });
            }
            Item::Type(item) if is_public(&item.ident) => self.add_alias(item),
            Item::Const(item) if is_public(&item.ident) => match (&*item.ty, &*item.expr) {
                (Type::Reference(_), Expr::Lit(literal)) => {
                    let Lit::CStr(value) = &literal.lit else {
                        return fail(format!("{}: texts are C strings", item.ident));
                    };
                    self.texts.push(Text {
                        name: c_name(&item.ident),
                        doc: doc(&item.attrs),
                        value: value.value().to_string_lossy().into_owned(),
                    });
                }
                _ => self.numbers.push((c_name(&item.ident), *item.expr)),
            },
            Item::Enum(item) if is_public(&item.ident) => self.enums.push(Enumeration {
                name: c_name(&item.ident),
                members: item
                    .variants
                    .into_iter()
                    .map(|v| (c_name(&v.ident), v.discriminant.map(|(_, value)| value)))
                    .collect(),
            }),
            Item::Struct(item) if is_public(&item.ident) => {
                self.add_record(&item.ident, item.fields, false);
            }
            Item::Union(item) if is_public(&item.ident) => {
                self.add_record(&item.ident, Fields::Named(item.fields), true);
            }
            _ => {}
        }
        Ok(())
    }

    fn add_alias(&mut self, item: syn::ItemType) {
        let name = c_name(&item.ident);
        if is_opaque_pointer(&item.ty) && name.ends_with("Ptr") {
            self.handles.push(Handle { pointer: name, doc: doc(&item.attrs) });
        } else if let (Some(target), true) = (name.strip_suffix("Value"), is_integer(&item.ty)) {
            self.values.push((name.clone(), target.to_string()));
        } else {
            self.aliases.push((name, *item.ty));
        }
    }

    fn add_record(&mut self, name: &Ident, fields: Fields, is_union: bool) {
        let fields = fields
            .into_iter()
            .filter_map(|field| field.ident.map(|ident| (c_name(&ident), field.ty)))
            .collect();
        self.records.push(Record { name: c_name(name), fields, is_union });
    }
}

/// A name without the `r#` that Rust's keywords need.
fn c_name(name: &Ident) -> String {
    name.unraw().to_string()
}

fn is_public(name: &Ident) -> bool {
    let name = c_name(name);
    ["vir", "_vir", "VIR", "LIBVIR"].iter().any(|prefix| name.starts_with(prefix))
}

/// `T` of `Wrapper<T>`, or of `T` itself.
fn innermost(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(inner) => innermost(inner),
            _ => None,
        },
        _ => Some(c_name(&last.ident)),
    }
}

/// A pointer to the registry's cells, or to something that we have no use for.
fn is_opaque_pointer(ty: &Type) -> bool {
    let Type::Ptr(pointer) = ty else { return false };
    let Type::Path(target) = &*pointer.elem else { return false };
    target.path.is_ident("Cell") || target.path.is_ident("c_void")
}

fn is_integer(ty: &Type) -> bool {
    let Type::Path(target) = ty else { return false };
    ["c_int", "c_uint", "i32", "u32"].iter().any(|name| target.path.is_ident(name))
}

fn is_exported(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("no_mangle"),
        Meta::List(list) => {
            list.path.is_ident("unsafe") && list.tokens.to_string().trim() == "no_mangle"
        }
        Meta::NameValue(_) => false,
    })
}

/// A public function that C can call.
fn is_for_c(item: &syn::ItemFn) -> bool {
    matches!(item.vis, syn::Visibility::Public(_)) && item.sig.abi.is_some()
}

/// The text of the doc comment.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(line) => Some(line.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    // One space stands between the slashes and the text.
    lines.map(|l| l.strip_prefix(' ').unwrap_or(&l).to_string() + "\n").collect()
}
