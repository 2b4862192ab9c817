//! `libvirt-domain.h`: where a domain's CPUs may run, and how much they have: nothing is executed.

use std::ffi::{CStr, CString, c_int, c_uchar, c_uint, c_ulonglong};

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::domain::tuning::{DOMAIN, ImpactFlags};
use crate::typed_array::put;
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{CPU_NUMBERS, CPU_TOTALS, CpuSet, Domain};
use virsparse_core::enums::domain_stats::{virVcpuHostCpuState, virVcpuState};
use virsparse_core::error::*;
use virsparse_core::typed_params::Value;

/// A CPU of a domain. Since 0.1.4.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virVcpuInfo {
    /// Its number.
    pub number: c_uint,
    /// A virVcpuState.
    pub state: c_int,
    /// For how long it has run, in nanoseconds: 0.
    pub cpuTime: c_ulonglong,
    /// The number of the CPU of the machine that it runs on, or a virVcpuHostCpuState.
    pub cpu: c_int,
}

/// A CPU of a domain.
pub type virVcpuInfo = _virVcpuInfo;
/// Points at a CPU of a domain.
pub type virVcpuInfoPtr = *mut virVcpuInfo;

/// For how long a CPU has worked for a domain, in nanoseconds. An unsigned long long. Since 0.9.10.
pub const VIR_DOMAIN_CPU_STATS_CPUTIME: &CStr = c"cpu_time";
/// The same outside of the kernel. An unsigned long long. Since 0.9.11.
pub const VIR_DOMAIN_CPU_STATS_USERTIME: &CStr = c"user_time";
/// The same in the kernel. An unsigned long long. Since 0.9.11.
pub const VIR_DOMAIN_CPU_STATS_SYSTEMTIME: &CStr = c"system_time";
/// The same for the domain's own CPUs. An unsigned long long. Since 0.9.12.
pub const VIR_DOMAIN_CPU_STATS_VCPUTIME: &CStr = c"vcpu_time";

bitflags::bitflags! {
    struct StatsFlags: u32 {
        const STRING_OKAY = 4;
    }
}

/// Refuses what is not positive.
fn positive(call: &Call, number: c_int, argument: &str) -> Result<usize> {
    match usize::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(call.invalid_argument(DOMAIN, argument, "be greater than zero")),
    }
}

/// Refuses arrays that nobody can have.
fn check_product(first: c_int, second: c_int) -> Result<()> {
    if first.checked_mul(second).is_none() {
        let text = format!("input too large: {first} * {second}");
        return Err(Error::new(VIR_ERR_OVERFLOW, DOMAIN, text));
    }
    Ok(())
}

/// Stores a set of CPUs as libvirt has them: eight in a byte, the first in its lowest bit. What does not
/// fit is left out.
///
/// # Safety
/// `to` is valid for writes of `length` bytes.
unsafe fn store_set(set: &CpuSet, to: *mut c_uchar, length: usize) {
    // SAFETY: the caller's promise.
    let bytes = unsafe {
        to.write_bytes(0, length);
        std::slice::from_raw_parts_mut(to, length)
    };
    for (byte, cpus) in bytes.iter_mut().zip(set.chunks(8)) {
        *byte =
            cpus.iter().enumerate().fold(0, |byte, (bit, is_in)| byte | u8::from(*is_in) << bit);
    }
}

