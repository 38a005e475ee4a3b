//! The device flow (RFC 8628): the user enters a short code on a page that he opens on any device.

use std::time::Duration;

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::{
    auth::{
        flow::{
            FlowError, Tokens, client,
            code::{self, Ask},
            reply::{self, Asked, Refusal, shortened},
            request,
        },
        transport::{Answer, Transport},
    },
    base::{clock::UnixTime, secret::Secret, text::is_invisible},
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two questions, where the provider says nothing (RFC 8628 section 3.2).
const INTERVAL: u64 = 5;
const LONGEST_INTERVAL: u64 = 300;
/// A code that lives longer is asked about no longer.
const LONGEST_LIFE: u64 = 3_600;
/// No user types a longer code.
const LONGEST_USER_CODE: usize = 64;

/// What a user has to do, and what is asked about meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct DeviceCode {
    /// What the provider is asked with. It is as good as the tokens, so nobody is shown it.
    pub(crate) device_code: Secret,
    /// What the user enters.
    pub(crate) user_code: String,
    /// Where.
    pub(crate) verification_uri: Url,
    /// The same with the code in it.
    pub(crate) verification_uri_complete: Option<Url>,
    pub(crate) expires_in: Duration,
    pub(crate) interval: Duration,
}

/// What the provider said about a code.
#[derive(Debug)]
pub(crate) enum Polled {
    Tokens(Tokens),
    /// The user has not said yes or no yet.
    Pending,
    /// The same, and it is to be asked less often from here on.
    SlowDown,
    /// The user was too late.
    Expired,
}

/// Asks for a code (RFC 8628 section 3.1).
pub(crate) async fn begin(transport: &Transport, ask: &Ask<'_>) -> Result<DeviceCode, FlowError> {
    let endpoint = ask.oauth.device.as_ref().ok_or_else(|| client::missing("device"))?;
    let scopes = ask.scopes_param();
    let parameters: Vec<_> = scopes
        .iter()
        .map(|scopes| (ask.scope_param(), scopes.as_str()))
        .collect();
    let request = request::form(endpoint, ask.oauth.client_auth, ask.client, &parameters);
    let secrets = [ask.client.client_secret.as_ref()];
    let answer = sent(transport, ask, request).await;
    let answer = answer.map_err(|error| error.without(&secrets))?;
    device_code(ask, &answer).map_err(|error| error.without(&secrets))
}

/// Asks whether the user said yes (RFC 8628 section 3.4).
///
/// [`FlowError::Unreachable`] and [`FlowError::Protocol`] say nothing of the code: it can be asked about again.
pub(crate) async fn poll(
    transport: &Transport,
    ask: &Ask<'_>,
    device_code: &Secret,
    now: UnixTime,
) -> Result<Polled, FlowError> {
    let endpoint = client::token_endpoint(ask.oauth)?;
    let mut parameters = vec![("grant_type", GRANT), ("device_code", device_code.expose())];
    let more = ask.oauth.token_params.iter();
    parameters.extend(more.map(|(name, value)| (name.as_str(), value.as_str())));
    let request = request::form(endpoint, ask.oauth.client_auth, ask.client, &parameters);
    let secrets = [Some(device_code), ask.client.client_secret.as_ref()];
    let answer = sent(transport, ask, request).await;
    let polled = answer.and_then(|answer| polled(ask, &answer, now));
    match polled.map_err(|error| error.without(&secrets))? {
        Polled::Tokens(tokens) => Ok(Polled::Tokens(code::finished(transport, ask, tokens, now).await?)),
        other @ (Polled::Pending | Polled::SlowDown | Polled::Expired) => Ok(other),
    }
}

async fn sent(transport: &Transport, ask: &Ask<'_>, mut request: http::Request<Vec<u8>>) -> Result<Answer, FlowError> {
    client::dress(ask.oauth, &mut request);
    transport.send(request).await
}

