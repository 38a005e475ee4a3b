//! Programs: HTTP and JSON, under `/api`.

mod accounts;
mod calls;
mod extract;
mod health;
mod json;
pub(crate) mod problem;
mod sign_ins;
pub(crate) mod stream;
mod tools;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{door, server::Core};
use problem::Problem;

/// What the body of a call may have beside its input: nothing but white space.
const AROUND_INPUT: usize = 4 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pocket",
        description = "Sandboxed tools, called over HTTP. Every request needs a key: `Authorization: Bearer pocket_...`.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&BearerKey),
    security(("key" = [])),
    components(schemas(Problem))
)]
struct Description;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_with(Default::default);
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// What needs a key for calls, with the description that is made of it.
fn of_keys() -> (Router<Arc<Core>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(tools::list))
        .routes(routes!(tools::get))
        .routes(routes!(calls::begin))
        .routes(routes!(calls::list))
        .routes(routes!(calls::get, calls::cancel))
        .routes(routes!(calls::events))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::sign_out))
        .routes(routes!(sign_ins::list, sign_ins::begin))
        .split_for_parts()
}

/// The description, as JSON has it.
pub(crate) fn described() -> serde_json::Value {
    let (_routes, description) = of_keys();
    serde_json::to_value(description).unwrap_or_default()
}

/// All of it.
pub(crate) fn router(core: &Arc<Core>) -> Router {
    let (of_keys, description) = of_keys();
    let input = core.tools.now().settings().limits.input;
    let of_keys = of_keys
        .layer(DefaultBodyLimit::max(input.saturating_add(AROUND_INPUT)))
        .layer(middleware::from_fn_with_state(Arc::clone(core), door::needs_key));
    let metrics = Router::new()
        .route("/metrics", get(health::metrics))
        .layer(middleware::from_fn_with_state(
            Arc::clone(core),
            door::needs_metrics_key,
        ));
    let text = description.to_json().unwrap_or_default();
    Router::new()
        .route("/api/openapi.json", get(move || json::described(text.clone())))
        .route("/healthz", get(health::is_alive))
        .route("/readyz", get(health::is_ready))
        .merge(metrics)
        .merge(of_keys)
        .with_state(Arc::clone(core))
}
