//! A service like Slack: its authorize page, its token endpoint and a little of its Web API, refusing what Slack refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Authority, Served, witness};

/// How the service is set up.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: String,
    /// The app's redirect URIs; Slack compares their beginning.
    pub redirect_uris: Vec<String>,
    /// Seconds that access tokens last, where token rotation is on for the app.
    pub rotation: Option<u64>,
    /// Whether a token that ends comes with one to renew it by.
    pub renewable: bool,
}

impl Default for SlackSettings {
    fn default() -> Self {
        Self {
            client_id: "1234.5678".to_owned(),
            client_secret: "planted-client-secret".to_owned(),
            redirect_uris: vec!["https://localhost:8976/auth/slack/callback".to_owned()],
            rotation: None,
            renewable: true,
        }
    }
}

/// A service like Slack, over TLS on a free port of loopback.
pub struct Slack {
    served: Served,
    workspace: Arc<Workspace>,
}

struct Workspace {
    settings: SlackSettings,
    state: Mutex<Records>,
}

/// What the service knows and counts.
#[derive(Default)]
struct Records {
    /// Every code and token that was given.
    made: Vec<String>,
    codes: BTreeMap<String, Code>,
    tokens: BTreeMap<String, BTreeSet<String>>,
    refresh: BTreeMap<String, Grant>,
    posted: Vec<Value>,
    token_requests: u64,
    refreshes: u64,
    api_calls: u64,
    failing: Option<StatusCode>,
    withheld: BTreeSet<String>,
    last: Option<u64>,
    demanded: BTreeSet<String>,
    taken_away: BTreeSet<String>,
}

struct Code {
    redirect_uri: String,
    grant: Grant,
}

#[derive(Clone)]
struct Grant {
    bot: BTreeSet<String>,
    user: BTreeSet<String>,
}

