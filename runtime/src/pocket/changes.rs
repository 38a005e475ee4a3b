//! Which tools there are and what each is granted, changed while it runs.

use crate::{
    Error,
    base::name::ToolName,
    install::{Candidate, Installed, Update},
    package::Grant,
    pocket::{Pocket, ToolEntry},
    source::Reference,
};

impl Pocket {
    /// Fetches and checks what a source has, granting nothing. `source` is as a user writes it.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not a package.
    pub async fn inspect(&self, source: &str) -> Result<Candidate, Error> {
        match self.core.installer.reference(source)? {
            Reference::Source(source) => Ok(self
                .core
                .installer
                .inspect(&source, &self.core.settings.providers, self.core.progress.clone())
                .await?),
            Reference::Name(name) => self.inspect_added(&name).await,
        }
    }

    async fn inspect_added(&self, name: &ToolName) -> Result<Candidate, Error> {
        let loaded = self.loaded(name.as_str()).await?;
        let installed = loaded.installed.as_ref().ok_or_else(|| no_tool(name.as_str()))?;
        Ok(Candidate::of(installed))
    }

    /// Adds a tool with what it is granted: to `pocket.lock`, and to the tools of this `Pocket`.
    ///
    /// # Errors
    /// When the name is taken, a folder cannot be given or the lockfile cannot be written; the tools are then as they were.
    pub async fn add(&self, candidate: Candidate, name: Option<ToolName>, grant: Grant) -> Result<ToolName, Error> {
        let name = name.unwrap_or_else(|| candidate.package.manifest.name.clone());
        let mut tools = self.core.tools.write().await;
        if tools.contains_key(name.as_str()) {
            return Err(Error::NameTaken(name.to_string()));
        }
        let installed = candidate.installed_as(name.clone(), grant);
        self.core.pin(&mut tools, installed, ToolEntry::default()).await?;
        Ok(name)
    }

    /// Adds a tool for as long as this `Pocket` lives: nothing is pinned, nothing is written. `entry` is what the
    /// embedding program gives it beside the grant; its source is not looked at.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn add_for_now(
        &self,
        candidate: Candidate,
        name: Option<ToolName>,
        grant: Grant,
        entry: ToolEntry,
    ) -> Result<ToolName, Error> {
        let Candidate { source, package, tree } = candidate;
        let name = name.unwrap_or_else(|| package.manifest.name.clone());
        let mut tools = self.core.tools.write().await;
        if tools.contains_key(name.as_str()) {
            return Err(Error::NameTaken(name.to_string()));
        }
        let installed = Installed {
            name: name.clone(),
            source,
            package,
            grant,
            tree,
        };
        self.core.take(&mut tools, installed, entry)?;
        Ok(name)
    }

    /// What a sandboxed tool was granted; nothing for a function.
    ///
    /// # Errors
    /// [`Error::NoTool`].
    pub async fn grant_of(&self, name: &str) -> Result<Option<Grant>, Error> {
        Ok(self
            .loaded(name)
            .await?
            .installed
            .as_ref()
            .map(|installed| installed.grant.clone()))
    }

    /// Gives a tool another grant from here on, in `pocket.lock` too.
    ///
    /// # Errors
    /// [`Error::NoTool`], or when the lockfile cannot be written; its grant is then as it was.
    pub async fn grant(&self, name: &str, grant: Grant) -> Result<(), Error> {
        let loaded = self.loaded(name).await?;
        let installed = loaded.installed.as_ref().ok_or_else(|| no_tool(name))?;
        let mut tools = self.core.tools.write().await;
        let installed = Installed {
            grant,
            ..installed.clone()
        };
        self.core.pin(&mut tools, installed, loaded.entry.clone()).await
    }

    /// Gives a tool another grant, and what `entry` says beside it, for as long as this `Pocket` lives: nothing is written.
    ///
    /// # Errors
    /// [`Error::NoTool`].
    pub async fn grant_for_now(&self, name: &str, grant: Grant, entry: ToolEntry) -> Result<(), Error> {
        let loaded = self.loaded(name).await?;
        let installed = loaded.installed.clone().ok_or_else(|| no_tool(name))?;
        let mut tools = self.core.tools.write().await;
        self.core.take(&mut tools, Installed { grant, ..installed }, entry)
    }

    /// Runs nothing and changes nothing: what an update of a tool would change.
    ///
    /// # Errors
    /// When there is no such tool, or its source cannot be fetched.
    pub async fn update(&self, name: &str) -> Result<Update, Error> {
        let loaded = self.loaded(name).await?;
        let installed = loaded.installed.as_ref().ok_or_else(|| no_tool(name))?;
        Ok(self
            .core
            .installer
            .update(installed, &self.core.settings.providers, self.core.progress.clone())
            .await?)
    }

    /// Takes an update, with what the tool is granted from here on. Calls in flight end with the tool they began with.
    ///
    /// # Errors
    /// When the lockfile cannot be written; the old tool then stays.
    pub async fn take_update(&self, name: &str, update: Update, grant: Grant) -> Result<(), Error> {
        let name: ToolName = name.parse().map_err(|_not_a_name| no_tool(name))?;
        let mut tools = self.core.tools.write().await;
        let entry = tools
            .get(name.as_str())
            .map(|loaded| loaded.entry.clone())
            .unwrap_or_default();
        let installed = update.candidate.installed_as(name, grant);
        self.core.pin(&mut tools, installed, entry).await
    }

    /// Removes a tool, from `pocket.lock` too. Calls in flight end as they would.
    ///
    /// # Errors
    /// When there is no such tool, or the lockfile cannot be written.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let loaded = self.loaded(name).await?;
        let mut tools = self.core.tools.write().await;
        if let Some(installed) = &loaded.installed {
            self.core.installer.remove(&installed.name).await?;
        }
        tools.remove(name);
        Ok(())
    }
}

fn no_tool(name: &str) -> Error {
    Error::NoTool {
        name: name.to_owned(),
        nearest: None,
    }
}
