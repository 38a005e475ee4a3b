//! `pocket auth providers`: those there are, and all about one of them.

use pocket_runtime::{Flow, Handler, Provider, Settings, Sure};
use serde_json::json;

use crate::{
    args,
    auth::provider,
    failure::Failure,
    session::{Place, Trusted},
    table::Table,
    terminal::Terminal,
};

pub(crate) fn providers(args: args::Providers, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    // What nobody trusts does not hold, so that it is not shown as if it did.
    let (_all, asks) = place.read()?;
    let settings = place.settings()?;
    if place.trusted(&asks)? == Trusted::No {
        terminal.say(
            "This project's files are not trusted, so they are not looked at: `pocket trust` shows what they ask.",
        );
    }
    if let Some(name) = args.name {
        return provider::provider(&name, &settings, terminal);
    }
    if terminal.is_json() {
        let all: Vec<_> = settings
            .providers
            .iter()
            .map(|provider| provider::json_of(provider, &settings))
            .collect();
        terminal.value(&json!({ "providers": all }));
        return Ok(());
    }
    let mut table = Table::new(["PROVIDER", "HANDLERS", "NEEDS", "SURE"]);
    for provider in settings.providers.iter() {
        table.row(row(provider, &settings));
    }
    terminal.data(table);
    terminal.say("* is the handler of tools that name none; `pocket auth providers NAME` tells all about one");
    Ok(())
}

fn row(provider: &Provider, settings: &Settings) -> [String; 4] {
    let is_default = |index: usize| {
        if index == 0 && provider.handlers.len() > 1 {
            "*"
        } else {
            ""
        }
    };
    let handlers = provider.handlers.iter().enumerate();
    let handlers: Vec<String> = handlers
        .map(|(index, handler)| format!("{}{}", handler.name, is_default(index)))
        .collect();
    let needs: Vec<String> = provider
        .handlers
        .iter()
        .map(|handler| needs(provider, handler, settings))
        .collect();
    [
        provider.name.clone(),
        handlers.join(", "),
        needs.join(", or "),
        sure_in_words(provider.sure).to_owned(),
    ]
}

/// What a user has to have for a handler.
fn needs(provider: &Provider, handler: &Handler, settings: &Settings) -> String {
    match &handler.flow {
        Flow::OAuth2(_) | Flow::Device(_) | Flow::ClientCredentials(_) => {
            match settings.auth.clients.contains_key(&provider.name) {
                true => "an app (set)".to_owned(),
                false => "an app of yours".to_owned(),
            }
        }
        Flow::Token(entry) => in_a_sentence(&entry.label),
        Flow::Fields(entry) => {
            let labels: Vec<String> = entry.fields.iter().map(|field| in_a_sentence(&field.label)).collect();
            labels.join(" and ")
        }
        _newer => "a sign-in".to_owned(),
    }
}

/// `API key` stays, `Bot token` becomes `bot token`.
fn in_a_sentence(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _other => label.to_owned(),
    }
}

pub(super) const fn sure_in_words(sure: Sure) -> &'static str {
    match sure {
        Sure::Vendor => "the provider says so",
        Sure::Clients => "other clients do so",
        Sure::Unchecked => "not looked up",
        Sure::Operator => "your own words",
        Sure::Changed => "changed by you",
    }
}
