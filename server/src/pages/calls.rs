//! The calls of a visitor, as they happen.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use pocket_runtime::{Code, UnixTime};

use crate::{
    browser::Visitor,
    calls::Call,
    pages::{Page, Place, call::did_not_run},
    server::Core,
};

/// How many are shown.
const SHOWN: usize = 200;

/// Those that run and the last ones that have ended, by whichever door they came.
pub(super) async fn list(State(core): State<Arc<Core>>, Extension(visitor): Extension<Visitor>) -> Response {
    let calls = core.calls.of(&visitor.caller);
    let runs = calls.iter().any(|call| call.ended().is_none());
    let content = html! {
        p.hint { "The calls of this key, over every door. Each is kept for a day at the most." }
        div #calls data-renewed {
            @if calls.is_empty() {
                p { "Nothing was called yet. " a href="/" { "Try a tool" } "." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Call" } th scope="col" { "How it stands" } th scope="col" { "Began" } th scope="col" { "Took" } } }
                    tbody { @for call in calls.iter().take(SHOWN) { (row(call)) } }
                }
            }
            @if calls.len() > SHOWN { p.hint { "The newest " (SHOWN) " of " (calls.len()) "." } }
        }
    };
    let mut page = Page::new("Calls", Place::Calls, &content).of(&visitor);
    if runs {
        page = page.with_head(refreshed(5));
    }
    page.into_response()
}

fn row(call: &Call) -> Markup {
    html! {
        tr {
            td { a href={ "/calls/" (call.id) } { (call.tool) } }
            td { (state(call)) }
            td { (time(call.began_at)) }
            td { @if let Some(took) = took(call) { (took) } }
        }
    }
}

/// Where there is no script, the page is asked for again.
pub(super) fn refreshed(seconds: u8) -> Markup {
    html! { noscript { meta http-equiv="refresh" content=(seconds); } }
}

/// How a call stands, in words and with a colour.
pub(super) fn state(call: &Call) -> Markup {
    let (class, words) = match call.ended() {
        None => ("state runs", "runs"),
        Some(ended) if ended.code == Code::Ok => ("state ok", "ok"),
        Some(ended) => ("state failed", ended.code.as_str()),
    };
    html! { span class=(class) { (words.replace('_', " ")) } }
}

fn took(call: &Call) -> Option<String> {
    let ended = call.ended()?;
    Some(match ended.called() {
        Some(called) if did_not_run(called) => "did not run".to_owned(),
        Some(called) => milliseconds(called.usage.wall_us),
        None => format!("{} s", ended.ended_at.since(call.began_at).as_secs()),
    })
}

/// A time that a person and a program read.
pub(super) fn time(time: UnixTime) -> Markup {
    let exact = time.rfc3339();
    let words = exact.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(exact) { (words) } }
}

/// Microseconds, as a person reads them.
pub(super) fn milliseconds(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => format!("{}.{} ms", microseconds / 1_000, microseconds / 100 % 10),
        _long => format!("{}.{} s", microseconds / 1_000_000, microseconds / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_words() {
        for (microseconds, expected) in [
            (12, "12 µs"),
            (1_250, "1.2 ms"),
            (999_999, "999.9 ms"),
            (61_550_000, "61.5 s"),
        ] {
            assert_eq!(milliseconds(microseconds), expected);
        }
    }
}
