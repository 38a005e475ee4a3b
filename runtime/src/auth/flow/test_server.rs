//! A server on loopback that gives one answer to every request and keeps the requests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::{body::Bytes, http};

/// What was sent to a [`TestServer`].
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

/// A server on loopback, for as long as the test's runtime runs.
pub(super) struct TestServer {
    port: u16,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl TestServer {
    /// Answers every request with this.
    pub(super) async fn start(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Self {
        Self::answering(headers, vec![(status, body.to_owned())]).await
    }

    /// Answers one request after the other with these, and all further ones with the last.
    pub(super) async fn in_turn(answers: &[(u16, &str)]) -> Self {
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned()));
        Self::answering(&[], answers.collect()).await
    }

    async fn answering(headers: &[(&'static str, &'static str)], answers: Vec<(u16, String)>) -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = sent.clone();
        let headers = headers.to_vec();
        let answer = move |request: axum::extract::Request| {
            let (kept, headers, answers) = (kept.clone(), headers.clone(), answers.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let mut kept = kept.lock().unwrap();
                let (status, reply) = answers[kept.len().min(answers.len() - 1)].clone();
                kept.push(Sent {
                    method: parts.method.to_string(),
                    path: parts.uri.to_string(),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                });
                let mut response = http::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(axum::body::Body::from(reply)).unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, sent }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}
