//! `libvirt-domain.h`: limits of memory, NUMA nodes, scheduling, and what happens at the end.

use std::ffi::{c_char, c_int, c_uint};

use crate::call::{Call, entry};
use crate::domain::amounts::{CONFIG, LIVE, excludes};
use crate::domain::control::change;
use crate::domain::object::virDomainPtr;
use crate::strings;
use crate::typed_array::{room, store, validated};
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{
    Domain, EndAction, Impact, MEMORY_PARAMETERS, NUMA_PARAMETERS, Parameters, SCHEDULER_PARAMETERS,
};
use virsparse_core::error::*;
use virsparse_core::typed_params::Type;

pub(super) const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

bitflags::bitflags! {
    pub(super) struct ImpactFlags: u32 {
        const ALL = Impact::BITS;
    }

    pub(super) struct AskFlags: u32 {
        const IMPACT = Impact::BITS;
        const STRING_OKAY = 4;
    }
}

/// A function that tells values where the caller has room for them.
///
/// # Safety
/// `nparams` is NULL or valid, and `params` an array of that many parameters or NULL.
pub(super) unsafe fn tell(
    function: &'static str,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    body: impl FnOnce(&Call, &Domain) -> Result<Parameters>,
) -> c_int {
    entry(function, |call| {
        let domain = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let room = unsafe { room(call, params, nparams, DOMAIN)? };
        let values = body(call, &domain)?;
        // SAFETY: the caller's promise; `room` has checked for NULL.
        unsafe { store(&values, params, nparams, room)? };
        Ok(0)
    })
}

/// A function that takes values, of which there must be one.
///
/// # Safety
/// `params` is NULL or an array of `nparams` parameters.
pub(super) unsafe fn take(
    function: &'static str,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    allowed: &[(&'static str, Type)],
    body: impl FnOnce(&Call, &Domain, &Parameters) -> Result<()>,
) -> c_int {
    change(function, domain, |call, domain| {
        call.non_null(params, DOMAIN, "params")?;
        if nparams <= 0 {
            return Err(call.invalid_argument(DOMAIN, "nparams", "be greater than zero"));
        }
        // SAFETY: the caller's promise.
        let given = unsafe { validated(call, params, nparams, DOMAIN, allowed)? };
        body(call, domain, &given)
    })
}

/// Tells the limits of a domain's memory: VIR_DOMAIN_MEMORY_HARD_LIMIT, VIR_DOMAIN_MEMORY_SOFT_LIMIT
/// and VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT, each VIR_DOMAIN_MEMORY_PARAM_UNLIMITED if there is none.
///
/// @domain: the domain
/// @params: an array for the parameters; NULL to count only
/// @nparams: how many the array holds, 0 to count only; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or
/// flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
/// persistent where its definition is; VIR_ERR_XML_ERROR or VIR_ERR_OVERFLOW if it has a limit that
/// is no size; VIR_ERR_NO_DOMAIN.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetMemoryParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        tell("virDomainGetMemoryParameters", domain, params, nparams, |call, domain| {
            let flags: AskFlags = call.flags(flags, DOMAIN)?;
            domain.memory_parameters(flags.bits())
        })
    }
}

/// Changes limits of a domain's memory, which are kept in its description: nothing is executed.
///
/// @domain: the domain
/// @params: VIR_DOMAIN_MEMORY_HARD_LIMIT, VIR_DOMAIN_MEMORY_SOFT_LIMIT or
/// VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT; VIR_DOMAIN_MEMORY_PARAM_UNLIMITED or more removes one
/// @nparams: how many there are
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @params is NULL, @nparams not positive, for wrong types or flags, or if the
/// hard limit would exceed that with swap; VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not persistent
/// where its definition is; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetMemoryParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    let body = |call: &Call, domain: &Domain, given: &Parameters| {
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        domain.set_memory_parameters(given, flags.bits())
    };
    let function = "virDomainSetMemoryParameters";
    // SAFETY: the caller's promise.
    unsafe { take(function, domain, params, nparams, &MEMORY_PARAMETERS, body) }
}

/// Tells of which NUMA nodes a domain's memory is to be: VIR_DOMAIN_NUMA_MODE and
/// VIR_DOMAIN_NUMA_NODESET, which is empty if nothing is said of that.
///
/// @domain: the domain
/// @params: an array for the parameters; NULL to count only. The caller clears it with
/// virTypedParamsClear
/// @nparams: how many the array holds, 0 to count only; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or
/// flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
/// persistent where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetNumaParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        tell("virDomainGetNumaParameters", domain, params, nparams, |call, domain| {
            let flags: AskFlags = call.flags(flags, DOMAIN)?;
            domain.numa_parameters(flags.bits())
        })
    }
}

/// Changes of which NUMA nodes a domain's memory is to be, which is kept in its description: nothing
/// is executed.
///
/// @domain: the domain
/// @params: VIR_DOMAIN_NUMA_MODE, which stays as it is in an active domain, or
/// VIR_DOMAIN_NUMA_NODESET
/// @nparams: how many there are
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @params is NULL, @nparams not positive, for wrong types or flags, or what is
/// no mode or set; VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter; VIR_ERR_OPERATION_INVALID for an
/// empty set, for another mode of an active domain, if the domain is not active where that is to be
/// changed, or not persistent where its definition is; VIR_ERR_CONFIG_UNSUPPORTED for a mode without
/// nodes; VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if
/// that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetNumaParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    let body = |call: &Call, domain: &Domain, given: &Parameters| {
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        domain.set_numa_parameters(given, flags.bits())
    };
    let function = "virDomainSetNumaParameters";
    // SAFETY: the caller's promise.
    unsafe { take(function, domain, params, nparams, &NUMA_PARAMETERS, body) }
}

