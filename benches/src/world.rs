//! What is called: tools of a [`Pocket`] in a home of its own, one of them signed in.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

use pocket_runtime::{CallOptions, FunctionError, FunctionTool, Home, Input, Pocket, Settings, ToolEntry, Value};
use pocket_tests::{Browser, folder_of, program, sample};
use serde_json::json;
use tokio::runtime::Runtime;

/// A token as GitHub's are, to be looked for in what a tool gives.
const TOKEN: &str = "github_pat_planted0123456789abcdefghijklmnopqrstuvwxyz";
/// The size of what the large function tools give.
const LARGE: usize = 4 << 20;

/// Tools of a `Pocket`, ready to be called.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) pocket: Pocket,
    /// An object of 1 KiB.
    pub(crate) input: String,
    /// The same, as `typed_errors` takes it.
    pub(crate) typed_input: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let pocket = runtime.block_on(signed_in(folder.path()));
        Self {
            pocket,
            runtime,
            input: json!({ "text": "x".repeat((1 << 10) - 11) }).to_string(),
            typed_input: json!({ "text": "x".repeat((1 << 10) - 11) }).to_string(),
            folder,
        }
    }

    /// The home of the tools, in which their compiled code is kept.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Calls a tool, which gives something.
    pub(crate) async fn call(&self, tool: &str, input: &str) -> Value {
        called(&self.pocket, tool, input).await
    }
}

/// Calls a tool, which gives something.
pub(crate) async fn called(pocket: &Pocket, tool: &str, input: &str) -> Value {
    let called = pocket
        .call(tool, Input::Text(input.to_owned()), CallOptions::default())
        .await
        .expect("there is this tool");
    called.ended.expect("the call ends well")
}

/// A `Pocket` with just `echo`, which keeps its accounts in memory.
pub(crate) async fn with_echo(home: &Path) -> Pocket {
    Pocket::builder()
        .home(Home::at(home))
        .settings(settings(home))
        .tool(sample("echo").display().to_string())
        .unlocked()
        .accounts_in_memory()
        .build()
        .await
        .expect("the tools can be opened")
}

async fn signed_in(folder: &Path) -> Pocket {
    let home = folder.join("home");
    let signed_in_echo = folder.join("signed-in-echo");
    std::fs::create_dir(&signed_in_echo).expect("a folder can be made");
    std::fs::copy(sample("echo").join("echo.wasm"), signed_in_echo.join("echo.wasm"))
        .expect("a component can be copied");
    let manifest = json!({
        "tool": { "name": "signed_in_echo", "description": "Gives back its input.", "inputSchema": {} },
        "component": "echo.wasm",
        "auth": { "auth_provider": "github", "auth_handler": "github-token" },
    });
    std::fs::write(signed_in_echo.join("pocket.json"), manifest.to_string()).expect("a manifest can be written");
    let manifest = json!({
        "tool": { "name": "typed", "description": "Gives back the text.", "inputSchema": {} },
        "component": "tool.wasm",
    });
    let typed = folder_of(folder, "typed_errors", &manifest);
    let manifest = json!({
        "tool": { "name": "loop_forever", "description": "Never ends.", "inputSchema": {} },
        "component": "tool.wasm",
    });
    let endless = folder_of(folder, "loop_forever", &manifest);
    let pocket = Pocket::builder()
        .home(Home::at(&home))
        .settings(settings(&home))
        .tool(sample("echo").display().to_string())
        .tool(ToolEntry::new(endless.display().to_string()))
        .tool(ToolEntry::new(signed_in_echo.display().to_string()))
        .tool(ToolEntry::new(typed.display().to_string()))
        .function(large("large"))
        .function(
            large("large_signed_in")
                .auth_provider("github")
                .auth_handler("github-token"),
        )
        .unlocked()
        .accounts_in_memory()
        .build()
        .await
        .expect("the tools can be opened");
    for sign_in in pocket.initialize_tool_auth().await.expect("a sign-in begins") {
        let mut browser = Browser::new();
        let page = browser.open(sign_in.url.as_str()).await;
        let done = browser.submit(&page, &[("field-token", TOKEN)]).await;
        assert!(done.status.is_success(), "{}", done.body);
    }
    pocket.wait_tool_auth().await.expect("the sign-in is done");
    pocket
}

/// Nothing of this machine's own settings; sign-ins come back to a free port.
fn settings(home: &Path) -> Settings {
    let none: [(String, String); 0] = [];
    let mut settings = Settings::read(&Home::at(home), None, none)
        .expect("no settings are valid settings")
        .settings;
    let free = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    settings.auth.callback_port = free.local_addr().expect("a bound socket has an address").port();
    settings
}

/// A function that gives 4 MiB in strings of 1 KiB.
fn large(name: &str) -> FunctionTool {
    let lines = vec!["A line of what a service told. ".repeat(32); LARGE >> 10];
    let given = serde_json::Value::from(lines);
    FunctionTool::new(name, "Gives much.", move |_: serde_json::Value, _call| {
        let given = given.clone();
        async move { Ok::<_, FunctionError>(given) }
    })
}

/// The component of `echo`, and the typed one.
pub(crate) fn components() -> [PathBuf; 2] {
    [sample("echo").join("echo.wasm"), program("typed_errors")]
}
