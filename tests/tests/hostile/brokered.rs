//! Tools that have a placeholder in place of their token.

use pocket_runtime::{CallOptions, Called, Code, CredentialsMode, Input, Pocket, ToolEntry};
use pocket_tests::{Recorder, SlackProject, SlackSettings};
use serde_json::{Value, json};

use crate::secrets::sign_in;

const HISTORY: [&str; 2] = ["channels:history", "chat:write"];

/// These programs, and both sample tools, with placeholders, signed in to Slack.
async fn brokered(project: &SlackProject, programs: &[&str], also: &[&Recorder]) -> Pocket {
    let auth = json!({ "auth": { "auth_provider": "slack", "scopes": HISTORY } });
    let entries = programs
        .iter()
        .map(|program| project.reaching(project.embedder.program_as(program, program, auth.clone())));
    let samples = [project.get_messages(), project.post_message()];
    let entries = entries.chain(samples).map(|entry| {
        let entry = entry.credentials(CredentialsMode::Brokered);
        also.iter().fold(entry, |entry, other| {
            let rule: pocket_runtime::Rule = other.url().parse().expect("its address is a rule");
            entry.allow(rule.private())
        })
    });
    let pocket = entries.fold(project.builder(), |builder, entry: ToolEntry| builder.tool(entry));
    let pocket = pocket.build().await.expect("it can be built");
    sign_in(&pocket).await;
    pocket
}

async fn dialled(pocket: &Pocket, input: Value) -> Called {
    let mut input = input;
    input["token"] = json!("SLACK_BOT_TOKEN");
    pocket
        .call("dial", Input::Json(input), CallOptions::default())
        .await
        .expect("it is there")
}

