//! One call: what it gave, and what happened meanwhile.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path as InPath, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use pocket_runtime::{Called, Code, LogLine, SignIn, Usage, Value, shown};

use crate::{
    api::{problem::Problem, stream},
    browser::{Posted, Visitor},
    calls::{Call, CallId, Ended},
    pages::{
        Page, Place, Refused,
        calls::{milliseconds, refreshed, state, time},
        frame::{mark, sentence},
        timeline,
    },
    server::Core,
};

/// Shows it; while it runs the page goes on by itself.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    InPath(id): InPath<String>,
) -> Result<Response, Refused> {
    let call = found(&core, &visitor, &id)?;
    let content = html! {
        p.names { (state(&call)) code { (call.id) } }
        @match call.ended() {
            None => (running(&call, &visitor)),
            Some(ended) => (has_ended(&call, ended)),
        }
        p { a href={ "/tools/" (call.tool) } { "Call this tool again" } }
    };
    let heading = format!("Call of {}", call.tool);
    let mut page = Page::new(&heading, Place::Calls, &content).of(&visitor);
    if call.ended().is_none() {
        page = page.with_head(refreshed(2));
    }
    Ok(page.into_response())
}

/// Tells it to the page's script.
pub(super) async fn events(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    InPath(id): InPath<String>,
) -> Result<Response, Refused> {
    let call = found(&core, &visitor, &id)?;
    let events = call.events();
    let key = visitor.caller.key();
    Ok(stream::of(call, events, false, key, core.revocations.clone()))
}

/// Stops it.
pub(super) async fn cancel(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    InPath(id): InPath<String>,
    _posted: Posted,
) -> Result<Response, Refused> {
    let call = found(&core, &visitor, &id)?;
    call.cancel();
    call.wait().await;
    Ok(Redirect::to(&format!("/calls/{}", call.id)).into_response())
}

fn found(core: &Core, visitor: &Visitor, id: &str) -> Result<Arc<Call>, Refused> {
    let call = core.calls.get(&visitor.caller, &CallId::of(id));
    call.ok_or_else(|| {
        Problem::new(Code::NotFound, "there is no such call")
            .hint("a call that has ended is kept for a day, and there are limits to how many are")
            .into()
    })
}

fn running(call: &Call, visitor: &Visitor) -> Markup {
    html! {
        section data-events={ "/calls/" (call.id) "/events" } {
            h2 { "As it goes on" }
            p { "Began " (time(call.began_at)) ". This page goes on by itself." }
            div role="log" { ol.timeline #so-far {} }
            form method="post" action={ "/calls/" (call.id) "/cancel" } { (mark(visitor)) button.quiet { "Stop it" } }
        }
    }
}

fn has_ended(call: &Call, ended: &Ended) -> Markup {
    html! {
        @match ended.value() {
            Some(value) => { h2 { "What it gave" } pre.output tabindex="0" aria-label="Output" { (output(value, ended.exact())) } }
            None => (went_wrong(ended)),
        }
        h2 { "What happened" }
        ol.timeline {
            li { (time(call.began_at)) " It began." }
            (timeline::lines(&call.story()))
            @if let Some(called) = ended.called() { (happened(called)) }
            li { (time(ended.ended_at)) " It ended: " (state(call)) }
        }
        @if let Some(called) = ended.called() {
            @if !called.logs.is_empty() { h2 { "Its log" } (log(&called.logs)) }
            details { summary { "All that it used" } (used(&called.usage)) }
        }
    }
}

fn output(value: &Value, exact: Option<&str>) -> String {
    match (value, exact) {
        (Value::Text(text), _) => shown(text),
        // Digit by digit as the tool wrote it.
        (Value::Json(_), Some(exact)) => shown(exact),
        (Value::Json(json), None) => shown(&format!("{json:#}")),
    }
}

fn went_wrong(ended: &Ended) -> Markup {
    html! {
        h2 { "What went wrong" }
        p.wrong.said { (sentence(&ended.message())) }
        @if let Some(sign_in) = ended.sign_in() { (sign_in_first(sign_in)) }
        @let hints = ended.hints();
        @if !hints.is_empty() { ul { @for hint in &hints { li { (sentence(hint)) } } } }
    }
}

fn sign_in_first(sign_in: &SignIn) -> Markup {
    html! {
        p {
            a.button href=(sign_in.url) { "Sign in to " (sign_in.provider) }
            @if let Some(code) = &sign_in.user_code { " and enter there " strong { code { (code) } } }
        }
    }
}

/// What it came to.
fn happened(called: &Called) -> Markup {
    let usage = &called.usage;
    let (asked, sent) = (usage.requests_asked, usage.requests);
    html! {
        @if usage.waited_us >= 1_000 { li { "It waited " (milliseconds(usage.waited_us)) " for its turn." } }
        @if usage.loading_us >= 1_000 { li { "Its code was loaded in " (milliseconds(usage.loading_us)) "." } }
        @if did_not_run(called) {
            li { "It did not come to run." }
        } @else {
            li { "It ran for " (milliseconds(usage.wall_us)) ", of which " (milliseconds(usage.cpu_us)) " on a processor." }
            @if asked == 0 { li { "It asked for no request." } }
        }
        @if asked > 0 {
            li {
                "It asked for " (asked) (if asked == 1 { " request" } else { " requests" })
                @if sent == 0 {
                    ", and none went out."
                } @else {
                    ", and " (sent) " went out, with " (usage.sent_bytes) " bytes; " (usage.received_bytes) " bytes came back."
                }
            }
        }
    }
}

/// Whether a call came to nothing before its tool ran.
pub(super) const fn did_not_run(called: &Called) -> bool {
    called.usage.wall_us == 0 && called.ended.is_err()
}

fn log(lines: &[LogLine]) -> Markup {
    html! {
        ol.log tabindex="0" aria-label="Log" {
            @for line in lines {
                @let level = format!("{:?}", line.level).to_lowercase();
                li class=(level) { span.level { (level) } " " (shown(&line.message)) }
            }
        }
    }
}

fn used(usage: &Usage) -> Markup {
    let all = serde_json::to_value(usage).unwrap_or_default();
    html! {
        dl.used {
            @for (name, value) in all.as_object().into_iter().flatten() {
                dt { (name.replace("_us", " (µs)").replace('_', " ")) } dd { (value) }
            }
        }
    }
}
