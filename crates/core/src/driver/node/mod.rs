//! What a connection says of the machine under it: the truth, or what libvirt's test driver says.

mod guests;
mod machine;
mod test;

pub use guests::Asked;
pub use test::TestNode;

use guests::Guests;

use crate::error::*;
use crate::xml::Element;

/// What virNodeGetInfo tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    pub model: String,
    /// In KiB.
    pub memory: u64,
    /// CPUs that are in use.
    pub cpus: u32,
    /// 0 if it is not known.
    pub mhz: u32,
    /// NUMA cells.
    pub nodes: u32,
    /// In a cell.
    pub sockets: u32,
    /// In a socket.
    pub cores: u32,
    /// In a core.
    pub threads: u32,
}

/// Numbers with the names that callers know them by.
pub type Stats = Vec<(&'static str, u64)>;

/// The machine of a connection.
pub enum Node {
    /// The one that this runs on.
    Real,
    /// One that libvirt's test driver has made up.
    Test(TestNode),
}

impl Node {
    /// Its processors and memory.
    pub fn info(&self) -> Result<NodeInfo> {
        match self {
            Node::Real => machine::info(),
            Node::Test(node) => Ok(node.info.clone()),
        }
    }

    /// How many CPUs a domain may have.
    pub fn max_vcpus(&self) -> u16 {
        match self {
            // What fits into a definition: nothing is executed.
            Node::Real => u16::MAX,
            Node::Test(_) => test::MAX_VCPUS,
        }
    }

    /// Bytes of memory that nobody uses.
    pub fn free_memory(&self) -> Result<u64> {
        match self {
            Node::Real => machine::free_memory(),
            // libvirt's own gives its KiB out as bytes, here and below.
            Node::Test(node) => Ok(node.cells.iter().map(|cell| cell.free).sum()),
        }
    }

    /// Bytes of memory that nobody uses, in at most `most` NUMA cells from `first` on.
    pub fn cells_free_memory(&self, first: usize, most: usize) -> Result<Vec<u64>> {
        let all = match self {
            Node::Real => machine::cells_free_memory()?,
            // All of it, free or not: so does libvirt's own.
            Node::Test(node) => node.cells.iter().map(|cell| cell.memory).collect(),
        };
        match all.get(first..) {
            Some(cells) if !cells.is_empty() => Ok(cells.iter().copied().take(most).collect()),
            _ => Err(self.refuse("Range exceeds available cells")),
        }
    }

    /// Which CPUs there are, and whether they are in use.
    pub fn cpus(&self) -> Result<Vec<bool>> {
        match self {
            Node::Real => machine::cpus(),
            Node::Test(_) => Ok(test::CPU_MAP.to_vec()),
        }
    }

    /// What the CPUs have done since the machine was started, in nanoseconds; or one of them.
    pub fn cpu_stats(&self, cpu: Option<u32>) -> Result<Stats> {
        match self {
            Node::Real => machine::cpu_stats(cpu)?.ok_or_else(|| {
                self.refuse(&format!("there is no CPU {}", cpu.unwrap_or_default()))
            }),
            Node::Test(_) => Ok(test::CPU_STATS.to_vec()),
        }
    }

    /// What the memory is used for, in KiB; or that of one NUMA cell. `None`: it is not known.
    pub fn memory_stats(&self, cell: Option<u32>) -> Result<Option<Stats>> {
        match self {
            Node::Real => {
                let stats = machine::memory_stats(cell)?;
                let missing = || format!("there is no cell {}", cell.unwrap_or_default());
                stats.map(Some).ok_or_else(|| self.refuse(&missing()))
            }
            Node::Test(_) => Ok(None),
        }
    }

    /// The description of the machine and of what it can do.
    pub fn capabilities(&self) -> Element {
        match self {
            Node::Real => {
                let arch = Element::new("arch").with_text(std::env::consts::ARCH);
                let host = Element::new("host").with_child(Element::new("cpu").with_child(arch));
                let capabilities = Element::new("capabilities").with_child(host);
                Guests::of_files().elements().fold(capabilities, Element::with_child)
            }
            Node::Test(node) => node.capabilities(),
        }
    }

    /// What its domains can have.
    pub fn domain_capabilities(&self, asked: Asked<'_>) -> Result<Element> {
        let guests = match self {
            Node::Real => Guests::of_files(),
            Node::Test(_) => Guests::of_test(),
        };
        guests.capabilities(asked, self.max_vcpus())
    }

    /// What the firmware says of the machine; `None` if it is not asked.
    pub fn sysinfo(&self) -> Option<Element> {
        match self {
            Node::Real => None,
            Node::Test(_) => Some(test::sysinfo()),
        }
    }

    /// The model by which domains are kept apart, and its domain of interpretation.
    pub fn security_model(&self) -> (&'static str, &'static str) {
        match self {
            Node::Real => ("", ""),
            Node::Test(_) => (test::SECURITY_MODEL, ""),
        }
    }

    fn refuse(&self, text: &str) -> Error {
        let domain = match self {
            Node::Real => VIR_FROM_NONE,
            Node::Test(_) => VIR_FROM_TEST,
        };
        Error::new(VIR_ERR_INVALID_ARG, domain, text)
    }
}
