//! `libvirt-domain.h`: the network interfaces of a domain's definition, which nothing passes.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_uint};
use std::ptr::null_mut;

use crate::call::entry;
use crate::domain::object::virDomainPtr;
use crate::domain::tuning::{AskFlags, DOMAIN};
use crate::strings;
use crate::typed_array::{room, store};
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{Domain, Interface};
use virsparse_core::enums::domain_stats::virDomainInterfaceAddressesSource;
use virsparse_core::error::*;

/// What has passed an interface: zeros. Since 0.3.2.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct _virDomainInterfaceStats {
    /// Bytes that have come in.
    pub rx_bytes: c_longlong,
    /// Packets that have come in.
    pub rx_packets: c_longlong,
    /// Packets that could not be taken.
    pub rx_errs: c_longlong,
    /// Packets that were dropped on their way in.
    pub rx_drop: c_longlong,
    /// Bytes that have gone out.
    pub tx_bytes: c_longlong,
    /// Packets that have gone out.
    pub tx_packets: c_longlong,
    /// Packets that could not be sent.
    pub tx_errs: c_longlong,
    /// Packets that were dropped on their way out.
    pub tx_drop: c_longlong,
}

/// What has passed an interface.
pub type virDomainInterfaceStatsStruct = _virDomainInterfaceStats;
/// Points at what has passed an interface.
pub type virDomainInterfaceStatsPtr = *mut virDomainInterfaceStatsStruct;

/// An address of an interface. Since 1.2.14.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainInterfaceIPAddress {
    /// A virIPAddrType.
    pub r#type: c_int,
    /// The address.
    pub addr: *mut c_char,
    /// How many bits of it are the network's.
    pub prefix: c_uint,
}

/// An address of an interface.
pub type virDomainIPAddress = _virDomainInterfaceIPAddress;
/// Points at an address of an interface.
pub type virDomainIPAddressPtr = *mut virDomainIPAddress;

/// An interface with its addresses. Since 1.2.14.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainInterface {
    /// What it is called on the machine; its hardware address if it has no name there.
    pub name: *mut c_char,
    /// Its hardware address; NULL if none is defined.
    pub hwaddr: *mut c_char,
    /// How many addresses there are: none is known.
    pub naddrs: c_uint,
    /// An array of them.
    pub addrs: virDomainIPAddressPtr,
}

/// An interface with its addresses.
pub type virDomainInterface = _virDomainInterface;
/// Points at an interface with its addresses.
pub type virDomainInterfacePtr = *mut virDomainInterface;

/// How much may come in, in KiB a second; 0 for no limit. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_IN_AVERAGE: &CStr = c"inbound.average";
/// How much may come in at most, in KiB a second. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_IN_PEAK: &CStr = c"inbound.peak";
/// How much may come in at once, in KiB. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_IN_BURST: &CStr = c"inbound.burst";
/// How much is sure to come in, in KiB a second. An unsigned int. Since 3.4.0.
pub const VIR_DOMAIN_BANDWIDTH_IN_FLOOR: &CStr = c"inbound.floor";
/// How much may go out, in KiB a second; 0 for no limit. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE: &CStr = c"outbound.average";
/// How much may go out at most, in KiB a second. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_OUT_PEAK: &CStr = c"outbound.peak";
/// How much may go out at once, in KiB. An unsigned int. Since 0.9.9.
pub const VIR_DOMAIN_BANDWIDTH_OUT_BURST: &CStr = c"outbound.burst";

/// Tells what has passed an interface of an active domain: nothing, because there is nothing behind
/// it.
///
/// @dom: the domain
/// @device: what the interface is called on the machine, or its hardware address
/// @stats: where to store it
/// @size: how many bytes of it to store
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @device or @stats is NULL, if there is no
/// such interface, or if @size is more than there is; VIR_ERR_OPERATION_INVALID if the domain is
/// inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 0.3.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainInterfaceStats(
    dom: virDomainPtr,
    device: *const c_char,
    stats: virDomainInterfaceStatsPtr,
    size: usize,
) -> c_int {
    entry("virDomainInterfaceStats", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let device = unsafe { call.string(device, DOMAIN, "device")? };
        call.non_null(stats, DOMAIN, "stats")?;
        let most = size_of::<virDomainInterfaceStatsStruct>();
        if size > most {
            let text = format!("size must not exceed {most}");
            return Err(Error::argument(DOMAIN, "size", text));
        }
        domain.expect_interface(&device)?;
        // SAFETY: checked for NULL; the caller's `size` bytes, for which zeros are numbers.
        unsafe { stats.cast::<u8>().write_bytes(0, size) };
        Ok(0)
    })
}

