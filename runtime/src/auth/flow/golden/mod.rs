//! Every OAuth2 provider that comes along: the exact requests made of it, and its own replies read right.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod replies;

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use replies::{Case, REPLIES};
use url::Url;

use super::{
    FlowError, Tokens,
    code::{self, Ask},
    test_server::{Sent, TestServer},
};
use crate::{
    auth::{Client, resolve, transport::Transport},
    base::{
        clock::UnixTime,
        net::{Net, NetSettings},
        secret::Secret,
    },
    package::TokenKind,
    provider::{Flow, OAuth2, Pkce, Provider, Providers, Revoke, Scopes},
};

const NOW: UnixTime = UnixTime(1_000_000);
const SECRET: &str = "the:secret+/";

fn transport() -> Transport {
    Transport::new(&Net::new(NetSettings::default()).unwrap()).unwrap()
}

/// One provider, its requests sent to a server of the test.
struct Subject {
    oauth: OAuth2,
    client: Client,
    redirect: Url,
    scopes: Vec<String>,
    kind: TokenKind,
}

impl Subject {
    fn of(provider: &Provider, kind: TokenKind) -> Self {
        let handler = provider
            .handlers
            .iter()
            .find(|handler| matches!(handler.flow, Flow::OAuth2(_)));
        let handler = handler.unwrap();
        let oauth = handler.flow.oauth2().unwrap().clone();
        let asked: &[&str] = match handler.scopes {
            Scopes::Asked => &["a:read", "b"],
            Scopes::None => &[],
        };
        let origin = resolve::origin(oauth.redirect, 8976);
        Self {
            redirect: resolve::redirect_uri(&origin, &provider.name).parse().unwrap(),
            oauth,
            client: Client::new("my:id", Some(Secret::new(SECRET))),
            scopes: asked.iter().map(|&scope| scope.to_owned()).collect(),
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

    /// With its endpoints at this server, each under the path that it has at the provider.
    fn at(&self, server: &TestServer) -> Self {
        let here = |url: &Url| server.url(url.path()).parse().unwrap();
        let mut oauth = self.oauth.clone();
        oauth.token = oauth.token.as_ref().map(here);
        oauth.refresh.url = oauth.refresh.url.as_ref().map(here);
        if let Some(lookup) = &mut oauth.lookup {
            lookup.url = here(&lookup.url);
        }
        match &mut oauth.revoke {
            Some(Revoke::Rfc7009 { url, .. } | Revoke::Bearer(url) | Revoke::DeleteBearer(url)) => *url = here(url),
            Some(Revoke::GitHub(_)) | None => {}
        }
        Self {
            oauth,
            client: self.client.clone(),
            redirect: self.redirect.clone(),
            scopes: self.scopes.clone(),
            kind: self.kind,
        }
    }

    fn verifier(&self) -> Option<Secret> {
        (self.oauth.pkce == Pkce::S256).then(|| Secret::new("the-verifier-the-verifier-the-verifier-the-ver"))
    }

    async fn exchange(&self) -> Result<Tokens, FlowError> {
        let verifier = self.verifier();
        code::exchange(
            &transport(),
            &self.ask(),
            &Secret::new("the-code"),
            verifier.as_ref(),
            NOW,
        )
        .await
    }

    async fn refresh(&self) -> Result<Tokens, FlowError> {
        code::refresh(&transport(), &self.ask(), &Secret::new("the-refresh-token"), NOW).await
    }

    async fn revoke(&self) -> Result<bool, FlowError> {
        let (access, refresh) = (Secret::new("the-token"), Secret::new("the-refresh-token"));
        code::revoke(&transport(), &self.oauth, &self.client, &access, Some(&refresh)).await
    }

    fn authorize_url(&self) -> String {
        let begun = code::begin(&self.ask(), &Secret::new("the-state")).unwrap();
        let challenge = begun.url.query_pairs().find(|(name, _)| name == "code_challenge");
        let challenge = challenge.map(|(_, value)| value.into_owned());
        challenge.map_or_else(
            || begun.url.to_string(),
            |challenge| begun.url.as_str().replace(&challenge, "{challenge}"),
        )
    }
}

/// As it is sent, without what proves who the client is.
fn shown(sent: &Sent) -> String {
    let mut text = format!("{} {}\n", sent.method, sent.path);
    let mut headers: Vec<(&str, &str)> = sent
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .filter(|(name, value)| {
            let is_ours = *name == "user-agent" && value.starts_with("pocket/");
            !(is_ours || matches!(*name, "host" | "content-length" | "accept-encoding"))
        })
        .collect();
    headers.sort_unstable();
    for (name, value) in headers {
        let value = match value.strip_prefix("Basic ") {
            Some(pair) => {
                let pair = String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap();
                assert_eq!(pair, "my%3Aid:the%3Asecret%2B%2F");
                "Basic {id}:{secret}"
            }
            None => value,
        };
        writeln!(text, "{name}: {value}").unwrap();
    }
    let encoded = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
    let body = sent.body.replace(&encoded, "{secret}").replace(SECRET, "{secret}");
    writeln!(text, "\n{body}").unwrap();
    text
}

fn read(outcome: Result<Tokens, FlowError>) -> String {
    let tokens = match outcome {
        Ok(tokens) => tokens,
        Err(error) => return format!("{error}\n"),
    };
    let mut text = format!("access token: {}\n", tokens.access.expose());
    let refresh = tokens.refresh.as_ref().map_or("none", |token| token.expose());
    writeln!(text, "refresh token: {refresh}").unwrap();
    match tokens.expires_at {
        Some(at) => writeln!(text, "ends after: {} s", at.0 - NOW.0).unwrap(),
        None => writeln!(text, "ends: never, as far as it says").unwrap(),
    }
    match &tokens.scopes {
        Some(scopes) => writeln!(text, "scopes: {}", scopes.join(" | ")).unwrap(),
        None => writeln!(text, "scopes: as asked for").unwrap(),
    }
    if let Some(identity) = &tokens.identity {
        writeln!(text, "who: {identity}").unwrap();
    }
    for (name, value) in &tokens.fields {
        writeln!(text, "{name}: {}", value.expose()).unwrap();
    }
    text
}

async fn requests(subject: &Subject) -> String {
    // Enough of an answer for any of them.
    let answer = r#"{"ok":true,"access_token":"t","token_type":"bearer","authed_user":{"access_token":"t"}}"#;
    let server = TestServer::start(200, &[], answer).await;
    let here = subject.at(&server);
    let _without_its_look_up = here.exchange().await;
    let mut text = String::new();
    for sent in server.sent() {
        text += &format!("--- exchange\n{}", shown(&sent));
    }
    let server = TestServer::start(200, &[], answer).await;
    let here = subject.at(&server);
    here.refresh().await.unwrap();
    for sent in server.sent() {
        text += &format!("--- refresh\n{}", shown(&sent));
    }
    let server = TestServer::start(200, &[], r#"{"ok":true}"#).await;
    let here = subject.at(&server);
    if !matches!(here.oauth.revoke, Some(Revoke::GitHub(_))) {
        let is_told = here.revoke().await.unwrap();
        assert_eq!(is_told, here.oauth.revoke.is_some());
        for sent in server.sent() {
            text += &format!("--- revocation\n{}", shown(&sent));
        }
    }
    text
}

async fn replies_of(name: &str, subject: &Subject) -> String {
    let mut text = String::new();
    let cases: Vec<&Case> = REPLIES
        .iter()
        .filter(|case| case.provider == name && case.kind == subject.kind)
        .collect();
    assert!(cases.len() >= 3, "{name}: success, refresh and error at least");
    for case in cases {
        let server = TestServer::in_turn(case.answers).await;
        let here = subject.at(&server);
        let (what, outcome) = match case.asked {
            replies::Asked::Exchange => ("exchange", here.exchange().await),
            replies::Asked::Refresh => ("refresh", here.refresh().await),
        };
        assert_eq!(server.sent().len(), case.answers.len(), "{name}: {:?}", case.answers);
        text += &format!("--- {what}, answered:\n");
        for (status, body) in case.answers {
            writeln!(text, "{status} {body}").unwrap();
        }
        text += &format!("is read as:\n{}", read(outcome));
    }
    text
}

async fn golden(name: &str, kind: TokenKind) -> String {
    let providers = Providers::builtin().unwrap();
    let provider = providers.find(name).unwrap();
    let subject = Subject::of(provider, kind);
    let mut text = format!("{}\n\n", subject.authorize_url());
    let oauth = &subject.oauth;
    writeln!(text, "endpoints: {}", oauth.endpoints().join(" ")).unwrap();
    writeln!(text, "belongs to: {}", oauth.origins().join(", ")).unwrap();
    writeln!(text, "hosts: {}", provider.hosts.join(", ")).unwrap();
    writeln!(text, "placement: {:?}\n", provider.placement.as_ref().unwrap()).unwrap();
    text += &requests(&subject).await;
    text += "\n";
    text += &replies_of(name, &subject).await;
    text
}

#[tokio::test]
async fn each_provider_is_asked_and_read_as_its_golden_file_has_it() {
    let providers = Providers::builtin().unwrap();
    let mut count = 0;
    for provider in providers.iter() {
        let Some(oauth) = provider.handlers.iter().find_map(|handler| handler.flow.oauth2()) else {
            continue;
        };
        count += 1;
        let kinds: &[(TokenKind, &str)] = match oauth.user {
            Some(_) => &[(TokenKind::Bot, "bot"), (TokenKind::User, "user")],
            None => &[(TokenKind::Bot, "")],
        };
        for (kind, suffix) in kinds {
            let name = format!("{}{suffix}", provider.name);
            insta::assert_snapshot!(name, golden(&provider.name, *kind).await);
        }
    }
    assert_eq!(count, 19);
}
