//! The flows against servers on loopback: exact requests, odd replies, and secrets that may not be seen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    FlowError, Tokens,
    code::{self, Ask},
    test_server::{Sent, TestServer},
};
use crate::{
    auth::{Client, transport::Transport},
    base::{
        clock::UnixTime,
        net::{Net, NetSettings},
        secret::Secret,
    },
    package::TokenKind,
    provider::{OAuth2, Providers},
};

const NOW: UnixTime = UnixTime(1_000_000);

/// Every secret that is sent begins with this.
const PLANTED: &str = "hunter2";

fn transport() -> Transport {
    Transport::new(&Net::new(NetSettings::default()).unwrap()).unwrap()
}

fn oauth2_with(provider: &str, over: &str) -> OAuth2 {
    let table = over.parse().unwrap();
    let providers = Providers::builtin().unwrap().with(provider, &table).unwrap();
    let handler = providers.find(provider).unwrap().handler(None).unwrap();
    handler.flow.oauth2().unwrap().clone()
}

fn at(provider: &str, server: &TestServer) -> OAuth2 {
    oauth2_with(provider, &format!("oauth2.token = \"{}\"", server.url("/token")))
}

fn client() -> Client {
    Client::new("my:id", Some(Secret::new("hunter2:cret+/ %&=")))
}

fn redirect(provider: &str) -> url::Url {
    format!("http://127.0.0.1:8976/auth/{provider}/callback")
        .parse()
        .unwrap()
}

struct Case {
    oauth: OAuth2,
    client: Client,
    redirect: url::Url,
    scopes: Vec<String>,
    kind: TokenKind,
}

impl Case {
    fn of(provider: &str, oauth: OAuth2, kind: TokenKind) -> Self {
        Self {
            oauth,
            client: client(),
            redirect: redirect(provider),
            scopes: vec!["a:read".to_owned(), "b".to_owned()],
            kind,
        }
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            oauth: &self.oauth,
            client: &self.client,
            redirect: Some(&self.redirect),
            scopes: &self.scopes,
            kind: self.kind,
        }
    }

    async fn exchange(&self) -> Result<Tokens, FlowError> {
        let (code, verifier) = (
            Secret::new("hunter2-code"),
            Secret::new("hunter2-verifier-hunter2-verifier-hunter2-ver"),
        );
        let verifier = matches!(self.oauth.pkce, crate::provider::Pkce::S256).then_some(&verifier);
        code::exchange(&transport(), &self.ask(), &code, verifier, NOW).await
    }

    async fn refresh(&self) -> Result<Tokens, FlowError> {
        code::refresh(&transport(), &self.ask(), &Secret::new("hunter2-refresh"), NOW).await
    }

    async fn revoke(&self) -> Result<bool, FlowError> {
        let (access, refresh) = (Secret::new("hunter2-access"), Secret::new("hunter2-refresh"));
        code::revoke(&transport(), &self.oauth, &self.client, &access, Some(&refresh)).await
    }
}

async fn exchanged(provider: &str, kind: TokenKind, status: u16, body: &str) -> (Result<Tokens, FlowError>, Vec<Sent>) {
    let server = TestServer::start(status, &[], body).await;
    let outcome = Case::of(provider, at(provider, &server), kind).exchange().await;
    (outcome, server.sent())
}

async fn refreshed(provider: &str, kind: TokenKind, status: u16, body: &str) -> Result<Tokens, FlowError> {
    let server = TestServer::start(status, &[], body).await;
    Case::of(provider, at(provider, &server), kind).refresh().await
}

fn scopes(tokens: &Tokens) -> Vec<&str> {
    tokens.scopes.iter().flatten().map(String::as_str).collect()
}

fn authorize(provider: &str, kind: TokenKind) -> (String, Option<Secret>) {
    let case = Case::of(provider, oauth2_with(provider, ""), kind);
    let begun = code::begin(&case.ask(), &Secret::new("the-state")).unwrap();
    (begun.url.to_string(), begun.verifier)
}

#[test]
fn slack_is_asked_for_a_bots_scopes_without_pkce() {
    let (url, verifier) = authorize("slack", TokenKind::Bot);
    assert_eq!(
        url,
        "https://slack.com/oauth/v2/authorize?response_type=code&client_id=my%3Aid&state=the-state\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Fauth%2Fslack%2Fcallback&scope=a%3Aread%2Cb"
    );
    assert_eq!(verifier, None);
}

