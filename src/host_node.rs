//! `libvirt-host.h`: the machine under a connection.

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ulong, c_ulonglong};

use crate::call::{Call, entry};
use crate::host::virConnectPtr;
use crate::strings;
use virsparse_core::driver::Connect;
use virsparse_core::error::*;
use virsparse_core::host::Stats;

/// The size of a security model's name with its NUL.
///
/// Since 0.6.1.
pub const VIR_SECURITY_MODEL_BUFLEN: usize = 257;
/// The size of a security model's domain of interpretation with its NUL.
///
/// Since 0.6.1.
pub const VIR_SECURITY_DOI_BUFLEN: usize = 257;
/// The size of a domain's label under a security model with its NUL.
///
/// Since 0.6.1.
pub const VIR_SECURITY_LABEL_BUFLEN: usize = 4097;
/// The size of the name of one of a CPU's numbers with its NUL.
///
/// Since 0.9.3.
pub const VIR_NODE_CPU_STATS_FIELD_LENGTH: usize = 80;
/// The size of the name of one of the memory's numbers with its NUL.
///
/// Since 0.9.3.
pub const VIR_NODE_MEMORY_STATS_FIELD_LENGTH: usize = 80;

/// Time in the kernel, in nanoseconds. Since 0.9.3.
pub const VIR_NODE_CPU_STATS_KERNEL: &CStr = c"kernel";
/// Time in programs, in nanoseconds. Since 0.9.3.
pub const VIR_NODE_CPU_STATS_USER: &CStr = c"user";
/// Time in which there was nothing to do, in nanoseconds. Since 0.9.3.
pub const VIR_NODE_CPU_STATS_IDLE: &CStr = c"idle";
/// Time in which there was nothing to do but to wait for a medium, in nanoseconds. Since 0.9.3.
pub const VIR_NODE_CPU_STATS_IOWAIT: &CStr = c"iowait";
/// Time in interrupts, in nanoseconds; it is never told here. Since 1.2.2.
pub const VIR_NODE_CPU_STATS_INTR: &CStr = c"intr";
/// Time in which guests ran, in nanoseconds, which is part of the time in programs. Since 11.8.0.
pub const VIR_NODE_CPU_STATS_GUEST: &CStr = c"guest";
/// How busy it is, in percent; it is never told here. Since 0.9.3.
pub const VIR_NODE_CPU_STATS_UTILIZATION: &CStr = c"utilization";

/// All memory, in KiB. Since 0.9.3.
pub const VIR_NODE_MEMORY_STATS_TOTAL: &CStr = c"total";
/// Memory that nobody uses, in KiB. Since 0.9.3.
pub const VIR_NODE_MEMORY_STATS_FREE: &CStr = c"free";
/// Memory that buffers use, in KiB. Since 0.9.3.
pub const VIR_NODE_MEMORY_STATS_BUFFERS: &CStr = c"buffers";
/// Memory that cached files use, in KiB. Since 0.9.3.
pub const VIR_NODE_MEMORY_STATS_CACHED: &CStr = c"cached";
/// Memory that programs can have without others losing any to a medium, in KiB. Since 12.3.0.
pub const VIR_NODE_MEMORY_STATS_AVAILABLE: &CStr = c"available";

/// Which CPU virNodeGetCPUStats is asked about. Since 0.9.8.
#[repr(C)]
pub enum virNodeGetCPUStatsAllCPUs {
    /// All of them, summed. Since 0.9.3.
    VIR_NODE_CPU_STATS_ALL_CPUS = -1,
}

/// Which NUMA cell virNodeGetMemoryStats is asked about. Since 0.9.8.
#[repr(C)]
pub enum virNodeGetMemoryStatsAllCells {
    /// All of them, summed. Since 0.9.3.
    VIR_NODE_MEMORY_STATS_ALL_CELLS = -1,
}

/// The model by which domains are kept apart. Since 0.6.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virSecurityModel {
    /// Its name; empty if there is none.
    pub model: [c_char; VIR_SECURITY_MODEL_BUFLEN],
    /// Its domain of interpretation.
    pub doi: [c_char; VIR_SECURITY_DOI_BUFLEN],
}

/// The model by which domains are kept apart.
pub type virSecurityModel = _virSecurityModel;
/// Points at a security model.
pub type virSecurityModelPtr = *mut virSecurityModel;