fn polled(ask: &Ask<'_>, answer: &Answer, now: UnixTime) -> Result<Polled, FlowError> {
    // Whatever the status: Google says that it is pending with HTTP 428, and others with 200 or 429.
    if !answer.status.is_redirection()
        && let Ok(mut reply) = reply::object(answer)
    {
        let refusal = reply::refusal(ask.oauth, &reply);
        reply::wipe(&mut reply);
        if let Some(refusal) = refusal {
            return refused(refusal, answer);
        }
    }
    let response = reply::normalise(ask.oauth, ask.shape(), Asked::Exchange, answer)?;
    let body = Zeroizing::new(response.into_body());
    let read: client::ProviderTokens = serde_json::from_slice(&body)
        .map_err(|_its_words_may_quote_it| FlowError::Protocol("it is not a reply of RFC 6749".to_owned()))?;
    Ok(Polled::Tokens(client::tokens(&read, now)))
}

/// The errors of RFC 8628 section 3.5, and those of providers that have others.
fn refused(refusal: Refusal, answer: &Answer) -> Result<Polled, FlowError> {
    let Refusal { name, words, .. } = refusal;
    match name.as_str() {
        "authorization_pending" => Ok(Polled::Pending),
        "slow_down" => Ok(Polled::SlowDown),
        "expired_token" | "code_expired" => Ok(Polled::Expired),
        "access_denied" | "authorization_declined" => Err(FlowError::Denied(words)),
        _for_now if answer.status.is_server_error() || answer.status == http::StatusCode::TOO_MANY_REQUESTS => {
            Err(unreachable(words, answer))
        }
        "temporarily_unavailable" | "server_error" => Err(unreachable(words, answer)),
        other => Err(match client::refused(other, words.clone()) {
            // An error of which nobody knows what it means ends it: going on would not mend it.
            FlowError::Protocol(_) => FlowError::InvalidGrant(words),
            known @ (FlowError::Denied(_)
            | FlowError::InvalidGrant(_)
            | FlowError::Configuration(_)
            | FlowError::Unreachable { .. }) => known,
        }),
    }
}

fn unreachable(reason: String, answer: &Answer) -> FlowError {
    FlowError::Unreachable {
        reason,
        retry_after: answer.retry_after,
    }
}

fn device_code(ask: &Ask<'_>, answer: &Answer) -> Result<DeviceCode, FlowError> {
    reply::refuse_unusable(answer)?;
    let mut reply = object(answer)?;
    let read = match reply::refusal(ask.oauth, &reply) {
        Some(Refusal { name, words, .. }) => Err(client::refused(&name, words)),
        None if answer.status.is_success() => read(&reply),
        None => Err(FlowError::Protocol(format!("HTTP {}", answer.status.as_u16()))),
    };
    reply::wipe(&mut reply);
    read
}

