//! Whether a Redis server keeps what it said it keeps.

use ::redis::cmd;

use super::connection::Connection;
use crate::auth::StoreError;

/// What an account asks of a server, in the server's own words.
const NEEDED: [(&str, &str); 3] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
];

/// What the server lacks to keep accounts: a rotating refresh token that it forgets is lost for good. `None` where it lacks
/// nothing.
pub(super) async fn what_is_missing(connection: &Connection) -> Result<Option<String>, StoreError> {
    for (name, needed) in NEEDED {
        let asked = connection.read(cmd("CONFIG").arg("GET").arg(name)).await;
        let found: Vec<String> = match asked {
            Ok(found) => found,
            // A server of a cloud often does not tell.
            Err(StoreError::Server { reason, .. }) if !is_gone(&reason) => {
                return Ok(Some(format!("it does not tell its `{name}` ({reason})")));
            }
            Err(error) => return Err(error),
        };
        match found.get(1) {
            Some(value) if value == needed => {}
            Some(value) => return Ok(Some(format!("its `{name}` is `{value}` and not `{needed}`"))),
            None => return Ok(Some(format!("it does not tell its `{name}`"))),
        }
    }
    Ok(None)
}

fn is_gone(reason: &str) -> bool {
    !(reason.starts_with("NOPERM") || reason.starts_with("ERR"))
}
