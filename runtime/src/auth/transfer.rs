//! Moves accounts from one store to another, as a file sealed with a passphrase.

mod error;
mod sealed_file;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use error::TransferError;
pub(super) use sealed_file::{open, seal};

use crate::{
    auth::{AccountId, record::Record, wire},
    base::name::Profile,
    package::{AccountOwner, TokenKind},
};

/// The format of what is sealed: with accounts of tools' own, and without.
const FORMAT: u32 = 2;
const FORMAT_OF_SHARED: u32 = 1;

/// An account on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    profile: String,
    provider: String,
    handler: String,
    kind: TokenKind,
    client_id: String,
    #[serde(default, skip_serializing_if = "AccountOwner::is_shared")]
    owner: AccountOwner,
    record: Record,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    format: u32,
    accounts: Vec<Moved>,
}

/// Accounts as the bytes that are sealed, in memory that is wiped.
pub(super) fn to_bytes(accounts: Vec<(AccountId, Record)>) -> Option<Zeroizing<Vec<u8>>> {
    let are_shared = accounts.iter().all(|(account, _record)| account.owner.is_shared());
    let accounts = accounts.into_iter().map(|(account, record)| {
        let AccountId {
            profile,
            provider,
            handler,
            kind,
            client_id,
            owner,
        } = account;
        Moved {
            profile: profile.as_str().to_owned(),
            provider,
            handler,
            kind,
            client_id,
            owner,
            record,
        }
    });
    wire::to_bytes(&Load {
        // A Pocket of before would take an account of a tool's own for a shared one.
        format: if are_shared { FORMAT_OF_SHARED } else { FORMAT },
        accounts: accounts.collect(),
    })
}

/// From those bytes.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<(AccountId, Record)>, TransferError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    // Its own words quote values.
    let head: Head = serde_json::from_slice(bytes).map_err(|_may_be_secret| TransferError::Content)?;
    if !(FORMAT_OF_SHARED..=FORMAT).contains(&head.format) {
        return Err(TransferError::Newer { found: head.format });
    }
    let load: Load = serde_json::from_slice(bytes).map_err(|_may_be_secret| TransferError::Content)?;
    let accounts = load.accounts.into_iter().map(|moved| {
        let account = AccountId {
            profile: Profile::new(moved.profile),
            provider: moved.provider,
            handler: moved.handler,
            kind: moved.kind,
            client_id: moved.client_id,
            owner: moved.owner,
        };
        if !moved.record.is_known() {
            return Err(TransferError::Content);
        }
        Ok((account, moved.record))
    });
    accounts.collect()
}
