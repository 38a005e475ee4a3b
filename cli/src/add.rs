//! `pocket add`: add a tool to this project.

use pocket_runtime::{CredentialGrant, Grant, PinnedSource, Reference};
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
    let given = Given::read(grants, &place.project)?;
    let session = place.open(terminal)?;
    if let Reference::Name(name) = Reference::parse(&source, &place.project, &session.settings.sources)? {
        return Err(Failure::Usage(format!("a folder is written with a `/`: `./{name}`")));
    }
    let pocket = session.builder().only([]).build().await?;
    let candidate = pocket.inspect(&source).await?;
    let name = name.unwrap_or_else(|| candidate.package.manifest.name.clone());
    if session.settings.tools.contains_key(&name) {
        return Err(pocket_runtime::Error::NameTaken(name.to_string()).into());
    }
    let grant = given.decide(&candidate, Purpose::Keep, terminal)?;
    let written = candidate.source.written().to_owned();
    let pinned = candidate.source.clone();
    let folders = grant.files.clone();
    let needs_credential = candidate.package.manifest.auth.clone();
    let credential = grant.credential;
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
    place.keep_trusted()?;
    terminal.done(format_args!("added `{name}`"));
    if let PinnedSource::Git { commit, .. } = &pinned {
        terminal.say(format_args!("  pinned to commit {commit}"));
    }
    if let (Some(need), CredentialGrant::Withheld) = (&needs_credential, credential) {
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
