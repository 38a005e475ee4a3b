//! What an operator sees of what was done: the audit log, and numbers for Prometheus.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pocket_runtime::Home;
use pocket_tests::{Doors, SlackProject, SlackSettings, decide, sample};
use serde_json::{Value, json};

const INPUT: &str = "planted-in-the-input";

fn audit(project: &SlackProject) -> String {
    let home = Home::at(project.embedder.home());
    std::fs::read_to_string(home.data().join("audit").join("audit.jsonl")).expect("there is a log")
}

async fn signed_in(doors: &Doors, key: &str, pocket: &pocket_runtime::Pocket) {
    let request = doors.request("POST", "/api/sign-ins", key);
    let begun = doors.send(request.json(&json!({ "tool": "slack_get_messages" }))).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    let pocket = pocket.for_profile("alice");
    let need = pocket.need_of("slack_get_messages").await.unwrap().unwrap();
    decide(&pocket.begin_sign_in(&need, &[]).await.unwrap(), "allow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_called_what_and_where_it_went_is_seen_and_no_value_is() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let thief = json!({ "auth": { "auth_provider": "slack", "scopes": ["channels:history"] } });
    let thief = project.reaching(project.embedder.program_as("echo_token", "echo_token", thief));
    let pocket = project
        .builder()
        .tool(project.get_messages())
        .tool(thief)
        .tool(sample("fetch-page").display().to_string().as_str())
        .build()
        .await
        .unwrap();
    let mut doors = Doors::open(pocket.clone(), project.embedder.home()).await;
    let key = doors.key("alice");
    signed_in(&doors, &key, &pocket).await;
    let called = doors
        .call("slack_get_messages", &json!({ "channel": "C123", "limit": 2 }), &key)
        .await;
    assert_eq!(called.json()["code"], "ok", "{}", called.text);
    doors.call("echo_token", &json!({ "text": INPUT }), &key).await;
    let refused = doors
        .call("fetch_page", &json!({ "url": "https://refused.example/" }), &key)
        .await;
    assert_eq!(refused.json()["code"], "denied", "{}", refused.text);
    doors.call("no_tool_of_ours", &json!({}), &key).await;
    let out = doors.request("DELETE", "/api/accounts/slack", &key);
    assert_eq!(doors.send(out).await.status, 200);

    let metrics = doors.keys().create_for_metrics(None).unwrap();
    let numbers = doors.get("/metrics", metrics.text.expose()).await;
    for line in [
        "pocket_calls_total{tool=\"slack_get_messages\",code=\"ok\"} 1",
        "pocket_calls_total{tool=\"fetch_page\",code=\"denied\"} 1",
        "pocket_calls_total{tool=\"none\",code=\"not_found\"} 1",
        "pocket_outbound_requests_total{tool=\"slack_get_messages\",status=\"2xx\"} 1",
        "pocket_refusals_total{tool=\"fetch_page\"} 1",
        "pocket_call_seconds_count{tool=\"slack_get_messages\"} 1",
        "pocket_guests_running 0",
        "pocket_calls_waiting 0",
    ] {
        assert!(
            numbers.text.lines().any(|told| told == line),
            "{line}\n{}",
            numbers.text
        );
    }
    let count = |name: &str| {
        let line = numbers.text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or_default()
    };
    let loaded = count("pocket_compiling_seconds_count") + count("pocket_loading_seconds_count");
    assert_eq!(loaded, 3, "each tool once\n{}", numbers.text);

    doors.end();
    doors.ended().await;
    let log = audit(&project);
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(
        events,
        ["sign-in-begun", "call", "call", "call", "call", "signed-out"],
        "{log}"
    );
    assert!(records.iter().all(|record| record["profile"] == "alice"), "{log}");
    let id = key.split('_').nth(1).unwrap();
    assert!(records.iter().all(|record| record["key"] == id), "{log}");
    let slack = &records[1];
    assert_eq!(
        (&slack["tool"], &slack["code"]),
        (&json!("slack_get_messages"), &json!("ok"))
    );
    assert_eq!(slack["requests"][0]["origin"], json!(project.slack.url()), "{slack}");
    assert_eq!(slack["requests"][0]["status"], 200, "{slack}");
    assert!(slack["requests"][0].get("path").is_none(), "{slack}");
    assert_eq!(
        (&slack["provider"], &slack["scopes"][0]),
        (&json!("slack"), &json!("channels:history"))
    );
    assert!(slack["digest"].as_str().unwrap().starts_with("sha256:"), "{slack}");
    assert!(
        records[3]["refused"][0].as_str().unwrap().contains("refused.example"),
        "{log}"
    );

    let mut hidden = project.slack.secrets_given();
    hidden.extend([INPUT.to_owned(), key.clone(), metrics.text.expose().to_owned()]);
    for value in hidden {
        assert!(
            !log.contains(&value) && !numbers.text.contains(&value),
            "a value is seen: {value}"
        );
    }
    assert!(
        !numbers.text.contains("no_tool_of_ours"),
        "whatever somebody wrote would stay for ever"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_all_profiles_need_a_key_that_opens_nothing_else() {
    let embedder = pocket_tests::Embedder::new();
    let pocket = embedder.builder().build().await.unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let of_calls = doors.key("alice");
    let of_metrics = doors.keys().create_for_metrics(None).unwrap();
    let of_metrics = of_metrics.text.expose();
    for (path, key, status) in [
        ("/metrics", of_metrics, 200),
        ("/metrics", &of_calls, 403),
        ("/metrics", "", 401),
        ("/api/tools", of_metrics, 403),
        ("/api/calls", of_metrics, 403),
        ("/mcp", of_metrics, 403),
        ("/api/tools", &of_calls, 200),
    ] {
        let reply = doors.get(path, key).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
        if status == 403 {
            assert!(reply.text.contains("pocket keys create"), "{}", reply.text);
        }
    }
    for (key, is_let_in) in [(of_metrics, false), (of_calls.as_str(), true)] {
        let entering = doors.request("POST", "/enter", "").header("origin", doors.url(""));
        let entering = entering.header("content-type", "application/x-www-form-urlencoded");
        let entered = doors.send(entering.body(format!("key={key}"))).await;
        let is_refused = entered.text.contains("This is no key of this server");
        assert_eq!(
            (entered.status, is_refused),
            if is_let_in { (200, false) } else { (403, true) },
            "{}",
            entered.text
        );
    }
}
