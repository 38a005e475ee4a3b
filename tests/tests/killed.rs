//! Several processes on one store with a refresh token that can be used once, and what one leaves that was killed.

use std::time::{Duration, Instant};

use pocket_tests::{Browser, Fault, JudgedCommand, Running};

/// How long the server's access tokens last, in seconds.
const LIFE: u64 = 20;
/// Longer than a lease lasts, and than a call waits for another process.
const LONGEST: Duration = Duration::from_secs(60);

/// A project in which the user signed in, and whose token is too short for a call. `None` where the server is not installed.
async fn with_a_short_token(named: &str) -> Option<JudgedCommand> {
    let story = JudgedCommand::start(named, LIFE).await?;
    let mut running = story.pocket.start(story.call());
    story.sign_in(&mut Browser::new(), &mut running).await;
    let signed_in = Instant::now();
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    // In the second half of its life the token is too short for a call.
    let half = Duration::from_secs(LIFE / 2 + 1);
    tokio::time::sleep(half.saturating_sub(signed_in.elapsed())).await;
    Some(story)
}

/// Sends a process this signal.
fn signal(running: &Running, name: &str) {
    let status = std::process::Command::new("kill")
        .args([format!("-{name}"), running.id().to_string()])
        .status();
    assert!(status.expect("`kill` can be started").success(), "-{name}");
}

/// When the account was last renewed, as the status tells it.
fn refreshed_at(story: &JudgedCommand) -> serde_json::Value {
    let status = story.pocket.run(["auth", "status", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    told["accounts"][0]["refreshed_at"].clone()
}

/// Starts a process that renews, and kills it when its request has come this far.
async fn killed_at(story: &JudgedCommand, fault: Fault) {
    story.proxy.on_refresh([fault]);
    let mut running = story.pocket.start(story.call());
    story.proxy.until_held().await;
    running.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn f_02_four_processes_that_need_a_new_token_at_once_renew_it_once() {
    let Some(story) = with_a_short_token("F-02, in four processes").await else {
        return;
    };
    let call = story.call();
    let all: Vec<Running> = (0..4).map(|_| story.pocket.start(&call)).collect();
    for running in all {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("alice"), "{}", ended.stdout);
    }
    assert_eq!((story.proxy.refreshes(), story.proxy.most_at_once()), (1, 1));
    assert_eq!(story.server.count("grant.error refresh_token"), 0);
    assert_eq!(story.server.count("grant.revoked refresh_token"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_03_a_process_killed_before_the_server_heard_of_it_costs_the_others_a_lease_and_nothing_else() {
    let Some(story) = with_a_short_token("F-03").await else {
        return;
    };
    killed_at(&story, Fault::HoldRequest).await;
    let killed = Instant::now();
    let call = story.call();
    let others: Vec<Running> = (0..2).map(|_| story.pocket.start(&call)).collect();
    for running in others {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert!(killed.elapsed() < LONGEST, "{:?}", killed.elapsed());
    assert_eq!(story.server.count("grant.success refresh_token"), 1);
    assert_eq!(story.server.count("grant.error refresh_token"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_05_a_process_killed_after_it_saved_and_before_it_gave_the_lease_back_costs_nobody_anything() {
    let Some(story) = with_a_short_token("F-05").await else {
        return;
    };
    // The store takes the token, and then has no end of work with the lease that is given back.
    let store = story.pocket.home().join("data/accounts.sqlite");
    let store = rusqlite::Connection::open(store).expect("the store is there");
    store
        .execute_batch(
            "CREATE TRIGGER held BEFORE UPDATE OF lease_owner ON accounts
             WHEN OLD.lease_owner IS NOT NULL AND NEW.lease_owner IS NULL BEGIN
                 SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n);
             END",
        )
        .expect("it takes a trigger");
    let mut killed = story.pocket.start(story.call());
    let began = Instant::now();
    while refreshed_at(&story).is_null() {
        assert!(began.elapsed() < LONGEST, "it never saved");
    }
    killed.kill();
    let held: i64 = store
        .query_row(
            "SELECT count(*) FROM accounts WHERE lease_owner IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .expect("the store can be read");
    assert_eq!(held, 1, "the lease is still that of the killed one");
    store.execute_batch("DROP TRIGGER held").expect("it can be taken away");
    let ended = story.pocket.run(story.call());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(story.proxy.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_18_a_process_that_is_stopped_while_it_renews_spends_no_token_of_another_when_it_goes_on() {
    let Some(story) = with_a_short_token("F-18, with a process that is stopped").await else {
        return;
    };
    story.proxy.on_refresh([Fault::HoldRequest]);
    let stopped = story.pocket.start(story.call());
    story.proxy.until_held().await;
    signal(&stopped, "STOP");
    // The other waits for the lease of the one that is stopped, and renews.
    let ended = story.pocket.start(story.call()).ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let renewed = refreshed_at(&story);
    signal(&stopped, "CONT");
    let ended = stopped.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("alice"), "{}", ended.stdout);
    assert_eq!(refreshed_at(&story), renewed, "the newer token is the one that is kept");
    assert_eq!(story.server.count("grant.success refresh_token"), 1);
    assert_eq!(
        story.server.count("grant.error refresh_token"),
        0,
        "nothing that was spent was sent"
    );
    assert_eq!(story.server.count("grant.revoked refresh_token"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_03_f_04_a_process_killed_after_the_server_answered_is_told_as_the_crash_it_was() {
    let Some(story) = with_a_short_token("F-04").await else {
        return;
    };
    killed_at(&story, Fault::HoldResponse).await;
    assert_eq!(story.server.count("grant.success refresh_token"), 1);
    let mut call = story.call();
    call.push("--no-wait".to_owned());
    let killed = Instant::now();
    let ended = story.pocket.run(&call);
    assert!(killed.elapsed() < LONGEST, "{:?}", killed.elapsed());
    assert_eq!(ended.code, 3, "{} {}", ended.stdout, ended.stderr);
    let status = story.pocket.run(["auth", "status", "--json"]);
    assert!(status.stdout.contains("lost_in_crash"), "{}", status.stdout);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains("a crash lost the provider's answer"), "{said}");
    let shown = story.pocket.run(["auth", "status"]);
    assert!(
        shown.stdout.contains("sign in again: a crash fell into its renewal"),
        "{}",
        shown.stdout
    );
    // The strict server ended the account when the spent token came again, and it is asked no more.
    let asked = story.proxy.refreshes();
    assert_eq!(story.pocket.run(&call).code, 3);
    assert_eq!(story.proxy.refreshes(), asked);
    let mut running = story.pocket.start(story.call());
    story.sign_in(&mut Browser::new(), &mut running).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
