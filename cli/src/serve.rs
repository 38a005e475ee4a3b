//! `pocket serve`: the tools of a project, for agents and programs.

use std::{path::PathBuf, sync::Arc};

use pocket_runtime::{FileMode, Pocket, Profile, Secret, create_private_dir, write_atomic};
use pocket_server::{Key, Keys, Server, ServerSettings, serve_agent};
use serde_json::json;

use crate::{
    args,
    failure::Failure,
    followed::Followed,
    interrupt::asked_to_end,
    open_files,
    session::{Place, Session, Trusted},
    terminal::Terminal,
};

pub(crate) async fn serve(args: args::Serve, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder_for_many().build().await?;
    let (_, asks) = place.read()?;
    if place.trusted(&asks)? == Trusted::No {
        // Tools that were pinned just now.
        session.keep_trusted()?;
    }
    let project = Arc::new(Followed::new(place, terminal));
    let keys = Keys::of(&place.home);
    if args.stdio {
        let profile = Profile::new(place.profile.clone());
        let pipes = (tokio::io::stdin(), tokio::io::stdout());
        return Ok(serve_agent(pocket, keys, profile, pipes, Some(project), asked_to_end()).await?);
    }
    let settings = settings(&args);
    let needs_key = settings.needs_key;
    let server = Server::bind(pocket.clone(), keys.clone(), settings)
        .await?
        .following(project);
    let url = format!("http://{}", server.address());
    let (own, key_file) = if needs_key {
        let (key, file) = own_key(&keys, place)?;
        (Some(key), Some(file))
    } else {
        (None, None)
    };
    let page = server.one_time_url(own);
    tell(&session, &pocket, &Where { url, page, key_file }, terminal).await;
    server.run(asked_to_end()).await;
    terminal.say("ended");
    Ok(())
}

/// How a server that listens is reached.
struct Where {
    url: String,
    /// Where a browser opens its pages, once: a credential, where a key is needed.
    page: Secret,
    key_file: Option<PathBuf>,
}

fn settings(args: &args::Serve) -> ServerSettings {
    let mut settings = ServerSettings::default();
    if let Some(connections) = open_files::raised().map(open_files::for_connections) {
        settings.connections = settings.connections.min(connections);
    }
    if let Some(listen) = args.listen {
        settings.listen = listen;
    }
    settings.public_url.clone_from(&args.public_url);
    settings.needs_key = !args.no_key;
    settings
}

/// A key of this user's own, in a file that nobody else reads: made once for each profile.
fn own_key(keys: &Keys, place: &Place) -> Result<(Arc<Key>, PathBuf), Failure> {
    let folder = place.home.data().join("keys");
    create_private_dir(&folder).map_err(anyhow::Error::from)?;
    let name: String = place.profile.bytes().map(|byte| format!("{byte:02x}")).collect();
    let file = folder.join(if place.profile == Profile::default().as_str() {
        "default.key".to_owned()
    } else {
        format!("profile-{name}.key")
    });
    if let Ok(text) = std::fs::read_to_string(&file).map(Secret::new)
        && let Some(key) = keys.find(text.expose().trim())?
    {
        return Ok((key, file));
    }
    let made = keys.create(
        &Profile::new(place.profile.clone()),
        None,
        Some("pocket serve".to_owned()),
    )?;
    let text = Secret::new(format!("{}\n", made.text.expose()));
    write_atomic(&file, text.expose().as_bytes(), FileMode::Private).map_err(anyhow::Error::from)?;
    Ok((Arc::new(made.key), file))
}

/// Where it listens, and what to do next.
async fn tell(session: &Session<'_>, pocket: &Pocket, reached: &Where, terminal: &Terminal) {
    let Where { url, page, key_file } = reached;
    let tools: Vec<String> = pocket.tools().await.iter().map(|tool| tool.name.to_string()).collect();
    if terminal.is_json() {
        let (mcp, page) = (format!("{url}/mcp"), page.expose());
        terminal.value(&json!({ "url": url, "mcp": mcp, "page": page, "key_file": key_file, "tools": tools }));
        return;
    }
    terminal.say(format_args!("listening at {url}"));
    match key_file {
        None => terminal.say(format_args!("  pages    {url}/")),
        // What is not a terminal may be a log that others read.
        Some(_) if terminal.is_seen() => terminal.say(format_args!(
            "  pages    {} (opens once, within 10 minutes)",
            page.expose()
        )),
        Some(_) => terminal.say(format_args!("  pages    {url}/enter, with the key")),
    }
    terminal.say(format_args!("  agents   {url}/mcp"));
    terminal.say(format_args!(
        "  programs {url}/api, described at {url}/api/openapi.json"
    ));
    match key_file {
        Some(file) => terminal.say(format_args!(
            "  the key  in {}: send it as `Authorization: Bearer ...`; `pocket keys create` makes others",
            file.display()
        )),
        None => terminal.say("  no key is needed: whoever reaches this machine's own address may call"),
    }
    if tools.is_empty() {
        terminal.say(format_args!(
            "there are no tools in {} yet: `pocket add SOURCE` adds one, which is then served at once",
            session.place.project.display()
        ));
    } else {
        terminal.say(format_args!("tools: {}", tools.join(", ")));
    }
}
