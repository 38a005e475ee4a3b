//! `pocket run`: fetch, check, sign in if needed, run, print the output.

use pocket_runtime::{
    AccountOwner, AuthRequirement, CallOptions, Called, Candidate, Code, Error, Grant, Input, PinnedSource, Pocket,
    Reference, ToolName, shown_on_one_line,
};

use crate::{
    args,
    ask::{Answer, ask},
    asks::scopes_of_account,
    auth::sign_in,
    failure::Failure,
    grants::{Given, Purpose},
    input::input,
    progress::Following,
    session::{Place, Session},
    terminal::Terminal,
};

pub(crate) async fn run(args: args::Run, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Run {
        tool,
        input: written,
        set,
        harden: _,
        sign_in,
        grants,
    } = args;
    let input = input(written.as_deref(), &set)?;
    let given = Given::read(grants, place)?;
    let session = place.open(terminal)?;
    let tool = place.typed(&tool, &session.settings.sources)?;
    let opened = match Reference::parse(&tool, &place.project, &session.settings.sources)? {
        Reference::Name(name) => of_project(&session, name, &given, &sign_in, terminal).await?,
        Reference::Source(_) => of_source(&session, &tool, &given, &sign_in, terminal).await?,
    };
    on_device_first(&opened, &sign_in, terminal).await?;
    let called = call(&opened.pocket, &opened.name, input, &sign_in, terminal).await?;
    terminal.called(&called)
}

/// A tool that is ready to be called.
struct Opened {
    pocket: Pocket,
    name: ToolName,
    /// What its manifest asks of a provider.
    need: Option<AuthRequirement>,
}

/// Where a code was asked for: begins with it where the call would otherwise begin a sign-in on a page.
async fn on_device_first(opened: &Opened, ways: &args::SignInWays, terminal: &Terminal) -> Result<(), Failure> {
    let Opened { pocket, name, need } = opened;
    let Some(need) = need.as_ref().filter(|_need| ways.device) else {
        return Ok(());
    };
    if pocket.is_signed_in(need).await? {
        return Ok(());
    }
    let begun = sign_in::begin(pocket, need, &[name.to_string()], ways).await?;
    sign_in::complete(pocket, &begun, ways, terminal).await
}

/// A tool that was added: as it was granted, and for this run what was given beside.
async fn of_project(
    session: &Session<'_>,
    name: ToolName,
    given: &Given,
    ways: &args::SignInWays,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    if !session.settings.tools.contains_key(&name) {
        return Err(session.no_tool(&name));
    }
    let pocket = session.open_tool(&name).await?.for_profile(&session.place.profile);
    let candidate = pocket.inspect(name.as_str()).await?;
    // The account may be the tool's own.
    let need = pocket.need_of(name.as_str()).await?;
    if given.says_something() {
        let grant = pocket.grant_of(name.as_str()).await?.unwrap_or_default();
        let grant = given.over(grant, &candidate)?;
        pocket.grant_for_now(name.as_str(), grant, given.entry()).await?;
        credential_for_now(&pocket, &name, &candidate, given, ways, terminal).await?;
        return Ok(Opened { pocket, name, need });
    }
    if needs_credential(&candidate, pocket.grant_of(name.as_str()).await?.as_ref(), given).is_some()
        && let Some(need) = &need
    {
        agree_to_credential(&pocket, &name, need, ways, terminal).await?;
        let grant = pocket.grant_of(name.as_str()).await?.unwrap_or_default();
        pocket.grant(name.as_str(), with_credential(grant, given)).await?;
        session.keep_trusted()?;
    }
    Ok(Opened { pocket, name, need })
}

/// What was given for this run only is written nowhere, the credential too.
async fn credential_for_now(
    pocket: &Pocket,
    name: &ToolName,
    candidate: &Candidate,
    given: &Given,
    ways: &args::SignInWays,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let grant = pocket.grant_of(name.as_str()).await?.unwrap_or_default();
    if needs_credential(candidate, Some(&grant), given).is_some()
        && let Some(need) = pocket.need_of(name.as_str()).await?
    {
        agree_to_credential(pocket, name, &need, ways, terminal).await?;
        let grant = with_credential(grant, given);
        pocket.grant_for_now(name.as_str(), grant, given.entry()).await?;
    }
    Ok(())
}

