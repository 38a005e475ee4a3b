//! A message of JSON-RPC, looked at before the SDK reads it.
//!
//! The SDK tells whatever it cannot read in the same words, and takes the last of two fields of one name; here each has its own reason.

use std::sync::Arc;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use pocket_runtime::Input;
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

use crate::{mcp::AROUND_INPUT, server::Core};

/// Why something is no message of JSON-RPC (section 5.1), and the id that it had, where it had one.
#[derive(Debug, PartialEq)]
pub(crate) struct NoMessage {
    code: ErrorCode,
    why: String,
    id: Value,
}

impl NoMessage {
    fn unread(why: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::PARSE_ERROR,
            why: why.into(),
            id: Value::Null,
        }
    }

    fn invalid(why: &'static str, id: Value) -> Self {
        Self {
            code: ErrorCode::INVALID_REQUEST,
            why: why.to_owned(),
            id,
        }
    }

    /// The id that it had, else null.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) const fn id(&self) -> &Value {
        &self.id
    }

    fn answer(&self, status: StatusCode) -> Response {
        let error = json!({ "code": self.code.0, "message": self.why });
        let body = json!({ "jsonrpc": "2.0", "id": self.id, "error": error });
        (status, Json(body)).into_response()
    }
}

/// That this is one message: a request, a notification or a response.
///
/// # Errors
/// With what is wrong.
pub(crate) fn check(bytes: &[u8]) -> Result<(), NoMessage> {
    let text = std::str::from_utf8(bytes).map_err(|_not_text| NoMessage::unread("a message is UTF-8"))?;
    let message = Input::parse(text).map_err(|error| NoMessage::unread(error.to_string()))?;
    let Some(message) = message.as_object() else {
        return Err(NoMessage::invalid(
            "a message is one JSON object, and several come one by one",
            Value::Null,
        ));
    };
    let id = message.get("id");
    let known = id.filter(|id| is_id(id)).cloned().unwrap_or_default();
    let invalid = |why| Err(NoMessage::invalid(why, known.clone()));
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid("`jsonrpc` is \"2.0\"");
    }
    if id.is_some_and(|id| !is_id(id)) {
        return invalid("an id is text or a whole number");
    }
    match message.get("method") {
        Some(Value::String(_)) => {}
        Some(_other) => return invalid("a method is text"),
        None if id.is_some() && (message.contains_key("result") != message.contains_key("error")) => return Ok(()),
        None => return invalid("a message has a `method`, or an `id` with a `result` or an `error`"),
    }
    match message.get("params") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_other) => invalid("`params` is an object"),
    }
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64() || id.is_u64()
}

/// Lets a request through whose body is one.
pub(super) async fn is_one(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let most = core.tools.now().settings().limits.input.saturating_add(AROUND_INPUT);
    let (head, body) = request.into_parts();
    let bytes = match to_bytes(body, most).await {
        Ok(bytes) => bytes,
        Err(error) if is_too_long(&error) => {
            let why = format!("a message has at most {most} bytes");
            return NoMessage::unread(why).answer(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Err(_cut_off) => return NoMessage::unread("the message did not come whole").answer(StatusCode::BAD_REQUEST),
    };
    match check(&bytes) {
        Ok(()) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Err(none) => none.answer(StatusCode::BAD_REQUEST),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_notifications_and_responses_are_messages() {
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{}}"#,
            r#" {"jsonrpc":"2.0","method":"notifications/initialized"} "#,
            r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"a"}}"#,
        ] {
            assert_eq!(check(message.as_bytes()), Ok(()), "{message}");
        }
    }

    #[test]
    fn what_is_none_is_told_why_with_the_id_it_had() {
        let told = |message: &str| {
            let none = check(message.as_bytes()).expect_err(message);
            (none.code.0, none.id)
        };
        for message in [
            "",
            "{",
            "{}{}",
            "\u{feff}{}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert_eq!(told(message), (-32700, Value::Null), "{message}");
        }
        assert_eq!(check(b"\xff\"\"").map_err(|none| none.code.0), Err(-32700));
        assert_eq!(told(&"[".repeat(10_000)), (-32700, Value::Null));
        for message in [
            "[]",
            "null",
            "1",
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
            "{}",
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","result":{}}"#,
        ] {
            assert_eq!(told(message), (-32600, Value::Null), "{message}");
        }
        for message in [
            r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
            r#"{"id":7,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":1}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":7}"#,
        ] {
            assert_eq!(told(message), (-32600, json!(7)), "{message}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _checked = check(&bytes);
        }
    }
}
