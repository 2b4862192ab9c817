//! The machine that this runs on, as the kernel describes it below /proc and /sys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use nix::unistd::{SysconfVar, sysconf};
use virsparse_base::memory::fallible;

use super::{NodeInfo, Stats};
use crate::error::*;

const CPUS: &str = "/sys/devices/system/cpu";
const CELLS: &str = "/sys/devices/system/node";
const MEMORY: &str = "/proc/meminfo";
const STAT: &str = "/proc/stat";

/// More CPUs than a kernel can have.
const MOST_CPUS: u32 = 1 << 16;

fn read(path: &str) -> Result<String> {
    fallible(|| fs::read_to_string(path))
        .map_err(|e| Error::io(VIR_FROM_NONE, &e, format!("Failed to read file '{path}'")))
}

/// The same for what not every kernel has.
fn read_if_there(path: &str) -> Result<Option<String>> {
    match fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        _ => read(path).map(Some),
    }
}

fn malformed(path: &str) -> Error {
    Error::internal(VIR_FROM_NONE, format!("'{path}' is not as expected"))
}

/// The numbers of a list as the kernel writes it: "0-3,8".
fn list(text: &str) -> Option<BTreeSet<u32>> {
    let mut numbers = BTreeSet::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MOST_CPUS {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn cpu_list(name: &str) -> Result<BTreeSet<u32>> {
    let path = format!("{CPUS}/{name}");
    list(&read(&path)?).ok_or_else(|| malformed(&path))
}

/// Which CPUs there are, and whether they are in use.
pub fn cpus() -> Result<Vec<bool>> {
    let (present, online) = (cpu_list("present")?, cpu_list("online")?);
    let count = present.iter().chain(&online).max().map_or(0, |last| last + 1);
    Ok((0..count).map(|cpu| online.contains(&cpu)).collect())
}

/// The NUMA cells by their numbers; one where the kernel knows of none.
fn cells() -> Result<Vec<u32>> {
    let failed = |e| Error::io(VIR_FROM_NONE, &e, format!("cannot read directory '{CELLS}'"));
    let entries = match fs::read_dir(CELLS) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut cells = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("node")?.parse::<u32>().ok());
        cells.extend(number);
    }
    cells.sort_unstable();
    Ok(cells)
}

/// A line of /proc/meminfo, or of a cell's, in KiB.
fn amount(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (before, value) = line.split_once(':')?;
        // A cell's lines begin with its number.
        let is_it = before.split_whitespace().last() == Some(name);
        is_it.then(|| value.split_whitespace().next()?.parse().ok())?
    })
}

fn needed(text: &str, name: &str, path: &str) -> Result<u64> {
    amount(text, name).ok_or_else(|| malformed(path))
}

/// Its processors and memory.
pub fn info() -> Result<NodeInfo> {
    let online = cpu_list("online")?;
    let memory = needed(&read(MEMORY)?, "MemTotal", MEMORY)?;
    let mhz = read("/proc/cpuinfo")?.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = matches!(name.trim(), "cpu MHz" | "clock");
        is_it.then(|| value.trim().trim_end_matches("MHz").parse::<f64>().ok())?
    });
    let cpus = online.len() as u32;
    let model = std::env::consts::ARCH.to_string();
    let [nodes, sockets, cores, threads] = topology(&online)?.unwrap_or([1, 1, cpus, 1]);
    let mhz = mhz.unwrap_or(0.0) as u32;
    Ok(NodeInfo { model, memory, cpus, mhz, nodes, sockets, cores, threads })
}

/// Cells, sockets in each, cores in each and threads in each, where they are as many in all. What
/// is not so regular is told as one cell with one socket, as libvirt does.
fn topology(online: &BTreeSet<u32>) -> Result<Option<[u32; 4]>> {
    let mut packages: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
    for cpu in online {
        let number = |name| -> Result<Option<u32>> {
            let text = read_if_there(&format!("{CPUS}/cpu{cpu}/topology/{name}"))?;
            Ok(text.and_then(|text| text.trim().parse().ok()))
        };
        let (Some(package), Some(core)) = (number("physical_package_id")?, number("core_id")?)
        else {
            return Ok(None);
        };
        *packages.entry(package).or_default().entry(core).or_default() += 1;
    }
    Ok(regular(&packages, cells()?.len().max(1) as u32, online.len() as u32))
}

/// The same from how many CPUs each core of each package has.
fn regular(
    packages: &BTreeMap<u32, BTreeMap<u32, u32>>,
    nodes: u32,
    cpus: u32,
) -> Option<[u32; 4]> {
    let all = packages.len() as u32;
    let cores = packages.values().map(|cores| cores.len() as u32).max()?;
    let threads = packages.values().flat_map(BTreeMap::values).copied().max()?;
    let sockets = all / nodes;
    let whole = nodes.checked_mul(sockets)?.checked_mul(cores)?.checked_mul(threads)?;
    (whole == cpus).then_some([nodes, sockets, cores, threads])
}

