//! Which header is made from which source files: the table that a new header is added to.
//! Function-like macros, which Rust has nothing like, are in `xtask/macros/`.

use std::path::{Path, PathBuf};

use crate::source::{Handle, Interface};
use crate::{Result, fail};

/// One generated header.
pub struct Header {
    /// Where it is, under `include/`.
    pub path: &'static str,
    /// The Rust files that it is made from.
    pub sources: &'static [&'static str],
}

const fn header(path: &'static str, sources: &'static [&'static str]) -> Header {
    Header { path, sources }
}

/// In the order in which `libvirt.h` includes its parts.
pub const HEADERS: &[Header] = &[
    header("libvirt/libvirt.h", &[]),
    header("libvirt/libvirt-common.h", &["src/capi/typed_params.rs"]),
    header("libvirt/libvirt-host.h", &["src/capi/host.rs"]),
    header(
        "libvirt/libvirt-domain.h",
        &[
            "src/capi/domain_types.rs",
            "src/capi/domain.rs",
            "src/capi/domain_control.rs",
            "src/capi/domain_device.rs",
            "src/capi/domain_block.rs",
            "src/capi/domain_block_job.rs",
            "src/capi/domain_event_types.rs",
            "src/capi/domain_event_callbacks.rs",
            "src/capi/domain_event.rs",
        ],
    ),
    header(
        "libvirt/libvirt-domain-snapshot.h",
        &["src/capi/domain_snapshot.rs", "src/capi/domain_snapshot_list.rs"],
    ),
    header("libvirt/libvirt-storage.h", &["src/capi/storage_pool.rs", "src/capi/storage_vol.rs"]),
    header("libvirt/libvirt-stream.h", &["src/capi/stream.rs"]),
    header("libvirt/libvirt-event.h", &["src/capi/event.rs"]),
    header("virsparse/virsparse.h", &["src/capi/sparse.rs"]),
    header("libvirt/virterror.h", &["src/error/codes.rs", "src/capi/virterror.rs"]),
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

    /// What a program includes to get it.
    pub fn to_include(&self) -> &'static str {
        if self.is_part() { "libvirt/libvirt.h" } else { self.path }
    }

    /// What the sources show to C.
    pub fn interface(&self, root: &Path) -> Result<Interface> {
        let mut interface = Interface::default();
        for source in self.sources {
            interface.read(&root.join(source))?;
        }
        Ok(interface)
    }
}

/// Every header with its interface. A name that two headers would declare is refused: before C11
/// a typedef must not be repeated.
pub fn interfaces(root: &Path) -> Result<Vec<(&'static Header, Interface)>> {
    let mut all: Vec<(&Header, Interface)> = Vec::new();
    for header in HEADERS {
        let interface = header.interface(root)?;
        for name in interface.names() {
            if let Some((other, _)) = all.iter().find(|(_, other)| other.names().any(|n| n == name))
            {
                return fail(format!("{name} is declared in {} and {}", other.path, header.path));
            }
        }
        all.push((header, interface));
    }
    Ok(all)
}

/// The handle types of all headers.
pub fn handles<'a>(interfaces: &'a [(&Header, Interface)]) -> Vec<&'a Handle> {
    interfaces.iter().flat_map(|(_, interface)| &interface.handles).collect()
}

/// The top of the source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
