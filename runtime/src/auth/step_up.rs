//! What follows when a provider refused a request for lack of a scope: a wider consent, where that can give it.

use std::time::Duration;

use crate::{
    auth::{
        AuthError, Credential,
        core::Core,
        decide::Why,
        error::ScopeFault,
        record::{Record, StepUp},
        resolve::{Renewal, Resolved},
    },
    base::clock::UnixTime,
    package::AuthRequirement,
    provider::{ImpliedScopes, Scopes},
};

/// How often in a row a user is asked for one scope that he gave before, as the provider says, and that is refused all the same.
const MOST: u8 = 2;

/// After which time it is no longer in a row.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Notes that a provider's host refused this very token for lack of one of the scopes `named`. The token stays in use for whom
/// it is wide enough; gives why a person has to sign in, whose consent is then for what the account had and those scopes.
///
/// # Errors
/// [`AuthError::Scope`] where no consent that may be asked for would help.
pub(super) async fn step_up(
    core: &Core,
    refused: &Credential,
    need: &AuthRequirement,
    named: &[String],
) -> Result<String, AuthError> {
    let mut of_account = AuthRequirement::new(&*refused.provider);
    of_account.handler = Some(refused.handler.to_string());
    of_account.token = refused.kind;
    of_account.owner = refused.owner.clone();
    let (resolved, _none_for_a_named_handler) = core.resolve(&refused.profile, &of_account)?;
    let refusal = |fault, scopes: &[String]| AuthError::Scope {
        provider: resolved.account.provider.clone(),
        handler: resolved.account.handler.clone(),
        scopes: scopes.to_vec(),
        fault,
    };
    if named.is_empty() {
        return Err(refusal(ScopeFault::NotNamed, &[]));
    }
    if resolved.handler.scopes == Scopes::None || resolved.renewal() == Renewal::Client {
        return Err(refusal(ScopeFault::NotAsked, named));
    }
    let loaded = core.records.load(&resolved.account).await?;
    let Some(loaded) = loaded.filter(|loaded| !loaded.record.signing_out) else {
        return Ok(Why::NoAccount.in_words());
    };
    let alone = ImpliedScopes::default();
    let implied = resolved.implied_scopes().unwrap_or(&alone);
    let declared = declared(&resolved, need);
    let missing = match implied.missing(&loaded.record.scopes, named) {
        none if none.is_empty() => named.to_vec(),
        some => some,
    };
    let undeclared = implied.missing(declared, &missing);
    if !undeclared.is_empty() {
        return Err(refusal(ScopeFault::NotDeclared, &undeclared));
    }
    let lost: Vec<String> = giving(implied, declared, &missing).cloned().collect();
    let now = core.now();
    let change = |record: &Record| match verdict(record, refused.version, &lost, now) {
        Verdict::Narrow => Some(narrowed(record, implied, &lost, now)),
        Verdict::Narrowed | Verdict::Newer | Verdict::TooOften => None,
    };
    // What it was before the change; what others did meanwhile is seen by the next call.
    let before = verdict(&loaded.record, refused.version, &lost, now);
    core.change(&resolved.account, change).await?;
    match before {
        Verdict::Narrow | Verdict::Narrowed => Ok(Why::Scopes(lost).in_words()),
        Verdict::Newer => Err(AuthError::busy(&resolved.account.provider, 1)),
        Verdict::TooOften => Err(refusal(ScopeFault::NotGiven, &lost)),
    }
}

/// The scopes that the tool says it needs; where it names none, those that its sign-in asked for.
fn declared<'a>(resolved: &'a Resolved<'_>, need: &'a AuthRequirement) -> &'a [String] {
    match need.scopes.as_slice() {
        [] => resolved.recommended().unwrap_or_default(),
        named => named,
    }
}

/// Those of `scopes` with which one of `wanted` comes.
fn giving<'a>(
    implied: &'a ImpliedScopes,
    scopes: &'a [String],
    wanted: &'a [String],
) -> impl Iterator<Item = &'a String> {
    scopes.iter().filter(|scope| {
        let alone = std::slice::from_ref(*scope);
        wanted.iter().any(|wanted| implied.covers(alone, wanted))
    })
}

