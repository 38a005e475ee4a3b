//! What a manifest may say, and what is told of one that says otherwise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::{parse::Read, *};
use crate::{
    package::{Access, Fault, Severity},
    provider::{ProviderError, Scopes},
};

/// Slack with both its handlers, and nothing else.
struct OnlySlack;

impl Handlers for OnlySlack {
    fn asked(&self, provider: &str, handler: Option<&str>) -> Result<AskedHandler, ProviderError> {
        if provider != "slack" {
            return Err(ProviderError::Unknown {
                name: provider.to_owned(),
                nearest: Some("slack".to_owned()),
                known: 1,
            });
        }
        let asked = |name: &str, scopes| AskedHandler {
            name: name.to_owned(),
            scopes,
            variables: vec!["SLACK_BOT_TOKEN".to_owned()],
            hosts: 1,
        };
        match handler {
            None | Some("slack-oauth2") => Ok(asked("slack-oauth2", Scopes::Asked)),
            Some("slack-token") => Ok(asked("slack-token", Scopes::None)),
            Some(other) => Err(ProviderError::UnknownHandler {
                provider: provider.to_owned(),
                name: other.to_owned(),
                nearest: None,
                known: vec!["slack-oauth2".to_owned(), "slack-token".to_owned()],
            }),
        }
    }
}

fn read_text(text: &str) -> Read {
    read(text.as_bytes(), &OnlySlack)
}

fn said(text: &str) -> Vec<String> {
    read_text(text).faults.iter().map(ToString::to_string).collect()
}

/// A manifest that is valid but for what is added to its top.
fn with(fields: &str) -> String {
    format!("{{\"tool\": {{\"name\": \"a\"}},\n{fields}}}")
}

#[test]
fn a_full_manifest_is_read() {
    let text = r#"{
        "tool": {
            "name": "slack_get_messages", "title": "Messages", "description": "Two\nlines ✓",
            "inputSchema": {"type": "object",  "properties": {"b": {}, "a": {}}},
            "outputSchema": {"type": "array"}, "annotations": {"readOnlyHint": true}
        },
        "component": "dist/tool.wasm",
        "auth": {"auth_provider": "SLACK", "auth_handler": "slack-oauth2", "scopes": ["im:history", "channels:history", "im:history"], "token": "user"},
        "variables": {"TEAM": "T1"},
        "permissions": {
            "http": ["https://files.slack.com"],
            "files": [{"guest": "/data", "access": "write"}],
            "limits": {"timeout": "60s", "memory": "512MiB"},
            "credentials": "env"
        }
    }"#;
    let read = read_text(text);
    assert_eq!(read.faults, []);
    assert!(matches!(read.component, ComponentField::Named { path, .. } if path == "dist/tool.wasm"));
    let manifest = read.manifest.unwrap();
    assert_eq!(manifest.name.as_str(), "slack_get_messages");
    assert_eq!(manifest.description, "Two\nlines ✓");
    assert_eq!(
        manifest.input_schema.as_str(),
        r#"{"type": "object",  "properties": {"b": {}, "a": {}}}"#
    );
    assert_eq!(manifest.annotations.unwrap()["readOnlyHint"], true);
    let auth = manifest.auth.unwrap();
    assert_eq!((auth.provider.as_str(), auth.token), ("slack", TokenKind::User));
    assert_eq!(auth.scopes, ["channels:history", "im:history"]);
    let permissions = manifest.permissions;
    assert_eq!(permissions.http.len(), 1);
    assert_eq!(
        (permissions.files[0].guest.as_str(), permissions.files[0].access),
        ("/data", Access::Write)
    );
    assert_eq!(permissions.timeout, Some(std::time::Duration::from_secs(60)));
    assert_eq!(permissions.memory, Some(512 << 20));
    assert!(permissions.credentials_in_env);
    assert_eq!(manifest.digest, Digest::of(text.as_bytes()));
}

