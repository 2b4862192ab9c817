//! What can be defined and started on a connection: the `<guest>`s of its capabilities, and the capabilities
//! of its domains. Nothing is executed, so that this tells of disks, and that there is no more.

use crate::error::*;
use crate::xml::{Element, excerpt};

/// An architecture of guests.
struct Arch {
    name: &'static str,
    /// How many bits a word has.
    wordsize: u32,
    /// What its machines may be called, by the names that QEMU has for the usual ones. Others may be said,
    /// too: nobody looks at them.
    machines: &'static [&'static str],
}

const fn arch(name: &'static str, wordsize: u32, machines: &'static [&'static str]) -> Arch {
    Arch { name, wordsize, machines }
}

const ARCHS: [Arch; 7] = [
    arch("x86_64", 64, &["pc", "q35"]),
    arch("i686", 32, &["pc", "q35"]),
    arch("aarch64", 64, &["virt"]),
    arch("armv7l", 32, &["virt"]),
    arch("ppc64le", 64, &["pseries"]),
    arch("riscv64", 64, &["virt"]),
    arch("s390x", 64, &["s390-ccw-virtio"]),
];

/// libvirt's words for what runs a domain.
pub const DOMAIN_TYPES: [&str; 17] = [
    "qemu",
    "kqemu",
    "kvm",
    "xen",
    "lxc",
    "uml",
    "openvz",
    "test",
    "vmware",
    "hyperv",
    "vbox",
    "phyp",
    "parallels",
    "bhyve",
    "vz",
    "hvf",
    "none",
];

/// That of libvirt's test driver.
const TEST_ARCHS: [Arch; 1] = [arch("i686", 32, &[])];

/// Those that libvirt has names for besides.
const OTHERS: [&str; 29] = [
    "alpha",
    "armv6l",
    "armv7b",
    "cris",
    "ia64",
    "lm32",
    "loongarch64",
    "m68k",
    "microblaze",
    "microblazeel",
    "mips",
    "mipsel",
    "mips64",
    "mips64el",
    "openrisc",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppcemb",
    "riscv32",
    "s390",
    "sh4",
    "sh4eb",
    "sparc",
    "sparc64",
    "unicore32",
    "xtensa",
    "xtensaeb",
];

/// What may be said to run a domain: nothing does. Who does not say gets the second.
const TYPES: [&str; 3] = ["qemu", "kvm", "test"];

/// What may be said to be a disk, and how it is attached. Who opens an export does not care.
const DISK_DEVICES: [&str; 4] = ["disk", "cdrom", "floppy", "lun"];
const DISK_BUSES: [&str; 6] = ["ide", "fdc", "scsi", "virtio", "usb", "sata"];

/// Kinds of devices that domains have no more of than their descriptions.
const NO_DEVICES: [&str; 8] =
    ["graphics", "video", "hostdev", "rng", "filesystem", "tpm", "redirdev", "channel"];

/// What a caller of virConnectGetDomainCapabilities wants to know of; each may be left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub emulator: Option<&'a str>,
    pub arch: Option<&'a str>,
    pub machine: Option<&'a str>,
    pub kind: Option<&'a str>,
}

/// Which guests a connection has.
pub struct Guests {
    archs: &'static [Arch],
    types: &'static [&'static str],
    /// Where none is asked for.
    arch: &'static Arch,
    kind: &'static str,
}

impl Guests {
    /// Those of a connection to files: of all kinds, by default like the machine itself.
    pub fn of_files() -> Guests {
        let host = std::env::consts::ARCH;
        let arch = ARCHS.iter().find(|arch| arch.name == host).unwrap_or(&ARCHS[0]);
        Guests { archs: &ARCHS, types: &TYPES, arch, kind: "kvm" }
    }

    /// Those of libvirt's test driver.
    pub fn of_test() -> Guests {
        Guests { archs: &TEST_ARCHS, types: &TYPES[2..], arch: &TEST_ARCHS[0], kind: "test" }
    }

