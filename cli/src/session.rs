//! Where a verb works: home, project, settings, and what a person has trusted.

use std::path::{Path, PathBuf};

use pocket_runtime::{
    Code, Fetcher, Home, InstallError, Installer, LockMode, Pocket, PocketBuilder, Profile, ProjectAsks, Reference,
    Settings, SettingsError, Source, SourceSettings, ToolName, Trust,
};

use crate::{
    ask::{Answer, ask},
    compile_for_parent,
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
    /// Where the command was typed: paths on the command line are relative to it, those in `pocket.toml` to the project.
    pub(crate) working_directory: PathBuf,
    pub(crate) profile: String,
    /// The profile, where one was typed.
    pub(crate) typed_profile: Option<String>,
}

/// A place with its settings, which hold: a person trusted what the project's files ask.
pub(crate) struct Session<'a> {
    pub(crate) place: &'a Place,
    pub(crate) settings: Settings,
    /// What was trusted.
    asks: ProjectAsks,
    trusted: Trusted,
}

/// Whether what a project's files ask holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trusted {
    /// Nobody said so.
    No,
    /// `POCKET_TRUST_PROJECT=1` says so: in this process, and no longer.
    ForNow,
    /// A person did, or the files ask for nothing.
    Kept,
}

impl Place {
    pub(crate) fn locate(project: Option<PathBuf>, profile: Option<String>) -> Result<Self, Failure> {
        let home = Home::locate(|name| std::env::var_os(name)).ok_or(SettingsError::NoHome)?;
        let working_directory = std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("."));
        let project = project.map_or_else(|| working_directory.clone(), |project| working_directory.join(project));
        if !project.is_dir() {
            let message = format!("there is no such project folder: `{}`", project.display());
            return Err(Failure::said(Code::NotFound, message)
                .hint("`--project` and `POCKET_PROJECT` name a folder that is there: make it first"));
        }
        Ok(Self {
            home,
            project,
            working_directory,
            profile: profile
                .clone()
                .unwrap_or_else(|| Profile::default().as_str().to_owned()),
            typed_profile: profile,
        })
    }

    /// A source as it was typed, written so that it means the same from the project: where that is another folder, a relative
    /// path becomes one of the project's if it lies in it, else an absolute one.
    pub(crate) fn typed(&self, written: &str, sources: &SourceSettings) -> Result<String, Failure> {
        let same = |a: &Path, b: &Path| {
            a == b || (a.canonicalize().ok()).is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b))
        };
        let Reference::Source(Source::Path(path)) = Reference::parse(written, &self.working_directory, sources)? else {
            return Ok(written.to_owned());
        };
        if Path::new(written).is_absolute() || written.starts_with('~') || same(&self.working_directory, &self.project)
        {
            return Ok(written.to_owned());
        }
        let not_utf8 = |path: &Path| InstallError::NotUtf8(path.to_owned());
        let real = path.folder.canonicalize();
        let real_project = self.project.canonicalize();
        let inside = match (&real, &real_project) {
            (Ok(folder), Ok(project)) => folder.strip_prefix(project).ok(),
            (Err(_), _) | (_, Err(_)) => None,
        };
        let text = match inside {
            Some(inside) if inside.as_os_str().is_empty() => Some(".".to_owned()),
            Some(inside) => inside.to_str().map(|inside| format!("./{inside}")),
            None => real.as_ref().unwrap_or(&path.folder).to_str().map(ToOwned::to_owned),
        };
        Ok(text.ok_or_else(|| not_utf8(&path.folder))?)
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
        let trusted = match self.trusted(&asks)? {
            Trusted::No => {
                self.ask_for_trust(&asks, terminal)?;
                Trusted::Kept
            }
            trusted @ (Trusted::ForNow | Trusted::Kept) => trusted,
        };
        Ok(Session {
            place: self,
            settings,
            asks,
            trusted,
        })
    }

    pub(crate) fn trusted(&self, asks: &ProjectAsks) -> Result<Trusted, Failure> {
        let by_variable = std::env::var_os("POCKET_TRUST_PROJECT").is_some_and(|value| value == "1");
        if asks.is_empty() {
            return Ok(if by_variable { Trusted::ForNow } else { Trusted::Kept });
        }
        match self.trust().project(&self.project) {
            Ok(Some(digest)) if digest == asks.digest => Ok(Trusted::Kept),
            Ok(_) | Err(_) if by_variable => Ok(Trusted::ForNow),
            Ok(_) => Ok(Trusted::No),
            Err(error) => Err(error.into()),
        }
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

    /// After a verb changed the project's files on a person's word, what they ask now is what that person agreed to: where
    /// it was a person, `before`, and no variable.
    pub(crate) fn keep_trusted(&self, before: Trusted) -> Result<(), Failure> {
        let (_, asks) = self.read()?;
        if before == Trusted::Kept && !asks.is_empty() {
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

    /// After a verb changed the project's files on a person's word.
    pub(crate) fn keep_all_trusted(&self) -> Result<(), Failure> {
        self.place.keep_trusted(self.trusted)
    }

    /// After a verb changed `pocket.lock` on a person's word, that is trusted too; but not what somebody else changed meanwhile.
    pub(crate) fn keep_trusted(&self) -> Result<(), Failure> {
        let (_, asks) = self.place.read()?;
        if asks.same_but_for_the_lock(&self.asks) {
            self.place.keep_trusted(self.trusted)?;
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
            .compiler(compile_for_parent::compiler())
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
