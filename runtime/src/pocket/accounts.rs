//! Signing in and out, and what became of it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Error,
    auth::{AccountStatus, KeptAlive, OwedRevocation, PendingSignIn, Sessions, SignIn, SignedOut, WhoseAccounts},
    base::name::ToolName,
    package::{AccountOwner, AuthRequirement},
    pocket::Pocket,
};

impl Pocket {
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

    /// The sign-in pages, for a site that others than the operator of this machine reach, at the https URL at which they do. Each
    /// page is for a session of the sign-in's profile alone, which the site tells; anyone else's leaves the sign-in as it is. A server
    /// or proxy before it passes the `Host` on as it came.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # async fn serve(pocket: pocket_runtime::Pocket, sessions: Arc<dyn pocket_runtime::Sessions>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let at = url::Url::parse("https://tools.example/pocket")?;
    /// let app: axum::Router = axum::Router::new().nest("/pocket", pocket.sign_in_pages_for(&at, sessions)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the URL is neither https nor one of this machine.
    pub fn sign_in_pages_for(&self, at: &url::Url, sessions: Arc<dyn Sessions>) -> Result<axum::Router, Error> {
        Ok(self.core.auth.router_with_sessions(at, sessions)?)
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
    /// When the user denied it, or its URL ended unused; [`AuthError::OtherIdentity`](crate::AuthError::OtherIdentity) where the
    /// user has to be asked whether the account may become another's and there is no page for it: see [`Pocket::agree_sign_in`].
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

    /// Says whether the account may become another's, once the user was asked: after
    /// [`AuthError::OtherIdentity`](crate::AuthError::OtherIdentity). Where nobody says so, it stays as it is.
    ///
    /// # Errors
    /// When nothing is asked in this sign-in, or not any more, or the account cannot be saved.
    pub async fn agree_sign_in(&self, sign_in: &SignIn, agrees: bool) -> Result<(), Error> {
        Ok(self.core.auth.agree(sign_in, agrees).await?)
    }

    /// The sign-ins of this profile that are pending, in any process of this store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pending_sign_ins(&self) -> Result<Vec<PendingSignIn>, Error> {
        Ok(self.core.auth.pending(Some(&self.profile)).await?)
    }

    /// Those of every profile: for who runs the program, and for no user of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn all_pending_sign_ins(&self) -> Result<Vec<PendingSignIn>, Error> {
        Ok(self.core.auth.pending(None).await?)
    }

    /// The accounts of this profile.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountStatus>, Error> {
        Ok(self.core.auth.accounts(Some(&self.profile)).await?)
    }

    /// The accounts of every profile: for who runs the program, and for no user of it.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn all_accounts(&self) -> Result<Vec<AccountStatus>, Error> {
        Ok(self.core.auth.accounts(None).await?)
    }

    /// Renews accounts of all profiles that nobody used for half of the time after which their provider ends them for that, for
    /// as long as it is polled: it never ends, and dropping it stops it. For a program that runs for days; of several on one store
    /// one does it at a time.
    ///
    /// ```
    /// # fn serve(pocket: pocket_runtime::Pocket) {
    /// let keeping = tokio::spawn(async move { pocket.keep_alive().await });
    /// // Until the program ends, or:
    /// keeping.abort();
    /// # }
    /// ```
    pub async fn keep_alive(&self) -> std::convert::Infallible {
        self.core.auth.keep_alive().await
    }

    /// The same once and at once, for a program that a timer runs. Gives the accounts that were due.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn keep_alive_once(&self) -> Result<Vec<KeptAlive>, Error> {
        Ok(self.core.auth.keep_alive_once().await?)
    }

    /// Signs this profile out of the accounts that its tools share: their tokens are deleted here whether or not the provider can be
    /// told. Where it can only not be told for now, it still is told, by this process or the next one that has the store open.
    ///
    /// # Errors
    /// When the token store cannot be written.
    pub async fn sign_out(&self, provider: &str, handler: Option<&str>) -> Result<SignedOut, Error> {
        self.sign_out_of(provider, handler, WhoseAccounts::Of(AccountOwner::SHARED))
            .await
    }

    /// The same of other accounts of this profile: those of a tool's own, or all.
    ///
    /// # Errors
    /// When the token store cannot be written.
    pub async fn sign_out_of(
        &self,
        provider: &str,
        handler: Option<&str>,
        whose: WhoseAccounts,
    ) -> Result<SignedOut, Error> {
        let auth = &self.core.auth;
        Ok(auth.sign_out(&self.profile, provider, handler, &whose).await?)
    }

    /// The owner of the account that a tool of this name has for its own, whether or not the tool is there.
    ///
    /// # Errors
    /// When neither a project nor a program was named, whose tool it is.
    pub fn own_account_of(&self, tool: &ToolName) -> Result<AccountOwner, Error> {
        self.core.owners.own(tool)
    }

    /// What a tool needs to be signed in to, with the account that it uses; `None` where it needs nothing.
    ///
    /// # Errors
    /// [`Error::NoTool`].
    pub async fn need_of(&self, tool: &str) -> Result<Option<AuthRequirement>, Error> {
        Ok(self.loaded(tool).await?.tool.auth.clone())
    }

    /// Tells providers now of the sign-outs that they could not be told of before, where the time for that has come. This process does
    /// so on its own as long as it runs; who ends soon may want to wait for it.
    ///
    /// # Errors
    /// When the token store cannot be read or written.
    pub async fn revoke_owed(&self) -> Result<(), Error> {
        Ok(self.core.auth.revoke_owed().await?)
    }

    /// The sign-outs of this profile that a provider is still to be told of, or could not be.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn owed_revocations(&self) -> Result<Vec<OwedRevocation>, Error> {
        Ok(self.core.auth.owed(Some(&self.profile)).await?)
    }

    /// The same of every profile: for who runs the program, and for no user of it.
    ///
    /// # Errors
    /// When the token store cannot be read.
    pub async fn all_owed_revocations(&self) -> Result<Vec<OwedRevocation>, Error> {
        Ok(self.core.auth.owed(None).await?)
    }

    /// What the tools need, one entry an account, with the tools that need it.
    async fn needs(&self) -> Result<Vec<(Vec<AuthRequirement>, Vec<String>)>, Error> {
        let mut accounts: BTreeMap<_, (Vec<AuthRequirement>, Vec<String>)> = BTreeMap::new();
        for (name, loaded) in self.core.tools.read().await.iter() {
            let Some(need) = loaded.tool.granted_auth(&self.profile) else {
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
