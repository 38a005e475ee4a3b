//! What a call may send and get, and how long it waits for a server.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use pocket_runtime::{Code, Settings};
use pocket_tests::Recorder;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::AbortHandle,
};

use super::{code, ended};
use crate::{Hostile, private};

const SHORT: Duration = Duration::from_millis(300);

async fn dialling(origin: &str, change: impl FnOnce(&mut Settings)) -> Hostile {
    let rule = private(origin);
    let slower = |settings: &mut Settings| {
        settings.limits.timeout = Duration::from_secs(60);
        change(settings);
    };
    Hostile::with("dial", |entry| entry.allow(rule), slower).await
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn requests_of_a_call_have_limits() {
    let recorder = Recorder::start().await;
    let url = recorder.url();
    // Two requests, the second of which asks for what the first was redirected to.
    let two = json!({ "url": format!("{url}/redirect?to={url}/b"), "follow": 1, "fail": true });
    let hostile = dialling(&url, |settings| settings.limits.requests = 1).await;
    let called = hostile.call("dial", two.clone()).await;
    ended(&called, Code::LimitExceeded, ": requests");
    assert_eq!((called.usage.requests, called.usage.requests_asked), (1, 2));

    let echo = json!({ "url": format!("{url}/echo"), "method": "POST", "body": "x".repeat(500), "fail": true });
    let hostile = dialling(&url, |settings| settings.limits.request_bytes = 499).await;
    let called = hostile.call("dial", echo.clone()).await;
    ended(&called, Code::LimitExceeded, ": request bytes");
    assert!(called.usage.sent_bytes <= 499, "{:?}", called.usage);

    let hostile = dialling(&url, |settings| settings.limits.response_bytes = 499).await;
    let called = hostile.call("dial", echo.clone()).await;
    ended(&called, Code::LimitExceeded, ": response bytes");
    assert!(called.usage.received_bytes <= 499, "{:?}", called.usage);

    let enough = dialling(&url, |settings| {
        settings.limits.requests = 2;
        settings.limits.request_bytes = 500;
        settings.limits.response_bytes = 500;
    })
    .await;
    assert_eq!(code(&enough.call("dial", two).await), Code::Ok);
    let called = enough.call("dial", echo).await;
    assert_eq!(code(&called), Code::Ok, "{called:?}");
    let usage = called.usage;
    assert_eq!((usage.requests, usage.sent_bytes, usage.received_bytes), (1, 500, 500));
}

/// A reply without an end is cut where the limit is.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_never_ends_meets_its_limit() {
    let recorder = Recorder::start().await;
    let hostile = dialling(&recorder.url(), |_settings| {}).await;
    let endless = json!({ "url": format!("{}/endless", recorder.url()), "fail": true });
    let called = hostile.call("dial", endless).await;
    // It holds what it reads: whichever of the two it meets first.
    assert!(
        matches!(code(&called), Code::LimitExceeded | Code::OutOfMemory),
        "{called:?}"
    );
    assert!(called.usage.received_bytes <= 32 << 20, "{:?}", called.usage);
    recorder.abandoned().await;
}

/// A server that reads a request, says this, and then nothing.
async fn saying(words: &'static str) -> (String, AbortHandle) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let serving = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            // Of the head of a small request all comes in one piece.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(words.as_bytes()).await;
            held.push(stream);
        }
    });
    (format!("127.0.0.1:{}", address.port()), serving.abort_handle())
}

/// The guest is told that it waited too long, within seconds, and ends by itself.
async fn waited_for(origin: &str, change: impl FnOnce(&mut Settings)) -> pocket_runtime::Usage {
    let hostile = dialling(origin, change).await;
    let begun = Instant::now();
    let called = hostile.call("dial", json!({ "url": format!("{origin}/") })).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(called.usage.wall_us >= 300_000, "{:?}", called.usage);
    let usage = called.usage;
    let told: Value = called.ended.expect("the guest ends by itself").into_json();
    let words = told["error"].as_str().expect("it is told that there was an error");
    assert!(words.contains("timed out") || words.contains("timeout"), "{words}");
    usage
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_server_is_waited_for_so_long() {
    // The system takes the connection; no word of TLS follows.
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = silent.local_addr().expect("a bound socket has an address").port();
    let connect = format!("https://127.0.0.1:{port}");
    waited_for(&connect, |settings| settings.limits.connect_timeout = SHORT).await;
    let first_byte = format!("http://127.0.0.1:{port}");
    let usage = waited_for(&first_byte, |settings| settings.limits.first_byte_timeout = SHORT).await;
    assert_eq!((usage.requests, usage.received_bytes), (1, 0));
    let (address, serving) = saying("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let between = format!("http://{address}");
    let usage = waited_for(&between, |settings| settings.limits.between_bytes_timeout = SHORT).await;
    assert_eq!((usage.requests, usage.received_bytes), (1, 5));
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn nothing_is_waited_for_past_the_time_of_the_call() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = silent.local_addr().expect("a bound socket has an address").port();
    for scheme in ["http", "https"] {
        let origin = format!("{scheme}://127.0.0.1:{port}");
        let hostile = dialling(&origin, |settings| settings.limits.timeout = Duration::from_secs(1)).await;
        let called = hostile.call("dial", json!({ "url": format!("{origin}/") })).await;
        // Its time is over, or the guest was told just before.
        assert!(matches!(code(&called), Code::TimedOut | Code::Ok), "{called:?}");
        assert!(called.usage.wall_us < 20_000_000, "{:?}", called.usage);
    }
}
