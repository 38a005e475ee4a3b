//! Accounts of tools' own and sign-outs that a provider is told of later, through the binary.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use pocket_runtime::{Clock as _, Home, ManualClock, Pocket, SystemClock};
use pocket_tests::{Browser, Ended, SlackCommand, SlackSettings, sample};
use serde_json::{Value, json};

const HISTORY: &str = r#"{"channel": "C123", "limit": 1}"#;

/// A project of three tools of one source, of which two have an account of their own.
async fn story() -> SlackCommand {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let settings = std::fs::read_to_string(story.pocket.project().join("pocket.toml")).expect("it was written");
    let source = sample("slack-get-messages").display().to_string();
    let url = story.slack.url();
    let tool = |name: &str, account: &str| {
        format!(
            "[tools.{name}]\nsource = \"{source}\"\naccount = \"{account}\"\nvariables = {{ SLACK_API_URL = \"{url}/api\" }}\n\
             grant = {{ http = [{{ rule = \"{url}\", private = true }}] }}\n"
        )
    };
    let tools = [tool("one", "own"), tool("two", "own"), tool("three", "shared")].concat();
    story.pocket.write("pocket.toml", &format!("{settings}\n{tools}"));
    story
}

fn run(tool: &str, more: &str) -> Vec<String> {
    [
        &["run", tool, HISTORY, "--no-browser"],
        more.split(' ')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .as_slice(),
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", ended.stdout, ended.stderr))
}

fn status(story: &SlackCommand) -> Value {
    json_of(&story.pocket.run(["auth", "status", "--json"]))
}

/// The tools whose accounts are there, and where each is at home.
fn tools_of(status: &Value) -> Vec<(Value, Value)> {
    let accounts = status["accounts"].as_array().expect("it lists accounts");
    accounts
        .iter()
        .map(|account| (account["tool"].clone(), account["tool_of"].clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tools_of_one_provider_hold_two_sign_ins() {
    let story = story().await;
    let place = story.pocket.project().canonicalize().expect("it is there");
    let place = json!(place.display().to_string());
    for (done, tool) in [(1, "one"), (2, "two")] {
        let ended = story.sign_in(&run(tool, ""), "allow").await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("to the account of `{tool}` alone")),
            "{}",
            ended.stderr
        );
        assert_eq!(story.slack.token_requests(), done);
        let again = story.pocket.run(run(tool, ""));
        assert_eq!(again.code, 0, "{}", again.stderr);
    }
    assert_eq!(
        tools_of(&status(&story)),
        [(json!("one"), place.clone()), (json!("two"), place.clone())]
    );
    let shown = story.pocket.run(["auth", "status"]);
    assert!(shown.stdout.contains("slack-oauth2 (only `one`)"), "{}", shown.stdout);
    let inspected = story.pocket.run(["inspect", "one"]);
    assert!(
        inspected.stdout.contains("no other tool of this project uses it"),
        "{}",
        inspected.stdout
    );
    let inspected = story.pocket.run(["inspect", "three", "--json"]);
    assert_eq!(json_of(&inspected)["own_account"], false, "{}", inspected.stdout);
    let third = story.pocket.run(run("three", "--no-wait"));
    assert_eq!(
        third.code, 3,
        "it used another tool's account: {} {}",
        third.stdout, third.stderr
    );

    let pending = story.pocket.run(["auth", "logout", "slack"]);
    assert_eq!(
        pending.code, 0,
        "the sign-in that `three` began is ended: {}",
        pending.stderr
    );
    let shared = story.pocket.run(["auth", "logout", "slack"]);
    assert_eq!(shared.code, 5, "{}", shared.stderr);
    assert!(shared.stderr.contains("--tool one"), "{}", shared.stderr);
    let out = story.pocket.run(["auth", "logout", "slack", "--tool", "one"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(story.slack.tokens().len(), 1, "its token was revoked, and no other");
    assert_eq!(story.pocket.run(run("one", "--no-wait")).code, 3);
    assert_eq!(story.pocket.run(run("two", "")).code, 0);
    assert_eq!(tools_of(&status(&story)), [(json!("two"), place)]);
    let out = story.pocket.run(["auth", "logout", "slack", "--all"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert!(tools_of(&status(&story)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_signs_a_tool_in_to_its_own_account_and_moves_it() {
    let story = story().await;
    let shared = story
        .pocket
        .run(["auth", "login", "slack", "--tool", "three", "--no-wait"]);
    assert!(shared.stderr.contains("account = \"own\""), "{}", shared.stderr);
    let unknown = story
        .pocket
        .run(["auth", "login", "slack", "--tool", "four", "--no-wait"]);
    assert_eq!(unknown.code, 5, "{}", unknown.stderr);
    let other = story
        .pocket
        .run(["auth", "login", "github", "--tool", "one", "--no-wait"]);
    assert!(
        other.stderr.contains("needs no account of this provider"),
        "{}",
        other.stderr
    );

    let mut running = story
        .pocket
        .start(["auth", "login", "slack", "--tool", "one", "--no-browser"]);
    let url = story.url(&mut running);
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    assert!(page.body.contains("This tool's own"), "{}", page.body);
    assert!(page.body.contains("<code>one</code>"), "{}", page.body);
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(tools_of(&status(&story))[0].0, "one");

    story.pocket.write("passphrase", "planted passphrase\n");
    let passphrase = "--passphrase-file=passphrase";
    let exported = story.pocket.run(["auth", "export", "moved", passphrase]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    let out = story.pocket.run(["auth", "logout", "slack", "--tool", "one"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    let imported = story.pocket.run(["auth", "import", "moved", passphrase]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(imported.stdout.contains("(only `one`)"), "{}", imported.stdout);
    assert_eq!(tools_of(&status(&story))[0].0, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_48_a_provider_that_is_down_is_told_of_a_sign_out_by_a_later_process() {
    let story = story().await;
    let ended = story.sign_in(&run("one", ""), "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    story.slack.fail_with(Some(StatusCode::SERVICE_UNAVAILABLE));
    let out = story.pocket.run(["auth", "logout", "slack", "--tool", "one", "--json"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    let told = json_of(&out);
    assert_eq!(
        (&told["accounts"], &told["not_revoked"]),
        (&json!(1), &json!([])),
        "{told}"
    );
    assert!(
        told["owed"][0].as_str().is_some_and(|owed| owed.contains("HTTP 503")),
        "{told}"
    );
    let owed = status(&story)["owed_revocations"].clone();
    assert_eq!(
        (&owed[0]["tool"], &owed[0]["tries"]),
        (&json!("one"), &json!(1)),
        "{owed}"
    );
    let shown = story.pocket.run(["auth", "status"]);
    assert!(shown.stderr.contains("not told yet"), "{}", shown.stderr);
    assert!(shown.stdout.contains("HTTP 503"), "{}", shown.stdout);
    assert_eq!(story.slack.tokens().len(), 1);

    story.slack.fail_with(None);
    let again = story.sign_in(&run("one", ""), "allow").await;
    assert_eq!(again.code, 0, "what is owed stands in the way: {}", again.stderr);
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    clock.advance(Duration::from_secs(120));
    let later = Pocket::builder()
        .home(Home::at(story.pocket.home()))
        .project(story.pocket.project())
        .clock(clock)
        .only([])
        .build()
        .await
        .expect("it can be made");
    later.revoke_owed().await.expect("the store can be written");
    assert_eq!(status(&story)["owed_revocations"], json!([]));
    assert_eq!(story.slack.tokens().len(), 1, "the one of the new sign-in");
    assert_eq!(story.pocket.run(run("one", "")).code, 0);
}
