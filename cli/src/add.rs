//! `pocket add`: add a tool to this project.

use pocket_runtime::{AccountOwner, Code, Grant, PinnedSource, Reference, Settings, ToolName, shown_on_one_line};
use serde_json::json;

use crate::{
    args,
    failure::Failure,
    grants::{Given, Purpose},
    project_file::ProjectFile,
    session::Place,
    terminal::Terminal,
};

pub(crate) async fn add(args: args::Add, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Add { source, name, grants } = args;
    let given = Given::read(grants, place)?;
    let session = place.open(terminal)?;
    let source = place.typed(&source, &session.settings.sources)?;
    if let Reference::Name(name) = Reference::parse(&source, &place.project, &session.settings.sources)? {
        return Err(not_a_source(&name, &session.settings));
    }
    let pocket = session.builder().only([]).build().await?;
    let candidate = pocket.inspect(&source).await?;
    let name = name.unwrap_or_else(|| candidate.package.manifest.name.clone());
    if let Some(there) = session.settings.tools.get(&name) {
        return Err(already_there(&name, &there.source, candidate.source.written()));
    }
    let shared = AccountOwner::SHARED;
    let grant = given
        .decide(&candidate, Purpose::Keep, &shared, &pocket, terminal)
        .await?;
    let written = candidate.source.written().to_owned();
    let pinned = candidate.source.clone();
    let folders = grant.files.clone();
    let needs_credential = candidate.package.manifest.auth.clone();
    let has_credential = grant.credential.is_given_by(&given.profile);
    session.check_unchanged()?;
    let mut file = ProjectFile::open(&place.project)?;
    // Folders and extra rules are the operator's own words: they stand in `pocket.toml`, where a person can change them.
    pocket
        .add(
            candidate,
            Some(name.clone()),
            Grant {
                files: Vec::new(),
                ..grant
            },
        )
        .await?;
    file.set_tool(&name, &written, &given, &folders);
    file.save()?;
    session.keep_all_trusted()?;
    terminal.done(format_args!("added `{name}`"));
    if let PinnedSource::Git { commit, .. } = &pinned {
        terminal.say(format_args!("  pinned to commit {commit}"));
    }
    if let (Some(need), false) = (&needs_credential, has_credential) {
        terminal.say(format_args!(
            "  it was not given your {} credential: `pocket run {name}` asks for it at its first call",
            need.provider
        ));
    }
    if terminal.is_json() {
        terminal.value(&json!({ "name": name, "source": written }));
    }
    Ok(())
}

fn not_a_source(name: &ToolName, settings: &Settings) -> Failure {
    if settings.tools.contains_key(name) {
        return Failure::usage(format!("`{name}` is a tool of this project already")).hint(format!(
            "`pocket run {name}` runs it, `pocket update {name}` takes what is new in its source"
        ));
    }
    Failure::usage(format!("this is neither a path nor a URL: `{name}`"))
        .hint(format!("a folder is written with a `/`: `./{name}`"))
}

fn already_there(name: &ToolName, there: &str, wanted: &str) -> Failure {
    let (there, wanted) = (shown_on_one_line(there), shown_on_one_line(wanted));
    let other_name = format!("`pocket add {wanted} --name OTHER` adds it under another name");
    if there == wanted {
        return Failure::said(
            Code::NotValid,
            format!("`{name}` is already added, from this source: `{there}`"),
        )
        .hint(format!("`pocket update {name}` takes what is new in its source"))
        .hint(other_name);
    }
    Failure::said(
        Code::NotValid,
        format!("`{name}` is already added, from another source: `{there}`"),
    )
    .hint(other_name)
    .hint(format!("`pocket remove {name}` takes the other one away first"))
}
