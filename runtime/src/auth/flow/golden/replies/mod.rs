//! What providers answer, in the shapes that their documents and clients show.

mod asana_to_jira;
mod linear_to_zoom;

use crate::package::TokenKind;

/// What a reply answers.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::auth::flow::golden) enum Asked {
    Exchange,
    Refresh,
}

/// A provider's answers to a sign-in or a refresh, one after the other.
pub(in crate::auth::flow::golden) struct Case {
    pub(in crate::auth::flow::golden) provider: &'static str,
    pub(in crate::auth::flow::golden) kind: TokenKind,
    pub(in crate::auth::flow::golden) asked: Asked,
    pub(in crate::auth::flow::golden) answers: &'static [(u16, &'static str)],
}

const fn code(provider: &'static str, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider,
        kind: TokenKind::Bot,
        asked: Asked::Exchange,
        answers,
    }
}

const fn again(provider: &'static str, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider,
        kind: TokenKind::Bot,
        asked: Asked::Refresh,
        answers,
    }
}

const fn user(asked: Asked, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider: "slack",
        kind: TokenKind::User,
        asked,
        answers,
    }
}

/// All of them.
pub(in crate::auth::flow::golden) fn replies() -> impl Iterator<Item = &'static Case> {
    asana_to_jira::REPLIES.iter().chain(linear_to_zoom::REPLIES)
}
