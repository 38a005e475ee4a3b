//! Reads the path and the query of a request, and tells what is wrong with them as everything else is told.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use pocket_runtime::Code;
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;

/// What a path names.
pub(super) struct InPath<T>(pub(super) T);

/// What a query says.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(error) => Err(Problem::new(Code::InvalidInput, error.body_text())),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(said)) => Ok(Self(said)),
            Err(error) => Err(Problem::new(Code::InvalidInput, error.body_text())
                .hint("`/api/openapi.json` tells what may stand there")),
        }
    }
}
