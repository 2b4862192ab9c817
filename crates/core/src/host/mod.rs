//! What a connection says of the machine under it: the truth, or what libvirt's test driver says.

mod guests;
mod machine;
mod test;

pub use guests::{Asked, DOMAIN_TYPES};
pub use test::TestHost;

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
pub enum Host {
    /// The one that this runs on.
    Real,
    /// One that libvirt's test driver has made up.
    Test(TestHost),
}

impl Host {
    /// Whether libvirt's test driver has made it up.
    pub fn is_test(&self) -> bool {
        matches!(self, Host::Test(_))
    }

    /// The name of the machine that this runs on, in any case.
    pub fn name(&self) -> Result<String> {
        let name = nix::unistd::gethostname().map_err(|errno| {
            Error::system(VIR_FROM_NONE, errno, "failed to determine host name")
        })?;
        Ok(name.to_string_lossy().into_owned())
    }

    /// Its processors and memory.
    pub fn info(&self) -> Result<NodeInfo> {
        match self {
            Host::Real => machine::info(),
            Host::Test(host) => Ok(host.info.clone()),
        }
    }

    /// How many CPUs a domain may have.
    pub fn max_vcpus(&self) -> u16 {
        match self {
            // What fits into a definition: nothing is executed.
            Host::Real => u16::MAX,
            Host::Test(_) => test::MAX_VCPUS,
        }
    }

    /// Bytes of memory that nobody uses.
    pub fn free_memory(&self) -> Result<u64> {
        match self {
            Host::Real => machine::free_memory(),
            // libvirt's own gives its KiB out as bytes, here and below.
            Host::Test(host) => Ok(host.cells.iter().map(|cell| cell.free).sum()),
        }
    }

    /// Bytes of memory that nobody uses, in at most `most` NUMA cells from `first` on.
    pub fn cells_free_memory(&self, first: usize, most: usize) -> Result<Vec<u64>> {
        let all = match self {
            Host::Real => machine::cells_free_memory()?,
            // All of it, free or not: so does libvirt's own.
            Host::Test(host) => host.cells.iter().map(|cell| cell.memory).collect(),
        };
        match all.get(first..) {
            Some(cells) if !cells.is_empty() => Ok(cells.iter().copied().take(most).collect()),
            _ => Err(self.refuse("Range exceeds available cells")),
        }
    }

    /// Which CPUs there are, and whether they are in use.
    pub fn cpus(&self) -> Result<Vec<bool>> {
        match self {
            Host::Real => machine::cpus(),
            Host::Test(_) => Ok(test::CPU_MAP.to_vec()),
        }
    }

    /// What the CPUs have done since the machine was started, in nanoseconds; or one of them.
    pub fn cpu_stats(&self, cpu: Option<u32>) -> Result<Stats> {
        match self {
            Host::Real => machine::cpu_stats(cpu)?.ok_or_else(|| {
                self.refuse(&format!("there is no CPU {}", cpu.unwrap_or_default()))
            }),
            Host::Test(_) => Ok(test::CPU_STATS.to_vec()),
        }
    }

    /// What the memory is used for, in KiB; or that of one NUMA cell. `None`: it is not known.
    pub fn memory_stats(&self, cell: Option<u32>) -> Result<Option<Stats>> {
        match self {
            Host::Real => {
                let stats = machine::memory_stats(cell)?;
                let missing = || format!("there is no cell {}", cell.unwrap_or_default());
                stats.map(Some).ok_or_else(|| self.refuse(&missing()))
            }
            Host::Test(_) => Ok(None),
        }
    }

    /// The description of the machine and of what it can do.
    pub fn capabilities(&self) -> Element {
        match self {
            Host::Real => {
                let arch = Element::new("arch").with_text(std::env::consts::ARCH);
                let host = Element::new("host").with_child(Element::new("cpu").with_child(arch));
                let capabilities = Element::new("capabilities").with_child(host);
                Guests::of_files().elements().fold(capabilities, Element::with_child)
            }
            Host::Test(host) => host.capabilities(),
        }
    }

    /// What its domains can have.
    pub fn domain_capabilities(&self, asked: Asked<'_>) -> Result<Element> {
        let guests = match self {
            Host::Real => Guests::of_files(),
            Host::Test(_) => Guests::of_test(),
        };
        guests.capabilities(asked, self.max_vcpus())
    }

    /// What the firmware says of the machine; `None` if it is not asked.
    pub fn sysinfo(&self) -> Option<Element> {
        match self {
            Host::Real => None,
            Host::Test(_) => Some(test::sysinfo()),
        }
    }

    /// The model by which domains are kept apart, and its domain of interpretation.
    pub fn security_model(&self) -> (&'static str, &'static str) {
        match self {
            Host::Real => ("", ""),
            Host::Test(_) => (test::SECURITY_MODEL, ""),
        }
    }

    fn refuse(&self, text: &str) -> Error {
        let domain = match self {
            Host::Real => VIR_FROM_NONE,
            Host::Test(_) => VIR_FROM_TEST,
        };
        Error::new(VIR_ERR_INVALID_ARG, domain, text)
    }
}
