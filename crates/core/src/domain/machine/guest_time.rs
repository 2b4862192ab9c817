//! The time that a guest of libvirt's test driver has.

/// A time of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestTime {
    /// Since 1970.
    pub seconds: i64,
    pub nanoseconds: u32,
}

impl GuestTime {
    /// The time in a domain of libvirt's test driver, which stands still.
    pub const TEST: GuestTime = GuestTime { seconds: 627_319_920, nanoseconds: 0 };
}
