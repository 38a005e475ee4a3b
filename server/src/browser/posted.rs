//! What a form of our pages sent.

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use pocket_runtime::{Code, Secret};
use subtle::ConstantTimeEq as _;

use crate::{
    api::problem::Problem,
    browser::{Visitor, door::foreign},
    pages,
};

/// The fields of a form by name; of two of a name the last.
pub(crate) type Fields = BTreeMap<String, String>;

/// How many fields a form has.
const MOST_FIELDS: usize = 20_000;

/// The field that each form of a session has in it.
pub(crate) const MARK: &str = "form";

/// What a form sent that is of this session.
pub(crate) struct Posted(pub(crate) Fields);

/// The key that somebody typed to be let in: of no session yet.
pub(crate) struct PostedKey {
    pub(crate) key: Secret,
    /// Where he was going.
    pub(crate) then: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let Some(visitor) = request.extensions().get::<Visitor>().cloned() else {
            return Err(pages::refused(&foreign()));
        };
        let mut fields = read(request, state).await.map_err(|problem| pages::refused(&problem))?;
        let mark = fields.remove(MARK).unwrap_or_default();
        let is_ours: bool = mark.as_bytes().ct_eq(visitor.form.expose().as_bytes()).into();
        if is_ours {
            Ok(Self(fields))
        } else {
            Err(pages::refused(&foreign()))
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedKey {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let mut fields = read(request, state).await.map_err(|problem| pages::refused(&problem))?;
        Ok(Self {
            key: Secret::new(fields.remove("key").unwrap_or_default()),
            then: fields.remove("then"),
        })
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Fields, Problem> {
    let says = request.headers().get(header::CONTENT_TYPE);
    let says = says.and_then(|says| says.to_str().ok()).unwrap_or_default();
    let kind = says.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::InvalidInput, "this is not what a form sends")
            .hint("send `Content-Type: application/x-www-form-urlencoded`")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = Bytes::from_request(request, state).await.map_err(|error| {
        Problem::new(
            Code::InvalidInput,
            "the form is larger than a call may take, or did not come whole",
        )
        .hint("hand the tool a reference to the data instead")
        .with_status(error.status())
    })?;
    let fields: Fields = url::form_urlencoded::parse(&bytes)
        .into_owned()
        .take(MOST_FIELDS + 1)
        .collect();
    if fields.len() > MOST_FIELDS {
        return Err(
            Problem::new(Code::InvalidInput, "the form has more fields than any of ours")
                .hint("give the input as JSON")
                .with_status(StatusCode::PAYLOAD_TOO_LARGE),
        );
    }
    Ok(fields)
}
