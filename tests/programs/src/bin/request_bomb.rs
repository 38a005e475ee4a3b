//! Sends so many requests at once, holds them all, then reads what came: `{"url", "count": 1000}`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

fn main() {
    let input: Value = programs::input();
    let url = input["url"].as_str().expect("a URL");
    let (scheme, rest) = url.split_once("://").expect("an absolute URL");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let mut ends = BTreeMap::<String, u64>::new();
    let mut held = Vec::new();
    for _ in 0..input["count"].as_u64().unwrap_or(1000) {
        let request = OutgoingRequest::new(Fields::new());
        request.set_scheme(Some(&scheme)).expect("a scheme");
        request.set_authority(Some(authority)).expect("a host");
        request.set_path_with_query(Some(path)).expect("a path");
        match handle(request, None) {
            Ok(coming) => held.push(coming),
            Err(error) => *ends.entry(format!("refused: {error:?}")).or_default() += 1,
        }
    }
    let sent = held.len();
    for coming in held {
        coming.subscribe().block();
        let end = match coming.get() {
            Some(Ok(Ok(response))) => response.status().to_string(),
            Some(Ok(Err(error))) => format!("{error:?}"),
            other => format!("{other:?}"),
        };
        *ends.entry(end).or_default() += 1;
    }
    programs::output(json!({ "sent": sent, "ends": ends }));
}
