//! The tools that are called.

use std::time::Duration;

use pocket_runtime::{Home, Pocket, Settings};
use pocket_tests::{Embedder, sample};
use serde_json::json;

/// The time of a call that is to run out of it.
const SHORT: &str = "100ms";
/// That of all others: more than any takes on a machine that does other things too.
const LONG: Duration = Duration::from_secs(120);

/// One `Pocket` and its tools, in a home of its own.
pub(crate) struct World {
    pub(crate) pocket: Pocket,
    _embedder: Embedder,
}

impl World {
    pub(crate) async fn new() -> Self {
        let embedder = Embedder::new();
        let mut settings = Settings::standard().expect("the embedded files are valid");
        settings.limits.timeout = LONG;
        let mut builder = Pocket::builder()
            .home(Home::at(embedder.home()))
            .settings(settings)
            .tool(sample("echo").display().to_string())
            .unlocked()
            .accounts_in_memory();
        for program in [
            "typed_errors",
            "exit_code",
            "trap",
            "flood_stdout",
            "flood_stderr",
            "busy_progress",
            "dial",
            "wait",
            "work",
        ] {
            builder = builder.tool(embedder.program(program));
        }
        let short = json!({ "permissions": { "limits": { "timeout": SHORT } } });
        for (program, name) in [("sleep_forever", "sleep_shortly"), ("loop_forever", "loop_shortly")] {
            builder = builder.tool(embedder.program_as(program, name, short.clone()));
        }
        Self {
            pocket: builder.build().await.expect("the tools can be opened"),
            _embedder: embedder,
        }
    }

    /// Loads the tools whose calls are dropped, which may be before they are loaded.
    pub(crate) async fn load_dropped(&self) {
        for tool in ["wait", "work"] {
            let ended = self.pocket.invoke(tool, json!({ "milliseconds": 0 })).await;
            ended.unwrap_or_else(|error| panic!("`{tool}` answers: {error}"));
        }
    }
}