#[test]
fn slack_is_asked_for_a_users_scopes_by_their_own_parameter() {
    let (url, _) = authorize("slack", TokenKind::User);
    assert!(url.ends_with("&user_scope=a%3Aread%2Cb"), "{url}");
    assert!(!url.contains("&scope="), "{url}");
}

#[test]
fn github_is_asked_with_pkce_and_scopes_between_spaces() {
    let (url, verifier) = authorize("github", TokenKind::Bot);
    let challenge = challenge_of(verifier.as_ref().unwrap());
    assert_eq!(
        url,
        format!(
            "https://github.com/login/oauth/authorize?response_type=code&client_id=my%3Aid&state=the-state\
             &code_challenge={challenge}&code_challenge_method=S256\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Fauth%2Fgithub%2Fcallback&scope=a%3Aread+b"
        )
    );
}

#[test]
fn google_is_asked_for_a_refresh_token_each_time() {
    let (url, verifier) = authorize("google", TokenKind::User);
    let challenge = challenge_of(verifier.as_ref().unwrap());
    assert_eq!(
        url,
        format!(
            "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=my%3Aid&state=the-state\
             &code_challenge={challenge}&code_challenge_method=S256\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Fauth%2Fgoogle%2Fcallback&scope=a%3Aread+b\
             &access_type=offline&include_granted_scopes=true&prompt=consent"
        )
    );
}

#[test]
fn no_scopes_ask_for_none_and_every_verifier_is_another() {
    let mut case = Case::of("github", oauth2_with("github", ""), TokenKind::Bot);
    case.scopes.clear();
    let state = Secret::new("s");
    let (one, other) = (
        code::begin(&case.ask(), &state).unwrap(),
        code::begin(&case.ask(), &state).unwrap(),
    );
    assert!(!one.url.as_str().contains("scope"), "{}", one.url);
    let verifier = one.verifier.unwrap();
    assert!((43..=128).contains(&verifier.expose().len()));
    assert!(verifier != other.verifier.unwrap());
}

#[test]
fn openid_is_asked_with_another_nonce_each_time_and_other_scopes_with_none() {
    let mut case = Case::of("google", oauth2_with("google", ""), TokenKind::User);
    let nonce = |case: &Case| {
        let begun = code::begin(&case.ask(), &Secret::new("s")).unwrap();
        let found = begun.url.query_pairs().find(|(name, _)| name == "nonce");
        found.map(|(_, nonce)| nonce.into_owned())
    };
    assert_eq!(nonce(&case), None);
    case.scopes.push("openid".to_owned());
    let (one, other) = (nonce(&case).unwrap(), nonce(&case).unwrap());
    assert!(one.len() >= 22 && one != other, "{one} {other}");
}

/// RFC 7636 section 4.2.
fn challenge_of(verifier: &Secret) -> String {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    use sha2::Digest as _;
    BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.expose()))
}

#[tokio::test]
async fn slack_gets_the_code_with_basic_authentication_encoded_as_a_form() {
    let reply = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"a:read,b","bot_user_id":"U0B",
        "app_id":"A","team":{"name":"Acme","id":"T1"},"authed_user":{"id":"U1"},"enterprise":null}"#;
    let (tokens, sent) = exchanged("slack", TokenKind::Bot, 200, reply).await;
    let tokens = tokens.unwrap();
    assert_eq!(tokens.access.expose(), "xoxb-1");
    assert_eq!(tokens.refresh, None);
    assert_eq!(tokens.expires_at, None);
    assert_eq!(scopes(&tokens), ["a:read", "b"]);
    assert_eq!(tokens.identity.as_deref(), Some("U0B @ Acme"));

    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].method.as_str(), sent[0].path.as_str()), ("POST", "/token"));
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let pair = BASE64_STANDARD.encode("my%3Aid:hunter2%3Acret%2B%2F+%25%26%3D");
    assert_eq!(sent[0].headers["authorization"], format!("Basic {pair}").as_str());
    assert_eq!(
        sent[0].body,
        "grant_type=authorization_code&code=hunter2-code\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Fauth%2Fslack%2Fcallback"
    );
    let agent = sent[0].headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("pocket/"), "{agent}");
}

