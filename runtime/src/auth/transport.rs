//! Sends requests to token endpoints: no redirects, 15 s, at most 1 MiB of reply; the `oauth2` crate's HTTP client.

use crate::base::net::{Net, NetError};

/// Sends requests to token endpoints.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
}

impl Transport {
    pub(crate) fn new(net: &Net) -> Result<Self, NetError> {
        Ok(Self { http: net.http()? })
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.http
    }
}
