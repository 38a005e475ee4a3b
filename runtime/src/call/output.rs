//! What a call gave.

/// What a call that ended well gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// What the tool gave.
    pub value: Value,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// What it cost.
    pub usage: Usage,
    /// The requests it made that were refused: reason and rule.
    pub refusals: Vec<String>,
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON.
    Json(serde_json::Value),
    /// Text that is not JSON.
    Text(String),
}

/// A line of a tool's log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LogLine {
    /// How grave.
    pub level: LogLevel,
    /// What it says, without its line end.
    pub message: String,
}

/// How grave a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For who mends the tool.
    Debug,
    /// For who reads along.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

/// What a call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Wall time, in microseconds.
    pub wall_us: u64,
    /// Time on a processor, in microseconds.
    pub cpu_us: u64,
    /// The most memory at any time, in bytes.
    pub memory_bytes: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of their bodies.
    pub sent_bytes: u64,
    /// Bytes of the replies' bodies.
    pub received_bytes: u64,
}