#[test]
fn a_name_is_enough() {
    let manifest = read_text(r#"{"tool": {"name": "a"}, "auth": null}"#).manifest.unwrap();
    assert_eq!(manifest.input_schema.as_str(), "{}");
    assert!(manifest.input_schema.check(&serde_json::json!([])).is_err());
    assert_eq!((manifest.description.as_str(), manifest.auth), ("", None));
}

#[test]
fn all_faults_are_told_together_each_with_its_place() {
    let text = r#"{
  "tool": {"name": "my tool", "description": 5, "inputSchema": {"properties": {"a": {"type": "text"}}}},
  "auth": {"auth_provider": "slak", "scope": [], "scopes": ["ok", 1, "two words"]},
  "permissions": {"http": "https://a.b", "files": [{"guest": "../data"}], "limits": {"timeout": "1h", "memory": "lots"}},
  "variables": {"A=B": "", "N": 1}
}"#;
    assert_eq!(
        said(text),
        [
            "pocket.json:2:20: tool.name: a tool's name has only letters, digits, `_` and `-`: ' '",
            "pocket.json:2:46: tool.description: a string is expected: found the number `5`",
            "pocket.json:2:94: tool.inputSchema.properties.a.type: it is not a JSON Schema: none of 2 alternatives fits (one of `array`, `boolean`, `integer`, `null`, `number`, and 2 more is expected: found the string `text`; a list is expected: found the string `text`)",
            "pocket.json:3:29: auth.auth_provider: no provider has this name: `slak`",
            "pocket.json:3:37: auth.scope: there is no such field: `scope`",
            "pocket.json:3:67: auth.scopes[1]: a string is expected: found the number `1`",
            "pocket.json:3:70: auth.scopes[2]: a scope is one word of ASCII letters, digits and signs: `two words`",
            "pocket.json:4:27: permissions.http: a list is expected: found the string `https://a.b`",
            "pocket.json:4:52: permissions.files[0].access: this field is missing",
            "pocket.json:4:62: permissions.files[0].guest: a folder of the guest is an absolute path without `.`, `..`, `//` or a slash at its end: `../data`",
            "pocket.json:4:97: permissions.limits.timeout: a call may take up to 10 minutes: `1h`",
            "pocket.json:4:113: permissions.limits.memory: write an amount of memory as a whole number and `B`, `KiB`, `MiB` or `GiB`: `lots`",
            "pocket.json:5:24: variables[\"A=B\"]: an environment variable's name may not be empty or have `=` or control characters: `A=B`",
            "pocket.json:5:33: variables.N: a string is expected: found the number `1`",
        ]
    );
}

#[test]
fn unknown_fields_are_errors_where_they_could_mean_a_permission_and_else_warnings() {
    let text = with(r#""autth": {}, "auth": {"auth_provider": "slack", "scoops": []}, "permissions": {"htttp": []}"#);
    let faults = read_text(&text).faults;
    let brief: Vec<(&str, Severity, &str)> = faults
        .iter()
        .map(|f| (f.path.as_deref().unwrap(), f.severity, f.hint.as_deref().unwrap()))
        .collect();
    assert_eq!(
        brief,
        [
            ("autth", Severity::Warning, "did you mean `auth`?"),
            ("auth.scoops", Severity::Error, "did you mean `scopes`?"),
            ("permissions.htttp", Severity::Error, "did you mean `http`?"),
        ]
    );
    let read =
        read_text(r#"{"tool": {"name": "a", "descriptoin": ""}, "language": "python", "entrypoint": {"run": "x"}}"#);
    assert!(read.manifest.is_some());
    let severities: Vec<Severity> = read.faults.iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Note, Severity::Note]);
}

#[test]
fn a_file_that_is_not_a_manifest_at_all_says_so() {
    for (text, message) in [
        ("", "pocket.json:1:1: it is not JSON: EOF while parsing a value"),
        ("{\"tool\": }", "pocket.json:1:10: it is not JSON: expected value"),
        ("{\"tool\": 1,}", "pocket.json:1:11: it is not JSON: trailing comma"),
        ("// no\n{}", "pocket.json:1:1: it is not JSON: expected value"),
        ("[]", "pocket.json:1:1: an object is expected: found a list"),
        ("{}", "pocket.json:1:1: tool: this field is missing"),
        ("\u{feff}{}", "pocket.json:1:1: it is not JSON: expected value"),
    ] {
        assert_eq!(said(text), [message]);
        assert!(read_text(text).manifest.is_none());
    }
    assert_eq!(
        read(b"{\n\xff}", &OnlySlack).faults[0].to_string(),
        "pocket.json: it is not UTF-8 text: line 2"
    );
    let deep = with(&format!("\"x\": {}1{}", "[".repeat(64), "]".repeat(64)));
    assert_eq!(said(&deep), ["pocket.json:2:69: it nests deeper than 64 levels"]);
    let large = with(&format!("\"x\": \"{}\"", "x".repeat(1 << 20)));
    assert!(said(&large)[0].starts_with("pocket.json: a manifest has at most 1 MiB"));
}

