//! What a [`Pocket`] is made of, said step by step.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::{Mutex, RwLock};

use crate::{
    Error,
    auth::{Auth, AuthParts, FlowStore, MemoryStore, SqliteStore, TokenStore},
    base::{
        clock::{Clock, SystemClock},
        home::Home,
        key::StoreKey,
        name::{Profile, ToolName},
        net::Net,
    },
    call::FunctionTool,
    install::{Installed, Installer, LockMode},
    package::{CredentialGrant, Grant},
    pocket::{Core, Pocket, ToolEntry, loaded::Loaded},
    sandbox::{Compiler, Engine, EngineParts},
    settings::{Settings, SettingsError},
    source::{Fetcher, Progress, Reference, Source},
};

/// Says what a [`Pocket`] is made of.
///
/// Naming a tool here grants it its provider's credential: it is the embedding program's word.
#[derive(Default)]
pub struct PocketBuilder {
    project: Option<PathBuf>,
    home: Option<Home>,
    settings: Option<Settings>,
    tools: Vec<ToolEntry>,
    only: Option<Vec<ToolName>>,
    functions: Vec<FunctionTool>,
    unlocked: bool,
    in_memory: bool,
    clock: Option<Arc<dyn Clock>>,
    compiler: Compiler,
    progress: Option<Arc<dyn Progress>>,
}

impl PocketBuilder {
    /// Reads `.secrets.toml`, `pocket.toml` and `pocket.lock` of this folder, on the embedding program's own authority, with the
    /// tools that they name. Relative paths of tools are read from it.
    #[must_use]
    pub fn project(mut self, folder: impl AsRef<Path>) -> Self {
        self.project = Some(folder.as_ref().to_owned());
        self
    }

    /// Keeps tokens, grants and caches here; else in the platform's own folders, or under the variable `POCKET_HOME`.
    #[must_use]
    pub fn home(mut self, home: Home) -> Self {
        self.home = Some(home);
        self
    }

    /// Settings in place of those that files and variables would give; nothing is read but `pocket.lock`.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// A sandboxed tool, by where it comes from: a path, a git URL, or the name of a tool of the project.
    #[must_use]
    pub fn tool(mut self, tool: impl Into<ToolEntry>) -> Self {
        self.tools.push(tool.into());
        self
    }

    /// Of the project's own tools only these: the others are not even opened.
    #[must_use]
    pub fn only(mut self, names: impl IntoIterator<Item = ToolName>) -> Self {
        self.only = Some(names.into_iter().collect());
        self
    }

    /// A tool that is a function of the embedding program.
    #[must_use]
    pub fn function(mut self, function: FunctionTool) -> Self {
        self.functions.push(function);
        self
    }

    /// Keeps the lock in memory: `pocket.lock` is neither read nor written.
    #[must_use]
    pub const fn unlocked(mut self) -> Self {
        self.unlocked = true;
        self
    }

