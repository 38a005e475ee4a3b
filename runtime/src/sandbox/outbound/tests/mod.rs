#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod limits;
mod names;
mod notations;
mod policy;
mod server;
mod token;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks as _};

use crate::{
    auth::Credential,
    base::{
        name::Profile,
        net::{Net, NetSettings},
    },
    sandbox::{CredentialsMode, Limits, Policy, outbound::*},
};

type Reply = Result<http::Response<WasiBody>, Error>;

/// The rules, each opening inner addresses.
fn policy(allow: &[String]) -> Policy {
    Policy {
        allow: allow
            .iter()
            .map(|rule| rule.parse::<crate::package::Rule>().unwrap().private())
            .collect(),
        ..closed()
    }
}

fn closed() -> Policy {
    Policy {
        deny: Vec::new(),
        allow: Vec::new(),
        files: Vec::new(),
        variables: BTreeMap::new(),
        credentials: CredentialsMode::Env,
        timeout: Duration::from_secs(60),
        memory: 1,
    }
}

fn net() -> Net {
    Net::new(NetSettings::default()).unwrap()
}

fn outbound(policy: &Policy) -> Outbound {
    with_limits(policy, &Limits::default())
}

fn with_limits(policy: &Policy, limits: &Limits) -> Outbound {
    Outbound::new(&net(), policy, limits)
}

fn open(origin: &str) -> Outbound {
    outbound(&policy(&[origin.to_owned()]))
}

impl Outbound {
    fn call(&self) -> CallOutbound {
        self.call_with(None)
    }

    fn call_with(&self, credential: Option<&Credential>) -> CallOutbound {
        self.for_call(
            &Profile::default(),
            credential,
            None,
            Instant::now() + Duration::from_secs(60),
        )
    }
}

impl CallOutbound {
    async fn get(&mut self, url: &str) -> Reply {
        self.send(http::Request::get(url), Bytes::new()).await
    }

    async fn send(&mut self, request: http::request::Builder, body: impl Into<Bytes>) -> Reply {
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        self.send_body(request.body(body).unwrap(), None).await
    }

    async fn send_body(&mut self, request: http::Request<WasiBody>, options: Option<RequestOptions>) -> Reply {
        let sending = self.send_request(request, options, Box::new(std::future::ready(Ok(()))));
        Box::into_pin(sending).await.map(|(reply, _)| reply)
    }
}

async fn text(reply: http::Response<WasiBody>) -> String {
    String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
