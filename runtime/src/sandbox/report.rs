//! What a tool tells while it runs.

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
    /// Its component is compiled: at the first call on a machine, and not again while its code is kept.
    Compiling,
    /// The tool runs.
    Running,
}

/// Told how a call goes on, and what its tool reports. It is called on the thread that runs the guest: it should be quick.
pub trait Report: Send + Sync {
    /// A line of its log.
    fn log(&self, line: &LogLine);
    /// How far it is: `done` of `total` where that is known, and what it is doing.
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>);
    /// A step of the call begins. Pocket says so, never the tool.
    fn step(&self, step: CallStep) {
        let _ = step;
    }
}