#[tokio::test]
async fn slacks_user_token_stands_under_the_user() {
    let reply = r#"{"ok":true,"app_id":"A","team":{"name":"Acme","id":"T1"},"authed_user":{"id":"U1","scope":"a:read,b",
        "access_token":"xoxe.xoxp-1","refresh_token":"xoxe-1","expires_in":43200,"token_type":"user"}}"#;
    let (tokens, _) = exchanged("slack", TokenKind::User, 200, reply).await;
    let tokens = tokens.unwrap();
    assert_eq!(tokens.access.expose(), "xoxe.xoxp-1");
    assert_eq!(tokens.refresh.as_ref().unwrap().expose(), "xoxe-1");
    assert_eq!(tokens.expires_at, Some(UnixTime(NOW.0 + 43200)));
    assert_eq!(tokens.identity.as_deref(), Some("U1 @ Acme"));

    let (as_bot, _) = exchanged("slack", TokenKind::Bot, 200, reply).await;
    assert!(matches!(as_bot, Err(FlowError::Protocol(_))), "{as_bot:?}");
}

#[tokio::test]
async fn a_bots_token_is_never_taken_for_a_users() {
    let reply = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"a","authed_user":{"id":"U1"}}"#;
    let (exchanged, _) = exchanged("slack", TokenKind::User, 200, reply).await;
    assert!(matches!(exchanged, Err(FlowError::Protocol(_))), "{exchanged:?}");
    let refreshed_bot = refreshed("slack", TokenKind::User, 200, reply).await;
    assert!(
        matches!(refreshed_bot, Err(FlowError::Protocol(_))),
        "{refreshed_bot:?}"
    );
    let reply =
        r#"{"ok":true,"access_token":"xoxp-2","token_type":"user","refresh_token":"xoxe-2","expires_in":43200}"#;
    let tokens = refreshed("slack", TokenKind::User, 200, reply).await.unwrap();
    assert_eq!(tokens.access.expose(), "xoxp-2");
    assert_eq!(tokens.refresh.unwrap().expose(), "xoxe-2");
}

#[tokio::test]
async fn f_43_slacks_errors_come_with_http_200() {
    for (own, expected) in [
        ("invalid_code", FlowError::InvalidGrant("`invalid_code`".to_owned())),
        (
            "invalid_refresh_token",
            FlowError::InvalidGrant("`invalid_refresh_token`".to_owned()),
        ),
        (
            "bad_client_secret",
            FlowError::Configuration("`bad_client_secret`".to_owned()),
        ),
        (
            "bad_redirect_uri",
            FlowError::Configuration("`bad_redirect_uri`".to_owned()),
        ),
        (
            "ratelimited",
            FlowError::Unreachable {
                reason: "`ratelimited`".to_owned(),
                retry_after: None,
            },
        ),
        (
            "brand_new",
            FlowError::Protocol("an error that is not known here: `brand_new`".to_owned()),
        ),
    ] {
        let body = json!({ "ok": false, "error": own }).to_string();
        let (outcome, _) = exchanged("slack", TokenKind::Bot, 200, &body).await;
        assert_eq!(outcome.unwrap_err(), expected);
    }
    let (outcome, _) = exchanged("slack", TokenKind::Bot, 200, r#"{"ok":false,"access_token":"x"}"#).await;
    assert!(matches!(outcome, Err(FlowError::Protocol(_))), "{outcome:?}");
}

#[tokio::test]
async fn github_is_sent_the_secret_in_the_body_and_may_answer_as_a_form() {
    let form = "access_token=gho_1&token_type=bearer&scope=repo%2Cgist";
    let (tokens, sent) = exchanged("github", TokenKind::Bot, 200, form).await;
    let tokens = tokens.unwrap();
    assert_eq!(tokens.access.expose(), "gho_1");
    assert_eq!(scopes(&tokens), ["repo", "gist"]);
    assert_eq!(sent[0].headers["accept"], "application/json");
    assert!(!sent[0].headers.contains_key("authorization"));
    assert_eq!(
        sent[0].body,
        "grant_type=authorization_code&code=hunter2-code\
         &code_verifier=hunter2-verifier-hunter2-verifier-hunter2-ver&client_id=my%3Aid\
         &client_secret=hunter2%3Acret%2B%2F+%25%26%3D\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8976%2Fauth%2Fgithub%2Fcallback"
    );
    let json = r#"{"access_token":"ghu_1","token_type":"bearer","scope":"","expires_in":28800,
        "refresh_token":"ghr_1","refresh_token_expires_in":15897600}"#;
    let (tokens, _) = exchanged("github", TokenKind::Bot, 200, json).await;
    let tokens = tokens.unwrap();
    assert_eq!(tokens.expires_at, Some(UnixTime(NOW.0 + 28800)));
    assert_eq!(
        tokens.scopes,
        Some(Vec::new()),
        "no scope was granted, which is not the same as `as asked`"
    );
}

