//! `pocket tools`: the tools of a project as the APIs of models take them.

use pocket_tests::{Ended, PocketCommand, folder_of, sample};
use serde_json::{Value, json};

/// A project with sample tools and one whose schema asks much of an API.
fn project() -> PocketCommand {
    let pocket = PocketCommand::new();
    for tool in ["echo", "slack-get-messages"] {
        let added = pocket.run(["add", &sample(tool).display().to_string(), "--yes"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
    }
    let manifest = json!({
        "tool": {
            "name": "2fa",
            "description": "Takes a code, or sends one.",
            "inputSchema": {
                "type": "object",
                "oneOf": [
                    { "properties": { "code": { "type": "string" } }, "required": ["code"], "additionalProperties": false },
                    { "properties": { "to": { "type": ["string", "null"] } }, "required": ["to"], "additionalProperties": false },
                ],
            },
        },
        "component": "tool.wasm",
    });
    folder_of(&pocket.project(), "print_args", &manifest);
    let added = pocket.run(["add", "./print_args"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    pocket
}

fn array_of(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", ended.stdout, ended.stderr))
}

#[test]
fn the_tools_of_a_project_are_printed_as_each_api_takes_them() {
    let pocket = project();
    let by_default = array_of(&pocket.run(["tools"]));
    let names: Vec<_> = by_default.iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["2fa", "echo", "slack_get_messages"]);
    assert_eq!(by_default[1]["inputSchema"], json!({ "type": "object" }));
    assert_eq!(by_default[2]["annotations"]["readOnlyHint"], true);
    for json in [
        &["tools", "--format", "openai"][..],
        &["tools", "--format", "openai", "--json"],
    ] {
        let ended = pocket.run(json);
        let tools = array_of(&ended);
        assert_eq!(tools[2]["type"], "function");
        assert_eq!(tools[2]["function"]["strict"], false);
        assert_eq!(tools[0]["function"]["parameters"]["additionalProperties"], false);
        assert!(
            ended
                .stderr
                .contains("note: `2fa`: the whole input: the alternatives of `oneOf` are described as one object"),
            "{}",
            ended.stderr
        );
    }
    let one = array_of(&pocket.run(["tools", "echo", "--format", "anthropic"]));
    assert_eq!(
        one,
        [
            json!({ "name": "echo", "description": "Gives back the JSON it was given.", "input_schema": { "type": "object" } })
        ]
    );
    assert!(!pocket.home().join("cache/compiled").exists(), "nothing was compiled");
}

#[test]
fn a_name_that_an_api_refuses_is_told_with_the_one_it_has_there() {
    let pocket = project();
    let ended = pocket.run(["tools", "--format", "gemini"]);
    let tools = array_of(&ended);
    let name = tools[0]["name"].as_str().expect("a name");
    assert!(name.starts_with("_2fa-"), "{name}");
    assert!(
        ended
            .stderr
            .contains(&format!("note: `2fa`: its name is `{name}` here")),
        "{}",
        ended.stderr
    );
    assert_eq!(
        tools[0]["parameters"]["properties"]["to"],
        json!({ "type": "STRING", "nullable": true })
    );
    assert_eq!(tools[1].get("parameters"), None, "it has no properties");
    assert_eq!(tools[2]["parameters"]["properties"]["limit"]["type"], "INTEGER");
}

#[test]
fn a_format_or_tool_that_is_not_there_is_told_with_those_that_are() {
    let pocket = project();
    let ended = pocket.run(["tools", "--format", "cohere"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("openai, anthropic, gemini, mcp"),
        "{}",
        ended.stderr
    );
    let ended = pocket.run(["tools", "ehco"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("echo"), "{}", ended.stderr);
}

#[test]
fn a_project_without_tools_is_told_how_to_add_one() {
    let ended = PocketCommand::new().run(["tools"]);
    assert_eq!(array_of(&ended), Vec::<Value>::new());
    assert!(ended.stderr.contains("`pocket add SOURCE`"), "{}", ended.stderr);
}

#[test]
fn a_project_that_nobody_trusts_is_not_opened() {
    let pocket = PocketCommand::new();
    pocket.write(
        "pocket.toml",
        &format!(
            "[tools.echo]\nsource = \"{}\"\ngrant.http = [\"https://a.example\"]\n",
            sample("echo").display()
        ),
    );
    let ended = pocket.run(["tools"]);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(ended.stderr.contains("pocket trust"), "{}", ended.stderr);
}
