//! Seals records: XChaCha20-Poly1305, a random nonce a write, bound to what and whose they are.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Generate as _, Payload},
};
use zeroize::Zeroizing;

use crate::{
    auth::{AccountId, StoreError, store::names},
    base::key::StoreKey,
    package::TokenKind,
};

/// The first byte of every sealed record, and part of what its seal is bound to.
const FORMAT: u8 = 1;
const NONCE: usize = 24;
/// What the check value of a store is when it is opened.
const CHECK: &[u8] = b"the key of this store";

/// What a record is; part of what its seal is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Account,
    Flow,
    Outcome,
    /// What a provider is still to be told.
    Revocation,
    /// The value by which a store knows its key.
    KeyCheck,
}

/// Seals and opens records with the store's key.
///
/// A sealed record is the format's byte, the nonce, and the encrypted bytes with their tag.
pub(crate) struct Vault {
    key: StoreKey,
}

impl Vault {
    pub(crate) fn new(key: StoreKey) -> Self {
        Self { key }
    }

    /// Seals an account's record as the one of this version.
    pub(crate) fn seal_account(&self, account: &AccountId, version: u64, plain: &[u8]) -> Vec<u8> {
        self.seal(&bound_to_account(account, version), plain)
    }

    /// Opens it, in memory that is wiped when dropped.
    pub(crate) fn open_account(
        &self,
        account: &AccountId,
        version: u64,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.open(&bound_to_account(account, version), sealed)
            .ok_or_else(|| StoreError::Altered {
                record: format!("an account of `{}`", account.provider.escape_debug()),
            })
    }

    /// Seals a pending sign-in, its outcome, or a revocation.
    pub(crate) fn seal_flow(&self, kind: RecordKind, id: &[u8; 16], plain: &[u8]) -> Vec<u8> {
        self.seal(&bound_to(kind, &[id]), plain)
    }

    /// Opens it.
    pub(crate) fn open_flow(
        &self,
        kind: RecordKind,
        id: &[u8; 16],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.open(&bound_to(kind, &[id]), sealed)
            .ok_or_else(|| StoreError::Altered {
                record: match kind {
                    RecordKind::Revocation => "a revocation that is owed",
                    RecordKind::Account | RecordKind::Flow | RecordKind::Outcome | RecordKind::KeyCheck => {
                        "a pending sign-in"
                    }
                }
                .to_owned(),
            })
    }

    /// A value that only this key opens.
    pub(super) fn seal_check(&self) -> Vec<u8> {
        self.seal(&bound_to(RecordKind::KeyCheck, &[]), CHECK)
    }

    /// Whether this key made that value.
    pub(super) fn opens_check(&self, sealed: &[u8]) -> bool {
        self.open(&bound_to(RecordKind::KeyCheck, &[]), sealed)
            .is_some_and(|plain| plain.as_slice() == CHECK)
    }

    fn seal(&self, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
        // From the operating system, so that neither a fork nor a restored process repeats one.
        let nonce = XNonce::generate();
        let payload = Payload {
            msg: plain,
            aad: bound_to,
        };
        // It fails only for more than 256 GiB; nothing is then kept, and nothing opens.
        let encrypted = self.cipher().encrypt(&nonce, payload).unwrap_or_default();
        [&[FORMAT], nonce.as_slice(), &encrypted].concat()
    }

    fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let rest = sealed.strip_prefix(&[FORMAT])?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: encrypted,
            aad: bound_to,
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.expose().into())
    }
}

fn bound_to_account(account: &AccountId, version: u64) -> Vec<u8> {
    let AccountId {
        profile,
        provider,
        handler,
        kind,
        client_id,
        owner: _,
    } = account;
    let (owner, version) = (names::owner(account), version.to_le_bytes());
    let mut parts: Vec<&[u8]> = vec![
        profile.as_str().as_bytes(),
        provider.as_bytes(),
        handler.as_bytes(),
        kind_word(*kind).as_bytes(),
        client_id.as_bytes(),
    ];
    // A shared account's bytes are as they were before there were others, and one part fewer.
    if !account.owner.is_shared() {
        parts.push(&owner);
    }
    parts.push(&version);
    bound_to(RecordKind::Account, &parts)
}