/// Lists the interfaces of an active domain, and their addresses, of which none is known.
///
/// @dom: the domain
/// @ifaces: where to store an array, to be released with free, of pointers that are each to be
/// released with virDomainInterfaceFree; NULL if there are none
/// @source: a virDomainInterfaceAddressesSource
/// @flags: 0
///
/// Return Value: how many there are, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @ifaces is NULL, or for flags;
/// VIR_ERR_OPERATION_DENIED for VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT on a read-only connection;
/// VIR_ERR_ARGUMENT_UNSUPPORTED for an unknown @source; VIR_ERR_OPERATION_INVALID if the domain is
/// inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 1.2.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainInterfaceAddresses(
    dom: virDomainPtr,
    ifaces: *mut *mut virDomainInterfacePtr,
    source: c_uint,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's memory; NULL is checked for below.
    unsafe {
        if let Some(ifaces) = ifaces.as_mut() {
            *ifaces = null_mut();
        }
    }
    entry("virDomainInterfaceAddresses", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.non_null(ifaces, DOMAIN, "ifaces")?;
        use virDomainInterfaceAddressesSource::VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT as AGENT;
        if source == AGENT as c_uint {
            call.writable(&domain, DOMAIN)?;
        }
        call.no_flags(flags, DOMAIN)?;
        let found = domain.interfaces(source)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { publish(&found, ifaces)? };
        Ok(found.len() as c_int)
    })
}

/// Gives interfaces to the caller.
///
/// # Safety
/// `to` is valid for a write.
unsafe fn publish(found: &[Interface], to: *mut *mut virDomainInterfacePtr) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let no_memory = || Error::new(VIR_ERR_NO_MEMORY, DOMAIN, format!("{} interfaces", found.len()));
    // SAFETY: an array of our own, whose pointers are NULL or from here.
    unsafe {
        let size = size_of::<virDomainInterfacePtr>();
        let array = libc::calloc(found.len(), size).cast::<virDomainInterfacePtr>();
        if array.is_null() {
            return Err(no_memory());
        }
        for (index, interface) in found.iter().enumerate() {
            let made = to_c(interface).inspect_err(|_| {
                (0..index).for_each(|index| virDomainInterfaceFree(*array.add(index)));
                libc::free(array.cast());
            })?;
            array.add(index).write(made);
        }
        to.write(array);
    }
    Ok(())
}

fn to_c(interface: &Interface) -> Result<virDomainInterfacePtr> {
    let size = size_of::<virDomainInterface>();
    // SAFETY: memory of our own, for which zeros are NULL and no addresses.
    unsafe {
        let made = libc::calloc(1, size).cast::<virDomainInterface>();
        if made.is_null() {
            return Err(Error::new(VIR_ERR_NO_MEMORY, DOMAIN, format!("{size} bytes")));
        }
        let filled = strings::to_c(&interface.name).and_then(|name| {
            (*made).name = name;
            if let Some(hardware) = &interface.hardware {
                (*made).hwaddr = strings::to_c(hardware)?;
            }
            Ok(made)
        });
        filled.inspect_err(|_| virDomainInterfaceFree(made))
    }
}

/// Releases an interface with its addresses.
///
/// @iface: the interface; NULL is allowed
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.2.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainInterfaceFree(iface: virDomainInterfacePtr) {
    // SAFETY: from here, and the caller's until now. A program may have put addresses into it.
    unsafe {
        let Some(interface) = iface.as_mut() else { return };
        libc::free(interface.name.cast());
        libc::free(interface.hwaddr.cast());
        if !interface.addrs.is_null() {
            for index in 0..interface.naddrs as usize {
                libc::free((*interface.addrs.add(index)).addr.cast());
            }
        }
        libc::free(interface.addrs.cast());
        libc::free(iface.cast());
    }
}

/// Tells how much may pass an interface, as it is defined: VIR_DOMAIN_BANDWIDTH_IN_AVERAGE and the
/// other names that begin like it.
///
/// @domain: the domain
/// @device: what the interface is called on the machine, or its hardware address
/// @params: an array for the parameters; NULL to count only
/// @nparams: how many the array holds, 0 to count only; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams, flags, or
/// if there is no such interface; VIR_ERR_OPERATION_INVALID if the domain is not active where that is
/// asked for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetInterfaceParameters(
    domain: virDomainPtr,
    device: *const c_char,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetInterfaceParameters", |call| {
        let domain = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let room = unsafe { room(call, params, nparams, DOMAIN)? };
        // SAFETY: the caller's promise.
        let device = unsafe { call.string(device, DOMAIN, "device")? };
        let flags: AskFlags = call.flags(flags, DOMAIN)?;
        let values = domain.interface_parameters(&device, flags.bits())?;
        // SAFETY: the caller's promise; `room` has checked for NULL.
        unsafe { store(&values, params, nparams, room)? };
        Ok(0)
    })
}
