//! How a call ended, as every door shows it.

use pocket_runtime::{Called, Code, Error, SignIn, UnixTime, Value};
use serde_json::json;

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Code,
    pub(crate) ended_at: UnixTime,
    /// What the library gave; `None` where the call was cancelled, or there was no such tool.
    called: Option<Called>,
    refused: Option<Error>,
}

impl Ended {
    pub(super) const fn called(called: Called, code: Code, ended_at: UnixTime) -> Self {
        Self {
            code,
            ended_at,
            called: Some(called),
            refused: None,
        }
    }

    /// The library did not begin it.
    pub(super) fn refused(error: Error, ended_at: UnixTime) -> Self {
        Self {
            code: error.code(),
            ended_at,
            called: None,
            refused: Some(error),
        }
    }

    pub(super) const fn cancelled(ended_at: UnixTime) -> Self {
        Self {
            code: Code::Cancelled,
            ended_at,
            called: None,
            refused: None,
        }
    }

    fn error(&self) -> Option<&Error> {
        let ended = self.called.as_ref().and_then(|called| called.ended.as_ref().err());
        ended.or(self.refused.as_ref())
    }

    /// What it gave, where it ended well.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.called.as_ref()?.ended.as_ref().ok()
    }

    /// What the user must do, where that is what was missing.
    pub(crate) fn sign_in(&self) -> Option<&SignIn> {
        self.error()?.sign_in()
    }

    /// What went wrong, in a sentence.
    pub(crate) fn message(&self) -> String {
        match self.error() {
            Some(error) => error.to_string(),
            None if self.code == Code::Cancelled => "the call was cancelled".to_owned(),
            None => String::new(),
        }
    }

    /// What would mend it, each in a sentence.
    pub(crate) fn hints(&self) -> Vec<String> {
        self.error().map(Error::hints).unwrap_or_default()
    }

    /// For who wants more than words.
    pub(crate) fn details(&self) -> Option<serde_json::Value> {
        self.error()?.to_json().get("details").cloned()
    }

    /// The output digit by digit, where it has numbers that JSON values may not hold exactly.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.called.as_ref()?.exact.as_deref()
    }

    /// The one shape of all doors.
    pub(crate) fn to_json(&self, tool: &str) -> serde_json::Value {
        match &self.called {
            Some(called) => called.to_json(),
            None => json!({
                "tool": tool,
                "code": self.code,
                "error": self.refused.as_ref().map_or_else(
                    || json!({ "message": self.message(), "hints": [] }),
                    Error::to_json,
                ),
                "logs": [],
            }),
        }
    }

    /// About how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        let Some(called) = &self.called else { return 256 };
        let output = usize::try_from(called.usage.output_bytes).unwrap_or(usize::MAX);
        let logs: usize = called.logs.iter().map(|line| line.message.len() + 32).sum();
        // JSON values take some times the room of their text.
        output.saturating_mul(4).saturating_add(logs).saturating_add(1024)
    }
}