    /// The `<guest>` elements.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        self.archs.iter().map(|Arch { name, wordsize, machines }| {
            let mut arch = Element::new("arch").with_attr("name", name);
            arch.push(text("wordsize", wordsize));
            for machine in *machines {
                arch.push(text("machine", machine).with_attr("maxCpus", u16::MAX));
            }
            for kind in self.types {
                arch.push(Element::new("domain").with_attr("type", kind));
            }
            // Snapshots of disks, into new images.
            let snapshots =
                Element::new("disksnapshot").with_attr("default", "on").with_attr("toggle", "no");
            Element::new("guest")
                .with_child(text("os_type", "hvm"))
                .with_child(arch)
                .with_child(Element::new("features").with_child(snapshots))
        })
    }

    /// What domains of one kind can have. `vcpus`: how many CPUs.
    pub fn capabilities(&self, asked: Asked<'_>, vcpus: u16) -> Result<Element> {
        let (kind, arch) = (self.kind(asked.kind)?, self.arch(asked.arch)?);
        let mut root = Element::new("domainCapabilities");
        if let Some(path) = asked.emulator {
            root.push(text("path", path));
        }
        root.push(text("domain", kind));
        if let Some(machine) = asked.machine.or(arch.machines.first().copied()) {
            root.push(text("machine", machine));
        }
        let os = supported("os", true)
            .with_child(one_of("firmware", &[]))
            .with_child(supported("loader", false));
        let modes = ["host-passthrough", "maximum", "host-model", "custom"];
        let cpu = modes.iter().fold(Element::new("cpu"), |cpu, mode| {
            let mode = Element::new("mode").with_attr("name", mode).with_attr("supported", "no");
            cpu.with_child(mode)
        });
        let disk = supported("disk", true)
            .with_child(one_of("diskDevice", &DISK_DEVICES))
            .with_child(one_of("bus", &DISK_BUSES))
            .with_child(one_of("model", &[]));
        let devices = Element::new("devices").with_child(disk);
        let devices =
            NO_DEVICES.iter().fold(devices, |all, one| all.with_child(supported(one, false)));
        let mut features = Element::new("features");
        for (name, is_there) in [
            ("gic", false),
            ("vmcoreinfo", false),
            ("genid", false),
            ("backingStoreInput", true),
            ("backup", false),
            ("sev", false),
            ("sgx", false),
        ] {
            features.push(supported(name, is_there));
        }
        Ok(root
            .with_child(text("arch", arch.name))
            .with_child(Element::new("vcpu").with_attr("max", vcpus))
            .with_child(supported("iothreads", false))
            .with_child(os)
            .with_child(cpu)
            .with_child(supported("memoryBacking", false))
            .with_child(devices)
            .with_child(features))
    }

    fn kind(&self, asked: Option<&str>) -> Result<&'static str> {
        let Some(asked) = asked else { return Ok(self.kind) };
        self.types.iter().copied().find(|kind| *kind == asked).ok_or_else(|| {
            let shown = excerpt(asked);
            let text = match DOMAIN_TYPES.contains(&asked) {
                true => format!("there are no domains of the virt type '{shown}'"),
                false => format!("unknown virttype: {shown}"),
            };
            refused(VIR_ERR_INVALID_ARG, text)
        })
    }

    fn arch(&self, asked: Option<&str>) -> Result<&'static Arch> {
        let Some(asked) = asked else { return Ok(self.arch) };
        if let Some(arch) = self.archs.iter().find(|arch| arch.name == asked) {
            return Ok(arch);
        }
        let shown = excerpt(asked);
        match OTHERS.contains(&asked) || ARCHS.iter().any(|arch| arch.name == asked) {
            true => {
                let text = format!("unable to find any emulator to serve '{shown}' architecture");
                Err(refused(VIR_ERR_CONFIG_UNSUPPORTED, text))
            }
            false => Err(refused(VIR_ERR_INVALID_ARG, format!("unknown architecture: {shown}"))),
        }
    }
}

fn refused(code: virErrorNumber, text: String) -> Error {
    Error::new(code, VIR_FROM_DOMAIN, text)
}

fn text(name: &str, text: impl std::fmt::Display) -> Element {
    Element::new(name).with_text(text)
}

fn supported(name: &str, is_there: bool) -> Element {
    Element::new(name).with_attr("supported", if is_there { "yes" } else { "no" })
}

fn one_of(name: &str, values: &[&str]) -> Element {
    let list = Element::new("enum").with_attr("name", name);
    values.iter().fold(list, |list, value| list.with_child(text("value", value)))
}
