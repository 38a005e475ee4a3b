//! How far a fetch or a call is, on a terminal.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pocket_runtime::{CallStep, LogLine, Progress, Report};

use crate::terminal::Terminal;

/// Shows how far a fetch is; says nothing where no person looks.
pub(crate) fn of_fetch() -> Arc<dyn Progress> {
    Arc::new(Fetch {
        bar: bar("fetching {pos}/{len} objects, {msg}"),
    })
}

fn bar(template: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_bad_template| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}

struct Fetch {
    bar: ProgressBar,
}

impl Progress for Fetch {
    fn received(&self, done: usize, total: usize, bytes: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(format!("{} KiB", bytes / 1024));
        if done == total {
            self.bar.finish_and_clear();
        }
    }
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
        self.0.end();
    }
}

/// What is told of one call: on a terminal its step, and the tool's log lines and progress as they come.
struct Follow {
    terminal: Terminal,
    tool: String,
    /// Not there before the first step begins.
    spinner: Mutex<Option<ProgressBar>>,
}

impl Follow {
    fn new(terminal: &Terminal, tool: &str) -> Self {
        Self {
            terminal: terminal.clone(),
            tool: tool.to_owned(),
            spinner: Mutex::default(),
        }
    }

    fn end(&self) {
        let mut spinner = self.spinner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spinner) = spinner.take() {
            spinner.finish_and_clear();
        }
    }

    /// Says something on lines of its own, not within the spinner's.
    fn aside(&self, say: impl FnOnce(&Terminal)) {
        // With `--json` the logs are part of what is printed at the end.
        if self.terminal.is_json() {
            return;
        }
        match &*self.spinner.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(spinner) => spinner.suspend(|| say(&self.terminal)),
            None => say(&self.terminal),
        }
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
            // A step that a later library tells is one of running too.
            CallStep::Running | _ => format!("running {}", self.tool),
        };
        let mut spinner = self.spinner.lock().unwrap_or_else(PoisonError::into_inner);
        let spinner = spinner.get_or_insert_with(|| bar("{spinner} {msg}"));
        spinner.set_message(words);
        spinner.enable_steady_tick(Duration::from_millis(100));
    }
}
