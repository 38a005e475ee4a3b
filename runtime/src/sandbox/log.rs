//! The log of one call: kept up to a cap, passed on up to a rate.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::sandbox::{Limits, LogLevel, LogLine, Report};

/// A line without end is taken as one at this many bytes.
const LONGEST_LINE: usize = 64 << 10;
/// A line is not cut within a word of at most this many bytes: it may be a secret, of which a part would not be found.
const LONGEST_WORD: usize = 16 << 10;
/// What a line costs beside its text.
const COST_OF_LINE: usize = 16;
/// Of what comes after the cap, the last lines are kept too: they are what tells why a tool failed.
const TAIL: usize = 4 << 10;

/// From where bytes come that are not lines yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// The log of one call. Clones share it.
#[derive(Clone)]
pub(super) struct CallLog(Arc<Mutex<Inner>>);

struct Inner {
    limit: usize,
    lines: Vec<LogLine>,
    bytes: usize,
    /// The last lines that came after the cap.
    tail: VecDeque<LogLine>,
    tail_bytes: usize,
    left_out: usize,
    written: usize,
    unfinished: [Vec<u8>; 2],
    report: Option<Arc<dyn Report>>,
    rate: Rate,
}

/// How many reports a second go on.
struct Rate {
    limit: u32,
    since: Instant,
    passed: u32,
    marked: bool,
    /// Of the whole call.
    left_out: u64,
}

/// What a guest had of its log, and of those who listen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogUse {
    /// Also what was cut.
    pub(super) bytes: usize,
    pub(super) reports_left_out: u64,
}

