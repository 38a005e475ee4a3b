//! What a [`Pocket`] is made of, said step by step.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::{Mutex, RwLock};

use crate::{
    Error,
    auth::{Auth, AuthParts, OpenStore},
    base::{
        clock::{Clock, SystemClock},
        home::Home,
        name::{Profile, ToolName},
        net::Net,
    },
    call::FunctionTool,
    install::{Installer, LockMode, WriteLock},
    pocket::{Core, Pocket, ToolEntry, opening::Opening, own_folders::OwnFolders, owners::Owners},
    sandbox::{Compiler, Engine, EngineParts},
    settings::{Settings, SettingsError},
    source::{Fetcher, FetcherProcess, Progress},
};

/// Says what a [`Pocket`] is made of.
///
/// Naming a tool here grants it its provider's credential: it is the embedding program's word.
#[derive(Default)]
pub struct PocketBuilder {
    project: Option<PathBuf>,
    program: Option<String>,
    home: Option<Home>,
    settings: Option<Settings>,
    tools: Vec<ToolEntry>,
    only: Option<Vec<ToolName>>,
    functions: Vec<FunctionTool>,
    unlocked: bool,
    in_memory: bool,
    clock: Option<Arc<dyn Clock>>,
    compiler: Compiler,
    fetcher: Option<FetcherProcess>,
    lock_writer: Option<Arc<dyn WriteLock>>,
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

    /// What the embedding program is called: an account of a tool's own belongs to the tool of that name in this program. Where it
    /// is not said, it belongs to the tool of that name in the project's folder.
    #[must_use]
    pub fn program(mut self, name: impl Into<String>) -> Self {
        self.program = Some(name.into());
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

    /// Who asks git servers, where this process is not to do so itself.
    #[must_use]
    pub fn fetcher(mut self, process: FetcherProcess) -> Self {
        self.fetcher = Some(process);
        self
    }

    /// Who writes `pocket.lock`, where this process is not to do so itself.
    #[must_use]
    pub fn lock_writer(mut self, writer: Arc<dyn WriteLock>) -> Self {
        self.lock_writer = Some(writer);
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
    #[cfg_attr(
        not(test),
        expect(
            clippy::disallowed_methods,
            reason = "what is not given comes from the environment, read here once"
        )
    )]
    pub async fn build(self) -> Result<Pocket, Error> {
        let Self {
            project,
            program,
            home,
            settings,
            tools,
            only,
            functions,
            unlocked,
            in_memory,
            clock,
            compiler,
            fetcher: process,
            lock_writer,
            progress,
        } = self;
        let home = match home {
            Some(home) => home,
            None => Home::locate(|name| std::env::var_os(name)).ok_or(SettingsError::NoHome)?,
        };
        let settings = match settings {
            Some(settings) => settings,
            None => Settings::read(&home, project.as_deref(), std::env::vars_os())?.settings,
        };
        let owners = Arc::new(Owners::of(program, project.as_deref()));
        let own_folders = Arc::new(OwnFolders::of(&home, project.as_deref(), &tools));
        let base = base(project.as_deref());
        let net = Net::new(settings.net.clone())?;
        let fetcher = fetcher(&home, &settings, process)?;
        let lock = match (project, unlocked) {
            (Some(_), false) => LockMode::Project(base.clone()),
            (None, _) | (_, true) => LockMode::Memory,
        };
        let installer = Installer::new(&home, base, lock, fetcher, settings.sources.clone())?.written_by(lock_writer);
        let auth = auth(&settings, &home, &net, clock, in_memory).await?;
        let engine = Engine::new(EngineParts {
            limits: settings.limits.clone(),
            compiler,
            net,
            home,
        })?;
        let mut core = Core {
            settings,
            auth,
            engine,
            installer,
            owners,
            own_folders,
            progress,
            tools: RwLock::default(),
            begun: Arc::new(Mutex::new(HashMap::new())),
        };
        let named = Opening::of(&core, only.as_deref()).tools(tools, functions).await?;
        core.tools = RwLock::new(named);
        Ok(Pocket {
            core: Arc::new(core),
            profile: Profile::default(),
        })
    }
}

fn fetcher(home: &Home, settings: &Settings, process: Option<FetcherProcess>) -> Result<Fetcher, Error> {
    let fetcher = Fetcher::withholding(home, &settings.net, &settings.own_variables)?;
    Ok(match process {
        Some(process) => fetcher.by(process),
        None => fetcher,
    })
}

/// The folder from which relative paths are read.
fn base(project: Option<&Path>) -> PathBuf {
    let base = project.unwrap_or(Path::new("."));
    std::path::absolute(base).unwrap_or_else(|_nowhere| base.to_owned())
}

async fn auth(
    settings: &Settings,
    home: &Home,
    net: &Net,
    clock: Option<Arc<dyn Clock>>,
    in_memory: bool,
) -> Result<Arc<Auth>, Error> {
    let store = if in_memory {
        OpenStore::in_memory()
    } else {
        OpenStore::open(&settings.store, home, net).await?
    };
    let OpenStore {
        tokens,
        flows,
        revocations,
        key,
        ..
    } = store;
    Ok(Auth::new(AuthParts {
        settings: settings.auth.clone(),
        providers: settings.providers.clone(),
        tokens,
        flows,
        revocations,
        key,
        net: net.clone(),
        clock: clock.unwrap_or_else(|| Arc::new(SystemClock)),
        home: home.clone(),
    }))
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
