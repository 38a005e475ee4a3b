//! The page on which secrets are typed: shown, and what it sends taken.

use std::sync::Arc;

use axum::{
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};

use crate::{
    auth::{
        AccountState,
        complete::failed,
        decide::shown_state,
        flow::{Tokens, fields, typed},
        flows::Sealed,
        listener::{
            answer::{broken, outcome_page},
            cookie,
            door::Door,
            form::{FIELD, Form},
        },
        pages::{self, Asked, Input},
        pending::{Fault, Pending, Step, Tried, Typing},
    },
    base::{clock::UnixTime, secret::Secret},
    provider::{FieldsEntry, Flow, Secrecy, TokenEntry},
};

/// The one field where a single token is typed.
const TOKEN: &str = "token";

/// What is typed.
enum Entry {
    Token(TokenEntry, Vec<String>),
    Fields(FieldsEntry),
}

/// Why what was sent is not taken, in words for the page.
pub(super) enum Refused {
    Wrong(String),
    /// It begins as no token of the provider does: the user may keep it all the same.
    Unlikely(String),
}

/// Shows it. It belongs to the browser that it was shown to last.
pub(super) async fn page(
    door: &Door,
    mut pending: Pending,
    sealed: Sealed,
    headers: &HeaderMap,
    refused: Option<&Refused>,
) -> Response {
    let Some(entry) = entry(door, &pending) else {
        return pages::other_settings(&door.title(&pending)).into_response();
    };
    let cookie = if cookie::is_of(&pending, headers) {
        None
    } else {
        match door.give_to_browser(&mut pending, sealed).await {
            Ok(cookie) => Some(cookie),
            Err(answer) => return answer,
        }
    };
    let since = match good_since(door, &pending).await {
        Ok(since) => since,
        Err(answer) => return answer,
    };
    let asks_code = matches!(&pending.step, Step::Type(Typing { code: Some(_), .. }));
    let asked = Asked {
        help: entry.help(),
        inputs: entry.inputs(),
        replaces: since.filter(|_since| asks_code),
        wrong: refused.map(|refused| match refused {
            Refused::Wrong(words) | Refused::Unlikely(words) => words.as_str(),
        }),
        asks_anyway: matches!(refused, Some(Refused::Unlikely(_))),
    };
    let page = pages::typing(&pending, &door.title(&pending), &asked).into_response();
    match cookie {
        Some(cookie) => cookie::sent_with(page, cookie),
        None => page,
    }
}

/// Takes what the page sent.
pub(super) async fn sent(
    door: &Door,
    mut pending: Pending,
    sealed: Sealed,
    headers: &HeaderMap,
    form: Form,
) -> Response {
    let Some(entry) = entry(door, &pending) else {
        return pages::other_settings(&door.title(&pending)).into_response();
    };
    let tokens = match entry.accept(&form) {
        Ok(tokens) => tokens,
        Err(refused) => return page(door, pending, sealed, headers, Some(&refused)).await,
    };
    let since = match good_since(door, &pending).await {
        Ok(since) => since,
        Err(answer) => return answer,
    };
    if since.is_some() {
        match attempt(door, &mut pending, sealed, &form).await {
            Ok(Tried::Right) => {}
            Ok(Tried::Wrong) => return again(door, pending, headers).await,
            Ok(Tried::TooOften) => return given_up(door, &pending).await,
            Err(answer) => return answer,
        }
    }
    let taken = match door.core.flows.take(pending.id).await {
        Ok(Some(taken)) => taken,
        Ok(None) => return pages::used().into_response(),
        Err(error) => return broken(&error),
    };
    let completion = Arc::clone(&door.completion);
    door.completed(&pending, async move { completion.by_typing(&taken, tokens).await })
        .await
}

/// Since when the account has a credential that is good, which what is typed would replace.
async fn good_since(door: &Door, pending: &Pending) -> Result<Option<UnixTime>, Response> {
    let loaded = door.core.records.load(&pending.account()).await;
    let loaded = loaded.map_err(|error| broken(&error))?;
    let good = loaded.filter(|loaded| {
        let state = shown_state(&loaded.record, door.core.now());
        !loaded.record.signing_out && !matches!(state, AccountState::NeedsSignIn(_))
    });
    Ok(good.map(|good| good.record.received_at))
}

