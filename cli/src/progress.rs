//! How far a fetch is, on a terminal.

use std::{io::IsTerminal as _, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pocket_runtime::{LogLine, Progress, Report};

use crate::terminal::Terminal;

/// Shows how far a fetch is; says nothing where no person looks.
pub(crate) fn of_fetch() -> Arc<dyn Progress> {
    Arc::new(Fetch {
        bar: bar("fetching {pos}/{len} objects, {msg}"),
    })
}

/// Shows that a long step is under way, until dropped.
pub(crate) struct Step {
    bar: ProgressBar,
}

impl Step {
    pub(crate) fn begin(what: &'static str) -> Self {
        let bar = bar("{spinner} {msg}");
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
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

/// Prints a tool's log lines and progress as they come.
pub(crate) struct Follow(pub(crate) Terminal);

impl Report for Follow {
    fn log(&self, line: &LogLine) {
        self.0.log(line);
    }

    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let message = pocket_runtime::shown_on_one_line(message.unwrap_or_default());
        match total {
            Some(total) => self.0.say(format_args!("{done}/{total} {message}")),
            None => self.0.say(format_args!("{done} {message}")),
        }
    }
}
