//! What is sent, to whom, over which connection.

use super::{server::Server, *};
use crate::{base::net::NetSettings, sandbox::Refusal};

#[tokio::test]
async fn without_a_rule_nothing_is_sent_and_the_refusal_names_the_rule() {
    let server = Server::start().await;
    let mut call = outbound(&closed()).call();
    for _twice in 0..2 {
        let error = call.get(&server.url("/a?secret=b")).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    }
    let totals = call.ledger().totals();
    assert_eq!(
        totals.refusals,
        [Refusal {
            request: format!("GET {}", server.url("/a")),
            reason: "no rule allows this host".to_owned(),
            rule: Some(format!("GET {}", server.origin())),
        }]
    );
    assert_eq!((totals.requests, server.connections()), (0, 0));
}

#[tokio::test]
async fn an_allowed_request_is_sent_as_it_was_compared() {
    let server = Server::start().await;
    let port = server.address.port();
    let mut call = open(&server.origin()).call();
    let asked = http::Request::builder()
        .method("post")
        .uri(format!("http://0x7f.1:{port}/a%20b?c=d"))
        .header("host", "evil.example")
        .header("connection", "close");
    let reply = call.send(asked, "12345").await.unwrap();
    assert_eq!(
        text(reply).await,
        format!("HTTP/1.1 POST 127.0.0.1:{port} /a%20b?c=d 5")
    );
    let totals = call.ledger().totals();
    assert_eq!((totals.requests, totals.sent_bytes), (1, 5));
    assert!(totals.received_bytes > 30 && totals.refusals.is_empty());
    assert!(!totals.only_safe_requests);
}

#[tokio::test]
async fn only_get_and_head_are_safe_to_repeat() {
    let server = Server::start().await;
    let outbound = open(&server.origin());
    let url = server.url("/");
    for (builder, safe) in [
        (http::Request::get(&url), true),
        (http::Request::head(&url), true),
        (http::Request::delete(&url), false),
        (
            http::Request::get(&url).header("x-http-method-override", "DELETE"),
            false,
        ),
    ] {
        let mut call = outbound.call();
        assert!(call.ledger().totals().only_safe_requests);
        call.send(builder, "").await.unwrap();
        assert_eq!(call.ledger().totals().only_safe_requests, safe);
    }
}

#[tokio::test]
async fn an_inner_address_takes_a_private_rule_whatever_its_name() {
    let server = Server::start().await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let origin = format!("http://{host}:{port}");
        let mut plain = closed();
        plain.allow = vec![origin.parse().unwrap()];
        let mut call = outbound(&plain).call();
        let error = call.get(&origin).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{host}: {error}");
        let [refusal] = &call.ledger().totals().refusals[..] else {
            panic!("{host}: one refusal");
        };
        let rule = refusal.rule.clone().unwrap();
        assert!(rule.ends_with(", private = true }"), "{rule}");
        assert_eq!(
            (call.ledger().totals().requests, server.connections()),
            (0, 0),
            "{host}"
        );
    }
    let origin = format!("http://localhost:{port}");
    let reply = open(&origin).call().get(&origin).await.unwrap();
    assert_eq!(text(reply).await, format!("HTTP/1.1 GET localhost:{port} / 0"));
}

#[tokio::test]
async fn metadata_is_never_reached_and_no_rule_is_named_for_it() {
    let origin = "http://169.254.169.254".to_owned();
    for url in [
        "http://169.254.169.254/latest",
        "http://0xa9fea9fe/",
        "http://[::ffff:a9fe:a9fe]/",
    ] {
        let mut call = open(&origin).call();
        let error = call.get(url).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{url}: {error}");
        assert_eq!(call.ledger().totals().refusals[0].rule, None, "{url}");
    }
}