/// The label of a domain under a security model. Since 0.6.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virSecurityLabel {
    /// The label; empty if there is none.
    pub label: [c_char; VIR_SECURITY_LABEL_BUFLEN],
    /// 1 if it is enforced, else 0.
    pub enforcing: c_int,
}

/// The label of a domain under a security model.
pub type virSecurityLabel = _virSecurityLabel;
/// Points at a label.
pub type virSecurityLabelPtr = *mut virSecurityLabel;

/// The processors and the memory of a machine. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virNodeInfo {
    /// The architecture.
    pub model: [c_char; 32],
    /// The memory in KiB.
    pub memory: c_ulong,
    /// CPUs that are in use.
    pub cpus: c_uint,
    /// Their frequency, 0 if it is not known.
    pub mhz: c_uint,
    /// NUMA cells; 1 where they are not alike.
    pub nodes: c_uint,
    /// Sockets in a cell; 1 where they are not alike.
    pub sockets: c_uint,
    /// Cores in a socket; all CPUs where they are not alike.
    pub cores: c_uint,
    /// Threads in a core; 1 where they are not alike.
    pub threads: c_uint,
}

/// The processors and the memory of a machine.
pub type virNodeInfo = _virNodeInfo;
/// Points at what is told of a machine.
pub type virNodeInfoPtr = *mut virNodeInfo;

/// What CPUs have done: one number. Since 0.9.3.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virNodeCPUStats {
    /// What it is: VIR_NODE_CPU_STATS_USER and others.
    pub field: [c_char; VIR_NODE_CPU_STATS_FIELD_LENGTH],
    /// The number.
    pub value: c_ulonglong,
}

/// What CPUs have done: one number.
pub type virNodeCPUStats = _virNodeCPUStats;
/// Points at numbers of what CPUs have done.
pub type virNodeCPUStatsPtr = *mut virNodeCPUStats;

/// What memory is used for: one number. Since 0.9.3.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virNodeMemoryStats {
    /// What it is: VIR_NODE_MEMORY_STATS_TOTAL and others.
    pub field: [c_char; VIR_NODE_MEMORY_STATS_FIELD_LENGTH],
    /// The number.
    pub value: c_ulonglong,
}

/// What memory is used for: one number.
pub type virNodeMemoryStats = _virNodeMemoryStats;
/// Points at numbers of what memory is used for.
pub type virNodeMemoryStatsPtr = *mut virNodeMemoryStats;

/// `text` in a member of a structure, cut to its size.
pub(super) fn member<const N: usize>(text: &str) -> [c_char; N] {
    let mut member = [0; N];
    for (to, from) in member[..N - 1].iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
    member
}

/// Tells the processors and the memory of the machine.
///
/// @conn: the connection
/// @info: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_SYSTEM_ERROR if the
/// system does not tell.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetInfo(conn: virConnectPtr, info: virNodeInfoPtr) -> c_int {
    entry("virNodeGetInfo", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.non_null(info, VIR_FROM_DOMAIN, "info")?;
        let node = connect.host().info()?;
        let told = virNodeInfo {
            model: member(&node.model),
            memory: node.memory as c_ulong,
            cpus: node.cpus,
            mhz: node.mhz,
            nodes: node.nodes,
            sockets: node.sockets,
            cores: node.cores,
            threads: node.threads,
        };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(told) };
        Ok(0)
    })
}

/// Tells how many CPUs a domain may have.
///
/// @conn: the connection
/// @type: ignored; may be NULL
///
/// Return Value: the number, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetMaxVcpus(conn: virConnectPtr, r#type: *const c_char) -> c_int {
    let _ = r#type;
    entry("virConnectGetMaxVcpus", |call| {
        Ok(c_int::from(call.object::<Connect>(conn)?.host().max_vcpus()))
    })
}

/// Tells how much memory of the machine nobody uses.
///
/// @conn: the connection
///
/// Return Value: the number of bytes, or 0 on error.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR if the system does not tell.
///
/// Since 0.3.3.
#[unsafe(no_mangle)]
pub extern "C" fn virNodeGetFreeMemory(conn: virConnectPtr) -> c_ulonglong {
    entry("virNodeGetFreeMemory", |call| call.object::<Connect>(conn)?.host().free_memory())
}

