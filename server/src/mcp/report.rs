//! Tells an agent how a call goes on.

#![expect(
    deprecated,
    reason = "log messages are deprecated in the newest revision, and agents of the ones before have no other way to see a tool's log"
)]

use pocket_runtime::{LogLevel, LogLine};
use rmcp::{
    RoleServer,
    model::{
        LoggingLevel, LoggingMessageNotification, LoggingMessageNotificationParam, ProgressNotificationParam,
        ProgressToken, ServerNotification,
    },
    service::{Peer, RequestContext},
};
use serde_json::json;

use crate::calls::{Event, Progress};

/// Tells an agent what it asked for: progress where it gave a token, lines of the log from a level on.
pub(super) struct Telling {
    peer: Peer<RoleServer>,
    tool: String,
    token: Option<ProgressToken>,
    level: Option<LoggingLevel>,
    /// Progress has to grow.
    furthest: Option<f64>,
}

impl Telling {
    /// `level` is that of the session, which a request may say otherwise.
    pub(super) fn of(context: &RequestContext<RoleServer>, tool: &str, level: Option<LoggingLevel>) -> Self {
        Self {
            peer: context.peer.clone(),
            tool: tool.to_owned(),
            token: context.meta.get_progress_token(),
            level: context.meta.log_level().or(level),
            furthest: None,
        }
    }

    pub(super) async fn tell(&mut self, event: Event) {
        match event {
            Event::Progress(progress) => self.progress(progress).await,
            Event::Log(line) => self.log(&line).await,
            Event::Step(_) | Event::Request(_) | Event::Refused(_) => {}
        }
    }

    async fn progress(&mut self, Progress { done, total, message }: Progress) {
        let Some(token) = &self.token else { return };
        if self.furthest.is_some_and(|furthest| done <= furthest) {
            return;
        }
        self.furthest = Some(done);
        let mut progress = ProgressNotificationParam::new(token.clone(), done);
        progress.total = total;
        progress.message = message;
        if let Err(error) = self.peer.notify_progress(progress).await {
            tracing::debug!(%error, "an agent could not be told of progress");
        }
    }

    async fn log(&self, line: &LogLine) {
        let level = match line.level {
            LogLevel::Debug => LoggingLevel::Debug,
            LogLevel::Info => LoggingLevel::Info,
            LogLevel::Warn => LoggingLevel::Warning,
            LogLevel::Error => LoggingLevel::Error,
        };
        if self.level.is_none_or(|from| gravity(level) < gravity(from)) {
            return;
        }
        let line = LoggingMessageNotificationParam::new(level, json!(line.message)).with_logger(self.tool.clone());
        let line = ServerNotification::LoggingMessageNotification(LoggingMessageNotification::new(line));
        if let Err(error) = self.peer.send_notification(line).await {
            tracing::debug!(%error, "an agent could not be told a line of a log");
        }
    }
}

const fn gravity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        _emergency => 7,
    }
}
