//! Whether a Redis server keeps what it said it keeps.

use ::redis::{RedisError, RedisResult, aio::MultiplexedConnection, cmd};

/// What an account asks of a server, in the server's own words.
const NEEDED: [(&str, &str); 3] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
];

/// What the server lacks to keep accounts: a rotating refresh token that it forgets is lost for good. `None` where it lacks
/// nothing.
pub(super) async fn what_is_missing(connection: &mut MultiplexedConnection) -> RedisResult<Option<String>> {
    for (name, needed) in NEEDED {
        let asked = cmd("CONFIG").arg("GET").arg(name).query_async(connection).await;
        let found: Vec<String> = match asked {
            Ok(found) => found,
            // A server of a cloud often does not tell.
            Err(error) if is_refusal(&error) => {
                let said = [error.code(), error.detail()].into_iter().flatten().collect::<Vec<_>>();
                return Ok(Some(format!("it does not tell its `{name}` ({})", said.join(" "))));
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

fn is_refusal(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOPERM" | "ERR"))
}
