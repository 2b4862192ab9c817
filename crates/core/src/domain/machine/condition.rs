//! What a domain is doing, and why.

use crate::enums::domain::{
    virDomainNostateReason, virDomainPausedReason, virDomainRunningReason, virDomainShutoffReason,
    virDomainState,
};
use crate::error::*;

/// What a domain is doing: the values of virDomainState. Those that a guest would bring about are
/// only found in files that describe a connection in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Unknown = virDomainState::VIR_DOMAIN_NOSTATE as isize,
    Running = virDomainState::VIR_DOMAIN_RUNNING as isize,
    Blocked = virDomainState::VIR_DOMAIN_BLOCKED as isize,
    Paused = virDomainState::VIR_DOMAIN_PAUSED as isize,
    Shutdown = virDomainState::VIR_DOMAIN_SHUTDOWN as isize,
    Shutoff = virDomainState::VIR_DOMAIN_SHUTOFF as isize,
    Crashed = virDomainState::VIR_DOMAIN_CRASHED as isize,
    Asleep = virDomainState::VIR_DOMAIN_PMSUSPENDED as isize,
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
        let all = [
            State::Unknown,
            State::Running,
            State::Blocked,
            State::Paused,
            State::Shutdown,
            State::Shutoff,
            State::Crashed,
            State::Asleep,
        ];
        all.into_iter().find(|state| *state as u32 == number)
    }
}

/// A state, and why: the numbers of libvirt's reasons for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub state: State,
    pub reason: i32,
}

impl Condition {
    pub const BOOTED: Condition = Condition {
        state: State::Running,
        reason: virDomainRunningReason::VIR_DOMAIN_RUNNING_BOOTED as i32,
    };
    pub const UNPAUSED: Condition = Condition {
        state: State::Running,
        reason: virDomainRunningReason::VIR_DOMAIN_RUNNING_UNPAUSED as i32,
    };
    pub const PAUSED: Condition = Condition {
        state: State::Paused,
        reason: virDomainPausedReason::VIR_DOMAIN_PAUSED_USER as i32,
    };
    pub const PAUSED_FOR_SNAPSHOT: Condition = Condition {
        state: State::Paused,
        reason: virDomainPausedReason::VIR_DOMAIN_PAUSED_SNAPSHOT as i32,
    };
    pub const UNKNOWN: Condition = Condition {
        state: State::Unknown,
        reason: virDomainNostateReason::VIR_DOMAIN_NOSTATE_UNKNOWN as i32,
    };
    pub const OFF: Condition = Condition {
        state: State::Shutoff,
        reason: virDomainShutoffReason::VIR_DOMAIN_SHUTOFF_UNKNOWN as i32,
    };
    pub const SHUT_DOWN: Condition = Condition {
        state: State::Shutoff,
        reason: virDomainShutoffReason::VIR_DOMAIN_SHUTOFF_SHUTDOWN as i32,
    };
    pub const DESTROYED: Condition = Condition {
        state: State::Shutoff,
        reason: virDomainShutoffReason::VIR_DOMAIN_SHUTOFF_DESTROYED as i32,
    };
    /// The process that ran it has ended without stopping it.
    pub const CRASHED: Condition = Condition {
        state: State::Shutoff,
        reason: virDomainShutoffReason::VIR_DOMAIN_SHUTOFF_CRASHED as i32,
    };
    pub const FROM_SNAPSHOT: Condition = Condition {
        state: State::Running,
        reason: virDomainRunningReason::VIR_DOMAIN_RUNNING_FROM_SNAPSHOT as i32,
    };
    pub const PAUSED_FROM_SNAPSHOT: Condition = Condition {
        state: State::Paused,
        reason: virDomainPausedReason::VIR_DOMAIN_PAUSED_FROM_SNAPSHOT as i32,
    };
    pub const OFF_FOR_SNAPSHOT: Condition = Condition {
        state: State::Shutoff,
        reason: virDomainShutoffReason::VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT as i32,
    };
}

/// The error that an inactive domain cannot do what is asked of it.
pub fn not_running() -> Error {
    Error::invalid_operation(VIR_FROM_DOMAIN, "domain is not running")
}
