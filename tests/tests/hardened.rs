//! `pocket run --harden`: the kernel holds the process that runs guests, and everything goes on as ever.

#![cfg(target_os = "linux")]

use std::{fs, path::PathBuf};

use pocket_tests::{GitServer, PocketCommand, Running, SlackCommand, SlackSettings, program, sample, until};
use serde_json::{Value, json};

const HISTORY: &str = r#"{"channel": "C123", "limit": 6}"#;

/// What the kernel says of a process.
struct Process(PathBuf);

impl Process {
    /// A field of its status.
    fn status(&self, field: &str) -> Option<String> {
        let status = fs::read_to_string(self.0.join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    }

    fn words(&self) -> String {
        let words = fs::read(self.0.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ")
    }

    /// Every process that there is.
    fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc").expect("the processes can be listed");
        entries.flatten().map(|entry| Self(entry.path()))
    }

    /// Those that this one started.
    fn children(pid: u32) -> Vec<Self> {
        Self::all()
            .filter(|process| process.status("PPid") == Some(pid.to_string()))
            .collect()
    }
}

/// A package of one of the hostile guests, in the project of a command.
fn package(pocket: &PocketCommand, name: &str, permissions: &Value) -> String {
    let manifest = json!({
        "tool": { "name": name },
        "component": "tool.wasm",
        "permissions": permissions,
    });
    let folder = pocket.project().join(name);
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::copy(program(name), folder.join("tool.wasm")).expect("the component can be copied");
    fs::write(folder.join("pocket.json"), manifest.to_string()).expect("a file can be written");
    format!("./{name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_of_the_guest_is_held_and_its_starter_is_not() {
    let pocket = PocketCommand::new();
    let tool = package(&pocket, "wait", &json!({}));
    let mut running = pocket.start(["run", "--harden", &tool, r#"{"milliseconds": 20000}"#]);
    let pid = running.id();
    let process = Process(PathBuf::from(format!("/proc/{pid}")));
    until("it is held", async || (process.status("Seccomp")? == "2").then_some(())).await;
    assert_eq!(process.status("NoNewPrivs").as_deref(), Some("1"));
    let limits = fs::read_to_string(process.0.join("limits")).expect("its limits can be read");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("it is there");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let starter = until("its starter is there", async || {
        Process::children(pid)
            .into_iter()
            .find(|child| child.words().contains("start-for-parent"))
    })
    .await;
    assert_eq!(starter.status("Seccomp").as_deref(), Some("0"));
    running.kill();
    until("the starter ends with it", async || {
        starter.words().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_goes_on_as_ever() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    story.pocket.set("POCKET_HARDEN", "1");
    let git = GitServer::start(None).await;
    let commit = git.commit("tools.git", "main", "slack-get-messages", &sample("slack-get-messages"));
    let mut args = story.run("slack-get-messages", HISTORY);
    args[1] = format!("{}#main:slack-get-messages", git.url("tools.git"));
    let ended = story.sign_in(&args, "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains(&commit), "{}", ended.stderr);
    let output: Value = serde_json::from_str(&ended.stdout).expect("the output is JSON");
    assert_eq!(output["messages"].as_array().map(Vec::len), Some(6), "{output}");
    let again = story.pocket.run(&args);
    assert_eq!((again.code, &again.stdout), (0, &ended.stdout), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_fetching_process_says_is_told_as_ever() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    for source in ["nothing.git", "tools.git#mian:echo", "tools.git#main:ecko"] {
        let source = git.url(source);
        let ever = pocket.run(["--json", "run", &source]);
        let held = pocket.run(["--json", "run", "--harden", &source]);
        assert_ne!(ever.code, 0, "{source}");
        assert_eq!(
            (held.code, &held.stdout),
            (ever.code, &ever.stdout),
            "{source}: {}",
            held.stderr
        );
    }
}

#[test]
fn a_component_that_does_not_compile_is_told_as_ever() {
    let pocket = PocketCommand::new();
    let tool = package(&pocket, "trap", &json!({}));
    let ended = pocket.run(["--json", "run", "--harden", &tool, r#"{"how": "unreachable"}"#]);
    assert!(ended.stdout.contains("trapped"), "{}{}", ended.stdout, ended.stderr);
    let file = pocket.project().join("trap/tool.wasm");
    let mut bytes = fs::read(&file).expect("the component can be read");
    bytes.truncate(bytes.len() / 2);
    fs::write(&file, bytes).expect("the component can be written");
    let ever = pocket.run(["--json", "run", &tool]);
    let held = pocket.run(["--json", "run", "--harden", &tool]);
    assert_eq!((held.code, held.stdout), (ever.code, ever.stdout), "{}", held.stderr);
}

#[test]
fn a_granted_folder_and_a_file_of_input_are_reached_and_a_tool_is_added_and_called() {
    let pocket = PocketCommand::new();
    pocket
        .write("data/there", "old")
        .write("input.json", r#"{"path": "/data/new", "text": "new"}"#);
    let tool = package(
        &pocket,
        "write_file",
        &json!({ "files": [{ "guest": "/data", "access": "write" }] }),
    );
    let args = [
        "run",
        "--harden",
        &tool,
        "@input.json",
        "--folder",
        "/data=./data/{profile}:write",
    ];
    let ended = pocket.run(args);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        fs::read_to_string(pocket.project().join("data/default/new"))
            .ok()
            .as_deref(),
        Some("new")
    );
    let added = pocket.run(["add", &tool, "--yes", "--folder", "/data=./data/{profile}:write"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let called = pocket.run([
        "run",
        "--harden",
        "write_file",
        r#"{"path": "/data/newer", "text": "newer"}"#,
    ]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert!(pocket.project().join("data/default/newer").exists());
}

#[test]
fn each_thing_that_a_hardened_process_must_not_do_comes_to_nothing_in_the_very_binary() {
    let mut pocket = PocketCommand::new();
    pocket.write("pocket.toml", "");
    // The keyring is off and its key in a file, so no socket that has a path is needed.
    pocket.set("POCKET_STORE__KEYRING", "off");
    assert_eq!(pocket.run(["run", &sample("echo").display().to_string(), "{}"]).code, 0);
    let ended = pocket.run(["--json", "doctor", "--harden"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let told: Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    let findings = told["findings"].as_array().expect("a list");
    assert!(findings.len() >= 13, "{told}");
    let tried = |what: &str| {
        findings
            .iter()
            .any(|found| found["message"] == format!("cannot {what}"))
    };
    for what in [
        "speak to a socket that has a path",
        "start a program",
        "write the project's folder",
        "write code that a later run loads",
    ] {
        assert!(tried(what), "{what}: {told}");
    }
}

#[test]
fn code_is_kept_by_who_compiles_it_and_the_lock_written_by_who_may() {
    let pocket = PocketCommand::new();
    let echo = sample("echo").display().to_string();
    let compiled = || fs::read_dir(pocket.home().join("cache/compiled")).map_or(0, Iterator::count);
    let first = pocket.run(["run", "--harden", &echo, "{}"]);
    assert_eq!(
        (first.code, compiled()),
        (0, 2),
        "the code, and the key that seals it: {}",
        first.stderr
    );
    assert_eq!(pocket.run(["run", "--harden", &echo, "{}"]).code, 0);
    assert_eq!(compiled(), 2);

    pocket.write("pocket.toml", &format!("[tools.echo]\nsource = \"{echo}\"\n"));
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let pinned = pocket.run(["run", "--harden", "echo", r#"{"a":1}"#]);
    assert_eq!(
        (pinned.code, pinned.stdout.as_str()),
        (0, "{\"a\":1}\n"),
        "{}",
        pinned.stderr
    );
    let lock = fs::read_to_string(pocket.project().join("pocket.lock")).expect("it was written");
    assert!(lock.contains("[tools.echo]"), "{lock}");
    assert_eq!(pocket.run(["run", "echo", "{}"]).code, 0, "it is trusted as ever");
}

#[test]
fn the_folder_of_a_profile_is_made_before_the_process_is_held_and_for_nobody_who_is_not_trusted() {
    let pocket = PocketCommand::new();
    let tool = package(
        &pocket,
        "write_file",
        &json!({ "files": [{ "guest": "/data", "access": "write" }] }),
    );
    pocket.write("data/there", "old").write(
        "pocket.toml",
        &format!("[tools.write_file]\nsource = \"{tool}\"\n[tools.write_file.grant.files]\n\"/data\" = {{ folder = \"data/{{profile}}\", access = \"write\" }}\n"),
    );
    let folders = || {
        let entries = fs::read_dir(pocket.project().join("data")).expect("it can be read");
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let write = |profile: &str| {
        let input = r#"{"path": "/data/new", "text": "new"}"#;
        pocket.run(["--profile", profile, "run", "--harden", "write_file", input])
    };
    assert_eq!(write("eve").code, 4, "nobody trusts what the project asks");
    assert_eq!(folders(), ["there"]);
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    for profile in ["ann", "bob", "ann"] {
        let ended = write(profile);
        assert_eq!(ended.code, 0, "{profile}: {}", ended.stderr);
    }
    assert_eq!(folders(), ["ann", "bob", "there"]);
}

#[test]
fn in_a_project_that_holds_the_users_home_a_tool_is_pinned_and_called_at_once() {
    let mut pocket = PocketCommand::new();
    pocket.set("HOME", pocket.project());
    let echo = sample("echo").display().to_string();
    pocket.write("pocket.toml", &format!("[tools.echo]\nsource = \"{echo}\"\n"));
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let run = || pocket.run(["run", "--harden", "echo", r#"{"a":1}"#]);
    let first = run();
    assert_eq!(
        (first.code, first.stdout.as_str()),
        (0, "{\"a\":1}\n"),
        "{}",
        first.stderr
    );
    let lock = fs::read_to_string(pocket.project().join("pocket.lock")).expect("it was written");
    assert!(lock.contains("[tools.echo]"), "{lock}");
    let again = run();
    assert_eq!((again.code, again.stdout), (0, first.stdout), "{}", again.stderr);
}

/// A server of a project's tools, and what calls them.
struct Served {
    serving: Running,
    url: String,
    key: String,
}

impl Served {
    fn start(pocket: &PocketCommand, args: &[&str]) -> Self {
        pocket_tests::use_ring();
        let args: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        let mut serving = pocket.start(&args);
        let url = serving.after("listening at ");
        let file = serving.after("the key  in ");
        let file = file.split(": send it").next().expect("a file is named").to_owned();
        let key = fs::read_to_string(file).expect("the key can be read");
        Self {
            serving,
            url,
            key: key.trim().to_owned(),
        }
    }

    fn process(&self) -> Process {
        Process(PathBuf::from(format!("/proc/{}", self.serving.id())))
    }

    async fn call(&self, tool: &str, input: &Value, key: &str) -> Value {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client can be made");
        let called = client
            .post(format!("{}/api/tools/{tool}/calls", self.url))
            .bearer_auth(key)
            .json(input)
            .send()
            .await
            .expect("it is answered");
        let text = called.text().await.expect("the answer comes whole");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_held_unless_it_is_told_not_to_be() {
    let mut pocket = PocketCommand::new();
    let served = Served::start(&pocket, &[]);
    assert_eq!(served.process().status("Seccomp").as_deref(), Some("2"));
    assert_eq!(served.process().status("NoNewPrivs").as_deref(), Some("1"));
    drop(served);
    let served = Served::start(&pocket, &["--no-harden"]);
    assert_eq!(served.process().status("Seccomp").as_deref(), Some("0"));
    drop(served);
    pocket.set("POCKET_HARDEN", "0");
    let served = Served::start(&pocket, &[]);
    assert_eq!(served.process().status("Seccomp").as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_server_compiles_what_is_added_and_writes_each_profiles_folder() {
    let pocket = PocketCommand::new();
    let written = package(
        &pocket,
        "write_file",
        &json!({ "files": [{ "guest": "/data", "access": "write" }] }),
    );
    pocket.write("data/there", "old");
    let added = pocket.run(["add", &written, "--yes", "--folder", "/data=./data/{profile}:write"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let served = Served::start(&pocket, &[]);
    let input = json!({ "path": "/data/new", "text": "new" });
    let called = served.call("write_file", &input, &served.key).await;
    assert_eq!(called["code"], "ok", "{called}");
    let made = pocket.run(["--json", "--profile", "ann", "keys", "create"]);
    let made: Value = serde_json::from_str(&made.stdout).expect("it is JSON");
    let anns = made["key"].as_str().unwrap_or_else(|| panic!("{made}"));
    let called = served.call("write_file", &input, anns).await;
    assert_eq!(called["code"], "ok", "{called}");
    for profile in ["default", "ann"] {
        let file = pocket.project().join("data").join(profile).join("new");
        assert_eq!(fs::read_to_string(file).ok().as_deref(), Some("new"), "{profile}");
    }

    // Nothing of it was ever compiled.
    let waits = package(&pocket, "wait", &json!({}));
    let added = pocket.run(["add", &waits, "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let _emptied = fs::remove_dir_all(pocket.home().join("cache/compiled"));
    let called = until("it is served", async || {
        let called = served.call("wait", &json!({ "milliseconds": 1 }), &served.key).await;
        (called["code"] != "not_found").then_some(called)
    })
    .await;
    assert_eq!(called["code"], "ok", "{called}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_server_says_what_to_do_for_a_tool_that_lies_elsewhere() {
    let pocket = PocketCommand::new();
    let mut served = Served::start(&pocket, &[]);
    let echo = sample("echo").display().to_string();
    let added = pocket.run(["add", &echo, "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    served.serving.after("start it again for a tool that lies elsewhere");
    drop(served);
    let served = Served::start(&pocket, &[]);
    let called = served.call("echo", &json!({ "a": 1 }), &served.key).await;
    assert_eq!(called["code"], "ok", "{called}");
}
