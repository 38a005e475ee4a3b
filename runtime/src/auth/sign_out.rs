//! Signs out: marked first, told to the provider, deleted here whatever it answers.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{
    auth::{
        AccountId, AuthError, StoreError, StoredRecord,
        core::Core,
        revoking::{self, Told},
        sign_ins::SignIns,
    },
    base::{name::Profile, text::shown_on_one_line},
    package::AccountOwner,
};

/// Which accounts of a profile are signed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoseAccounts {
    /// Those that all tools share, or those of one tool's own.
    Of(AccountOwner),
    /// All of them.
    All,
}

/// What came of a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SignedOut {
    /// The accounts that were deleted here.
    pub accounts: usize,
    /// The sign-ins that were pending and are ended.
    pub sign_ins: usize,
    /// For each that the provider could not be told of: why. Its tokens are deleted here all the same.
    pub not_revoked: Vec<String>,
    /// For each that the provider could not be told of for now: why, and until when it is tried again.
    pub owed: Vec<String>,
    /// The tools with an account of their own at this provider, which was left as it is.
    pub left: Vec<String>,
}

/// Signs a profile out of a provider, or of one handler of it.
pub(super) async fn sign_out(
    core: &Arc<Core>,
    sign_ins: &SignIns,
    profile: &Profile,
    provider: &str,
    handler: Option<&str>,
    whose: &WhoseAccounts,
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
    let of_provider = all.filter(|(account, _record)| is_meant(account));
    let is_whose = |account: &AccountId| match whose {
        WhoseAccounts::Of(owner) => account.owner == *owner,
        WhoseAccounts::All => true,
    };
    let (meant, others): (Vec<(AccountId, StoredRecord)>, Vec<_>) =
        of_provider.partition(|(account, _record)| is_whose(account));
    let left = others.iter().filter_map(|(account, _record)| account.owner.tool());
    let left = left.map(ToString::to_string).collect();
    if meant.is_empty() {
        let provider = known?;
        if let Some(handler) = handler {
            provider.handler(Some(handler))?;
        }
    }
    let cancelled = sign_ins
        .cancel(|account| is_meant(account) && is_whose(account))
        .await?;
    let accounts = meant.len();
    let outs = meant.iter().map(|(account, stored)| one(core, account, stored));
    let (mut not_revoked, mut owed) = (Vec::new(), Vec::new());
    for (out, (account, _record)) in join_all(outs).await.into_iter().zip(&meant) {
        match out? {
            Told::Done => {}
            Told::Never(why) => not_revoked.push(format!("`{}`: {}", account.handler, shown_on_one_line(&why))),
            Told::Owed { why, until } => owed.push(format!(
                "`{}`: {}; it is tried again until {}",
                account.handler,
                shown_on_one_line(&why),
                until.rfc3339()
            )),
        }
    }
    Ok(SignedOut {
        accounts,
        sign_ins: cancelled,
        not_revoked,
        owed,
        left,
    })
}

async fn one(core: &Arc<Core>, account: &AccountId, stored: &StoredRecord) -> Result<Told, AuthError> {
    let marked = core.change(account, |record| {
        (!record.signing_out).then(|| {
            let mut leaving = record.clone();
            leaving.signing_out = true;
            leaving
        })
    });
    let told = match marked.await {
        Ok(None) => return Ok(Told::Done),
        Ok(Some(marked)) => {
            let deleted = delete(core, account, marked.version);
            revoking::tell(core, account, &marked.record, deleted).await?
        }
        // What cannot be read can still be deleted.
        Err(error) if is_unreadable(&error) => {
            delete(core, account, stored.version).await?;
            Told::Never(error.to_string())
        }
        Err(error) => return Err(error),
    };
    tracing::info!(provider = %account.provider, "an account was signed out");
    Ok(told)
}

fn is_unreadable(error: &AuthError) -> bool {
    matches!(
        error,
        AuthError::Unreadable { .. } | AuthError::Store(StoreError::Altered { .. })
    )
}

/// Deletes what has this version. What a new sign-in brought meanwhile stays; another sign-out may have been faster.
async fn delete(core: &Core, account: &AccountId, version: u64) -> Result<(), AuthError> {
    match core.records.remove(account, version).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
