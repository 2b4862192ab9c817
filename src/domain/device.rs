//! `libvirt-domain.h`, third part: devices and metadata.

use std::ffi::{c_char, c_int, c_uint};

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::strings;
use virsparse_core::domain::{DeviceFlags, Domain, Impact, MetadataKind};
use virsparse_core::enums::domain::virDomainMetadataType;
use virsparse_core::error::*;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

bitflags::bitflags! {
    struct ImpactFlags: u32 {
        const ALL = Impact::BITS;
    }
}

/// Changes a device by its description, or by what else `name` of the function's parameters says of it.
///
/// # Safety
/// `device` is NULL or a NUL-terminated string.
unsafe fn change_device(
    function: &'static str,
    domain: virDomainPtr,
    device: *const c_char,
    name: &'static str,
    flags: c_uint,
    known: DeviceFlags,
    body: impl FnOnce(&Domain, &str, DeviceFlags) -> Result<()>,
) -> c_int {
    entry(function, |call| {
        let domain = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let device = unsafe { call.string(device, DOMAIN, name)? };
        call.writable(&domain, DOMAIN)?;
        let flags: DeviceFlags = call.flags(flags, DOMAIN)?;
        let unknown = flags.bits() & !known.bits();
        if unknown != 0 {
            let text = format!("unsupported flags (0x{unknown:x}) in function {function}");
            return Err(Error::argument(DOMAIN, "flags", text));
        }
        body(&domain, &device, flags)?;
        Ok(0)
    })
}

const IMPACT: DeviceFlags = DeviceFlags::LIVE.union(DeviceFlags::CONFIG);

/// Adds a device to a domain. A disk of an active domain is open and served when this returns, and
/// VIR_DOMAIN_EVENT_ID_DEVICE_ADDED is sent.
///
/// @domain: the domain
/// @xml: the description: a `disk`, or for a definition any device
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
/// read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
/// VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_OPERATION_FAILED if
/// there is such a disk; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainAttachDevice(domain: virDomainPtr, xml: *const c_char) -> c_int {
    let body = |domain: &Domain, xml: &str, flags| domain.attach_device(xml, flags);
    // SAFETY: the caller's promise.
    unsafe {
        change_device(
            "virDomainAttachDevice",
            domain,
            xml,
            "xml",
            DeviceFlags::LIVE.bits(),
            IMPACT,
            body,
        )
    }
}

/// Adds a device to a domain. A disk of an active domain is open and served when this returns, and
/// VIR_DOMAIN_EVENT_ID_DEVICE_ADDED is sent.
///
/// @domain: the domain
/// @xml: the description: a `disk`, or for a definition any device
/// @flags: virDomainDeviceModifyFlags without FORCE
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainAttachDevice; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
/// persistent where its definition is.
///
/// Since 0.7.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainAttachDeviceFlags(
    domain: virDomainPtr,
    xml: *const c_char,
    flags: c_uint,
) -> c_int {
    let body = |domain: &Domain, xml: &str, flags| domain.attach_device(xml, flags);
    // SAFETY: the caller's promise.
    unsafe { change_device("virDomainAttachDeviceFlags", domain, xml, "xml", flags, IMPACT, body) }
}

/// Removes a disk from a domain. Guests that use it in an active domain are cut off, and
/// VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED is sent.
///
/// @domain: the domain
/// @xml: the description: a `disk`, which is known by its target
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
/// read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
/// VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_UNSUPPORTED or
/// VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_FAILED if another process runs it
/// and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_DEVICE_MISSING;
/// VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainDetachDevice(domain: virDomainPtr, xml: *const c_char) -> c_int {
    let body = |domain: &Domain, xml: &str, flags| domain.detach_device(xml, flags);
    // SAFETY: the caller's promise.
    unsafe {
        change_device(
            "virDomainDetachDevice",
            domain,
            xml,
            "xml",
            DeviceFlags::LIVE.bits(),
            IMPACT,
            body,
        )
    }
}

/// Removes a device from a domain: a disk, or from a definition any. Guests that use a disk in an active
/// domain are cut off, and VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED is sent.
///
/// @domain: the domain
/// @xml: the description: a `disk`, which is known by its target; an `interface`, which is known by its MAC
/// address; a `controller`, by its type and index; a `filesystem`, by its target; or another device, of
/// which everything is true that is said here
/// @flags: virDomainDeviceModifyFlags without FORCE
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainDetachDevice; VIR_ERR_OPERATION_UNSUPPORTED if another device than a disk is to be
/// removed from an active domain; VIR_ERR_OPERATION_FAILED if there are several interfaces of that address;
/// VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
/// persistent where its definition is.
///
/// Since 0.7.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainDetachDeviceFlags(
    domain: virDomainPtr,
    xml: *const c_char,
    flags: c_uint,
) -> c_int {
    let body = |domain: &Domain, xml: &str, flags| domain.detach_device(xml, flags);
    // SAFETY: the caller's promise.
    unsafe { change_device("virDomainDetachDeviceFlags", domain, xml, "xml", flags, IMPACT, body) }
}

/// Removes the device of an alias from a domain, as virDomainDetachDeviceFlags does.
///
/// @domain: the domain
/// @alias: the name in the device's `<alias>`. Disks of an active domain have one in any case, of the
/// form `virtio-disk0`
/// @flags: virDomainDeviceModifyFlags without FORCE
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainDetachDeviceFlags, but for those of a description; VIR_ERR_INVALID_ARG if @alias is
/// NULL; VIR_ERR_DEVICE_MISSING if the domain has no such device.
///
/// Since 4.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainDetachDeviceAlias(
    domain: virDomainPtr,
    alias: *const c_char,
    flags: c_uint,
) -> c_int {
    let body = |domain: &Domain, alias: &str, flags| domain.detach_device_alias(alias, flags);
    // SAFETY: the caller's promise.
    unsafe {
        change_device("virDomainDetachDeviceAlias", domain, alias, "alias", flags, IMPACT, body)
    }
}

