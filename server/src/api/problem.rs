//! What an HTTP reply says where something did not go well (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pocket_runtime::{Code, Error};
use serde::Serialize;

/// What an HTTP reply says where something did not go well: a problem of RFC 9457, with our code.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// `urn:pocket:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, in a word.
    title: &'static str,
    /// The status of the reply.
    status: u16,
    /// What went wrong, in a sentence.
    detail: String,
    /// The stable code.
    code: &'static str,
    /// What would mend it, each in a sentence.
    hints: Vec<String>,
    /// More, by code: `violations`, `refusals`, `sign_in`, `retry_after_seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<serde_json::Value>,
    /// The id of the call that ended so.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:pocket:{code}"),
            title: title(code),
            status: code.http_status(),
            detail: detail.into(),
            code: code.as_str(),
            hints: Vec::new(),
            details: None,
            call: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With another status than the code's own: of HTTP itself, which has more of them.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status.as_u16();
        self
    }

    pub(super) fn of_call(code: Code, ended: &crate::calls::Ended, call: &crate::calls::CallId) -> Self {
        Self {
            hints: ended.hints(),
            details: ended.details(),
            call: Some(call.to_string()),
            ..Self::new(code, ended.message())
        }
    }

    /// For a page: the status, what went wrong in a word and in a sentence, and what would mend it.
    pub(crate) fn told(&self) -> (StatusCode, &'static str, &str, &[String]) {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, self.title, &self.detail, &self.hints)
    }

    pub(crate) fn no_tool(name: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no tool of this name: `{name}`"))
            .hint("`GET /api/tools` lists those there are for this key")
    }

    pub(crate) fn no_key() -> Self {
        Self::new(
            Code::Unauthorized,
            "this needs a key: `Authorization: Bearer pocket_...`",
        )
        .hint("`pocket keys create` makes one")
        .with_status(StatusCode::UNAUTHORIZED)
    }

    pub(crate) fn no_route() -> Self {
        Self::new(Code::NotFound, "there is nothing at this address")
            .hint("`/api/openapi.json` describes what there is")
    }

    pub(crate) fn no_method() -> Self {
        Self::new(Code::InvalidInput, "this address does not take that method")
            .hint("`/api/openapi.json` describes what there is")
            .with_status(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// In how many seconds it is worth asking again.
    fn retry_after(&self) -> Option<u64> {
        let told = self
            .details
            .as_ref()
            .and_then(|details| details.get("retry_after_seconds"));
        let is_full = matches!(self.status, 429 | 503);
        told.and_then(serde_json::Value::as_u64).or(is_full.then_some(1))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            hints: error.hints(),
            details: error.to_json().get("details").cloned(),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"pocket\""),
            );
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const fn title(code: Code) -> &'static str {
    match code {
        Code::Ok => "It went well",
        Code::InvalidInput => "The input is not one that is taken",
        Code::ToolFailed => "The tool failed",
        Code::LimitExceeded => "The call met a limit",
        Code::Trapped => "The tool trapped",
        Code::OutOfMemory => "The tool wanted more memory than it may have",
        Code::OutputTooLarge => "The output is too large",
        Code::InvalidOutput => "The output is not valid",
        Code::TimedOut => "The call took too long",
        Code::SignInRequired => "A person has to sign in first",
        Code::Unauthorized => "Not authorized",
        Code::Denied => "Not allowed",
        Code::NotFound => "Not found",
        Code::NotValid => "Not valid",
        Code::RateLimited => "Too many requests",
        Code::Busy => "No room now",
        Code::Unreachable => "Not reachable",
        Code::Cancelled => "Cancelled",
        Code::Internal => "A fault of Pocket or of its machine",
    }
}
