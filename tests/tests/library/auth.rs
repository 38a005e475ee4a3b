//! Sign-ins and profiles.

use std::time::Duration;

use pocket_runtime::{Code, Error};
use pocket_tests::{Recorder, SlackProject, SlackSettings, decide};
use serde_json::json;

use crate::{Tokens, code_of, sign_in_of};

const HISTORY: [&str; 1] = ["channels:history"];

fn ask_for_messages() -> serde_json::Value {
    json!({ "channel": "C123", "limit": 6 })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sign_in_serves_sandboxed_tools_and_functions_with_the_union_of_their_scopes() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let tokens = Tokens::default();
    let pocket = project
        .builder()
        .tool(project.get_messages())
        .tool(project.post_message())
        .function(tokens.tool("keep", &["reactions:read"]))
        .build()
        .await
        .expect("it can be built");
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    assert_eq!(sign_ins.len(), 1, "one account, one sign-in: {sign_ins:?}");
    let scopes = [
        "channels:history",
        "chat:write",
        "groups:history",
        "im:history",
        "mpim:history",
        "reactions:read",
    ];
    let mut asked = sign_ins[0].scopes.clone();
    asked.sort();
    assert_eq!(asked, scopes);
    let done = decide(&sign_ins[0], "allow").await;
    assert!(done.status.is_success(), "{}", done.body);
    pocket.wait_tool_auth().await.expect("the user signed in");

    let messages = pocket
        .invoke("slack_get_messages", ask_for_messages())
        .await
        .expect("the sandboxed tool runs");
    assert_eq!(messages.value.into_json()["messages"].as_array().map(Vec::len), Some(6));
    pocket
        .invoke("slack_post_message", json!({ "channel": "C123", "text": "hi" }))
        .await
        .expect("the other one too");
    assert_eq!(project.slack.posted()[0]["text"], "hi");
    let kept = pocket.invoke("keep", json!({})).await.expect("the function runs");
    assert_eq!(tokens.of("default"), project.slack.tokens(), "it is the same account");
    assert_eq!(
        kept.value.into_json(),
        json!({ "said": "the token is [redacted:SLACK_BOT_TOKEN]" })
    );
    assert_eq!(project.slack.token_requests(), 1);
    assert_eq!(
        pocket.initialize_tool_auth().await.expect("nothing is left to do"),
        Vec::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_sign_in_is_a_value_and_the_same_call_works_after_it() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project
        .builder()
        .tool(project.get_messages())
        .build()
        .await
        .expect("it can be built");
    let error = pocket
        .invoke("slack_get_messages", ask_for_messages())
        .await
        .expect_err("nobody signed in");
    assert_eq!(error.code(), Code::SignInRequired);
    let shown = error.to_json();
    let sign_in = sign_in_of(Err(error));
    assert!(
        sign_in
            .url
            .starts_with(&format!("https://localhost:{}/sign-in/", project.port)),
        "{}",
        sign_in.url
    );
    assert_eq!(
        (sign_in.provider.as_str(), sign_in.handler.as_str()),
        ("slack", "slack-oauth2")
    );
    assert!(
        sign_in.scopes.iter().any(|scope| scope == "channels:history"),
        "{:?}",
        sign_in.scopes
    );
    assert_eq!(sign_in.profile.as_str(), "default");
    assert_eq!(shown["details"]["sign_in"]["url"], json!(sign_in.url));
    assert_eq!(project.slack.api_calls(), 0, "the tool did not run");

    let again = sign_in_of(pocket.invoke("slack_get_messages", ask_for_messages()).await);
    decide(&again, "allow").await;
    pocket.wait_sign_in(&again).await.expect("the user signed in");
    assert_eq!(
        code_of(&pocket, "slack_get_messages", ask_for_messages()).await,
        Code::Ok
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_24_waiting_ends_when_the_user_denies() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project
        .builder()
        .tool(project.get_messages())
        .build()
        .await
        .expect("it can be built");
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    let waiting = tokio::spawn({
        let pocket = pocket.clone();
        async move { pocket.wait_tool_auth().await }
    });
    decide(&sign_ins[0], "deny").await;
    let ended = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("it ends at once");
    let error = ended.expect("the task ends").expect_err("the user denied");
    assert_eq!(error.code(), Code::Denied, "{error}");
    assert!(error.to_string().contains("slack"), "{error}");
    // A new URL can always be had.
    let again = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    assert_ne!(again[0].url, sign_ins[0].url);
    decide(&again[0], "allow").await;
    pocket.wait_tool_auth().await.expect("this time the user agreed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_68_profiles_are_apart_in_functions_and_in_the_sandbox() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let recorder = Recorder::start().await;
    let tokens = Tokens::default();
    let auth = json!({ "auth": { "auth_provider": "slack", "scopes": HISTORY } });
    let rule = format!("{}/*", recorder.url())
        .parse::<pocket_runtime::Rule>()
        .expect("a rule")
        .private();
    let pocket = project
        .builder()
        .tool(project.embedder.program_as("dial", "dial", auth).allow(rule))
        .function(tokens.tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    let dial = json!({
        "url": format!("{}/", recorder.url()),
        "token": "SLACK_BOT_TOKEN",
        "headers": { "x-token": "{token}" },
    });
    for name in ["alice", "bob"] {
        let of = pocket.for_profile(name);
        assert_eq!(of.profile().as_str(), name);
        assert_eq!(
            code_of(&of, "keep", json!({})).await,
            Code::SignInRequired,
            "{name} has to sign in"
        );
        let sign_ins = of.initialize_tool_auth().await.expect("a sign-in begins");
        assert_eq!(sign_ins.len(), 1);
        assert_eq!(sign_ins[0].profile.as_str(), name);
        decide(&sign_ins[0], "allow").await;
        of.wait_tool_auth().await.expect("the user signed in");
        of.invoke("keep", json!({})).await.expect("the function runs");
        of.invoke("dial", dial.clone()).await.expect("the tool runs");
    }
    let (alice, bob) = (tokens.of("alice"), tokens.of("bob"));
    assert_ne!(alice, bob, "each has a token of their own");
    let sent: Vec<_> = recorder
        .seen()
        .into_iter()
        .map(|request| request.headers["x-token"].clone())
        .collect();
    assert_eq!(sent, [alice[0].clone(), bob[0].clone()]);

    // The plain face is the profile `default`, which never signed in.
    assert_eq!(code_of(&pocket, "keep", json!({})).await, Code::SignInRequired);
    let accounts = pocket
        .for_profile("alice")
        .accounts()
        .await
        .expect("the store can be read");
    assert_eq!(
        accounts
            .iter()
            .map(|account| account.profile.as_str())
            .collect::<Vec<_>>(),
        ["alice"]
    );
    // Signing one out leaves the other.
    pocket
        .for_profile("alice")
        .sign_out("slack", None)
        .await
        .expect("the store can be written");
    assert_eq!(
        code_of(&pocket.for_profile("alice"), "keep", json!({})).await,
        Code::SignInRequired
    );
    assert_eq!(code_of(&pocket.for_profile("bob"), "keep", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_of_a_profile_reaches_the_account_of_another() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let tokens = Tokens::default();
    let pocket = project
        .builder()
        .function(tokens.tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    let alice = pocket.for_profile("alice");
    let sign_ins = alice.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    alice.wait_tool_auth().await.expect("the user signed in");
    let long = "a".repeat(1 << 20);
    let hostile = [
        "Alice",
        "alice ",
        " alice",
        "alice\0",
        "alice\0bob",
        "a__b",
        "alic_",
        "alic%",
        ".*",
        "*",
        "%",
        "",
        "../alice",
        "./alice",
        "alice/",
        "alice'--",
        "' OR '1'='1",
        "al\u{456}ce",
        "alice\u{202e}",
        "slack",
        "{\"alice\":1}",
        &long,
    ];
    for name in hostile {
        let error = pocket
            .for_profile(name)
            .invoke("keep", json!({}))
            .await
            .expect_err("nobody of that name signed in");
        assert_eq!(
            error.code(),
            Code::SignInRequired,
            "{}: {error}",
            &name[..name.len().min(20)]
        );
    }
    assert_eq!(tokens.all(), Vec::new(), "no function ran");
    assert_eq!(code_of(&alice, "keep", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_47_a_scope_that_is_missing_is_named_and_what_there_is_keeps_working() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let tokens = Tokens::default();
    let build = || {
        project
            .builder()
            .function(tokens.tool("read", &["channels:history"]))
            .function(tokens.tool("write", &["channels:history", "chat:write"]))
            .build()
    };
    let pocket = build().await.expect("it can be built");
    // The user takes a scope out on the consent page.
    project.slack.withhold(&["chat:write"]);
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    pocket.wait_tool_auth().await.expect("the user signed in");
    assert_eq!(
        code_of(&pocket, "read", json!({})).await,
        Code::Ok,
        "the narrower token is used"
    );
    let error = pocket.invoke("write", json!({})).await.expect_err("a scope is missing");
    assert!(matches!(&error, Error::SignInRequired(_)), "{error}");
    assert!(error.to_string().contains("the scope `chat:write`"), "{error}");
    let sign_in = sign_in_of(Err(error));
    assert!(
        sign_in.scopes.iter().any(|scope| scope == "chat:write"),
        "{:?}",
        sign_in.scopes
    );
    assert_eq!(
        code_of(&pocket, "read", json!({})).await,
        Code::Ok,
        "a wider sign-in under way takes nothing away"
    );

    project.slack.withhold(&[]);
    decide(&sign_in, "allow").await;
    pocket.wait_sign_in(&sign_in).await.expect("the user signed in");
    assert_eq!(code_of(&pocket, "write", json!({})).await, Code::Ok);
    assert_eq!(code_of(&pocket, "read", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_outlive_the_process_unless_they_are_kept_in_memory() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let tokens = Tokens::default();
    let in_memory = project
        .builder()
        .accounts_in_memory()
        .function(tokens.tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    let sign_ins = in_memory.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    in_memory.wait_tool_auth().await.expect("the user signed in");
    assert_eq!(code_of(&in_memory, "keep", json!({})).await, Code::Ok);
    drop(in_memory);
    let kept = project
        .builder()
        .function(tokens.tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    assert_eq!(
        code_of(&kept, "keep", json!({})).await,
        Code::SignInRequired,
        "nothing was written"
    );
    let sign_ins = kept.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    kept.wait_tool_auth().await.expect("the user signed in");
    drop(kept);
    let again = project
        .builder()
        .function(tokens.tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    assert_eq!(code_of(&again, "keep", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_a_client_says_what_to_write_where() {
    let project = SlackProject::start(SlackSettings::default()).await;
    project.embedder.write(".secrets.toml", "");
    let pocket = project
        .builder()
        .function(Tokens::default().tool("keep", &HISTORY))
        .build()
        .await
        .expect("it can be built");
    let error = pocket.initialize_tool_auth().await.expect_err("there is no client");
    assert_eq!(error.code(), Code::NotValid, "{error}");
    let hints = error.hints().join("\n");
    for word in ["client_id", "client_secret", "[auth.slack]", ".secrets.toml"] {
        assert!(hints.contains(word), "{word}: {hints}");
    }
    assert!(
        hints.contains(&format!("https://localhost:{}/auth/slack/callback", project.port)),
        "{hints}"
    );
}
