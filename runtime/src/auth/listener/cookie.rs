//! The cookie by which a sign-in knows its browser.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    auth::pending::Pending,
    base::{clock::UnixTime, secret::Secret},
};

/// The question that may follow a sign-in has this much longer.
const SECONDS_MORE: u64 = 120;

/// Whether the request comes from the browser that the sign-in belongs to.
pub(super) fn is_of(pending: &Pending, headers: &HeaderMap) -> bool {
    let name = pending.cookie_name();
    let cookies = headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.any(|(key, value)| key == name && pending.is_browser(&Secret::new(value)))
}

/// One of this host alone, which no script reads and no other site's form brings along.
pub(super) fn made(pending: &Pending, value: &Secret, now: UnixTime) -> Option<HeaderValue> {
    let secure = if pending.is_https() { "; Secure" } else { "" };
    let seconds = pending.expires_at.since(now).as_secs().saturating_add(SECONDS_MORE);
    let text = format!(
        "{}={}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        pending.cookie_name(),
        value.expose()
    );
    let mut cookie = HeaderValue::try_from(text).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

pub(super) fn sent_with(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
