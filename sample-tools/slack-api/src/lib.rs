//! One call of Slack's Web API, with what Slack refuses told in a tool's terms.

use std::env;

use pocket_tool::http::{self, Request};
use pocket_tool::{Error, credential};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Calls a method that reads, such as `conversations.history`.
pub fn get<T: DeserializeOwned>(method: &str, arguments: &impl Serialize) -> Result<T, Error> {
    call(http::get(url(method)).query(arguments))
}

/// Calls a method that writes, such as `chat.postMessage`.
pub fn post<T: DeserializeOwned>(method: &str, arguments: &impl Serialize) -> Result<T, Error> {
    call(
        http::post(url(method))
            .header("content-type", "application/json; charset=utf-8")
            .json(arguments),
    )
}

fn url(method: &str) -> String {
    let api = env::var("SLACK_API_URL").unwrap_or_else(|_| "https://slack.com/api".to_owned());
    format!("{}/{method}", api.trim_end_matches('/'))
}

fn call<T: DeserializeOwned>(request: Request) -> Result<T, Error> {
    let response = request.bearer(credential("SLACK_BOT_TOKEN")?).send()?;
    let retry_after = response.retry_after();
    // Slack says `ok: false` with status 200 as a rule; other statuses come from what stands before it.
    let reply: Value = response.error_for_status()?.json()?;
    if reply["ok"] == true {
        return Ok(serde_json::from_value(reply)?);
    }
    Err(refusal(&reply, retry_after))
}

/// What `ok: false` means for the one who called.
fn refusal(reply: &Value, retry_after: Option<u32>) -> Error {
    let Some(error) = reply["error"].as_str() else {
        return Error::failed("Slack's reply says neither `ok` nor an error");
    };
    match error {
        "account_inactive" | "invalid_auth" | "not_authed" | "token_expired" | "token_revoked" => {
            Error::unauthorized(format!("Slack refused the token: {error}"))
        }
        "rate_limited" | "ratelimited" => Error::rate_limited(retry_after.unwrap_or(60)),
        "missing_scope" => Error::failed(format!(
            "the token lacks the scope `{}` and has `{}`: {error}",
            reply["needed"].as_str().unwrap_or("?"),
            reply["provided"].as_str().unwrap_or("?"),
        )),
        "not_in_channel" => Error::failed(format!(
            "the bot is not a member; invite it to the channel first: {error}"
        )),
        "access_denied"
        | "not_allowed_token_type"
        | "no_permission"
        | "ekm_access_denied"
        | "enterprise_is_restricted" => Error::failed(format!("Slack does not allow this token to do that: {error}")),
        "channel_not_found" => Error::invalid_input(format!("no such channel, or the bot can not see it: {error}")),
        "is_archived" => Error::invalid_input(format!("the channel is archived: {error}")),
        "invalid_cursor" => Error::invalid_input(format!("the cursor is not from this channel, or too old: {error}")),
        "invalid_ts_latest" | "invalid_ts_oldest" => Error::invalid_input(format!(
            "a time is not written as seconds, such as 1712345678.000100: {error}"
        )),
        "no_text" => Error::invalid_input(format!("there is no text to post: {error}")),
        "msg_too_long" => Error::invalid_input(format!("the text is too long: {error}")),
        "thread_not_found" | "invalid_thread_ts" => {
            Error::invalid_input(format!("no such thread in the channel: {error}"))
        }
        "invalid_arguments" => Error::invalid_input(format!(
            "Slack does not take the arguments: {error}: {}",
            reply["response_metadata"]["messages"]
        )),
        other => Error::failed(format!("Slack refused: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_token_is_unauthorized() {
        for error in ["invalid_auth", "token_revoked", "token_expired"] {
            assert!(
                matches!(
                    refusal(&json!({"ok": false, "error": error}), None),
                    Error::Unauthorized(_)
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn a_wait_is_as_long_as_slack_says() {
        let reply = json!({"ok": false, "error": "ratelimited"});
        assert_eq!(refusal(&reply, Some(7)), Error::rate_limited(7));
        assert_eq!(refusal(&reply, None), Error::rate_limited(60));
    }

    #[test]
    fn a_missing_scope_is_named() {
        let reply =
            json!({"ok": false, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"});
        let what = refusal(&reply, None).to_string();
        assert_eq!(
            what,
            "the token lacks the scope `channels:history` and has `chat:write`: missing_scope"
        );
    }
}
