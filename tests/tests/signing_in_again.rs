//! Why a person has to sign in again: what the command, the status and the page say, and that signing in mends it.

use std::time::{Duration, Instant};

use pocket_tests::{Browser, Ended, SlackCommand, SlackSettings};
use serde_json::Value;

/// A call that needs the account.
fn call(story: &SlackCommand) -> Vec<String> {
    story.run("slack-get-messages", r#"{"channel": "C123", "limit": 2}"#)
}

fn words(args: &[String], more: &[&str]) -> Vec<String> {
    args.iter()
        .cloned()
        .chain(more.iter().map(|&word| word.to_owned()))
        .collect()
}

/// A project whose user has signed in, and called once.
async fn signed_in(settings: SlackSettings) -> SlackCommand {
    let story = SlackCommand::start(settings).await;
    let ended = story.sign_in(&call(&story), "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    story
}

/// The state that the status tells of the only account.
fn state(story: &SlackCommand) -> Value {
    let ended = story.pocket.run(["auth", "status", "--json"]);
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    told["accounts"][0]["state"].clone()
}

/// Waits until the call needs a sign-in, and gives how it ended.
fn until_needed(story: &SlackCommand) -> Ended {
    let began = Instant::now();
    loop {
        let ended = story.pocket.run(words(&call(story), &["--no-wait"]));
        match ended.code {
            3 => return ended,
            0 => assert!(began.elapsed() < Duration::from_secs(60), "it never needed one"),
            other => panic!("{other}: {} {}", ended.stdout, ended.stderr),
        }
    }
}

/// That the call, the status and the page tell of this reason, and that a sign-in mends it.
async fn is_told_and_mended(story: &SlackCommand, reason: &str, in_call: &str, in_status: &str) {
    let ended = until_needed(story);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains(in_call), "{said}");
    assert_eq!(state(story)["needs_sign_in"], reason);
    let status = story.pocket.run(["auth", "status"]);
    assert!(
        status.stdout.contains(&format!("sign in again: {in_status}")),
        "{}",
        status.stdout
    );
    assert!(
        status
            .stderr
            .contains("`pocket auth login slack --handler slack-oauth2"),
        "{}",
        status.stderr
    );

    let mut running = story.pocket.start(call(story));
    let mut browser = Browser::new();
    let page = browser.open(&story.url(&mut running)).await;
    for there in ["Sign in to Slack", "channels:history", "slack_get_messages", "default"] {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(state(story), "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_and_cannot_be_renewed() {
    let story = signed_in(SlackSettings {
        rotation: Some(3),
        renewable: false,
        ..SlackSettings::default()
    })
    .await;
    until_needed(&story);
    // The next one lasts for the rest of the story.
    story.slack.last(43_200);
    is_told_and_mended(
        &story,
        "expired",
        "there is nothing to renew it with",
        "the token ended",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_the_provider_refuses() {
    let story = signed_in(SlackSettings {
        rotation: Some(3),
        ..SlackSettings::default()
    })
    .await;
    // The token's own end is told by the clock: a provider that rejects it is another story.
    story.slack.end_refresh_tokens();
    let began = Instant::now();
    while state(&story)["needs_sign_in"] != "refused" {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", state(&story));
        story.pocket.run(words(&call(&story), &["--no-wait"]));
    }
    story.slack.last(43_200);
    is_told_and_mended(
        &story,
        "refused",
        "the provider refused to renew the token",
        "the provider refused to renew it",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_provider_rejects_and_no_renewal_mends() {
    let story = signed_in(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    story.slack.end_all_tokens();
    let ended = story.pocket.run(words(&call(&story), &["--no-wait"]));
    assert_ne!(ended.code, 0, "{}", ended.stdout);
    is_told_and_mended(
        &story,
        "rejected",
        "the provider rejected the token",
        "the provider refused the token",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_46_a_scope_that_the_provider_says_is_missing() {
    let story = signed_in(SlackSettings::default()).await;
    story.slack.take_away(&["channels:history"]);
    let ended = story.pocket.run(words(&call(&story), &["--no-wait", "--json"]));
    assert_eq!(ended.code, 3, "{} {}", ended.stdout, ended.stderr);
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let sign_in = &told["error"]["details"]["sign_in"];
    assert!(
        sign_in["reason"]
            .as_str()
            .is_some_and(|why| why.contains("`channels:history`")),
        "{told}"
    );
    assert!(
        sign_in["scopes"].as_array().is_some_and(|scopes| scopes.len() == 4),
        "{told}"
    );
    story.slack.take_away(&[]);
    is_told_and_mended(
        &story,
        "scope",
        "does not have the scope `channels:history`",
        "a scope is missing",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_46_a_scope_that_consents_do_not_give_is_asked_for_twice_and_then_told() {
    let story = signed_in(SlackSettings::default()).await;
    story.slack.take_away(&["channels:history"]);
    for _consent in 0..2 {
        let ended = story.sign_in(&call(&story), "allow").await;
        // The call was made again after it, and was refused again.
        assert_ne!(ended.code, 0, "{}", ended.stdout);
    }
    let consents = story.slack.token_requests();
    for _again in 0..2 {
        let ended = story.pocket.run(words(&call(&story), &["--no-wait"]));
        assert_eq!(ended.code, 4, "{} {}", ended.stdout, ended.stderr);
        assert!(
            ended
                .stderr
                .contains("its own consent does not give: `channels:history`"),
            "{}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains("whether your app may have this scope"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(story.slack.token_requests(), consents);
    story.slack.take_away(&[]);
    let ended = story.pocket.run(call(&story));
    assert_eq!(ended.code, 0, "once the provider is mended: {}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_46_a_scope_that_the_tool_does_not_declare_is_told_and_not_asked_for() {
    let story = signed_in(SlackSettings::default()).await;
    story.slack.demand(&["admin"]);
    for _again in 0..2 {
        let ended = story.pocket.run(words(&call(&story), &["--no-wait"]));
        assert_eq!(ended.code, 4, "{} {}", ended.stdout, ended.stderr);
        assert!(
            ended.stderr.contains("that the tool does not declare: `admin`"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(state(&story), "ready");
    story.slack.demand(&[]);
    assert_eq!(story.pocket.run(call(&story)).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_its_secret_is_told_before_anyone_signs_in() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    story
        .pocket
        .write(".secrets.toml", "[auth.slack]\nclient_id = \"1234.5678\"\n");
    let ended = story.pocket.run(words(&call(&story), &["--no-wait"]));
    assert_eq!(ended.code, 5, "{} {}", ended.stdout, ended.stderr);
    for there in [
        "`client_secret` is not set under `[auth.slack]`",
        "`.secrets.toml`",
        "`oauth2.client_auth = \"none\"` under `[providers.slack]` in `pocket.toml`",
    ] {
        assert!(ended.stderr.contains(there), "{there}: {}", ended.stderr);
    }
}
