//! What of a call is searched for its credential's secrets before anyone gets it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    auth::Credential,
    base::redactor::Redactor,
    sandbox::{CallStep, LogLine, OutboundRequest, Report, ToolIdentity},
};

/// For every credential that a call used: the old and the new one, where a refresh fell into it.
pub(crate) fn redactor(used: &[Credential]) -> Arc<Redactor> {
    match used {
        [] => Arc::default(),
        [one] => one.redactor(),
        several => Arc::new(Redactor::of(several.iter().flat_map(Credential::hidden))),
    }
}

/// The lines of a log without the secrets, also without those of which each line has a part.
pub(crate) fn redacted_lines(redactor: &Redactor, logs: Vec<LogLine>) -> Vec<LogLine> {
    let (levels, messages): (Vec<_>, Vec<_>) = logs.into_iter().map(|line| (line.level, line.message)).unzip();
    let messages = redactor.lines(messages);
    let lines = levels.into_iter().zip(messages);
    lines.map(|(level, message)| LogLine { level, message }).collect()
}

/// A report that replaces secrets before it passes anything on.
pub(crate) struct Redacting {
    redactor: Arc<Redactor>,
    to: Arc<dyn Report>,
    /// The end of the lines so far: a secret may have begun in it.
    before: Mutex<String>,
}

impl Redacting {
    pub(crate) fn new(redactor: Arc<Redactor>, to: Arc<dyn Report>) -> Self {
        Self {
            redactor,
            to,
            before: Mutex::default(),
        }
    }
}

impl Report for Redacting {
    fn log(&self, line: &LogLine) {
        let LogLine { level, message } = line.clone();
        let message = {
            let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            self.redactor.line_after(&mut before, message)
        };
        self.to.log(&LogLine { level, message });
    }

    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let message = message.map(|text| self.redactor.text(text.to_owned()));
        self.to.progress(done, total, message.as_deref());
    }

    fn begins(&self, tool: &Arc<ToolIdentity>) {
        self.to.begins(tool);
    }

    fn step(&self, step: CallStep) {
        self.to.step(step);
    }

    fn request(&self, request: &OutboundRequest) {
        self.to.request(request);
    }

    fn refused(&self, refusal: &str) {
        self.to.refused(refusal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tokens_of_a_call_that_renewed_are_looked_for() {
        let (old, new) = ("planted-old-token", "planted-new-token");
        let used = [old, new].map(|token| Credential::for_tests("SLACK_BOT_TOKEN", token));
        let out = redactor(&used).text(format!("{old} {new}"));
        assert_eq!(out, "[redacted:SLACK_BOT_TOKEN] [redacted:SLACK_BOT_TOKEN]");
        let kept = redactor(&used[..1]);
        assert!(Arc::ptr_eq(&kept, &redactor(&[used[0].clone()])));
        assert_eq!(kept.text(old.to_owned()), "[redacted:SLACK_BOT_TOKEN]");
    }
}
