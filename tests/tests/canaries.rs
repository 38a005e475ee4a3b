//! The main stories with everything logged, and every secret that was used in them looked for everywhere.

use std::{path::Path, time::Duration};

use pocket_tests::{
    Browser, Ended, Fault, JudgedCommand, PocketCommand, Searched, Slack, SlackCommand, SlackSettings, sample,
};

const HISTORY: &str = r#"{"channel": "C123", "limit": 1}"#;

/// Logs all there is.
fn loud(pocket: &mut PocketCommand) {
    pocket
        .set("POCKET_LOG", "trace")
        .set("RUST_LOG", "trace")
        .set("RUST_BACKTRACE", "full");
}

/// What browser and provider tell each other of a sign-in: its states, and the browser's cookies.
fn told(browser: &Browser) -> Vec<String> {
    let visited = browser.visited().iter();
    let states = visited.flat_map(|url| url.query_pairs().filter(|(name, _)| name == "state"));
    let states: Vec<String> = states.map(|(_, value)| value.into_owned()).collect();
    assert!(!states.is_empty(), "a provider was asked");
    states.into_iter().chain(browser.cookies()).collect()
}

/// The key of the store, as its file has it and as it may be printed.
fn store_keys(home: &Path) -> Vec<String> {
    use base64::Engine as _;
    let mut keys = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "key")
                || path.file_name().is_some_and(|name| name == "key")
            {
                let bytes = std::fs::read(&path).expect("the file can be read");
                keys.push(String::from_utf8_lossy(&bytes).trim().to_owned());
                keys.push(base64::engine::general_purpose::STANDARD.encode(&bytes));
                keys.push(hex::encode(&bytes));
            }
        }
    }
    keys
}

/// Looks through the home and the project, of which the operator himself wrote `.secrets.toml`.
fn files(searched: &mut Searched, pocket: &PocketCommand) {
    searched.folder(pocket.user_home(), &[".secrets.toml"]);
}

