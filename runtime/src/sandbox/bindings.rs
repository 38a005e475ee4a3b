//! What wasmtime generates from `wit/`, and what a guest's reports become.

use crate::sandbox::{LogLevel, state::CallState};

wasmtime::component::bindgen!({
    path: "../wit",
    world: "pocket:tool/typed-tool",
    exports: { default: async },
});

pub(super) use exports::pocket::tool::tool::Error as TypedError;
pub(super) use pocket::tool::report;

impl report::Host for CallState {
    fn log(&mut self, level: report::Level, message: String) {
        let level = match level {
            report::Level::Debug => LogLevel::Debug,
            report::Level::Info => LogLevel::Info,
            report::Level::Warn => LogLevel::Warn,
            report::Level::Error => LogLevel::Error,
        };
        self.log.say(level, &message);
    }

    fn progress(&mut self, done: f64, total: Option<f64>, message: Option<String>) {
        self.log.progress(done, total, message.as_deref());
    }
}
