//! What ends a request that asks for too much, or takes too long.

use futures_util::StreamExt as _;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::AsyncReadExt as _;

use super::{
    server::{Server, say},
    *,
};

const SHORT: Duration = Duration::from_millis(100);

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

async fn end_of(reply: http::Response<WasiBody>) -> Error {
    reply
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_err()
}

#[tokio::test]
async fn a_call_has_so_many_requests_and_refused_ones_count() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.requests = 3)).call();
    call.get("https://refused.example/").await.unwrap_err();
    for _request in 0..2 {
        call.get(&server.url("/")).await.unwrap();
    }
    assert_eq!(call.ledger().totals().limit_met, None);
    let error = call.get(&server.url("/")).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLimitReached), "{error}");
    let totals = call.ledger().totals();
    assert_eq!((totals.limit_met, totals.requests), (Some("requests"), 2));
}

#[tokio::test]
async fn replies_together_have_so_many_bytes() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.response_bytes = 1500)).call();
    let first = call.get(&server.url("/size/1000")).await.unwrap();
    assert_eq!(text(first).await.len(), 1000);
    let error = end_of(call.get(&server.url("/size/1000")).await.unwrap()).await;
    assert!(matches!(error, Error::HttpResponseBodySize(Some(1500))), "{error}");
    let totals = call.ledger().totals();
    assert_eq!(totals.limit_met, Some("response bytes"));
    assert!(totals.received_bytes <= 1500);
}

#[tokio::test]
async fn requests_together_have_so_many_bytes() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.request_bytes = 1500)).call();
    call.send(http::Request::post(server.url("/")), vec![0; 1000])
        .await
        .unwrap();
    let error = call
        .send(http::Request::post(server.url("/")), vec![0; 1000])
        .await
        .unwrap_err();
    assert!(matches!(error, Error::HttpRequestBodySize(Some(1500))), "{error}");
    let totals = call.ledger().totals();
    assert_eq!((totals.limit_met, totals.sent_bytes), (Some("request bytes"), 1000));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let (address, _connection) = say("").await;
    let rules = policy(&[format!("http://{address}")]);
    let mut call = with_limits(&rules, &limits(|l| l.first_byte_timeout = SHORT)).call();
    let error = call.get(&format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");
}

