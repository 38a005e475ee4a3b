//! Questions that a person answers.

use std::io::BufRead as _;

use crate::terminal::Terminal;

/// What a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
}

/// Asks; anything but a clear yes is a no. Call it only where [`Terminal::can_ask`] says so.
pub(crate) fn ask(terminal: &Terminal, question: &str) -> Answer {
    terminal.ask(format_args!("{question} [y/N]"));
    match line().as_deref().map(str::trim) {
        Some("y" | "Y" | "yes" | "Yes" | "YES") => Answer::Yes,
        _other => Answer::No,
    }
}

/// Reads one line from a person; `None` at the end of input.
pub(crate) fn line() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}
