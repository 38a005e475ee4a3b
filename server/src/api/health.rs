//! Whether it is alive, and whether it is ready.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::server::Core;

/// That the process answers.
pub(super) async fn is_alive() -> &'static str {
    "ok\n"
}

/// That it takes calls: it is not about to end, and its accounts can be read.
pub(super) async fn is_ready(State(core): State<Arc<Core>>) -> Response {
    let not_ready = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    if core.ending.is_cancelled() {
        return not_ready("it is about to end\n");
    }
    match core.pocket.accounts().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the accounts cannot be read");
            not_ready("the accounts cannot be read\n")
        }
    }
}