/// Tells how many bytes of memory nobody uses in each of some NUMA cells.
///
/// @conn: the connection
/// @freeMems: an array of @maxCells numbers, where to store them
/// @startCell: the first cell
/// @maxCells: how many at most
///
/// Return Value: how many are stored, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @freeMems is NULL, @startCell negative or
/// behind the last cell, or @maxCells not positive; VIR_ERR_SYSTEM_ERROR if the system does not
/// tell.
///
/// Since 0.3.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetCellsFreeMemory(
    conn: virConnectPtr,
    freeMems: *mut c_ulonglong,
    startCell: c_int,
    maxCells: c_int,
) -> c_int {
    entry("virNodeGetCellsFreeMemory", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.non_null(freeMems, VIR_FROM_DOMAIN, "freeMems")?;
        if maxCells <= 0 {
            return Err(call.invalid_argument(VIR_FROM_DOMAIN, "maxCells", "be greater than zero"));
        }
        let most = call.non_negative(maxCells, VIR_FROM_DOMAIN, "maxCells")?;
        let first = call.non_negative(startCell, VIR_FROM_DOMAIN, "startCell")?;
        let cells = connect.host().cells_free_memory(first, most)?;
        for (index, free) in cells.iter().enumerate() {
            // SAFETY: checked for NULL; the caller's memory, of which no more than `most` is used.
            unsafe { freeMems.add(index).write(*free) };
        }
        Ok(cells.len() as c_int)
    })
}

/// The CPU or the cell that a caller means by a number; `None` for all.
fn one_of(call: &Call, number: c_int, argument: &str) -> Result<Option<u32>> {
    if number < -1 {
        let text = format!("{argument} in {} only accepts -1 as a negative value", call.function);
        return Err(Error::argument(VIR_FROM_DOMAIN, argument, text));
    }
    Ok(u32::try_from(number).ok())
}

/// Stores named numbers where the caller has room for them, or tells how many there are.
///
/// # Safety
/// `nparams` is the caller's, and `params` NULL or an array of that many.
unsafe fn store<T>(
    stats: &Stats,
    params: *mut T,
    nparams: *mut c_int,
    one: impl Fn(&str, u64) -> T,
) -> c_int {
    // SAFETY: the caller's promise.
    let room = usize::try_from(unsafe { nparams.read() }).unwrap_or(0);
    let mut count = stats.len();
    if room > 0 && !params.is_null() {
        count = count.min(room);
        for (index, (name, value)) in stats.iter().take(count).enumerate() {
            // SAFETY: the caller's promise: `index` is below `room`.
            unsafe { params.add(index).write(one(name, *value)) };
        }
    }
    // SAFETY: the caller's promise.
    unsafe { nparams.write(count as c_int) };
    0
}

/// Checks the number that a caller has room for.
///
/// # Safety
/// `nparams` is NULL or the caller's.
unsafe fn check_room(call: &Call, nparams: *mut c_int) -> Result<()> {
    call.non_null(nparams, VIR_FROM_DOMAIN, "nparams")?;
    // SAFETY: checked for NULL; the caller's memory.
    call.non_negative(unsafe { nparams.read() }, VIR_FROM_DOMAIN, "*nparams").map(drop)
}

/// Tells what the CPUs have done since the machine was started: VIR_NODE_CPU_STATS_KERNEL, _USER,
/// _IDLE, _IOWAIT and _GUEST.
///
/// @conn: the connection
/// @cpuNum: the number of a CPU, or VIR_NODE_CPU_STATS_ALL_CPUS
/// @params: where to store it; NULL to learn how many numbers there are
/// @nparams: how many there is room for; afterwards how many there are
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @nparams is NULL or negative, there is no
/// such CPU, or for flags; VIR_ERR_SYSTEM_ERROR if the system does not tell.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetCPUStats(
    conn: virConnectPtr,
    cpuNum: c_int,
    params: virNodeCPUStatsPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virNodeGetCPUStats", |call| {
        let connect = call.object::<Connect>(conn)?;
        // SAFETY: the caller's memory.
        unsafe { check_room(call, nparams)? };
        let cpu = one_of(call, cpuNum, "cpuNum")?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        let stats = connect.host().cpu_stats(cpu)?;
        let one = |name: &str, value| virNodeCPUStats { field: member(name), value };
        // SAFETY: checked for NULL; the caller's memory.
        Ok(unsafe { store(&stats, params, nparams, one) })
    })
}