/// What a refusal means for a record.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The account does not have these scopes, whatever the consent's answer said.
    Narrow,
    /// That was noted already.
    Narrowed,
    /// It was another token that was refused.
    Newer,
    /// Consents do not give them.
    TooOften,
}

fn verdict(record: &Record, refused: u64, lost: &[String], now: UnixTime) -> Verdict {
    if record.signing_out || record.token_version != refused {
        return Verdict::Newer;
    }
    let noted = |scope: &String| record.step_ups.get(scope).filter(|noted| is_in_a_row(noted, now));
    if lost
        .iter()
        .all(|scope| noted(scope).is_some_and(|noted| noted.version == refused))
    {
        return Verdict::Narrowed;
    }
    match lost
        .iter()
        .any(|scope| noted(scope).is_some_and(|noted| noted.count >= MOST))
    {
        true => Verdict::TooOften,
        false => Verdict::Narrow,
    }
}

fn is_in_a_row(noted: &StepUp, now: UnixTime) -> bool {
    now.since(noted.at) < FORGOTTEN
}

/// Without the scopes that the provider says the token lacks.
fn narrowed(record: &Record, implied: &ImpliedScopes, lost: &[String], now: UnixTime) -> Record {
    let mut narrower = record.clone();
    let gone: Vec<String> = giving(implied, &record.scopes, lost).cloned().collect();
    narrower.scopes.retain(|scope| !gone.contains(scope));
    narrower.step_ups.retain(|_scope, noted| is_in_a_row(noted, now));
    for scope in lost {
        let before = narrower.step_ups.get(scope).map_or(0, |noted| noted.count);
        let noted = StepUp {
            at: now,
            count: before.saturating_add(1),
            version: record.token_version,
        };
        narrower.step_ups.insert(scope.clone(), noted);
    }
    narrower.last_error = Some(format!(
        "the provider answered 403: {}",
        Why::Scopes(lost.to_vec()).in_words()
    ));
    narrower
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::auth::record::tests::record;

    const NOW: UnixTime = UnixTime(1_000_000);

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_scope_is_asked_for_twice_in_a_row_and_again_a_day_later() {
        let implied = ImpliedScopes::default();
        let lost = words(&["write"]);
        let mut current = record(Some("r"), 0, None);
        for version in 1..=2 {
            current.token_version = version;
            current.scopes = words(&["read", "write"]);
            assert_eq!(verdict(&current, version, &lost, NOW), Verdict::Narrow);
            current = narrowed(&current, &implied, &lost, NOW);
            assert_eq!(current.scopes, ["read"]);
            assert_eq!(
                verdict(&current, version, &lost, NOW),
                Verdict::Narrowed,
                "once for a token"
            );
            assert_eq!(verdict(&current, version - 1, &lost, NOW), Verdict::Newer);
        }
        current.token_version = 3;
        assert_eq!(verdict(&current, 3, &lost, NOW), Verdict::TooOften);
        assert_eq!(
            verdict(&current, 3, &words(&["read"]), NOW),
            Verdict::Narrow,
            "another scope"
        );
        assert_eq!(verdict(&current, 3, &lost, NOW.after(FORGOTTEN)), Verdict::Narrow);
    }

    #[test]
    fn scopes_with_which_the_lacking_one_comes_are_not_there_either() {
        let providers = crate::provider::Providers::builtin().unwrap();
        let handler = providers.find("github").unwrap().handler(None).unwrap();
        let implied = &handler.flow.oauth2().unwrap().implied_scopes;
        let mut current = record(None, 0, None);
        current.scopes = words(&["repo", "user"]);
        let after = narrowed(&current, implied, &words(&["public_repo"]), NOW);
        assert_eq!(after.scopes, ["user"]);
        assert!(after.last_error.is_some_and(|why| why.contains("`public_repo`")));
    }
}