    /// Keeps accounts in memory: they end with the process.
    #[must_use]
    pub const fn accounts_in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Tells the time: for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Who compiles components.
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// Told how far each fetch is.
    #[must_use]
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Makes it: opens the project's tools and those named here, fetching what is not here yet. Nothing is compiled before
    /// a tool's first call.
    ///
    /// # Errors
    /// When a file of settings, the lock, the store or a tool is not valid, or a tool cannot be fetched.
    pub async fn build(self) -> Result<Pocket, Error> {
        let Self {
            project,
            home,
            settings,
            tools,
            only,
            functions,
            unlocked,
            in_memory,
            clock,
            compiler,
            progress,
        } = self;
        let home = match home {
            Some(home) => home,
            None => Home::locate(|name| std::env::var_os(name)).ok_or(SettingsError::NoHome)?,
        };
        let settings = match settings {
            Some(settings) => settings,
            None => Settings::read(&home, project.as_deref(), std::env::vars())?.settings,
        };
        let base = project.clone().unwrap_or_else(|| PathBuf::from("."));
        let base = std::path::absolute(&base).unwrap_or(base);
        let net = Net::new(settings.net.clone())?;
        let fetcher = Fetcher::new(&home, &settings.net)?;
        let lock = match (project, unlocked) {
            (Some(_), false) => LockMode::Project(base.clone()),
            (None, _) | (_, true) => LockMode::Memory,
        };
        let installer = Installer::new(&home, base, lock, fetcher, settings.sources.clone())?;
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock));
        let auth = auth(&settings, &home, &net, clock, in_memory)?;
        let engine = Engine::new(EngineParts {
            limits: settings.limits.clone(),
            compiler,
            net,
            home,
        })?;
        let core = Core {
            settings,
            auth,
            engine,
            installer,
            progress,
            tools: RwLock::default(),
            begun: Mutex::new(HashMap::new()),
        };
        let named = core.open_tools(tools, only, functions).await?;
        let core = Core {
            tools: RwLock::new(named),
            ..core
        };
        Ok(Pocket {
            core: Arc::new(core),
            profile: Profile::default(),
        })
    }
}

type Tools = BTreeMap<String, Arc<Loaded>>;

/// No name may come twice.
fn take(open: &mut Tools, loaded: Loaded) -> Result<(), Error> {
    let name = loaded.tool.name.to_string();
    if open.contains_key(&name) {
        return Err(Error::NameTaken(name));
    }
    open.insert(name, Arc::new(loaded));
    Ok(())
}

fn auth(
    settings: &Settings,
    home: &Home,
    net: &Net,
    clock: Arc<dyn Clock>,
    in_memory: bool,
) -> Result<Arc<Auth>, Error> {
    let (tokens, flows, key): (Arc<dyn TokenStore>, Arc<dyn FlowStore>, StoreKey) = if in_memory {
        let store = Arc::new(MemoryStore::default());
        (Arc::clone(&store) as _, store, StoreKey::random())
    } else {
        let data = home.data();
        let (store, key) = SqliteStore::open(
            &data.join("accounts.sqlite"),
            &settings.store_key,
            &data.join("store.key"),
        )?;
        let store = Arc::new(store);
        (Arc::clone(&store) as _, store, key)
    };
    Ok(Auth::new(AuthParts {
        settings: settings.auth.clone(),
        providers: settings.providers.clone(),
        tokens,
        flows,
        key,
        net: net.clone(),
        clock,
        home: home.clone(),
    }))
}

