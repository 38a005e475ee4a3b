//! What is decided of a request before anything of it is sent.

use std::{sync::Arc, time::Duration};

use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody};

use crate::{
    package::{NotARequest, Request},
    sandbox::{
        Decision, Refusal,
        broker::Misplaced,
        outbound::{
            CallOutbound,
            brokering::Brokering,
            exchange::Exchange,
            ledger::Met,
            refusal::{cut, refusal, shows_secret, visible_host},
            send::{Patience, Sending, Way},
        },
    },
};

impl CallOutbound {
    /// Counts a request, and decides it by name.
    pub(super) fn prepare(
        &self,
        asked: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Sending, Error> {
        if let Err(Met(_)) = self.ledger.asked() {
            return Err(Error::ConnectionLimitReached);
        }
        let (mut head, body) = asked.into_parts();
        let request = Request::parse(&head.method, &head.uri)
            .map_err(|fault| self.not_a_request(&head, &fault))?
            .with_headers(&head.headers);
        let reach = self.held.as_deref().map(|held| &*held.reach);
        let private = match self.shared.policy.decide(&request, reach) {
            Decision::Allowed { private } => private,
            Decision::Refused { reason, rule } => {
                self.ledger
                    .refused(refusal(&request, self.held.as_deref(), reason, rule));
                return Err(Error::HttpRequestDenied);
            }
        };
        // What is sent is what was compared. `Host` is among these headers, and the client makes it anew.
        for name in &DEFAULT_FORBIDDEN_HEADERS {
            head.headers.remove(name);
        }
        head.uri = uri_of(&request, head.uri.query())?;
        head.method =
            http::Method::from_bytes(request.method().as_bytes()).map_err(|_never| Error::HttpRequestMethodInvalid)?;
        head.version = http::Version::HTTP_11;
        let brokering = self.brokering(&request, &head)?;
        let with_token = brokering.is_none()
            && self
                .held
                .as_deref()
                .is_some_and(|held| held.reach.includes(&request) && held.is_carried_by(&head.uri, &head.headers));
        let held = self.held.as_deref();
        Ok(Sending {
            head,
            body,
            brokering,
            with_token,
            turns: self.turns.clone(),
            way: Way {
                exchange: Arc::new(Exchange::new(
                    &request,
                    visible_host(&request, held),
                    self.ledger.clone(),
                )),
                client: self
                    .shared
                    .pool
                    .client(&self.profile, held.map(|held| &held.credential), private),
                request,
                held: self.held.clone(),
                ledger: self.ledger.clone(),
                patience: self.patience(options),
            },
        })
    }

    /// Where the call has placeholders, they may stand only where the token goes.
    fn brokering(&self, request: &Request, head: &http::request::Parts) -> Result<Option<Brokering>, Error> {
        let Some(held) = self.held.as_deref() else {
            return Ok(None);
        };
        let Some(broker) = &held.broker else { return Ok(None) };
        let to_provider = held.reach.includes(request);
        let ledger = self.ledger.clone();
        let shown = refusal(request, Some(held), String::new(), None);
        let refused = Arc::new(move |misplaced: Misplaced| {
            ledger.refused(Refusal {
                reason: misplaced.to_string(),
                ..shown.clone()
            });
        });
        match Brokering::of(broker, head, to_provider, refused.clone()) {
            Ok(brokering) => Ok(Some(brokering)),
            Err(misplaced) => {
                refused(misplaced);
                Err(Error::HttpRequestDenied)
            }
        }
    }

    fn patience(&self, options: Option<RequestOptions>) -> Patience {
        let limits = &self.shared.limits;
        let least = |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |asked| asked.min(limit));
        Patience {
            connect: least(options.as_ref().and_then(|o| o.connect_timeout), limits.connect_timeout),
            first_byte: least(
                options.as_ref().and_then(|o| o.first_byte_timeout),
                limits.first_byte_timeout,
            ),
            between_bytes: least(
                options.as_ref().and_then(|o| o.between_bytes_timeout),
                limits.between_bytes_timeout,
            ),
            deadline: self.deadline,
        }
    }

    /// Notes a request that no rule could allow.
    fn not_a_request(&self, head: &http::request::Parts, fault: &NotARequest) -> Error {
        let written = format!(
            "{} {}://{}{}",
            head.method,
            head.uri.scheme_str().unwrap_or_default(),
            // Without userinfo, which may hold a password.
            head.uri.host().unwrap_or_default(),
            head.uri.path()
        );
        let held = self.held.as_deref();
        let (request, reason) = [written, fault.to_string()]
            .map(|text| {
                if shows_secret(&text, held) {
                    "[redacted]".to_owned()
                } else {
                    cut(&text)
                }
            })
            .into();
        self.ledger.refused(Refusal {
            request,
            reason,
            rule: None,
        });
        match fault {
            NotARequest::Method(_) => Error::HttpRequestMethodInvalid,
            NotARequest::Scheme(_)
            | NotARequest::NoHost
            | NotARequest::UserInfo
            | NotARequest::Host(_)
            | NotARequest::Port(_)
            | NotARequest::Path => Error::HttpRequestUriInvalid,
        }
    }
}

pub(super) fn uri_of(request: &Request, query: Option<&str>) -> Result<http::Uri, Error> {
    let path = match query {
        Some(query) => format!("{}?{query}", request.path()),
        None => request.path().to_owned(),
    };
    http::Uri::builder()
        .scheme(request.scheme())
        .authority(request.authority())
        .path_and_query(path)
        .build()
        .map_err(|_not_a_uri| Error::HttpRequestUriInvalid)
}
