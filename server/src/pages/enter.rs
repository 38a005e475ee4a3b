//! How a browser is let in, and how it leaves.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::html;
use serde::Deserialize;

use crate::{
    browser::{self, Cookie, Posted, PostedKey},
    caller::Caller,
    pages::{Page, Place, Refused, sign_ins},
    server::Core,
};

/// What the address of the page has in it.
#[derive(Deserialize)]
pub(super) struct With {
    code: Option<String>,
    /// Where the browser was going.
    then: Option<String>,
}

/// Lets a browser in with a code; else shows where a key is typed.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    method: Method,
    headers: HeaderMap,
    Query(with): Query<With>,
) -> Response {
    // Who only looks whether the address is good does not use it up.
    let code = with.code.as_deref().filter(|_| method == Method::GET);
    let caller = code.and_then(|code| core.codes.take(code));
    let then = way_on(with.then.as_deref());
    if let Some(caller) = caller {
        return let_in(&core, &headers, caller, then);
    }
    if browser::is_signed_in(&core, &headers) {
        return Redirect::to(then).into_response();
    }
    match with.code {
        Some(_used) => page(
            StatusCode::FORBIDDEN,
            Some("This address was used already, or is older than ten minutes."),
            then,
        ),
        None => page(StatusCode::OK, None, then),
    }
}

/// Lets a browser in with a key.
pub(super) async fn with_key(
    State(core): State<Arc<Core>>,
    headers: HeaderMap,
    PostedKey { key, then }: PostedKey,
) -> Result<Response, Refused> {
    if !core.place.is_from_our_page(&headers) {
        return Err(browser::foreign().into());
    }
    let then = way_on(then.as_deref());
    match browser::caller_of(&core, key.expose())? {
        Some(caller) => Ok(let_in(&core, &headers, caller, then)),
        None => Ok(page(
            StatusCode::FORBIDDEN,
            Some("This is no key of this server, or one that was revoked."),
            then,
        )),
    }
}

/// Ends the session.
pub(super) async fn leave(State(core): State<Arc<Core>>, headers: HeaderMap, _posted: Posted) -> Response {
    let cookie = Cookie::of(&core.place, &headers);
    if let Some(value) = cookie.read(&headers) {
        core.sessions.end(value);
    }
    sent_on("/enter", cookie.unset())
}

/// Where a browser goes once it was let in: nowhere that is not ours.
fn way_on(then: Option<&str>) -> &str {
    then.filter(|then| sign_ins::is_page(then)).unwrap_or("/")
}

fn let_in(core: &Core, headers: &HeaderMap, caller: Caller, then: &str) -> Response {
    let cookie = Cookie::of(&core.place, headers);
    let value = core.sessions.begin(caller);
    sent_on(then, cookie.set(&value, core.sessions.last()))
}

/// The address that led here may have a code in it: it is told to nobody and kept by nobody.
fn sent_on(to: &str, cookie: HeaderValue) -> Response {
    let mut response = Redirect::to(to).into_response();
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, cookie);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(status: StatusCode, wrong: Option<&str>, then: &str) -> Response {
    let content = html! {
        p { "This server runs tools for who has a key to it." }
        form.card method="post" action="/enter" {
            label for="key" { "Key" }
            p.hint id="about-key" { "As " code { "pocket keys create" } " prints it, or as it stands in the file that " code { "pocket serve" } " names." }
            @if let Some(wrong) = wrong { p.wrong id="wrong-key" role="alert" { (wrong) } }
            input type="password" id="key" name="key" required autocomplete="off" spellcheck="false"
                aria-describedby=(if wrong.is_some() { "wrong-key about-key" } else { "about-key" }) aria-invalid=[wrong.map(|_| "true")];
            @if then != "/" { input type="hidden" name="then" value=(then); }
            button { "Enter" }
        }
        p.hint { "On this machine, " code { "pocket serve" } " prints an address at its start that needs no key: it can be opened once." }
    };
    Page::new("Enter", Place::Nowhere, &content)
        .with_status(status)
        .into_response()
}
