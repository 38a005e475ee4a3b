//! A store that lasts as long as the process.

/// Keeps accounts and pending sign-ins for as long as the process runs.
#[derive(Debug, Default)]
pub struct MemoryStore {}
