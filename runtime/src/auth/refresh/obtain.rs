//! The client's own token, obtained when a call needs it: the request and the save, under the lease of the account.

use crate::{
    auth::{
        Client, Lease,
        flow::{FlowError, Tokens, code::Ask},
        record::{Forced, Gained, Record},
        records::Loaded,
        refresh::{
            Cause, Ended, NotRenewed,
            flight::{Flight, REQUEST, short_pause},
        },
        rejected,
    },
    base::text::shown_on_one_line,
    provider::{Metadata, OAuth2},
};

/// Obtains a token, unless another process has done so meanwhile.
pub(super) async fn obtain(flight: &Flight, scopes: &[String], lease: &Lease) -> Ended {
    let before = load(flight).await?;
    if is_newer(flight, before.as_ref()) {
        return Ok(());
    }
    let record = before.as_ref().map(|before| &*before.record);
    if flight.cause == Cause::Rejected
        && record.is_some_and(|record| rejected::was_just_tried(record, flight.seen, flight.core.now()))
    {
        return Err(NotRenewed::Busy);
    }
    match request(flight, scopes, record).await {
        Ok(gained) => save(flight, gained, lease).await,
        Err(error) => {
            note(flight, &error).await;
            Err(NotRenewed::Failed(error))
        }
    }
}

/// Whether another process has obtained one.
pub(super) async fn is_done(flight: &Flight) -> Result<bool, NotRenewed> {
    Ok(is_newer(flight, load(flight).await?.as_ref()))
}

async fn load(flight: &Flight) -> Result<Option<Loaded>, NotRenewed> {
    let loaded = flight.core.records.load(&flight.account).await?;
    Ok(loaded.filter(|loaded| !loaded.record.signing_out))
}

fn is_newer(flight: &Flight, loaded: Option<&Loaded>) -> bool {
    loaded.is_some_and(|loaded| loaded.record.token_version != flight.seen)
}

/// At most two requests. A refusal is the operator's to mend: there is no person whose sign-in would help.
async fn request(flight: &Flight, scopes: &[String], before: Option<&Record>) -> Result<Record, FlowError> {
    let core = &flight.core;
    let resolved = core.of_account(&flight.account);
    let resolved = resolved.map_err(|error| FlowError::Configuration(error.to_string()))?;
    let told = core.told(&resolved).await?;
    let resolved = resolved.with(told.as_ref());
    let (Some(oauth), Some(client)) = (resolved.oauth(), resolved.client) else {
        return Err(FlowError::Configuration("no client is set".to_owned()));
    };
    if oauth.lacks_secret(client.client_secret.is_some()) {
        return Err(FlowError::Configuration("`client_secret` is not set".to_owned()));
    }
    let mut asked: Vec<String> = scopes.to_vec();
    asked.extend(before.iter().flat_map(|before| before.asked.iter().cloned()));
    if asked.is_empty() {
        asked = resolved.recommended().unwrap_or_default().to_vec();
    }
    asked.sort_unstable();
    asked.dedup();
    let tokens = match ask(flight, oauth, client, &asked).await {
        Err(FlowError::Unreachable { retry_after: None, .. } | FlowError::Protocol(_)) => {
            tokio::time::sleep(short_pause()).await;
            ask(flight, oauth, client, &asked).await
        }
        ended => ended,
    };
    let tokens = tokens.map_err(|error| match error {
        FlowError::Denied(words) | FlowError::InvalidGrant(words) => FlowError::Configuration(words),
        other @ (FlowError::Configuration(_) | FlowError::Unreachable { .. } | FlowError::Protocol(_)) => other,
    })?;
    let origins = resolved.origins();
    Ok(record(flight, tokens, asked, origins, told))
}

fn record(flight: &Flight, tokens: Tokens, asked: Vec<String>, origins: Vec<String>, told: Option<Metadata>) -> Record {
    let now = flight.core.now();
    let mut record = Record::of_sign_in(Gained {
        tokens,
        asked,
        origins,
        told,
        now,
    });
    if flight.cause == Cause::Rejected {
        record.forced = Some(Forced {
            at: now,
            version: flight.seen,
        });
    }
    record
}

async fn ask(flight: &Flight, oauth: &OAuth2, client: &Client, scopes: &[String]) -> Result<Tokens, FlowError> {
    let ask = Ask {
        oauth,
        client,
        redirect: None,
        scopes,
        kind: flight.account.kind,
    };
    let asking = flight.core.exchange.client_credentials(&ask, flight.core.now());
    tokio::time::timeout(REQUEST, asking).await.unwrap_or_else(|_elapsed| {
        Err(FlowError::Unreachable {
            reason: "it did not answer in time".to_owned(),
            retry_after: None,
        })
    })
}

/// Over whatever was there, but a newer token. One that is lost here costs nothing but another request.
async fn save(flight: &Flight, gained: Record, lease: &Lease) -> Ended {
    let records = &flight.core.records;
    let expected = records.store().version(&flight.account).await;
    let expected = expected.map_err(|error| NotRenewed::store(&error.into()))?;
    match records
        .save_tokens(&flight.account, gained, expected, Some(lease))
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict() && is_done(flight).await? => Ok(()),
        Err(error) => Err(NotRenewed::store(&error)),
    }
}

/// Notes in the record why there is no new token.
async fn note(flight: &Flight, error: &FlowError) {
    let words = shown_on_one_line(&error.to_string());
    let now = flight.core.now();
    let changed = flight.core.change(&flight.account, |record| {
        let mut noted = record.clone();
        noted.last_error = Some(words.clone());
        if flight.cause == Cause::Rejected {
            noted.forced = Some(Forced {
                at: now,
                version: flight.seen,
            });
        }
        Some(noted)
    });
    if let Err(error) = changed.await {
        tracing::warn!(provider = %flight.account.provider, %error, "a failed request for a token could not be noted");
    }
}
