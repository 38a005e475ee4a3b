//! The library's face: joins the stages, decides nothing.

mod builder;
mod description;
mod loaded;
mod opening;
mod tool_entry;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

pub use builder::PocketBuilder;
pub use description::ToolDescription;
use loaded::Loaded;
use tokio::sync::{Mutex, RwLock};
pub use tool_entry::ToolEntry;

use crate::{
    Error,
    auth::{AccountStatus, Auth, SignIn, SignedOut},
    base::{
        name::{Profile, ToolName},
        nearest::nearest,
    },
    call::{Called, Input, Output, Ways},
    install::{Candidate, Installed, Installer, Update},
    package::{AuthRequirement, Grant},
    sandbox::{Engine, Report},
    settings::Settings,
    source::{Progress, Reference},
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
    core: Arc<Core>,
    profile: Profile,
}

struct Core {
    settings: Settings,
    auth: Arc<Auth>,
    engine: Engine,
    installer: Installer,
    progress: Option<Arc<dyn Progress>>,
    tools: RwLock<BTreeMap<String, Arc<Loaded>>>,
    begun: Mutex<HashMap<Profile, Vec<SignIn>>>,
}

/// What a call is made with, besides its input.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Told of progress and log lines while the call runs.
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

    /// Begins a sign-in for each account that the tools need and that is not ready: one sign-in an account, with the scopes of
    /// all its tools. Each has a URL for the user to open.
    ///
    /// # Errors
    /// When a provider has no client in the settings, or a sign-in cannot begin.
    pub async fn initialize_tool_auth(&self) -> Result<Vec<SignIn>, Error> {
        let mut sign_ins = Vec::new();
        for (needs, tools) in self.needs().await? {
            if !self.core.auth.is_ready(&self.profile, &needs).await? {
                sign_ins.push(self.core.auth.begin(&self.profile, &needs, &tools).await?);
            }
        }
        let mut begun = self.core.begun.lock().await;
        begun
            .entry(self.profile.clone())
            .or_default()
            .extend(sign_ins.iter().cloned());
        Ok(sign_ins)
    }

    /// Waits until every sign-in that [`Pocket::initialize_tool_auth`] began is done.
    ///
    /// # Errors
    /// When a user denied one, or its URL ended unused.
    pub async fn wait_tool_auth(&self) -> Result<(), Error> {
        let begun = self.core.begun.lock().await.remove(&self.profile).unwrap_or_default();
        for sign_in in begun {
            self.core.auth.wait(&sign_in).await?;
        }
        Ok(())
    }

    /// Begins a sign-in for a need; the page names `tools`, which are those it is begun for.
    ///
    /// # Errors
    /// When the provider has no client in the settings, or the sign-in cannot begin.
    pub async fn begin_sign_in(&self, need: &AuthRequirement, tools: &[String]) -> Result<SignIn, Error> {
        Ok(self
            .core
            .auth
            .begin(&self.profile, std::slice::from_ref(need), tools)
            .await?)
    }

    /// The same for a machine that no browser reaches: the user enters [`SignIn::user_code`] on a page of the provider, on any
    /// device (RFC 8628).
    ///
    /// # Errors
    /// As [`Pocket::begin_sign_in`], and when the provider has no such page.
    pub async fn begin_device_sign_in(&self, need: &AuthRequirement, tools: &[String]) -> Result<SignIn, Error> {
        let needs = std::slice::from_ref(need);
        Ok(self.core.auth.begin_on_device(&self.profile, needs, tools).await?)
    }

    /// The sign-in pages, for a server of the embedding program that is reached at this URL of this machine, under whatever path
    /// it has: `http://127.0.0.1:8080/pocket`. From here on sign-ins are begun on them, of those providers that send browsers
    /// back to such a URL; the redirect URI to register is `<at>/auth/<provider>/callback`.
    ///
    /// ```
    /// # async fn serve(pocket: pocket_runtime::Pocket) -> Result<(), Box<dyn std::error::Error>> {
    /// let at = url::Url::parse("http://127.0.0.1:8080/pocket")?;
    /// let app: axum::Router = axum::Router::new().nest("/pocket", pocket.sign_in_pages(&at));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_pages(&self, at: &url::Url) -> axum::Router {
        self.core.auth.router(at)
    }

    /// Whether a call with this need could be made now, without a sign-in.
    ///
    /// # Errors
    /// When there is no such provider, or the token store cannot be read.
    pub async fn is_signed_in(&self, need: &AuthRequirement) -> Result<bool, Error> {
        Ok(self
            .core
            .auth
            .is_ready(&self.profile, std::slice::from_ref(need))
            .await?)
    }

    /// Waits until a sign-in is done.
    ///
    /// # Errors
    /// When the user denied it, or its URL ended unused.
    pub async fn wait_sign_in(&self, sign_in: &SignIn) -> Result<(), Error> {
        Ok(self.core.auth.wait(sign_in).await?)
    }

    /// The provider's own URL of a sign-in, for a machine that no browser can reach; see [`Pocket::paste_sign_in`].
    ///
    /// # Errors
    /// When the sign-in has ended, or is one in which a secret is typed.
    pub async fn provider_url(&self, sign_in: &SignIn) -> Result<String, Error> {
        Ok(self.core.auth.provider_url(sign_in).await?)
    }

    /// Completes a sign-in with the address that the provider sent the user's browser to.
    ///
    /// # Errors
    /// When the address is not the answer to this sign-in, or the provider refuses it.
    pub async fn paste_sign_in(&self, sign_in: &SignIn, address: &str) -> Result<(), Error> {
        Ok(self.core.auth.paste(sign_in, address).await?)
    }

    /// The accounts of this profile.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountStatus>, Error> {
        Ok(self.core.auth.accounts(Some(&self.profile)).await?)
    }

    /// Signs this profile out: its tokens are deleted here whether or not the provider can be told.
    ///
    /// # Errors
    /// When the token store cannot be written.
    pub async fn sign_out(&self, provider: &str, handler: Option<&str>) -> Result<SignedOut, Error> {
        Ok(self.core.auth.sign_out(&self.profile, provider, handler).await?)
    }

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
    /// When the name is taken or the lockfile cannot be written; the tools are then as they were.
    pub async fn add(&self, candidate: Candidate, name: Option<ToolName>, grant: Grant) -> Result<ToolName, Error> {
        let name = name.unwrap_or_else(|| candidate.package.manifest.name.clone());
        let mut tools = self.core.tools.write().await;
        if tools.contains_key(name.as_str()) {
            return Err(Error::NameTaken(name.to_string()));
        }
        let installed = self.core.installer.install(candidate, name.clone(), grant).await?;
        self.core.take(&mut tools, installed, ToolEntry::default())?;
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
        let candidate = Candidate::of(installed);
        let installed = self
            .core
            .installer
            .install(candidate, installed.name.clone(), grant)
            .await?;
        self.core.take(&mut tools, installed, loaded.entry.clone())
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
        let installed = self.core.installer.install(update.candidate, name, grant).await?;
        self.core.take(&mut tools, installed, entry)
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

    async fn loaded(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        let tools = self.core.tools.read().await;
        tools.get(name).cloned().ok_or_else(|| Error::NoTool {
            name: name.to_owned(),
            nearest: nearest(name, tools.keys().map(String::as_str)).map(ToOwned::to_owned),
        })
    }

    /// What the tools need, one entry an account, with the tools that need it.
    async fn needs(&self) -> Result<Vec<(Vec<AuthRequirement>, Vec<String>)>, Error> {
        let mut accounts: BTreeMap<_, (Vec<AuthRequirement>, Vec<String>)> = BTreeMap::new();
        for (name, loaded) in self.core.tools.read().await.iter() {
            let Some(need) = loaded.tool.granted_auth() else {
                continue;
            };
            let account = self.core.auth.account_of(&self.profile, need)?;
            let (needs, tools) = accounts.entry(account).or_default();
            needs.push(need.clone());
            tools.push(name.clone());
        }
        Ok(accounts.into_values().collect())
    }
}

impl Core {
    /// Puts an installed tool among the tools, in place of one of its name.
    fn take(
        &self,
        tools: &mut BTreeMap<String, Arc<Loaded>>,
        installed: Installed,
        entry: ToolEntry,
    ) -> Result<(), Error> {
        let name = installed.name.to_string();
        let loaded = Loaded::sandboxed(&self.engine, &self.settings, installed, entry)?;
        tools.insert(name, Arc::new(loaded));
        Ok(())
    }
}

fn no_tool(name: &str) -> Error {
    Error::NoTool {
        name: name.to_owned(),
        nearest: None,
    }
}

impl std::fmt::Debug for Pocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pocket")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