#[test]
fn every_key_that_stands_twice_is_told() {
    let text = "{\"tool\": {\"name\": \"a\", \"name\": \"b\"},\n \"variables\": {}, \"\\u0076ariables\": {}}";
    assert_eq!(
        said(text),
        [
            "pocket.json:1:24: tool.name: this key stands twice: `name`",
            "pocket.json:2:19: variables: this key stands twice: `variables`",
        ]
    );
    let deep = format!("{{\"a\": 1, \"a\": {}{}}}", "[".repeat(400), "]".repeat(400));
    assert!(said(&deep).iter().any(|fault| fault.ends_with("deeper than 64 levels")));
}

#[test]
fn text_for_the_model_has_nothing_hidden_in_it() {
    for text in ["a\\u202eb", "a\\u0000", "a\\tb", "a\\u200b", "a\\udb40\\udc41"] {
        let read = read_text(&format!(
            "{{\"tool\": {{\"name\": \"a\", \"description\": \"{text}\"}}}}"
        ));
        assert!(
            read.faults[0].message.starts_with("a character that cannot be seen"),
            "{text}"
        );
    }
    let title = r#"{"tool": {"name": "a", "title": "two\nlines"}}"#;
    assert_eq!(
        said(title),
        ["pocket.json:1:33: tool.title: a character that cannot be seen is not allowed here: U+000A"]
    );
    let long = format!(
        "{{\"tool\": {{\"name\": \"a\", \"description\": \"{}\"}}}}",
        "x".repeat(4097)
    );
    assert!(said(&long)[0].contains("at most 4096 bytes are taken here: 4097"));
}

