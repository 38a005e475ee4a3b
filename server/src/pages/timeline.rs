//! What happened in a call, step by step.

use maud::{Markup, html};
use pocket_runtime::{CallStep, OutboundRequest, shown_on_one_line};

use crate::{
    calls::{Happened, Story},
    pages::frame::sentence,
};

/// The lines of a list, each with when it happened.
pub(super) fn lines(story: &Story) -> Markup {
    html! {
        @for entry in &story.entries {
            @match &entry.what {
                Happened::Step(step) => li { (at(entry.after_ms)) (in_words(*step)) },
                Happened::Request(told) => li { (at(told.after_ms)) (request(told)) },
                Happened::Refused(refusal) => li.refused {
                    (at(entry.after_ms)) strong { "Refused: " } (sentence(&shown_on_one_line(refusal)))
                },
            }
        }
    }
}

fn at(milliseconds: u64) -> Markup {
    html! { span.dim { "+" (milliseconds) " ms " } }
}

const fn in_words(step: CallStep) -> &'static str {
    match step {
        CallStep::Loading => "Its code was looked for.",
        CallStep::Compiling => "It was compiled.",
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
