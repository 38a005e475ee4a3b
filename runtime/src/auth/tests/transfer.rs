//! Moving accounts from one store to another.

use std::sync::Arc;

use crate::{
    auth::{
        AccountId, AccountStore, AuthError, ImportMode, ImportStep, NeedsSignIn, OpenStore, RevocationStore,
        TransferError,
        record::{Record, tests::record},
        records::Records,
        store::Vault,
    },
    base::{
        clock::{ManualClock, UnixTime},
        name::Profile,
        secret::Secret,
    },
    package::{AccountOwner, TokenKind},
};

const NOW: UnixTime = UnixTime(5_000);

struct Side {
    records: Records,
    revocations: Arc<dyn RevocationStore>,
    store: AccountStore,
}

impl Side {
    async fn with(accounts: &[(&str, Record)]) -> Self {
        let store = OpenStore::in_memory();
        let records = Records::new(Arc::clone(&store.tokens), Arc::new(Vault::new(store.key.clone())));
        for (profile, record) in accounts {
            records
                .save_tokens(&account(profile), record.clone(), 0, None)
                .await
                .unwrap();
        }
        Self {
            records,
            revocations: Arc::clone(&store.revocations),
            store: AccountStore::new(store, Arc::new(ManualClock::at(NOW))),
        }
    }

    async fn owe(&self, id: &[u8; 16]) {
        self.revocations.owe(id, b"sealed").await.unwrap();
    }

    async fn export(&self) -> Vec<u8> {
        self.store.export(&passphrase()).await.unwrap().file
    }

    async fn import(&self, file: &[u8], mode: ImportMode) -> Vec<ImportStep> {
        let imported = self.store.import(file.to_vec(), &passphrase(), mode).await.unwrap();
        imported.into_iter().map(|one| one.done).collect()
    }

    async fn record(&self, profile: &str) -> Option<Arc<Record>> {
        let loaded = self.records.load(&account(profile)).await.unwrap();
        loaded.map(|loaded| loaded.record)
    }
}

fn passphrase() -> Secret {
    Secret::new("planted passphrase")
}

fn account(profile: &str) -> AccountId {
    AccountId {
        profile: Profile::new(profile),
        provider: "acme".to_owned(),
        handler: "acme-oauth2".to_owned(),
        kind: TokenKind::Bot,
        client_id: "c1".to_owned(),
        owner: AccountOwner::SHARED,
    }
}

#[tokio::test]
async fn accounts_arrive_as_they_were_and_no_secret_is_seen_on_the_way() {
    let kept = record(Some("planted-refresh"), 1_000, Some(9_000));
    let from = Side::with(&[("a", kept.clone()), ("../b", kept.clone())]).await;
    let exported = from.store.export(&passphrase()).await.unwrap();
    assert_eq!((exported.accounts, exported.left_out.len()), (2, 0));
    let seen = String::from_utf8_lossy(&exported.file).into_owned() + &format!("{exported:?} {:?}", from.store);
    for secret in ["planted", "acme", "alice"] {
        assert!(!seen.contains(secret), "{secret}");
    }
    let to = Side::with(&[]).await;
    assert_eq!(
        to.import(&exported.file, ImportMode::Show).await,
        [ImportStep::Added; 2]
    );
    assert!(to.record("a").await.is_none(), "showing wrote it");
    assert_eq!(
        to.import(&exported.file, ImportMode::Keep).await,
        [ImportStep::Added; 2]
    );
    for profile in ["a", "../b"] {
        let arrived = to.record(profile).await.unwrap();
        assert!(arrived.has_tokens_of(&kept));
        assert_eq!((&arrived.scopes, &arrived.identity), (&kept.scopes, &kept.identity));
    }
    assert_eq!(
        to.import(&exported.file, ImportMode::Replace).await,
        [ImportStep::Same; 2]
    );
}