/// Bytes of memory that nobody uses.
pub fn free_memory() -> Result<u64> {
    Ok(needed(&read(MEMORY)?, "MemFree", MEMORY)? << 10)
}

/// The same for each NUMA cell.
pub fn cells_free_memory() -> Result<Vec<u64>> {
    let cells = cells()?;
    if cells.is_empty() {
        return Ok(vec![free_memory()?]);
    }
    let free = cells.into_iter().map(|cell| {
        let path = format!("{CELLS}/node{cell}/meminfo");
        Ok(needed(&read(&path)?, "MemFree", &path)? << 10)
    });
    free.collect()
}

/// What the CPUs have done since the machine was started, in nanoseconds; or one of them, if that is
/// there.
pub fn cpu_stats(cpu: Option<u32>) -> Result<Option<Stats>> {
    let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten();
    let ticks = ticks.and_then(|ticks| u64::try_from(ticks).ok()).filter(|ticks| *ticks > 0);
    let tick = 1_000_000_000 / ticks.unwrap_or(100);
    Ok(stats_of(&read(STAT)?, cpu, tick))
}

fn stats_of(text: &str, cpu: Option<u32>, tick: u64) -> Option<Stats> {
    let name = match cpu {
        Some(cpu) => format!("cpu{cpu}"),
        None => "cpu".to_string(),
    };
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(&name))?;
    let times: Vec<u64> = line.split_whitespace().skip(1).flat_map(str::parse).collect();
    let [user, nice, system, idle, iowait, irq, softirq, _steal, guest, guest_nice, ..] = times[..]
    else {
        return None;
    };
    let stats = [
        ("kernel", system.saturating_add(irq).saturating_add(softirq)),
        ("user", user.saturating_add(nice)),
        ("idle", idle),
        ("iowait", iowait),
        ("guest", guest.saturating_add(guest_nice)),
    ];
    Some(stats.map(|(name, time)| (name, time.saturating_mul(tick))).to_vec())
}

/// What the memory is used for, in KiB; or that of one cell, if that is there.
pub fn memory_stats(cell: Option<u32>) -> Result<Option<Stats>> {
    let (path, wanted) = match cell {
        None => {
            let all = [
                ("total", "MemTotal"),
                ("free", "MemFree"),
                ("buffers", "Buffers"),
                ("cached", "Cached"),
                ("available", "MemAvailable"),
            ];
            (MEMORY.to_string(), all.to_vec())
        }
        // All of the memory is in the only cell.
        Some(0) if !Path::new(CELLS).exists() => {
            (MEMORY.to_string(), vec![("total", "MemTotal"), ("free", "MemFree")])
        }
        Some(cell) => {
            let path = format!("{CELLS}/node{cell}/meminfo");
            (path, vec![("total", "MemTotal"), ("free", "MemFree")])
        }
    };
    let Some(text) = read_if_there(&path)? else { return Ok(None) };
    let stats = wanted.into_iter().map(|(name, line)| Ok((name, needed(&text, line, &path)?)));
    stats.collect::<Result<Stats>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        let numbers = |text| list(text).map(|set| set.into_iter().collect::<Vec<_>>());
        assert_eq!(numbers("0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(numbers("\n"), Some(vec![]));
        assert_eq!(numbers("0-4294967295"), None);
        assert_eq!(numbers("x"), None);
    }

    #[test]
    fn times_are_summed_as_libvirt_does() {
        let text = "cpu  10 1 20 300 4 5 6 7 8 7\ncpu1 1 0 2 3 0 0 0 0 0 0\n";
        let all =
            vec![("kernel", 310), ("user", 110), ("idle", 3000), ("iowait", 40), ("guest", 150)];
        assert_eq!(stats_of(text, None, 10), Some(all));
        assert_eq!(stats_of(text, Some(1), 1).unwrap()[0], ("kernel", 2));
        assert_eq!(stats_of(text, Some(2), 1), None);
    }

    #[test]
    fn amounts_are_found_in_the_lines_of_a_cell_too() {
        assert_eq!(amount("MemTotal:       16 kB\nMemFree: 5 kB\n", "MemFree"), Some(5));
        assert_eq!(amount("Node 0 MemTotal:  16 kB\nNode 0 MemFree: 7 kB\n", "MemFree"), Some(7));
        assert_eq!(amount("MemTotal: 16 kB\n", "MemFree"), None);
    }

    #[test]
    fn this_machine_is_described() {
        let info = info().unwrap();
        assert!(info.memory > 0 && info.cpus > 0);
        let most = info.nodes * info.sockets * info.cores * info.threads;
        assert!(info.cpus <= most, "{info:?}");
        let online = cpus().unwrap().into_iter().filter(|online| *online).count();
        assert_eq!(online, info.cpus as usize);
        assert!(free_memory().unwrap() / 1024 <= info.memory);
        assert!(!cells_free_memory().unwrap().is_empty());
        assert_eq!(cpu_stats(None).unwrap().unwrap().len(), 5);
        assert_eq!(memory_stats(None).unwrap().unwrap().len(), 5);
        assert_eq!(memory_stats(Some(u32::MAX)).unwrap(), None);
    }
}
