//! How a call ended, as every door shows it.

use pocket_runtime::{Called, Code, Error, SignIn, UnixTime, Usage, Value};
use serde_json::json;

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Code,
    pub(crate) ended_at: UnixTime,
    how: How,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum How {
    /// The library made it.
    Called(Box<Called>),
    /// The library did not begin it.
    Refused(Error),
    /// Its caller went away, or asked to stop.
    Cancelled,
    /// What made it is gone: a fault of ours.
    Lost,
}

impl Ended {
    pub(super) fn new(how: How, ended_at: UnixTime) -> Self {
        let code = match &how {
            How::Called(called) => called.ended.as_ref().err().map_or(Code::Ok, Error::code),
            How::Refused(error) => error.code(),
            How::Cancelled => Code::Cancelled,
            How::Lost => Code::Internal,
        };
        Self { code, ended_at, how }
    }

    /// All that is kept of it, where the library made it.
    pub(crate) fn called(&self) -> Option<&Called> {
        match &self.how {
            How::Called(called) => Some(called),
            How::Refused(_) | How::Cancelled | How::Lost => None,
        }
    }

    /// What it cost, where it ran.
    pub(crate) fn usage(&self) -> Option<&Usage> {
        Some(&self.called()?.usage)
    }

    fn error(&self) -> Option<&Error> {
        match &self.how {
            How::Called(called) => called.ended.as_ref().err(),
            How::Refused(error) => Some(error),
            How::Cancelled | How::Lost => None,
        }
    }

    /// Whether there is no tool of the name that was called.
    pub(crate) const fn is_of_no_tool(&self) -> bool {
        matches!(&self.how, How::Refused(Error::NoTool { .. }))
    }

    /// What it gave, where it ended well.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.called()?.ended.as_ref().ok()
    }

    /// What the user must do, where that is what was missing.
    pub(crate) fn sign_in(&self) -> Option<&SignIn> {
        self.error()?.sign_in()
    }

    /// What went wrong, in a sentence.
    pub(crate) fn message(&self) -> String {
        match (&self.how, self.error()) {
            (_, Some(error)) => error.to_string(),
            (How::Cancelled, None) => "the call was cancelled".to_owned(),
            (How::Lost, None) => "the call was lost".to_owned(),
            (How::Called(_) | How::Refused(_), None) => String::new(),
        }
    }

    /// What would mend it, each in a sentence.
    pub(crate) fn hints(&self) -> Vec<String> {
        match (&self.how, self.error()) {
            (_, Some(error)) => error.hints(),
            (How::Lost, None) => vec!["this is a fault of Pocket: its log says more".to_owned()],
            (_, None) => Vec::new(),
        }
    }

    /// For who wants more than words.
    pub(crate) fn details(&self) -> Option<serde_json::Value> {
        self.error()?.to_json().get("details").cloned()
    }

    /// The output digit by digit, where it has numbers that JSON values may not hold exactly.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.called()?.exact.as_deref()
    }

    /// The one shape of all doors.
    pub(crate) fn to_json(&self, tool: &str) -> serde_json::Value {
        let error = match &self.how {
            How::Called(called) => return called.to_json(),
            How::Refused(error) => error.to_json(),
            How::Cancelled | How::Lost => json!({ "message": self.message(), "hints": self.hints() }),
        };
        json!({ "tool": tool, "code": self.code, "error": error, "logs": [] })
    }

    /// About how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        let Some(called) = self.called() else { return 256 };
        let output = usize::try_from(called.usage.output_bytes).unwrap_or(usize::MAX);
        let logs: usize = called.logs.iter().map(|line| line.message.len() + 32).sum();
        // JSON values take some times the room of their text.
        output.saturating_mul(4).saturating_add(logs).saturating_add(1024)
    }
}
