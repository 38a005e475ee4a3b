//! What a client may ask of a server about a token that it was given.

use reqwest::StatusCode;

/// A client that proves who it is, and may ask about its tokens.
pub(crate) struct AsClient {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
}

impl AsClient {
    /// Makes a token bad (RFC 7009).
    pub(crate) async fn revoke(&self, url: &str, token: &str) {
        let (status, text) = self.ask(url, token).await;
        assert!(status.is_success(), "{status}: {text}");
    }

    /// Whether the server says that a token is good (RFC 7662).
    pub(crate) async fn is_active(&self, url: &str, token: &str) -> bool {
        let (status, text) = self.ask(url, token).await;
        let reply: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("not an introspection: {status} {e}: {text}"));
        reply["active"].as_bool().unwrap_or_else(|| panic!("{status}: {text}"))
    }

    async fn ask(&self, url: &str, token: &str) -> (StatusCode, String) {
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let reply = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client can be made")
            .post(url)
            .basic_auth(form(self.id), Some(form(self.secret)))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={}", form(token)))
            .send()
            .await
            .expect("the server answers");
        (reply.status(), reply.text().await.expect("the reply arrives"))
    }
}
