//! Tools, signed in and ready to be called.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::sync::{Mutex, RwLock};

use crate::{
    Error,
    auth::{Auth, SignIn},
    base::{name::Profile, nearest::nearest},
    call::{Called, Input, Output, Ways},
    install::{Candidate, Installed, Installer},
    package::FolderGrant,
    pocket::{Loaded, PocketBuilder, ToolDescription, ToolEntry, own_folders::OwnFolders, owners::Owners},
    sandbox::{Engine, Report},
    settings::Settings,
    source::Progress,
};

/// Tools, signed in and ready to be called.
///
/// It is cheap to clone. [`Pocket::for_profile`] is the same tools with another user's accounts; a plain `Pocket` uses those
/// of the profile `default`. The profile comes from the embedding program and never from a model.
///
/// ```no_run
/// # async fn example() -> Result<(), pocket_runtime::Error> {
/// use pocket_runtime::Pocket;
/// use serde_json::json;
///
/// let pocket = Pocket::builder()
///     .project(".")
///     .tool("https://github.com/your-organization/your-repository")
///     .build()
///     .await?;
/// for sign_in in pocket.initialize_tool_auth().await? {
///     println!("{}", sign_in.url);
/// }
/// pocket.wait_tool_auth().await?;
/// let output = pocket.invoke("slack_get_messages", json!({ "channel": "C123", "limit": 10 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pocket {
    pub(super) core: Arc<Core>,
    pub(super) profile: Profile,
}

pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) auth: Arc<Auth>,
    pub(super) engine: Engine,
    pub(super) installer: Installer,
    pub(super) owners: Arc<Owners>,
    pub(super) own_folders: Arc<OwnFolders>,
    pub(super) progress: Option<Arc<dyn Progress>>,
    pub(super) tools: RwLock<BTreeMap<String, Arc<Loaded>>>,
    pub(super) begun: Arc<Mutex<HashMap<Profile, Vec<SignIn>>>>,
}

/// What a call is made with, besides its input.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Told of the call's steps, and of progress and log lines while it runs.
    pub report: Option<Arc<dyn Report>>,
}

impl Pocket {
    /// Begins to make one.
    #[must_use]
    pub fn builder() -> PocketBuilder {
        PocketBuilder::default()
    }

    /// The same tools with the accounts of another user.
    #[must_use]
    pub fn for_profile(&self, name: impl Into<String>) -> Self {
        Self {
            core: Arc::clone(&self.core),
            profile: Profile::new(name),
        }
    }

    /// Whose accounts it uses.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What it was built with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// The tools, by name.
    pub async fn tools(&self) -> Vec<ToolDescription> {
        self.core
            .tools
            .read()
            .await
            .values()
            .map(|loaded| loaded.description.clone())
            .collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::NoTool`].
    pub async fn description_of(&self, name: &str) -> Result<ToolDescription, Error> {
        Ok(self.loaded(name).await?.description.clone())
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// As the call ended: [`Error::code`] says how. A missing sign-in is [`Error::SignInRequired`], with the URL to open.
    pub async fn invoke(&self, name: &str, input: serde_json::Value) -> Result<Output, Error> {
        self.call(name, Input::Json(input), CallOptions::default())
            .await?
            .into_output()
    }

    /// Calls a tool, and tells its logs and cost even when it fails. Dropping the call stops the tool.
    ///
    /// # Errors
    /// [`Error::NoTool`]. How the call itself ended is in [`Called::ended`].
    pub async fn call(&self, name: &str, input: Input, options: CallOptions) -> Result<Called, Error> {
        let loaded = self.loaded(name).await?;
        let ways = Ways {
            auth: &self.core.auth,
            profile: &self.profile,
            report: options.report,
        };
        Ok(loaded.tool.call(input, ways).await)
    }

    pub(super) async fn loaded(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        let tools = self.core.tools.read().await;
        tools.get(name).cloned().ok_or_else(|| Error::NoTool {
            name: name.to_owned(),
            nearest: nearest(name, tools.keys().map(String::as_str)).map(ToOwned::to_owned),
        })
    }
}

impl Core {
    /// Puts an installed tool among the tools, in place of one of its name.
    pub(super) fn take(
        &self,
        tools: &mut BTreeMap<String, Arc<Loaded>>,
        installed: Installed,
        entry: ToolEntry,
    ) -> Result<(), Error> {
        let name = installed.name.to_string();
        let loaded = self.sandboxed(installed, entry, tools)?;
        tools.insert(name, Arc::new(loaded));
        Ok(())
    }

    /// The same with what `pocket.lock` then says of it. What is refused is not pinned.
    pub(super) async fn pin(
        &self,
        tools: &mut BTreeMap<String, Arc<Loaded>>,
        installed: Installed,
        entry: ToolEntry,
    ) -> Result<(), Error> {
        let loaded = self.sandboxed(installed.clone(), entry, tools)?;
        let (candidate, name) = (Candidate::of(&installed), installed.name.clone());
        self.installer.install(candidate, name.clone(), installed.grant).await?;
        tools.insert(name.to_string(), Arc::new(loaded));
        Ok(())
    }

    /// Beside these tools, which are open.
    pub(super) fn sandboxed(
        &self,
        installed: Installed,
        entry: ToolEntry,
        open: &BTreeMap<String, Arc<Loaded>>,
    ) -> Result<Loaded, Error> {
        let owner = self.owners.of_tool(&self.settings, &installed, &entry)?;
        let (settings, own) = (&self.settings, &self.own_folders);
        Loaded::sandboxed(&self.engine, settings, own, installed, entry, owner, || {
            self.folders(open)
        })
    }

    /// The folders that any tool has, by whoever's word: one that only reads may have to keep out of what another writes, which need not
    /// be open here.
    fn folders(&self, open: &BTreeMap<String, Arc<Loaded>>) -> Result<Vec<FolderGrant>, Error> {
        let mut folders = self.installer.folders()?;
        folders.extend(self.own_folders.given()?);
        folders.extend(self.settings.tools.values().flat_map(|tool| tool.files.iter().cloned()));
        for loaded in open.values() {
            folders.extend(loaded.entry.folders.iter().cloned());
            folders.extend(
                loaded
                    .installed
                    .iter()
                    .flat_map(|installed| installed.grant.files.iter().cloned()),
            );
        }
        Ok(folders)
    }
}

impl std::fmt::Debug for Pocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pocket")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
