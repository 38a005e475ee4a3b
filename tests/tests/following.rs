//! A server whose project changes while it serves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use pocket_tests::{PocketCommand, Running, sample, until};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{ProtocolVersion, SubscriptionFilter},
    service::NotificationContext,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

/// A project with a server that serves it.
struct Served {
    pocket: PocketCommand,
    serving: Running,
    url: String,
    key: String,
}

impl Served {
    fn start(pocket: PocketCommand) -> Self {
        pocket_tests::use_ring();
        let mut serving = pocket.start(["serve", "--listen", "127.0.0.1:0"]);
        let url = serving.after("listening at ");
        let file = serving.after("the key  in ");
        let file = file.split(": send it").next().unwrap().to_owned();
        serving.after("tools");
        Self {
            key: fs::read_to_string(file).unwrap().trim().to_owned(),
            pocket,
            serving,
            url,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Waits until the tools are these, each with what its description says.
    async fn until_tools(&self, wanted: &[(&str, &str)]) {
        until(&format!("the tools are {wanted:?}"), async || {
            let tools = self.ask("GET", "/api/tools", None).await;
            let tools = tools["tools"].as_array().unwrap();
            let are: Vec<_> = tools
                .iter()
                .map(|tool| (tool["name"].as_str().unwrap(), tool["description"].as_str().unwrap()))
                .collect();
            (are.len() == wanted.len()
                && are
                    .iter()
                    .zip(wanted)
                    .all(|(is, wanted)| is.0 == wanted.0 && is.1.contains(wanted.1)))
            .then_some(())
        })
        .await;
    }

    async fn call(&self, tool: &str) -> Value {
        self.ask(
            "POST",
            &format!("/api/tools/{tool}/calls"),
            Some(&json!({ "text": "a" })),
        )
        .await
    }

    async fn end(self) -> pocket_tests::Ended {
        let id = self.serving.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.serving.ended().await
    }
}

/// A copy of the sample tool `echo` in this project, described so.
fn echo(project: &Path, description: &str) -> PathBuf {
    let folder = project.join("tools/echo");
    fs::create_dir_all(&folder).unwrap();
    let manifest = fs::read_to_string(sample("echo").join("pocket.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["tool"]["description"] = json!(description);
    for entry in fs::read_dir(sample("echo")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    fs::write(folder.join("new"), manifest.to_string()).unwrap();
    fs::rename(folder.join("new"), folder.join("pocket.json")).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_changed_and_removed_is_served_without_a_new_start() {
    let mut served = Served::start(PocketCommand::new());
    let project = served.pocket.project();
    served.until_tools(&[]).await;
    let folder = echo(&project, "first words");
    let added = served.pocket.run(["add", "./tools/echo", "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    served.until_tools(&[("echo", "first words")]).await;
    assert_eq!(served.call("echo").await["code"], "ok");
    echo(&project, "second words");
    served.until_tools(&[("echo", "second words")]).await;

    fs::write(folder.join("pocket.json"), "{ not JSON").unwrap();
    served.serving.after("cannot be used as it is now");
    served.until_tools(&[("echo", "second words")]).await;
    assert_eq!(served.call("echo").await["code"], "ok", "it stays as it was");
    echo(&project, "third words");
    served.until_tools(&[("echo", "third words")]).await;

    fs::remove_dir_all(&folder).unwrap();
    served.serving.after("cannot be used as it is now");
    assert_eq!(served.call("echo").await["code"], "ok", "its folder was deleted");
    echo(&project, "fourth words");
    served.until_tools(&[("echo", "fourth words")]).await;
    let removed = served.pocket.run(["remove", "echo"]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    served.until_tools(&[]).await;
    assert_eq!(served.call("echo").await["code"], "not_found");
    assert_eq!(served.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_writes_into_the_projects_files_is_taken_once_a_person_trusts_it() {
    let pocket = PocketCommand::new();
    echo(&pocket.project(), "words");
    assert_eq!(pocket.run(["add", "./tools/echo", "--yes"]).code, 0);
    let mut served = Served::start(pocket);
    served.until_tools(&[("echo", "words")]).await;
    let file = served.pocket.project().join("pocket.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        format!("{text}\n[tools.other]\nsource = \"./tools/echo\"\ngrant.http = [\"GET https://example.com\"]\n"),
    )
    .unwrap();
    served
        .serving
        .after("nobody on this machine has allowed what they ask now");
    served.until_tools(&[("echo", "words")]).await;
    let trusted = served.pocket.run(["trust", "--yes"]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    served.until_tools(&[("echo", "words"), ("other", "words")]).await;
    assert_eq!(served.call("other").await["code"], "ok");
    let ended = served.end().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// An agent that counts how often it is told that tools changed.
#[derive(Clone, Default)]
struct Agent(Arc<AtomicU32>);

impl ClientHandler for Agent {
    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_each_revision_are_told_that_tools_changed() {
    let served = Served::start(PocketCommand::new());
    let transport = || {
        let config =
            StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", served.url)).auth_header(&served.key);
        StreamableHttpClientTransport::from_config(config)
    };
    let told = Arc::new(AtomicU32::new(0));
    let older = Agent(Arc::clone(&told))
        .serve_with_lifecycle(transport(), ClientLifecycleMode::Initialize)
        .await
        .unwrap();
    let newest = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    let newer = Agent::default()
        .serve_with_lifecycle(transport(), newest)
        .await
        .unwrap();
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut subscription = newer.peer().listen(filter).await.unwrap();
    echo(&served.pocket.project(), "words");
    assert_eq!(served.pocket.run(["add", "./tools/echo", "--yes"]).code, 0);
    until("the older one is told", async || {
        (told.load(Ordering::SeqCst) > 0).then_some(())
    })
    .await;
    let next = tokio::time::timeout(std::time::Duration::from_secs(30), subscription.next()).await;
    assert!(matches!(next, Ok(Ok(Some(_)))), "the newer one is told");
    for agent in [&older, &newer] {
        assert_eq!(agent.list_all_tools().await.unwrap().len(), 1);
    }
    served.end().await;
}
