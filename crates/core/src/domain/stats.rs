//! Statistics of domains in bulk: what virConnectGetAllDomainStats tells of each.

use std::ffi::CString;
use std::sync::Arc;

use super::config::definition::Definition;
use super::config::disk::{DiskDefinition, ImageDefinition};
use super::config::source::Source;
use super::interfaces::interfaces;
use super::object::{Domain, ListFlags, passes};
use super::registry::entry::Entry;
use crate::block::export::nbd::BLOCK_SIZES;
use crate::domain::images::sizes::BlockInfo;
use crate::domain::machine::Machine;
use crate::domain::machine::disk::DiskReport;
use crate::enums::domain_stats::{
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS, virConnectGetAllDomainStatsFlags,
    virDomainStatsTypes, virVcpuState,
};
use crate::enums::flags;
use crate::error::*;
use crate::typed_params::Value;

/// A CPU that runs: virVcpuState.
const VCPU_RUNNING: i32 = virVcpuState::VIR_VCPU_RUNNING as i32;

flags! {
    /// What is told of a domain: the bits of virDomainStatsTypes that there is something behind.
    #[derive(Clone, Copy)]
    pub struct StatsGroups: u32 = virDomainStatsTypes {
        const STATE = VIR_DOMAIN_STATS_STATE;
        const CPU_TOTAL = VIR_DOMAIN_STATS_CPU_TOTAL;
        const BALLOON = VIR_DOMAIN_STATS_BALLOON;
        const VCPU = VIR_DOMAIN_STATS_VCPU;
        const INTERFACE = VIR_DOMAIN_STATS_INTERFACE;
        const BLOCK = VIR_DOMAIN_STATS_BLOCK;
        const PERF = VIR_DOMAIN_STATS_PERF;
    }
}

bitflags::bitflags! {
    /// Which domains are told of, and how.
    #[derive(Clone, Copy)]
    pub struct StatsFlags: u32 {
        const ACTIVE = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE as u32;
        const INACTIVE = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE as u32;
        const PERSISTENT = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT as u32;
        const TRANSIENT = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT as u32;
        const RUNNING = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING as u32;
        const PAUSED = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_PAUSED as u32;
        const SHUTOFF = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF as u32;
        const OTHER = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_OTHER as u32;
        const NOWAIT = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT as u32;
        const BACKING = virConnectGetAllDomainStatsFlags::VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING as u32;
        const ENFORCE_STATS = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS;
    }
}

impl StatsFlags {
    /// Those that say which domains.
    pub fn filter(self) -> ListFlags {
        ListFlags::from_bits_retain(self.bits() & (StatsFlags::NOWAIT.bits() - 1))
    }
}

/// What the requests of a disk's clients are held to: the names of BLOCK_SIZES.
const LIMITS: [&str; 3] =
    ["limits.request_alignment", "limits.transfer_optimal", "limits.transfer_max"];