#[test]
fn auth_names_what_there_is() {
    let faults = |auth: &str| said(&with(&format!("\"auth\": {auth}")));
    assert_eq!(
        faults(r#"{"auth_provider": "slack", "auth_handler": "slack-tokn"}"#),
        ["pocket.json:2:52: auth.auth_handler: `slack` has no handler of this name: `slack-tokn`"]
    );
    assert_eq!(
        faults(r#"{"auth_provider": "slack", "auth_handler": "slack-token", "scopes": ["chat:write"]}"#),
        ["pocket.json:2:77: auth.scopes: the tokens of `slack-token` have no scopes to ask for"]
    );
    assert_eq!(
        faults(r#"{"auth_provider": "slack", "auth_handler": "slack-token", "scopes": []}"#),
        [""; 0]
    );
    assert_eq!(
        faults("{}"),
        ["pocket.json:2:9: auth.auth_provider: this field is missing"]
    );
    assert_eq!(
        faults(r#"{"auth_provider": "slack", "token": "both"}"#),
        ["pocket.json:2:45: auth.token: `bot` or `user` is expected: found the string `both`"]
    );
}

#[test]
fn variables_never_override_a_credential_and_are_not_endless() {
    let text = with(r#""auth": {"auth_provider": "slack"}, "variables": {"SLACK_BOT_TOKEN": "x"}"#);
    let faults = read_text(&text).faults;
    assert_eq!(
        faults[0].message,
        "the credential of `slack-oauth2` fills this variable: `SLACK_BOT_TOKEN`"
    );
    assert!(faults[0].hint.is_some());
    let large = with(&format!("\"variables\": {{\"A\": \"{}\"}}", "x".repeat(32 << 10)));
    assert!(said(&large)[0].contains("an environment has at most 32768 bytes: 32771"));
    assert!(said(&with(r#""variables": {"A": "a\u0000b"}"#))[0].contains("NUL"));
}

#[test]
fn permissions_have_one_meaning() {
    let faults = |permissions: &str| said(&with(&format!("\"permissions\": {permissions}")));
    assert!(
        faults(r#"{"http": [{"allow": "http://intranet", "private": true}]}"#)[0].contains("a rule is a string here")
    );
    assert!(faults(r#"{"credentials": "brokered"}"#)[0].contains("`env` is expected: found the string `brokered`"));
    for guest in ["data", "/data/", "/a//b", "/a/../b", "/./a", "", "/a\\\\b", "/a\\u0000"] {
        let found = faults(&format!(r#"{{"files": [{{"guest": "{guest}", "access": "read"}}]}}"#));
        assert!(
            found[0].contains("a folder of the guest is an absolute path"),
            "{guest}: {found:?}"
        );
    }
    let twice = faults(r#"{"files": [{"guest": "/a", "access": "read"}, {"guest": "/a", "access": "write"}]}"#);
    assert!(twice[0].contains("this folder is asked for twice: `/a`"));
    assert!(faults(r#"{"limits": {"timeout": "0s"}}"#)[0].contains("up to 10 minutes"));
    assert!(faults(r#"{"limits": {"memory": "2GiB"}}"#)[0].contains("up to 1 GiB"));
    assert_eq!(faults(r#"{"limits": {"timeout": "10m", "memory": "1GiB"}}"#), [""; 0]);
}

#[test]
fn what_a_stranger_wrote_is_escaped_and_short() {
    let text = with(&format!(
        "\"auth\": {{\"auth_provider\": \"\\u001b[31m{}\", \"{}\\u202e\": 1}}",
        "p".repeat(5_000),
        "k".repeat(5_000)
    ));
    for fault in said(&text) {
        assert!(fault.len() < 600, "{fault}");
        assert!(!fault.contains(['\u{1b}', '\u{202e}']), "{fault}");
    }
}

/// Text made of the pieces that manifests are made of.
fn nearly_manifests() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\n",
        "\"tool\"",
        "\"name\"",
        "\"a\"",
        "\"auth\"",
        "\"auth_provider\"",
        "\"slack\"",
        "\"scopes\"",
        "\"variables\"",
        "\"permissions\"",
        "\"http\"",
        "\"files\"",
        "\"guest\"",
        "\"limits\"",
        "\"timeout\"",
        "\"inputSchema\"",
        "\"type\"",
        "\"$ref\"",
        "\"#\"",
        "1",
        "null",
        "true",
        "\"\\ud800\"",
        "\"ż\"",
        "\"component\"",
        "\"../x\"",
        "\u{feff}",
        "//",
        "'",
        "\r",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn places_are_in(text: &str, faults: &[Fault]) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    faults.iter().all(|fault| match fault.place {
        None => true,
        Some((line, column)) => lines
            .get(line as usize - 1)
            .is_some_and(|text| column >= 1 && column as usize <= text.chars().count() + 1),
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = read(&bytes, &OnlySlack);
        prop_assert!(read.manifest.is_some() || !read.faults.is_empty());
    }

    #[test]
    fn nearly_manifests_are_read_or_refused_with_places_in_the_file(text in nearly_manifests()) {
        let read = read_text(&text);
        prop_assert!(read.manifest.is_some() || read.faults.iter().any(Fault::is_error));
        prop_assert!(places_are_in(&text, &read.faults), "{:?}", read.faults);
    }

    #[test]
    fn manifests_with_anything_in_them_are_read_or_refused_with_places_in_the_file(
        name in any::<String>(), section in prop::sample::select(KNOWN_SECTIONS.to_vec()), text in nearly_manifests(),
    ) {
        let name = serde_json::to_string(&name).unwrap();
        let text = format!("{{\n \"tool\": {{\"name\": {name}}}, \"{section}\": {{{text}}}}}");
        let read = read_text(&text);
        prop_assert!(places_are_in(&text, &read.faults), "{:?}", read.faults);
    }
}

const KNOWN_SECTIONS: [&str; 4] = ["auth", "permissions", "variables", "tool2"];
