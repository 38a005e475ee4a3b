//! Whether it is alive, whether it is ready, and how much it does.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use pocket_runtime::Code;

use crate::{api::problem::Problem, server::Core};

/// That the process answers.
pub(super) async fn is_alive() -> &'static str {
    "ok\n"
}

/// What was done, in numbers.
pub(super) async fn metrics(State(core): State<Arc<Core>>) -> Result<Response, Problem> {
    let text = core.seen.metrics.text(core.tools.now().counts());
    let text = text.ok_or_else(|| Problem::new(Code::Internal, "the metrics cannot be written as text"))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// That it takes calls: it is not about to end, and its accounts can be read.
pub(super) async fn is_ready(State(core): State<Arc<Core>>) -> Response {
    let not_ready = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    if core.ending.is_cancelled() {
        return not_ready("it is about to end\n");
    }
    let are_read = core.readiness.of(async || {
        let read = core.tools.now().accounts().await;
        if let Err(error) = &read {
            tracing::warn!(%error, "not ready: the accounts cannot be read");
        }
        read.is_ok()
    });
    if are_read.await {
        "ready\n".into_response()
    } else {
        not_ready("the accounts cannot be read\n")
    }
}
