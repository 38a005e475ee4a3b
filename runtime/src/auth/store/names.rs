//! An account as a server's key: names of any length and content stay apart.

use crate::{
    auth::{
        AccountId,
        store::seal::{kind_of_word, kind_word},
    },
    base::{digest::Digest, name::Profile},
};

/// The bytes of an account's five names, in the order in which every store has them.
pub(super) fn parts(account: &AccountId) -> [&[u8]; 5] {
    let AccountId {
        profile,
        provider,
        handler,
        kind,
        client_id,
    } = account;
    [
        profile.as_str().as_bytes(),
        provider.as_bytes(),
        handler.as_bytes(),
        kind_word(*kind).as_bytes(),
        client_id.as_bytes(),
    ]
}

/// 32 bytes for an account: the digest of its names, each behind its length. An index of a server takes no name of a megabyte.
pub(super) fn digest(account: &AccountId) -> Vec<u8> {
    let tag: [&[u8]; 1] = [b"pocket account"];
    Digest::of_parts(tag.into_iter().chain(parts(account)))
        .as_bytes()
        .to_vec()
}

/// The account of these five names; `None` when they are not what [`parts`] gave.
pub(super) fn account(parts: [Vec<u8>; 5]) -> Option<AccountId> {
    let [profile, provider, handler, kind, client_id] = parts.map(|part| String::from_utf8(part).ok());
    Some(AccountId {
        profile: Profile::new(profile?),
        provider: provider?,
        handler: handler?,
        kind: kind_of_word(&kind?)?,
        client_id: client_id?,
    })
}
