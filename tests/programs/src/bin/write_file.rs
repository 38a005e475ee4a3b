//! Writes a file: `{"path": "/data/a", "text": "b"}`.

use std::fs;

use serde_json::{Value, json};

fn main() {
    let input: Value = programs::input();
    let end = fs::write(
        input["path"].as_str().expect("a path"),
        input["text"].as_str().unwrap_or("written"),
    );
    programs::output(json!({ "written": end.is_ok(), "error": end.err().map(|e| e.to_string()) }));
}
