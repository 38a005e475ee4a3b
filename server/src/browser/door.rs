//! Whose browser a request is from.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use pocket_runtime::{Code, Profile, Secret};

use crate::{api::problem::Problem, browser::Cookie, caller::Caller, incoming, pages, server::Core};

/// Who looks at the pages.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) caller: Caller,
    /// What each form has in it, so that no page of another site can send one.
    pub(crate) form: Secret,
    /// Whether there is a session that can be ended.
    pub(crate) is_in_session: bool,
}

/// Lets a browser through that was let in, and tells whose it is; another is shown where it can be let in. What changes something comes
/// from a page of ours.
pub(crate) async fn needs_session(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_safe && !core.place.is_from_our_page(request.headers()) {
        return pages::refused(&foreign());
    }
    let visitor = match visitor(&core, request.headers()) {
        Ok(Some(visitor)) => visitor,
        Ok(None) if is_safe => return Redirect::to("/enter").into_response(),
        Ok(None) => return pages::refused(&no_session()),
        Err(problem) => return pages::refused(&problem),
    };
    let turn = match core.turns.begin(&visitor.caller.owner().key) {
        Ok(turn) => turn,
        Err(problem) => return pages::refused(&problem),
    };
    request.extensions_mut().insert(visitor);
    match incoming::answered(core.settings.body_timeout, request, next).await {
        Ok(reply) => turn.until_end_of(reply),
        Err(problem) => pages::refused(&problem),
    }
}

/// Whose browser a request is from; nothing where it has not been let in.
pub(crate) fn caller(core: &Core, headers: &HeaderMap) -> Option<Caller> {
    Some(visitor(core, headers).ok()??.caller)
}

/// Whether this browser needs not be let in.
pub(crate) fn is_signed_in(core: &Core, headers: &HeaderMap) -> bool {
    caller(core, headers).is_some()
}

/// Whom a key lets in: none of those that are for metrics alone.
pub(crate) fn caller_of(core: &Core, key: &str) -> Result<Option<Caller>, Problem> {
    let found = core.keys.find(key.trim()).map_err(|error| unread(&error))?;
    Ok(found.filter(|key| !key.metrics).map(Caller::with_key))
}

fn visitor(core: &Core, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    if !core.settings.needs_key {
        return Ok(Some(Visitor {
            caller: Caller::without_key(Profile::default()),
            form: core.form.clone(),
            is_in_session: false,
        }));
    }
    let cookie = Cookie::of(&core.place, headers);
    let Some(session) = cookie.read(headers).and_then(|value| core.sessions.find(value)) else {
        return Ok(None);
    };
    // A key that is revoked ends the sessions begun with it.
    let Some(id) = session.caller.key() else {
        return Ok(None);
    };
    let key = core.keys.get(id).map_err(|error| unread(&error))?;
    Ok(key.map(|key| Visitor {
        caller: Caller::with_key(key),
        form: session.form,
        is_in_session: true,
    }))
}

fn unread(error: &crate::keys::KeysError) -> Problem {
    tracing::warn!(%error, "the keys cannot be read");
    Problem::new(Code::Internal, "the keys cannot be read").hint("see what `pocket keys list` says of them")
}

pub(crate) fn foreign() -> Problem {
    Problem::new(Code::Denied, "this form was not sent by a page of this server")
        .hint("open the page again, and send the form from there")
}

fn no_session() -> Problem {
    Problem::new(Code::Unauthorized, "your session has ended")
        .hint("enter again at `/enter`")
        .with_status(StatusCode::UNAUTHORIZED)
}
