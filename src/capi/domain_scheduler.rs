//! `libvirt-domain.h`: how a domain's CPUs share the machine's. Nothing is executed, so there is nothing to
//! be shared; domains of `test:///` have the one number that libvirt's test driver knows.

use std::ffi::{CStr, c_char, c_int, c_uint};

use super::call::{Call, entry};
use super::domain::virDomainPtr;
use super::strings;
use super::typed_array::{field, validated};
use super::typed_params::{
    virTypedParameter, virTypedParameterPtr, virTypedParameterType, virTypedParameterValue,
};
use crate::domain::{Domain, ScheduleFlags};
use crate::error::*;
use crate::typed_params::{Type, Value};

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// A parameter of the scheduler "fair": the domain's share, an unsigned int. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_WEIGHT: &CStr = c"weight";

/// The domain, if it has a scheduler.
fn scheduled(call: &Call, domain: virDomainPtr) -> Result<std::sync::Arc<Domain>> {
    let domain = call.object::<Domain>(domain)?;
    match domain.is_scheduled() {
        true => Ok(domain),
        false => Err(Error::no_support(DOMAIN, call.function)),
    }
}

/// Tells what shares the CPUs among domains.
///
/// @domain: the domain
/// @nparams: where to store how many parameters it has; may be NULL
///
/// Return Value: "fair", which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_SUPPORT unless the connection is to `test:///`;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerType(
    domain: virDomainPtr,
    nparams: *mut c_int,
) -> *mut c_char {
    entry("virDomainGetSchedulerType", |call| {
        scheduled(call, domain)?.is_active()?;
        let name = strings::to_c("fair")?;
        if !nparams.is_null() {
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { nparams.write(1) };
        }
        Ok(name)
    })
}

/// # Safety
/// `params` is NULL or an array of as many parameters as `nparams` says, unless that is NULL.
unsafe fn get(
    call: &Call,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> Result<c_int> {
    call.object::<Domain>(domain)?;
    call.non_null(params, DOMAIN, "params")?;
    call.non_null(nparams, DOMAIN, "nparams")?;
    // SAFETY: checked for NULL; the caller's memory.
    if unsafe { nparams.read() } <= 0 {
        return Err(call.must(DOMAIN, "*nparams", "be greater than zero"));
    }
    let weight = scheduled(call, domain)?.weight(call.flags(flags, DOMAIN)?)?;
    let parameter = virTypedParameter {
        field: field(VIR_DOMAIN_SCHEDULER_WEIGHT)?,
        r#type: virTypedParameterType::VIR_TYPED_PARAM_UINT as c_int,
        value: virTypedParameterValue { ui: weight },
    };
    // SAFETY: checked for NULL; the caller's array has at least one.
    unsafe {
        params.write(parameter);
        nparams.write(1);
    }
    Ok(0)
}

/// Tells the parameters of what shares the CPUs: VIR_DOMAIN_SCHEDULER_WEIGHT, which is the `shares` of
/// the description's `cputune`, or 50.
///
/// @domain: the domain
/// @params: where to store them
/// @nparams: how many there is room for; afterwards how many there are
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @params or @nparams is NULL or there is no
/// room; VIR_ERR_NO_SUPPORT unless the connection is to `test:///`; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virDomainGetSchedulerParameters", |call| unsafe {
        get(call, domain, params, nparams, 0)
    })
}

/// Tells the parameters of what shares the CPUs, as virDomainGetSchedulerParameters does.
///
/// @domain: the domain
/// @params: where to store them
/// @nparams: how many there is room for; afterwards how many there are
/// @flags: virDomainModificationImpact and virTypedParameterFlags
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainGetSchedulerParameters; VIR_ERR_INVALID_ARG also for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not in the state that they ask for.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSchedulerParametersFlags(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virDomainGetSchedulerParametersFlags", |call| unsafe {
        get(call, domain, params, nparams, flags)
    })
}

/// # Safety
/// `params` is NULL or an array of `nparams` parameters.
unsafe fn set(
    call: &Call,
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> Result<c_int> {
    let object = call.object::<Domain>(domain)?;
    call.writable(&object, DOMAIN)?;
    call.non_null(params, DOMAIN, "params")?;
    let allowed = [("weight", Type::UInt)];
    // SAFETY: the caller's promise.
    let values = unsafe { validated(call, params, nparams, DOMAIN, &allowed)? };
    let flags: ScheduleFlags = call.flags(flags, DOMAIN)?;
    let domain = scheduled(call, domain)?;
    if let Some((_, Value::UInt(weight))) = values.first() {
        domain.set_weight(*weight, flags)?;
    }
    Ok(0)
}

/// Sets the parameters of what shares the CPUs: VIR_DOMAIN_SCHEDULER_WEIGHT.
///
/// @domain: the domain
/// @params: the parameters
/// @nparams: how many there are
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED; VIR_ERR_INVALID_ARG if @params is NULL,
/// @nparams negative or a parameter of another type; VIR_ERR_ARGUMENT_UNSUPPORTED for other
/// parameters; VIR_ERR_NO_SUPPORT unless the connection is to `test:///`; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetSchedulerParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virDomainSetSchedulerParameters", |call| unsafe {
        set(call, domain, params, nparams, 0)
    })
}

/// Sets the parameters of what shares the CPUs, as virDomainSetSchedulerParameters does.
///
/// @domain: the domain
/// @params: the parameters
/// @nparams: how many there are
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainSetSchedulerParameters; VIR_ERR_INVALID_ARG also for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not in the state that they ask for.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetSchedulerParametersFlags(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virDomainSetSchedulerParametersFlags", |call| unsafe {
        set(call, domain, params, nparams, flags)
    })
}
