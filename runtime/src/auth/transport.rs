//! Sends requests to a provider's endpoints: no redirect, 15 s, at most 1 MiB of reply, and nothing of a body in a log.

use std::{
    error::Error as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    auth::flow::FlowError,
    base::{
        net::{Net, NetError, REQUEST_TIME},
        text::shown_on_one_line,
    },
};

/// More than this is no reply of a token endpoint.
const LONGEST_REPLY: usize = 1 << 20;

/// Waiting longer than this is no use to anybody who calls a tool.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Sends requests to a provider's endpoints. The client is made at the first of them: a call whose token is fresh needs none.
#[derive(Clone)]
pub(crate) struct Transport {
    net: Net,
    http: Arc<OnceLock<reqwest::Client>>,
}

/// What an endpoint answered.
pub(crate) struct Answer {
    pub(crate) status: http::StatusCode,
    /// How long it asks to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Transport {
    pub(crate) fn new(net: &Net) -> Result<Self, NetError> {
        Ok(Self {
            net: net.clone(),
            http: Arc::new(OnceLock::new()),
        })
    }

    /// Sends a request and reads the whole reply, of whatever status.
    pub(crate) async fn send(&self, request: http::Request<Vec<u8>>) -> Result<Answer, FlowError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let unreachable = |error: reqwest::Error| FlowError::Unreachable {
            reason: format!("{host}: {}{}", reason(error), self.through(&host)),
            retry_after: None,
        };
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let client = self.client().map_err(|error| FlowError::Unreachable {
            reason: error.to_string(),
            retry_after: None,
        })?;
        let mut reply = client.execute(request).await.map_err(unreachable)?;
        let status = reply.status();
        let retry_after = reply
            .headers()
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = reply.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LONGEST_REPLY {
                // No token endpoint has so much to say: somebody else answered.
                return Err(FlowError::Unreachable {
                    reason: format!(
                        "an answer that is longer than {LONGEST_REPLY} bytes (HTTP {})",
                        status.as_u16()
                    ),
                    retry_after,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }

    /// The words that a proxy stands between.
    fn through(&self, host: &str) -> String {
        let proxy = self.net.proxy().filter(|proxy| !proxy.is_direct(host));
        proxy.map_or_else(String::new, |proxy| {
            format!(", through the proxy {proxy} of `[network.proxy]`")
        })
    }

    fn client(&self) -> Result<&reqwest::Client, NetError> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let client = self.net.http()?;
        Ok(self.http.get_or_init(|| client))
    }
}

/// Why a request failed, without its URL, in the words of the innermost cause.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", REQUEST_TIME.as_secs());
    }
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    let error = error.without_url();
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(std::error::Error::source) {
        innermost = Some(next);
    }
    match innermost {
        Some(cause) => format!("{what} ({})", shown_on_one_line(&cause.to_string())),
        None => what.to_owned(),
    }
}
