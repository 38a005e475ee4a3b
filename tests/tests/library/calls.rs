//! One call: its input, its output, its cost and its ends.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use pocket_runtime::{
    CallOptions, CallStep, Code, Error, Home, Input, LogLevel, LogLine, Pocket, Report, Settings, Value,
};
use pocket_tests::{Embedder, Recorder};
use serde_json::json;

use crate::{code_of, echo};

/// How far a tool is, as it told it.
type Progress = (f64, Option<f64>, Option<String>);

/// Keeps what a tool reports.
#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<(LogLevel, String)>>,
    progress: Mutex<Vec<Progress>>,
    steps: Mutex<Vec<CallStep>>,
}

impl Kept {
    fn lines(&self) -> Vec<(LogLevel, String)> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Report for Kept {
    fn log(&self, line: &LogLine) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((line.level, line.message.clone()));
    }

    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let told = (done, total, message.map(ToOwned::to_owned));
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    fn step(&self, step: CallStep) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }
}

fn reporting(to: &Arc<Kept>) -> CallOptions {
    let mut options = CallOptions::default();
    options.report = Some(Arc::clone(to) as Arc<dyn Report>);
    options
}

/// A `Pocket` with these programs and `echo`, under these settings.
async fn pocket_with(embedder: &Embedder, programs: &[&str], change: impl FnOnce(&mut Settings)) -> Pocket {
    let mut settings = Settings::standard().expect("the embedded files are valid");
    change(&mut settings);
    let mut builder = Pocket::builder()
        .home(Home::at(embedder.home()))
        .settings(settings)
        .tool(echo());
    for program in programs {
        builder = builder.tool(embedder.program(program));
    }
    builder.build().await.expect("it can be built")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_tells_that_it_loads_and_compiles_and_each_that_it_runs() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &[], |_settings| {}).await;
    for steps in [
        vec![CallStep::Loading, CallStep::Compiling, CallStep::Running],
        vec![CallStep::Running],
    ] {
        let kept = Arc::new(Kept::default());
        let called = pocket.call("echo", Input::Json(json!({})), reporting(&kept)).await;
        assert!(called.is_ok_and(|called| called.ended.is_ok()));
        assert_eq!(*kept.steps.lock().unwrap_or_else(PoisonError::into_inner), steps);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_progress_are_told_while_the_call_runs_and_logs_again_with_its_end() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["typed_report"], |_settings| {}).await;
    let kept = Arc::new(Kept::default());
    let called = pocket
        .call("typed_report", Input::Json(json!({ "a": 1 })), reporting(&kept))
        .await
        .expect("it is there");
    assert_eq!(called.tool, "typed_report");
    let lines = kept.lines();
    for line in [
        (LogLevel::Debug, "a debug line"),
        (LogLevel::Info, "an info line"),
        (LogLevel::Warn, "a warn line"),
        (LogLevel::Error, "an error line"),
    ] {
        assert!(lines.contains(&(line.0, line.1.to_owned())), "{line:?}: {lines:?}");
    }
    for text in ["a line on stdout", "a line on stderr"] {
        assert!(
            lines.iter().any(|(_, message)| message.contains(text)),
            "{text}: {lines:?}"
        );
    }
    let told: Vec<_> = called
        .logs
        .iter()
        .map(|line| (line.level, line.message.clone()))
        .collect();
    assert_eq!(told, lines, "what was told is what is kept");
    let progress = kept.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(
        progress,
        [
            (0.0, Some(2.0), words("beginning")),
            (1.0, None, None),
            (2.0, Some(2.0), words("done"))
        ]
    );
    assert_eq!(
        called.into_output().expect("it ends well").value,
        Value::Json(json!({ "input": { "a": 1 } }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_call_stops_a_busy_guest_and_frees_its_place_at_once() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["loop_forever", "sleep_forever"], |settings| {
        settings.limits.calls = 1
    })
    .await;
    assert_eq!(code_of(&pocket, "echo", json!({})).await, Code::Ok);
    for guest in ["loop_forever", "sleep_forever"] {
        let call = pocket.invoke(guest, json!({}));
        tokio::time::timeout(Duration::from_millis(1500), call)
            .await
            .expect_err("it would run for ever");
        let dropped = Instant::now();
        assert_eq!(
            code_of(&pocket, "echo", json!({})).await,
            Code::Ok,
            "the only place is free after {guest}"
        );
        assert!(dropped.elapsed() < Duration::from_secs(1), "{:?}", dropped.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_ended() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["loop_forever", "sleep_forever", "work"], |settings| {
        settings.limits.timeout = Duration::from_secs(1);
    })
    .await;
    for guest in ["loop_forever", "sleep_forever"] {
        // The first call compiles, which does not count.
        let called = pocket
            .call(guest, Input::Json(json!({})), CallOptions::default())
            .await
            .expect("it is there");
        let error = called.ended.expect_err("it never ends by itself");
        assert_eq!(error.code(), Code::TimedOut, "{guest}: {error}");
        let wall = Duration::from_micros(called.usage.wall_us);
        assert!(
            wall >= Duration::from_secs(1) && wall < Duration::from_secs(3),
            "{wall:?}"
        );
        assert_eq!(
            code_of(&pocket, "work", json!({ "milliseconds": 1 })).await,
            Code::Ok,
            "after {guest}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_once_all_end_well_or_busy() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &[], |_settings| {}).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..1000 {
        let pocket = pocket.for_profile(format!("user {}", n % 10));
        calls.spawn(async move { (n, pocket.invoke("echo", json!({ "n": n })).await) });
    }
    let mut well = 0;
    while let Some(ended) = calls.join_next().await {
        match ended.expect("the task ends") {
            (n, Ok(output)) => {
                assert_eq!(
                    output.value,
                    Value::Json(json!({ "n": n })),
                    "no call sees another's input"
                );
                well += 1;
            }
            (_, Err(error)) => assert_eq!(error.code(), Code::Busy, "{error}"),
        }
    }
    assert!(well >= 250, "at least those that have a place end well: {well}");
    assert_eq!(code_of(&pocket, "echo", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_tools_errors_say_whose_fault_it_was() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["typed_errors"], |_settings| {}).await;
    let ends = [
        ("invalid-input", Code::InvalidInput),
        ("unauthorized", Code::Unauthorized),
        ("rate-limited", Code::RateLimited),
        ("failed", Code::ToolFailed),
        ("panic", Code::Trapped),
    ];
    for (error, code) in ends {
        let input = json!({ "error": error, "text": "in its own words", "seconds": 12 });
        let called = pocket
            .call("typed_errors", Input::Json(input), CallOptions::default())
            .await
            .expect("it is there");
        let shape = called.to_json();
        assert_eq!(shape["code"], json!(code), "{error}: {shape}");
        match code {
            Code::RateLimited => assert_eq!(shape["error"]["details"]["retry_after_seconds"], 12),
            Code::Trapped => assert!(shape["logs"].to_string().contains("in its own words"), "{shape}"),
            _said => assert!(
                shape["error"]["message"].to_string().contains("in its own words"),
                "{shape}"
            ),
        }
    }
    let output = pocket
        .invoke("typed_errors", json!({ "text": "fine" }))
        .await
        .expect("it ends well");
    assert_eq!(output.value, Value::Json(json!("fine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_json_where_it_parses_and_text_where_not() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["print"], |_settings| {}).await;
    let print = async |text: &str| pocket.invoke("print", json!({ "stdout": text })).await;
    for (text, value) in [
        ("{\"a\": [1, null]}\n", Value::Json(json!({ "a": [1, null] }))),
        ("42", Value::Json(json!(42))),
        ("\"quoted\"", Value::Json(json!("quoted"))),
        ("two words", Value::Text("two words".to_owned())),
        ("{\"a\": 1} and more", Value::Text("{\"a\": 1} and more".to_owned())),
        ("", Value::Text(String::new())),
        ("snow \u{2603} man", Value::Text("snow \u{2603} man".to_owned())),
    ] {
        assert_eq!(print(text).await.expect("it ends well").value, value, "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_two_readers_could_read_differently_is_refused_on_both_ways() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["print"], |_settings| {}).await;
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let twice = "{\"a\": 1, \"a\": 2}".to_owned();
    let nested = "[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]".to_owned();
    for text in [twice, nested, deep(65), deep(100_000)] {
        let shown = &text[..text.len().min(40)];
        let input = pocket
            .call("echo", Input::Text(text.clone()), CallOptions::default())
            .await
            .expect("it is there");
        let error = input.ended.expect_err("it is refused");
        assert_eq!(error.code(), Code::InvalidInput, "{shown}: {error}");
        let error = pocket
            .invoke("print", json!({ "stdout": text }))
            .await
            .expect_err("it is refused");
        assert_eq!(error.code(), Code::InvalidOutput, "{shown}: {error}");
    }
    let deepest = format!("{{\"a\":{}}}", deep(63));
    let fits = pocket
        .call("echo", Input::Text(deepest.clone()), CallOptions::default())
        .await
        .expect("it is there");
    assert_eq!(
        fits.ended.expect("64 levels are allowed").into_json().to_string(),
        deepest
    );
    for text in ["", "{", "nul", "{'a': 1}", "[1,]", "\u{feff}{}"] {
        let called = pocket
            .call("echo", Input::Text(text.to_owned()), CallOptions::default())
            .await
            .expect("it is there");
        assert_eq!(
            called.ended.expect_err("it is not JSON").code(),
            Code::InvalidInput,
            "{text:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_or_output_over_its_limit_is_refused() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["print"], |settings| {
        settings.limits.input = 2000;
        settings.limits.output = 1000;
    })
    .await;
    let of = |size: usize| json!({ "stdout": "a".repeat(size) });
    assert_eq!(code_of(&pocket, "print", of(1000)).await, Code::Ok);
    assert_eq!(code_of(&pocket, "print", of(1001)).await, Code::OutputTooLarge);
    assert_eq!(code_of(&pocket, "print", of(2001)).await, Code::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_input_and_output_are_enforced() {
    let embedder = Embedder::new();
    let schemas = json!({
        "tool": {
            "inputSchema": { "type": "object", "properties": { "stdout": { "type": "string", "maxLength": 100 } }, "required": ["stdout"] },
            "outputSchema": { "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] },
        },
    });
    let entry = embedder.program_as("print", "print", schemas);
    let pocket = embedder.builder().tool(entry).build().await.expect("it can be built");
    let print = async |text: &str| code_of(&pocket, "print", json!({ "stdout": text })).await;
    assert_eq!(print("{\"a\": 1}").await, Code::Ok);
    for output in ["{\"a\": \"1\"}", "{}", "[]", "plain text", ""] {
        assert_eq!(print(output).await, Code::InvalidOutput, "{output:?}");
    }
    assert_eq!(print(&"a".repeat(101)).await, Code::InvalidInput);
    let called = pocket
        .call("print", Input::Json(json!({ "stdout": 1 })), CallOptions::default())
        .await
        .expect("it is there");
    let shape = called.to_json();
    assert_eq!(
        shape["error"]["details"]["violations"][0]["pointer"], "/stdout",
        "{shape}"
    );
    assert_eq!(shape["usage"]["cpu_us"], 0, "nothing ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_tools_output_has_to_be_json() {
    let embedder = Embedder::new();
    let pocket = pocket_with(&embedder, &["bad_json"], |_settings| {}).await;
    assert_eq!(
        code_of(&pocket, "bad_json", json!({ "a": 1 })).await,
        Code::InvalidOutput
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_cost_is_told() {
    let embedder = Embedder::new();
    let recorder = Recorder::start().await;
    let rule = format!("{}/*", recorder.url())
        .parse::<pocket_runtime::Rule>()
        .expect("a rule")
        .private();
    let builder = embedder
        .builder()
        .tool(embedder.program("work"))
        .tool(embedder.program("dial").allow(rule));
    let pocket = builder.build().await.expect("it can be built");
    let usage = pocket
        .invoke("work", json!({ "milliseconds": 60 }))
        .await
        .expect("it ends well")
        .usage;
    assert!(usage.wall_us >= 60_000, "{usage:?}");
    assert!(usage.cpu_us > 1_000 && usage.cpu_us <= usage.wall_us, "{usage:?}");
    assert!(
        usage.memory_bytes >= 64 << 10 && usage.memory_bytes < 64 << 20,
        "{usage:?}"
    );
    assert_eq!((usage.requests, usage.sent_bytes, usage.received_bytes), (0, 0, 0));

    let body = "b".repeat(5000);
    let dial = json!({ "url": format!("{}/echo", recorder.url()), "method": "POST", "body": body });
    let usage = pocket.invoke("dial", dial).await.expect("it ends well").usage;
    assert_eq!(
        (usage.requests, usage.sent_bytes, usage.received_bytes),
        (1, 5000, 5000),
        "{usage:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_listed_for_a_call_that_ends_well_and_are_the_end_of_one_that_fails() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(embedder.program("dial"))
        .build()
        .await
        .expect("it can be built");
    let output = pocket
        .invoke("dial", json!({ "url": "https://example.com/page?secret=1" }))
        .await
        .expect("it ends well");
    assert_eq!(output.value.into_json()["denied"], true);
    assert_eq!(output.refusals.len(), 1, "{:?}", output.refusals);
    let refusal = &output.refusals[0];
    assert!(
        refusal.contains("GET https://example.com"),
        "the rule that would allow it: {refusal}"
    );
    assert!(!refusal.contains("secret"), "no query is shown: {refusal}");
    assert_eq!(output.usage.requests, 0, "nothing was sent");

    let input = Input::Json(json!({ "url": "https://example.com/", "fail": true }));
    let called = pocket
        .call("dial", input, CallOptions::default())
        .await
        .expect("it is there");
    assert_eq!(called.refusals.len(), 1);
    let shape = called.to_json();
    assert_eq!(shape["code"], "denied", "{shape}");
    assert!(
        shape["error"]["details"]["refusals"][0]
            .to_string()
            .contains("https://example.com"),
        "{shape}"
    );
    assert!(matches!(called.ended, Err(Error::Call(_))), "{shape}");
}
