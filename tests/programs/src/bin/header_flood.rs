//! Has the host hold header fields: `{"fields": 1024, "bytes": 1048576}`. Says how many it took.

use serde_json::{Value, json};
use wasip2::http::types::Fields;

fn main() {
    let input: Value = programs::input();
    let count = input["fields"].as_u64().unwrap_or(1024);
    let value = vec![b'a'; input["bytes"].as_u64().unwrap_or(1 << 20) as usize];
    let fields = Fields::new();
    for held in 0..count {
        if let Err(error) = fields.append("x-flood", &value) {
            return programs::output(json!({ "held": held, "error": format!("{error:?}") }));
        }
    }
    programs::output(json!({ "held": count }));
}
