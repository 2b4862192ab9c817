//! `libvirt-event.h`: the enumerations of the event loop.

/// What a descriptor is watched for, and what it is ready for. Values are bits.
///
/// ERROR and HANGUP are reported whether or not they are asked for, except to a watch that asks
/// for nothing.
///
/// Since 0.5.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum virEventHandleType {
    /// There is something to read, or the end of it. Since 0.5.0.
    VIR_EVENT_HANDLE_READABLE = 1,
    /// Writing would not block. Since 0.5.0.
    VIR_EVENT_HANDLE_WRITABLE = 2,
    /// The descriptor is in error: the reading end of a pipe is gone, for one. Since 0.5.0.
    VIR_EVENT_HANDLE_ERROR = 4,
    /// The other end hung up. Since 0.5.0.
    VIR_EVENT_HANDLE_HANGUP = 8,
}