/// Looks at the code. That it was looked at is kept before anyone learns what came of it: else codes could be tried side by side.
async fn attempt(door: &Door, pending: &mut Pending, sealed: Sealed, form: &Form) -> Result<Tried, Response> {
    let Step::Type(typing) = &mut pending.step else {
        return Err(pages::unknown().into_response());
    };
    if typing.code.is_none() {
        // The account had nothing to replace when this was begun.
        return Err(pages::kept_meanwhile(&door.title(pending)).into_response());
    }
    let tried = typing.attempt(form.code());
    match door.core.flows.replace(&sealed, pending).await {
        Ok(true) => Ok(tried),
        Ok(false) => Err(pages::at_work().into_response()),
        Err(error) => Err(broken(&error)),
    }
}

async fn again(door: &Door, pending: Pending, headers: &HeaderMap) -> Response {
    match door.pending_of(pending.id).await {
        Ok((pending, sealed)) => {
            let wrong =
                Refused::Wrong("the code is not the one that the terminal shows: enter everything again".to_owned());
            page(door, *pending, sealed, headers, Some(&wrong)).await
        }
        Err(answer) => answer,
    }
}

async fn given_up(door: &Door, pending: &Pending) -> Response {
    let outcome = failed(
        Fault::Refused,
        "the code from the terminal was entered wrongly too often",
    );
    match door.completion.call_off(pending.id, &outcome).await {
        Ok(()) => outcome_page(&outcome).into_response(),
        Err(error) => broken(&error),
    }
}

fn entry(door: &Door, pending: &Pending) -> Option<Entry> {
    let account = pending.account();
    let resolved = door.core.of_account(&account).ok()?;
    match &resolved.handler.flow {
        Flow::Token(entry) => Some(Entry::Token(entry.clone(), resolved.provider.token_prefixes.clone())),
        Flow::Fields(entry) => Some(Entry::Fields(entry.clone())),
        Flow::OAuth2(_) | Flow::Device(_) | Flow::ClientCredentials(_) => None,
    }
}

impl Entry {
    fn help(&self) -> Option<&str> {
        match self {
            Self::Token(entry, _) => Some(&entry.help),
            Self::Fields(entry) => entry.help.as_deref(),
        }
    }

    fn inputs(&self) -> Vec<Input<'_>> {
        match self {
            Self::Token(entry, _) => vec![Input {
                name: format!("{FIELD}{TOKEN}"),
                label: &entry.label,
                help: None,
                secrecy: Secrecy::Secret,
                is_needed: true,
            }],
            Self::Fields(entry) => entry
                .fields
                .iter()
                .map(|field| Input {
                    name: format!("{FIELD}{}", field.name),
                    label: &field.label,
                    help: field.help.as_deref(),
                    secrecy: field.secrecy,
                    is_needed: field.minimum > 0,
                })
                .collect(),
        }
    }

    fn accept(&self, form: &Form) -> Result<Tokens, Refused> {
        match self {
            Self::Token(entry, prefixes) => {
                let typed = form.fields().get(TOKEN).map_or("", Secret::expose);
                let token = typed::accept(entry, typed).map_err(|error| Refused::Wrong(error.to_string()))?;
                if !typed::has_known_prefix(prefixes, &token) && !form.anyway() {
                    return Err(Refused::Unlikely(format!(
                        "it does not begin as tokens of this provider do ({}): enter the right one, or say below that this is it",
                        prefixes.join(", ")
                    )));
                }
                Ok(typed::tokens(token))
            }
            Self::Fields(entry) => {
                let values = fields::accept(entry, form.fields()).map_err(|error| Refused::Wrong(error.to_string()))?;
                fields::tokens(entry, values).ok_or_else(|| Refused::Wrong("there is no secret in it".to_owned()))
            }
        }
    }
}