#[tokio::test]
async fn a_ready_or_newer_account_is_written_over_only_on_a_clear_word() {
    let moved = record(Some("moved"), 1_000, Some(9_000));
    let from = Side::with(&[("a", moved.clone())]).await;
    let file = from.export().await;
    let ready = record(Some("ready"), 900, Some(9_000));
    let newer = record(Some("newer"), 2_000, Some(9_000)).needs_sign_in(NeedsSignIn::Refused, "refused");
    let older = record(Some("older"), 900, Some(9_000)).needs_sign_in(NeedsSignIn::Refused, "refused");
    for (there, step) in [
        (ready, ImportStep::KeptReady),
        (newer, ImportStep::KeptNewer),
        (older, ImportStep::Replaced),
    ] {
        let to = Side::with(&[("a", there.clone())]).await;
        assert_eq!(to.import(&file, ImportMode::Show).await, [step]);
        assert!(to.record("a").await.unwrap().has_tokens_of(&there));
        assert_eq!(to.import(&file, ImportMode::Keep).await, [step]);
        let replaced = to.record("a").await.unwrap().has_tokens_of(&moved);
        assert_eq!(replaced, step == ImportStep::Replaced);
        to.import(&file, ImportMode::Replace).await;
        assert!(to.record("a").await.unwrap().has_tokens_of(&moved));
    }
}

#[tokio::test]
async fn an_account_that_is_being_renewed_is_left_alone_even_then() {
    let from = Side::with(&[("a", record(Some("moved"), 1_000, None))]).await;
    let file = from.export().await;
    let there = record(Some("there"), 900, None);
    let to = Side::with(&[("a", there.clone())]).await;
    let lease = to
        .records
        .store()
        .lease(&account("a"), std::time::Duration::from_secs(60))
        .await;
    let lease = lease.unwrap().unwrap();
    assert_eq!(to.import(&file, ImportMode::Replace).await, [ImportStep::KeptBusy]);
    assert!(to.record("a").await.unwrap().has_tokens_of(&there));
    to.records.store().release(&account("a"), &lease).await.unwrap();
    assert_eq!(to.import(&file, ImportMode::Replace).await, [ImportStep::Replaced]);
}

#[tokio::test]
async fn what_cannot_be_read_or_is_being_signed_out_is_left_out_and_said() {
    let mut leaving = record(Some("r"), 1_000, None);
    leaving.signing_out = true;
    let from = Side::with(&[("a", record(Some("r"), 1_000, None)), ("b", leaving)]).await;
    from.records
        .store()
        .save(&account("c"), b"not sealed", 0, None)
        .await
        .unwrap();
    let exported = from.store.export(&passphrase()).await.unwrap();
    assert_eq!(
        (exported.accounts, exported.left_out.len()),
        (1, 2),
        "{:?}",
        exported.left_out
    );
    let to = Side::with(&[]).await;
    let wrong = to
        .store
        .import(exported.file, &Secret::new("another one"), ImportMode::Keep)
        .await;
    let error = wrong.unwrap_err();
    assert!(
        matches!(error, AuthError::Transfer(TransferError::WrongPassphrase)),
        "{error:?}"
    );
    assert!(!error.hints().is_empty());
    assert!(to.record("a").await.is_none());
}

#[tokio::test]
async fn an_account_of_a_tools_own_arrives_as_its_own_and_what_is_owed_stays() {
    let from = Side::with(&[("a", record(Some("shared"), 1_000, None))]).await;
    let shared_alone = from.export().await;
    let owner = AccountOwner::in_program("p", "t".parse().unwrap());
    let own = AccountId { owner, ..account("a") };
    let kept = record(Some("own"), 1_000, None);
    from.records.save_tokens(&own, kept.clone(), 0, None).await.unwrap();
    from.owe(&[1; 16]).await;
    let exported = from.store.export(&passphrase()).await.unwrap();
    assert_eq!((exported.accounts, exported.left_out.len()), (2, 1), "{exported:?}");
    assert!(
        exported.left_out[0].contains("this store still tells them"),
        "{exported:?}"
    );

    let to = Side::with(&[]).await;
    assert_eq!(to.import(&shared_alone, ImportMode::Keep).await, [ImportStep::Added]);
    let file = exported.file;
    assert_eq!(
        to.import(&file, ImportMode::Keep).await,
        [ImportStep::Same, ImportStep::Added]
    );
    let arrived = to.records.load(&own).await.unwrap().unwrap();
    assert!(arrived.record.has_tokens_of(&kept));
    assert!(!to.record("a").await.unwrap().has_tokens_of(&kept));
}