fn output(called: &Called) -> &Value {
    match called.ended.as_ref().expect("it ends well") {
        pocket_runtime::Value::Json(value) => value,
        pocket_runtime::Value::Text(text) => panic!("it gives JSON: {text}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_tools_work_unchanged() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = brokered(&project, &[], &[]).await;
    let read = pocket
        .invoke("slack_get_messages", json!({ "channel": "C123" }))
        .await
        .expect("it reads the channel");
    assert!(read.refusals.is_empty(), "{:?}", read.refusals);
    pocket
        .invoke("slack_post_message", json!({ "channel": "C123", "text": "hello" }))
        .await
        .expect("it posts");
    assert_eq!(project.slack.posted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_does_not_find_its_token_in_its_memory_even_where_the_provider_says_it_again() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = brokered(&project, &["dump_memory"], &[]).await;
    let token = project.slack.tokens().pop().expect("there is a token");
    let input = json!({
        "reversed": token.chars().rev().collect::<String>(),
        "url": format!("{}/api.test?foo=bar", project.api()),
    });
    let found = pocket
        .invoke("dump_memory", input)
        .await
        .expect("it ends well")
        .value
        .into_json();
    assert_eq!(found["found"], 0, "{found}");
    assert_eq!(found["token_length"], token.len());
    let reply = found["reply"].as_str().expect("there is a reply");
    assert!(reply.contains("\"foo\":\"bar\"") && reply.contains("xoxb-"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_anywhere_but_at_its_place_is_refused_and_told() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let recorder = Recorder::start().await;
    let pocket = brokered(&project, &["dial"], &[&recorder]).await;
    let token = project.slack.tokens().pop().expect("there is a token");
    let (api, other) = (project.api(), format!("{}/kept", recorder.url()));
    let bearer = json!({ "authorization": "Bearer {token}" });
    // As the provider takes it: one that refuses the head alone would never see the body.
    let as_json = "application/json";
    for input in [
        json!({ "url": format!("{api}/chat.postMessage"), "method": "POST", "headers": { "authorization": "Bearer {token}", "content-type": as_json },
            "body": r#"{"channel": "C123", "text": "{token}"}"# }),
        json!({ "url": format!("{api}/api.test?text={{token}}"), "headers": bearer }),
        json!({ "url": format!("{api}/{{token}}"), "headers": bearer }),
        json!({ "url": format!("{api}/api.test"), "headers": { "x-other": "{token}" } }),
        json!({ "url": format!("{api}/api.test"), "headers": { "authorization": "Bearer {token} and more" } }),
        json!({ "url": format!("{api}/api.test"), "headers": { "authorization": "{token}" } }),
        json!({ "url": other, "headers": bearer }),
        json!({ "url": format!("{other}?a={{token}}") }),
        json!({ "url": other, "method": "POST", "body": "before {token} after" }),
    ] {
        let called = dialled(&pocket, input.clone()).await;
        let told = called.refusals.join("\n");
        assert!(told.contains("placeholder"), "{input}: {called:?}");
        assert_ne!(output(&called)["status"], 200, "{input}");
        assert!(!format!("{called:?}").contains(&token), "{called:?}");
    }
    assert!(project.slack.posted().is_empty(), "{:?}", project.slack.posted());
    let kept = format!("{:?}", recorder.seen());
    assert!(!kept.contains("xoxb-") && !kept.contains(&token), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_provider_refuses_is_renewed_under_the_guests_feet() {
    let rotation = SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    };
    let project = SlackProject::start(rotation).await;
    let pocket = brokered(&project, &[], &[]).await;
    project.slack.end_access_tokens();
    // A POST, which no call is run again for.
    let posted = pocket
        .invoke("slack_post_message", json!({ "channel": "C123", "text": "once" }))
        .await
        .expect("it posts");
    assert_eq!(project.slack.refreshes(), 1);
    assert_eq!(project.slack.posted().len(), 1);
    assert_eq!(posted.usage.requests, 2, "the request was sent once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_no_renewal_mends_ends_the_call_as_unauthorized() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = brokered(&project, &[], &[]).await;
    project.slack.end_all_tokens();
    let post = || pocket.invoke("slack_post_message", json!({ "channel": "C123", "text": "never" }));
    let error = post().await.expect_err("it is refused");
    assert_eq!(error.code(), Code::Unauthorized, "{error}");
    let error = post().await.expect_err("it asks to sign in");
    assert_eq!(error.code(), Code::SignInRequired, "{error}");
    assert!(project.slack.posted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_must_hold_its_secret_is_not_loaded_with_a_placeholder() {
    let project = SlackProject::start(SlackSettings::default()).await;
    for (manifest, says) in [
        (
            json!({ "auth": { "auth_provider": "slack", "scopes": HISTORY }, "permissions": { "credentials": "env" } }),
            "needs the secret itself",
        ),
        (json!({ "auth": { "auth_provider": "kraken" } }), "kraken"),
    ] {
        let entry = project.embedder.program_as("dial", "dial", manifest);
        let building = project
            .builder()
            .tool(entry.credentials(CredentialsMode::Brokered))
            .build();
        let Err(error) = building.await else {
            panic!("it is refused: {says}");
        };
        assert!(error.to_string().contains(says), "{error}");
        assert!(
            error.hints().iter().any(|hint| hint.contains("env")),
            "{:?}",
            error.hints()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_all_tools_holds_unless_one_says_otherwise() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let settings = project.embedder.read("pocket.toml").expect("it was written");
    project.embedder.write(
        "pocket.toml",
        &format!("{settings}\n[credentials]\nmode = \"brokered\"\n"),
    );
    let auth = json!({ "auth": { "auth_provider": "slack", "scopes": HISTORY } });
    let program = |name: &str| project.reaching(project.embedder.program_as("print_env", name, auth.clone()));
    let pocket = project
        .builder()
        .tool(program("as_all"))
        .tool(program("by_itself").credentials(CredentialsMode::Env))
        .build()
        .await
        .expect("it can be built");
    sign_in(&pocket).await;
    let token = |output: &Value| output["variables"]["SLACK_BOT_TOKEN"].as_str().map(ToOwned::to_owned);
    let call = |name: &'static str| pocket.call(name, Input::Json(json!({})), CallOptions::default());
    let brokered = call("as_all").await.expect("it is there");
    let placeholder = token(output(&brokered)).expect("it has a variable");
    assert!(
        !placeholder.contains("redacted"),
        "a placeholder is no secret: {placeholder}"
    );
    let by_itself = call("by_itself").await.expect("it is there");
    assert_eq!(token(output(&by_itself)).as_deref(), Some("[redacted:SLACK_BOT_TOKEN]"));
}
