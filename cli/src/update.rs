//! `pocket update`: show what is new in a tool's source, and take it.

use pocket_runtime::{AccountOwner, Grant, ToolName, Update, shown_on_one_line};
use serde_json::json;

use crate::{
    args,
    failure::Failure,
    grants::{Given, Purpose},
    session::{Place, Session},
    terminal::Terminal,
};

pub(crate) async fn update(args: args::Update, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Update { name, yes } = args;
    let grants = args::Grants {
        yes,
        ..args::Grants::default()
    };
    let given = Given::read(grants, place)?;
    let session = place.open(terminal)?;
    let names: Vec<ToolName> = match name {
        Some(name) if session.settings.tools.contains_key(&name) => vec![name],
        Some(name) => {
            return Err(session.no_tool(&name));
        }
        None => session.settings.tools.keys().cloned().collect(),
    };
    if names.is_empty() {
        terminal.say("no tools; `pocket add SOURCE` adds one");
    }
    let mut told = Vec::new();
    for name in names {
        told.push(update_one(&session, &name, &given, terminal).await?);
    }
    if terminal.is_json() {
        terminal.value(&json!({ "tools": told }));
    }
    Ok(())
}

async fn update_one(
    session: &Session<'_>,
    name: &ToolName,
    given: &Given,
    terminal: &Terminal,
) -> Result<serde_json::Value, Failure> {
    let pocket = session.open_tool(name).await?;
    let update = pocket.update(name.as_str()).await?;
    let withheld =
        update.candidate.package.manifest.auth.is_some() && !update.grant.credential.is_given_by(&given.profile);
    let changes = update.changes.clone();
    if changes.is_empty() && !update.widens && !withheld {
        terminal.say(format_args!("`{name}` is up to date"));
        return Ok(json!({ "name": name, "changes": [] }));
    }
    show(name, &update, terminal);
    let grant = if update.widens || withheld {
        let owner = match session.settings.tools.get(name) {
            Some(tool) if tool.own_account => pocket.own_account_of(name)?,
            Some(_) | None => AccountOwner::SHARED,
        };
        let agreed = given
            .decide(&update.candidate, Purpose::Keep, &owner, &pocket, terminal)
            .await?;
        let others = update.grant.credential.clone();
        Grant {
            files: update.grant.files.clone(),
            credential: if agreed.credential.is_given_by(&given.profile) {
                others.and_of(given.profile.clone())
            } else {
                others
            },
            ..agreed
        }
    } else {
        update.grant.clone()
    };
    pocket.take_update(name.as_str(), update, grant).await?;
    session.keep_trusted()?;
    terminal.done(format_args!("updated `{name}`"));
    Ok(json!({ "name": name, "changes": changes }))
}

fn show(name: &ToolName, update: &Update, terminal: &Terminal) {
    terminal.say(format_args!("`{name}`:"));
    for change in &update.changes {
        let from = if change.from.is_empty() {
            "(nothing)".to_owned()
        } else {
            shown_on_one_line(&change.from)
        };
        let to = if change.to.is_empty() {
            "(nothing)".to_owned()
        } else {
            shown_on_one_line(&change.to)
        };
        terminal.say(format_args!("  {}: {from} → {to}", change.what));
    }
}
