//! The project of a server, read anew when its files change.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use pocket_runtime::{Code, Error, ProjectAsks, Reference, Reloaded, Settings, Source, ToolName};
use pocket_server::Project;

use crate::{
    failure::Failure,
    harden,
    place::{Place, Trusted},
    terminal::Terminal,
};

/// The project of a server, read anew when its files change.
pub(crate) struct Followed {
    place: Place,
    terminal: Terminal,
    /// What its files asked when they were last read and trusted.
    asked: Mutex<Option<ProjectAsks>>,
}

impl Followed {
    pub(crate) fn new(place: &Place, terminal: &Terminal) -> Self {
        Self {
            place: place.clone(),
            terminal: terminal.clone(),
            asked: Mutex::new(None),
        }
    }

    fn read(&self) -> Result<Settings, Failure> {
        let (settings, asks) = self.place.read()?;
        if self.place.trusted(&asks)? == Trusted::No {
            return Err(Failure::said(
                Code::Denied,
                "this project's files changed, and nobody on this machine has allowed what they ask now: its tools stay as they were",
            )
            .hint("`pocket trust` shows what they ask and allows it; they are then taken at once"));
        }
        *self.asked() = Some(asks);
        Ok(settings)
    }

    /// A tool that was never pinned is pinned when it is opened: that is no change that a person would have to agree to.
    fn keep_trusted(&self) -> Result<(), Failure> {
        let Some(before) = self.asked().take() else {
            return Ok(());
        };
        let (_, now) = self.place.read()?;
        if now.same_but_for_the_lock(&before) && self.place.trusted(&now)? == Trusted::No {
            self.place.keep_trusted(Trusted::Kept)?;
        }
        Ok(())
    }

    /// Whether a tool's folder is one that this process may not read.
    fn lies_elsewhere(&self, name: &ToolName) -> bool {
        let folder = || {
            let (settings, _) = self.place.read().ok()?;
            let installer = self.place.installer(&settings).ok()?;
            match installer.reference(&settings.tools.get(name)?.source).ok()? {
                Reference::Source(Source::Path(path)) => Some(path.folder),
                Reference::Source(Source::Git(_)) | Reference::Name(_) => None,
            }
        };
        let read = folder().map(std::fs::read_dir);
        matches!(read, Some(Err(error)) if error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Option<ProjectAsks>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Project for Followed {
    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = ["pocket.toml", "pocket.lock", ".secrets.toml"]
            .iter()
            .map(|name| self.place.project.join(name))
            .collect();
        files.push(self.place.home.data().join("trust.toml"));
        files
    }

    fn settings(&self) -> Option<Settings> {
        match self.read() {
            Ok(settings) => Some(settings),
            Err(failure) => {
                self.terminal.complain(&failure);
                None
            }
        }
    }

    fn reloaded(&self, reloaded: &Reloaded) {
        for (name, error) in &reloaded.failed {
            self.terminal.say(format_args!(
                "`{name}` cannot be used as it is now; where it was served before, it stays as it was:"
            ));
            let failure = told(error);
            let failure = if harden::is_held() && self.lies_elsewhere(name) {
                failure.hint(
                    "the kernel holds this server to the folders that were named as it started: start it again for a tool that lies elsewhere",
                )
            } else {
                failure
            };
            self.terminal.complain(&failure);
        }
        if !reloaded.changed.is_empty() {
            let names: Vec<&str> = reloaded.changed.iter().map(|name| name.as_str()).collect();
            self.terminal.done(format_args!("changed: {}", names.join(", ")));
        }
        if let Err(failure) = self.keep_trusted() {
            self.terminal.complain(&failure);
        }
    }
}

fn told(error: &Error) -> Failure {
    let failure = Failure::said(error.code(), error.to_string());
    error.hints().into_iter().fold(failure, Failure::hint)
}
