//! An account as a server's key: names of any length and content stay apart.

use crate::{
    auth::{
        AccountId,
        store::seal::{kind_of_word, kind_word},
    },
    base::{digest::Digest, name::Profile},
    package::AccountOwner,
};

/// The bytes of five of an account's names, in the order in which every store has them; [`owner`] is the sixth.
pub(super) fn parts(account: &AccountId) -> [&[u8]; 5] {
    let AccountId {
        profile,
        provider,
        handler,
        kind,
        client_id,
        owner: _,
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
    let owner = owner(account);
    let (tag, owner): (&[u8], &[&[u8]]) = match account.owner.is_shared() {
        // As it was before there were others: what a store has stays under its key.
        true => (b"pocket account", &[]),
        false => (b"pocket account of a tool", &[&owner]),
    };
    Digest::of_parts([tag].into_iter().chain(parts(account)).chain(owner.iter().copied()))
        .as_bytes()
        .to_vec()
}

/// Whose the account is: nothing for a shared one, else the place behind its length, then the tool's name.
pub(super) fn owner(account: &AccountId) -> Vec<u8> {
    let (Some(place), Some(name)) = (account.owner.place(), account.owner.tool()) else {
        return Vec::new();
    };
    let length = (place.len() as u64).to_le_bytes();
    [&length, place.as_bytes(), name.as_str().as_bytes()].concat()
}

fn owner_of(bytes: &[u8]) -> Option<AccountOwner> {
    if bytes.is_empty() {
        return Some(AccountOwner::SHARED);
    }
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (place, name) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let place = std::str::from_utf8(place).ok()?.to_owned();
    let name = std::str::from_utf8(name).ok()?.parse().ok()?;
    Some(AccountOwner::at(place, name))
}

/// The account of these six names; `None` when they are not what [`parts`] and [`owner`] gave.
pub(super) fn account(parts: [Vec<u8>; 6]) -> Option<AccountId> {
    let [names @ .., owner] = parts;
    let [profile, provider, handler, kind, client_id] = names.map(|part| String::from_utf8(part).ok());
    Some(AccountId {
        profile: Profile::new(profile?),
        provider: provider?,
        handler: handler?,
        kind: kind_of_word(&kind?)?,
        client_id: client_id?,
        owner: owner_of(&owner)?,
    })
}
