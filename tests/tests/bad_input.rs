//! Bad input gets a clear error and loses nothing: each story runs the whole binary.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, path::Path};

use pocket_tests::{Browser, GitServer, PocketCommand, SlackCommand, SlackSettings, folder_of, program, sample};
use serde_json::json;

/// Compares what a command showed with its snapshot, without what differs from run to run.
macro_rules! shows {
    ($pocket:expr, $ended:expr, $port:expr) => {{
        let mut ended = $ended;
        ended.stderr = ended.stderr.replace(&$port.to_string(), "[PORT]");
        shows!($pocket, ended)
    }};
    ($pocket:expr, $ended:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]"),
                (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
                (r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]"),
                (r"\b\d+\.\d+ s\b", "[TIME] s"),
                (r"sign-in/[0-9a-f]{32}", "sign-in/[ID]"),
                (r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "[FINGERPRINT]"),
                (r"0x[0-9a-f]+", "[ADDRESS]"),
                // Another compiler numbers a guest's functions otherwise.
                (r"(?m)(^error: +\d+: +\[ADDRESS\].*\n)+", "[FRAMES]\n"),
            ],
            omit_expression => true,
        }, {
            insta::assert_snapshot!($pocket.shown(&$ended));
        })
    };
}

fn manifest(name: &str) -> serde_json::Value {
    json!({ "tool": { "name": name, "description": "A tool of the tests." }, "component": "tool.wasm" })
}

