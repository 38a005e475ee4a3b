//! What is shown of a token.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose};
use pocket_runtime::{CallOptions, Input, LogLine, Pocket, Report};
use pocket_tests::{SlackProject, SlackSettings, decide};
use serde_json::{Value, json};

const MARK: &str = "[redacted:SLACK_BOT_TOKEN]";

/// Keeps the lines that are told while a call runs.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Report for Kept {
    fn log(&self, line: &LogLine) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.message.clone());
    }

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {}
}

/// These programs, each signed in to Slack.
async fn signed_in(project: &SlackProject, programs: &[&str]) -> Pocket {
    let auth = json!({ "auth": { "auth_provider": "slack", "scopes": ["channels:history"] } });
    let entries = programs
        .iter()
        .map(|program| project.embedder.program_as(program, program, auth.clone()));
    let pocket = entries.fold(project.builder(), |builder, entry| {
        builder.tool(project.reaching(entry))
    });
    let pocket = pocket.build().await.expect("it can be built");
    sign_in(&pocket).await;
    pocket
}

pub(crate) async fn sign_in(pocket: &Pocket) {
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    pocket.wait_tool_auth().await.expect("the user signed in");
}

/// The token in every form in which an accident may show it.
fn forms(token: &str) -> Vec<String> {
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    // What stands before the end of the last full group depends on nothing behind it.
    let groups = token.len() / 3 * 3;
    vec![
        token.to_owned(),
        hex::encode(token),
        hex::encode_upper(token),
        general_purpose::STANDARD.encode(&token[..groups]),
        general_purpose::URL_SAFE_NO_PAD.encode(&token[..groups]),
        percent,
        escaped,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn f_61_a_token_is_redacted_in_every_encoding_in_output_and_logs() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project, &["echo_token"]).await;
    let token = project.slack.tokens().pop().expect("there is a token");
    let kept = Arc::new(Kept::default());
    let mut options = CallOptions::default();
    options.report = Some(Arc::clone(&kept) as Arc<dyn Report>);
    let called = pocket
        .call("echo_token", Input::Json(json!({})), options)
        .await
        .expect("it is there");
    let reported = json!(*kept.0.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(reported.as_array().map(Vec::len), Some(called.logs.len()));
    nothing_of(&token, &reported);
    let shape = called.to_json();
    let output = &shape["output"];
    assert_eq!(output["raw"], MARK);
    assert_eq!(output["within"], format!("before {MARK} after"));
    assert_eq!(output["key"], json!({ MARK: 1 }));
    for field in ["percent", "hex", "upper_hex", "json_escaped"] {
        assert_eq!(output[field], MARK, "{field}");
    }
    for field in ["base64", "base64url"] {
        let all = output[field].as_array().expect("one for each offset");
        assert!(
            all.len() == 3
                && all
                    .iter()
                    .all(|text| text.as_str().is_some_and(|text| text.contains(MARK))),
            "{all:?}"
        );
    }
    let logs: Vec<&str> = shape["logs"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["message"].as_str())
        .collect();
    assert!(logs.contains(&format!("in one line: {MARK}").as_str()), "{logs:?}");
    assert!(logs.contains(&format!("in two writes: {MARK}").as_str()), "{logs:?}");
    nothing_of(&token, &shape);
}

fn nothing_of(token: &str, shape: &Value) {
    let text = shape.to_string();
    for form in forms(token) {
        assert!(
            !text.contains(&form) && !text.contains(&form.replace('\\', "\\\\")),
            "`{form}` is shown: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_61_a_token_is_redacted_in_errors_and_refusals() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project, &["dial"]).await;
    let token = project.slack.tokens().pop().expect("there is a token");
    for url in [
        "https://{token}.example/",
        "https://example.com/{token}",
        "https://example.com/?t={token}",
        "not a URL {token}",
    ] {
        for fail in [true, false] {
            let input = json!({ "url": url, "token": "SLACK_BOT_TOKEN", "fail": fail });
            let called = pocket
                .call("dial", Input::Json(input), CallOptions::default())
                .await
                .expect("it is there");
            nothing_of(&token, &called.to_json());
            let debug = format!("{called:?}");
            assert!(!debug.contains(&token), "{debug}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_68_a_call_finds_nothing_of_another_users_call_in_its_memory() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project, &["dump_memory"]).await;
    let token = project.slack.tokens().pop().expect("there is a token");
    let search = json!({ "reversed": token.chars().rev().collect::<String>() });
    let own = pocket
        .invoke("dump_memory", search.clone())
        .await
        .expect("it ends well")
        .value
        .into_json();
    assert!(
        own["found"].as_u64().is_some_and(|found| found > 0),
        "its own token is in its environment: {own}"
    );
    let bob = pocket.for_profile("bob");
    sign_in(&bob).await;
    for _again in 0..5 {
        let other = bob
            .invoke("dump_memory", search.clone())
            .await
            .expect("it ends well")
            .value
            .into_json();
        assert_eq!(other["found"], 0, "{other}");
    }
}
