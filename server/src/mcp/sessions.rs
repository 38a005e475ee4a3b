//! Whose an MCP session is.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
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
use rmcp::transport::streamable_http_server::session::{SessionManager as _, local::LocalSessionManager};

use crate::{
    api::problem::Problem,
    caller::{Caller, Owner},
    keys::Revocations,
    mcp::sign_in,
};

/// The header that names a session, in revisions before 2026-07-28.
const SESSION: &str = "mcp-session-id";
/// How many sessions a key has at most: one more ends its oldest.
const SESSIONS_PER_KEY: usize = 256;

/// The sessions that are open, and who began each.
#[derive(Debug)]
pub(super) struct Sessions {
    /// What serves them.
    local: Arc<LocalSessionManager>,
    begun: Mutex<Begun>,
}

#[derive(Debug, Default)]
struct Begun {
    owners: HashMap<String, Owner>,
    /// Those of each, the oldest first.
    of: HashMap<Owner, VecDeque<String>>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        let mut local = LocalSessionManager::default();
        // One in which nothing is said is let go; but a call is one thing that is said, and may wait for its user.
        local.session_config.keep_alive = Some(sign_in::LONGEST + Duration::from_secs(300));
        Self {
            local: Arc::new(local),
            begun: Mutex::default(),
        }
    }

    pub(super) fn local(&self) -> Arc<LocalSessionManager> {
        Arc::clone(&self.local)
    }

    fn is_of(&self, session: &str, owner: &Owner) -> bool {
        self.begun().owners.get(session) == Some(owner)
    }

    async fn begin(&self, session: String, owner: Owner) {
        let oldest = self.begun().insert(session, owner);
        if let Some(oldest) = oldest
            && let Err(error) = self.local.close_session(&oldest.into()).await
        {
            tracing::debug!(%error, "a session did not end well");
        }
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// Gives the one that has to go for it.
    fn insert(&mut self, session: String, owner: Owner) -> Option<String> {
        let sessions = self.of.entry(owner.clone()).or_default();
        sessions.push_back(session.clone());
        let oldest = (sessions.len() > SESSIONS_PER_KEY)
            .then(|| sessions.pop_front())
            .flatten();
        self.owners.insert(session, owner);
        if let Some(oldest) = &oldest {
            self.owners.remove(oldest);
        }
        oldest
    }

    fn remove(&mut self, session: &str) {
        if let Some(owner) = self.owners.remove(session)
            && let Some(sessions) = self.of.get_mut(&owner)
        {
            sessions.retain(|other| other != session);
            if sessions.is_empty() {
                self.of.remove(&owner);
            }
        }
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
        && !sessions.is_of(named, &owner)
    {
        return Problem::new(Code::NotFound, "there is no such session")
            .hint("begin one with `initialize`")
            .with_status(StatusCode::NOT_FOUND)
            .into_response();
    }
    let ends = request.method() == Method::DELETE;
    let mut response = next.run(request).await;
    match (named, session(response.headers())) {
        (None, Some(begun)) => sessions.begin(begun, owner).await,
        (Some(named), _) if ends && response.status().is_success() => {
            sessions.begun().remove(&named);
            // It is gone by now, not only asked for (202), of which some clients warn.
            *response.status_mut() = StatusCode::NO_CONTENT;
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
