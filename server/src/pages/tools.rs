//! The tools, with what each may reach.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use pocket_runtime::{Reach, ToolDescription, shown_on_one_line};

use crate::{
    browser::Visitor,
    pages::{Page, Place, Refused, frame::sentence},
    server::Core,
};

/// The tools that this visitor may call.
pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refused> {
    let pocket = visitor.caller.pocket(&core.tools.now());
    let mut cards = Vec::new();
    for tool in pocket.tools().await {
        if visitor.caller.reaches(tool.name.as_str()) {
            let reach = pocket.reach_of(tool.name.as_str()).await?;
            cards.push(card(&tool, &reach));
        }
    }
    let content = html! {
        @if cards.is_empty() {
            p { "There are no tools here for you yet. " code { "pocket add SOURCE" } " adds one to the project, and it is here at once." }
        }
        ul.cards { @for card in &cards { li.card { (card) } } }
    };
    Ok(Page::new("Tools", Place::Tools, &content).of(&visitor).into_response())
}

fn card(tool: &ToolDescription, reach: &Reach) -> Markup {
    let name = tool.name.as_str();
    html! {
        h2 { a href={ "/tools/" (name) } { (title(tool)) } }
        p.names { code { (name) } @if let Some(provider) = &tool.provider { span.tag { (provider) } } }
        p.about { (sentence(&tool.description)) }
        (reaches(reach, name))
    }
}

/// What a person calls a tool.
pub(super) fn title(tool: &ToolDescription) -> String {
    let title = tool.title.as_deref().map(shown_on_one_line);
    title.unwrap_or_else(|| tool.name.to_string())
}

/// What a tool may reach. It is told here and given nowhere on these pages.
pub(super) fn reaches(reach: &Reach, tool: &str) -> Markup {
    let lines = reach.lines_for_others();
    html! {
        div.reach {
            @if lines.is_empty() {
                p { "Reaches nothing: no host and no folder." }
            } @else {
                p { "May reach:" }
                ul { @for line in &lines { li { (sentence(line)) } } }
            }
        }
        (is_withheld(&reach.withheld, tool))
    }
}

/// What a tool asks for and does not have, and where it is given.
pub(super) fn is_withheld(withheld: &[String], tool: &str) -> Markup {
    html! {
        @if !withheld.is_empty() {
            p.withheld {
                strong { "Not granted: " } (sentence(&withheld.join(", "))) ". Nobody grants it here: in the terminal, "
                code { "pocket run " (tool) } " asks for a credential, and " code { "pocket add" } " for the rest."
            }
        }
    }
}