/// Changes a disk. In a definition everything can be changed. In an active domain it is the medium
/// of a drive: of a `cdrom` or `floppy`.
///
/// @domain: the domain
/// @xml: the description: a `disk`, which is known by its target
/// @flags: virDomainDeviceModifyFlags; no guest's will is asked, with FORCE or without
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainDetachDeviceFlags; VIR_ERR_OPERATION_UNSUPPORTED for what cannot be changed.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainUpdateDeviceFlags(
    domain: virDomainPtr,
    xml: *const c_char,
    flags: c_uint,
) -> c_int {
    let body = |domain: &Domain, xml: &str, flags| domain.update_device(xml, flags);
    // SAFETY: the caller's promise.
    unsafe {
        change_device(
            "virDomainUpdateDeviceFlags",
            domain,
            xml,
            "xml",
            flags,
            DeviceFlags::all(),
            body,
        )
    }
}

/// Which metadata is meant, with the checks that come first. `uri` is that of an element.
fn kind_of(call: &Call, number: c_int, uri: Option<String>) -> Result<MetadataKind> {
    const DESCRIPTION: c_int = virDomainMetadataType::VIR_DOMAIN_METADATA_DESCRIPTION as c_int;
    const TITLE: c_int = virDomainMetadataType::VIR_DOMAIN_METADATA_TITLE as c_int;
    const ELEMENT: c_int = virDomainMetadataType::VIR_DOMAIN_METADATA_ELEMENT as c_int;
    match (number, uri) {
        (TITLE | DESCRIPTION, Some(_)) => Err(call.invalid_argument(DOMAIN, "uri", "be NULL")),
        (TITLE, None) => Ok(MetadataKind::Title),
        (DESCRIPTION, None) => Ok(MetadataKind::Description),
        (ELEMENT, Some(uri)) => Ok(MetadataKind::Element(uri)),
        (ELEMENT, None) => Err(call.invalid_argument(DOMAIN, "uri", "not be NULL")),
        (other, _) => {
            let text = format!("unknown metadata type '{other}'");
            Err(Error::new(VIR_ERR_INVALID_ARG, DOMAIN, text))
        }
    }
}

/// Reads metadata of a domain.
///
/// @domain: the domain
/// @type: which, a virDomainMetadataType
/// @uri: the namespace of an element; NULL for the others
/// @flags: virDomainModificationImpact, of which one
///
/// Return Value: the text, or the element as XML without its namespace, which the caller frees; or
/// NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for an unknown @type or flags, or an @uri
/// that does not go with it; VIR_ERR_NO_DOMAIN_METADATA; VIR_ERR_OPERATION_INVALID if the domain is
/// not active where that is asked for, or not persistent where its definition is;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetMetadata(
    domain: virDomainPtr,
    r#type: c_int,
    uri: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    entry("virDomainGetMetadata", |call| {
        let domain = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let uri = unsafe { call.optional_string(uri, DOMAIN, "uri")? };
        let kind = kind_of(call, r#type, uri)?;
        let flags = call.flags::<ImpactFlags>(flags, DOMAIN)?.bits();
        strings::to_c(&domain.metadata(&kind, flags)?)
    })
}

/// Sets metadata of a domain, or removes it. VIR_DOMAIN_EVENT_ID_METADATA_CHANGE is sent.
///
/// @domain: the domain
/// @type: which, a virDomainMetadataType
/// @metadata: the text, or the element as XML, which is put into the namespace; NULL to remove it
/// @key: the prefix of an element; NULL for the others
/// @uri: the namespace of an element; NULL for the others
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for an unknown @type or flags, for @key and @uri that do not go with it, for
/// a title with a newline, or for an element of another namespace; VIR_ERR_XML_DETAIL if @metadata
/// cannot be understood; VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be
/// changed, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetMetadata(
    domain: virDomainPtr,
    r#type: c_int,
    metadata: *const c_char,
    key: *const c_char,
    uri: *const c_char,
    flags: c_uint,
) -> c_int {
    entry("virDomainSetMetadata", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let (metadata, key, uri) = unsafe {
            (
                call.optional_string(metadata, DOMAIN, "metadata")?,
                call.optional_string(key, DOMAIN, "key")?,
                call.optional_string(uri, DOMAIN, "uri")?,
            )
        };
        if r#type == virDomainMetadataType::VIR_DOMAIN_METADATA_TITLE as c_int
            && metadata.as_ref().is_some_and(|title| title.contains('\n'))
        {
            let text = "metadata title can't contain newlines";
            return Err(Error::argument(DOMAIN, "metadata", text));
        }
        let kind = kind_of(call, r#type, uri)?;
        match (&kind, &key) {
            (MetadataKind::Element(_), None) if metadata.is_some() => {
                return Err(call.invalid_argument(DOMAIN, "key", "not be NULL"));
            }
            (MetadataKind::Title | MetadataKind::Description, Some(_)) => {
                return Err(call.invalid_argument(DOMAIN, "key", "be NULL"));
            }
            _ => {}
        }
        let flags = call.flags::<ImpactFlags>(flags, DOMAIN)?.bits();
        domain.set_metadata(&kind, metadata.as_deref(), key.as_deref(), flags)?;
        Ok(0)
    })
}