/// Tells what the memory is used for, in KiB: VIR_NODE_MEMORY_STATS_TOTAL and _FREE, and of all
/// cells also _BUFFERS, _CACHED and _AVAILABLE.
///
/// @conn: the connection
/// @cellNum: the number of a NUMA cell, or VIR_NODE_MEMORY_STATS_ALL_CELLS
/// @params: where to store it; NULL to learn how many numbers there are
/// @nparams: how many there is room for; afterwards how many there are
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @nparams is NULL or negative, there is no
/// such cell, or for flags; VIR_ERR_NO_SUPPORT on a connection to `test:///`;
/// VIR_ERR_SYSTEM_ERROR if the system does not tell.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetMemoryStats(
    conn: virConnectPtr,
    cellNum: c_int,
    params: virNodeMemoryStatsPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virNodeGetMemoryStats", |call| {
        let connect = call.object::<Connect>(conn)?;
        // SAFETY: the caller's memory.
        unsafe { check_room(call, nparams)? };
        let cell = one_of(call, cellNum, "cellNum")?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        let stats = connect.host().memory_stats(cell)?;
        let stats = stats.ok_or_else(|| Error::no_support(VIR_FROM_DOMAIN))?;
        let one = |name: &str, value| virNodeMemoryStats { field: member(name), value };
        // SAFETY: checked for NULL; the caller's memory.
        Ok(unsafe { store(&stats, params, nparams, one) })
    })
}

/// Tells which CPUs there are, and which of them are in use.
///
/// @conn: the connection
/// @cpumap: where to store an array that the caller frees: the bit n % 8 of byte n / 8 is set if CPU n
/// is in use; may be NULL
/// @online: where to store how many are in use; may be NULL
/// @flags: 0
///
/// Return Value: how many CPUs there are, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_SYSTEM_ERROR if the system
/// does not tell.
///
/// Since 1.0.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetCPUMap(
    conn: virConnectPtr,
    cpumap: *mut *mut c_uchar,
    online: *mut c_uint,
    flags: c_uint,
) -> c_int {
    entry("virNodeGetCPUMap", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        let cpus = connect.host().cpus()?;
        let mut map = vec![0u8; cpus.len().div_ceil(8)];
        for (cpu, _) in cpus.iter().enumerate().filter(|(_, online)| **online) {
            map[cpu / 8] |= 1 << (cpu % 8);
        }
        if !cpumap.is_null() {
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { cpumap.write(strings::to_bytes(&map)?) };
        }
        if !online.is_null() {
            let count = cpus.iter().filter(|online| **online).count();
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { online.write(count as c_uint) };
        }
        Ok(cpus.len() as c_int)
    })
}

/// Returns what the firmware says of the machine. Only `test:///` does, of a machine that there is
/// not.
///
/// @conn: the connection
/// @flags: 0
///
/// Return Value: XML with the root element `sysinfo`, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT on other
/// connections.
///
/// Since 0.8.8.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetSysinfo(conn: virConnectPtr, flags: c_uint) -> *mut c_char {
    entry("virConnectGetSysinfo", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        let sysinfo = connect.host().sysinfo();
        let sysinfo = sysinfo.ok_or_else(|| Error::no_support(VIR_FROM_DOMAIN))?;
        strings::to_c(&sysinfo.to_xml())
    })
}

/// Tells the model by which domains are kept apart. There is none, which is told as empty names; on
/// `test:///` it has the name that it has with libvirt.
///
/// @conn: the connection
/// @secmodel: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @secmodel is NULL.
///
/// Since 0.6.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeGetSecurityModel(
    conn: virConnectPtr,
    secmodel: virSecurityModelPtr,
) -> c_int {
    entry("virNodeGetSecurityModel", |call| {
        let connect = call.object::<Connect>(conn)?;
        call.non_null(secmodel, VIR_FROM_DOMAIN, "secmodel")?;
        let (model, doi) = connect.host().security_model();
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { secmodel.write(virSecurityModel { model: member(model), doi: member(doi) }) };
        Ok(0)
    })
}
