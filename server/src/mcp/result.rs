//! How a call ended, as agents are told.

use pocket_runtime::{SignIn, Value};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::json;

use crate::calls::Ended;

/// The place in `_meta` of what a program reads of an error whose tool has an output schema, which its error would not fit.
const ERROR: &str = "pocket/error";

/// What a call gave; `exact` is the same JSON with its numbers as the tool wrote them.
pub(super) fn of(value: &Value, exact: Option<&str>) -> CallToolResult {
    match value {
        Value::Json(value) => {
            let text = exact.map_or_else(|| value.to_string(), ToOwned::to_owned);
            let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
            result.structured_content = Some(value.clone());
            result
        }
        Value::Text(text) => CallToolResult::success(vec![ContentBlock::text(text.clone())]),
    }
}

/// Why a call gave nothing: with our code, and words by which a model can act.
pub(super) fn failed(ended: &Ended, has_output_schema: bool) -> CallToolResult {
    let words = match ended.sign_in() {
        Some(sign_in) => to_sign_in(sign_in),
        None => {
            let mut words = format!("[{}] {}", ended.code, ended.message());
            for hint in ended.hints() {
                words.push_str("\nhint: ");
                words.push_str(&hint);
            }
            words
        }
    };
    let mut error = json!({ "code": ended.code, "message": ended.message(), "hints": ended.hints() });
    if let (Some(details), Some(fields)) = (ended.details(), error.as_object_mut()) {
        fields.insert("details".to_owned(), details);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(words)]);
    if has_output_schema {
        let mut meta = MetaObject::default();
        meta.insert(ERROR.to_owned(), error);
        result.meta = Some(meta);
    } else {
        result.structured_content = Some(json!({ "error": error }));
    }
    result
}

/// What a model is to tell its user, who is to sign in.
pub(super) fn to_sign_in(sign_in: &SignIn) -> String {
    let scopes = if sign_in.scopes.is_empty() {
        String::new()
    } else {
        format!(" (it asks for: {})", sign_in.scopes.join(", "))
    };
    let code = sign_in
        .user_code
        .as_ref()
        .map(|code| format!(" and enters the code {code}"))
        .unwrap_or_default();
    format!(
        "[sign_in_required] The user has to sign in to {}{scopes} before this tool can be called. Tell the user to open this \
         address in a browser{code}, and call the tool again once the user says that it is done: {}",
        sign_in.provider, sign_in.url
    )
}
