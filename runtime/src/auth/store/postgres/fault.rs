//! What PostgreSQL says, as what is wrong with the store.

use std::error::Error as _;

use tokio_postgres::{Error, Row, error::SqlState, types::FromSql};

use super::connection::STATEMENT_TIME;
use crate::auth::{
    StoreError, StorePlace,
    store::{TlsFault, tls::fault_in},
};

/// The error for what a server at `place` said. Details are left out: they hold values.
pub(super) fn at(place: &StorePlace, error: &Error) -> StoreError {
    let store = place.clone();
    let Some(said) = error.as_db_error() else {
        if let Some((fault, reason)) = of_tls(error) {
            return StoreError::Tls { store, fault, reason };
        }
        // The outer words are the crate's own, the inner ones those of the system or of TLS.
        let reason = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        return StoreError::Server { store, reason };
    };
    let code = said.code();
    if [SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE].contains(code) {
        return StoreError::Slow {
            store,
            waited: STATEMENT_TIME,
        };
    }
    let ours_does_not_fit = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::DATATYPE_MISMATCH,
        SqlState::NOT_NULL_VIOLATION,
        SqlState::DATA_CORRUPTED,
        SqlState::INDEX_CORRUPTED,
    ];
    if ours_does_not_fit.contains(code) {
        return StoreError::Damaged {
            store,
            reason: said.message().to_owned(),
        };
    }
    StoreError::Server {
        store,
        reason: format!("{} ({})", said.message(), code.code()),
    }
}

/// What TLS said, where it ended the connection: the crate tells by its words alone that the server does not speak it.
fn of_tls(error: &Error) -> Option<(TlsFault, String)> {
    let cause = error.source()?;
    if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        return fault_in(io).map(|fault| (fault, io.to_string()));
    }
    let reason = cause.to_string();
    (reason == "server does not support TLS").then_some((TlsFault::NotOffered, reason))
}

/// A column of a row; one of another type than ours, or without a value where ours has one, was not made by us.
pub(super) fn column<'a, T: FromSql<'a>>(place: &StorePlace, row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_of_another_type| StoreError::Damaged {
        store: place.clone(),
        reason: format!("a value is not of its type: column {column} of its row"),
    })
}

/// Whether a statement gave a row that says so.
pub(super) fn says_yes(rows: &[Row]) -> bool {
    rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false))
}

/// Whether the connection is gone, or the server about to be: another one may do.
pub(super) fn is_lost(error: &Error) -> bool {
    let gone = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    match error.code() {
        Some(code) => gone.contains(code),
        None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()),
    }
}
