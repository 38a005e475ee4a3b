//! `pocket inspect`: what a tool is and what it may reach.

use pocket_runtime::{
    Candidate, ComponentKind, Grant, Installed, Installer, PinnedSource, Profile, Reach, Reference, Rule, Settings,
    Source, ToolSettings, shown, shown_on_one_line,
};
use serde_json::json;

use crate::{
    args,
    asks::Asks,
    failure::Failure,
    session::{Place, no_tool},
    terminal::Terminal,
};

/// It grants and runs nothing, so it needs no trust: what the project's files redefine is then not looked at either.
pub(crate) async fn inspect(args: args::Inspect, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let settings = place.settings()?;
    let tool = place.typed(&args.tool, &settings.sources)?;
    let inspected = inspected(&tool, place, &settings).await?;
    if terminal.is_json() {
        terminal.value(&as_json(&inspected, &settings));
    } else {
        print(&inspected, &settings, terminal);
    }
    Ok(())
}

/// What is looked at: anything that could be added, or a tool of the project with what it was granted.
struct Inspected {
    candidate: Candidate,
    /// What `pocket.toml` says of it.
    of_project: Option<ToolSettings>,
    added: Option<Added>,
}

/// What a tool of the project was granted in the lock.
struct Added {
    grant: Grant,
    /// Who looks at it.
    profile: Profile,
}

async fn inspected(written: &str, place: &Place, settings: &Settings) -> Result<Inspected, Failure> {
    let installer = place.installer(settings)?;
    let providers = &settings.providers;
    let name = match installer.reference(written)? {
        Reference::Source(source) => return of_source(&source, None, &installer, settings).await,
        Reference::Name(name) => name,
    };
    let of_project = settings.tools.get(&name).cloned();
    if installer.names()?.contains(&name) {
        let installed = installer.open(&name, providers, None).await?;
        let candidate = Candidate::of(&installed);
        let Installed { grant, .. } = installed;
        let profile = Profile::new(&place.profile);
        return Ok(Inspected {
            candidate,
            of_project,
            added: Some(Added { grant, profile }),
        });
    }
    // One that stands in `pocket.toml` and was never run is not in the lock.
    let tool = of_project.ok_or_else(|| no_tool(&name, settings))?;
    match installer.reference(&tool.source)? {
        Reference::Source(source) => of_source(&source, Some(tool), &installer, settings).await,
        Reference::Name(_) => Err(no_tool(&name, settings)),
    }
}

async fn of_source(
    source: &Source,
    of_project: Option<ToolSettings>,
    installer: &Installer,
    settings: &Settings,
) -> Result<Inspected, Failure> {
    let progress = Some(crate::progress::of_fetch());
    let candidate = installer.inspect(source, &settings.providers, progress).await?;
    Ok(Inspected {
        candidate,
        of_project,
        added: None,
    })
}

fn print(inspected: &Inspected, settings: &Settings, terminal: &Terminal) {
    let candidate = &inspected.candidate;
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
        line("folder", or_root(folder.as_str()));
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
    let what = if inspected.added.is_some() {
        "may reach"
    } else {
        "would reach"
    };
    line(what, or_nothing(&reach(inspected, settings)));
    if has_own_account(inspected) {
        line("account", "its own: no other tool of this project uses it".to_owned());
    }
    if !settings.deny.is_empty() {
        line("denied", or_nothing(&rules(&settings.deny)));
    }
    if let Some(proxy) = proxy(settings) {
        line("proxy", proxy);
    }
    for note in candidate.package.notes() {
        line("note", shown_on_one_line(&note.to_string()));
    }
    line("input", shown_on_one_line(&compact(manifest.input_schema.as_str())));
    line("digest", candidate.digest().to_string());
    terminal.data("              (what `--yes=DIGEST` agrees to)");
}

/// Whether the project gives it an account that no other tool uses.
fn has_own_account(inspected: &Inspected) -> bool {
    let Inspected {
        candidate, of_project, ..
    } = inspected;
    candidate.package.manifest.auth.is_some() && of_project.as_ref().is_some_and(|tool| tool.own_account)
}

/// What requests go through, and who then sees where they lead.
fn proxy(settings: &Settings) -> Option<String> {
    let proxy = settings.net.proxy.as_ref()?;
    let who = if proxy.resolves {
        "it finds the addresses of hosts: that none of them is an inner one is the proxy's to check, not Pocket's"
    } else {
        "it is given addresses that Pocket has checked"
    };
    Some(format!("{proxy}; {who}"))
}

/// A schema on one line; its author may have spread it over many.
fn compact(schema: &str) -> String {
    serde_json::from_str::<serde_json::Value>(schema)
        .map_or_else(|_not_json| schema.to_owned(), |json| json.to_string())
}

fn or_root(folder: &str) -> String {
    if folder.is_empty() {
        "(root)".to_owned()
    } else {
        shown_on_one_line(folder)
    }
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

/// What it may reach as it was granted, and by whose leave; or what it would reach once it is granted what it asks.
fn reach(inspected: &Inspected, settings: &Settings) -> Vec<String> {
    let Inspected {
        candidate,
        of_project,
        added,
    } = inspected;
    let manifest = &candidate.package.manifest;
    match added {
        None => Reach::would_be(manifest, settings),
        Some(Added { grant, profile }) => Reach::of(manifest, grant, profile, of_project.as_ref(), settings).lines(),
    }
}

fn rules(rules: &[Rule]) -> Vec<String> {
    rules.iter().map(|rule| shown_on_one_line(&rule.to_string())).collect()
}

fn as_json(inspected: &Inspected, settings: &Settings) -> serde_json::Value {
    let Inspected { candidate, added, .. } = inspected;
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
        "added": added.is_some(),
        "asks": Asks::of(manifest).lines,
        "may_reach": reach(inspected, settings),
        "own_account": has_own_account(inspected),
        "proxy": proxy(settings),
        "denied": rules(&settings.deny),
        "notes": candidate.package.notes(),
        "input_schema": serde_json::from_str::<serde_json::Value>(manifest.input_schema.as_str()).ok(),
        "digest": candidate.digest(),
    })
}
