//! Where a verb works: home, project, and the folder in which it was typed.

use std::path::{Path, PathBuf};

use pocket_runtime::{
    Code, Fetcher, Home, InstallError, Installer, LockMode, Profile, ProjectAsks, Reference, Settings, SettingsError,
    Source, SourceSettings, Trust,
};

use crate::{failure::Failure, harden};

/// Where a verb works, before anything of it is read.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) project: PathBuf,
    /// Where the command was typed: paths on the command line are relative to it, those in `pocket.toml` to the project.
    pub(crate) working_directory: PathBuf,
    pub(crate) profile: String,
    /// The profile, where one was typed.
    pub(crate) typed_profile: Option<String>,
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
    /// From what was typed, or what the variables say.
    pub(crate) fn locate(project: Option<PathBuf>, profile: Option<String>) -> Result<Self, Failure> {
        let home = Home::locate(|name| std::env::var_os(name)).ok_or(SettingsError::NoHome)?;
        let working_directory = std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("."));
        let project = working_directory.join(project.unwrap_or_default());
        // Without the `.` that may be in it.
        let project: PathBuf = project.components().collect();
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
        let Reference::Source(Source::Path(path)) = Reference::parse(written, &self.working_directory, sources)? else {
            return Ok(written.to_owned());
        };
        let project = real(&self.project);
        let is_absolute = Path::new(written).is_absolute() || written.starts_with('~');
        if is_absolute || project == real(&self.working_directory) {
            return Ok(written.to_owned());
        }
        let folder = real(&path.folder);
        let text = match folder.strip_prefix(&project) {
            Ok(inside) if inside.as_os_str().is_empty() => Some(".".to_owned()),
            Ok(inside) => inside.to_str().map(|inside| format!("./{inside}")),
            Err(_outside) => folder.to_str().map(ToOwned::to_owned),
        };
        Ok(text.ok_or(InstallError::NotUtf8(folder))?)
    }

    /// What people on this machine agreed to.
    pub(crate) fn trust(&self) -> Trust {
        Trust::new(&self.home)
    }

    /// Settings as they would be once trusted, and what there is to trust.
    pub(crate) fn read(&self) -> Result<(Settings, ProjectAsks), Failure> {
        let variables = std::env::vars_os();
        let read = match harden::lock_writer().and_then(|writer| writer.written()) {
            Some(lock) => Settings::read_with_lock(&self.home, &self.project, variables, lock)?,
            None => Settings::read(&self.home, Some(&self.project), variables)?,
        };
        Ok((read.settings, read.asks))
    }

    /// The settings that hold now, with nobody asked: without what the project's files say where nobody trusts them.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let (settings, asks) = self.read()?;
        if self.trusted(&asks)? != Trusted::No {
            return Ok(settings);
        }
        Ok(Settings::read_without_project(&self.home, std::env::vars_os())?)
    }

    /// Whether what the project's files ask holds.
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

    /// After a verb changed the project's files on a person's word, what they ask now is what that person agreed to: where
    /// it was a person, `before`, and no variable.
    pub(crate) fn keep_trusted(&self, before: Trusted) -> Result<(), Failure> {
        let (_, asks) = self.read()?;
        if before == Trusted::Kept && !asks.is_empty() {
            self.trust().trust_project(&self.project, asks.digest, &asks.lines)?;
        }
        Ok(())
    }

    /// The project's lock, without opening any tool.
    pub(crate) fn installer(&self, settings: &Settings) -> Result<Installer, Failure> {
        let fetcher = Fetcher::withholding(&self.home, &settings.net, &settings.own_variables)?;
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

/// The one way to write a path; as it is where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_not_there| path.to_owned())
}
