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
    /// Requests of a call: 64.
    pub requests: u64,
    /// Bodies of the requests of a call together, in bytes: 16 MiB.
    pub request_bytes: u64,
    /// Bodies of the replies to a call together, in bytes: 32 MiB.
    pub response_bytes: u64,
    /// Until a connection stands: 10 s.
    pub connect_timeout: Duration,
    /// From a request to the first byte of its reply: 30 s.
    pub first_byte_timeout: Duration,
    /// Between two pieces of a reply: 30 s.
    pub between_bytes_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            timeout_max: Duration::from_secs(600),
            memory: 256 << 20,
            memory_max: 1 << 30,
            requests: 64,
            request_bytes: 16 << 20,
            response_bytes: 32 << 20,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(30),
            between_bytes_timeout: Duration::from_secs(30),
        }
    }
}