#[tokio::test]
async fn f_43_githubs_errors_come_with_http_200_too() {
    let json =
        r#"{"error":"bad_verification_code","error_description":"The code is incorrect.","error_uri":"https://x"}"#;
    let form = "error=bad_verification_code&error_description=The+code+is+incorrect.";
    for body in [json, form] {
        let (outcome, _) = exchanged("github", TokenKind::Bot, 200, body).await;
        assert_eq!(
            outcome.unwrap_err(),
            FlowError::InvalidGrant("`bad_verification_code`: The code is incorrect.".to_owned())
        );
    }
    let body = r#"{"error":"incorrect_client_credentials"}"#;
    let (outcome, _) = exchanged("github", TokenKind::Bot, 200, body).await;
    assert!(matches!(outcome, Err(FlowError::Configuration(_))), "{outcome:?}");
}

#[tokio::test]
async fn f_13_google_leaves_the_refresh_token_out_of_a_refresh() {
    let first =
        r#"{"access_token":"ya29.1","expires_in":3599,"refresh_token":"1//r","scope":"a b","token_type":"Bearer"}"#;
    let (tokens, _) = exchanged("google", TokenKind::Bot, 200, first).await;
    assert_eq!(tokens.unwrap().refresh.unwrap().expose(), "1//r");

    let server = TestServer::start(
        200,
        &[],
        r#"{"access_token":"ya29.2","expires_in":3599,"token_type":"Bearer"}"#,
    )
    .await;
    let case = Case::of("google", at("google", &server), TokenKind::Bot);
    let tokens = case.refresh().await.unwrap();
    assert_eq!(tokens.access.expose(), "ya29.2");
    assert_eq!(tokens.refresh, None);
    assert_eq!(tokens.scopes, None);
    assert_eq!(
        server.sent()[0].body,
        "grant_type=refresh_token&refresh_token=hunter2-refresh&client_id=my%3Aid\
         &client_secret=hunter2%3Acret%2B%2F+%25%26%3D"
    );
}

#[tokio::test]
async fn f_15_lifetimes_are_read_however_they_are_written() {
    for (written, lifetime) in [
        ("3599", Some(3599)),
        ("\"3599\"", Some(3599)),
        ("3599.9", Some(3599)),
        ("0", None),
        ("\"0\"", None),
        ("-5", None),
        ("null", None),
        ("\"soon\"", None),
        ("1e300", Some(1_000_000_000_000_000)),
    ] {
        let body = format!(r#"{{"access_token":"t","expires_in":{written}}}"#);
        let (tokens, _) = exchanged("github", TokenKind::Bot, 201, &body).await;
        let expected = lifetime.map(|seconds: i64| UnixTime(NOW.0 + seconds));
        assert_eq!(tokens.unwrap().expires_at, expected, "{written}");
    }
}

#[tokio::test]
async fn a_file_can_say_how_long_a_token_lives_and_where_more_values_stand() {
    let body = r#"{"access_token":"t","scope":["a","b c"],"instance":{"url":"https://i.example","n":7}}"#;
    let server = TestServer::start(200, &[], body).await;
    let over = format!(
        r#"
        oauth2.token = "{}"
        oauth2.default_ttl = "2h"
        oauth2.body = "json"
        oauth2.client_auth = "none"
        oauth2.token_params = {{ audience = "x" }}
        oauth2.headers = {{ user-agent = "mine/1", x-version = "2" }}
        oauth2.reply.fields = {{ instance_url = "/instance/url", number = "/instance/n", absent = "/nothing" }}
        "#,
        server.url("/token")
    );
    let case = Case::of("github", oauth2_with("github", &over), TokenKind::Bot);
    let tokens = case.exchange().await.unwrap();
    assert_eq!(tokens.expires_at, Some(UnixTime(NOW.0 + 7200)));
    assert_eq!(scopes(&tokens), ["a", "b", "c"]);
    assert_eq!(tokens.fields["instance_url"].expose(), "https://i.example");
    assert_eq!(tokens.fields["number"].expose(), "7");
    assert_eq!(tokens.fields.len(), 2);
    let sent = &server.sent()[0];
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(sent.headers["user-agent"], "mine/1");
    assert_eq!(sent.headers["x-version"], "2");
    let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body["audience"], "x");
    assert_eq!(body["client_id"], "my:id");
    assert_eq!(body.get("client_secret"), None, "a public client sends no secret");
}

