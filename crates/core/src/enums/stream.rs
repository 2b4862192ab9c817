//! `libvirt-stream.h`: the enumerations of streams.

/// How a stream behaves. Since 0.7.2.
#[repr(C)]
pub enum virStreamFlags {
    /// Calls that would have to wait return -2 instead. Since 0.7.2.
    VIR_STREAM_NONBLOCK = 1 << 0,
}

/// How virStreamRecvFlags receives. Since 3.4.0.
#[repr(C)]
pub enum virStreamRecvFlagsValues {
    /// Return -3 at a hole instead of the hole's zeros. Since 3.4.0.
    VIR_STREAM_RECV_STOP_AT_HOLE = 1 << 0,
}

/// What a stream can be ready for. Since 0.7.2.
#[repr(C)]
pub enum virStreamEventType {
    /// Something can be received, or the stream has ended. Since 0.7.2.
    VIR_STREAM_EVENT_READABLE = 1 << 0,
    /// Something can be sent. Since 0.7.2.
    VIR_STREAM_EVENT_WRITABLE = 1 << 1,
    /// The stream has failed. Since 0.7.2.
    VIR_STREAM_EVENT_ERROR = 1 << 2,
    /// The other end has gone. Since 0.7.2.
    VIR_STREAM_EVENT_HANGUP = 1 << 3,
}
