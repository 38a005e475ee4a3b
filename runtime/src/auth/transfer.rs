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
    package::TokenKind,
};

/// The format of what is sealed.
const FORMAT: u32 = 1;

/// An account on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    profile: String,
    provider: String,
    handler: String,
    kind: TokenKind,
    client_id: String,
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
    let accounts = accounts.into_iter().map(|(account, record)| {
        let AccountId {
            profile,
            provider,
            handler,
            kind,
            client_id,
        } = account;
        Moved {
            profile: profile.as_str().to_owned(),
            provider,
            handler,
            kind,
            client_id,
            record,
        }
    });
    wire::to_bytes(&Load {
        format: FORMAT,
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
    if head.format != FORMAT {
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
        };
        if !moved.record.is_known() {
            return Err(TransferError::Content);
        }
        Ok((account, moved.record))
    });
    accounts.collect()
}
