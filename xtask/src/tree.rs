//! Which header is made from which source files: the table that a new header is added to.
//! Function-like macros, which Rust has nothing like, are in `xtask/macros/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{Handle, Interface};
use crate::{Result, fail, libvirt_version};

/// One generated header.
pub struct Header {
    /// Where it is, under `include/`.
    pub path: &'static str,
    /// The Rust files that it is made from.
    pub sources: &'static [&'static str],
    /// The version node of a design, whose functions are found there only. Its header is included in
    /// place of the released declarations of the same names.
    pub node: Option<&'static str>,
}

const fn header(path: &'static str, sources: &'static [&'static str]) -> Header {
    Header { path, sources, node: None }
}

const fn design(
    path: &'static str,
    node: &'static str,
    sources: &'static [&'static str],
) -> Header {
    Header { path, sources, node: Some(node) }
}

/// In the order in which `libvirt.h` includes its parts.
pub const HEADERS: &[Header] = &[
    header("libvirt/libvirt.h", &[]),
    header(
        "libvirt/libvirt-common.h",
        &["crates/core/src/enums/common.rs", "src/typed_params.rs", "src/typed_params/build.rs"],
    ),
    header("libvirt/libvirt-host.h", &["src/auth.rs", "src/host.rs", "src/host_node.rs"]),
    header(
        "libvirt/libvirt-domain.h",
        &[
            "crates/core/src/enums/domain.rs",
            "crates/core/src/enums/domain_event.rs",
            "crates/core/src/enums/domain_stats.rs",
            "src/domain/object.rs",
            "src/domain/control.rs",
            "src/domain/device.rs",
            "src/domain/block.rs",
            "src/domain/block_job.rs",
            "src/domain/job.rs",
            "src/domain/event_callbacks.rs",
            "src/domain/event.rs",
            "src/domain/stats_names.rs",
            "src/domain/stats_names_absent.rs",
            "src/domain/stats.rs",
            "src/domain/tuning_types.rs",
            "src/domain/amounts.rs",
            "src/domain/tuning.rs",
            "src/domain/io_tune.rs",
            "src/domain/tunable.rs",
            "src/domain/cpus.rs",
            "src/domain/guest.rs",
            "src/domain/interface.rs",
        ],
    ),
    header("libvirt/libvirt-domain-checkpoint.h", &["src/domain/checkpoint.rs"]),
    header(
        "libvirt/libvirt-domain-snapshot.h",
        &[
            "crates/core/src/enums/domain_snapshot.rs",
            "src/domain/snapshot.rs",
            "src/domain/snapshot_list.rs",
        ],
    ),
    header(
        "libvirt/libvirt-storage.h",
        &[
            "crates/core/src/enums/storage_pool.rs",
            "crates/core/src/enums/storage_vol.rs",
            "src/storage/pool_lookup.rs",
            "src/storage/pool.rs",
            "src/storage/pool_event.rs",
            "src/storage/volume.rs",
        ],
    ),
    header(
        "libvirt/libvirt-stream.h",
        &[
            "crates/core/src/enums/stream.rs",
            "src/stream/transfer.rs",
            "src/stream/all.rs",
            "src/stream/end.rs",
            "src/stream/event.rs",
        ],
    ),
    header("libvirt/libvirt-event.h", &["crates/core/src/enums/event.rs", "src/event.rs"]),
    header("virsparse/virsparse.h", &["crates/core/src/enums/sparse.rs", "src/sparse.rs"]),
    header("libvirt/virterror.h", &["crates/core/src/error/codes.rs", "src/virterror.rs"]),
    design("virsparse/rfc-2011-03.h", "VIRSPARSE_RFC_2011_03", &["src/rfc/rfc_2011_03.rs"]),
    design("virsparse/rfc-2011-04.h", "VIRSPARSE_RFC_2011_04", &["src/rfc/rfc_2011_04.rs"]),
    design("virsparse/rfc-2011-v3.h", "VIRSPARSE_RFC_2011_V3", &["src/rfc/rfc_2011_v3.rs"]),
    design("virsparse/rfc-2014-08.h", "VIRSPARSE_RFC_2014_08", &["src/rfc/rfc_2014_08.rs"]),
    design("virsparse/rfc-2016-04.h", "VIRSPARSE_RFC_2016_04", &["src/rfc/rfc_2016_04.rs"]),
    design("virsparse/rfc-2016-05.h", "VIRSPARSE_RFC_2016_05", &["src/rfc/rfc_2016_05.rs"]),
];

impl Header {
    /// A part of `libvirt.h`, which programs do not include by itself.
    pub fn is_part(&self) -> bool {
        self.path.starts_with("libvirt/libvirt-")
    }

    /// Whether libvirt has a header of this name, which ours must then agree with.
    pub fn is_libvirts(&self) -> bool {
        self.path.starts_with("libvirt/")
    }

    /// What the names of a design's functions end with, in C, to be told from released ones.
    pub fn suffix(&self) -> Option<String> {
        self.node.map(|node| node.trim_start_matches("VIRSPARSE_RFC").to_string())
    }

    /// What a program includes to get it.
    pub fn to_include(&self) -> &'static str {
        if self.is_part() { "libvirt/libvirt.h" } else { self.path }
    }

    /// What the sources show to C.
    pub fn interface(&self, root: &Path) -> Result<Interface> {
        let mut interface = Interface { is_design: self.node.is_some(), ..Interface::default() };
        for source in self.sources {
            interface.read(&root.join(source))?;
        }
        Ok(interface)
    }
}

/// Every header with its interface. A name that two headers would declare is refused: before C11
/// a typedef must not be repeated. Designs have functions of the same names, and may differ about
/// types: then only one of them can be included.
pub fn interfaces(root: &Path) -> Result<Vec<(&'static Header, Interface)>> {
    let mut all: Vec<(&Header, Interface)> = Vec::new();
    for header in HEADERS {
        let interface = header.interface(root)?;
        let names: Vec<&str> = match header.node {
            Some(_) => interface.type_names().collect(),
            None => interface.names().collect(),
        };
        for name in names {
            let mut others = all.iter().filter(|(other, _)| other.node.is_none());
            if let Some((other, _)) = others.find(|(_, other)| other.names().any(|n| n == name)) {
                return fail(format!("{name} is declared in {} and {}", other.path, header.path));
            }
        }
        all.push((header, interface));
    }
    Ok(all)
}

/// The headers of other designs that declare something of the same name.
pub fn rivals<'a>(
    header: &Header,
    interface: &Interface,
    all: &'a [(&'static Header, Interface)],
) -> Vec<&'a Header> {
    let rival = |other: &Interface| interface.names().any(|name| other.names().any(|n| n == name));
    all.iter()
        .filter(|(other, _)| header.node.is_some() && other.node.is_some())
        .filter(|(other, names)| other.path != header.path && rival(names))
        .map(|(other, _)| *other)
        .collect()
}

/// The handle types of all headers.
pub fn handles<'a>(interfaces: &'a [(&'static Header, Interface)]) -> Vec<&'a Handle> {
    interfaces.iter().flat_map(|(_, interface)| &interface.handles).collect()
}

/// The version of libvirt whose interface the headers are, as libvirt counts it.
pub fn libvirt_version(root: &Path) -> Result<u32> {
    Ok(libvirt_version::number(&fs::read_to_string(root.join("LIBVIRT_VERSION"))?))
}

/// The top of the source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