/// Tells of the CPUs of an active domain, and on which CPUs of the machine each may run.
///
/// @domain: the domain
/// @info: an array for what is told of each
/// @maxinfo: how many it holds, at least 1
/// @cpumaps: an array of as many sets, one behind the other, or NULL. VIR_CPU_USABLE looks into it
/// @maplen: how many bytes each set has, as VIR_CPU_MAPLEN tells; 0 if @cpumaps is NULL
///
/// Return Value: of how many CPUs has been told, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL, @maxinfo not positive, or
/// @maplen does not go with @cpumaps; VIR_ERR_OVERFLOW for sets that nobody can have;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetVcpus(
    domain: virDomainPtr,
    info: virVcpuInfoPtr,
    maxinfo: c_int,
    cpumaps: *mut c_uchar,
    maplen: c_int,
) -> c_int {
    entry("virDomainGetVcpus", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(info, DOMAIN, "info")?;
        let most = positive(call, maxinfo, "maxinfo")?;
        let length = match cpumaps.is_null() {
            true if maplen != 0 => return Err(call.invalid_argument(DOMAIN, "maplen", "be zero")),
            true => 0,
            false => positive(call, maplen, "maplen")?,
        };
        check_product(maxinfo, maplen)?;
        let told = domain.running_vcpus(most, |number, allowed, cpu| {
            let unavailable = virVcpuHostCpuState::VIR_VCPU_INFO_CPU_UNAVAILABLE as c_int;
            let cpu = cpu.map_or(unavailable, |cpu| cpu as c_int);
            let state = virVcpuState::VIR_VCPU_RUNNING as c_int;
            let vcpu = virVcpuInfo { number: number as c_uint, state, cpuTime: 0, cpu };
            // SAFETY: within the caller's arrays.
            unsafe {
                info.add(number).write(vcpu);
                if length > 0 {
                    store_set(allowed, cpumaps.add(number * length), length);
                }
            }
        })?;
        Ok(told as c_int)
    })
}

/// Tells on which CPUs of the machine each CPU of a domain may run, as it is defined.
///
/// @domain: the domain
/// @ncpumaps: how many sets @cpumaps holds, at least 1
/// @cpumaps: an array of sets, one behind the other. VIR_CPU_USABLE looks into it
/// @maplen: how many bytes each set has, as VIR_CPU_MAPLEN tells
/// @flags: of virDomainModificationImpact one
///
/// Return Value: how many sets there are in it, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cpumaps is NULL, @ncpumaps or @maplen not
/// positive, or for flags; VIR_ERR_OVERFLOW for sets that nobody can have; VIR_ERR_OPERATION_INVALID if
/// the domain is not active where that is asked for, or not persistent where its definition is;
/// VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetVcpuPinInfo(
    domain: virDomainPtr,
    ncpumaps: c_int,
    cpumaps: *mut c_uchar,
    maplen: c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetVcpuPinInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(cpumaps, DOMAIN, "cpumaps")?;
        let most = positive(call, ncpumaps, "ncpumaps")?;
        let length = positive(call, maplen, "maplen")?;
        check_product(ncpumaps, maplen)?;
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        let told = domain.vcpu_placements(flags.bits(), most, |number, allowed| {
            // SAFETY: within the caller's array.
            unsafe { store_set(allowed, cpumaps.add(number * length), length) };
        })?;
        Ok(told as c_int)
    })
}

/// Tells on which CPUs of the machine what runs beside a domain's own CPUs may run, as it is defined.
///
/// @domain: the domain
/// @cpumap: a set. VIR_CPU_USED looks into it
/// @maplen: how many bytes it has, as VIR_CPU_MAPLEN tells
/// @flags: of virDomainModificationImpact one
///
/// Return Value: 1, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cpumap is NULL, @maplen not positive, or for
/// flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
/// persistent where its definition is; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.10.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetEmulatorPinInfo(
    domain: virDomainPtr,
    cpumap: *mut c_uchar,
    maplen: c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetEmulatorPinInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(cpumap, DOMAIN, "cpumap")?;
        let length = positive(call, maplen, "maplen")?;
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        let allowed = domain.emulator_placement(flags.bits())?;
        // SAFETY: the caller's memory.
        unsafe { store_set(&allowed, cpumap, length) };
        Ok(1)
    })
}

