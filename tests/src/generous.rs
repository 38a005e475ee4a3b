//! A provider that gives tokens to whoever asks, for stories of many accounts.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    response::Redirect,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::Served;

/// A provider that gives tokens to whoever asks, on a free port of loopback.
pub struct Generous {
    served: Served,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    tokens: AtomicU64,
    refreshes: AtomicU64,
}

impl Generous {
    /// Its tokens live an hour.
    pub async fn start() -> Self {
        let counts = Arc::<Counts>::default();
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&counts));
        Self {
            served: Served::start(router, None).await,
            counts,
        }
    }

    /// This server as the provider `generous`, with a client, as an operator's `pocket.toml` says it.
    pub fn provider(&self) -> String {
        let url = self.served.url();
        format!(
            r#"[providers.generous]
title = "Generous"
hosts = ["127.0.0.1:{port}"]
placement.header = {{ name = "authorization", prefix = "Bearer " }}
variables = [{{ name = "GENEROUS_TOKEN" }}]
default = "generous-oauth2"
handlers.generous-oauth2.flow = "oauth2"
oauth2.authorize = "{url}/authorize"
oauth2.token = "{url}/token"
oauth2.redirect = "loopback"
oauth2.client_auth = "post"
oauth2.pkce = "s256"

[auth.generous]
client_id = "the-client"
client_secret = "planted-client-secret"
"#,
            port = self.served.port()
        )
    }

    /// How many tokens it gave.
    pub fn tokens(&self) -> u64 {
        self.counts.tokens.load(Ordering::Relaxed)
    }

    /// How many of them for a refresh token.
    pub fn refreshes(&self) -> u64 {
        self.counts.refreshes.load(Ordering::Relaxed)
    }
}

async fn authorize(Query(asked): Query<BTreeMap<String, String>>) -> Redirect {
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    let mut to = url::Url::parse(field("redirect_uri")).expect("a URL to go back to");
    to.query_pairs_mut()
        .append_pair("code", "any")
        .append_pair("state", field("state"));
    Redirect::to(to.as_str())
}

async fn token(State(counts): State<Arc<Counts>>, Form(form): Form<BTreeMap<String, String>>) -> Json<Value> {
    let number = counts.tokens.fetch_add(1, Ordering::Relaxed);
    if form.get("grant_type").is_some_and(|kind| kind == "refresh_token") {
        counts.refreshes.fetch_add(1, Ordering::Relaxed);
    }
    Json(json!({
        "access_token": format!("access-planted-{number}"),
        "refresh_token": format!("refresh-planted-{number}"),
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
}