impl CallLog {
    pub(super) fn new(limits: &Limits, report: Option<Arc<dyn Report>>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            limit: limits.log,
            lines: Vec::new(),
            bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            left_out: 0,
            written: 0,
            unfinished: [Vec::new(), Vec::new()],
            report,
            rate: Rate {
                limit: limits.reports_per_second,
                since: Instant::now(),
                passed: 0,
                marked: false,
                left_out: 0,
            },
        })))
    }

    /// What a guest wrote to a stream, whose lines become lines of the log.
    pub(super) fn write(&self, stream: Stream, bytes: &[u8]) {
        self.lock().write(stream, bytes);
    }

    /// What a guest, or the host about it, says in one go; each of its lines is one of the log.
    pub(super) fn say(&self, level: LogLevel, text: &str) {
        let mut inner = self.lock();
        inner.written += text.len();
        for line in text.lines() {
            inner.line(level, line.to_owned());
        }
    }

    pub(super) fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        if !done.is_finite() || total.is_some_and(|t| !t.is_finite()) {
            return;
        }
        let mut inner = self.lock();
        if inner.report.is_some()
            && inner.passes()
            && let Some(report) = &inner.report
        {
            report.progress(done, total, message);
        }
    }

    pub(super) fn used(&self) -> LogUse {
        let inner = self.lock();
        LogUse {
            bytes: inner.written,
            reports_left_out: inner.rate.left_out,
        }
    }

    /// Takes what was not ended by a line break as a line; nothing more comes.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        for unfinished in mem::take(&mut inner.unfinished) {
            if !unfinished.is_empty() {
                inner.line(LogLevel::Info, text_of(&unfinished));
            }
        }
    }

    /// The last lines, as the reason for which a tool failed.
    pub(super) fn last_words(&self) -> String {
        let inner = self.lock();
        let mut words: Vec<&str> = Vec::new();
        let mut size = 0;
        for line in inner.tail.iter().rev().chain(inner.lines.iter().rev()) {
            size += line.message.len();
            if size > TAIL && !words.is_empty() {
                break;
            }
            words.push(&line.message);
        }
        words.reverse();
        let words = words.join("\n");
        let words = words.trim();
        if words.len() <= TAIL {
            return words.to_owned();
        }
        // The end of one line that is longer than all of it.
        let cut = words.ceil_char_boundary(words.len().saturating_sub(TAIL));
        let end = words.get(cut..).unwrap_or_default();
        let after_word = end.find(|c: char| !is_of_word(c)).and_then(|at| end.get(at..));
        after_word.unwrap_or(end).trim_start().to_owned()
    }

    /// All that is kept: up to the cap, a mark where something is missing, and the last lines.
    pub(super) fn take(&self) -> Vec<LogLine> {
        let mut inner = self.lock();
        let mut lines = mem::take(&mut inner.lines);
        let missing = inner.left_out.saturating_sub(inner.tail.len());
        if inner.left_out > 0 {
            lines.push(LogLine {
                level: LogLevel::Warn,
                message: format!(
                    "[the log is longer than {} bytes: {missing} lines are left out here]",
                    inner.limit
                ),
            });
        }
        lines.extend(mem::take(&mut inner.tail));
        lines
    }

    /// A report that panics must not take the log with it.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, stream: Stream, mut bytes: &[u8]) {
        self.written += bytes.len();
        let index = match stream {
            Stream::Stdout => 0,
            Stream::Stderr => 1,
        };
        let mut unfinished = mem::take(&mut self.unfinished[index]);
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            unfinished.extend_from_slice(line);
            self.line(LogLevel::Info, text_of(&unfinished));
            unfinished.clear();
            bytes = rest.get(1..).unwrap_or_default();
        }
        unfinished.extend_from_slice(bytes);
        if unfinished.len() > LONGEST_LINE {
            let last_word = unfinished.iter().rposition(|byte| !is_of_word(char::from(*byte)));
            let word = last_word.map_or(0, |at| at + 1);
            let kept = if unfinished.len() - word <= LONGEST_WORD && word > 0 {
                unfinished.split_off(word)
            } else {
                Vec::new()
            };
            self.line(LogLevel::Info, text_of(&unfinished));
            unfinished = kept;
        }
        self.unfinished[index] = unfinished;
    }

    fn line(&mut self, level: LogLevel, message: String) {
        let line = LogLine { level, message };
        if self.report.is_some()
            && self.passes()
            && let Some(report) = &self.report
        {
            report.log(&line);
        }
        let cost = line.message.len() + COST_OF_LINE;
        if self.left_out == 0 && self.bytes + cost <= self.limit {
            self.bytes += cost;
            self.lines.push(line);
            return;
        }
        self.left_out += 1;
        self.tail_bytes += cost;
        self.tail.push_back(line);
        while self.tail_bytes > TAIL
            && self.tail.len() > 1
            && let Some(oldest) = self.tail.pop_front()
        {
            self.tail_bytes -= oldest.message.len() + COST_OF_LINE;
        }
    }

    /// Whether one more report may go on; says once a second that some do not.
    fn passes(&mut self) -> bool {
        let rate = &mut self.rate;
        if rate.since.elapsed() >= Duration::from_secs(1) {
            rate.since = Instant::now();
            rate.passed = 0;
            rate.marked = false;
        }
        if rate.passed < rate.limit {
            rate.passed += 1;
            return true;
        }
        rate.left_out += 1;
        if !rate.marked {
            rate.marked = true;
            if let Some(report) = &self.report {
                report.log(&LogLine {
                    level: LogLevel::Warn,
                    message: format!(
                        "[more than {} reports in a second: some are not shown here]",
                        rate.limit
                    ),
                });
            }
        }
        false
    }
}

