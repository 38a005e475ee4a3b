//! How far a fetch or a call is, on a terminal.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pocket_runtime::{CallStep, LogLine, Progress, Report};

use crate::terminal::Terminal;

/// Shows how far a fetch is; says nothing where no person looks.
pub(crate) fn of_fetch() -> Arc<dyn Progress> {
    Arc::new(Fetch::default())
}

/// How far a fetch is. What is in the cache begins none.
#[derive(Default)]
struct Fetch {
    spinner: Spinner,
}

impl Progress for Fetch {
    fn received(&self, done: usize, total: usize, bytes: usize) {
        self.spinner
            .relabel(&format!("fetching {done}/{total} objects, {} KiB", bytes / 1024));
    }

    fn begun(&self, url: &str) {
        self.spinner.show(&format!("fetching {url}"));
    }

    fn ended(&self) {
        self.spinner.clear();
    }
}

/// A line that shows that something is under way; it is there from its first words until it is cleared.
#[derive(Default)]
struct Spinner(Mutex<Option<ProgressBar>>);

impl Spinner {
    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, words: &str) {
        let mut bar = self.bar();
        let bar = bar.get_or_insert_with(bar_on_terminal);
        bar.set_message(words.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Other words, where it is there.
    fn relabel(&self, words: &str) {
        if let Some(bar) = &*self.bar() {
            bar.set_message(words.to_owned());
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    /// Does something that prints lines of its own.
    fn aside(&self, print: impl FnOnce()) {
        match &*self.bar() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// Hidden where no person looks.
fn bar_on_terminal() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{spinner} {msg}");
    let style = style.unwrap_or_else(|_bad_template| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}

/// Follows one call until dropped, however it ends.
pub(crate) struct Following(Arc<Follow>);

impl Following {
    pub(crate) fn begin(terminal: &Terminal, tool: &str) -> Self {
        Self(Arc::new(Follow::new(terminal, tool)))
    }

    /// Who is told of the call.
    pub(crate) fn report(&self) -> Arc<dyn Report> {
        Arc::clone(&self.0) as _
    }
}

/// A thread of the sandbox may hold the report a little longer than the call lasts.
impl Drop for Following {
    fn drop(&mut self) {
        self.0.spinner.clear();
    }
}

/// What is told of one call: on a terminal its step, and the tool's log lines and progress as they come.
struct Follow {
    terminal: Terminal,
    tool: String,
    /// Not there before the first step begins.
    spinner: Spinner,
}

impl Follow {
    fn new(terminal: &Terminal, tool: &str) -> Self {
        Self {
            terminal: terminal.clone(),
            tool: tool.to_owned(),
            spinner: Spinner::default(),
        }
    }

    /// Says something on lines of its own, not within the spinner's.
    fn aside(&self, say: impl FnOnce(&Terminal)) {
        // With `--json` the logs are part of what is printed at the end.
        if self.terminal.is_json() {
            return;
        }
        self.spinner.aside(|| say(&self.terminal));
    }
}

impl Report for Follow {
    fn log(&self, line: &LogLine) {
        self.aside(|terminal| terminal.log(line));
    }

    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let message = pocket_runtime::shown_on_one_line(message.unwrap_or_default());
        self.aside(|terminal| match total {
            Some(total) => terminal.progress(format_args!("{done}/{total} {message}")),
            None => terminal.progress(format_args!("{done} {message}")),
        });
    }

    fn step(&self, step: CallStep) {
        let words = match step {
            CallStep::Compiling => format!("compiling {}", self.tool),
            CallStep::Loading => format!("loading {}", self.tool),
            // A step that a later library tells is one of running too.
            CallStep::Running | _ => format!("running {}", self.tool),
        };
        self.spinner.show(&words);
    }
}
