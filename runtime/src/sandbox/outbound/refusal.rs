//! Refusals in words, without what would show a secret of the call.

use crate::{
    base::text::shown_on_one_line,
    package::{Request, Rule},
    sandbox::{Refusal, outbound::held::Held},
};

/// What is shown of a URL in a refusal, in characters.
const LONGEST_SHOWN: usize = 200;

/// Without what would show a secret of the call: a refusal goes to people and logs.
pub(super) fn refusal(request: &Request, held: Option<&Held>, reason: String, rule: Option<String>) -> Refusal {
    let host = visible_host(request, held);
    if host != request.host() {
        return Refusal {
            request: format!("{} {}://{host}/", request.method(), request.scheme()),
            reason,
            rule: None,
        };
    }
    let path = if shows_secret(request.path(), held) {
        "/[redacted]"
    } else {
        request.path()
    };
    Refusal {
        request: cut(&format!("{} {}{path}", request.method(), request.origin())),
        reason,
        rule,
    }
}

/// The rule that opens an inner address to a request, as the operator writes it.
pub(super) fn private_rule(request: &Request) -> String {
    let rule = format!("{} {}", request.method(), request.origin());
    rule.parse::<Rule>().map_or(rule, |rule| rule.private().to_toml())
}

pub(super) fn visible_host(request: &Request, held: Option<&Held>) -> String {
    if shows_secret(request.host(), held) {
        "[redacted]".to_owned()
    } else {
        request.host().to_owned()
    }
}

pub(super) fn shows_secret(text: &str, held: Option<&Held>) -> bool {
    held.is_some_and(|held| held.shows_in(text))
}

pub(super) fn cut(text: &str) -> String {
    let text = shown_on_one_line(text);
    if text.chars().count() <= LONGEST_SHOWN {
        return text;
    }
    text.chars().take(LONGEST_SHOWN).chain(['…']).collect()
}
