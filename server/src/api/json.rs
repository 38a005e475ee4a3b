//! Reads the JSON that a request brings, and tells what is wrong with it as everything else is told.

use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use pocket_runtime::{Code, Input};
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;

/// The JSON of a request's body, as text that is UTF-8.
pub(super) struct JsonText(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let says = request.headers().get(header::CONTENT_TYPE);
        let is_json = says.is_none_or(|says| {
            let says = says.to_str().unwrap_or_default();
            let kind = says.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
        });
        if !is_json {
            return Err(Problem::new(Code::InvalidInput, "the body has to be JSON")
                .hint("send `Content-Type: application/json`")
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| refused(&error))?;
        match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Self(text)),
            Err(_not_text) => Err(Problem::new(Code::InvalidInput, "the body is not UTF-8")),
        }
    }
}

fn refused(error: &BytesRejection) -> Problem {
    let status = error.status();
    let problem = if status == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::InvalidInput, "the body is larger than a call may take")
            .hint("hand the tool a reference to the data instead")
    } else {
        Problem::new(Code::InvalidInput, "the body did not come whole")
    };
    problem.with_status(status)
}

impl JsonText {
    /// Reads it as JSON is read that a call brings: no key twice.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let value = Input::parse(&self.0)?;
        serde_json::from_value(value).map_err(|error| Problem::new(Code::InvalidInput, error.to_string()))
    }
}

/// The description of the API.
pub(super) async fn described(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
