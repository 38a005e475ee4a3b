//! Gives the store on a PostgreSQL server another key, as one transaction.

use tokio_postgres::{Error, Row, Transaction, types::Type};

use super::{
    PostgresStore,
    accounts::{self, now},
    fault, revocations,
};
use crate::auth::{
    AccountId, StoreError, StoredRecord,
    store::{RecordKind, Vault, key_record::KeyRecord, names, reseal::Reseal},
};

const RENEWING: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM pocket_accounts WHERE lease_owner IS NOT NULL AND lease_until > ",
    now!(),
    " AND lease_until - ",
    now!(),
    " <= lease_length)"
);

/// What a transaction ended with: an error of the server, or of the store.
type Done<T> = Result<Result<T, StoreError>, Error>;

/// A sign-in: its id, what is pending, its outcome.
type Flow = ([u8; 16], Option<Vec<u8>>, Option<Vec<u8>>);

impl PostgresStore {
    /// Seals everything with the key `to`, of which `record` tells. Nothing of it is done, or all; whoever writes meanwhile waits
    /// for its end.
    pub(in crate::auth::store) async fn rekey(
        &self,
        from: Vault,
        to: Vault,
        record: KeyRecord,
    ) -> Result<(), StoreError> {
        let mut client = self.pool.connect().await?;
        let work = async {
            let transaction = client.transaction().await?;
            // As many accounts as there are take their time.
            transaction.batch_execute("SET LOCAL statement_timeout = '60s'").await?;
            match self
                .reseal(&transaction, &Reseal { from: &from, to: &to }, &record)
                .await?
            {
                Ok(()) => transaction.commit().await.map(Ok),
                Err(error) => Ok(Err(error)),
            }
        };
        work.await.unwrap_or_else(|error| Err(fault::at(self.place(), &error)))
    }

    async fn reseal(&self, transaction: &Transaction<'_>, reseal: &Reseal<'_>, record: &KeyRecord) -> Done<()> {
        // A statement that waits for this lock looks at the store only after it.
        transaction
            .batch_execute(
                "LOCK TABLE pocket_store, pocket_accounts, pocket_flows, pocket_revocations IN EXCLUSIVE MODE",
            )
            .await?;
        let key = transaction.query_typed("SELECT key_id FROM pocket_store", &[]).await?;
        if key.first().is_none_or(|row| self.has_key(row, 0).is_err()) {
            return Ok(Err(self.rekeyed()));
        }
        let renewing = transaction.query_typed(RENEWING, &[]).await?;
        if fault::says_yes(&renewing) {
            return Ok(Err(StoreError::Renewing {
                store: self.place().clone(),
            }));
        }
        for row in transaction.query_typed(accounts::LIST, &[]).await? {
            let resealed = self
                .account_of(&row)
                .and_then(|(account, record)| again(reseal, &account, &record));
            let (id, sealed) = match resealed {
                Ok(resealed) => resealed,
                Err(error) => return Ok(Err(error)),
            };
            transaction
                .query_typed(
                    "UPDATE pocket_accounts SET sealed = $2 WHERE id = $1",
                    &[(&id, Type::BYTEA), (&sealed, Type::BYTEA)],
                )
                .await?;
        }
        if let Err(error) = self.reseal_flows(transaction, reseal).await? {
            return Ok(Err(error));
        }
        if let Err(error) = self.reseal_revocations(transaction, reseal).await? {
            return Ok(Err(error));
        }
        let (kind, path) = record.place_parts();
        transaction
            .query_typed(
                "UPDATE pocket_store SET key_id = $1, key_check = $2, key_place = $3, key_path = $4",
                &[
                    (&record.id, Type::BYTEA),
                    (&record.check, Type::BYTEA),
                    (&kind, Type::TEXT),
                    (&path, Type::TEXT),
                ],
            )
            .await?;
        Ok(Ok(()))
    }

    async fn reseal_flows(&self, transaction: &Transaction<'_>, reseal: &Reseal<'_>) -> Done<()> {
        let rows = transaction
            .query_typed("SELECT id, sealed, outcome FROM pocket_flows", &[])
            .await?;
        for row in rows {
            let resealed = match self.flow_again(&row, reseal) {
                Ok(resealed) => resealed,
                Err(error) => return Ok(Err(error)),
            };
            let Some((id, sealed, outcome)) = resealed else {
                continue;
            };
            transaction
                .query_typed(
                    "UPDATE pocket_flows SET sealed = $2, outcome = $3 WHERE id = $1",
                    &[
                        (&id.as_slice(), Type::BYTEA),
                        (&sealed, Type::BYTEA),
                        (&outcome, Type::BYTEA),
                    ],
                )
                .await?;
        }
        Ok(Ok(()))
    }

    /// One that does not open stays as it is, and is told as before.
    async fn reseal_revocations(&self, transaction: &Transaction<'_>, reseal: &Reseal<'_>) -> Done<()> {
        for row in transaction.query_typed(revocations::LIST, &[]).await? {
            let (id, sealed) = match self.owed_of(&row) {
                Ok(Some(owed)) => owed,
                Ok(None) => continue,
                Err(error) => return Ok(Err(error)),
            };
            let Some(again) = reseal.flow(RecordKind::Revocation, &id, &sealed) else {
                continue;
            };
            transaction
                .query_typed(
                    "UPDATE pocket_revocations SET sealed = $2 WHERE id = $1",
                    &[(&id.as_slice(), Type::BYTEA), (&again, Type::BYTEA)],
                )
                .await?;
        }
        Ok(Ok(()))
    }

    /// `None` for what is no sign-in of ours.
    fn flow_again(&self, row: &Row, reseal: &Reseal<'_>) -> Result<Option<Flow>, StoreError> {
        let Ok(id) = <[u8; 16]>::try_from(self.column::<&[u8]>(row, 0)?) else {
            return Ok(None);
        };
        let again = |kind, column| {
            let bytes: Option<Vec<u8>> = self.column(row, column)?;
            Ok::<_, StoreError>(bytes.and_then(|bytes| reseal.flow(kind, &id, &bytes)))
        };
        Ok(Some((id, again(RecordKind::Flow, 1)?, again(RecordKind::Outcome, 2)?)))
    }
}

fn again(reseal: &Reseal<'_>, account: &AccountId, record: &StoredRecord) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    Ok((names::digest(account), reseal.account(account, record)?))
}