#[tokio::test]
async fn where_this_process_listens_no_guest_comes() {
    let server = Server::start().await;
    let net = net();
    let _listening = net.listeners().add(server.address);
    let rules = policy(&[server.origin()]);
    let mut call = Outbound::new(&net, &rules, &Limits::default()).call();
    let error = call.get(&server.url("/")).await.unwrap_err();
    assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_the_guests_to_follow() {
    let server = Server::start().await;
    let reply = open(&server.origin())
        .call()
        .get(&server.url("/status/302"))
        .await
        .unwrap();
    assert_eq!(reply.status(), 302);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_no_rule_could_allow_is_refused_and_shown_without_its_password() {
    let mut call = outbound(&policy(&["https://example.com".to_owned()])).call();
    for (builder, expected) in [
        (
            http::Request::get("https://me:hunter2@example.com/"),
            "HttpRequestUriInvalid",
        ),
        (http::Request::get("ftp://example.com/"), "HttpRequestUriInvalid"),
        (
            http::Request::builder().method("TRACE").uri("https://example.com/"),
            "HttpRequestMethodInvalid",
        ),
        (
            http::Request::builder().method("connect").uri("https://example.com/"),
            "HttpRequestMethodInvalid",
        ),
    ] {
        let error = call.send(builder, "").await.unwrap_err();
        assert_eq!(format!("{error:?}"), expected);
    }
    let refusals = call.ledger().totals().refusals;
    assert_eq!(refusals.len(), 4);
    assert!(!format!("{refusals:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_connection_serves_the_next_call_of_the_same_user_and_nobody_else() {
    let server = Server::start().await;
    let shared = open(&server.origin());
    let deadline = || Instant::now() + Duration::from_secs(60);
    let url = server.url("/");
    let with_version = |version| Credential {
        version,
        ..Credential::for_tests("TOKEN", "planted-token")
    };
    for _call in 0..2 {
        let mut call = shared.call();
        for _request in 0..2 {
            text(call.get(&url).await.unwrap()).await;
        }
    }
    assert_eq!(server.connections(), 1);
    text(
        shared
            .for_call(&Profile::new("other"), None, None, deadline())
            .get(&url)
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(server.connections(), 2);
    for version in [1, 1, 2] {
        text(shared.call_with(Some(&with_version(version))).get(&url).await.unwrap()).await;
    }
    assert_eq!(server.connections(), 4);
    text(open(&server.origin()).call().get(&url).await.unwrap()).await;
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn a_connection_to_an_inner_address_serves_no_request_for_which_it_is_not_open() {
    let server = Server::start().await;
    let mut rules = policy(&[server.url("/open")]);
    rules.allow.push(server.url("/closed").parse().unwrap());
    let mut call = outbound(&rules).call();
    text(call.get(&server.url("/open")).await.unwrap()).await;
    let error = call.get(&server.url("/closed")).await.unwrap_err();
    assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
}

/// A certificate for `localhost`, and a net that trusts it.
fn for_localhost(protocol: &[u8]) -> (rustls::ServerConfig, Net) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let settings = NetSettings {
        ca_pem: Some(key.cert.pem().into_bytes()),
        ..NetSettings::default()
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    (config, Net::new(settings).unwrap())
}

#[tokio::test]
async fn tls_is_checked_by_name_and_the_server_chooses_the_protocol() {
    for (protocol, shown) in [(&b"h2"[..], "HTTP/2.0"), (b"http/1.1", "HTTP/1.1")] {
        let (config, trusting) = for_localhost(protocol);
        let server = Server::tls(config).await;
        let port = server.address.port();
        let rules = policy(&[format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}")]);
        let shared = Outbound::new(&trusting, &rules, &Limits::default());
        let mut call = shared.call();
        for _request in 0..2 {
            let reply = call.get(&format!("https://localhost:{port}/a")).await.unwrap();
            assert_eq!(text(reply).await, format!("{shown} GET localhost:{port} /a 0"));
        }
        assert_eq!(server.connections(), 1);
        let error = call.get(&format!("https://127.0.0.1:{port}/")).await.unwrap_err();
        assert!(matches!(error, Error::TlsCertificateError), "{error}");
        let error = outbound(&rules)
            .call()
            .get(&format!("https://localhost:{port}/"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::TlsCertificateError), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn the_client_connects_to_the_host_that_was_compared(authority in "[a-zA-Z0-9.:@\\[\\]_%x-]{1,24}", path in "[a-z/.%;?@:-]{0,12}") {
        if let Ok(uri) = format!("https://{authority}/{path}").parse::<http::Uri>()
            && let Ok(request) = crate::package::Request::parse(&http::Method::GET, &uri)
        {
            let sent = super::super::prepare::uri_of(&request, uri.query()).unwrap();
            proptest::prop_assert_eq!(sent.host().unwrap().trim_matches(['[', ']']), request.host());
            proptest::prop_assert_eq!(sent.port_u16().unwrap_or(443), request.port());
            proptest::prop_assert_eq!(sent.path(), request.path());
            proptest::prop_assert_eq!(sent.query(), uri.query());
            let again = crate::package::Request::parse(&http::Method::GET, &sent).unwrap();
            proptest::prop_assert_eq!(again, request);
        }
    }
}
