//! What a domain is doing, and why.

use crate::error::*;

/// What a domain is doing: the values of virDomainState. Those that a guest would bring about are
/// only found in files that describe a connection in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Unknown = 0,
    Running = 1,
    Blocked = 2,
    Paused = 3,
    Shutdown = 4,
    Shutoff = 5,
    Crashed = 6,
    Asleep = 7,
}

impl State {
    /// libvirt's word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Unknown => "nostate",
            State::Running => "running",
            State::Blocked => "blocked",
            State::Paused => "paused",
            State::Shutdown => "shutdown",
            State::Shutoff => "shutoff",
            State::Crashed => "crashed",
            State::Asleep => "pmsuspended",
        }
    }

    /// The state of a number.
    pub fn from_number(number: u32) -> Option<State> {
        Some(match number {
            0 => State::Unknown,
            1 => State::Running,
            2 => State::Blocked,
            3 => State::Paused,
            4 => State::Shutdown,
            5 => State::Shutoff,
            6 => State::Crashed,
            7 => State::Asleep,
            _ => return None,
        })
    }
}

/// A state, and why: the numbers of libvirt's reasons for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub state: State,
    pub reason: i32,
}

impl Condition {
    pub const BOOTED: Condition = Condition { state: State::Running, reason: 1 };
    pub const UNPAUSED: Condition = Condition { state: State::Running, reason: 5 };
    pub const PAUSED: Condition = Condition { state: State::Paused, reason: 1 };
    pub const PAUSED_FOR_SNAPSHOT: Condition = Condition { state: State::Paused, reason: 9 };
    pub const UNKNOWN: Condition = Condition { state: State::Unknown, reason: 0 };
    pub const OFF: Condition = Condition { state: State::Shutoff, reason: 0 };
    pub const SHUT_DOWN: Condition = Condition { state: State::Shutoff, reason: 1 };
    pub const DESTROYED: Condition = Condition { state: State::Shutoff, reason: 2 };
    pub const FROM_SNAPSHOT: Condition = Condition { state: State::Running, reason: 4 };
    pub const PAUSED_FROM_SNAPSHOT: Condition = Condition { state: State::Paused, reason: 7 };
    pub const OFF_FOR_SNAPSHOT: Condition = Condition { state: State::Shutoff, reason: 7 };
}

/// The error that an inactive domain cannot do what is asked of it.
pub fn not_running() -> Error {
    Error::invalid_operation(VIR_FROM_DOMAIN, "domain is not running")
}
