//! The kinds of calls, and how often each comes.

use crate::chance::Chance;

/// What a call is meant to end as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A command gives back its input.
    Echo,
    /// A typed tool gives back a text of its input.
    Typed,
    /// A command ends with a code.
    ExitCode,
    /// A typed tool gives an error of its own.
    TypedError,
    /// A command traps.
    Trap,
    /// A typed tool panics.
    TypedPanic,
    /// More output than a call may give.
    FloodStdout,
    /// More log than is kept.
    FloodStderr,
    /// More progress than is passed on.
    FloodProgress,
    /// A request that nobody granted.
    Refused,
    /// A guest that waits past its time.
    TimedOut,
    /// A guest that computes past its time.
    TimedOutBusy,
    /// A call that is dropped at some moment, of a guest that answers after a while: before its end or after.
    CancelledAnswering,
    /// A call that is dropped, of a guest that waits.
    CancelledWaiting,
    /// The same of a guest that computes.
    CancelledBusy,
}

impl Kind {
    pub(crate) const ALL: [Self; 15] = [
        Self::Echo,
        Self::Typed,
        Self::ExitCode,
        Self::TypedError,
        Self::Trap,
        Self::TypedPanic,
        Self::FloodStdout,
        Self::FloodStderr,
        Self::FloodProgress,
        Self::Refused,
        Self::TimedOut,
        Self::TimedOutBusy,
        Self::CancelledAnswering,
        Self::CancelledWaiting,
        Self::CancelledBusy,
    ];

    /// Of a thousand calls, so many.
    const fn share(self) -> u64 {
        match self {
            Self::Echo => 400,
            Self::Typed => 243,
            Self::ExitCode | Self::TypedError => 50,
            Self::Trap | Self::TypedPanic => 25,
            Self::FloodStdout | Self::FloodProgress => 8,
            Self::FloodStderr => 9,
            Self::Refused => 60,
            Self::TimedOut => 20,
            Self::TimedOutBusy => 2,
            Self::CancelledAnswering | Self::CancelledWaiting => 40,
            Self::CancelledBusy => 20,
        }
    }

    /// Whether the caller goes away before it ends, most of the time.
    pub(crate) const fn is_dropped(self) -> bool {
        matches!(
            self,
            Self::CancelledAnswering | Self::CancelledWaiting | Self::CancelledBusy
        )
    }

    /// That of one call.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let whole = Self::ALL.iter().map(|kind| kind.share()).sum();
        let mut left = Chance::of(seed, number).below(whole);
        for kind in Self::ALL {
            match left.checked_sub(kind.share()) {
                Some(rest) => left = rest,
                None => return kind,
            }
        }
        Self::Echo
    }
}
