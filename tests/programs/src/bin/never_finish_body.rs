//! Begins a request's body, never ends it and waits for the response: `{"authority": "127.0.0.1:8080"}`, over http.

use serde_json::{Value, json};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

fn main() {
    let input: Value = programs::input();
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Post).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(input["authority"].as_str()).expect("a host");
    request.set_path_with_query(Some("/")).expect("a path");
    let body = request.body().expect("a body");
    let stream = body.write().expect("a stream");
    let coming = match handle(request, None) {
        Ok(coming) => coming,
        Err(error) => return programs::output(json!({ "error": format!("{error:?}") })),
    };
    let begun = stream.blocking_write_and_flush(b"begun");
    coming.subscribe().block();
    let end = match coming.get() {
        Some(Ok(Ok(response))) => response.status().to_string(),
        other => format!("{other:?}"),
    };
    programs::output(json!({ "begun": begun.is_ok(), "end": end }));
}
