//! Which connections a guest's requests go over: names that a real name server answers, and what is kept between calls.

use std::time::Duration;

use pocket_tests::{Authority, Handshakes, NameServer, Recorder};
use rustls::HandshakeKind;
use serde_json::json;

use crate::{Hostile, private};

/// An address that is nobody's: of a block that was given back (RFC 3701), and none of those that are told apart.
const OF_NOBODY: &str = "3ffe::1";

async fn asking(names: &NameServer, rule: pocket_runtime::Rule) -> Hostile {
    let resolver = names.resolver();
    Hostile::with(
        "dial",
        |entry| entry.allow(rule),
        |settings| {
            settings.net.resolver = Some(resolver);
            // Nothing answers there, perhaps not even that it cannot be reached.
            settings.limits.connect_timeout = Duration::from_millis(500);
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_name_server_rebinds_to_an_inner_address_is_not_dialled_there() {
    let recorder = Recorder::start().await;
    let origin = format!("http://rebinds.example:{}", recorder.port());
    let input = || json!({ "url": format!("{origin}/") });
    let rule = || origin.parse().expect("an origin is a rule");

    // What the operator opened is reached, so the names are asked for there.
    let names = NameServer::start(&["127.0.0.1"]).await;
    let hostile = asking(&names, private(&origin)).await;
    assert_eq!(hostile.output("dial", input()).await["status"], 200);
    assert_eq!((names.asked(), recorder.seen().len()), (1, 1));

    let names = NameServer::start(&[OF_NOBODY, "127.0.0.1"]).await;
    let hostile = asking(&names, rule()).await;
    // A second question between look and connection would have had the inner address for its answer.
    let first = hostile.call("dial", input()).await;
    assert_eq!((names.asked(), first.refusals.len()), (1, 0), "{:?}", first.refusals);
    let second = hostile.call("dial", input()).await;
    assert_eq!((names.asked(), second.refusals.len()), (2, 1), "{:?}", second.refusals);
    for called in [first, second] {
        let output = called.ended.expect("it ends well").into_json();
        assert!(output.get("status").is_none(), "{output}");
    }
    assert_eq!(recorder.seen().len(), 1, "{:?}", recorder.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_for_later_calls_and_a_session_for_later_connections() {
    let authority = Authority::new();
    let server = Handshakes::start(authority.server()).await;
    let hostile = Hostile::with(
        "dial",
        |entry| entry.allow(private(&server.url())),
        |settings| settings.net.ca_pem = Some(authority.pem().into_bytes()),
    )
    .await;
    let dial = async |path: &str| {
        let output = hostile
            .output("dial", json!({ "url": format!("{}{path}", server.url()) }))
            .await;
        assert_eq!(output["status"], 200, "{output}");
    };
    let (full, resumed) = (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed));
    for path in ["/first", "/second", "/last"] {
        dial(path).await;
        assert_eq!(server.seen(), [full], "{path}");
    }
    // The server closed that connection, and knows the session still.
    for path in ["/after", "/after-that"] {
        dial(path).await;
        assert_eq!(server.seen(), [full, resumed], "{path}");
    }
}
