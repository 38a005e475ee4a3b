//! A provider on loopback that rotates refresh tokens and ends an account whose old one comes back.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Router,
    body::Body,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::json;

/// How a request to the token endpoint is answered, where not as it should be.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    Status(u16, &'static str),
    RetryAfter(u16, u64),
    /// It does what was asked, and the answer is lost.
    LoseReply,
    /// It answers after this time.
    Slow(Duration),
}

pub(super) struct Fake {
    pub(super) port: u16,
    state: Mutex<Fakes>,
}

struct Fakes {
    asked: u32,
    tokens: u32,
    codes: BTreeMap<String, String>,
    refresh: Option<String>,
    spent: Vec<String>,
    faults: VecDeque<Fault>,
    requests: Vec<String>,
    revoked: Vec<String>,
    who: String,
    scope: Option<String>,
    deny: Option<String>,
    issuer: Option<String>,
    expires_in: u64,
    revoking: Revoking,
    approved: bool,
    /// What its metadata says of whose they are, and where tokens are given.
    metadata: Option<(String, String)>,
}

/// What it does with a revocation.
#[derive(Clone, Copy)]
enum Revoking {
    Done,
    NotNow,
    Never,
    Hangs,
}

impl Fake {
    pub(super) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            port: listener.local_addr().unwrap().port(),
            state: Mutex::new(Fakes {
                asked: 0,
                tokens: 0,
                codes: BTreeMap::new(),
                refresh: None,
                spent: Vec::new(),
                faults: VecDeque::new(),
                requests: Vec::new(),
                revoked: Vec::new(),
                who: "alice".to_owned(),
                scope: None,
                deny: None,
                issuer: None,
                expires_in: 3_600,
                revoking: Revoking::Done,
                approved: false,
                metadata: None,
            }),
        });
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/device", post(device))
            .route("/.well-known/openid-configuration", get(metadata))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(super) fn table(&self, more: &str) -> toml::Table {
        let at = |path: &str| format!("http://127.0.0.1:{}/{path}", self.port);
        let text = format!(
            r#"
            title = "Acme"
            hosts = ["api.acme.example"]
            variables = [{{ name = "ACME_TOKEN" }}]
            placement.header = {{ name = "authorization", prefix = "Bearer " }}
            default = "acme-oauth2"
            handlers.acme-oauth2.flow = "oauth2"
            handlers.acme-token = {{ flow = "token", label = "Token", help = "Make one at Acme.", minimum = 8 }}
            oauth2.authorize = "{}"
            oauth2.token = "{}"
            oauth2.revoke = {{ kind = "rfc7009", url = "{}", auth = "post" }}
            oauth2.client_auth = "post"
            oauth2.pkce = "s256"
            oauth2.reply.identity = ["/who"]
            {more}
            "#,
            at("authorize"),
            at("token"),
            at("revoke"),
        );
        text.parse().unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The user entered his code, and said yes.
    pub(super) fn approve(&self) {
        self.state().approved = true;
    }

    /// Its metadata says that they are of this issuer, and that tokens are given there.
    pub(super) fn tells(&self, issuer: &str, token: &str) {
        self.state().metadata = Some((issuer.to_owned(), token.to_owned()));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Fakes> {
        self.state.lock().unwrap()
    }

    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    pub(super) fn signs_in(&self, who: &str) {
        self.state().who = who.to_owned();
    }

    pub(super) fn grants(&self, scope: &str) {
        self.state().scope = Some(scope.to_owned());
    }

    pub(super) fn denies(&self, error: &str) {
        self.state().deny = Some(error.to_owned());
    }

    pub(super) fn says_issuer(&self, issuer: &str) {
        self.state().issuer = Some(issuer.to_owned());
    }

    pub(super) fn expires_in(&self, seconds: u64) {
        self.state().expires_in = seconds;
    }

    /// The grant types of the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    pub(super) fn refreshes(&self) -> usize {
        self.requests().iter().filter(|kind| *kind == "refresh_token").count()
    }

    pub(super) fn revoked(&self) -> Vec<String> {
        self.state().revoked.clone()
    }

    pub(super) fn stop_revoking(&self) {
        self.state().revoking = Revoking::NotNow;
    }

    /// It knows no such thing as the revocation of a token (RFC 7009 section 2.2.1).
    pub(super) fn refuse_revocations(&self) {
        self.state().revoking = Revoking::Never;
    }

    /// It takes the request and does not answer.
    pub(super) fn hang_on_revocations(&self) {
        self.state().revoking = Revoking::Hangs;
    }

    pub(super) fn start_revoking(&self) {
        self.state().revoking = Revoking::Done;
    }

    /// The refresh token is no longer good: the user removed the app.
    pub(super) fn forget(&self) {
        self.state().refresh = None;
    }
}