/// Every part behind its length, so that no two lists of parts give the same bytes.
fn bound_to(kind: RecordKind, parts: &[&[u8]]) -> Vec<u8> {
    let kind = match kind {
        RecordKind::Account => "account",
        RecordKind::Flow => "flow",
        RecordKind::Outcome => "outcome",
        RecordKind::Revocation => "revocation",
        RecordKind::KeyCheck => "key check",
    };
    let start: [&[u8]; 3] = [b"pocket sealed record", &[FORMAT], kind.as_bytes()];
    let mut bytes = Vec::new();
    for part in start.iter().chain(parts) {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The word by which a kind of token is kept: part of the format, so it never changes.
pub(super) const fn kind_word(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Bot => "bot",
        TokenKind::User => "user",
    }
}

/// The kind of token of a word.
pub(super) fn kind_of_word(word: &str) -> Option<TokenKind> {
    [TokenKind::Bot, TokenKind::User]
        .into_iter()
        .find(|kind| kind_word(*kind) == word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;
    use crate::{base::name::Profile, package::AccountOwner};

    fn vault() -> Vault {
        Vault::new(StoreKey::new([3; 32]))
    }

    fn account(profile: &str, provider: &str) -> AccountId {
        AccountId {
            profile: Profile::new(profile),
            provider: provider.to_owned(),
            handler: "slack-oauth2".to_owned(),
            kind: TokenKind::Bot,
            client_id: "c1".to_owned(),
            owner: AccountOwner::SHARED,
        }
    }

    #[test]
    fn what_a_shared_account_is_bound_to_is_what_it_was_before_tools_had_their_own() {
        let mut expected = Vec::new();
        let parts: [&[u8]; 9] = [
            b"pocket sealed record",
            &[1],
            b"account",
            b"a",
            b"slack",
            b"slack-oauth2",
            b"bot",
            b"c1",
            &7_u64.to_le_bytes(),
        ];
        for part in parts {
            expected.extend_from_slice(&(part.len() as u64).to_le_bytes());
            expected.extend_from_slice(part);
        }
        assert_eq!(bound_to_account(&account("a", "slack"), 7), expected);
    }

    #[test]
    fn no_record_of_one_owner_opens_as_another_s() {
        let (vault, shared) = (vault(), account("a", "slack"));
        let of = |program: &str, tool: &str| AccountId {
            owner: AccountOwner::in_program(program, tool.parse().unwrap()),
            ..account("a", "slack")
        };
        let all = [shared, of("p", "t"), of("p", "tt"), of("pt", "t"), of("", "t")];
        for (n, one) in all.iter().enumerate() {
            let sealed = vault.seal_account(one, 1, b"x");
            for (m, other) in all.iter().enumerate() {
                assert_eq!(
                    vault.open_account(other, 1, &sealed).is_ok(),
                    n == m,
                    "{one:?} {other:?}"
                );
            }
        }
        let owed = vault.seal_flow(RecordKind::Revocation, &[1; 16], b"x");
        vault.open_flow(RecordKind::Flow, &[1; 16], &owed).unwrap_err();
        vault.open_flow(RecordKind::Revocation, &[2; 16], &owed).unwrap_err();
    }

    #[test]
    fn a_record_opens_as_it_was_sealed() {
        let (vault, account) = (vault(), account("a", "slack"));
        for plain in [b"".as_slice(), b"CANARY", &[0; 100_000]] {
            let sealed = vault.seal_account(&account, 1, plain);
            assert_eq!(vault.open_account(&account, 1, &sealed).unwrap().as_slice(), plain);
        }
        let sealed = vault.seal_account(&account, 1, b"CANARY");
        assert!(!sealed.windows(6).any(|w| w == b"CANARY"));
        assert_ne!(
            sealed,
            vault.seal_account(&account, 1, b"CANARY"),
            "a nonce was used twice"
        );
    }

    #[test]
    fn flipping_any_bit_or_cutting_at_any_place_keeps_a_record_shut() {
        let (vault, account) = (vault(), account("a", "slack"));
        let sealed = vault.seal_account(&account, 1, b"CANARY");
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone();
                altered[at] ^= 1 << bit;
                let error = vault.open_account(&account, 1, &altered).unwrap_err();
                assert!(matches!(error, StoreError::Altered { .. }));
                assert!(!format!("{error} {error:?}").contains("CANARY"));
            }
            vault.open_account(&account, 1, &sealed[..at]).unwrap_err();
        }
        vault
            .open_account(&account, 1, &[sealed.as_slice(), b"x"].concat())
            .unwrap_err();
    }

    #[test]
    fn a_record_opens_only_as_the_one_it_is() {
        let vault = vault();
        let own = account("a", "slack");
        let sealed = vault.seal_account(&own, 1, b"x");
        let mut others = vec![
            account("b", "slack"),
            account("a", "linear"),
            account("as", "lack"),
            own.clone(),
            own.clone(),
            own.clone(),
        ];
        others[3].kind = TokenKind::User;
        others[4].client_id = String::new();
        others[5].handler = "slack-token".to_owned();
        for other in others {
            vault.open_account(&other, 1, &sealed).unwrap_err();
        }
        for version in [0, 2, u64::MAX] {
            vault.open_account(&own, version, &sealed).unwrap_err();
        }
        Vault::new(StoreKey::new([4; 32]))
            .open_account(&own, 1, &sealed)
            .unwrap_err();

        let flow = vault.seal_flow(RecordKind::Flow, &[1; 16], b"x");
        assert_eq!(
            vault.open_flow(RecordKind::Flow, &[1; 16], &flow).unwrap().as_slice(),
            b"x"
        );
        vault.open_flow(RecordKind::Flow, &[2; 16], &flow).unwrap_err();
        vault.open_flow(RecordKind::Outcome, &[1; 16], &flow).unwrap_err();
        vault.open_account(&own, 1, &flow).unwrap_err();
        assert!(!vault.opens_check(&flow));
        assert!(vault.opens_check(&vault.seal_check()));
    }

    proptest! {
        #[test]
        fn no_two_lists_of_parts_are_bound_to_the_same_bytes(
            one in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..5),
            other in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..5),
        ) {
            let bytes = |parts: &[Vec<u8>]| {
                bound_to(RecordKind::Account, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            prop_assert_eq!(one == other, bytes(&one) == bytes(&other));
        }

        #[test]
        fn bytes_of_a_stranger_never_panic(sealed in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(vault().open_account(&account("a", "slack"), 1, &sealed).is_err());
        }
    }
}