/// The same about one image.
type ImageStatistics = Vec<(&'static str, Value)>;

/// Named numbers and texts about one domain.
pub type Statistics = Vec<(String, Value)>;

/// The groups that a caller asks for by number: 0 for all. Others are refused if that is asked
/// for, too, and else left out.
pub fn groups(asked: u32, flags: StatsFlags) -> Result<StatsGroups> {
    if asked == 0 {
        return Ok(StatsGroups::all());
    }
    let unknown = asked & !StatsGroups::all().bits();
    if unknown != 0 && flags.contains(StatsFlags::ENFORCE_STATS) {
        let text = format!("Stats types bits 0x{unknown:x} are not supported");
        return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    }
    Ok(StatsGroups::from_bits_truncate(asked))
}

/// Statistics of those domains that pass the filter. Domains that are gone are left out.
pub fn collect(
    domains: Vec<Arc<Domain>>,
    groups: StatsGroups,
    flags: StatsFlags,
) -> Result<Vec<(Arc<Domain>, Statistics)>> {
    let filter = flags.filter();
    let mut all = Vec::with_capacity(domains.len());
    for domain in domains {
        let entry = match domain.entry() {
            Err(error) if error.code == VIR_ERR_NO_DOMAIN => continue,
            entry => entry?,
        };
        if passes(&entry, false, &filter) {
            let statistics = domain.statistics(&entry, groups, flags);
            all.push((domain, statistics));
        }
    }
    Ok(all)
}

impl Domain {
    fn statistics(&self, entry: &Entry, groups: StatsGroups, flags: StatsFlags) -> Statistics {
        let mut all = Statistics::new();
        let mut add = |name: &str, value| all.push((name.to_string(), value));
        if groups.contains(StatsGroups::STATE) {
            let condition = entry.condition();
            add("state.state", Value::Int(condition.state as i32));
            add("state.reason", Value::Int(condition.reason));
        }
        let definition = match entry.definition() {
            Ok(definition) => definition,
            Err(error) => {
                log::warn!("statistics of domain '{}' without its definition: {error}", entry.name);
                return all;
            }
        };
        let active = entry.is_active();
        if groups.contains(StatsGroups::CPU_TOTAL) && active {
            for name in ["cpu.time", "cpu.user", "cpu.system"] {
                add(name, Value::ULLong(0));
            }
        }
        if groups.contains(StatsGroups::BALLOON) {
            add("balloon.current", Value::ULLong(definition.memory));
            add("balloon.maximum", Value::ULLong(definition.max_memory));
        }
        if groups.contains(StatsGroups::VCPU) {
            add("vcpu.current", Value::UInt(definition.vcpus.into()));
            add("vcpu.maximum", Value::UInt(definition.max_vcpus.into()));
            // Nothing is executed: they are said to run, and have not.
            for vcpu in 0..if active { definition.vcpus } else { 0 } {
                add(&format!("vcpu.{vcpu}.state"), Value::Int(VCPU_RUNNING));
                add(&format!("vcpu.{vcpu}.time"), Value::ULLong(0));
                add(&format!("vcpu.{vcpu}.wait"), Value::ULLong(0));
            }
        }
        if groups.contains(StatsGroups::INTERFACE) && active {
            for (name, value) in interface_values(&definition) {
                add(&name, value);
            }
        }
        if groups.contains(StatsGroups::BLOCK) {
            let machine = entry.is_active().then(|| self.machine_of(entry)).transpose();
            let machine = machine.unwrap_or_else(|error| {
                log::warn!("statistics of domain '{}' without its disks: {error}", entry.name);
                None
            });
            let open = machine.as_ref().map_or(Ok(Vec::new()), |machine| machine.disks());
            let open = open.unwrap_or_else(|error| {
                log::warn!("statistics of domain '{}' without its disks: {error}", entry.name);
                Vec::new()
            });
            let backing = flags.contains(StatsFlags::BACKING);
            let disks = definition.disks.iter();
            let images: Vec<_> = disks
                .flat_map(|disk| {
                    let report = open.iter().find(|report| report.target == disk.target);
                    match machine.as_deref().zip(report) {
                        Some((machine, report)) => self.images(disk, machine, report, backing),
                        None => vec![self.closed_disk(disk)],
                    }
                })
                .collect();
            add("block.count", Value::UInt(images.len() as u32));
            for (number, image) in images.into_iter().enumerate() {
                for (name, value) in image {
                    add(&format!("block.{number}.{name}"), value);
                }
            }
        }
        all
    }

    /// What is known of a disk that is not open.
    fn closed_disk(&self, disk: &DiskDefinition) -> ImageStatistics {
        let mut all = named(disk, disk.path());
        // A server is not asked: it may keep all others waiting.
        let is_remote = |image: &ImageDefinition| matches!(image.source, Source::Remote(_));
        if !disk.image.as_ref().is_some_and(is_remote) {
            let path = disk.path().unwrap_or_default();
            all.extend(known_sizes(disk, path, self.block_info(&disk.target)));
        }
        all
    }

    /// What is known of an open disk, and with `backing` of the images below its active layer.
    fn images(
        &self,
        disk: &DiskDefinition,
        machine: &dyn Machine,
        report: &DiskReport,
        backing: bool,
    ) -> Vec<ImageStatistics> {
        let mut top = named(disk, report.path.as_deref());
        top.extend(report.index.map(|index| ("backingIndex", Value::UInt(index))));
        let now = report.stats;
        top.extend([
            ("rd.reqs", Value::ULLong(now.reads)),
            ("rd.bytes", Value::ULLong(now.read_bytes)),
            ("rd.times", Value::ULLong(now.read_time)),
            ("wr.reqs", Value::ULLong(now.writes)),
            ("wr.bytes", Value::ULLong(now.write_bytes)),
            ("wr.times", Value::ULLong(now.write_time)),
            ("fl.reqs", Value::ULLong(now.flushes)),
            ("fl.times", Value::ULLong(now.flush_time)),
        ]);
        let path = disk.path().unwrap_or_default();
        top.extend(known_sizes(disk, path, self.block_info(&disk.target)));
        if report.threshold > 0 {
            top.push(("threshold", Value::ULLong(report.threshold)));
        }
        let sizes = BLOCK_SIZES.map(|size| Value::ULLong(size.into()));
        top.extend(LIMITS.into_iter().zip(sizes));
        let mut all = vec![top];
        if backing {
            let images = machine.images(&disk.target).unwrap_or_else(|error| {
                log::warn!("statistics without the images of {}: {error}", disk.target);
                Vec::new()
            });
            all.extend(images.into_iter().skip(1).map(|image| {
                let mut below = named(disk, image.path.to_str());
                below.push(("backingIndex", Value::UInt(image.index)));
                below.extend(known_sizes(disk, &image.path.to_string_lossy(), image.sizes));
                below
            }));
        }
        all
    }
}

/// Sizes as far as they are known; what is not known is left out, as libvirt does.
fn known_sizes(
    disk: &DiskDefinition,
    path: &str,
    sizes: Result<BlockInfo>,
) -> impl Iterator<Item = (&'static str, Value)> + use<> {
    let known = sizes.inspect_err(|error| {
        log::warn!("statistics without sizes of '{path}' of {}: {error}", disk.target);
    });
    known.into_iter().flat_map(size_values)
}

/// What is told of interfaces, which nothing passes.
fn interface_values(definition: &Definition) -> Statistics {
    let interfaces = interfaces(definition);
    let mut all = vec![("net.count".to_string(), Value::UInt(interfaces.len() as u32))];
    for (number, interface) in interfaces.into_iter().enumerate() {
        let name = CString::new(interface.name).unwrap_or_default();
        all.push((format!("net.{number}.name"), Value::String(name)));
        for way in ["rx", "tx"] {
            for what in ["bytes", "pkts", "errs", "drop"] {
                all.push((format!("net.{number}.{way}.{what}"), Value::ULLong(0)));
            }
        }
    }
    all
}

fn named(disk: &DiskDefinition, path: Option<&str>) -> Vec<(&'static str, Value)> {
    // Definitions with a NUL are refused, and paths have none.
    let text = |text: &str| Value::String(CString::new(text).unwrap_or_default());
    let mut all = vec![("name", text(&disk.target))];
    all.extend(path.map(|path| ("path", text(path))));
    all
}

fn size_values(info: BlockInfo) -> [(&'static str, Value); 3] {
    [
        ("allocation", Value::ULLong(info.allocation)),
        ("capacity", Value::ULLong(info.capacity)),
        ("physical", Value::ULLong(info.physical)),
    ]
}
