//! Asks for so many random bytes at once: `{"bytes": 1000000000}`.

use serde_json::{Value, json};
use wasip2::random::random::get_random_bytes;

fn main() {
    let input: Value = programs::input();
    let bytes = get_random_bytes(input["bytes"].as_u64().unwrap_or(1_000_000_000));
    programs::output(json!({ "bytes": bytes.len() }));
}
