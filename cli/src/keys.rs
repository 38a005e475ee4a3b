//! `pocket keys`: who may call what is served.

use pocket_runtime::{Profile, UnixTime, shown_on_one_line};
use pocket_server::{Key, Keys};
use serde_json::json;

use crate::{args, failure::Failure, session::Place, table::Table, terminal::Terminal};

pub(crate) fn keys(args: args::Keys, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let keys = Keys::of(&place.home);
    match args {
        args::Keys::Create(create) => make(create, &keys, place, terminal),
        args::Keys::List => list(&keys, terminal),
        args::Keys::Revoke(revoke) => {
            let key = keys.revoke(&revoke.id)?;
            if terminal.is_json() {
                terminal.value(&json!({ "id": key.id }));
            }
            terminal.done(format_args!(
                "revoked {}: what it has open ends within a second",
                key.id
            ));
            Ok(())
        }
    }
}

fn make(args: args::CreateKey, keys: &Keys, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::CreateKey { name, tool, metrics } = args;
    let tools = (!tool.is_empty()).then(|| tool.into_iter().collect());
    let made = if metrics {
        keys.create_for_metrics(name)?
    } else {
        keys.create(&Profile::new(place.profile.clone()), tools, name)?
    };
    if terminal.is_json() {
        let mut shape = shape(&made.key);
        if let Some(fields) = shape.as_object_mut() {
            fields.insert("key".to_owned(), json!(made.text.expose()));
        }
        terminal.value(&shape);
    } else {
        terminal.data(made.text.expose());
    }
    let what = if made.key.metrics {
        "metrics".to_owned()
    } else {
        format!("the profile `{}`", shown_on_one_line(&made.key.profile))
    };
    terminal.done(format_args!(
        "made {} for {what}: this is the only time that it is shown",
        made.key.id
    ));
    Ok(())
}

fn list(keys: &Keys, terminal: &Terminal) -> Result<(), Failure> {
    let keys = keys.list()?;
    if terminal.is_json() {
        terminal.value(&json!({ "keys": keys.iter().map(shape).collect::<Vec<_>>() }));
        return Ok(());
    }
    if keys.is_empty() {
        terminal.say("there are no keys: `pocket keys create` makes one");
        return Ok(());
    }
    let mut table = Table::new(["ID", "PROFILE", "TOOLS", "MADE", "NAME"]);
    for key in &keys {
        table.row([
            key.id.to_string(),
            shown_on_one_line(&key.profile),
            reaches(key),
            UnixTime(key.created_at).rfc3339(),
            shown_on_one_line(key.name.as_deref().unwrap_or_default()),
        ]);
    }
    terminal.data(table);
    Ok(())
}

fn reaches(key: &Key) -> String {
    match &key.tools {
        _ if key.metrics => "none: metrics only".to_owned(),
        None => "all".to_owned(),
        Some(tools) => tools.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

fn shape(key: &Key) -> serde_json::Value {
    json!({
        "id": key.id,
        "name": key.name,
        "profile": key.profile,
        "tools": key.tools,
        "metrics": key.metrics,
        "created_at": key.created_at,
    })
}
