//! What happened in a call, step by step.

use maud::{Markup, html};
use pocket_runtime::{CallStep, OutboundRequest, shown_on_one_line};

use crate::{
    calls::{Entry, Happened, Story},
    pages::frame::sentence,
};

/// The lines of a list, each with when it began.
pub(super) fn lines(story: &Story) -> Markup {
    let mut entries: Vec<_> = story.entries.iter().map(|entry| (began(entry), &entry.what)).collect();
    entries.sort_by_key(|(began, _what)| *began);
    html! {
        @for (began, what) in entries {
            @match what {
                Happened::Step(step) => li { (at(began)) (in_words(*step)) },
                Happened::Request(told) => li { (at(began)) (request(told)) },
                Happened::Refused(refusal) => li.refused {
                    (at(began)) strong { "Refused: " } (sentence(&shown_on_one_line(refusal)))
                },
            }
        }
    }
}

/// When it began, after the call was asked for: a request is told of once it has ended.
fn began(entry: &Entry) -> u64 {
    match &entry.what {
        Happened::Request(told) => entry.after_ms.saturating_sub(told.took_ms),
        Happened::Step(_) | Happened::Refused(_) => entry.after_ms,
    }
}

fn at(milliseconds: u64) -> Markup {
    html! { span.dim { "+" (milliseconds) " ms " } }
}

const fn in_words(step: CallStep) -> &'static str {
    match step {
        CallStep::Loading => "Its code was looked for.",
        CallStep::Compiling => "It was being compiled.",
        CallStep::Running => "It was given its turn.",
        _later => "It went on.",
    }
}

/// Its host and what came back, never what was in it.
fn request(told: &OutboundRequest) -> Markup {
    html! {
        (told.method) " " code { (shown_on_one_line(&told.origin)) } ": "
        @match told.status { Some(status) => { (status) }, None => "no reply" }
        " in " (told.took_ms) " ms; " (told.sent_bytes) " bytes went out, " (told.received_bytes) " came back."
    }
}
