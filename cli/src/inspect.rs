//! `pocket inspect`: what a tool is and what it may reach.

use pocket_runtime::{
    Candidate, ComponentKind, PinnedSource, Providers, Reference, Settings, shown, shown_on_one_line,
};
use serde_json::json;

use crate::{args, failure::Failure, grants::Asks, session::Place, terminal::Terminal};

/// It grants and runs nothing, so it needs no trust: what the project's files redefine is then not looked at either.
pub(crate) async fn inspect(args: args::Inspect, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let (settings, asks) = place.read()?;
    let settings = if place.is_trusted(&asks)? {
        settings
    } else {
        Settings::read_without_project(&place.home, std::env::vars())?
    };
    let providers = &settings.providers;
    let candidate = candidate(&args.tool, place, &settings, providers).await?;
    if terminal.is_json() {
        terminal.value(&as_json(&candidate, providers));
    } else {
        print(&candidate, providers, terminal);
    }
    Ok(())
}

async fn candidate(
    written: &str,
    place: &Place,
    settings: &Settings,
    providers: &Providers,
) -> Result<Candidate, Failure> {
    let installer = place.installer(settings)?;
    match installer.reference(written)? {
        Reference::Source(source) => Ok(installer
            .inspect(&source, providers, Some(crate::progress::of_fetch()))
            .await?),
        Reference::Name(name) => {
            if !installer.names()?.contains(&name) {
                return Err(pocket_runtime::Error::NoTool {
                    name: name.to_string(),
                    nearest: None,
                }
                .into());
            }
            Ok(Candidate::of(&installer.open(&name, providers, None).await?))
        }
    }
}

fn print(candidate: &Candidate, providers: &Providers, terminal: &Terminal) {
    let manifest = &candidate.package.manifest;
    let component = &candidate.package.component;
    let line = |what: &str, value: String| terminal.data(format_args!("{what:<13} {value}"));
    line("name", manifest.name.to_string());
    if let Some(title) = &manifest.title {
        line("title", shown_on_one_line(title));
    }
    line("source", shown_on_one_line(candidate.source.written()));
    if let PinnedSource::Git { commit, folder, .. } = &candidate.source {
        line("commit", commit.to_string());
        line(
            "folder",
            if folder.as_str().is_empty() {
                "(root)".to_owned()
            } else {
                shown_on_one_line(folder.as_str())
            },
        );
    }
    line(
        "description",
        shown(&manifest.description).replace('\n', "\n              "),
    );
    line(
        "component",
        format!(
            "{}, {} bytes, {}",
            shown_on_one_line(&component.path),
            component.bytes.len(),
            kind(component.kind)
        ),
    );
    line("", component.digest.to_string());
    line(
        "imports",
        component
            .imports
            .iter()
            .map(|i| shown_on_one_line(&i.0))
            .collect::<Vec<_>>()
            .join("\n              "),
    );
    line("asks for", or_nothing(&Asks::of(manifest).lines));
    line("may reach", or_nothing(&reach(candidate, providers)));
    for note in candidate.package.notes() {
        line("note", shown_on_one_line(&note.to_string()));
    }
    line("input", shown_on_one_line(&compact(manifest.input_schema.as_str())));
    line("digest", candidate.digest().to_string());
    terminal.data("              (what `--yes=DIGEST` agrees to)");
}

/// A schema on one line; its author may have spread it over many.
fn compact(schema: &str) -> String {
    serde_json::from_str::<serde_json::Value>(schema)
        .map_or_else(|_not_json| schema.to_owned(), |json| json.to_string())
}

fn or_nothing(lines: &[String]) -> String {
    if lines.is_empty() {
        "nothing".to_owned()
    } else {
        lines.join("\n              ")
    }
}

const fn kind(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Command => "a command (JSON on stdin and stdout)",
        ComponentKind::Typed => "a typed tool",
    }
}

/// What it may reach once it is granted what it asks.
fn reach(candidate: &Candidate, providers: &Providers) -> Vec<String> {
    let manifest = &candidate.package.manifest;
    let mut reach = Vec::new();
    if let Some(provider) = manifest
        .auth
        .as_ref()
        .and_then(|need| providers.find(&need.provider).ok())
    {
        if provider.hosts.is_empty() {
            reach.push(format!(
                "no host of {} is known for certain: grant one with --allow",
                provider.title
            ));
        }
        reach.extend(
            provider
                .hosts
                .iter()
                .map(|host| format!("https://{host} with your {} credential", provider.name)),
        );
    }
    reach.extend(
        manifest
            .permissions
            .http
            .iter()
            .map(|rule| shown_on_one_line(&rule.to_string())),
    );
    reach.extend(
        manifest
            .permissions
            .files
            .iter()
            .map(|file| format!("a folder, as {}", shown_on_one_line(&file.guest))),
    );
    reach
}

fn as_json(candidate: &Candidate, providers: &Providers) -> serde_json::Value {
    let manifest = &candidate.package.manifest;
    let component = &candidate.package.component;
    let (commit, folder) = match &candidate.source {
        PinnedSource::Git { commit, folder, .. } => (Some(commit.to_string()), Some(folder.as_str().to_owned())),
        PinnedSource::Path(_) => (None, None),
    };
    json!({
        "name": manifest.name,
        "title": manifest.title,
        "description": manifest.description,
        "source": candidate.source.written(),
        "commit": commit,
        "folder": folder,
        "component": {
            "path": component.path,
            "bytes": component.bytes.len(),
            "kind": component.kind,
            "digest": component.digest,
            "imports": component.imports,
        },
        "asks": Asks::of(manifest).lines,
        "may_reach": reach(candidate, providers),
        "notes": candidate.package.notes(),
        "input_schema": serde_json::from_str::<serde_json::Value>(manifest.input_schema.as_str()).ok(),
        "digest": candidate.digest(),
    })
}