#[tokio::test]
async fn a_guest_may_wait_less_but_not_longer() {
    let (address, _connection) = say("").await;
    let rules = policy(&[format!("http://{address}")]);
    let options = |first_byte| {
        Some(RequestOptions {
            connect_timeout: Some(Duration::MAX),
            first_byte_timeout: Some(first_byte),
            between_bytes_timeout: None,
        })
    };
    let request = || {
        http::Request::get(format!("http://{address}/"))
            .body(
                http_body_util::Empty::new()
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            )
            .unwrap()
    };
    let mut call = outbound(&rules).call();
    let error = call.send_body(request(), options(SHORT)).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");

    let (address, _connection) = say("").await;
    let rules = policy(&[format!("http://{address}")]);
    let request = http::Request::get(format!("http://{address}/"))
        .body(
            http_body_util::Empty::new()
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
        .unwrap();
    let mut call = with_limits(&rules, &limits(|l| l.first_byte_timeout = SHORT)).call();
    let error = call.send_body(request, options(Duration::MAX)).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");
}

#[tokio::test]
async fn a_reply_that_stops_is_not_waited_for() {
    let (address, _connection) = say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let rules = policy(&[format!("http://{address}")]);
    let mut call = with_limits(&rules, &limits(|l| l.between_bytes_timeout = SHORT)).call();
    let error = end_of(call.get(&format!("http://{address}/")).await.unwrap()).await;
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    assert_eq!(call.ledger().totals().received_bytes, 5);
}

#[tokio::test]
async fn a_guest_that_reads_late_loses_nothing() {
    let (address, _connection) = say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let rules = policy(&[format!("http://{address}")]);
    let mut call = with_limits(&rules, &limits(|l| l.between_bytes_timeout = SHORT)).call();
    let reply = call.get(&format!("http://{address}/")).await.unwrap();
    // The guest does something else for longer than the server may take.
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(text(reply).await, "hello");
}

#[tokio::test]
async fn nothing_is_waited_for_past_the_deadline_of_the_call() {
    let (silent, _connection) = say("").await;
    let (stopping, _connection_too) = say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let shared = outbound(&policy(&[format!("http://{silent}"), format!("http://{stopping}")]));
    let deadline = Instant::now() + 5 * SHORT;
    let mut call = shared.for_call(&Profile::default(), None, None, deadline);
    let error = end_of(call.get(&format!("http://{stopping}/")).await.unwrap()).await;
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    let mut call = shared.for_call(&Profile::default(), None, None, Instant::now() + SHORT);
    let error = call.get(&format!("http://{silent}/")).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");
}

#[tokio::test]
async fn a_slow_upload_is_no_slow_reply() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.first_byte_timeout = 6 * SHORT)).call();
    let pieces = futures_util::stream::iter(0..8).then(|_| async {
        tokio::time::sleep(SHORT).await;
        Ok(Frame::data(Bytes::from_static(b"piece")))
    });
    let body = StreamBody::new(Box::pin(pieces)).boxed_unsync();
    let request = http::Request::post(server.url("/")).body(body).unwrap();
    let reply = call.send_body(request, None).await.unwrap();
    assert!(text(reply).await.ends_with(" 40"));
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let long: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100 << 10)).into_boxed_str());
    let (address, _connection) = say(long).await;
    let mut call = open(&format!("http://{address}")).call();
    let error = call.get(&format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseHeaderSectionSize(_)), "{error}");
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_told() {
    let (address, connection) = say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let mut call = open(&format!("http://{address}")).call();
    let reply = call.get(&format!("http://{address}/")).await.unwrap();
    drop(connection.await.unwrap());
    let error = end_of(reply).await;
    assert!(
        matches!(error, Error::HttpResponseIncomplete | Error::ConnectionTerminated),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut call = open(&format!("http://{address}")).call();
    let error = call.get(&format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionRefused), "{error}");
}

#[tokio::test]
async fn only_so_many_requests_await_a_reply_at_one_time() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.connect_timeout = 10 * SHORT)).call();
    let mut waiting = Vec::new();
    for _request in 0..AT_ONE_TIME {
        let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::get(server.url("/stall")).body(body).unwrap();
        let sending = call.send_request(request, None, Box::new(std::future::ready(Ok(()))));
        waiting.push(tokio::spawn(Box::into_pin(sending)));
    }
    while server.connections() < AT_ONE_TIME {
        tokio::task::yield_now().await;
    }
    let error = call.get(&server.url("/")).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLimitReached), "{error}");
    let first = waiting.swap_remove(0);
    first.abort();
    assert!(first.await.is_err_and(|ended| ended.is_cancelled()));
    call.get(&server.url("/")).await.unwrap();
}

#[tokio::test]
async fn replies_that_are_held_unread_keep_no_request_waiting() {
    let server = Server::start().await;
    let rules = policy(&[server.origin()]);
    let mut call = with_limits(&rules, &limits(|l| l.connect_timeout = 10 * SHORT)).call();
    let mut held = Vec::new();
    for _reply in 0..3 * AT_ONE_TIME {
        held.push(call.get(&server.url("/")).await.unwrap());
    }
    for reply in held {
        text(reply).await;
    }
}

#[tokio::test]
async fn dropping_a_request_closes_its_connection() {
    let (address, connection) = say("").await;
    let url = format!("http://{address}/");
    let mut call = open(&format!("http://{address}")).call();
    let mut asking = Box::pin(call.get(&url));
    let mut stream = tokio::select! {
        reply = &mut asking => panic!("the server says nothing: {:?}", reply.map(|_| ())),
        stream = connection => stream.unwrap(),
    };
    drop(asking);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn dropping_a_reply_closes_its_connection() {
    let (address, connection) = say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let mut call = open(&format!("http://{address}")).call();
    let reply = call.get(&format!("http://{address}/")).await.unwrap();
    let mut stream = connection.await.unwrap();
    drop(reply);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
