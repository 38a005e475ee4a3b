//! `pocket.json`.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::{
    base::text::is_invisible,
    package::{Access, Fault, Manifest, Schema, Severity, TokenKind, fuzzed},
    provider::Providers,
};

/// The bytes of a `pocket.json`: a manifest or faults, each at a place that is there; and what was read, written anew, is read
/// as the same.
///
/// # Panics
/// Where that does not hold.
pub fn manifest(bytes: &[u8]) {
    let (manifest, faults) = fuzzed::read(bytes, providers());
    let is_refused = faults.iter().any(|fault| fault.severity == Severity::Error);
    assert_eq!(
        manifest.is_none(),
        is_refused,
        "what is refused has an error: {faults:?}"
    );
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    for fault in &faults {
        check_fault(fault, text);
    }
    let Some(manifest) = manifest else { return };
    let written = written(&manifest).to_string();
    assert_same(&manifest, &reread(&written), &written);
    let value: Value = serde_json::from_str(text).expect("what was read is JSON");
    for other in [value.to_string(), format!("{value:#}")] {
        assert_same_but_for_schemas(&manifest, &reread(&other), &other);
    }
    assert_eq!(
        manifest.annotations.as_ref(),
        value["tool"].get("annotations").filter(|value| !value.is_null()),
        "annotations are kept as they are"
    );
}

fn providers() -> &'static Providers {
    static PROVIDERS: OnceLock<Providers> = OnceLock::new();
    PROVIDERS.get_or_init(|| Providers::builtin().expect("the embedded files are valid"))
}

fn reread(text: &str) -> Manifest {
    let (manifest, faults) = fuzzed::read(text.as_bytes(), providers());
    manifest.unwrap_or_else(|| panic!("what was read is not read again: {faults:?}\n{text}"))
}

/// A place that an editor can go to, in words that change no terminal.
fn check_fault(fault: &Fault, text: &str) {
    if let Some((line, column)) = fault.place {
        let at = usize::try_from(line).unwrap_or_default().checked_sub(1);
        let found = at.and_then(|at| text.split('\n').nth(at));
        let length = found
            .unwrap_or_else(|| panic!("there is no line {line}: {fault:?}"))
            .chars();
        let last = u32::try_from(length.count() + 1).unwrap_or(u32::MAX);
        assert!((1..=last).contains(&column), "there is no column {column}: {fault:?}");
    }
    let words = [Some(&fault.message), fault.path.as_ref(), fault.hint.as_ref()];
    for words in words.into_iter().flatten() {
        assert!(!words.contains(is_invisible), "{words:?} is not safe to show");
    }
}

/// Everything that a manifest says but its digest, as an author would write it.
fn written(manifest: &Manifest) -> Value {
    let schema =
        |schema: &Schema| -> Value { serde_json::from_str(schema.as_str()).expect("the text of a schema is JSON") };
    let mut tool = Map::new();
    tool.insert("name".to_owned(), json!(manifest.name));
    tool.insert("title".to_owned(), json!(manifest.title));
    tool.insert("description".to_owned(), json!(manifest.description));
    tool.insert("inputSchema".to_owned(), schema(&manifest.input_schema));
    tool.insert(
        "outputSchema".to_owned(),
        json!(manifest.output_schema.as_ref().map(schema)),
    );
    tool.insert("annotations".to_owned(), json!(manifest.annotations));
    let auth = manifest.auth.as_ref().map(|auth| {
        let token = match auth.token {
            TokenKind::Bot => "bot",
            TokenKind::User => "user",
        };
        json!({
            "auth_provider": auth.provider,
            "auth_handler": auth.handler,
            "scopes": auth.scopes,
            "token": token,
        })
    });
    json!({
        "tool": tool,
        "auth": auth,
        "variables": manifest.variables,
        "permissions": permissions(manifest),
    })
}

fn permissions(manifest: &Manifest) -> Value {
    let asked = &manifest.permissions;
    let rules: Vec<String> = asked.http.iter().map(ToString::to_string).collect();
    let folders = asked.files.iter().map(|folder| {
        let access = match folder.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        json!({ "guest": folder.guest, "access": access })
    });
    json!({
        "http": rules,
        "files": folders.collect::<Vec<_>>(),
        "limits": {
            "timeout": asked.timeout.map(|time| format!("{}ms", time.as_millis())),
            "memory": asked.memory.map(|bytes| format!("{bytes}B")),
        },
        "credentials": asked.credentials_in_env.then_some("env"),
    })
}

fn assert_same(one: &Manifest, other: &Manifest, text: &str) {
    assert_same_but_for_schemas(one, other, text);
    let schemas = |manifest: &Manifest| {
        let texts = [Some(&manifest.input_schema), manifest.output_schema.as_ref()];
        texts.map(|schema| {
            let read = schema.map(|schema| serde_json::from_str::<Value>(schema.as_str()));
            read.transpose().expect("the text of a schema is JSON")
        })
    };
    assert_eq!(schemas(one), schemas(other), "{text}");
}

/// A schema is kept to the letter, so one that was printed anew is another.
fn assert_same_but_for_schemas(one: &Manifest, other: &Manifest, text: &str) {
    assert_eq!(one.name, other.name, "{text}");
    assert_eq!(one.title, other.title, "{text}");
    assert_eq!(one.description, other.description, "{text}");
    assert_eq!(one.annotations, other.annotations, "{text}");
    assert_eq!(one.auth, other.auth, "{text}");
    assert_eq!(one.variables, other.variables, "{text}");
    assert_eq!(one.permissions, other.permissions, "{text}");
}
