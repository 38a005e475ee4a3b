//! What stands at the place of a request in which a token goes, and what stands in the rest of it.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request::Parts};

use crate::{base::json, provider::Placement};

/// What a server that looks for a token finds. A value that is not one at all is told in its whole.
pub(super) fn values_at(place: &Placement, head: &Parts, body: &[u8]) -> Vec<Vec<u8>> {
    let headers = |name: &str| -> Vec<Vec<u8>> {
        let values = head.headers.get_all(name).iter();
        values.map(|value| value.as_bytes().to_vec()).collect()
    };
    match place {
        Placement::Header { name, prefix } => {
            let values = headers(name).into_iter();
            values
                .map(|value| match value.split_at_checked(prefix.len()) {
                    Some((front, token)) if front.eq_ignore_ascii_case(prefix.as_bytes()) => token.to_vec(),
                    _other => [b"no token: ", value.as_slice()].concat(),
                })
                .collect()
        }
        Placement::BasicPassword | Placement::BasicUsername => {
            let values = headers(header::AUTHORIZATION.as_str()).into_iter();
            values
                .map(|value| match (basic(&value), place) {
                    (Some((_, password)), Placement::BasicPassword) => password,
                    (Some((user, _)), _) => user,
                    (None, _) => [b"no pair: ", value.as_slice()].concat(),
                })
                .collect()
        }
        Placement::Query(name) => pairs(head.uri.query().unwrap_or_default().as_bytes(), Some(name)),
        Placement::Field(name) => match kind_of(&head.headers) {
            Some(Kind::Form) => pairs(body, Some(name)),
            Some(Kind::Json) => {
                let value = object(body).and_then(|value| Some(value.get(name)?.as_str()?.as_bytes().to_vec()));
                value.into_iter().collect()
            }
            None => Vec::new(),
        },
    }
}

/// All else that a server is told, in words; where no place is named, all of it.
pub(super) fn rest_of(place: Option<&Placement>, head: &Parts, body: &[u8]) -> String {
    let uri = &head.uri;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut told = format!("{} {:?} {authority} {}", head.method, uri.scheme_str(), uri.path());
    match place {
        Some(Placement::Query(name)) => tell_other_pairs(&mut told, uri.query().unwrap_or_default().as_bytes(), name),
        _other => told += &format!(" {:?}", uri.query()),
    }
    let own = match place {
        Some(Placement::Header { name, .. }) => name.as_str(),
        Some(Placement::BasicPassword | Placement::BasicUsername) => "authorization",
        _other => "",
    };
    // What the host says itself: how a reply may be encoded, whether all of it is asked for, how long the body is.
    let of_host = ["accept-encoding", "range", "if-range", "content-length"];
    let mut headers: Vec<_> = head
        .headers
        .iter()
        .filter(|(name, _)| name.as_str() != own && !of_host.contains(&name.as_str()))
        .map(|(name, value)| format!(" {name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort_unstable();
    told += &headers.concat();
    let pairs = head.headers.get_all(header::AUTHORIZATION).iter();
    for (user, password) in pairs.filter_map(|value| basic(value.as_bytes())) {
        match place {
            Some(Placement::BasicPassword) => tell(&mut told, &user),
            Some(Placement::BasicUsername) => tell(&mut told, &password),
            _other => {}
        }
    }
    match (place, kind_of(&head.headers)) {
        (Some(Placement::Field(name)), Some(Kind::Form)) => tell_other_pairs(&mut told, body, name),
        (Some(Placement::Field(name)), Some(Kind::Json)) => {
            let mut value = object(body).unwrap_or_default();
            if let Some(fields) = value.as_object_mut() {
                fields.remove(name);
            }
            told += &format!(" {value}");
        }
        _other => tell(&mut told, body),
    }
    told
}

fn tell(told: &mut String, bytes: &[u8]) {
    // Writing to a String cannot fail.
    let _ = write!(told, " {}", String::from_utf8_lossy(bytes));
}

fn tell_other_pairs(told: &mut String, text: &[u8], name: &str) {
    for (key, value) in url::form_urlencoded::parse(text).filter(|(key, _)| key != name) {
        let _ = write!(told, " {key}={value}");
    }
}

/// The values of a form or query, of one name or all.
fn pairs(text: &[u8], name: Option<&str>) -> Vec<Vec<u8>> {
    let pairs = url::form_urlencoded::parse(text).filter(|(key, _)| name.is_none_or(|name| key == name));
    pairs.map(|(_, value)| value.into_owned().into_bytes()).collect()
}

/// User name and password of Basic authentication.
pub(super) fn basic(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, encoded) = value.split_at_checked(6)?;
    let pair = scheme
        .eq_ignore_ascii_case(b"basic ")
        .then(|| STANDARD.decode(encoded.trim_ascii()));
    let pair = pair?.ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    Some((pair.get(..colon)?.to_vec(), pair.get(colon + 1..)?.to_vec()))
}

enum Kind {
    Form,
    Json,
}

/// How a body is written that has fields.
fn kind_of(headers: &HeaderMap) -> Option<Kind> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None, false) = (
        types.next(),
        types.next(),
        headers.contains_key(header::CONTENT_ENCODING),
    ) else {
        return None;
    };
    let kind = only.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Some(Kind::Form),
        "application/json" => Some(Kind::Json),
        _other => None,
    }
}

fn object(body: &[u8]) -> Option<serde_json::Value> {
    json::parse(std::str::from_utf8(body).ok()?).ok()
}
