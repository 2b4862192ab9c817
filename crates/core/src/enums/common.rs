//! `libvirt-common.h`: the enumerations of typed parameters, and why connections end.

/// Why a connection was closed.
///
/// Since 0.10.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum virConnectCloseReason {
    /// An input or output error. Since 0.10.0.
    VIR_CONNECT_CLOSE_REASON_ERROR = 0,
    /// The other end closed it. Since 0.10.0.
    VIR_CONNECT_CLOSE_REASON_EOF = 1,
    /// The other end fell silent. Since 0.10.0.
    VIR_CONNECT_CLOSE_REASON_KEEPALIVE = 2,
    /// This end closed it. Since 0.10.0.
    VIR_CONNECT_CLOSE_REASON_CLIENT = 3,
    /// One past the last value. Since 0.10.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_CONNECT_CLOSE_REASON_LAST = 4,
}

/// Which member of a typed parameter's value is set.
///
/// Since 0.9.2.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum virTypedParameterType {
    /// `i`. Since 0.9.2.
    VIR_TYPED_PARAM_INT = 1,
    /// `ui`. Since 0.9.2.
    VIR_TYPED_PARAM_UINT = 2,
    /// `l`. Since 0.9.2.
    VIR_TYPED_PARAM_LLONG = 3,
    /// `ul`. Since 0.9.2.
    VIR_TYPED_PARAM_ULLONG = 4,
    /// `d`. Since 0.9.2.
    VIR_TYPED_PARAM_DOUBLE = 5,
    /// `b`. Since 0.9.2.
    VIR_TYPED_PARAM_BOOLEAN = 6,
    /// `s`. Since 0.9.8.
    VIR_TYPED_PARAM_STRING = 7,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_TYPED_PARAM_LAST = 8,
}

/// Flags of functions that return typed parameters. Their bits differ from those of
/// virDomainModificationImpact.
///
/// Since 0.9.8.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum virTypedParameterFlags {
    /// The caller understands parameters of type string. Since 0.9.8.
    VIR_TYPED_PARAM_STRING_OKAY = 4,
}
