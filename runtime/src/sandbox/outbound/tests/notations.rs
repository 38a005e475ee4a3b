//! Ways to write a host that leads inside, or elsewhere than it seems, and the ways to write an honest one.

use super::{server::Server, *};
use crate::{base::resolver::Resolver, package::Rule};

/// Addresses that no request may lead to without the operator's own word, however they are written.
const INSIDE: [&str; 68] = [
    // This machine, as IPv4.
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7F000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f.0x000001",
    "00000177.1",
    "127.0.0.1\u{3002}",
    "127\u{ff0e}0\u{ff0e}0\u{ff0e}1",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    "\u{2460}27.0.0.1",
    "0.0.0.0",
    "0",
    "0x0",
    // As IPv6, with an IPv4 address in it or none.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    // Inner networks.
    "10.0.0.1",
    "0x0a000001",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "3232235521",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.0.8",
    "[::ffff:10.0.0.1]",
    "[2002:a00:1::]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fec0::1]",
    // Links, metadata, many at once, and what is kept for later.
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "192.88.99.1",
];

/// What is no host at all, or hides one.
const NOT_HOSTS: [&str; 21] = [
    "granted.example@127.0.0.1",
    "user:password@granted.example",
    "@granted.example",
    "127.0.0.1:80@granted.example",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%25lo]",
    "%31%32%37.0.0.1",
    "granted%2eexample",
    "granted.example%00.evil.example",
    "granted.example\\.evil.example",
    "granted.example..",
    ".granted.example",
    "granted..example",
    "256.0.0.1",
    "1.2.3.4.5",
    "0x7g.0.0.1",
    "*.example",
    "[v1.127]",
    "[::1",
    "gr\u{ad}anted.example evil",
];

/// Names that look like the granted one and are others.
const FOREIGN: [&str; 14] = [
    "granted.example.evil.example",
    "evilgranted.example",
    "sub.granted.example",
    "granted.exampl",
    "granted-example",
    "gr\u{430}nted.example",
    "xn--grnted-3nf.example",
    "granted.ex\u{e4}mple",
    "granted.example.com",
    "example",
    "localhost",
    "LOCALHOST.",
    "evil.example",
    "8.8.8.8",
];

/// The granted name, as it may be written.
const GRANTED: [&str; 8] = [
    "granted.example",
    "GRANTED.EXAMPLE",
    "Granted.Example.",
    "granted.example.",
    "gr\u{ad}anted.example",
    "granted\u{3002}example",
    "\u{ff47}ranted.example",
    "granted\u{ff0e}example",
];

/// Knows every name, at the address of a server.
#[derive(Debug)]
struct Everywhere(std::net::SocketAddr);

#[async_trait::async_trait]
impl Resolver for Everywhere {
    async fn resolve(&self, _host: &str, _port: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
        Ok(vec![self.0])
    }
}

fn knowing(server: &Server, policy: &Policy) -> Outbound {
    let settings = NetSettings {
        resolver: Some(Arc::new(Everywhere(server.address))),
        ..NetSettings::default()
    };
    Outbound::new(&Net::new(settings).unwrap(), policy, &Limits::default())
}

/// Asks for it; `None` where no request can even be made of it.
async fn asked(call: &mut CallOutbound, host: &str, port: u16) -> Option<Reply> {
    let url: http::Uri = format!("http://{host}:{port}/").parse().ok()?;
    Some(call.send(http::Request::get(url), Bytes::new()).await)
}

fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::HttpRequestDenied | Error::DestinationIpProhibited | Error::HttpRequestUriInvalid
    )
}

#[tokio::test]
async fn a_grant_for_an_inner_address_without_the_operators_word_opens_it_in_no_notation() {
    let server = Server::start().await;
    let port = server.address.port();
    for host in INSIDE {
        let rules = [
            format!("http://{host}:{port}"),
            format!("http://granted.example:{port}"),
        ];
        let policy = Policy {
            allow: rules.iter().filter_map(|rule| rule.parse::<Rule>().ok()).collect(),
            ..closed()
        };
        let mut call = knowing(&server, &policy).call();
        if let Some(reply) = asked(&mut call, host, port).await {
            let error = reply.expect_err(host);
            assert!(is_refusal(&error), "{host}: {error}");
            assert_eq!(call.ledger().totals().requests, 0, "{host}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_grant_is_for_no_other_host_and_for_nothing_that_hides_one() {
    let server = Server::start().await;
    let port = server.address.port();
    let outbound = knowing(&server, &policy(&[format!("http://granted.example:{port}")]));
    for host in FOREIGN.into_iter().chain(NOT_HOSTS).chain(INSIDE) {
        let mut call = outbound.call();
        if let Some(reply) = asked(&mut call, host, port).await {
            let error = reply.expect_err(host);
            assert!(is_refusal(&error), "{host}: {error}");
            assert_eq!(call.ledger().totals().requests, 0, "{host}");
        }
    }
    let ports = [port.wrapping_add(1), 80, 443, 0];
    for other in ports {
        let mut call = outbound.call();
        let error = asked(&mut call, "granted.example", other).await.unwrap().unwrap_err();
        assert!(is_refusal(&error), "{other}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_granted_host_is_reached_in_every_honest_notation() {
    let server = Server::start().await;
    let port = server.address.port();
    let outbound = knowing(&server, &policy(&[format!("http://granted.example:{port}")]));
    let mut reached = 0;
    for host in GRANTED {
        // What is no ASCII is no URI for a guest either; it writes such names in Punycode.
        if let Some(reply) = asked(&mut outbound.call(), host, port).await {
            let shown = text(reply.unwrap_or_else(|error| panic!("{host}: {error}"))).await;
            assert_eq!(shown, format!("HTTP/1.1 GET granted.example:{port} / 0"), "{host}");
            reached += 1;
        }
    }
    assert!(reached >= 4, "{reached}");
    let here = open(&format!("http://127.0.0.1:{port}"));
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:7f00:1]",
    ] {
        let reply = asked(&mut here.call(), host, port).await.unwrap();
        let shown = text(reply.unwrap_or_else(|error| panic!("{host}: {error}"))).await;
        assert_eq!(shown, format!("HTTP/1.1 GET 127.0.0.1:{port} / 0"), "{host}");
    }
}
