//! The only place that prints: data to stdout, talk to stderr.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use owo_colors::OwoColorize as _;
use pocket_runtime::{Called, Code, LogLevel, LogLine, Value, shown, shown_on_one_line};
use serde_json::json;

use crate::failure::{Failure, hints_of};

/// What is logged where nothing else is said.
const QUIET: &str = "pocket_runtime=warn,pocket_server=warn";

/// Where things are printed, and how.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    json: bool,
    /// Whether data could not be printed: what a verb gave must not be lost in silence.
    lost: Arc<AtomicBool>,
}

impl Terminal {
    pub(crate) fn new(json: bool, verbose: bool) -> Self {
        let filter = std::env::var("POCKET_LOG").unwrap_or_else(|_unset| {
            if verbose {
                "pocket_runtime=debug,pocket_server=debug".to_owned()
            } else {
                QUIET.to_owned()
            }
        });
        let filter = tracing_subscriber::EnvFilter::try_new(filter)
            .unwrap_or_else(|_not_a_filter| tracing_subscriber::EnvFilter::new(QUIET));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .without_time()
            .with_target(false)
            .init();
        Self {
            json,
            lost: Arc::default(),
        }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person can be asked: they see the question and can type the answer.
    pub(crate) fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Whether a person reads along what is said.
    pub(crate) fn is_seen(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// A line of data.
    pub(crate) fn data(&self, line: impl std::fmt::Display) {
        let written = writeln!(anstream::stdout(), "{line}");
        self.told(written);
    }

    /// Bytes of data as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        self.told(written);
    }

    /// A reader that went away (`| head`) is no fault; a full disk is one.
    fn told(&self, written: std::io::Result<()>) {
        if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// That all data was printed.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(Failure::said(Code::Internal, "the output could not be written")
                .hint("see that the disk is not full and the file can be written"));
        }
        Ok(())
    }

    /// A JSON value: on lines of its own for a person, on one for a program.
    pub(crate) fn value(&self, value: &serde_json::Value) {
        if std::io::stdout().is_terminal() {
            self.data(readable(&format!("{value:#}")));
        } else {
            self.data(value);
        }
    }

    /// JSON that is text already, with all its digits.
    fn json_text(&self, json: &str) {
        if std::io::stdout().is_terminal() {
            self.data(readable(json));
        } else {
            self.data(json);
        }
    }

    /// A line of talk.
    pub(crate) fn say(&self, line: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// A question, with the cursor after it.
    pub(crate) fn ask(&self, question: impl std::fmt::Display) {
        let mut stderr = anstream::stderr();
        let _ = write!(stderr, "{question} ");
        let _ = stderr.flush();
    }

    /// A line of talk that something is done.
    pub(crate) fn done(&self, line: impl std::fmt::Display) {
        if !self.json {
            self.say(format_args!("{} {line}", "✓".green()));
        }
    }

    /// A line of talk about what is in the data.
    pub(crate) fn note(&self, line: impl std::fmt::Display) {
        self.say(format_args!("{}: {line}", "note".dimmed()));
    }

    /// A line of a tool's log.
    pub(crate) fn log(&self, line: &LogLine) {
        let message = shown(&line.message);
        let level = match line.level {
            LogLevel::Debug => "debug".dimmed().to_string(),
            LogLevel::Info => "log".dimmed().to_string(),
            LogLevel::Warn => "warn".yellow().to_string(),
            LogLevel::Error => "error".red().to_string(),
        };
        self.say(format_args!("{level}: {message}"));
    }

    /// How far a tool says that it is.
    pub(crate) fn progress(&self, line: impl std::fmt::Display) {
        self.say(format_args!("{}: {line}", "progress".dimmed()));
    }

    /// What a call gave: with `--json` in the one shape of all doors, else the output alone.
    pub(crate) fn called(&self, called: &Called) -> Result<(), Failure> {
        let code = called.ended.as_ref().err().map(pocket_runtime::Error::code);
        if self.json {
            match &called.exact {
                Some(_) => self.json_text(&called.to_json_text()),
                None => self.value(&called.to_json()),
            }
            return code.map_or(Ok(()), |code| Err(Failure::Printed(code)));
        }
        for refusal in &called.refusals {
            self.say(format_args!("{}: {}", "refused".yellow(), shown_on_one_line(refusal)));
        }
        if !called.refusals.is_empty() {
            self.say(format_args!(
                "  {} `--allow RULE` allows one for this run, `--allow-private RULE` also to an inner address",
                "hint:".cyan()
            ));
        }
        match &called.ended {
            Ok(Value::Json(value)) => match &called.exact {
                Some(exact) => self.json_text(exact),
                None => self.value(value),
            },
            Ok(Value::Text(text)) => self.text(text),
            Err(error) => {
                self.report(error.code(), &error.to_string(), &[], &hints_of(error));
                return Err(Failure::Printed(error.code()));
            }
        }
        Ok(())
    }

    /// A tool's own text: as it is for a program, with its control characters seen for a person.
    fn text(&self, text: &str) {
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        let text = if std::io::stdout().is_terminal() {
            format!("{}{line_end}", shown(text))
        } else {
            format!("{text}{line_end}")
        };
        self.bytes(text.as_bytes());
    }

    /// Why a verb ended other than well.
    /// A failure that does not end the verb: on stderr, whatever stdout is for.
    pub(crate) fn complain(&self, failure: &Failure) {
        self.report(failure.code(), &failure.message(), &failure.causes(), &failure.hints());
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        if let Failure::Printed(_) = failure {
            return;
        }
        // Where stdout takes nothing, stderr is left.
        if self.json && !self.lost.load(Ordering::Relaxed) {
            let error = match failure {
                Failure::Pocket(error) => {
                    let mut shape = error.to_json();
                    shape["hints"] = json!(failure.hints());
                    shape
                }
                Failure::Said { .. } | Failure::Printed(_) | Failure::Other(_) => {
                    json!({ "message": failure.message(), "hints": failure.hints() })
                }
            };
            self.value(&json!({ "code": failure.code(), "error": error }));
            return;
        }
        self.report(failure.code(), &failure.message(), &failure.causes(), &failure.hints());
    }

    fn report(&self, code: pocket_runtime::Code, message: &str, causes: &[String], hints: &[String]) {
        self.say(format_args!(
            "{} {}: {}",
            "error".red().bold(),
            format_args!("[{code}]").dimmed(),
            indented(message)
        ));
        for cause in causes {
            self.say(format_args!("  {} {}", "because".dimmed(), indented(cause)));
        }
        for hint in hints {
            self.say(format_args!("  {} {}", "hint:".cyan(), indented(hint)));
        }
    }
}

/// Words that may be a stranger's: on later lines they could look like ours.
fn indented(text: &str) -> String {
    shown(text).replace('\n', "\n    ")
}

/// The same JSON with every character escaped that could change how a terminal shows the rest. Line breaks are ours: those of
/// strings are escaped already.
fn readable(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let is_plain = c == '\n' || (' '..='~').contains(&c) || shown(c.encode_utf8(&mut [0; 4])).chars().eq([c]);
        if is_plain {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_a_person_has_no_character_that_a_terminal_obeys_and_is_the_same_json() {
        let value = json!({ "a\u{202e}": ["\u{9b}31m\u{7f}\u{1b}[2J", "zażółć ✓ 日本 😀", "\u{e0041}", "a\nb"] });
        let text = readable(&format!("{value:#}"));
        assert!(
            text.chars()
                .all(|c| c == '\n' || shown_on_one_line(&c.to_string()) == c.to_string()),
            "{text}"
        );
        assert!(text.contains("zażółć ✓ 日本 😀"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }

    #[test]
    fn later_lines_of_a_message_stand_apart() {
        assert_eq!(indented("a\nSign in:\u{1b}"), "a\n    Sign in:\\u{1b}");
    }
}
