//! Brings a store of an earlier format to the one that is written now.

use rusqlite::{Connection, TransactionBehavior};

use super::{
    fault::Fault,
    opening::{ACCOUNTS, FORMAT, REVOCATIONS},
};

/// As one transaction: a kill leaves the format of before or the new one. The records stay as they are, since every account of
/// before is a shared one, and what its seal is bound to is the same.
pub(super) fn upgrade(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found == 1 {
        transaction.execute_batch("ALTER TABLE accounts RENAME TO accounts_of_before")?;
        transaction.execute_batch(ACCOUNTS)?;
        transaction.execute_batch(
            "INSERT INTO accounts (profile, provider, handler, kind, client_id, version, sealed,
                                   fence, lease_owner, lease_until, lease_length)
             SELECT profile, provider, handler, kind, client_id, version, sealed,
                    fence, lease_owner, lease_until, lease_length FROM accounts_of_before;
             DROP TABLE accounts_of_before;",
        )?;
        transaction.execute_batch(REVOCATIONS)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    Ok(transaction.commit()?)
}