impl Core {
    /// Opens the tools named in the builder, then the project's own, then the builder's functions. A tool of the project that
    /// the builder names too is opened once, with what both say of it; else no name may come twice.
    async fn open_tools(
        &self,
        entries: Vec<ToolEntry>,
        only: Option<Vec<ToolName>>,
        functions: Vec<FunctionTool>,
    ) -> Result<Tools, Error> {
        let of_project: Vec<&ToolName> = self
            .settings
            .tools
            .keys()
            .filter(|name| only.as_ref().is_none_or(|only| only.contains(name)))
            .collect();
        let mut open = Tools::new();
        // Those that say their name first: the others do not take it from them.
        let (named, unnamed): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.name.is_some());
        for entry in named.into_iter().chain(unnamed) {
            let loaded = self.open_named_in_builder(entry, &of_project, &open).await?;
            take(&mut open, loaded)?;
        }
        for name in of_project {
            match open.get(name.as_str()) {
                None => take(&mut open, self.open_of_project(name).await?)?,
                Some(loaded) if self.is_of_project(loaded) => {}
                Some(_) => return Err(Error::NameTaken(name.to_string())),
            }
        }
        for function in functions {
            take(&mut open, Loaded::function(&self.settings, function)?)?;
        }
        Ok(open)
    }

    /// Whether a tool that is open is the one that `pocket.toml` has under its name.
    fn is_of_project(&self, loaded: &Loaded) -> bool {
        loaded.installed.as_ref().is_some_and(|installed| {
            let of_project = self.settings.tools.get(&installed.name);
            of_project.is_some_and(|tool| tool.source == installed.source.written())
        })
    }

    async fn open_of_project(&self, name: &ToolName) -> Result<Loaded, Error> {
        let installed = self.installed_of_project(name).await?;
        Loaded::sandboxed(&self.engine, &self.settings, installed, ToolEntry::default())
    }

    /// A tool that `pocket.toml` names. One that was never pinned is pinned now, with no credential: a file does not give any.
    async fn installed_of_project(&self, name: &ToolName) -> Result<Installed, Error> {
        let in_lock = self.installer.names()?.contains(name);
        match self.settings.tools.get(name) {
            Some(tool) if !in_lock => {
                let source = self.source(&tool.source)?;
                let candidate = self
                    .installer
                    .inspect(&source, &self.settings.providers, self.progress.clone())
                    .await?;
                Ok(self
                    .installer
                    .install(candidate, name.clone(), Grant::default())
                    .await?)
            }
            _pinned_or_unknown => Ok(self
                .installer
                .open(name, &self.settings.providers, self.progress.clone())
                .await?),
        }
    }

    async fn open_named_in_builder(
        &self,
        entry: ToolEntry,
        of_project: &[&ToolName],
        open: &Tools,
    ) -> Result<Loaded, Error> {
        let Installed {
            name,
            source,
            package,
            mut grant,
            tree,
        } = match self.installer.reference(&entry.source)? {
            Reference::Name(name) => self.installed_of_project(&name).await?,
            Reference::Source(source) => self.pinned(&source, &entry, of_project, open).await?,
        };
        grant.credential = CredentialGrant::Given;
        let installed = Installed {
            name,
            source,
            package,
            grant,
            tree,
        };
        Loaded::sandboxed(&self.engine, &self.settings, installed, entry)
    }

    /// A name that is taken is refused before anything is pinned under it.
    async fn pinned(
        &self,
        source: &Source,
        entry: &ToolEntry,
        of_project: &[&ToolName],
        open: &Tools,
    ) -> Result<Installed, Error> {
        if let Some(installed) = self.already_pinned(source, entry.name.as_ref(), open).await? {
            return Ok(installed);
        }
        let candidate = self
            .installer
            .inspect(source, &self.settings.providers, self.progress.clone())
            .await?;
        let name = entry
            .name
            .clone()
            .unwrap_or_else(|| candidate.package.manifest.name.clone());
        let is_the_projects = self
            .settings
            .tools
            .get(&name)
            .is_some_and(|tool| tool.source == candidate.source.written());
        if open.contains_key(name.as_str()) || (of_project.contains(&&name) && !is_the_projects) {
            return Err(Error::NameTaken(name.to_string()));
        }
        let grant = Grant {
            credential: CredentialGrant::Given,
            ..Grant::default()
        };
        Ok(self.installer.install(candidate, name, grant).await?)
    }

    /// What the lock has from this very source; where it has several, that with the name of its manifest.
    async fn already_pinned(
        &self,
        source: &Source,
        wanted: Option<&ToolName>,
        open: &Tools,
    ) -> Result<Option<Installed>, Error> {
        let mut found = None;
        for name in self.installer.names_of(source)? {
            if open.contains_key(name.as_str()) || wanted.is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let installed = self
                .installer
                .open(&name, &self.settings.providers, self.progress.clone())
                .await?;
            if installed.package.manifest.name == name {
                return Ok(Some(installed));
            }
            found.get_or_insert(installed);
        }
        Ok(found)
    }

    fn source(&self, written: &str) -> Result<Source, Error> {
        match self.installer.reference(written)? {
            Reference::Source(source) => Ok(source),
            Reference::Name(name) => Err(Error::NoTool {
                name: name.to_string(),
                nearest: None,
            }),
        }
    }
}

impl std::fmt::Debug for PocketBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PocketBuilder")
            .field("project", &self.project)
            .field("tools", &self.tools)
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}
