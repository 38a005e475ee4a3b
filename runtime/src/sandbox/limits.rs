//! The limits of a call, of a tool, of the process: all finite.

use std::time::Duration;

/// The limits of a call, of a tool, of the process. There is no way to have none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Wall time of a call: 30 s.
    pub timeout: Duration,
    /// The most that a grant may raise `timeout` to: 10 min.
    pub timeout_max: Duration,
    /// All linear memories of a call together, in bytes: 256 MiB.
    pub memory: u64,
    /// The most that a grant may raise `memory` to: 1 GiB.
    pub memory_max: u64,
    /// Input of a call, in bytes: 8 MiB.
    pub input: usize,
    /// Output of a call, in bytes: 4 MiB.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            timeout_max: Duration::from_secs(600),
            memory: 256 << 20,
            memory_max: 1 << 30,
            input: 8 << 20,
            output: 4 << 20,
        }
    }
}
