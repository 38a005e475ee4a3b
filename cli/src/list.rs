//! `pocket list`: the tools of this project.

use pocket_runtime::{Installed, Installer, PinnedSource, Profile, Reference, Settings, ToolName, shown_on_one_line};
use serde_json::json;

use crate::{failure::Failure, session::Place, table::Table, terminal::Terminal};

/// Runs and grants nothing, so it needs no trust; a tool that cannot be opened is told and hides no other.
pub(crate) async fn list(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let (settings, _) = place.read()?;
    let installer = place.installer(&settings)?;
    let pinned = installer.names()?;
    let mut tools = Vec::new();
    for (name, tool) in &settings.tools {
        let opened = if pinned.contains(name) {
            here(&installer, name, &tool.source, &settings)
                .await
                .map_err(|e| e.message())
        } else {
            Ok(None)
        };
        tools.push((name, tool.source.clone(), opened));
    }
    let profile = Profile::new(&place.profile);
    if terminal.is_json() {
        let tools: Vec<_> = tools
            .iter()
            .map(|(name, source, opened)| as_json(name, source, opened, &profile))
            .collect();
        terminal.value(&json!({ "tools": tools }));
        return Ok(());
    }
    if tools.is_empty() {
        terminal.say("no tools; `pocket add SOURCE` adds one");
        return Ok(());
    }
    let mut table = Table::new(["NAME", "CREDENTIAL", "SOURCE", "DESCRIPTION"]);
    for (name, source, opened) in &tools {
        table.row(row(name, source, opened, &profile));
    }
    terminal.data(table);
    Ok(())
}

/// Fetches nothing: an entry of the lock of a project that nobody trusts would have a server of its own called.
async fn here(
    installer: &Installer,
    name: &ToolName,
    written: &str,
    settings: &Settings,
) -> Result<Option<Installed>, Failure> {
    let Reference::Source(source) = installer.reference(written)? else {
        return Ok(None);
    };
    // One that was pinned from another source is pinned anew at its next run.
    if !installer.names_of(&source)?.contains(name) {
        return Ok(None);
    }
    Ok(installer.open_here(name, &settings.providers).await?)
}

fn row(name: &ToolName, source: &str, opened: &Result<Option<Installed>, String>, profile: &Profile) -> [String; 4] {
    let (credential, description) = match opened {
        Ok(Some(installed)) => (
            credential(installed, profile),
            first_line(&installed.package.manifest.description),
        ),
        Ok(None) => ("-".to_owned(), "(not fetched yet)".to_owned()),
        Err(error) => (
            "-".to_owned(),
            format!("(cannot be opened: {})", shown_on_one_line(error)),
        ),
    };
    [name.to_string(), credential, shown_on_one_line(source), description]
}

fn credential(installed: &Installed, profile: &Profile) -> String {
    let is_given = installed.grant.credential.is_given_by(profile);
    match (&installed.package.manifest.auth, is_given) {
        (None, _) => "none needed".to_owned(),
        (Some(need), true) => need.provider.clone(),
        (Some(need), false) => format!("{} (withheld)", need.provider),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    shown_on_one_line(&if short.len() < line.len() {
        format!("{short}…")
    } else {
        short
    })
}

fn as_json(
    name: &ToolName,
    source: &str,
    opened: &Result<Option<Installed>, String>,
    profile: &Profile,
) -> serde_json::Value {
    match opened {
        Ok(Some(installed)) => json!({
            "name": name,
            "source": source,
            "commit": commit(installed),
            "description": installed.package.manifest.description,
            "credential": installed.package.manifest.auth.as_ref().map(|need| json!({
                "provider": need.provider,
                "given": installed.grant.credential.is_given_by(profile),
            })),
        }),
        Ok(None) => json!({ "name": name, "source": source }),
        Err(error) => json!({ "name": name, "source": source, "error": error }),
    }
}

fn commit(installed: &Installed) -> Option<String> {
    match &installed.source {
        PinnedSource::Git { commit, .. } => Some(commit.to_string()),
        PinnedSource::Path(_) => None,
    }
}
