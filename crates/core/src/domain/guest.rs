//! What a hypervisor and a guest would tell of a domain. Nothing is executed: what can be said is what
//! the definition says, and for `test:///` what libvirt's test driver makes up.

use std::ffi::CString;

use super::config::definition::Definition;
use super::impact::Impact;
use super::object::Domain;
use super::registry::entry::Entry;
use crate::domain::machine::condition::{State, not_running};
use crate::domain::machine::guest_time::GuestTime;
use crate::enums::domain_stats::{virDomainMemoryStatTags, virDomainSetTimeFlags};
use crate::enums::flags;
use crate::error::*;
use crate::host::Host;
use crate::typed_params::Parameters;
use crate::typed_params::Value;
use crate::xml::Element;

/// What virDomainMemoryStats tells: the numbers of virDomainMemoryStatTags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryStat {
    SwapIn = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_SWAP_IN as isize,
    SwapOut = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_SWAP_OUT as isize,
    MajorFault = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT as isize,
    MinorFault = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT as isize,
    Actual = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON as isize,
    Resident = virDomainMemoryStatTags::VIR_DOMAIN_MEMORY_STAT_RSS as isize,
}

flags! {
    /// How virDomainSetTime sets it.
    pub struct SetTimeFlags: u32 = virDomainSetTimeFlags {
        const SYNC = VIR_DOMAIN_TIME_SYNC;
    }
}

/// The label of a domain that runs, where there is a security model.
const TEST_LABEL: &str = "libvirt-test";

/// What can be counted while a guest is executed.
const PERF_EVENTS: [&str; 22] = [
    "cmt",
    "mbmt",
    "mbml",
    "cpu_cycles",
    "instructions",
    "cache_references",
    "cache_misses",
    "branch_instructions",
    "branch_misses",
    "bus_cycles",
    "stalled_cycles_frontend",
    "stalled_cycles_backend",
    "ref_cpu_cycles",
    "cpu_clock",
    "task_clock",
    "page_faults",
    "context_switches",
    "cpu_migrations",
    "page_faults_min",
    "page_faults_maj",
    "alignment_faults",
    "emulation_faults",
];

/// Parameters of devices, each with the element of `<blkiotune><device>` that it is.
const DEVICE_LIMITS: [(&str, &str); 5] = [
    ("device_weight", "weight"),
    ("device_read_iops_sec", "read_iops_sec"),
    ("device_write_iops_sec", "write_iops_sec"),
    ("device_read_bytes_sec", "read_bytes_sec"),
    ("device_write_bytes_sec", "write_bytes_sec"),
];

impl Domain {
    /// What it is, if it runs.
    pub(super) fn active(&self) -> Result<Entry> {
        let entry = self.entry()?;
        if entry.is_active() { Ok(entry) } else { Err(not_running()) }
    }

    /// Only libvirt's test driver has guests that answer without being executed.
    pub(super) fn expect_test(&self) -> Result<()> {
        match self.connect().domains().host() {
            Host::Test(_) => Ok(()),
            Host::Real => Err(Error::no_support(VIR_FROM_DOMAIN)),
        }
    }

    /// The numbers of its memory, in KiB or times.
    pub fn memory_stats(&self) -> Result<Vec<(MemoryStat, u64)>> {
        let actual = self.active()?.definition()?.memory;
        let nothing = [
            MemoryStat::SwapIn,
            MemoryStat::SwapOut,
            MemoryStat::MajorFault,
            MemoryStat::MinorFault,
            MemoryStat::Resident,
        ];
        let mut all = vec![(MemoryStat::Actual, actual)];
        all.extend(nothing.map(|stat| (stat, 0)));
        Ok(all)
    }

    /// Makes sure that there is something to be controlled. Nobody else is in the way.
    pub fn expect_control(&self) -> Result<()> {
        self.active().map(drop)
    }

    /// What its guest takes the time to be.
    pub fn guest_time(&self) -> Result<GuestTime> {
        self.expect_test()?;
        let machine = self.machine()?;
        if machine.condition()?.state != State::Running {
            return Err(not_running());
        }
        machine.guest_time()
    }

    /// Makes its guest take the time to be another one.
    pub fn set_guest_time(&self, time: GuestTime) -> Result<()> {
        self.expect_test()?;
        self.machine()?.set_guest_time(time)
    }

    /// What its guest calls itself.
    pub fn guest_hostname(&self) -> Result<String> {
        self.expect_test()?;
        self.active()?;
        Ok(format!("{}host", self.name()))
    }

    /// Its label under the security model of the machine, and whether that is enforced. Empty where
    /// there is no model, and while it does not run.
    pub fn security_label(&self) -> Result<(&'static str, bool)> {
        let active = self.entry()?.is_active();
        Ok(match self.connect().domains().host() {
            Host::Test(_) if active => (TEST_LABEL, true),
            _ => ("", false),
        })
    }

    /// What is to be counted while its guest is executed.
    pub fn perf_events(&self, flags: u32) -> Result<Parameters> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let perf = definition.root().child("perf");
        let is_counted = |name: &str| {
            let mut events = perf.into_iter().flat_map(|perf| perf.children("event"));
            let event = events.find(|event| event.attr("name") == Some(name));
            event.and_then(|event| event.attr("enabled")) == Some("yes")
        };
        Ok(PERF_EVENTS.iter().map(|name| (*name, Value::Boolean(is_counted(name)))).collect())
    }

    /// How much of devices it may use, as it is defined.
    pub fn blkio_parameters(&self, flags: u32) -> Result<Parameters> {
        let definition = Impact::one(flags, &self.entry()?)?;
        Ok(blkio(&definition))
    }
}

fn blkio(definition: &Definition) -> Parameters {
    let tune = definition.root().child("blkiotune");
    let number = |element: &Element, name: &str| element.text_of(name)?.trim().parse::<u64>().ok();
    let weight = tune.and_then(|tune| number(tune, "weight"));
    let weight = weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(0);
    let mut all: Parameters = vec![("weight", Value::UInt(weight))];
    for (parameter, element) in DEVICE_LIMITS {
        let devices = tune.into_iter().flat_map(|tune| tune.children("device"));
        let said = devices.filter_map(|device| {
            let limit = number(device, element).filter(|limit| *limit > 0)?;
            Some(format!("{},{limit}", device.text_of("path")?))
        });
        let text = said.collect::<Vec<_>>().join(",");
        // XML has no NUL.
        all.push((parameter, Value::String(CString::new(text).unwrap_or_default())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_devices_are_told_together() {
        let definition = Definition::parse(
            "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os><blkiotune>\
             <weight>800</weight><device><path>/dev/a</path><weight>1000</weight></device>\
             <device><path>/dev/b</path><weight>500</weight><read_bytes_sec>7</read_bytes_sec>\
             </device></blkiotune></domain>",
        )
        .unwrap();
        let text = |text: &str| Value::String(CString::new(text).unwrap());
        let all = blkio(&definition);
        assert_eq!(all[0], ("weight", Value::UInt(800)));
        assert_eq!(all[1], ("device_weight", text("/dev/a,1000,/dev/b,500")));
        assert_eq!(all[4], ("device_read_bytes_sec", text("/dev/b,7")));
        assert_eq!(all[5], ("device_write_bytes_sec", text("")));
    }
}
