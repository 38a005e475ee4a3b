//! The limits of a call, of a tool, of the process: all finite.

use std::time::Duration;

use crate::sandbox::machine;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The limits of a call, of a tool, of the process. There is no way to have none.
///
/// The defaults, which stand at each field, are [`Limits::default`]. They hold for every tool loaded by one
/// [`Pocket`](crate::Pocket); a tool may be granted its own `timeout` and `memory` up to the two maxima.
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
    /// All linear memories of all calls together, in bytes: half of what this machine or its cgroup has. Beyond it new
    /// calls are told to come back, and a call that grows is refused the memory.
    pub memory_of_all_calls: u64,
    /// Core instances of a component: 32.
    pub core_instances: u32,
    /// Linear memories of a component: 4.
    pub memories: u32,
    /// Tables of a component: 8.
    pub tables: u32,
    /// Elements of all tables of a call together: 100,000.
    pub table_elements: usize,
    /// Calls at one time: 1,000.
    pub calls: u32,
    /// Calls of one profile at one time: 250.
    pub calls_per_profile: u32,
    /// Calls of one tool at one time: 250.
    pub calls_per_tool: u32,
    /// Calls that wait for their turn: 1,000.
    pub waiting: u32,
    /// How long a call waits for its turn, which is not counted in its `timeout`: 5 s.
    pub waiting_time: Duration,
    /// The input of a call, in bytes: 8 MiB.
    pub input: usize,
    /// The output of a call, in bytes: 4 MiB.
    pub output: usize,
    /// The log of a call, in bytes: 256 KiB. What is over is cut and marked.
    pub log: usize,
    /// Log lines and progress that are passed on while a call runs, in a second: 100. What is over is left out and marked.
    pub reports_per_second: u32,
    /// Names and values of a tool's environment together, in bytes: 32 KiB.
    pub environment: usize,
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
    /// Things that the host holds for a call (streams, requests, files, ...): 2,048.
    pub resources: usize,
    /// Handles that a component may hold: 2,048.
    pub handles: usize,
    /// One set of HTTP fields, in bytes: 32 KiB.
    pub fields: usize,
    /// What one call of the host copies out of a guest, in bytes: 4 MiB.
    pub hostcall: usize,
    /// Random bytes that a guest may ask for at once: 64 KiB.
    pub random: u64,
    /// A component, in bytes: 64 MiB.
    pub component: usize,
    /// Time to compile a component: 60 s.
    pub compile_timeout: Duration,
    /// Address space of a process that compiles, in bytes: 2 GiB. A component of 21 MiB takes 0.8 GiB on two processors and, as each
    /// thread has room of its own, 1.4 GiB on sixty-four.
    pub compile_memory: u64,
    /// Components compiled at one time: 2.
    pub compiles: u32,
    /// Compiled code kept in the cache, in bytes: 2 GiB. The oldest goes first.
    pub compiled_code: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            timeout_max: Duration::from_secs(600),
            memory: 256 << 20,
            memory_max: 1 << 30,
            memory_of_all_calls: machine::memory() / 2,
            core_instances: 32,
            memories: 4,
            tables: 8,
            table_elements: 100_000,
            calls: 1_000,
            calls_per_profile: 250,
            calls_per_tool: 250,
            waiting: 1_000,
            waiting_time: Duration::from_secs(5),
            input: 8 * MIB,
            output: 4 * MIB,
            log: 256 * KIB,
            reports_per_second: 100,
            environment: 32 * KIB,
            requests: 64,
            request_bytes: 16 << 20,
            response_bytes: 32 << 20,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(30),
            between_bytes_timeout: Duration::from_secs(30),
            resources: 2_048,
            handles: 2_048,
            fields: 32 * KIB,
            hostcall: 4 * MIB,
            random: 64 << 10,
            component: 64 * MIB,
            compile_timeout: Duration::from_secs(60),
            compile_memory: 2 << 30,
            compiles: 2,
            compiled_code: 2 << 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_calls_is_the_most_of_one_profile_and_of_one_tool() {
        let limits = Limits::default();
        assert_eq!(limits.calls_per_profile * 4, limits.calls);
        assert_eq!(limits.calls_per_tool * 4, limits.calls);
    }

    #[test]
    fn one_call_fits_into_what_all_calls_may_have() {
        let limits = Limits::default();
        assert!(
            limits.memory_of_all_calls >= limits.memory,
            "{}",
            limits.memory_of_all_calls
        );
    }
}
