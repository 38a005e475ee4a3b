//! `[limits]`, as a layer has it.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{base::quantity, sandbox::Limits, settings::file::replace};

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of the limits of calls: timeout, memory"
)]
pub(super) struct LimitsFile {
    #[serde(deserialize_with = "some_duration")]
    timeout: Option<Duration>,
    #[serde(deserialize_with = "some_bytes")]
    memory: Option<u64>,
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    quantity::duration(&String::deserialize(deserializer)?)
        .map(Some)
        .map_err(D::Error::custom)
}

fn some_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    quantity::bytes(&String::deserialize(deserializer)?)
        .map(Some)
        .map_err(D::Error::custom)
}

impl LimitsFile {
    /// Lays `over` on top.
    pub(super) fn overlay(&mut self, over: Self) {
        let Self { timeout, memory } = over;
        replace(&mut self.timeout, timeout);
        replace(&mut self.memory, memory);
    }

    /// The limits where these are set.
    pub(super) fn over(&self, under: Limits) -> Limits {
        let Self { timeout, memory } = self;
        Limits {
            timeout: timeout.unwrap_or(under.timeout),
            memory: memory.unwrap_or(under.memory),
            ..under
        }
    }

    /// What is set higher than in `under`, in plain words: who sets a limit lower only takes something away.
    pub(super) fn raised_over(&self, under: &Limits) -> Vec<String> {
        let Self { timeout, memory } = self;
        let timeout = timeout.filter(|timeout| *timeout > under.timeout).map(|timeout| {
            let (asked, now) = (timeout.as_secs_f32(), under.timeout.as_secs_f32());
            format!("up to {asked} s for any call, rather than {now} s")
        });
        let memory = memory.filter(|memory| *memory > under.memory).map(|memory| {
            let (asked, now) = (memory >> 20, under.memory >> 20);
            format!("up to {asked} MiB of memory for any call, rather than {now} MiB")
        });
        timeout.into_iter().chain(memory).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs;

    use crate::{base::home::Home, settings::Settings};

    #[test]
    fn a_project_that_raises_a_limit_asks_and_one_that_lowers_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        fs::create_dir_all(home.config()).unwrap();
        for (own, project, asked) in [
            ("", "timeout = \"20s\"\nmemory = \"256MiB\"", 0),
            ("", "timeout = \"31s\"\nmemory = \"257MiB\"", 2),
            ("timeout = \"10s\"", "timeout = \"20s\"", 1),
            ("timeout = \"60s\"", "timeout = \"60s\"", 0),
        ] {
            fs::write(home.config().join("config.toml"), format!("[limits]\n{own}\n")).unwrap();
            fs::write(folder.path().join("pocket.toml"), format!("[limits]\n{project}\n")).unwrap();
            let read = Settings::read(&home, Some(folder.path()), [("X", "y")]).unwrap();
            assert_eq!(read.asks.lines.len(), asked, "{own} {project}: {:?}", read.asks.lines);
        }
    }
}
