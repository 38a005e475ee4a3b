//! Renewals: the server spends a refresh token at its first use, and refuses one without a word.

use std::{sync::Arc, time::Duration};

use pocket_runtime::{Call, Clock as _, Code, FunctionError, FunctionTool, ManualClock, Pocket, SystemClock};
use pocket_tests::{Browser, Embedder, Fault, Glewlwyd, GlewlwydCommand as Story, free_port};
use serde_json::{Value, json};

use crate::{said, status};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_server_took_back_is_renewed_with_a_refresh_token_that_rotates() {
    let Some(story) = Story::start("a renewal at glewlwyd").await else {
        return;
    };
    let ended = story.call_and_sign_in().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let first = story.server.proxy.last("refresh_token");
    story.server.revoke(&story.server.proxy.last("access_token")).await;
    // The tool gets to see the refusal: it ends well all the same, so it is not run again.
    let refused = story.pocket.run(story.call());
    assert_eq!((refused.code, status(&refused.stdout)), (0, 401), "{}", refused.stderr);
    let renewed = story.pocket.run(story.call());
    assert_eq!((renewed.code, status(&renewed.stdout)), (0, 200), "{}", renewed.stderr);
    assert_eq!(said(&story.server, "refresh_token"), [(Some(200), None)]);
    let second = story.server.proxy.last("refresh_token");
    assert_ne!(first, second);
    assert!(!story.server.is_active(&first).await, "it was spent");
    assert!(story.server.is_active(&second).await, "nobody sent the first one again");
    assert_eq!(story.account()["state"], "ready", "{}", story.account());
}

#[tokio::test(flavor = "multi_thread")]
async fn f_10_a_refusal_with_nothing_in_it_is_believed_the_second_time_and_the_account_stays() {
    let Some(story) = Story::start("F-10 at glewlwyd").await else {
        return;
    };
    let ended = story.call_and_sign_in().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let scopes = story.account()["scopes"].clone();
    for kind in ["refresh_token", "access_token"] {
        story.server.revoke(&story.server.proxy.last(kind)).await;
    }
    let refused = story.pocket.run(story.call());
    assert_eq!(status(&refused.stdout), 401, "{}", refused.stderr);
    let empty = (Some(400), None);
    assert_eq!(
        said(&story.server, "refresh_token"),
        [empty.clone(), empty],
        "asked once more"
    );
    let account = story.account();
    assert_eq!(account["state"]["needs_sign_in"], "rejected", "{account}");
    assert_eq!(account["scopes"], scopes, "they stay for the next consent");
    let call = story.call().into_iter().chain(["--no-wait".to_owned()]);
    let ended = story.pocket.run(call);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(said(&story.server, "refresh_token").len(), 2, "and not a third time");
    let ended = story.call_and_sign_in().await;
    assert_eq!((ended.code, status(&ended.stdout)), (0, 200), "{}", ended.stderr);
    assert_eq!(story.account()["state"], "ready", "{}", story.account());
}

/// A program that embeds the library, with a clock of its own.
struct Program {
    server: Glewlwyd,
    embedder: Embedder,
    clock: Arc<ManualClock>,
}

impl Program {
    async fn start(story: &str) -> Option<Self> {
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{port}/auth/glewlwyd/callback");
        let server = Glewlwyd::start(story, &redirect).await?;
        let embedder = Embedder::new();
        let settings = format!("{}\n[callback]\nport = {port}\n", server.provider());
        embedder
            .write("pocket.toml", &settings)
            .write(".secrets.toml", &server.secrets());
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        Some(Self {
            server,
            embedder,
            clock,
        })
    }

    /// A process of the program: its own library on the same home.
    async fn process(&self) -> Pocket {
        let use_it = FunctionTool::new("use_it", "Uses its token.", |_args: Value, call: Call| async move {
            call.credential("GLEWLWYD_TOKEN")?;
            Ok::<_, FunctionError>(json!({}))
        });
        self.embedder
            .builder()
            .clock(Arc::clone(&self.clock) as _)
            .function(use_it.auth_provider("glewlwyd").scopes(["api:read"]))
            .build()
            .await
            .expect("it can be built")
    }

    async fn sign_in(&self, pocket: &Pocket) {
        let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
        let mut browser = Browser::new();
        let page = browser.open(&sign_ins[0].url).await;
        let login = browser.submit(&page, &[]).await;
        self.server.agree(&mut browser, &login).await;
        pocket.wait_tool_auth().await.expect("the sign-in is done");
    }

    /// The access token is over.
    fn later(&self) {
        self.clock.advance(Duration::from_secs(3_600));
    }
}

async fn call(pocket: &Pocket) -> Code {
    let ended = pocket.invoke("use_it", json!({})).await;
    ended.map_or_else(|error| error.code(), |_output| Code::Ok)
}

#[tokio::test(flavor = "multi_thread")]
async fn f_11_an_answer_that_was_lost_after_the_refresh_token_was_spent_costs_one_sign_in() {
    let Some(program) = Program::start("F-11 at glewlwyd").await else {
        return;
    };
    let pocket = program.process().await;
    program.sign_in(&pocket).await;
    program.later();
    program.server.proxy.on_refresh([Fault::DropResponse]);
    // The second request is answered with nothing in it: what may be said of the account is not known yet.
    assert_eq!(call(&pocket).await, Code::Unreachable);
    assert_eq!(program.server.proxy.refreshes(), 2);
    // This process leaves the account alone for a moment; another asks at once.
    let pocket = program.process().await;
    assert_eq!(call(&pocket).await, Code::SignInRequired);
    let asked = program.server.proxy.refreshes();
    assert_eq!(call(&pocket).await, Code::SignInRequired);
    assert_eq!(program.server.proxy.refreshes(), asked, "nobody asks in a loop");
    program.sign_in(&pocket).await;
    assert_eq!(call(&pocket).await, Code::Ok);
    program.later();
    assert_eq!(call(&pocket).await, Code::Ok);
    assert_eq!(said(&program.server, "refresh_token").last(), Some(&(Some(200), None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn f_02_calls_at_once_spend_a_refresh_token_once() {
    let Some(program) = Program::start("F-02 at glewlwyd").await else {
        return;
    };
    let pocket = program.process().await;
    program.sign_in(&pocket).await;
    for round in 1..4 {
        program.later();
        let calls = (0..10).map(|_call| call(&pocket));
        let ended = futures_util::future::join_all(calls).await;
        assert!(ended.iter().all(|ended| *ended == Code::Ok), "{ended:?}");
        assert_eq!(program.server.proxy.refreshes(), round);
    }
    let refresh = program.server.proxy.last("refresh_token");
    assert!(program.server.is_active(&refresh).await, "the account lives");
}
