//! Signs out: marked first, told to the provider, deleted here whatever it answers.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use crate::{
    auth::{
        AccountId, AuthError, Client, StoreError, StoredRecord, core::Core, record::Record, records::Loaded,
        resolve::Resolved, sign_ins::SignIns,
    },
    base::{name::Profile, text::shown_on_one_line},
};

/// How long the provider may take.
const REVOCATION: Duration = Duration::from_secs(15);

/// What came of a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SignedOut {
    /// The accounts that were deleted here.
    pub accounts: usize,
    /// For each that the provider could not be told of: why. Its tokens are deleted here all the same.
    pub not_revoked: Vec<String>,
}

/// Signs a profile out of a provider, or of one handler of it.
pub(super) async fn sign_out(
    core: &Arc<Core>,
    sign_ins: &SignIns,
    profile: &Profile,
    provider: &str,
    handler: Option<&str>,
) -> Result<SignedOut, AuthError> {
    // A provider whose file is gone can still be signed out of.
    let known = core.providers.find(provider);
    let name = known
        .as_ref()
        .map_or_else(|_unknown| provider.to_lowercase(), |known| known.name.clone());
    let is_meant = |account: &AccountId| {
        account.profile == *profile
            && account.provider == name
            && handler.is_none_or(|handler| account.handler == handler)
    };
    let all = core.records.store().list().await?.into_iter();
    let meant: Vec<(AccountId, StoredRecord)> = all.filter(|(account, _record)| is_meant(account)).collect();
    if meant.is_empty() {
        let provider = known?;
        if let Some(handler) = handler {
            provider.handler(Some(handler))?;
        }
    }
    sign_ins.cancel(is_meant).await?;
    let accounts = meant.len();
    let outs = meant.iter().map(|(account, stored)| one(core, account, stored));
    let mut not_revoked = Vec::new();
    for out in join_all(outs).await {
        not_revoked.extend(out?);
    }
    Ok(SignedOut { accounts, not_revoked })
}

/// Gives why the provider could not be told, if so.
async fn one(core: &Arc<Core>, account: &AccountId, stored: &StoredRecord) -> Result<Option<String>, AuthError> {
    let marked = core.change(account, |record| {
        (!record.signing_out).then(|| {
            let mut leaving = record.clone();
            leaving.signing_out = true;
            leaving
        })
    });
    let not_told = match marked.await {
        Ok(None) => return Ok(None),
        Ok(Some(marked)) => {
            let not_told = tell(core, account, &marked).await;
            delete(core, account, marked.version).await?;
            not_told
        }
        // What cannot be read can still be deleted.
        Err(error) if is_unreadable(&error) => {
            delete(core, account, stored.version).await?;
            Some(error.to_string())
        }
        Err(error) => return Err(error),
    };
    tracing::info!(provider = %account.provider, "an account was signed out");
    Ok(not_told.map(|why| format!("`{}`: {}", account.handler, shown_on_one_line(&why))))
}

fn is_unreadable(error: &AuthError) -> bool {
    matches!(
        error,
        AuthError::Unreadable { .. } | AuthError::Store(StoreError::Altered { .. })
    )
}

async fn tell(core: &Core, account: &AccountId, marked: &Loaded) -> Option<String> {
    match core.of_account(account) {
        Ok(resolved) => {
            let resolved = resolved.with(marked.record.told.as_ref());
            revoke(core, &resolved, &marked.record).await.err()
        }
        Err(error) => Some(error.to_string()),
    }
}

/// Deletes what has this version. What a new sign-in brought meanwhile stays; another sign-out may have been faster.
async fn delete(core: &Core, account: &AccountId, version: u64) -> Result<(), AuthError> {
    match core.records.remove(account, version).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Tells the provider that an account's tokens are no longer used; says why where that could not be done.
pub(super) async fn revoke(core: &Core, resolved: &Resolved<'_>, record: &Record) -> Result<(), String> {
    let Some(oauth) = resolved.oauth() else {
        return Err("a typed token is revoked on the provider's own pages".to_owned());
    };
    let Some(access) = &record.access else {
        return Ok(());
    };
    if resolved.origins() != record.origins {
        return Err("the provider's endpoints or hosts are not those the account was made with".to_owned());
    }
    let without_secret = Client::new(resolved.account.client_id.as_str(), None);
    let client = resolved.client.unwrap_or(&without_secret);
    let revoking = core.exchange.revoke(oauth, client, access, record.refresh.as_ref());
    match tokio::time::timeout(REVOCATION, revoking).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("the provider has no way to be told".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err("the provider did not answer in time".to_owned()),
    }
}