/// What was never added: pinned nowhere; what a person granted it is kept in `home` for the next time.
async fn of_source(
    session: &Session<'_>,
    written: &str,
    given: &Given,
    ways: &args::SignInWays,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    let pocket = session
        .builder()
        .only([])
        .build()
        .await?
        .for_profile(&session.place.profile);
    let candidate = pocket.inspect(written).await?;
    if let PinnedSource::Git { commit, .. } = &candidate.source {
        terminal.say(format_args!("commit {commit}"));
    }
    let trust = session.place.trust();
    given.check_digest(&candidate)?;
    let kept = trust.grant(&candidate, &given.profile)?;
    let mut grant = match &kept {
        Some(grant) => given.over(grant.clone(), &candidate)?,
        None => {
            let owner = AccountOwner::SHARED;
            given
                .decide(&candidate, Purpose::Run, &owner, &pocket, terminal)
                .await?
        }
    };
    let name = candidate.package.manifest.name.clone();
    if let Some(need) = needs_credential(&candidate, Some(&grant), given) {
        agree_to_credential(&pocket, &name, &need, ways, terminal).await?;
        grant = with_credential(grant, given);
    }
    if kept.as_ref() != Some(&grant) && grant != Grant::default() {
        trust.keep_grant(&candidate, &given.profile, &grant)?;
    }
    let need = candidate.package.manifest.auth.clone();
    pocket.add_for_now(candidate, None, grant, given.entry()).await?;
    Ok(Opened { pocket, name, need })
}

/// The same, and the credential of the profile that calls.
fn with_credential(grant: Grant, given: &Given) -> Grant {
    Grant {
        credential: grant.credential.and_of(given.profile.clone()),
        ..grant
    }
}

/// What a tool needs and was not granted yet by the profile that calls.
fn needs_credential(candidate: &Candidate, grant: Option<&Grant>, given: &Given) -> Option<AuthRequirement> {
    let granted = grant.is_some_and(|grant| grant.credential.is_given_by(&given.profile));
    candidate.package.manifest.auth.clone().filter(|_need| !granted)
}

/// A credential is a grant: by completing a sign-in begun for this tool, or, where the account is ready, by a clear yes.
async fn agree_to_credential(
    pocket: &Pocket,
    name: &ToolName,
    need: &AuthRequirement,
    ways: &args::SignInWays,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if !pocket.is_signed_in(need).await? {
        let begun = sign_in::begin(pocket, need, &[name.to_string()], ways).await?;
        return sign_in::complete(pocket, &begun, ways, terminal).await;
    }
    let scopes = scopes_of_account(pocket, &need.provider, &need.owner).await?;
    let scopes = if scopes.is_empty() {
        String::new()
    } else {
        format!(", which has the scopes {}", shown_on_one_line(&scopes.join(", ")))
    };
    let question = format!("Give `{name}` your {} credential{scopes}?", need.provider);
    if terminal.can_ask() && ask(terminal, &question) == Answer::Yes {
        return Ok(());
    }
    let message = format!("`{name}` was not granted your {} credential", need.provider);
    Err(Failure::said(Code::Denied, message)
        .hint("run it on a terminal and agree, or give `--yes=DIGEST` with the digest that `pocket inspect` prints"))
}

/// Calls, and once more after a sign-in that the call turned out to need.
async fn call(
    pocket: &Pocket,
    name: &ToolName,
    input: Input,
    ways: &args::SignInWays,
    terminal: &Terminal,
) -> Result<Called, Failure> {
    let called = call_once(pocket, name, input.clone(), terminal).await?;
    let Err(Error::SignInRequired(begun)) = &called.ended else {
        return Ok(called);
    };
    if ways.no_wait {
        return Ok(called);
    }
    sign_in::complete(pocket, begun, ways, terminal).await?;
    call_once(pocket, name, input, terminal).await
}

async fn call_once(pocket: &Pocket, name: &ToolName, input: Input, terminal: &Terminal) -> Result<Called, Failure> {
    let mut options = CallOptions::default();
    let following = Following::begin(terminal, name.as_str());
    options.report = Some(following.report());
    Ok(pocket.call(name.as_str(), input, options).await?)
}