/// Tells for how long CPUs of the machine have worked for an active domain: not at all, because nothing
/// is executed.
///
/// With @start_cpu -1 it is about all of them together: VIR_DOMAIN_CPU_STATS_CPUTIME,
/// VIR_DOMAIN_CPU_STATS_USERTIME and VIR_DOMAIN_CPU_STATS_SYSTEMTIME. Else it is about each one:
/// VIR_DOMAIN_CPU_STATS_CPUTIME and VIR_DOMAIN_CPU_STATS_VCPUTIME, those of the CPU @start_cpu + i from
/// `params[i * nparams]` on.
///
/// @domain: the domain
/// @params: an array for @nparams * @ncpus parameters; NULL to count only
/// @nparams: how many there are to be of each CPU; 0 to be told how many there are
/// @start_cpu: the first CPU, or -1
/// @ncpus: of how many CPUs to tell, 1 if @start_cpu is -1; 0 to be told how many there are
/// @flags: VIR_TYPED_PARAM_STRING_OKAY, which makes no difference
///
/// Return Value: how many parameters there are of each CPU; with @ncpus 0 how many CPUs; or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for arguments that do not go together, for flags,
/// or if there is no CPU @start_cpu; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is
/// inactive; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetCPUStats(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_uint,
    start_cpu: c_int,
    ncpus: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetCPUStats", |call| {
        let domain = call.object::<Domain>(domain)?;
        check_counts(call, params, nparams, start_cpu, ncpus)?;
        call.flags::<StatsFlags>(flags, DOMAIN)?;
        let all = domain.counted_cpus()?;
        let Ok(start) = usize::try_from(start_cpu) else {
            // SAFETY: the caller's array.
            return unsafe { store_numbers(&CPU_TOTALS, params, nparams as usize) };
        };
        if nparams == 0 || ncpus == 0 {
            return Ok(if ncpus == 0 { all } else { CPU_NUMBERS.len() } as c_int);
        }
        if start >= all {
            let text = format!("start_cpu {start} larger than maximum of {}", all - 1);
            return Err(Error::new(VIR_ERR_INVALID_ARG, DOMAIN, text));
        }
        let mut stored = 0;
        for cpu in 0..(all - start).min(ncpus as usize) {
            // SAFETY: within the caller's array.
            stored = unsafe {
                let at = params.add(cpu * nparams as usize);
                store_numbers(&CPU_NUMBERS, at, nparams as usize)?
            };
        }
        Ok(stored)
    })
}

/// libvirt's checks of what goes together.
fn check_counts(
    call: &Call,
    params: virTypedParameterPtr,
    nparams: c_uint,
    start_cpu: c_int,
    ncpus: c_uint,
) -> Result<()> {
    if start_cpu == -1 && ncpus != 1 {
        let text = "ncpus must be 1 when start_cpu is -1";
        return Err(Error::argument(DOMAIN, "start_cpu", text));
    }
    if start_cpu < -1 {
        return Err(call.invalid_argument(DOMAIN, "start_cpu", "be zero or greater"));
    }
    if nparams > 0 {
        call.non_null(params, DOMAIN, "params")?;
    }
    if (nparams == 0 || ncpus == 0) && !params.is_null() {
        return Err(call.invalid_argument(DOMAIN, "params", "be NULL"));
    }
    if nparams.checked_mul(ncpus).is_none() {
        let text = format!("input too large: {nparams} * {ncpus}");
        return Err(Error::new(VIR_ERR_OVERFLOW, DOMAIN, text));
    }
    Ok(())
}

/// Stores zeros of these names, as many as there is room for: how many; without room, how many there
/// are.
///
/// # Safety
/// `params` is an array of `room` parameters.
unsafe fn store_numbers(
    names: &[&str],
    params: virTypedParameterPtr,
    room: usize,
) -> Result<c_int> {
    if room == 0 {
        return Ok(names.len() as c_int);
    }
    let stored = names.len().min(room);
    for (index, name) in names.iter().take(stored).enumerate() {
        let name = CString::new(*name).unwrap_or_default();
        // SAFETY: within the caller's array.
        unsafe { put(params.add(index), &name, &Value::ULLong(0))? };
    }
    Ok(stored as c_int)
}