impl Slack {
    /// With the app that [`SlackSettings`] describes, and one channel, `C123`, with messages.
    pub async fn start(authority: &Authority, settings: SlackSettings) -> Self {
        let workspace = Arc::new(Workspace {
            settings,
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/oauth/v2/authorize", get(authorize_page))
            .route("/oauth/v2/authorize/decide", post(decide))
            .route("/api/oauth.v2.access", post(token))
            .route("/api/auth.revoke", post(revoke))
            .route("/api/conversations.history", get(history).post(history))
            .route("/api/chat.postMessage", post(post_message))
            .route("/api/api.test", get(api_test))
            .with_state(Arc::clone(&workspace));
        Self {
            served: Served::start(router, Some(authority.server())).await,
            workspace,
        }
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// `localhost:PORT`.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.served.port())
    }

    /// The app's client, as `.secrets.toml` has it.
    pub fn secrets(&self) -> String {
        let SlackSettings {
            client_id,
            client_secret,
            ..
        } = &self.workspace.settings;
        format!("[auth.slack]\nclient_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\n")
    }

    /// This service in the place of Slack, as an operator's `pocket.toml` says it.
    pub fn provider(&self) -> String {
        let (url, host) = (self.url(), self.host());
        format!(
            "[providers.slack]\nhosts = [\"{host}\"]\noauth2.authorize = \"{url}/oauth/v2/authorize\"\noauth2.token = \"{url}/api/oauth.v2.access\"\noauth2.revoke = {{ kind = \"bearer\", url = \"{url}/api/auth.revoke\" }}\n"
        )
    }

    /// `run TOOL INPUT`, with this service opened to the tool, which is on loopback.
    pub fn run(&self, tool: &Path, input: &str) -> Vec<String> {
        let url = self.url();
        vec![
            "run".to_owned(),
            tool.display().to_string(),
            input.to_owned(),
            "--no-browser".to_owned(),
            format!("--variable=SLACK_API_URL={url}/api"),
            format!("--allow-private={url}"),
        ]
    }

    /// How often a code or refresh token was brought to the token endpoint.
    pub fn token_requests(&self) -> u64 {
        self.workspace.records().token_requests
    }

    /// How often a token was renewed.
    pub fn refreshes(&self) -> u64 {
        self.workspace.records().refreshes
    }

    /// How often the Web API was called.
    pub fn api_calls(&self) -> u64 {
        self.workspace.records().api_calls
    }

    /// The access tokens that are good now.
    pub fn tokens(&self) -> Vec<String> {
        self.workspace.records().tokens.keys().cloned().collect()
    }

    /// Every code and token that was ever given, and the app's secret.
    pub fn secrets_given(&self) -> Vec<String> {
        let mut all = self.workspace.records().made.clone();
        all.push(self.workspace.settings.client_secret.clone());
        all
    }

    /// What was posted.
    pub fn posted(&self) -> Vec<Value> {
        self.workspace.records().posted.clone()
    }

    /// Makes every access token bad, as when a workspace's owner removes the app's tokens; refresh tokens stay good.
    pub fn end_access_tokens(&self) {
        self.workspace.records().tokens.clear();
    }

    /// Makes every refresh token bad; access tokens stay good until they end.
    pub fn end_refresh_tokens(&self) {
        self.workspace.records().refresh.clear();
    }

    /// Makes every token bad.
    pub fn end_all_tokens(&self) {
        let mut records = self.workspace.records();
        records.tokens.clear();
        records.refresh.clear();
    }

    /// Gives an access token of a typed kind, as a page of the app shows it.
    pub fn issue(&self, scopes: &[&str]) -> String {
        let mut records = self.workspace.records();
        let token = records.name("xoxb");
        records
            .tokens
            .insert(token.clone(), scopes.iter().map(|scope| (*scope).to_owned()).collect());
        token
    }

    /// Leaves these scopes out of what is granted from here on, as a user or the workspace's owner can.
    pub fn withhold(&self, scopes: &[&str]) {
        self.workspace.records().withheld = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Gives tokens that last so many seconds from here on, where they end.
    pub fn last(&self, seconds: u64) {
        self.workspace.records().last = Some(seconds);
    }

    /// Refuses what needs these scopes from here on, whatever consents give; none of them ends it.
    pub fn take_away(&self, scopes: &[&str]) {
        self.workspace.records().taken_away = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Wants these scopes for everything from here on, beside what it needs.
    pub fn demand(&self, scopes: &[&str]) {
        self.workspace.records().demanded = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Answers everything with this status from here on; `None` ends it.
    pub fn fail_with(&self, status: Option<StatusCode>) {
        self.workspace.records().failing = status;
    }
}

impl Workspace {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Records {
    fn name(&mut self, kind: &str) -> String {
        let name = format!("{kind}-planted-{}-{:016x}", self.made.len() + 1, rand::random::<u64>());
        self.made.push(name.clone());
        witness::gave(&name);
        name
    }
}

#[derive(Deserialize)]
struct AuthorizeQuery {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    user_scope: String,
    #[serde(default)]
    state: String,
    code_challenge: Option<String>,
}

fn scopes(text: &str) -> BTreeSet<String> {
    text.split([',', ' '])
        .filter(|scope| !scope.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Slack's `api.test`, which says again what it was given.
async fn api_test(headers: HeaderMap, Query(mut arguments): Query<BTreeMap<String, String>>) -> Json<Value> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = token.and_then(|value| value.strip_prefix("Bearer ")) {
        arguments.insert("token".to_owned(), token.to_owned());
    }
    Json(json!({ "ok": true, "args": arguments }))
}

/// What Slack says of a request before it shows any consent.
fn refused(workspace: &Workspace, query: &AuthorizeQuery) -> Option<&'static str> {
    let uri = query.redirect_uri.as_str();
    if query.client_id != workspace.settings.client_id {
        return Some("invalid_client_id");
    }
    if !workspace
        .settings
        .redirect_uris
        .iter()
        .any(|registered| uri.starts_with(registered.as_str()))
    {
        return Some("bad_redirect_uri: it did not match any configured URIs");
    }
    let loopback = uri.starts_with("http://localhost") || uri.starts_with("http://127.0.0.1");
    let is_pkce_for_users = query.code_challenge.is_some() && query.scope.is_empty();
    if !(uri.starts_with("https://") || loopback && is_pkce_for_users) {
        return Some("bad_redirect_uri: redirect URIs must be https, or loopback with PKCE and no bot scopes");
    }
    if query.scope.is_empty() && query.user_scope.is_empty() {
        return Some("invalid_scope: no scopes requested");
    }
    if query.code_challenge.is_some() && !query.scope.is_empty() && uri.contains("localhost") {
        return Some("invalid_scope: PKCE apps may not ask bot scopes over localhost");
    }
    None
}

async fn authorize_page(State(workspace): State<Arc<Workspace>>, Query(query): Query<AuthorizeQuery>) -> Response {
    if let Some(reason) = refused(&workspace, &query) {
        return (
            StatusCode::BAD_REQUEST,
            Html(format!("<h1>Something went wrong</h1><p>{reason}</p>")),
        )
            .into_response();
    }
    let hidden = [
        ("redirect_uri", &query.redirect_uri),
        ("scope", &query.scope),
        ("user_scope", &query.user_scope),
        ("state", &query.state),
    ];
    let inputs: String = hidden
        .iter()
        .map(|(name, value)| {
            let value = value.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    Html(format!(
        "<h1>Acme</h1><form method=\"post\" action=\"/oauth/v2/authorize/decide\">{inputs}<input name=\"decision\" value=\"allow\"><button>Go</button></form>"
    ))
    .into_response()
}

#[derive(Deserialize)]
struct Decision {
    redirect_uri: String,
    scope: String,
    user_scope: String,
    state: String,
    decision: String,
}

async fn decide(State(workspace): State<Arc<Workspace>>, Form(form): Form<Decision>) -> Response {
    let Decision {
        redirect_uri,
        scope,
        user_scope,
        state,
        decision,
    } = form;
    let mut back = url::Url::parse(&redirect_uri).expect("it was registered");
    if decision == "allow" {
        let mut records = workspace.records();
        let code = records.name("code");
        let grant = Grant {
            bot: &scopes(&scope) - &records.withheld,
            user: &scopes(&user_scope) - &records.withheld,
        };
        records.codes.insert(code.clone(), Code { redirect_uri, grant });
        back.query_pairs_mut().append_pair("code", &code);
    } else {
        back.query_pairs_mut().append_pair("error", "access_denied");
    }
    back.query_pairs_mut().append_pair("state", &state);
    Redirect::to(back.as_str()).into_response()
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    grant_type: String,
    code: Option<String>,
    refresh_token: Option<String>,
    redirect_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Slack reports its errors in a 200.
fn not_ok(error: &str) -> Response {
    Json(json!({ "ok": false, "error": error })).into_response()
}

async fn token(State(workspace): State<Arc<Workspace>>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let mut records = workspace.records();
    records.token_requests += 1;
    if let Some(status) = records.failing {
        return (status, "<html>upstream</html>").into_response();
    }
    if !is_client(&workspace.settings, &headers, &form) {
        return not_ok("bad_client_secret");
    }
    let grant = if form.grant_type == "refresh_token" {
        let Some(grant) = form.refresh_token.and_then(|token| records.refresh.remove(&token)) else {
            return not_ok("invalid_refresh_token");
        };
        records.refreshes += 1;
        grant
    } else {
        // A code is used once, whether or not the rest is right.
        let Some(code) = form.code.and_then(|code| records.codes.remove(&code)) else {
            return not_ok("invalid_code");
        };
        if form.redirect_uri.as_deref() != Some(code.redirect_uri.as_str()) {
            return not_ok("bad_redirect_uri");
        }
        code.grant
    };
    Json(granted(&mut records, &workspace.settings, &grant)).into_response()
}

fn is_client(settings: &SlackSettings, headers: &HeaderMap, form: &TokenForm) -> bool {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| base64::engine::general_purpose::STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match basic {
        Some(pair) => pair == format!("{}:{}", settings.client_id, settings.client_secret),
        None => {
            form.client_id.as_deref() == Some(&settings.client_id)
                && form.client_secret.as_deref() == Some(&settings.client_secret)
        }
    }
}

fn granted(records: &mut Records, settings: &SlackSettings, grant: &Grant) -> Value {
    let mut reply = json!({
        "ok": true,
        "app_id": "A1",
        "authed_user": { "id": "U1" },
        "team": { "id": "T1", "name": "Acme" },
        "enterprise": null,
        "is_enterprise_install": false,
    });
    if !grant.bot.is_empty() {
        let token = records.name("xoxb");
        records.tokens.insert(token.clone(), grant.bot.clone());
        reply["access_token"] = json!(token);
        reply["token_type"] = json!("bot");
        reply["scope"] = json!(joined(&grant.bot));
        reply["bot_user_id"] = json!("B1");
        if let Some(seconds) = settings.rotation {
            reply["expires_in"] = json!(records.last.unwrap_or(seconds));
            if settings.renewable {
                let refresh = records.name("xoxe-1");
                records.refresh.insert(
                    refresh.clone(),
                    Grant {
                        user: BTreeSet::new(),
                        ..grant.clone()
                    },
                );
                reply["refresh_token"] = json!(refresh);
            }
        }
    }
    if !grant.user.is_empty() {
        let token = records.name("xoxp");
        records.tokens.insert(token.clone(), grant.user.clone());
        reply["authed_user"]["access_token"] = json!(token);
        reply["authed_user"]["token_type"] = json!("user");
        reply["authed_user"]["scope"] = json!(joined(&grant.user));
    }
    reply
}

fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().cloned().collect::<Vec<_>>().join(",")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

async fn revoke(State(workspace): State<Arc<Workspace>>, headers: HeaderMap) -> Response {
    let mut records = workspace.records();
    if let Some(status) = records.failing {
        return (status, [(header::RETRY_AFTER, "7")], "").into_response();
    }
    let known = bearer(&headers).is_some_and(|token| records.tokens.remove(token).is_some());
    if known {
        Json(json!({ "ok": true, "revoked": true })).into_response()
    } else {
        not_ok("invalid_auth")
    }
}

/// Whether a call may be made with this scope; else Slack's reply.
fn allowed(records: &mut Records, headers: &HeaderMap, scope: &str) -> Result<(), Response> {
    records.api_calls += 1;
    if let Some(status) = records.failing {
        return Err((status, [(header::RETRY_AFTER, "7")], "").into_response());
    }
    let Some(token) = bearer(headers) else {
        return Err(not_ok("not_authed"));
    };
    // Slack answers 200 with an error; its newer endpoints answer 401, which is what a host can see.
    let Some(scopes) = records.tokens.get(token) else {
        return Err((
            StatusCode::UNAUTHORIZED,
            Json(json!({ "ok": false, "error": "invalid_auth" })),
        )
            .into_response());
    };
    let scopes = scopes - &records.taken_away;
    let mut needed = std::iter::once(scope).chain(records.demanded.iter().map(String::as_str));
    let Some(needed) = needed.find(|needed| !scopes.contains(*needed)) else {
        return Ok(());
    };
    Err(
        Json(json!({ "ok": false, "error": "missing_scope", "needed": needed, "provided": joined(&scopes) }))
            .into_response(),
    )
}

async fn history(
    State(workspace): State<Arc<Workspace>>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
    body: String,
) -> Response {
    let mut records = workspace.records();
    if let Err(reply) = allowed(&mut records, &headers, "channels:history") {
        return reply;
    }
    let mut arguments = query;
    arguments.extend(url::form_urlencoded::parse(body.as_bytes()).into_owned());
    if arguments.get("channel").map(String::as_str) != Some("C123") {
        return not_ok("channel_not_found");
    }
    let limit: usize = arguments
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(100);
    let from: usize = arguments
        .get("cursor")
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0);
    let all = messages();
    let page: Vec<Value> = all.iter().skip(from).take(limit.clamp(1, 4)).cloned().collect();
    let next = from + page.len();
    let more = next < all.len();
    Json(json!({
        "ok": true,
        "messages": page,
        "has_more": more,
        "response_metadata": { "next_cursor": if more { next.to_string() } else { String::new() } },
    }))
    .into_response()
}

/// Ten messages, given in pages of at most four.
fn messages() -> Vec<Value> {
    (1..=10)
        .map(|n| json!({ "type": "message", "user": "U1", "text": format!("message {n}"), "ts": format!("170000000{n}.000100") }))
        .collect()
}

async fn post_message(
    State(workspace): State<Arc<Workspace>>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> Response {
    let mut records = workspace.records();
    if let Err(reply) = allowed(&mut records, &headers, "chat:write") {
        return reply;
    }
    if message["channel"] != "C123" {
        return not_ok("channel_not_found");
    }
    records.posted.push(message.clone());
    Json(json!({ "ok": true, "channel": "C123", "ts": "1700000011.000100", "message": { "text": message["text"] } }))
        .into_response()
}
