//! Questions that a person answers.

use std::io::BufRead as _;

use tokio::{runtime::Handle, task};

use crate::{interrupt::asked_to_end, terminal::Terminal};

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

/// Reads one line from a person; `None` at the end of input, and where this process is asked to end meanwhile.
pub(crate) fn line() -> Option<String> {
    match Handle::try_current() {
        // Whoever waits for the signal is the thread that waits here.
        Ok(runtime) => task::block_in_place(|| runtime.block_on(line_unless_asked_to_end())),
        Err(_outside) => read_line(),
    }
}

async fn line_unless_asked_to_end() -> Option<String> {
    tokio::select! {
        line = task::spawn_blocking(read_line) => line.ok().flatten(),
        () = asked_to_end() => None,
    }
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}
