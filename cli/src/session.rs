//! Where a verb works: home, project, settings, and what a person has trusted.

use std::path::{Path, PathBuf};

use pocket_runtime::{
    Code, Fetcher, Home, Installer, LockMode, Pocket, PocketBuilder, ProjectAsks, Reference, Settings, SettingsError,
    ToolName, Trust,
};

use crate::{
    ask::{Answer, ask},
    failure::Failure,
    progress,
    terminal::Terminal,
};

/// A verb makes one call after the other. Each place for a call costs a little time when wasmtime is set up: a thousand, the
/// library's default, cost more than the call.
const CALLS: u32 = 2;

/// Where a verb works, before anything of it is read.
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) project: PathBuf,
    pub(crate) profile: String,
}

/// A place with its settings, which hold: a person trusted what the project's files ask.
pub(crate) struct Session<'a> {
    pub(crate) place: &'a Place,
    pub(crate) settings: Settings,
    /// What was trusted.
    asks: ProjectAsks,
}

impl Place {
    pub(crate) fn locate(project: Option<PathBuf>, profile: String) -> Result<Self, Failure> {
        let home = Home::locate(|name| std::env::var_os(name)).ok_or(SettingsError::NoHome)?;
        let project = project.unwrap_or_else(|| PathBuf::from("."));
        let project = std::path::absolute(&project).unwrap_or(project);
        if !project.is_dir() {
            let message = format!("there is no such project folder: `{}`", project.display());
            return Err(Failure::said(Code::NotFound, message));
        }
        Ok(Self { home, project, profile })
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::new(&self.home)
    }

    /// Settings as they would be once trusted, and what there is to trust.
    pub(crate) fn read(&self) -> Result<(Settings, ProjectAsks), Failure> {
        let read = Settings::read(&self.home, Some(&self.project), std::env::vars_os())?;
        Ok((read.settings, read.asks))
    }

    /// The settings, once a person trusts what the project's files ask: now, before, or by `POCKET_TRUST_PROJECT=1`.
    pub(crate) fn open(&self, terminal: &Terminal) -> Result<Session<'_>, Failure> {
        let (settings, asks) = self.read()?;
        if !self.is_trusted(&asks)? {
            self.ask_for_trust(&asks, terminal)?;
        }
        Ok(Session {
            place: self,
            settings,
            asks,
        })
    }

    pub(crate) fn is_trusted(&self, asks: &ProjectAsks) -> Result<bool, Failure> {
        if asks.is_empty() || std::env::var_os("POCKET_TRUST_PROJECT").is_some_and(|value| value == "1") {
            return Ok(true);
        }
        Ok(self.trust().project(&self.project)? == Some(asks.digest))
    }

    fn ask_for_trust(&self, asks: &ProjectAsks, terminal: &Terminal) -> Result<(), Failure> {
        let refused = || {
            Failure::said(
                Code::Denied,
                format!(
                    "nobody on this machine has allowed what this project's files ask: `{}`",
                    self.project.display()
                ),
            )
            .hint("`pocket trust` shows what they ask and allows it; in scripts set POCKET_TRUST_PROJECT=1")
        };
        if !terminal.can_ask() {
            return Err(refused());
        }
        show_asks(&self.project, asks, terminal);
        match ask(terminal, "Allow it, for this content of the files?") {
            Answer::Yes => Ok(self.trust().trust_project(&self.project, asks.digest)?),
            Answer::No => Err(refused()),
        }
    }

    /// After a verb changed the project's files on a person's word, what they ask now is what that person agreed to.
    pub(crate) fn keep_trusted(&self) -> Result<(), Failure> {
        let (_, asks) = self.read()?;
        if !asks.is_empty() {
            self.trust().trust_project(&self.project, asks.digest)?;
        }
        Ok(())
    }

    /// The project's lock, without opening any tool.
    pub(crate) fn installer(&self, settings: &Settings) -> Result<Installer, Failure> {
        let fetcher = Fetcher::new(&self.home, &settings.net)?;
        let lock = LockMode::Project(self.project.clone());
        Ok(Installer::new(
            &self.home,
            self.project.clone(),
            lock,
            fetcher,
            settings.sources.clone(),
        )?)
    }
}

/// Why a verb finds no tool of this name among those of a project, and which there are.
pub(crate) fn no_tool(name: &ToolName, settings: &Settings) -> Failure {
    let message = format!("this project has no tool of this name: `{name}`");
    let known: Vec<&str> = settings.tools.keys().map(ToolName::as_str).collect();
    let failure = Failure::said(Code::NotFound, message);
    let failure = match known.as_slice() {
        [] => failure.hint("this project has no tools yet: `pocket add SOURCE` adds one"),
        known => failure.hint(format!("its tools: {}", known.join(", "))),
    };
    failure.hint(format!("a folder is written with a `/`: `./{name}`"))
}

impl Session<'_> {
    /// See [`no_tool`].
    pub(crate) fn no_tool(&self, name: &ToolName) -> Failure {
        no_tool(name, &self.settings)
    }

    /// Opens one of the project's tools. One that was never pinned, or from another source, is pinned now, which changes the lock.
    pub(crate) async fn open_tool(&self, name: &ToolName) -> Result<Pocket, Failure> {
        let pinned = self.is_pinned(name)?;
        let pocket = self.builder().only([name.clone()]).build().await?;
        if !pinned {
            self.keep_trusted()?;
        }
        Ok(pocket)
    }

    fn is_pinned(&self, name: &ToolName) -> Result<bool, Failure> {
        let Some(tool) = self.settings.tools.get(name) else {
            return Ok(true);
        };
        let installer = self.place.installer(&self.settings)?;
        match installer.reference(&tool.source)? {
            Reference::Source(source) => Ok(installer.names_of(&source)?.contains(name)),
            Reference::Name(_) => Ok(true),
        }
    }

    /// After a verb changed `pocket.lock` on a person's word, that is trusted too; but not what somebody else changed meanwhile.
    pub(crate) fn keep_trusted(&self) -> Result<(), Failure> {
        let (_, asks) = self.place.read()?;
        if asks.same_but_for_the_lock(&self.asks) && !asks.is_empty() {
            self.place.trust().trust_project(&self.place.project, asks.digest)?;
        }
        Ok(())
    }

    /// Before a verb changes the project's files and trusts the outcome: that they still are what was trusted.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        let (_, asks) = self.place.read()?;
        if asks == self.asks {
            return Ok(());
        }
        Err(
            Failure::said(Code::Denied, "this project's files changed in the meantime")
                .hint("look at the changes, then do the same again"),
        )
    }

    /// A [`Pocket`] of this project, to which the verb adds what it needs.
    pub(crate) fn builder(&self) -> PocketBuilder {
        let mut settings = self.settings.clone();
        settings.limits.calls = settings.limits.calls.min(CALLS);
        Pocket::builder()
            .home(self.place.home.clone())
            .project(&self.place.project)
            .settings(settings)
            .progress(progress::of_fetch())
    }
}

/// Shows what a project's files ask.
pub(crate) fn show_asks(project: &Path, asks: &ProjectAsks, terminal: &Terminal) {
    terminal.say(format_args!("The files of `{}` ask for:", project.display()));
    for line in &asks.lines {
        terminal.say(format_args!("  - {line}"));
    }
}
