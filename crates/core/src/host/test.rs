//! The machine that libvirt's test driver has made up: its tests and those of its users know the
//! numbers.

use super::NodeInfo;
use crate::xml::Element;

/// How many CPUs a domain may have.
pub const MAX_VCPUS: u16 = 32;

/// Of the first eight CPUs, three are in use, whatever else is said of them.
pub const CPU_MAP: [bool; 8] = [true, false, true, false, true, false, false, false];

/// Of any CPU, and of all of them.
pub const CPU_STATS: [(&str, u64); 5] = [
    ("user", 9_797_400_000),
    ("kernel", 34_678_723_400_000),
    ("idle", 87_264_900_000),
    ("iowait", 763_600_000),
    ("guest", 1_797_400_000),
];

/// The model by which domains are kept apart.
pub const SECURITY_MODEL: &str = "testSecurity";

/// The architecture of guests and host.
const ARCH: &str = "i686";

/// The sizes that memory pages can have, in KiB.
const PAGES: [u64; 4] = [4, 8, 2048, 1 << 20];

/// A NUMA cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// In KiB.
    pub memory: u64,
    pub free: u64,
    /// The first of its CPUs.
    first_cpu: u32,
    cpus: u32,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct TestHost {
    pub info: NodeInfo,
    pub cells: Vec<Cell>,
}

impl Default for TestHost {
    /// What there is at test:///default.
    fn default() -> TestHost {
        let cell = |index: u32| Cell {
            memory: u64::from(index + 1) << 21,
            free: u64::from(index + 1) << 20,
            first_cpu: index * 8,
            cpus: 8,
        };
        TestHost { info: TestHost::plain_info(), cells: vec![cell(0), cell(1)] }
    }
}

impl TestHost {
    /// What there is before a file says otherwise.
    pub fn without_cells() -> TestHost {
        TestHost { info: TestHost::plain_info(), cells: Vec::new() }
    }

    fn plain_info() -> NodeInfo {
        let model = ARCH.to_string();
        let (memory, cpus, mhz) = (3 << 20, 16, 1400);
        NodeInfo { model, memory, cpus, mhz, nodes: 2, sockets: 2, cores: 2, threads: 2 }
    }

    /// The description of it, and of what it can run.
    pub fn capabilities(&self) -> Element {
        let mut cpu = Element::new("cpu").with_child(text("arch", ARCH)).with_child(features());
        for size in PAGES {
            cpu.push(Element::new("pages").with_attr("unit", "KiB").with_attr("size", size));
        }
        let mut cells = Element::new("cells").with_attr("num", self.cells.len());
        for (index, cell) in self.cells.iter().enumerate() {
            cells.push(cell.describe(index));
        }
        let model = Element::new("secmodel")
            .with_child(text("model", SECURITY_MODEL))
            .with_child(Element::new("doi"));
        let host = Element::new("host")
            .with_child(cpu)
            .with_child(Element::new("power_management"))
            .with_child(Element::new("iommu").with_attr("support", "no"))
            .with_child(Element::new("topology").with_child(cells))
            .with_child(model);
        Element::new("capabilities")
            .with_child(host)
            .with_child(guest("hvm"))
            .with_child(guest("xen"))
    }
}

impl Cell {
    fn describe(&self, index: usize) -> Element {
        let mut cell = Element::new("cell")
            .with_attr("id", index)
            .with_child(text("memory", self.memory).with_attr("unit", "KiB"));
        // All of a cell's memory is in pages of its smallest size, which is another one in the second.
        let small = if index == 1 { PAGES[1] } else { PAGES[0] };
        for (size, count) in [(small, self.memory / small), (PAGES[2], 0), (PAGES[3], 0)] {
            let pages = text("pages", count).with_attr("unit", "KiB").with_attr("size", size);
            cell.push(pages);
        }
        let mut cpus = Element::new("cpus").with_attr("num", self.cpus);
        for core in 0..self.cpus {
            let id = self.first_cpu + core;
            let cpu = Element::new("cpu")
                .with_attr("id", id)
                .with_attr("socket_id", index)
                .with_attr("die_id", 0)
                .with_attr("core_id", core)
                .with_attr("siblings", id);
            cpus.push(cpu);
        }
        cell.with_child(cpus)
    }
}

fn text(name: &str, text: impl std::fmt::Display) -> Element {
    Element::new(name).with_text(text)
}

fn features() -> Element {
    Element::new("features").with_child(Element::new("pae")).with_child(Element::new("nonpae"))
}

fn guest(os_type: &str) -> Element {
    let arch = Element::new("arch")
        .with_attr("name", ARCH)
        .with_child(text("wordsize", 32))
        .with_child(text("emulator", "/usr/bin/test-hv"))
        .with_child(Element::new("domain").with_attr("type", "test"));
    Element::new("guest")
        .with_child(text("os_type", os_type))
        .with_child(arch)
        .with_child(features())
}

/// What its firmware says.
pub fn sysinfo() -> Element {
    let entries = [
        ("vendor", "LENOVO"),
        ("version", "G4ETA1WW (2.61 )"),
        ("date", "05/07/2014"),
        ("release", "2.61"),
    ];
    let bios = entries.into_iter().fold(Element::new("bios"), |bios, (name, value)| {
        bios.with_child(text("entry", value).with_attr("name", name))
    });
    Element::new("sysinfo").with_attr("type", "smbios").with_child(bios)
}
