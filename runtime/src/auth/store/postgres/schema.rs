//! The tables of the store on a PostgreSQL server: made by the first process that needs them.

use tokio_postgres::{Client, Row, types::Type};

use super::{connection::Pool, fault};
use crate::{
    auth::{
        StoreError,
        store::key_record::{KeyRecord, not_a_key},
    },
    base::{files::Owner, key::KeyPlace, keys::Keys},
};

/// The newest format that is known, which is written. A store of an earlier one is brought to it when it is opened.
pub(super) const FORMAT: i64 = 2;

/// Held while tables are made: any number does that nobody else takes.
const MAKING: i64 = 0x504f_434b_4554;

/// Names are bytes, so that they are compared byte by byte and may hold any; the key is a digest of them, since an index takes
/// no name of a megabyte. Times are milliseconds since 1970, by the server's clock.
const SCHEMA: &str = "
CREATE TABLE pocket_store (
    only_row  INT PRIMARY KEY CHECK (only_row = 1),
    format    BIGINT NOT NULL,
    key_id    BYTEA NOT NULL,
    key_check BYTEA NOT NULL,
    key_place TEXT NOT NULL,
    key_path  TEXT
);
CREATE TABLE pocket_accounts (
    id           BYTEA PRIMARY KEY,
    profile      BYTEA NOT NULL,
    provider     BYTEA NOT NULL,
    handler      BYTEA NOT NULL,
    kind         BYTEA NOT NULL,
    client_id    BYTEA NOT NULL,
    owner        BYTEA NOT NULL DEFAULT '',
    version      BIGINT NOT NULL DEFAULT 0,
    sealed       BYTEA,
    fence        BIGINT NOT NULL DEFAULT 0,
    lease_owner  BYTEA,
    lease_until  BIGINT NOT NULL DEFAULT 0,
    lease_length BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE pocket_flows (
    id         BYTEA PRIMARY KEY,
    sealed     BYTEA,
    outcome    BYTEA,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pocket_flows_by_end ON pocket_flows (expires_at);
CREATE TABLE pocket_revocations (
    id     BYTEA PRIMARY KEY,
    sealed BYTEA NOT NULL
);
";

/// From format 1. The records stay as they are, since every account of before is a shared one, and what its seal is bound to is
/// the same.
const FROM_1: &str = "
ALTER TABLE pocket_accounts ADD COLUMN owner BYTEA NOT NULL DEFAULT '';
CREATE TABLE pocket_revocations (
    id     BYTEA PRIMARY KEY,
    sealed BYTEA NOT NULL
);
UPDATE pocket_store SET format = 2;
";

const RECORD: &str = "SELECT format, key_id, key_check, key_place, key_path FROM pocket_store";

/// What the store records of its key; `None` where there is no store yet.
pub(super) async fn record(pool: &Pool) -> Result<Option<KeyRecord>, StoreError> {
    let found = pool
        .query("SELECT to_regclass('pocket_store') IS NOT NULL", &[])
        .await?;
    if !fault::says_yes(&found.rows) {
        return Ok(None);
    }
    let kept = pool.query(RECORD, &[]).await?;
    kept.rows.first().map(|row| read(pool, row)).transpose()
}

fn read(pool: &Pool, row: &Row) -> Result<KeyRecord, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        store: pool.place().clone(),
        reason,
    };
    let column = |number| fault::column::<Vec<u8>>(pool.place(), row, number);
    match fault::column::<i64>(pool.place(), row, 0)? {
        1..=FORMAT => {}
        found if found > FORMAT => {
            return Err(StoreError::NewerFormat {
                store: pool.place().clone(),
                found,
                known: FORMAT,
            });
        }
        found => return Err(damaged(format!("there is no format {found}"))),
    }
    let (kind, path) = (
        fault::column(pool.place(), row, 3)?,
        fault::column(pool.place(), row, 4)?,
    );
    let place =
        KeyPlace::from_parts(kind, path).ok_or_else(|| damaged("it does not say where its key was kept".to_owned()))?;
    Ok(KeyRecord {
        id: column(1)?,
        check: column(2)?,
        place,
    })
}

/// Makes the store, unless another process did so meanwhile.
pub(super) async fn make(pool: &Pool, keys: &Keys, owner: Owner) -> Result<KeyRecord, StoreError> {
    let mut client = pool.connect().await?;
    match make_with(&mut client, pool, keys, owner).await {
        Ok(record) => record,
        Err(error) => Err(fault::at(pool.place(), &error)),
    }
}

async fn make_with(
    client: &mut Client,
    pool: &Pool,
    keys: &Keys,
    owner: Owner,
) -> Result<Result<KeyRecord, StoreError>, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction
        .query_typed("SELECT pg_advisory_xact_lock($1)", &[(&MAKING, Type::INT8)])
        .await?;
    let there = transaction
        .query_typed("SELECT to_regclass('pocket_store') IS NOT NULL", &[])
        .await?;
    if fault::says_yes(&there) {
        let kept = transaction.query_typed(RECORD, &[]).await?;
        return Ok(kept.first().map_or_else(
            || {
                Err(StoreError::Damaged {
                    store: pool.place().clone(),
                    reason: "it does not record its key".to_owned(),
                })
            },
            |row| read(pool, row),
        ));
    }
    let (key, place) = match keys.make(owner) {
        Ok(made) => made,
        Err(error) => return Ok(Err(not_a_key(error, keys.place(None), pool.place()))),
    };
    let record = KeyRecord::of(&key, place);
    let (kind, path) = record.place_parts();
    transaction.batch_execute(SCHEMA).await?;
    transaction
        .query_typed(
            "INSERT INTO pocket_store (only_row, format, key_id, key_check, key_place, key_path)
             VALUES (1, $1, $2, $3, $4, $5)",
            &[
                (&FORMAT, Type::INT8),
                (&record.id, Type::BYTEA),
                (&record.check, Type::BYTEA),
                (&kind, Type::TEXT),
                (&path, Type::TEXT),
            ],
        )
        .await?;
    transaction.commit().await?;
    Ok(Ok(record))
}

/// Brings a store of an earlier format to the one that is written now, unless another process did so meanwhile.
pub(super) async fn upgrade(pool: &Pool) -> Result<(), StoreError> {
    let found = pool.query("SELECT format FROM pocket_store", &[]).await?;
    if !is_earlier(pool, found.rows.first())? {
        return Ok(());
    }
    let mut client = pool.connect().await?;
    match upgrade_with(&mut client, pool).await {
        Ok(done) => done,
        Err(error) => Err(fault::at(pool.place(), &error)),
    }
}

async fn upgrade_with(client: &mut Client, pool: &Pool) -> Result<Result<(), StoreError>, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("LOCK TABLE pocket_store, pocket_accounts IN ACCESS EXCLUSIVE MODE")
        .await?;
    let found = transaction.query_typed("SELECT format FROM pocket_store", &[]).await?;
    match is_earlier(pool, found.first()) {
        Ok(true) => transaction.batch_execute(FROM_1).await?,
        Ok(false) => {}
        Err(error) => return Ok(Err(error)),
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

fn is_earlier(pool: &Pool, row: Option<&Row>) -> Result<bool, StoreError> {
    let found = row.map(|row| fault::column::<i64>(pool.place(), row, 0)).transpose()?;
    Ok(found.is_some_and(|found| found < FORMAT))
}
