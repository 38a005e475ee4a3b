//! What is asked of a provider's token endpoint, as a trait: tests answer in the provider's stead.

use std::sync::OnceLock;

use async_trait::async_trait;

use crate::{
    auth::{
        Client,
        flow::{
            FlowError, Tokens, client_credentials,
            code::{self, Ask, Begun},
            device::{self, DeviceCode, Polled},
            discovery,
        },
        transport::Transport,
    },
    base::{clock::UnixTime, net::Net, secret::Secret},
    provider::{Metadata, OAuth2},
};

/// The flows at a provider.
#[async_trait]
pub(super) trait Exchange: Send + Sync {
    fn begin(&self, ask: &Ask<'_>, state: &Secret) -> Result<Begun, FlowError>;

    async fn exchange(
        &self,
        ask: &Ask<'_>,
        code: &Secret,
        verifier: Option<&Secret>,
        now: UnixTime,
    ) -> Result<Tokens, FlowError>;

    async fn refresh(&self, ask: &Ask<'_>, refresh_token: &Secret, now: UnixTime) -> Result<Tokens, FlowError>;

    async fn begin_device(&self, ask: &Ask<'_>) -> Result<DeviceCode, FlowError>;

    async fn poll_device(&self, ask: &Ask<'_>, device_code: &Secret, now: UnixTime) -> Result<Polled, FlowError>;

    async fn client_credentials(&self, ask: &Ask<'_>, now: UnixTime) -> Result<Tokens, FlowError>;

    /// What an issuer tells of its endpoints.
    async fn discover(&self, issuer: &str) -> Result<Metadata, FlowError>;

    /// `Ok(false)`: the provider has no way to be told.
    async fn revoke(
        &self,
        oauth: &OAuth2,
        client: &Client,
        access: &Secret,
        refresh: Option<&Secret>,
    ) -> Result<bool, FlowError>;
}

/// The real one. Its HTTP client is made at the first request: a run that needs none reads no roots of trust.
pub(super) struct OverHttp {
    net: Net,
    transport: OnceLock<Transport>,
}

impl OverHttp {
    pub(super) fn new(net: Net) -> Self {
        Self {
            net,
            transport: OnceLock::new(),
        }
    }

    fn transport(&self) -> Result<&Transport, FlowError> {
        if let Some(made) = self.transport.get() {
            return Ok(made);
        }
        let made = Transport::new(&self.net).map_err(|error| FlowError::Configuration(error.to_string()))?;
        Ok(self.transport.get_or_init(|| made))
    }
}

#[async_trait]
impl Exchange for OverHttp {
    fn begin(&self, ask: &Ask<'_>, state: &Secret) -> Result<Begun, FlowError> {
        code::begin(ask, state)
    }

    async fn exchange(
        &self,
        ask: &Ask<'_>,
        code: &Secret,
        verifier: Option<&Secret>,
        now: UnixTime,
    ) -> Result<Tokens, FlowError> {
        code::exchange(self.transport()?, ask, code, verifier, now).await
    }

    async fn refresh(&self, ask: &Ask<'_>, refresh_token: &Secret, now: UnixTime) -> Result<Tokens, FlowError> {
        code::refresh(self.transport()?, ask, refresh_token, now).await
    }

    async fn begin_device(&self, ask: &Ask<'_>) -> Result<DeviceCode, FlowError> {
        device::begin(self.transport()?, ask).await
    }

    async fn poll_device(&self, ask: &Ask<'_>, device_code: &Secret, now: UnixTime) -> Result<Polled, FlowError> {
        device::poll(self.transport()?, ask, device_code, now).await
    }

    async fn client_credentials(&self, ask: &Ask<'_>, now: UnixTime) -> Result<Tokens, FlowError> {
        client_credentials::obtain(self.transport()?, ask, now).await
    }

    async fn discover(&self, issuer: &str) -> Result<Metadata, FlowError> {
        discovery::discover(self.transport()?, issuer).await
    }

    async fn revoke(
        &self,
        oauth: &OAuth2,
        client: &Client,
        access: &Secret,
        refresh: Option<&Secret>,
    ) -> Result<bool, FlowError> {
        code::revoke(self.transport()?, oauth, client, access, refresh).await
    }
}