/// Names the scheduler. Only domains of `test:///default` say that they have one.
///
/// @domain: the domain
/// @nparams: where to store how many parameters it has; NULL if that is not wanted
///
/// Return Value: the name, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_SUPPORT where there is none; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerType(
    domain: virDomainPtr,
    nparams: *mut c_int,
) -> *mut c_char {
    entry("virDomainGetSchedulerType", |call| {
        let domain = call.object::<Domain>(domain)?;
        let (name, number) = domain.scheduler_type()?;
        let name = strings::to_c(name)?;
        // SAFETY: the caller's promise.
        if let Some(nparams) = unsafe { nparams.as_mut() } {
            *nparams = number as c_int;
        }
        Ok(name)
    })
}

/// # Safety
/// `nparams` is NULL or valid, and `params` an array of that many parameters or NULL.
unsafe fn scheduler_parameters(
    function: &'static str,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry(function, |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(params, DOMAIN, "params")?;
        call.non_null(nparams, DOMAIN, "nparams")?;
        // SAFETY: the caller's promise.
        let room = unsafe { *nparams };
        let room = usize::try_from(room).ok().filter(|room| *room > 0);
        let room =
            room.ok_or_else(|| call.invalid_argument(DOMAIN, "*nparams", "be greater than zero"))?;
        excludes(flags, LIVE, CONFIG)?;
        let flags: AskFlags = call.flags(flags, DOMAIN)?;
        let values = domain.scheduler_parameters(flags.bits())?;
        // SAFETY: the caller's promise, and checked for NULL.
        unsafe { store(&values, params, nparams, room)? };
        Ok(0)
    })
}

/// Tells the scheduler's parameters: VIR_DOMAIN_SCHEDULER_WEIGHT, which is 50 if nothing is said of
/// it.
///
/// @domain: the domain
/// @params: an array for the parameters
/// @nparams: how many the array holds, at least 1; becomes how many there are in it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers or if @nparams is not
/// positive; VIR_ERR_NO_SUPPORT where there is no scheduler: virDomainGetSchedulerType;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
) -> c_int {
    let function = "virDomainGetSchedulerParameters";
    // SAFETY: the caller's promise.
    unsafe { scheduler_parameters(function, domain, params, nparams, 0) }
}

/// Tells the scheduler's parameters: VIR_DOMAIN_SCHEDULER_WEIGHT, which is 50 if nothing is said of
/// it.
///
/// @domain: the domain
/// @params: an array for the parameters
/// @nparams: how many the array holds, at least 1; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainGetSchedulerParameters; VIR_ERR_INVALID_ARG for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
/// where its definition is.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerParametersFlags(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    let function = "virDomainGetSchedulerParametersFlags";
    // SAFETY: the caller's promise.
    unsafe { scheduler_parameters(function, domain, params, nparams, flags) }
}

/// # Safety
/// `params` is NULL or an array of `nparams` parameters.
unsafe fn set_scheduler_parameters(
    function: &'static str,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    change(function, domain, |call, domain| {
        call.non_null(params, DOMAIN, "params")?;
        // SAFETY: the caller's promise.
        let given = unsafe { validated(call, params, nparams, DOMAIN, &SCHEDULER_PARAMETERS)? };
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        domain.set_scheduler_parameters(&given, flags.bits())
    })
}

/// Changes the scheduler's parameters, which are kept in the domain's description: nothing is
/// executed.
///
/// @domain: the domain
/// @params: VIR_DOMAIN_SCHEDULER_WEIGHT
/// @nparams: how many there are
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @params is NULL, @nparams negative, or for a wrong type;
/// VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter; VIR_ERR_NO_SUPPORT where there is no
/// scheduler: virDomainGetSchedulerType; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetSchedulerParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
) -> c_int {
    let function = "virDomainSetSchedulerParameters";
    // SAFETY: the caller's promise.
    unsafe { set_scheduler_parameters(function, domain, params, nparams, 0) }
}

/// Changes the scheduler's parameters, which are kept in the domain's description: nothing is
/// executed.
///
/// @domain: the domain
/// @params: VIR_DOMAIN_SCHEDULER_WEIGHT
/// @nparams: how many there are
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainSetSchedulerParameters; VIR_ERR_INVALID_ARG for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
/// persistent where its definition is.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetSchedulerParametersFlags(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    let function = "virDomainSetSchedulerParametersFlags";
    // SAFETY: the caller's promise.
    unsafe { set_scheduler_parameters(function, domain, params, nparams, flags) }
}

/// Changes what is to follow the end of a domain, which is kept in its description: no guest ends
/// anything here.
///
/// @domain: the domain
/// @type: how it ends, a virDomainLifecycle
/// @action: what is to follow, a virDomainLifecycleAction; the two with COREDUMP are for crashes
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for an unknown @type, @action or flags; VIR_ERR_CONFIG_UNSUPPORTED for an
/// @action that does not go with @type; VIR_ERR_OPERATION_INVALID if the domain is not active where
/// that is to be changed, or not persistent where its definition is; VIR_ERR_OPERATION_FAILED if
/// another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
/// VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 3.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetLifecycleAction(
    domain: virDomainPtr,
    r#type: c_uint,
    action: c_uint,
    flags: c_uint,
) -> c_int {
    change("virDomainSetLifecycleAction", domain, |call, domain| {
        let wanted = EndAction::new(r#type, action)?;
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        domain.set_end_action(wanted, flags.bits())
    })
}
