//! Which page answers which address.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    middleware::from_fn,
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::auth::{
    Sessions,
    listener::{
        door::Door,
        form::Form,
        guard::{Arrived, guard},
    },
    pages,
};

/// The most that a form may have: a token, percent-encoded.
pub(super) const LARGEST_FORM: usize = 64 * 1024;

/// The pages of sign-ins and the addresses to which providers send browsers back.
pub(super) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/sign-in/{id}", get(page).post(send))
        .route("/auth/{provider}/callback", get(callback))
        .route("/done/{id}", get(done))
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn(guard))
        .with_state(door)
}

/// The same for a server that is reached at this URL.
pub(in crate::auth) fn router_at(door: Arc<Door>, at: &url::Url) -> Router {
    router(door).layer(Extension(Arrived {
        https: at.scheme() == "https",
        port: at.port_or_known_default().unwrap_or_default(),
        host: None,
    }))
}

/// The same for one that others reach too, whose pages need a session.
pub(in crate::auth) fn router_with_sessions(door: &Door, at: &url::Url, sessions: Arc<dyn Sessions>) -> Router {
    router(Arc::new(door.with_sessions(sessions))).layer(Extension(Arrived {
        https: at.scheme() == "https",
        port: at.port_or_known_default().unwrap_or_default(),
        host: at.host_str().map(Arc::from),
    }))
}

async fn page(
    State(door): State<Arc<Door>>,
    Extension(arrived): Extension<Arrived>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    door.page(&id, arrived, &headers).await
}

async fn send(State(door): State<Arc<Door>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    door.send(&id, &headers, Form::parse(&body)).await
}

async fn callback(
    State(door): State<Arc<Door>>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    door.callback(&provider, query.as_deref().unwrap_or_default(), &headers)
        .await
}

async fn done(State(door): State<Arc<Door>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    door.done(&id, &headers).await
}

async fn no_such_page() -> Response {
    pages::refused(StatusCode::NOT_FOUND, "There is no page at this address.").into_response()
}

async fn no_such_method() -> Response {
    pages::refused(StatusCode::METHOD_NOT_ALLOWED, "This page is not used this way.").into_response()
}
