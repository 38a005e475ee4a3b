//! What an `inputSchema` may be, and what it may cost to check an input. Nobody changes these limits.

use std::time::{Duration, Instant};

use pocket_runtime::Code;
use pocket_tests::{Embedder, PocketCommand, folder_of};
use serde_json::{Value, json};

use super::ended;
use crate::call;

fn manifest(schema: &Value) -> Value {
    json!({
        "tool": { "name": "print", "description": "A tool of the tests.", "inputSchema": schema },
        "component": "tool.wasm",
    })
}

/// A schema so many levels deep.
fn deep(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({ "items": inner }))
}

#[test]
fn check_refuses_an_input_schema_that_is_more_than_one_may_be() {
    let pocket = PocketCommand::new();
    let of = |count: usize| json!({ "anyOf": vec![json!({ "type": "string" }); count] });
    for (schema, words) in [
        (json!({ "description": "x".repeat(256 << 10) }), "at most 262144 bytes"),
        (deep(70), "64 levels"),
        (of(10_001), "at most 10000 values"),
    ] {
        folder_of(&pocket.project(), "print", &manifest(&schema));
        let ended = pocket.run(["check", "print"]);
        assert_eq!(ended.code, 5, "{words}: {}", ended.stderr);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains(words), "`{words}`: {said}");
    }
    for schema in [json!({ "description": "x".repeat(200 << 10) }), deep(40), of(3_000)] {
        folder_of(&pocket.project(), "print", &manifest(&schema));
        let ended = pocket.run(["check", "print"]);
        assert_eq!(ended.code, 0, "{} {}", ended.stdout, ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_would_take_too_many_steps_is_refused_unchecked() {
    // Each level asks both of its branches for all that is below.
    let schema = json!({
        "type": "object",
        "properties": { "a": { "anyOf": [{ "$ref": "#" }, { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }] } },
    });
    let embedder = Embedder::new();
    let entry = embedder.program_as("print", "print", json!({ "tool": { "inputSchema": schema } }));
    let pocket = embedder.builder().tool(entry).build().await.expect("it can be built");
    let deep = (0..60).fold(json!({}), |inner, _| json!({ "a": inner }));
    let begun = Instant::now();
    let called = call(&pocket, "print", deep).await;
    ended(&called, Code::InvalidInput, "schema");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