#[tokio::test]
async fn a_reply_that_is_none_says_what_it_was() {
    let unreachable = |reason: &str| FlowError::Unreachable {
        reason: reason.to_owned(),
        retry_after: None,
    };
    for (status, body, expected) in [
        (502, "<html>Bad gateway</html>", unreachable("HTTP 502")),
        (503, r#"{"error":"invalid_grant"}"#, unreachable("HTTP 503")),
        (
            200,
            "\n<!doctype html>",
            unreachable("a web page in place of an answer (HTTP 200)"),
        ),
        (
            403,
            "<html>blocked</html>",
            unreachable("a web page in place of an answer (HTTP 403)"),
        ),
        (400, "", FlowError::Protocol("an empty body (HTTP 400)".to_owned())),
        (200, "", unreachable("an empty body (HTTP 200)")),
        (200, "hello", unreachable("neither JSON nor a form (HTTP 200)")),
        (200, "[1]", unreachable("neither JSON nor a form (HTTP 200)")),
        (
            403,
            "error code: 1020",
            unreachable("neither JSON nor a form (HTTP 403)"),
        ),
        (
            404,
            r#"{"message":"no"}"#,
            FlowError::Protocol("HTTP 404 without an error that RFC 6749 knows".to_owned()),
        ),
        (
            200,
            "{}",
            FlowError::Protocol("it has no access token at `/access_token`".to_owned()),
        ),
        (
            200,
            r#"{"access_token":"t","token_type":"mac"}"#,
            FlowError::Protocol("its token is not of the type that was asked for: `mac`".to_owned()),
        ),
        (
            200,
            r#"{"access_token":{"a":1}}"#,
            FlowError::Protocol("what stands at `/access_token` is not text".to_owned()),
        ),
        (
            200,
            r#"{"access_token":"a\r\nb: c"}"#,
            FlowError::Protocol("the token at `/access_token` has white space in it".to_owned()),
        ),
        (
            400,
            r#"{"error":{"code":190,"message":"x"}}"#,
            FlowError::Protocol("an error that is not known here: `190`: x".to_owned()),
        ),
    ] {
        let (outcome, _) = exchanged("github", TokenKind::Bot, status, body).await;
        assert_eq!(outcome.unwrap_err(), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn f_08_a_server_that_asks_to_wait_is_heard() {
    for (header, waits) in [("7", Some(7)), ("99999999", Some(3600)), ("soon", None)] {
        let server = TestServer::start(429, &[("retry-after", header)], "{}").await;
        let outcome = Case::of("google", at("google", &server), TokenKind::Bot)
            .refresh()
            .await;
        let expected = FlowError::Unreachable {
            reason: "HTTP 429".to_owned(),
            retry_after: waits.map(Duration::from_secs),
        };
        assert_eq!(outcome.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn f_49_a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let target = TestServer::start(200, &[], r#"{"access_token":"t"}"#).await;
        let location: &'static str = Box::leak(target.url("/elsewhere").into_boxed_str());
        let server = TestServer::start(status, &[("location", location)], "").await;
        let outcome = Case::of("google", at("google", &server), TokenKind::Bot)
            .exchange()
            .await;
        let reason = format!("a redirect (HTTP {status})");
        let retry_after = None;
        assert_eq!(outcome.unwrap_err(), FlowError::Unreachable { reason, retry_after });
        assert_eq!(server.sent().len(), 1);
        assert!(target.sent().is_empty());
    }
}

#[tokio::test]
async fn a_reply_that_is_too_long_or_breaks_off_is_not_read() {
    let body = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(2 << 20));
    let (outcome, _) = exchanged("google", TokenKind::Bot, 200, &body).await;
    let reason = "an answer that is longer than 1048576 bytes (HTTP 200)".to_owned();
    let retry_after = None;
    assert_eq!(outcome.unwrap_err(), FlowError::Unreachable { reason, retry_after });

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"hunter2";
        stream.write_all(half.as_bytes()).await.unwrap();
    });
    let over = format!("oauth2.token = \"http://127.0.0.1:{port}/token\"");
    let case = Case::of("google", oauth2_with("google", &over), TokenKind::Bot);
    let error = case.exchange().await.unwrap_err();
    assert!(error.to_string().contains("the answer broke off"), "{error}");
    assert!(!format!("{error} {error:?}").contains(PLANTED), "{error:?}");

    let error = case.exchange().await.unwrap_err();
    assert!(error.to_string().contains("no connection"), "{error}");
}

/// What a client with this secret sends as basic authentication.
fn basic(secret: &str) -> String {
    use base64::Engine as _;
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(format!("client-id:{encoded}"))
}

#[tokio::test]
async fn what_is_shown_of_an_account_is_no_token_whatever_the_reply_says() {
    let body = r#"{"access_token":"hunter2-access-0123","refresh_token":"hunter2-refresh-0123","token_type":"Bearer",
        "scope":"read hunter2-access-0123 write","who":"hunter2-refresh-0123"}"#;
    let server = TestServer::start(200, &[], body).await;
    let over = format!(
        "oauth2.token = \"{}\"\noauth2.reply.identity = [\"/who\"]",
        server.url("/r")
    );
    let case = Case::of("google", oauth2_with("google", &over), TokenKind::Bot);
    let tokens = case.exchange().await.unwrap();
    assert_eq!(tokens.scopes.unwrap(), ["read", "write"]);
    assert_eq!(tokens.identity, None);
}

#[tokio::test]
async fn no_secret_is_in_any_error_or_debug_text() {
    let quoted = "hunter2-code hunter2-refresh hunter2:cret+/ %&= hunter2-access";
    for (status, body) in [
        (200, r#"{"access_token":{"hunter2":"hunter2-new"}}"#.to_owned()),
        (
            200,
            r#"{"access_token":"hunter2-new","token_type":["hunter2"]"#.to_owned(),
        ),
        (200, "hunter2-new".to_owned()),
        (
            400,
            json!({ "error": "invalid_grant", "error_description": quoted }).to_string(),
        ),
        (400, json!({ "error": quoted }).to_string()),
        (
            400,
            json!({ "error": "invalid_grant", "error_description": format!("got Basic {}", basic("hunter2:cret+/ %&=")) })
                .to_string(),
        ),
        (
            400,
            json!({ "error": { "code": quoted, "message": quoted } }).to_string(),
        ),
        (
            400,
            json!({ "error": "server_error", "error_description": quoted }).to_string(),
        ),
        (500, quoted.to_owned()),
        (302, quoted.to_owned()),
        (200, json!({ "access_token": "hunter2 x" }).to_string()),
    ] {
        let server = TestServer::start(status, &[], &body).await;
        let url = server.url("/r?x=hunter2-query");
        let over = format!(
            "oauth2.token = \"{url}\"\noauth2.revoke = {{ kind = \"rfc7009\", url = \"{url}\", auth = \"post\" }}"
        );
        let case = Case::of("google", oauth2_with("google", &over), TokenKind::Bot);
        for error in [
            case.exchange().await.unwrap_err().to_string(),
            format!("{:?}", case.exchange().await.unwrap_err()),
            format!("{0} {0:?}", case.refresh().await.unwrap_err()),
            case.revoke()
                .await
                .map_or_else(|error| format!("{error} {error:?}"), |_| String::new()),
        ] {
            assert!(!error.contains(PLANTED), "{status} {body}: {error}");
            assert!(!error.contains(&basic("hunter2:cret+/ %&=")[..24]), "{status} {body}: {error}");
        }
    }
    let (tokens, _) = exchanged(
        "google",
        TokenKind::Bot,
        200,
        r#"{"access_token":"hunter2-a","refresh_token":"hunter2-r","token_type":"Bearer"}"#,
    )
    .await;
    let printed = format!("{:?}", tokens.unwrap());
    assert!(!printed.contains(PLANTED), "{printed}");
}

#[tokio::test]
async fn the_exchange_can_run_in_a_task_of_its_own() {
    let server = TestServer::start(200, &[], r#"{"access_token":"t"}"#).await;
    let case = Case::of("google", at("google", &server), TokenKind::Bot);
    let tokens = tokio::spawn(async move { case.exchange().await })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tokens.access.expose(), "t");
}

fn revoking_at(provider: &str, kind: &str, url: &str) -> Case {
    let over = format!("oauth2.revoke = {{ kind = \"{kind}\", url = \"{url}\" }}");
    Case::of(provider, oauth2_with(provider, &over), TokenKind::Bot)
}

#[tokio::test]
async fn google_is_told_of_the_refresh_token_first() {
    let server = TestServer::start(200, &[], "{}").await;
    let over = format!(
        "oauth2.revoke = {{ kind = \"rfc7009\", url = \"{}\", auth = \"none\" }}",
        server.url("/revoke")
    );
    let case = Case::of("google", oauth2_with("google", &over), TokenKind::Bot);
    assert_eq!(case.revoke().await, Ok(true));
    let bodies: Vec<String> = server.sent().into_iter().map(|sent| sent.body).collect();
    assert_eq!(
        bodies,
        [
            "token=hunter2-refresh&token_type_hint=refresh_token&client_id=my%3Aid",
            "token=hunter2-access&token_type_hint=access_token&client_id=my%3Aid",
        ]
    );
    assert!(
        server
            .sent()
            .iter()
            .all(|sent| sent.method == "POST" && !sent.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn slack_is_told_with_the_token_itself() {
    let server = TestServer::start(200, &[], r#"{"ok":true,"revoked":true}"#).await;
    let case = revoking_at("slack", "bearer", &server.url("/api/auth.revoke"));
    assert_eq!(case.revoke().await, Ok(true));
    let sent = server.sent();
    assert_eq!(
        (sent.len(), sent[0].method.as_str(), sent[0].body.as_str()),
        (1, "POST", "")
    );
    assert_eq!(sent[0].headers["authorization"], "Bearer hunter2-access");
}

#[tokio::test]
async fn github_is_told_as_its_app() {
    let server = TestServer::start(204, &[], "").await;
    let case = revoking_at("github", "github", &server.url("/applications/{client_id}/token"));
    assert_eq!(case.revoke().await, Ok(true));
    let sent = &server.sent()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("DELETE", "/applications/my:id/token")
    );
    assert_eq!(sent.body, r#"{"access_token":"hunter2-access"}"#);
    assert!(sent.headers["authorization"].to_str().unwrap().starts_with("Basic "));

    let mut public = revoking_at("github", "github", &server.url("/applications/{client_id}/token"));
    public.client.client_secret = None;
    assert_eq!(public.revoke().await, Ok(false), "only a client with a secret may");
}

#[tokio::test]
async fn a_token_that_is_dead_already_is_revoked_and_a_failure_is_told() {
    for (provider, kind, status, body, dead) in [
        ("slack", "bearer", 200, r#"{"ok":false,"error":"token_revoked"}"#, true),
        ("slack", "bearer", 200, r#"{"ok":false,"error":"ratelimited"}"#, false),
        ("slack", "bearer", 401, "", true),
        ("google", "rfc7009", 400, r#"{"error":"invalid_token"}"#, true),
        ("google", "rfc7009", 401, r#"{"error":"invalid_client"}"#, false),
        ("google", "rfc7009", 401, "", false),
        ("google", "rfc7009", 503, "", false),
        ("google", "delete-bearer", 404, "", false),
    ] {
        let server = TestServer::start(status, &[], body).await;
        let outcome = revoking_at(provider, kind, &server.url("/revoke")).revoke().await;
        assert_eq!(outcome.is_ok(), dead, "{provider} {status} {body}: {outcome:?}");
    }
    let server = TestServer::start(422, &[], "{}").await;
    let case = revoking_at("github", "github", &server.url("/a/{client_id}/token"));
    assert_eq!(case.revoke().await, Ok(true));
    let none = Case::of(
        "google",
        oauth2_with("google", "oauth2.revoke = { kind = \"none\" }"),
        TokenKind::Bot,
    );
    assert_eq!(none.revoke().await, Ok(false));
}
