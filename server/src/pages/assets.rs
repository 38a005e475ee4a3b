//! The style and the script of the pages: files of ours, each at an address that changes with it.

use std::sync::LazyLock;

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("calls.js");

static STYLE_AT: LazyLock<String> = LazyLock::new(|| at("style", STYLE, "css"));
static SCRIPT_AT: LazyLock<String> = LazyLock::new(|| at("calls", SCRIPT, "js"));

/// Where the style is.
pub(super) fn style() -> &'static str {
    &STYLE_AT
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    &SCRIPT_AT
}

fn at(name: &str, content: &str, kind: &str) -> String {
    let hash = hex::encode(Sha256::digest(content));
    format!("/assets/{name}-{}.{kind}", hash.get(..16).unwrap_or_default())
}

/// Whoever asks may have them: they are the same for everybody.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(style(), get(async || file("text/css; charset=utf-8", STYLE)))
        .route(script(), get(async || file("text/javascript; charset=utf-8", SCRIPT)))
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, content).into_response()
}
