//! One request sent through `wasi:http`, up to the response's head.

use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    FutureIncomingResponse, HeaderError, Headers, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{OutputStream, StreamError};

use super::url;
use super::{Body, Error, Request, Response};

/// When an exchange has to be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(u64);

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self(monotonic_clock::now().saturating_add(nanoseconds(timeout)))
    }

    /// Waits until the host has something new, but not past the deadline.
    pub(super) fn wait(deadline: Option<Self>, ready: &Pollable, target: &str) -> Result<(), Error> {
        let Some(Self(instant)) = deadline else {
            ready.block();
            return Ok(());
        };
        let over = monotonic_clock::subscribe_instant(instant);
        // Both may be ready; what came in time counts.
        if poll(&[ready, &over]).contains(&0) {
            Ok(())
        } else {
            Err(Error::TimedOut(target.to_owned()))
        }
    }
}

/// Sends the request as it is and waits for the head of the response.
pub(super) fn send(request: &Request, deadline: Option<Deadline>) -> Result<Response, Error> {
    let target = request.target();
    let outgoing = outgoing(request)?;
    let body = match &request.body {
        Some(_) => Some(
            outgoing
                .body()
                .map_err(|()| invalid("the request's body was taken", &target))?,
        ),
        None => None,
    };
    let coming =
        outgoing_handler::handle(outgoing, Some(options(request))).map_err(|code| Error::from_code(code, &target))?;
    if let (Some(stream), Some(bytes)) = (body, &request.body) {
        write_body(stream, bytes, deadline, &target)?;
    }
    let incoming = head(&coming, deadline, &target)?;
    let headers = incoming.headers();
    let entries = headers
        .entries()
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    drop(headers);
    let body = incoming
        .consume()
        .map_err(|()| Error::Broken(target.clone(), "the body was taken".to_owned()))?;
    Ok(Response {
        status: incoming.status(),
        headers: entries,
        body: Body::new(body, target, deadline)?,
    })
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Error> {
    let target = request.target();
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    // Without a length the body would be sent in chunks, which not every server takes.
    let length = match (&request.body, request.method.as_str()) {
        (Some(body), _) => Some(body.len()),
        (None, "POST" | "PUT" | "PATCH") => Some(0),
        (None, _) => None,
    };
    if let Some(length) = length {
        headers.retain(|(name, _)| name != "content-length");
        headers.push(("content-length".to_owned(), length.to_string().into_bytes()));
    }
    let headers = Headers::from_list(&headers).map_err(|error| match error {
        HeaderError::InvalidSyntax => invalid("a header's name or value is not valid", &target),
        HeaderError::Forbidden => invalid("a header is the host's to set", &target),
        HeaderError::Immutable => invalid("the headers can not be changed", &target),
    })?;
    let outgoing = OutgoingRequest::new(headers);
    let scheme = match request.url.scheme {
        url::Scheme::Http => Scheme::Http,
        url::Scheme::Https => Scheme::Https,
    };
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| invalid("the method is not valid", &target))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| invalid("the URL's scheme is not valid", &target))?;
    outgoing
        .set_authority(Some(&request.url.authority))
        .map_err(|()| invalid("the URL's host is not valid", &target))?;
    outgoing
        .set_path_with_query(Some(&request.url.path_with_query()))
        .map_err(|()| invalid("the URL's path is not valid", &target))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    }
}

/// Where the host does not take a timeout it keeps its own, which are finite.
fn options(request: &Request) -> RequestOptions {
    let options = RequestOptions::new();
    let timeout = request.timeout.map(nanoseconds);
    let connect = request.connect_timeout.map(nanoseconds).or(timeout);
    if connect.is_some() {
        let _ = options.set_connect_timeout(connect);
    }
    if timeout.is_some() {
        let _ = options.set_first_byte_timeout(timeout);
        let _ = options.set_between_bytes_timeout(timeout);
    }
    options
}

/// Writes as fast as the host takes it.
fn write_body(body: OutgoingBody, bytes: &[u8], deadline: Option<Deadline>, target: &str) -> Result<(), Error> {
    let stream = body
        .write()
        .map_err(|()| invalid("the request's body was taken", target))?;
    let whole = write_all(&stream, bytes, deadline, target)?;
    drop(stream);
    match whole {
        Written::All => OutgoingBody::finish(body, None).map_err(|code| Error::from_code(code, target)),
        // A server may answer before it has read all, or the response says what went wrong.
        Written::Part => Ok(()),
    }
}

enum Written {
    All,
    Part,
}

fn write_all(
    stream: &OutputStream,
    mut bytes: &[u8],
    deadline: Option<Deadline>,
    target: &str,
) -> Result<Written, Error> {
    while !bytes.is_empty() {
        let written = stream.check_write().and_then(|room| {
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            stream.write(&bytes[..count]).map(|()| count)
        });
        match written {
            Ok(0) => Deadline::wait(deadline, &stream.subscribe(), target)?,
            Ok(count) => bytes = &bytes[count..],
            Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => return Ok(Written::Part),
        }
    }
    Ok(match stream.flush() {
        Ok(()) => Written::All,
        Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => Written::Part,
    })
}

fn head(coming: &FutureIncomingResponse, deadline: Option<Deadline>, target: &str) -> Result<IncomingResponse, Error> {
    loop {
        match coming.get() {
            Some(Ok(response)) => return response.map_err(|code| Error::from_code(code, target)),
            Some(Err(())) => return Err(Error::Broken(target.to_owned(), "the response was taken".to_owned())),
            None => Deadline::wait(deadline, &coming.subscribe(), target)?,
        }
    }
}

fn invalid(what: &str, target: &str) -> Error {
    Error::Invalid(format!("{what}: `{target}`"))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
