//! Whose an MCP session is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use pocket_runtime::Code;

use crate::{
    api::problem::Problem,
    caller::{Caller, Owner},
    keys::Revocations,
};

/// The header that names a session, in revisions before 2026-07-28.
const SESSION: &str = "mcp-session-id";
/// More than are open at once: beyond, the oldest owners are forgotten, and their agents begin anew.
const SESSIONS: usize = 65_536;

/// Who began which session.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    owners: Mutex<HashMap<String, Owner>>,
}

impl Sessions {
    fn owners(&self) -> std::sync::MutexGuard<'_, HashMap<String, Owner>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a request through whose session is its key's own; another's does not exist for it. A stream ends with its key.
pub(super) async fn is_ours(
    State((sessions, revocations)): State<(Arc<Sessions>, Revocations)>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let owner = caller.owner();
    let named = session(request.headers());
    if let Some(named) = &named
        && sessions.owners().get(named) != Some(&owner)
    {
        return Problem::new(Code::NotFound, "there is no such session")
            .hint("begin one with `initialize`")
            .with_status(StatusCode::NOT_FOUND)
            .into_response();
    }
    let ends = request.method() == Method::DELETE;
    let response = next.run(request).await;
    match (named, session(response.headers())) {
        (None, Some(begun)) => {
            let mut owners = sessions.owners();
            if owners.len() >= SESSIONS {
                owners.clear();
            }
            owners.insert(begun, owner);
        }
        (Some(named), _) if ends && response.status().is_success() => {
            sessions.owners().remove(&named);
        }
        _other => {}
    }
    until_revoked(response, &caller, &revocations)
}

fn session(headers: &HeaderMap) -> Option<String> {
    headers.get(SESSION)?.to_str().ok().map(ToOwned::to_owned)
}

/// A reply that goes on for as long as its key is one.
fn until_revoked(response: Response, caller: &Caller, revocations: &Revocations) -> Response {
    let Some(key) = caller.key().cloned() else {
        return response;
    };
    let revocations = revocations.clone();
    response.map(|body| {
        let ended = Box::pin(async move { revocations.of(&key).await });
        Body::from_stream(body.into_data_stream().take_until(ended))
    })
}