/// Whether a secret, in any form in which it is searched, may have this character.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=' | '%' | '\\' | ':')
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Report for Heard {
        fn log(&self, line: &LogLine) {
            self.0.lock().unwrap().push(line.message.clone());
        }

        fn progress(&self, done: f64, _total: Option<f64>, _message: Option<&str>) {
            self.0.lock().unwrap().push(done.to_string());
        }
    }

    fn messages(log: &CallLog) -> Vec<String> {
        log.end();
        log.take().into_iter().map(|line| line.message).collect()
    }

    #[test]
    fn pieces_become_lines_and_streams_do_not_mix() {
        let log = CallLog::new(&Limits::default(), None);
        log.write(Stream::Stderr, b"one\r\ntw");
        log.write(Stream::Stdout, b"other ");
        log.write(Stream::Stderr, b"o\n\nthree \xff");
        log.write(Stream::Stdout, b"stream\n");
        assert_eq!(messages(&log), ["one", "two", "", "other stream", "three \u{fffd}"]);
    }

    #[test]
    fn a_long_log_is_cut_and_marked_and_keeps_its_end() {
        let log = CallLog::new(
            &Limits {
                log: 1 << 10,
                ..Limits::default()
            },
            None,
        );
        for i in 0..10_000 {
            log.write(Stream::Stderr, format!("line {i}\n").as_bytes());
        }
        let messages = messages(&log);
        assert_eq!(messages.first().unwrap(), "line 0");
        assert_eq!(messages.last().unwrap(), "line 9999");
        assert!(messages.iter().any(|m| m.contains("are left out here")));
        assert!(messages.iter().map(String::len).sum::<usize>() < (1 << 10) + TAIL + 100);
        let wrote: usize = (0..10_000).map(|i| format!("line {i}\n").len()).sum();
        assert_eq!(log.used().bytes, wrote);
    }

    #[test]
    fn a_line_without_end_is_not_kept_growing() {
        let log = CallLog::new(&Limits::default(), None);
        for _ in 0..10_000 {
            log.write(Stream::Stderr, &[b'x'; 4096]);
        }
        assert!(log.lock().unfinished[1].len() <= LONGEST_LINE);
        let kept: usize = messages(&log).iter().map(String::len).sum();
        assert!(kept <= Limits::default().log + 2 * LONGEST_LINE + 4096 + 200, "{kept}");
    }

    #[test]
    fn a_word_is_not_cut_in_two() {
        let log = CallLog::new(&Limits::default(), None);
        log.write(Stream::Stderr, "a ".repeat(LONGEST_LINE / 2 - 5).as_bytes());
        log.write(Stream::Stderr, b"planted-tok");
        log.write(Stream::Stderr, b"en and more\n");
        let messages = messages(&log);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[1], "planted-token and more");

        let log = CallLog::new(&Limits::default(), None);
        let behind = "b ".repeat(TAIL / 2 - 4);
        log.say(LogLevel::Info, &format!("{}planted-token {behind}", "a ".repeat(TAIL)));
        assert!(!log.last_words().contains("oken"), "{}", log.last_words());
        assert!(log.last_words().ends_with("b b"));
    }

    #[test]
    fn reports_go_on_up_to_a_rate_and_say_when_some_do_not() {
        let heard = Arc::new(Heard::default());
        let log = CallLog::new(
            &Limits {
                reports_per_second: 2,
                ..Limits::default()
            },
            Some(Arc::clone(&heard) as Arc<dyn Report>),
        );
        for _ in 0..3 {
            log.say(LogLevel::Info, "a");
        }
        log.progress(0.5, None, None);
        assert_eq!(log.used().reports_left_out, 2);
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard[..2], ["a", "a"]);
        assert!(heard[2].contains("some are not shown"));
        assert_eq!(heard.len(), 3);
    }

    #[test]
    fn progress_that_is_no_number_is_left_out() {
        let heard = Arc::new(Heard::default());
        let log = CallLog::new(&Limits::default(), Some(Arc::clone(&heard) as Arc<dyn Report>));
        log.progress(f64::NAN, None, None);
        log.progress(1.0, Some(f64::INFINITY), None);
        log.progress(1.0, Some(2.0), None);
        assert_eq!(*heard.0.lock().unwrap(), ["1"]);
    }

    #[test]
    fn the_last_words_are_the_end_of_the_log() {
        let log = CallLog::new(&Limits::default(), None);
        assert_eq!(log.last_words(), "");
        log.say(LogLevel::Info, "first\nlast");
        assert_eq!(log.last_words(), "first\nlast");
        log.say(LogLevel::Info, &"é".repeat(TAIL));
        assert_eq!(log.last_words().len(), TAIL);
    }
}
