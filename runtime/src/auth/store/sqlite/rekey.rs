//! Gives the SQLite file another key, as one transaction.

use rusqlite::{Transaction, named_params, params};

use super::{SqliteStore, accounts, fault::Fault, revocations};
use crate::auth::{
    AccountId, StoreError, StorePlace, StoredRecord,
    store::{RecordKind, Vault, key_record::KeyRecord, names, reseal::Reseal, seal::kind_word},
};

impl SqliteStore {
    pub(in crate::auth::store) fn place(&self) -> StorePlace {
        (&*self.path).into()
    }

    /// What the store records of its key.
    pub(in crate::auth::store) async fn key_record(&self) -> Result<KeyRecord, StoreError> {
        self.read(|transaction| super::opening::key_record(transaction)).await
    }

    /// Seals everything with the key `to`, of which `record` tells. Nothing of it is done, or all.
    pub(in crate::auth::store) async fn rekey(
        &self,
        from: Vault,
        to: Vault,
        record: KeyRecord,
    ) -> Result<(), StoreError> {
        let store = self.place();
        self.write(move |transaction| {
            if is_renewing(transaction)? {
                return Err(StoreError::Renewing { store }.into());
            }
            let reseal = Reseal { from: &from, to: &to };
            reseal_accounts(transaction, &reseal)?;
            reseal_flows(transaction, &reseal)?;
            reseal_revocations(transaction, &reseal)?;
            let (kind, path) = record.place_parts();
            transaction.execute(
                "UPDATE store SET key_id = ?, key_check = ?, key_place = ?, key_path = ?",
                params![record.id, record.check, kind, path],
            )?;
            Ok(())
        })
        .await?;
        // What was sealed before would else wait in the log. Where others read just now, it is done when they close.
        let connection = self.connection.lock().await;
        let _busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
        Ok(())
    }
}

/// A token that is being renewed could not be saved under the new key by the one who renews it.
fn is_renewing(transaction: &Transaction<'_>) -> Result<bool, Fault> {
    let now = accounts::now(transaction)?;
    Ok(transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE lease_owner IS NOT NULL AND lease_until > ?1
                        AND lease_until - ?1 <= lease_length)",
        [now],
        |row| row.get(0),
    )?)
}

fn reseal_accounts(transaction: &Transaction<'_>, reseal: &Reseal<'_>) -> Result<(), Fault> {
    let records: Vec<(AccountId, StoredRecord)> = accounts::list(transaction)?;
    let mut update = transaction.prepare(
        "UPDATE accounts SET sealed = :sealed WHERE profile = :profile AND provider = :provider
         AND handler = :handler AND kind = :kind AND client_id = :client_id AND owner = :owner",
    )?;
    for (account, record) in records {
        update.execute(named_params! {
            ":sealed": reseal.account(&account, &record)?,
            ":profile": account.profile.as_str().as_bytes(),
            ":provider": account.provider.as_bytes(),
            ":handler": account.handler.as_bytes(),
            ":kind": kind_word(account.kind),
            ":client_id": account.client_id.as_bytes(),
            ":owner": names::owner(&account),
        })?;
    }
    Ok(())
}

fn reseal_flows(transaction: &Transaction<'_>, reseal: &Reseal<'_>) -> Result<(), Fault> {
    type Row = ([u8; 16], Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = transaction
        .prepare("SELECT id, sealed, outcome FROM flows")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut update = transaction.prepare("UPDATE flows SET sealed = ?, outcome = ? WHERE id = ?")?;
    for (id, sealed, outcome) in rows {
        let again = |kind, bytes: Option<Vec<u8>>| bytes.and_then(|bytes| reseal.flow(kind, &id, &bytes));
        update.execute(params![
            again(RecordKind::Flow, sealed),
            again(RecordKind::Outcome, outcome),
            id
        ])?;
    }
    Ok(())
}

/// One that does not open stays as it is, and is told as before.
fn reseal_revocations(transaction: &Transaction<'_>, reseal: &Reseal<'_>) -> Result<(), Fault> {
    let mut update = transaction.prepare("UPDATE revocations SET sealed = ? WHERE id = ?")?;
    for (id, sealed) in revocations::list(transaction)? {
        if let Some(again) = reseal.flow(RecordKind::Revocation, &id, &sealed) {
            update.execute(params![again, id])?;
        }
    }
    Ok(())
}