/// As JSON, or as the form that GitHub writes.
fn object(answer: &Answer) -> Result<Value, FlowError> {
    if let Ok(reply @ Value::Object(_)) = serde_json::from_slice(&answer.body) {
        return Ok(reply);
    }
    let form: Map<String, Value> = form_urlencoded::parse(&answer.body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    match form.contains_key("device_code") {
        true => Ok(Value::Object(form)),
        false => reply::object(answer),
    }
}

fn read(reply: &Value) -> Result<DeviceCode, FlowError> {
    let missing = |what: &str| FlowError::Protocol(format!("it has no `{what}`"));
    let text = |name: &str| reply.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let seconds = |name: &str| reply.get(name).and_then(reply::seconds);
    let user_code = text("user_code").ok_or_else(|| missing("user_code"))?;
    if user_code.len() > LONGEST_USER_CODE || user_code.chars().any(is_invisible) {
        return Err(FlowError::Protocol(
            "its `user_code` is none that anybody could type".to_owned(),
        ));
    }
    // Google's name for it is older than the RFC.
    let uri = text("verification_uri").or_else(|| text("verification_url"));
    let uri = uri.ok_or_else(|| missing("verification_uri"))?;
    let verification_uri = page(uri).ok_or_else(|| {
        FlowError::Protocol(format!(
            "its `verification_uri` is no address of a page: `{}`",
            shortened(uri)
        ))
    })?;
    let complete = text("verification_uri_complete").or_else(|| text("verification_url_complete"));
    let expires_in = seconds("expires_in").ok_or_else(|| missing("expires_in"))?;
    Ok(DeviceCode {
        device_code: Secret::new(text("device_code").ok_or_else(|| missing("device_code"))?),
        user_code: user_code.to_owned(),
        verification_uri,
        verification_uri_complete: complete.and_then(page),
        expires_in: Duration::from_secs(expires_in.min(LONGEST_LIFE)),
        interval: Duration::from_secs(seconds("interval").unwrap_or(INTERVAL).clamp(1, LONGEST_INTERVAL)),
    })
}

/// A page that a user can be sent to: over https, or on this machine.
fn page(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_this_machine = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine);
    (is_safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::{
        auth::{Client, flow::test_server::TestServer},
        base::net::{Net, NetSettings},
        package::TokenKind,
        provider::{OAuth2, Providers},
    };

    fn acme(server: &TestServer, more: &str) -> OAuth2 {
        let table = format!(
            "oauth2.device = \"{}\"\noauth2.token = \"{}\"\nhandlers.d.flow = \"device\"\n{more}",
            server.url("/device"),
            server.url("/token")
        );
        let providers = Providers::builtin()
            .unwrap()
            .with("acme", &table.parse().unwrap())
            .unwrap();
        let handler = providers.find("acme").unwrap().handler(None).unwrap();
        handler.flow.oauth2().unwrap().clone()
    }

    fn transport() -> Transport {
        Transport::new(&Net::new(NetSettings::default()).unwrap()).unwrap()
    }

    async fn begun(status: u16, body: &str) -> (Result<DeviceCode, FlowError>, String) {
        let server = TestServer::start(status, &[], body).await;
        let oauth = acme(&server, "oauth2.client_auth = \"post\"");
        let given = begin(&transport(), &ask(&oauth, &client(), &["a".to_owned(), "b".to_owned()])).await;
        (given, server.sent()[0].body.clone())
    }

    async fn asked(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Result<Polled, FlowError> {
        let server = TestServer::start(status, headers, body).await;
        let oauth = acme(&server, "oauth2.errors = { user_said_no = \"access_denied\" }");
        let code = Secret::new("planted-device-code");
        poll(&transport(), &ask(&oauth, &client(), &[]), &code, UnixTime(1_000)).await
    }

    fn client() -> Client {
        Client::new("the-client", Some(Secret::new("planted-client-secret")))
    }

    fn ask<'a>(oauth: &'a OAuth2, client: &'a Client, scopes: &'a [String]) -> Ask<'a> {
        Ask {
            oauth,
            client,
            redirect: None,
            scopes,
            kind: TokenKind::Bot,
        }
    }

    #[tokio::test]
    async fn a_code_is_read_as_the_rfc_and_as_google_and_github_write_it() {
        let rfc = r#"{"device_code":"planted-1","user_code":"WDJB-MJHT","verification_uri":"https://a.example/device",
            "verification_uri_complete":"https://a.example/device?c=WDJB-MJHT","expires_in":1800,"interval":7}"#;
        let google = r#"{"device_code":"planted-1","user_code":"WDJB-MJHT","verification_url":"https://a.example/device","expires_in":"99999"}"#;
        let github = "device_code=planted-1&expires_in=899&interval=0&user_code=WDJB-MJHT&verification_uri=https%3A%2F%2Fa.example%2Fdevice";
        for (body, seconds, interval) in [(rfc, 1_800, 7), (google, 3_600, 5), (github, 899, 1)] {
            let (given, sent) = begun(200, body).await;
            let given = given.unwrap();
            assert_eq!(given.user_code, "WDJB-MJHT");
            assert_eq!(given.verification_uri.as_str(), "https://a.example/device");
            assert_eq!(given.expires_in.as_secs(), seconds, "{body}");
            assert_eq!(given.interval.as_secs(), interval, "{body}");
            assert_eq!(
                sent,
                "scope=a+b&client_id=the-client&client_secret=planted-client-secret"
            );
            assert!(!format!("{given:?}").contains("planted"), "{given:?}");
        }
    }

    #[tokio::test]
    async fn a_code_that_could_lead_a_user_astray_is_refused() {
        let reply = |user_code: &str, page: &str| {
            format!(
                r#"{{"device_code":"planted-1","user_code":"{user_code}","verification_uri":"{page}","expires_in":600}}"#
            )
        };
        for body in [
            reply("WDJB", "http://a.example/device"),
            reply("WDJB", "javascript:alert(1)"),
            reply("WDJB", "https://slack.com@evil.example/"),
            reply("WDJB\\u202e", "https://a.example/device"),
            reply(&"W".repeat(65), "https://a.example/device"),
            reply("", "https://a.example/device"),
            "{}".to_owned(),
        ] {
            let (given, _sent) = begun(200, &body).await;
            let error = given.unwrap_err();
            assert!(matches!(error, FlowError::Protocol(_)), "{body}: {error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
        let (refused, _sent) = begun(401, "{\"error\":\"invalid_client\"}").await;
        assert!(matches!(refused, Err(FlowError::Configuration(_))), "{refused:?}");
        let (down, _sent) = begun(503, "<html>").await;
        assert!(matches!(down, Err(FlowError::Unreachable { .. })), "{down:?}");
    }

    #[tokio::test]
    async fn each_answer_about_a_code_says_whether_to_go_on() {
        let error = |name: &str| format!("{{\"error\":\"{name}\",\"error_description\":\"planted-device-code\"}}");
        for status in [200, 400, 403, 428, 429] {
            let pending = asked(status, &[], &error("authorization_pending")).await;
            assert!(matches!(pending, Ok(Polled::Pending)), "{status}: {pending:?}");
            let slower = asked(status, &[], &error("slow_down")).await;
            assert!(matches!(slower, Ok(Polled::SlowDown)), "{status}: {slower:?}");
        }
        let expired = asked(400, &[], &error("expired_token")).await;
        assert!(matches!(expired, Ok(Polled::Expired)), "{expired:?}");
        for name in ["access_denied", "authorization_declined", "user_said_no"] {
            let denied = asked(400, &[], &error(name)).await.unwrap_err();
            assert!(matches!(denied, FlowError::Denied(_)), "{name}: {denied}");
            assert!(!format!("{denied:?}").contains("planted"), "{denied:?}");
        }
        for (status, body) in [
            (502, "<html>"),
            (200, "<html>"),
            (503, ""),
            (400, ""),
            (200, "{}"),
            (307, ""),
        ] {
            let unclear = asked(status, &[], body).await.unwrap_err();
            let goes_on = matches!(unclear, FlowError::Unreachable { .. } | FlowError::Protocol(_));
            assert!(goes_on, "{status} {body}: {unclear}");
        }
        let later = asked(429, &[("retry-after", "30")], "").await.unwrap_err();
        assert!(
            matches!(later, FlowError::Unreachable { retry_after: Some(wait), .. } if wait.as_secs() == 30),
            "{later:?}"
        );
        let given = asked(
            200,
            &[],
            r#"{"access_token":"planted-access","token_type":"bearer","expires_in":60}"#,
        )
        .await;
        let Ok(Polled::Tokens(tokens)) = given else {
            panic!("{given:?}")
        };
        assert_eq!(
            (tokens.access.expose(), tokens.expires_at),
            ("planted-access", Some(UnixTime(1_060)))
        );
    }
}