async fn authorize(State(fake): State<Arc<Fake>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let mut state = fake.state();
    let mut to = url::Url::parse(&query["redirect_uri"]).unwrap();
    state.asked += 1;
    let code = format!("planted-code-{}", state.asked);
    match &state.deny {
        Some(error) => to.query_pairs_mut().append_pair("error", error),
        None => to.query_pairs_mut().append_pair("code", &code),
    };
    to.query_pairs_mut().append_pair("state", &query["state"]);
    if let Some(issuer) = &state.issuer {
        to.query_pairs_mut().append_pair("iss", issuer);
    }
    state.codes.insert(code, query["redirect_uri"].clone());
    (StatusCode::FOUND, [(header::LOCATION, to.to_string())]).into_response()
}

async fn token(State(fake): State<Arc<Fake>>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let fault = {
        let mut state = fake.state();
        state.requests.push(form["grant_type"].clone());
        state.faults.pop_front()
    };
    match fault {
        None => answer(&mut fake.state(), &form),
        Some(Fault::Status(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Some(Fault::RetryAfter(status, seconds)) => (
            StatusCode::from_u16(status).unwrap(),
            [(header::RETRY_AFTER, seconds.to_string())],
        )
            .into_response(),
        Some(Fault::LoseReply) => {
            answer(&mut fake.state(), &form);
            Body::from_stream(futures_util::stream::iter([Err::<String, _>(std::io::Error::other(
                "cut",
            ))]))
            .into_response()
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            answer(&mut fake.state(), &form)
        }
    }
}

fn answer(state: &mut Fakes, form: &BTreeMap<String, String>) -> Response {
    let refused = || (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "invalid_grant" }))).into_response();
    match form["grant_type"].as_str() {
        "authorization_code" => {
            if state.codes.remove(&form["code"]).as_ref() != form.get("redirect_uri")
                || !form.contains_key("code_verifier")
            {
                return refused();
            }
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            if form["device_code"] != "planted-device-code" {
                return refused();
            }
            if !std::mem::take(&mut state.approved) {
                let pending = json!({ "error": "authorization_pending" });
                return (StatusCode::BAD_REQUEST, axum::Json(pending)).into_response();
            }
        }
        "client_credentials" => {}
        _refresh => {
            let sent = form.get("refresh_token").cloned();
            if sent.as_ref().is_some_and(|sent| state.spent.contains(sent)) {
                state.refresh = None;
            }
            if sent.is_none() || sent != state.refresh {
                return refused();
            }
            state.spent.extend(sent);
        }
    }
    state.tokens += 1;
    let number = state.tokens;
    state.refresh = Some(format!("planted-refresh-{number}"));
    let mut reply = json!({
        "access_token": format!("planted-access-{number}"),
        "refresh_token": state.refresh,
        "token_type": "Bearer",
        "expires_in": state.expires_in,
        "who": state.who,
    });
    if let Some(scope) = &state.scope {
        reply["scope"] = scope.as_str().into();
    }
    axum::Json(reply).into_response()
}

async fn device(State(fake): State<Arc<Fake>>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    fake.state().requests.push("device".to_owned());
    let page = format!("{}/enter", fake.url());
    if !form["scope"].ends_with("read write") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    axum::Json(json!({
        "device_code": "planted-device-code",
        "user_code": "WDJB-MJHT",
        // Google's name for it.
        "verification_url": page,
        "verification_uri_complete": format!("{page}?code=WDJB-MJHT"),
        "expires_in": 600,
        "interval": 5,
    }))
    .into_response()
}

async fn metadata(State(fake): State<Arc<Fake>>) -> Response {
    let mut state = fake.state();
    state.requests.push("metadata".to_owned());
    let Some((issuer, token)) = &state.metadata else {
        return StatusCode::NOT_FOUND.into_response();
    };
    axum::Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{}/authorize", fake.url()),
        "token_endpoint": token,
        "scopes_supported": ["openid", "read", "write"],
    }))
    .into_response()
}

async fn revoke(State(fake): State<Arc<Fake>>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let revoking = {
        let mut state = fake.state();
        state.revoked.push(form["token"].clone());
        state.revoking
    };
    match revoking {
        Revoking::Done => StatusCode::OK.into_response(),
        Revoking::NotNow => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Revoking::Never => {
            let error = json!({ "error": "unsupported_token_type" });
            (StatusCode::BAD_REQUEST, axum::Json(error)).into_response()
        }
        Revoking::Hangs => std::future::pending().await,
    }
}