#[test]
fn variables_that_are_no_utf_8_are_ignored_or_told() {
    let mut pocket = PocketCommand::new();
    let not_utf_8 = || OsString::from_vec(b"POCKET_\xff__A".to_vec());
    pocket.set("SOME_OTHER", not_utf_8()).set(not_utf_8(), "1");
    let ended = pocket.run(["list"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    pocket.set("POCKET_AUTH__SLACK__CLIENT_ID", not_utf_8());
    let ended = pocket.run(["list"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_folder_without_a_manifest_is_not_a_package() {
    let pocket = PocketCommand::new();
    pocket.write("tool/notes.txt", "nothing here");
    let ended = pocket.run(["run", "./tool"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_broken_manifest_is_told_with_all_its_faults_at_once() {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "print_args", &manifest("print"));
    pocket.write(
        "print_args/pocket.json",
        r#"{
  "tool": { "name": "not a name!", "inputSchema": { "type": "nonsense" } },
  "auth": { "auth_provider": "slak", "scope": ["channels:history"] },
  "permissions": { "http": ["api.example.com"], "network": true },
  "component": "tool.wasm"
}
"#,
    );
    let ended = pocket.run(["check", "print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn text_that_is_not_json_is_told_with_its_place() {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "print_args", &manifest("print"));
    pocket.write("print_args/pocket.json", "{ \"tool\": { \"name\": \"a\", } }\n");
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn an_unknown_provider_is_told_with_the_nearest_name() {
    let pocket = PocketCommand::new();
    let mut manifest = manifest("print");
    manifest["auth"] = json!({ "auth_provider": "slak", "scopes": ["channels:history"] });
    folder_of(&pocket.project(), "print_args", &manifest);
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_core_module_is_told_from_a_component() {
    let pocket = PocketCommand::new();
    let package = folder_of(&pocket.project(), "print_args", &manifest("print"));
    std::fs::write(package.join("tool.wasm"), b"\0asm\x01\0\0\0").expect("a file can be written");
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_component_path_may_not_climb_out() {
    let pocket = PocketCommand::new();
    let mut manifest = manifest("print");
    manifest["component"] = json!("../outside.wasm");
    folder_of(&pocket.project(), "print_args", &manifest);
    std::fs::copy(program("print_args"), pocket.project().join("outside.wasm")).expect("a file can be copied");
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_component_may_not_be_a_link_out() {
    let pocket = PocketCommand::new();
    let package = folder_of(&pocket.project(), "print_args", &manifest("print"));
    std::fs::copy(program("print_args"), pocket.project().join("outside.wasm")).expect("a file can be copied");
    std::fs::remove_file(package.join("tool.wasm")).expect("the file can be removed");
    std::os::unix::fs::symlink("../outside.wasm", package.join("tool.wasm")).expect("a link can be made");
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_without_that_ref_or_folder() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let ended = pocket.run(["run".to_owned(), format!("{}#nonesuch:echo", git.url("tools.git"))]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
    let ended = pocket.run(["run".to_owned(), format!("{}#main:ecko", git.url("tools.git"))]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_vanishes_stops_nothing_that_was_pinned() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let added = pocket.run(["add".to_owned(), format!("{}#main:echo", git.url("tools.git"))]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    std::fs::remove_dir_all(git.folder("tools.git")).expect("the repository can be removed");
    drop(git);
    let ended = pocket.run(["run", "echo", "{\"a\": 1}"]);
    assert_eq!((ended.code, ended.stdout.trim()), (0, "{\"a\":1}"), "{}", ended.stderr);
    let ended = pocket.run(["update", "echo"]);
    assert_eq!(ended.code, 6);
    shows!(pocket, ended);
    let ended = pocket.run(["run", "echo", "{\"a\": 1}"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_no_longer_matches_is_refused() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let added = pocket.run(["add".to_owned(), format!("{}#main:echo", git.url("tools.git"))]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let lock = pocket.project().join("pocket.lock");
    let text = std::fs::read_to_string(&lock).expect("the lock can be read");
    let line = text
        .lines()
        .find(|line| line.starts_with("component"))
        .expect("the lock has the component's digest");
    let other = format!("component = \"sha256:{}\"", "0".repeat(64));
    std::fs::write(&lock, text.replace(line, &other)).expect("the lock can be written");
    let ended = pocket.run(["trust", "--yes"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = pocket.run(["run", "echo", "{}"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn input_that_breaks_the_schema_never_reaches_the_tool() {
    let pocket = PocketCommand::new();
    let mut manifest = manifest("print");
    manifest["tool"]["inputSchema"] = json!({
        "type": "object",
        "properties": { "channel": { "type": "string" }, "limit": { "type": "integer", "maximum": 100 } },
        "required": ["channel"],
        "additionalProperties": false,
    });
    folder_of(&pocket.project(), "print_args", &manifest);
    let ended = pocket.run(["run", "./print_args", "{\"limit\": 1000, \"chanel\": \"C1\"}"]);
    assert_eq!(ended.code, 2);
    shows!(pocket, ended);
    let ended = pocket.run(["run", "./print_args", "{\"channel\": \"C1\""]);
    assert_eq!(ended.code, 2);
    shows!(pocket, ended);
}

#[test]
fn a_provider_without_a_client_says_which_keys_to_set_where() {
    let pocket = PocketCommand::new();
    let mut manifest = manifest("print");
    manifest["auth"] = json!({ "auth_provider": "slack", "scopes": ["channels:history"] });
    folder_of(&pocket.project(), "print_args", &manifest);
    let ended = pocket.run(["run", "./print_args"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_told_and_no_sign_in_begins() {
    let SlackCommand { slack, pocket, port } = SlackCommand::start(SlackSettings::default()).await;
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let ended = pocket.run(slack.run(&sample("slack-get-messages"), "{\"channel\": \"C123\"}"));
    assert_eq!(ended.code, 6);
    shows!(pocket, ended, port);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_denies_is_told_and_nothing_hangs() {
    let SlackCommand { slack, pocket, port } = SlackCommand::start(SlackSettings::default()).await;
    let mut running = pocket.start(slack.run(&sample("slack-get-messages"), "{\"channel\": \"C123\"}"));
    let url = running.word("https://localhost:");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "deny")]).await;
    let ended = tokio::task::spawn_blocking(|| running.end()).await.expect("it ends");
    assert_eq!(slack.token_requests(), 0);
    shows!(pocket, ended, port);
}

#[test]
fn input_from_a_file_that_is_not_there_is_told() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["run", &sample("echo").display().to_string(), "@nothing.json"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

#[test]
fn a_tool_that_is_not_there_is_told_with_those_that_are() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["run", "echo"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
    let ended = pocket.run(["run", "./echo"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
}

/// Runs a guest program under a call limit of two seconds.
fn run_program(pocket: &PocketCommand, name: &str, input: &str) -> pocket_tests::Ended {
    let mut manifest = manifest(name);
    manifest["permissions"] = json!({ "limits": { "timeout": "2s" } });
    folder_of(&pocket.project(), name, &manifest);
    pocket.run(["run", &format!("./{name}"), input])
}

#[test]
fn a_tool_that_loops_is_stopped_at_its_time() {
    let pocket = PocketCommand::new();
    let ended = run_program(&pocket, "loop_forever", "{}");
    assert_eq!(ended.code, 1);
    shows!(pocket, ended);
}

#[test]
fn a_tool_that_traps_is_told_so() {
    let pocket = PocketCommand::new();
    let ended = run_program(&pocket, "trap", "{}");
    assert_eq!(ended.code, 1);
    shows!(pocket, ended);
}

#[test]
fn a_tool_that_floods_is_stopped_at_its_cap() {
    let pocket = PocketCommand::new();
    let ended = run_program(&pocket, "flood_stdout", "{}");
    assert_eq!(ended.code, 1);
    shows!(pocket, ended);
}

#[test]
fn a_tool_that_exits_with_an_error_is_told_with_the_end_of_its_log() {
    let pocket = PocketCommand::new();
    let ended = run_program(&pocket, "exit_code", "{\"code\": 3}");
    assert_eq!(ended.code, 1);
    shows!(pocket, ended);
}

#[test]
fn a_tool_that_wants_more_memory_than_it_may_have_is_told_so() {
    let pocket = PocketCommand::new();
    let ended = run_program(
        &pocket,
        "grow_memory",
        "{\"step_mib\": 1000, \"total_mib\": 1000, \"must\": true}",
    );
    assert_eq!(ended.code, 1);
    shows!(pocket, ended);
}

#[test]
fn a_project_file_with_a_word_misspelt_says_where() {
    let pocket = PocketCommand::new();
    pocket.write("pocket.toml", "[limits]\ntimeot = \"3s\"\n");
    let ended = pocket.run(["list"]);
    assert_eq!(ended.code, 5);
    shows!(pocket, ended);
    assert!(
        Path::new(&pocket.project()).join("pocket.toml").is_file(),
        "what the user had is still there"
    );
}

#[test]
fn a_folder_with_something_of_pockets_in_it_is_given_to_no_tool() {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "read_root", &manifest("read_root"));
    std::fs::create_dir(pocket.project().join("data")).expect("a folder can be made");
    let run = |folder: &str| {
        let settings = format!(
            "[tools.reader]\nsource = \"./read_root\"\ngrant.files.\"/data\" = {{ folder = \"{folder}\", access = \"read\" }}\n"
        );
        pocket.write("pocket.toml", &settings);
        pocket.run(["trust", "--yes"]);
        pocket.run(["run", "reader", "{\"paths\": [\"/data\"]}"])
    };
    for folder in [
        ".",
        "..",
        "/",
        "../home",
        "../home/data",
        "read_root",
        "data/../read_root",
    ] {
        let ended = run(folder);
        assert_eq!(ended.code, 4, "{folder}: {} {}", ended.stdout, ended.stderr);
        assert!(
            ended.stderr.contains("no tool is given the folder"),
            "{folder}: {}",
            ended.stderr
        );
    }
    let ended = run("data");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
