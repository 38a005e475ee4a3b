//! What a tool tells while it runs.

use std::sync::Arc;

use crate::base::{digest::Digest, name::ToolName};

/// A line of a tool's log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LogLine {
    /// How grave.
    pub level: LogLevel,
    /// What it says, without its line end. It is the guest's own text: escape it before it is shown.
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

/// A step of a call that may take a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallStep {
    /// Its code is looked for: at the first call of a process.
    Loading,
    /// Its component is compiled: at the first call on a machine, and not again while its code is kept.
    Compiling,
    /// The tool runs.
    Running,
}

/// Which tool is called, as it is in this very call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ToolIdentity {
    /// Its name.
    pub name: ToolName,
    /// Where it comes from, as written; nothing for a function of the embedding program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The digest of its component; nothing for a function of the embedding program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The provider whose credential it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The scopes that it asks of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// A request that a tool sent, once it has ended: what it came to, and never its path, its headers or its body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct OutboundRequest {
    /// Such as `GET`.
    pub method: String,
    /// Scheme, host and port, such as `https://slack.com`.
    pub origin: String,
    /// The status of the reply; nothing where none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// From when its tool began to run to when the request did, in milliseconds: what came before, such as compiling, is not in it.
    pub after_ms: u64,
    /// How long it took, until the last byte of the reply that the tool read, in milliseconds.
    pub took_ms: u64,
    /// What of its body was sent, in bytes.
    pub sent_bytes: u64,
    /// What of the reply's body was read, in bytes.
    pub received_bytes: u64,
}

/// Told how a call goes on, and what its tool reports. It is called on the thread that runs the guest: it should be quick.
pub trait Report: Send + Sync {
    /// A line of its log.
    fn log(&self, line: &LogLine);
    /// How far it is: `done` of `total` where that is known, and what it is doing.
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>);
    /// A call of this tool begins. Pocket says so, never the tool.
    fn begins(&self, tool: &Arc<ToolIdentity>) {
        let _ = tool;
    }
    /// A step of the call begins. Pocket says so, never the tool.
    fn step(&self, step: CallStep) {
        let _ = step;
    }
    /// A request of the tool has ended, or was given up with the call.
    fn request(&self, request: &OutboundRequest) {
        let _ = request;
    }
    /// A request was refused: why, and the rule that would allow it. Each is told once.
    fn refused(&self, refusal: &str) {
        let _ = refusal;
    }
}
