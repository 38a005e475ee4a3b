//! Opens the tools that a new `Pocket` begins with.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Error,
    base::name::ToolName,
    call::FunctionTool,
    install::{Candidate, InstallError, Installed},
    package::{CredentialGrant, Grant},
    pocket::{Core, ToolEntry, loaded::Loaded},
    source::{Reference, Source},
};

/// Opens the tools that a new `Pocket` begins with. No name may come twice.
pub(super) struct Opening<'a> {
    core: &'a Core,
    /// The names of the project's tools that are wanted.
    of_project: Vec<&'a ToolName>,
    open: BTreeMap<String, Arc<Loaded>>,
}

impl<'a> Opening<'a> {
    /// Of the project's tools only those of these names, where any are said.
    pub(super) fn of(core: &'a Core, only: Option<&[ToolName]>) -> Self {
        let names = core.settings.tools.keys();
        let of_project = names
            .filter(|name| only.is_none_or(|only| only.contains(name)))
            .collect();
        Self {
            core,
            of_project,
            open: BTreeMap::new(),
        }
    }

    /// Opens the tools named in the builder, then the project's own, then the builder's functions. A tool of the project that
    /// the builder names too is opened once, with what both say of it.
    pub(super) async fn tools(
        mut self,
        entries: Vec<ToolEntry>,
        functions: Vec<FunctionTool>,
    ) -> Result<BTreeMap<String, Arc<Loaded>>, Error> {
        // Those that say their name first: the others do not take it from them.
        let (named, unnamed): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.name.is_some());
        for entry in named.into_iter().chain(unnamed) {
            let loaded = self.named_in_builder(entry).await?;
            self.take(loaded)?;
        }
        for name in self.of_project.clone() {
            match self.open.get(name.as_str()) {
                None => {
                    let installed = self.installed_of_project(name).await?;
                    self.take(self.sandboxed(installed, ToolEntry::default())?)?;
                }
                Some(loaded) if self.is_of_project(loaded) => {}
                Some(_) => return Err(Error::NameTaken(name.to_string())),
            }
        }
        for function in functions {
            self.take(Loaded::function(&self.core.settings, function)?)?;
        }
        Ok(self.open)
    }

    fn take(&mut self, loaded: Loaded) -> Result<(), Error> {
        let name = loaded.tool.name.to_string();
        if self.open.contains_key(&name) {
            return Err(Error::NameTaken(name));
        }
        self.open.insert(name, Arc::new(loaded));
        Ok(())
    }

    fn sandboxed(&self, installed: Installed, entry: ToolEntry) -> Result<Loaded, Error> {
        self.core.sandboxed(installed, entry, &self.open)
    }

    /// Whether a tool that is open is the one that `pocket.toml` has under its name.
    fn is_of_project(&self, loaded: &Loaded) -> bool {
        loaded
            .installed
            .as_ref()
            .is_some_and(|installed| self.is_source_of_project(&installed.name, installed.source.written()))
    }

    fn is_source_of_project(&self, name: &ToolName, written: &str) -> bool {
        let of_project = self.core.settings.tools.get(name);
        of_project.is_some_and(|tool| tool.source == written)
    }

    /// A tool that `pocket.toml` names. One that was never pinned, or from another source, is pinned now, with no credential:
    /// a file does not give any, and what was granted was granted to that other source.
    pub(super) async fn installed_of_project(&self, name: &ToolName) -> Result<Installed, Error> {
        let installer = &self.core.installer;
        let Some(tool) = self.core.settings.tools.get(name) else {
            return Ok(self.open(name).await?);
        };
        let source = self.source(&tool.source)?;
        if installer.names_of(&source)?.contains(name) {
            return Ok(self.open(name).await?);
        }
        let candidate = self.inspect(&source).await?;
        Ok(installer.install(candidate, name.clone(), Grant::default()).await?)
    }

    /// The embedding program's word gives the credential.
    async fn named_in_builder(&self, entry: ToolEntry) -> Result<Loaded, Error> {
        let mut installed = match self.core.installer.reference(&entry.source)? {
            Reference::Name(name) => self.installed_of_project(&name).await?,
            Reference::Source(source) => self.pinned(&source, &entry).await?,
        };
        installed.grant.credential = CredentialGrant::Given;
        self.sandboxed(installed, entry)
    }

    /// A name that is taken is refused before anything is pinned under it.
    async fn pinned(&self, source: &Source, entry: &ToolEntry) -> Result<Installed, Error> {
        if let Some(installed) = self.already_pinned(source, entry.name.as_ref()).await? {
            return Ok(installed);
        }
        let candidate = self.inspect(source).await?;
        let name = entry
            .name
            .clone()
            .unwrap_or_else(|| candidate.package.manifest.name.clone());
        let is_the_projects = self.is_source_of_project(&name, candidate.source.written());
        if self.open.contains_key(name.as_str()) || (self.of_project.contains(&&name) && !is_the_projects) {
            return Err(Error::NameTaken(name.to_string()));
        }
        let grant = Grant {
            credential: CredentialGrant::Given,
            ..Grant::default()
        };
        Ok(self.core.installer.install(candidate, name, grant).await?)
    }

    /// What the lock has from this very source; where it has several, that with the name of its manifest.
    async fn already_pinned(&self, source: &Source, wanted: Option<&ToolName>) -> Result<Option<Installed>, Error> {
        let mut found = None;
        for name in self.core.installer.names_of(source)? {
            if self.open.contains_key(name.as_str()) || wanted.is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let installed = self.open(&name).await?;
            if installed.package.manifest.name == name {
                return Ok(Some(installed));
            }
            found.get_or_insert(installed);
        }
        Ok(found)
    }

    async fn open(&self, name: &ToolName) -> Result<Installed, InstallError> {
        let Core {
            installer,
            settings,
            progress,
            ..
        } = self.core;
        installer.open(name, &settings.providers, progress.clone()).await
    }

    async fn inspect(&self, source: &Source) -> Result<Candidate, InstallError> {
        let Core {
            installer,
            settings,
            progress,
            ..
        } = self.core;
        installer.inspect(source, &settings.providers, progress.clone()).await
    }

    fn source(&self, written: &str) -> Result<Source, Error> {
        match self.core.installer.reference(written)? {
            Reference::Source(source) => Ok(source),
            Reference::Name(name) => Err(Error::NoTool {
                name: name.to_string(),
                nearest: None,
            }),
        }
    }
}
