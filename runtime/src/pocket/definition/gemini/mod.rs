//! A tool as Google's Gemini API takes it.

mod apart;
mod read;
mod shape;
mod write;

use serde_json::Value;

use self::{read::Reader, shape::Kind, write::written};
use crate::pocket::definition::{anthropic::keep_names, notes::Notes, references::References, root::one_object};

/// A tool's input for `parameters`; nothing where it has no properties, as the API wants it.
///
/// It is a `Schema`, as the references of the Gemini API and of Vertex AI describe it: a part of OpenAPI 3.0's. Three more limits stand
/// only in what the API answers to requests over them: `anyOf` is the only field of its schema, every other schema has a `type`, and
/// every keyword is for the type that it stands beside. A parameter's name is a letter or `_`, then letters, digits and `_`, at most 64.
pub(super) fn parameters(schema: &Value, notes: &mut Notes) -> Option<Value> {
    let references = References::of(schema);
    let mut root = one_object(&references, notes);
    keep_names(&mut root, is_name, notes);
    let root = Value::Object(root);
    let mut shape = Reader::new(&references, notes).read(&root, "");
    shape
        .alternatives
        .retain(|alternative| alternative.kind == Kind::Object);
    let Some(written) = written(&shape, "", notes) else {
        notes.say("", "no input fits it, which cannot be said here");
        return None;
    };
    if written.get("properties").is_some() {
        return Some(written);
    }
    for keyword in ["minProperties", "maxProperties"] {
        if written.get(keyword).is_some() {
            notes.left_out("", keyword);
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
