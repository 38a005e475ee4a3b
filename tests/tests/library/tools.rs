//! Which tools there are, and what each is given.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pocket_runtime::{Call, Code, Error, FunctionError, FunctionTool, Grant, ToolEntry, Value};
use pocket_tests::{Embedder, Recorder, SlackProject, SlackSettings, decide};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{code_of, echo};

/// What a greeting needs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Greet {
    /// Who is greeted.
    name: String,
    #[serde(default)]
    times: Option<u8>,
}

fn greet() -> FunctionTool {
    FunctionTool::new("greet", "Greets someone.", |args: Greet, _call: Call| async move {
        Ok::<_, FunctionError>(format!("Hello, {}!", args.name).repeat(args.times.unwrap_or(1).into()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_with_what_a_model_needs() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(echo())
        .function(greet())
        .build()
        .await
        .expect("it can be built");
    let tools = pocket.tools().await;
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["echo", "greet"]);
    assert_eq!(tools[0].source.as_deref(), Some(echo().as_str()));
    let schema = &tools[1].input_schema;
    assert_eq!(tools[1].description, "Greets someone.");
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(schema["properties"]["name"]["type"], "string");
    assert_eq!(schema["properties"]["name"]["description"], "Who is greeted.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_functions_input_is_checked_before_it_runs() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .function(greet())
        .build()
        .await
        .expect("it can be built");
    let output = pocket
        .invoke("greet", json!({ "name": "Ada", "times": 2 }))
        .await
        .expect("the input fits");
    assert_eq!(output.value, Value::Json(json!("Hello, Ada!Hello, Ada!")));
    for input in [
        json!({}),
        json!({ "name": 1 }),
        json!({ "name": "a", "times": 300 }),
        json!([]),
        json!({ "name": "a", "nam": 1 }),
    ] {
        let error = pocket
            .invoke("greet", input.clone())
            .await
            .expect_err("the input does not fit");
        assert_eq!(error.code(), Code::InvalidInput, "{input}: {error}");
        assert!(
            error.to_json()["details"]["violations"].is_array(),
            "{}",
            error.to_json()
        );
    }
    let error = pocket
        .invoke("greet", json!({ "name": 1 }))
        .await
        .expect_err("the input does not fit");
    assert!(error.to_string().contains("/name"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_panics_or_hangs_ends_its_call_only() {
    let embedder = Embedder::new();
    let failing = FunctionTool::new("fails", "", |_args: serde_json::Value, _call: Call| async move {
        Err::<(), _>(std::io::Error::other("the disk is full"))
    });
    let limited = FunctionTool::new("limited", "", |_args: serde_json::Value, _call: Call| async move {
        Err::<(), _>(FunctionError::RateLimited(9))
    });
    let panicking = FunctionTool::new("panics", "", |args: serde_json::Value, _call: Call| async move {
        assert!(args.is_null(), "it is an object");
        Ok::<_, FunctionError>(())
    });
    let at_once = FunctionTool::new("panics_at_once", "", |args: serde_json::Value, _call: Call| {
        assert!(args.is_null(), "it is an object");
        std::future::ready(Ok::<_, FunctionError>(()))
    });
    let hanging = FunctionTool::new("hangs", "", |_args: serde_json::Value, _call: Call| async move {
        std::future::pending::<Result<(), FunctionError>>().await
    });
    let needy = FunctionTool::new("needy", "", |_args: serde_json::Value, call: Call| async move {
        call.credential("SLACK_BOT_TOKEN").map(|_secret| ())
    });
    let pocket = embedder
        .builder()
        .function(failing)
        .function(limited)
        .function(panicking)
        .function(at_once)
        .function(hanging.timeout(Duration::from_millis(100)))
        .function(needy)
        .function(greet())
        .build()
        .await
        .expect("it can be built");
    let ends = [
        ("fails", Code::ToolFailed),
        ("limited", Code::RateLimited),
        ("panics", Code::Internal),
        ("panics_at_once", Code::Internal),
        ("hangs", Code::TimedOut),
        ("needy", Code::ToolFailed),
    ];
    for (name, code) in ends {
        assert_eq!(code_of(&pocket, name, json!({})).await, code, "{name}");
        assert_eq!(
            code_of(&pocket, "greet", json!({ "name": "Ada" })).await,
            Code::Ok,
            "after {name}"
        );
    }
    let error = pocket.invoke("fails", json!({})).await.expect_err("it fails");
    assert!(error.to_string().contains("the disk is full"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_scopes_that_no_provider_has_is_refused() {
    let embedder = Embedder::new();
    let error = embedder
        .builder()
        .function(greet().scopes(["read"]))
        .build()
        .await
        .expect_err("it names no provider");
    assert!(error.to_string().contains("greet"), "{error}");
    let error = embedder
        .builder()
        .function(greet().auth_provider("slak"))
        .build()
        .await
        .expect_err("no such provider");
    assert!(error.hints().join(" ").contains("slack"), "{error} {:?}", error.hints());
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_come_from_the_manifest_then_the_operator_and_never_replace_a_credential() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let recorder = Recorder::start().await;
    let variables = json!({ "A": "manifest", "B": "manifest", "C": "manifest" });
    project.write_settings(
        "[tools.listed]\nsource = \"./tools/listed\"\nvariables = { B = \"settings\", C = \"settings\" }\n",
    );
    project
        .embedder
        .program_as("print_env", "listed", json!({ "variables": variables }));
    let rule = format!("{}/*", recorder.url())
        .parse::<pocket_runtime::Rule>()
        .expect("a rule")
        .private();
    let auth = json!({ "auth_provider": "slack", "scopes": ["chat:write"] });
    let planted = json!({ "auth": auth, "variables": { "SLACK_BOT_TOKEN": "from-the-manifest" } });
    let planted = project.embedder.program_as("print_env", "planted", planted);
    let error = project
        .builder()
        .tool(planted)
        .build()
        .await
        .expect_err("the manifest fills a credential's variable");
    assert!(error.to_string().contains("SLACK_BOT_TOKEN"), "{error}");
    let signed_in = project.embedder.program_as("dial", "dial", json!({ "auth": auth }));
    let pocket = project
        .builder()
        .tool(ToolEntry::new("listed").variable("C", "builder"))
        .tool(signed_in.variable("SLACK_BOT_TOKEN", "from-the-builder").allow(rule))
        .build()
        .await
        .expect("it can be built");
    let output = pocket
        .invoke("listed", json!({}))
        .await
        .expect("it runs")
        .value
        .into_json();
    assert_eq!(
        output["variables"],
        json!({ "A": "manifest", "B": "settings", "C": "builder" })
    );
    assert_eq!(output["folder"], json!(null));

    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    pocket.wait_tool_auth().await.expect("the user signed in");
    let dial = json!({ "url": format!("{}/", recorder.url()), "token": "SLACK_BOT_TOKEN", "body": "{token}", "method": "POST" });
    pocket.invoke("dial", dial).await.expect("it runs");
    assert_eq!(recorder.seen()[0].body, project.slack.tokens()[0], "the credential won");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_goes_through_the_programs_own_function() {
    let embedder = Embedder::new();
    let halved = ToolEntry::new(echo())
        .named("halved".parse().expect("a name"))
        .output(|value| match value {
            Value::Json(json) => Value::Json(json!(json["number"].as_i64().map(|number| number / 2))),
            text => text,
        });
    let broken = ToolEntry::new(echo())
        .named("broken".parse().expect("a name"))
        .output(|value| {
            assert_eq!(value, Value::Text("something else".to_owned()), "the function panics");
            value
        });
    let pocket = embedder
        .builder()
        .tool(halved)
        .tool(broken)
        .tool(echo())
        .build()
        .await
        .expect("it can be built");
    let input = json!({ "number": 84 });
    assert_eq!(
        pocket.invoke("halved", input.clone()).await.expect("it runs").value,
        Value::Json(json!(42))
    );
    assert_eq!(code_of(&pocket, "broken", input.clone()).await, Code::Internal);
    assert_eq!(
        pocket.invoke("echo", input.clone()).await.expect("it runs").value,
        Value::Json(input)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_package_under_two_names_is_found_again_under_both() {
    let embedder = Embedder::new();
    let build = || {
        let again = ToolEntry::new(echo()).named("again".parse().expect("a name"));
        embedder.builder().tool(echo()).tool(again).build()
    };
    for _ in 0..2 {
        let names: Vec<_> = build()
            .await
            .expect("it can be built")
            .tools()
            .await
            .into_iter()
            .map(|tool| tool.name.to_string())
            .collect();
        assert_eq!(names, ["again", "echo"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tools_of_one_name_are_refused_and_the_first_stays() {
    let embedder = Embedder::new();
    let other = || embedder.program_as("print_args", "echo", json!({}));
    let builder = embedder.builder().tool(echo()).build().await;
    let pocket = builder.expect("it can be built");
    let lock = embedder.read("pocket.lock").expect("the tool was pinned");

    let error = embedder
        .builder()
        .tool(echo())
        .tool(other())
        .build()
        .await
        .expect_err("the name is taken");
    assert!(matches!(&error, Error::NameTaken(name) if name == "echo"), "{error}");
    assert!(error.hints().join(" ").contains("name"), "{:?}", error.hints());
    assert_eq!(
        embedder.read("pocket.lock").as_ref(),
        Some(&lock),
        "nothing was pinned over it"
    );

    let function = FunctionTool::new("echo", "", |_args: serde_json::Value, _call: Call| async move {
        Ok::<_, FunctionError>(())
    });
    let error = embedder
        .builder()
        .tool(echo())
        .function(function)
        .build()
        .await
        .expect_err("the name is taken");
    assert!(matches!(error, Error::NameTaken(_)), "{error}");

    let candidate = pocket.inspect("./tools/echo").await.expect("the package is valid");
    let error = pocket
        .add(candidate, None, Grant::default())
        .await
        .expect_err("the name is taken");
    assert!(matches!(error, Error::NameTaken(_)), "{error}");
    assert_eq!(
        embedder.read("pocket.lock").as_ref(),
        Some(&lock),
        "nothing was pinned over it"
    );
    let output = pocket
        .invoke("echo", json!({ "a": 1 }))
        .await
        .expect("the first one runs");
    assert_eq!(output.value, Value::Json(json!({ "a": 1 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_tool_has_is_told_with_the_nearest() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(echo())
        .function(greet())
        .build()
        .await
        .expect("it can be built");
    for (asked, near) in [
        ("ehco", Some("echo")),
        ("Greet", Some("greet")),
        ("something_else_entirely", None),
    ] {
        match pocket.invoke(asked, json!({})).await {
            Err(Error::NoTool { name, nearest }) => assert_eq!((name.as_str(), nearest.as_deref()), (asked, near)),
            other => panic!("{asked}: {other:?}"),
        }
    }
    let error = pocket.invoke("ehco", json!({})).await.expect_err("there is none");
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.hints().join(" ").contains("`echo`"), "{:?}", error.hints());
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_come_and_go_while_calls_run() {
    let embedder = Embedder::new();
    embedder.program("wait");
    let pocket = embedder.builder().tool(echo()).build().await.expect("it can be built");
    let candidate = pocket.inspect("./tools/wait").await.expect("the package is valid");
    let name = pocket
        .add(candidate.clone(), None, Grant::default())
        .await
        .expect("it can be added");
    assert_eq!(name.as_str(), "wait");
    assert!(
        embedder.read("pocket.lock").is_some_and(|lock| lock.contains("wait")),
        "it was pinned"
    );
    pocket
        .invoke("wait", json!({ "milliseconds": 1 }))
        .await
        .expect("it runs at once");

    let started = Arc::new(AtomicUsize::new(0));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (pocket, started) = (pocket.clone(), Arc::clone(&started));
        calls.spawn(async move {
            let call = pocket.invoke("wait", json!({ "milliseconds": 300 }));
            started.fetch_add(1, Ordering::SeqCst);
            call.await
        });
    }
    while started.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    // Each call holds its tool from its first poll on; this call's end shows that those before it were polled.
    pocket
        .invoke("wait", json!({ "milliseconds": 1 }))
        .await
        .expect("it runs beside them");
    pocket.remove("wait").await.expect("it can be removed");
    assert_eq!(code_of(&pocket, "wait", json!({})).await, Code::NotFound);
    assert!(
        embedder.read("pocket.lock").is_some_and(|lock| !lock.contains("wait")),
        "it is no longer pinned"
    );
    while let Some(ended) = calls.join_next().await {
        ended
            .expect("the task ends")
            .expect("a call that began ends as it would");
    }
    assert_eq!(
        pocket.remove("wait").await.expect_err("it is gone").code(),
        Code::NotFound
    );
    pocket
        .add(candidate, None, Grant::default())
        .await
        .expect("it can be added again");
    assert_eq!(code_of(&pocket, "wait", json!({ "milliseconds": 1 })).await, Code::Ok);
    assert_eq!(code_of(&pocket, "echo", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlocked_pocket_writes_no_lock() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .unlocked()
        .tool(echo())
        .build()
        .await
        .expect("it can be built");
    assert_eq!(code_of(&pocket, "echo", json!({})).await, Code::Ok);
    embedder.program("wait");
    let candidate = pocket.inspect("./tools/wait").await.expect("the package is valid");
    pocket
        .add(candidate, None, Grant::default())
        .await
        .expect("it can be added");
    assert_eq!(embedder.read("pocket.lock"), None);
    embedder.builder().tool(echo()).build().await.expect("it can be built");
    assert!(
        embedder.read("pocket.lock").is_some_and(|lock| lock.contains("echo")),
        "else the tool is pinned"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_the_project_that_the_program_names_too_is_one_tool() {
    let embedder = Embedder::new();
    embedder.program("print_env");
    embedder.write(
        "pocket.toml",
        "[tools.print_env]\nsource = \"./tools/print_env\"\nvariables = { A = \"settings\" }\n",
    );
    for named in ["./tools/print_env", "print_env"] {
        for _again in 0..2 {
            let entry = ToolEntry::new(named).variable("B", "builder");
            let pocket = embedder.builder().tool(entry).build().await.expect("it is one tool");
            let output = pocket
                .invoke("print_env", json!({}))
                .await
                .expect("it runs")
                .value
                .into_json();
            assert_eq!(
                output["variables"],
                json!({ "A": "settings", "B": "builder" }),
                "{named}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_grant_keeps_what_the_program_gave_a_tool() {
    let embedder = Embedder::new();
    let entry = embedder.program("print_env").variable("B", "builder");
    let pocket = embedder.builder().tool(entry).build().await.expect("it can be built");
    pocket
        .grant("print_env", Grant::default())
        .await
        .expect("it can be granted");
    let output = pocket
        .invoke("print_env", json!({}))
        .await
        .expect("it runs")
        .value
        .into_json();
    assert_eq!(output["variables"], json!({ "B": "builder" }));
}
