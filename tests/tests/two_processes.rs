//! Several processes of one user at once: who has the port, who is signed in, who renews, and what a killed one leaves.

use std::time::{Duration, Instant};

use pocket_tests::{Browser, Page, Postgres, Redis, Running, SlackCommand, SlackSettings};

/// A call that needs the account.
fn call(story: &SlackCommand) -> Vec<String> {
    story.run("slack-get-messages", r#"{"channel": "C123", "limit": 6}"#)
}

/// A command that only waits, for a token to be typed.
fn one_that_waits(story: &SlackCommand) -> Running {
    let mut running = story
        .pocket
        .start(["auth", "login", "slack", "--handler", "slack-token"]);
    running.word("http");
    running
}

/// Signs in, and calls once.
async fn signed_in(story: &SlackCommand) -> Instant {
    let mut running = story.pocket.start(call(story));
    let url = story.url(&mut running);
    agree(&url).await;
    let signed_in = Instant::now();
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    signed_in
}

/// Waits until somebody listens on the port.
async fn until_served(story: &SlackCommand) -> Duration {
    let began = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", story.port)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody took the port over");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

/// The user's part in a sign-in.
async fn agree(url: &str) -> Page {
    let mut browser = Browser::new();
    let page = browser.open(url).await;
    assert!(page.status.is_success(), "{}", page.body);
    let consent = browser.submit(&page, &[]).await;
    let done = browser.submit(&consent, &[("decision", "allow")]).await;
    assert!(done.status.is_success(), "{} {}", done.url, done.body);
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn f_31_a_sign_in_whose_process_ended_is_completed_by_one_that_waits() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let _waiting = one_that_waits(&story);
    let mut args = call(&story);
    args.extend(["--no-wait".to_owned(), "--json".to_owned()]);
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let url = told["error"]["details"]["sign_in"]["url"].as_str().expect("a URL");
    agree(url).await;
    let again = story.pocket.run(call(&story));
    // It is signed in; that this tool may use the account is still to be said, since nobody waited for it.
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert_eq!(story.slack.token_requests(), 1);
    let status = story.pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("ready"), "{}", status.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_29_two_calls_that_need_the_same_sign_in_both_end_well() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut both = [story.pocket.start(call(&story)), story.pocket.start(call(&story))];
    let urls = both.each_mut().map(|running| story.url(running));
    // One sign-in, or two where both began in the same moment.
    let urls = std::collections::BTreeSet::from(urls);
    for url in &urls {
        // Where the first one had the port, the second has it once that has ended.
        until_served(&story).await;
        agree(url).await;
    }
    for running in both {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("message 1"), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_leaves_its_port_to_one_that_waits() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut killed = story.pocket.start(call(&story));
    let left_behind = story.url(&mut killed);
    let mut waiting = story.pocket.start(call(&story));
    let url = story.url(&mut waiting);
    killed.kill();
    let taken_over = until_served(&story).await;
    assert!(taken_over < Duration::from_secs(5), "{taken_over:?}");
    agree(&url).await;
    let ended = waiting.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(left_behind, url, "an account has one sign-in at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_30_after_a_process_was_killed_the_next_one_has_the_port_at_once() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut killed = story.pocket.start(call(&story));
    let left_behind = story.url(&mut killed);
    // Its user is on the provider's page.
    let mut browser = Browser::new();
    let page = browser.open(&left_behind).await;
    let consent = browser.submit(&page, &[]).await;
    killed.kill();
    let mut next = story.pocket.start(call(&story));
    // What the killed one began is in the store that both have, so that the user's yes is not lost.
    assert_eq!(story.url(&mut next), left_behind);
    let done = browser.submit(&consent, &[("decision", "allow")]).await;
    assert!(done.status.is_success(), "{} {}", done.url, done.body);
    assert_eq!(story.slack.token_requests(), 1);
    let ended = next.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_02_two_processes_renew_a_rotating_token_once_and_keep_the_account() {
    let seconds = 20;
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(seconds),
        ..SlackSettings::default()
    })
    .await;
    let signed_in = signed_in(&story).await;
    // In the second half of its life the token is too short for a call.
    let half = Duration::from_secs(seconds / 2 + 1);
    tokio::time::sleep(half.saturating_sub(signed_in.elapsed())).await;
    let before = story.slack.refreshes();
    let both = [story.pocket.start(call(&story)), story.pocket.start(call(&story))];
    for running in both {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert_eq!(story.slack.refreshes() - before, 1);
    let status = story.pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("ready"), "{}", status.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_45_two_processes_whose_token_is_refused_renew_it_once() {
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    signed_in(&story).await;
    story.slack.end_access_tokens();
    let both = [story.pocket.start(call(&story)), story.pocket.start(call(&story))];
    for running in both {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert_eq!(story.slack.refreshes(), 1);
}

/// Two processes that share the store of this URL, and a third on another host.
async fn is_completed_by_another_process(url: &str) {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    story.pocket.set("POCKET_STORE__URL", url);
    story
        .pocket
        .set("POCKET_STORE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    // It has the port, and serves the sign-ins of all who share the store.
    let _waiting = one_that_waits(&story);
    let mut running = story.pocket.start(call(&story));
    let url = story.url(&mut running);
    agree(&url).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("message 1"), "{}", ended.stdout);
    assert_eq!(story.slack.token_requests(), 1);
    assert!(!story.pocket.home().join("data/accounts.sqlite").exists());
    let other_home = story.pocket.user_home().join("other-home");
    story.pocket.set("POCKET_HOME", other_home);
    let status = story.pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("ready"), "{} {}", status.stdout, status.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_of_one_process_is_completed_by_another_of_its_home_and_the_first_learns_it() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    // It has the port.
    let _waiting = one_that_waits(&story);
    let mut running = story.pocket.start(call(&story));
    let url = story.url(&mut running);
    agree(&url).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("message 1"), "{}", ended.stdout);
    assert_eq!(story.slack.token_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_28_a_second_home_on_one_machine_is_told_whose_the_port_may_be_and_what_to_do() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    let waiting = one_that_waits(&story);
    let other_home = story.pocket.user_home().join("other-home");
    story.pocket.set("POCKET_HOME", other_home);
    let ended = story.pocket.run(call(&story));
    assert_ne!(ended.code, 0, "{}", ended.stdout);
    for there in [
        format!(
            "another program has the port on which sign-ins come back: {}",
            story.port
        ),
        "a `pocket` with another home".to_owned(),
        "`port` under `[callback]`".to_owned(),
    ] {
        assert!(ended.stderr.contains(&there), "{there}: {}", ended.stderr);
    }
    drop(waiting);
    let ended = story.sign_in(&call(&story), "allow").await;
    assert_eq!(ended.code, 0, "once it has ended: {}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_of_one_process_is_completed_by_another_that_shares_a_postgresql_store() {
    let Some(server) = Postgres::start() else { return };
    is_completed_by_another_process(&server.url(&server.database())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_of_one_process_is_completed_by_another_that_shares_a_redis_store() {
    let Some(server) = Redis::start() else { return };
    is_completed_by_another_process(&server.url("0")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_sign_in_in_whichever_processes_it_is_begun() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let login = ["auth", "login", "slack", "--no-browser", "--scope", "channels:history"];
    let mut first = story.pocket.start(login);
    let url = story.url(&mut first);
    let mut second = story.pocket.start(login);
    assert_eq!(story.url(&mut second), url, "it is the same sign-in");
    // One that is killed leaves it to the others.
    first.kill();
    drop(first);
    until_served(&story).await;
    agree(&url).await;
    let ended = second.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(story.slack.token_requests(), 1);

    let mut left = story
        .pocket
        .start(["auth", "login", "slack", "--no-browser", "--scope", "chat:write"]);
    story.url(&mut left);
    left.kill();
    drop(left);
    let out = story.pocket.run(["auth", "logout", "slack"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    let status = story.pocket.run(["auth", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["sign_ins"].as_array().map(Vec::len), Some(0), "{status}");
}