fn nothing_was_found(searched: &Searched, secrets: &[String]) {
    assert!(searched.len() > 10, "something was searched");
    assert!(secrets.len() > 3, "for something: {}", secrets.len());
    let found = searched.find(secrets);
    assert!(found.is_empty(), "{} places: {}", found.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_the_search_finds_what_is_there() {
    let secret = "a-planted/secret+here".to_owned();
    for shown in [
        format!("x {secret} y"),
        hex::encode(&secret),
        "YS1wbGFudGVkL3NlY3JldCtoZXJl".to_owned(),
        "a-planted%2Fsecret%2Bhere".to_owned(),
    ] {
        let mut searched = Searched::new();
        searched.saw("a place", shown.clone());
        assert!(!searched.find(std::slice::from_ref(&secret)).is_empty(), "{shown}");
    }
    assert!(Searched::new().find(&[secret]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_f_63_f_66_no_secret_of_slack_is_anywhere_but_sealed() {
    let settings = SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    };
    let SlackCommand {
        slack,
        mut pocket,
        port,
    } = SlackCommand::start(settings).await;
    loud(&mut pocket);
    let mut searched = Searched::new();
    let mut secrets = Vec::new();
    let call = slack.run(&sample("slack-get-messages"), HISTORY);
    let command = |more: &str| {
        call.iter()
            .cloned()
            .chain(more.split_whitespace().map(ToOwned::to_owned))
            .collect::<Vec<_>>()
    };

    let denied = sign_in(&mut searched, &mut secrets, (&pocket, port), &call, "deny").await;
    assert_eq!(denied.code, 4, "{}", denied.stderr);
    let first = sign_in(&mut searched, &mut secrets, (&pocket, port), &call, "allow").await;
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stderr.contains("TRACE"), "the libraries are heard");
    let again = pocket.run(&call);
    assert_eq!(again.code, 0, "{}", again.stderr);
    searched.ended("a call", &again);
    slack.end_access_tokens();
    let renewed = pocket.run(command("--json"));
    assert_eq!(renewed.code, 0, "{}", renewed.stderr);
    searched.ended("a call that renews", &renewed);
    slack.fail_with(Some(http::StatusCode::INTERNAL_SERVER_ERROR));
    searched.ended("a call to a server that is down", &pocket.run(command("--json")));
    slack.fail_with(None);
    slack.end_all_tokens();
    searched.ended(
        "a call whose token is refused",
        &pocket.run(command("--no-wait --json")),
    );
    for verb in [
        "auth status",
        "auth status --json",
        "list",
        "doctor",
        "auth providers",
        "inspect nothing",
    ] {
        searched.ended(verb, &pocket.run(verb.split(' ')));
    }
    typed(&mut searched, &slack, &pocket, port).await;
    files(&mut searched, &pocket);
    searched.ended("auth logout", &pocket.run(["auth", "logout", "slack"]));
    files(&mut searched, &pocket);

    secrets.extend(slack.secrets_given());
    nothing_was_found(&searched, &secrets);
    let left: Vec<&str> = searched.names().filter(|name| is_left_over(name)).collect();
    assert!(
        left.is_empty(),
        "no file is left over, nor a second one of the store: {left:?}"
    );
    let keys = store_keys(&pocket.home());
    assert!(!keys.is_empty(), "the store's key is a file here");
    for found in searched.find(&keys) {
        let place = found.split(": ").next().unwrap_or_default();
        assert!(place.starts_with("the file ") && place.ends_with("key"), "{found}");
    }
}

/// Whether a file is one that a crash or an editor leaves, or a copy.
fn is_left_over(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with('~')
        || [".tmp", ".bak", ".old", ".orig", ".swp"]
            .iter()
            .any(|ending| name.contains(ending))
}

/// A user's part in a sign-in, all of which is looked at.
async fn sign_in(
    searched: &mut Searched,
    secrets: &mut Vec<String>,
    (pocket, port): (&PocketCommand, u16),
    call: &[String],
    decision: &str,
) -> Ended {
    let mut running = pocket.start(call);
    let url = running.word(&format!("https://localhost:{port}/sign-in/"));
    assert!(searched.processes(running.id()) >= 1);
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", decision)]).await;
    let ended = running.ended().await;
    searched.ended("a sign-in", &ended);
    searched.pages(&browser, port);
    secrets.extend(told(&browser));
    ended
}

/// A token that is typed, once wrong.
async fn typed(searched: &mut Searched, slack: &Slack, pocket: &PocketCommand, port: u16) {
    let token = slack.issue(&["channels:history"]);
    let mut running = pocket.start(["auth", "login", "slack", "--handler", "slack-token"]);
    let url = running.word("http");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let wrong = browser
        .submit(&page, &[("field-token", &format!("{token} with spaces"))])
        .await;
    browser.submit(&wrong, &[("field-token", &token)]).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    searched.ended("typing a token", &ended);
    searched.pages(&browser, port);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_no_secret_of_a_server_that_nobody_here_wrote_is_anywhere_but_sealed() {
    let seconds = 20;
    let Some(mut story) = JudgedCommand::start("F-60", seconds).await else {
        return;
    };
    loud(&mut story.pocket);
    let mut searched = Searched::new();
    let call = story.call();
    let mut running = story.pocket.start(&call);
    let mut browser = Browser::new();
    story.sign_in(&mut browser, &mut running).await;
    let signed_in = std::time::Instant::now();
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    searched.ended("a sign-in", &ended);
    searched.pages(&browser, story.port);
    let mut secrets = told(&browser);
    // In the second half of its life the token is too short for a call, so that each of these asks for a new one.
    tokio::time::sleep(Duration::from_secs(seconds / 2 + 1).saturating_sub(signed_in.elapsed())).await;
    for faults in [
        vec![Fault::Html, Fault::RetryAfter(429, 60)],
        vec![
            Fault::Redirect(307, "http://127.0.0.1:9/evil".to_owned()),
            Fault::DropRequest,
        ],
        vec![Fault::Truncate],
    ] {
        story.proxy.on_refresh(faults.clone());
        searched.ended(&format!("a call that meets {faults:?}"), &story.pocket.run(&call));
    }
    searched.ended("auth status", &story.pocket.run(["auth", "status", "--json"]));
    files(&mut searched, &story.pocket);
    secrets.extend(story.server.secrets_given());
    secrets.extend(story.proxy.secrets_seen());
    nothing_was_found(&searched, &secrets);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_28_where_no_browser_can_be_started_the_address_is_enough() {
    let SlackCommand {
        slack: _slack,
        mut pocket,
        port,
    } = SlackCommand::start(SlackSettings::default()).await;
    let log = pocket.user_home().join("said");
    // Nothing is found by its name but what gives the command a terminal.
    let programs = pocket.user_home().join("programs");
    std::fs::create_dir(&programs).expect("a folder can be made");
    std::os::unix::fs::symlink("/usr/bin/script", programs.join("script")).expect("a link can be made");
    pocket
        .set("BROWSER", "/nonexistent/browser")
        .set("PATH", programs.display().to_string());
    let shown = log.display().to_string();
    let login = ["auth", "login", "slack", "--scope", "channels:history"];
    let running = tokio::task::spawn_blocking(move || (pocket.run_on_terminal_into(login, &shown), pocket));
    let begins = format!("https://localhost:{port}/sign-in/");
    let began = std::time::Instant::now();
    let url = loop {
        assert!(began.elapsed() < Duration::from_secs(60), "no address was shown");
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let url = said.split_whitespace().find(|word| word.starts_with(&begins));
        if let Some(url) = url.filter(|_url| said.contains("Waiting for you")) {
            assert!(!said.contains("opened in your browser"), "{said}");
            break url.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let (ended, _pocket) = running.await.expect("it ends");
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_69_a_crash_leaves_no_core_dump() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let login = ["auth", "login", "slack", "--no-browser", "--scope", "channels:history"];
    let mut running = story.pocket.start(login);
    story.url(&mut running);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).expect("the process runs");
    let of_core = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    let words: Vec<_> = of_core.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words[..2], ["0", "0"], "{limits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_69_the_browser_that_is_started_has_none_of_our_secrets() {
    use std::os::unix::fs::PermissionsExt as _;
    let SlackCommand {
        slack: _slack,
        mut pocket,
        port: _,
    } = SlackCommand::start(SlackSettings::default()).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (script, seen) = (folder.path().join("browser"), folder.path().join("seen"));
    // It tells what it has and where it was sent, the latter last and in one go.
    let text = format!(
        "#!/bin/sh\n{{ env; cat /proc/$$/cmdline; }} > {seen}.all\necho \"$@\" > {seen}.new\nmv {seen}.new {seen}\n",
        seen = seen.display()
    );
    std::fs::write(&script, text).expect("a script can be written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("its mode can be set");
    let key = "cGxhbnRlZC1zdG9yZS1rZXktb2YtMzItYnl0ZXMtLS0=";
    pocket
        .set("POCKET_STORE_KEY", key)
        .set("POCKET_AUTH__SLACK__CLIENT_SECRET", "planted-client-secret")
        .set("BROWSER", script.display().to_string());
    let login = ["auth", "login", "slack", "--scope", "channels:history"];
    let running = tokio::task::spawn_blocking(move || (pocket.run_on_terminal(login, ""), pocket));
    let began = std::time::Instant::now();
    while !seen.is_file() {
        assert!(began.elapsed() < Duration::from_secs(60), "no browser was started");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let url = std::fs::read_to_string(&seen).expect("the script wrote it");
    let mut browser = Browser::new();
    let page = browser.open(url.trim()).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let (ended, _pocket) = running.await.expect("it ends");
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let had = std::fs::read_to_string(format!("{}.all", seen.display())).expect("the script wrote it");
    assert!(had.contains("HOME="), "{had}");
    for secret in [key, "planted", "xoxb", "POCKET_STORE_KEY"] {
        assert!(!had.contains(secret), "{secret}: {had}");
    }
}
